//! How long signatures last, and when they are made again.

use std::time::Duration;

use super::*;
use crate::{RecordSet, SignaturePolicy};

#[test]
fn only_what_expires_is_signed_again() {
    for denial in BOTH {
        let mut zone = furnished_zone(denial);
        let lifetime = 7 * 24 * 3600;
        let end = NOW.plus(lifetime);
        assert_eq!(zone.expires_at(), end);
        assert_eq!(zone.resign(end, NOW.plus(10)).unwrap(), None);

        let owner = name("fresh.example.test.");
        zone.set_txt(&owner, "x", 600, NOW.plus(1000)).unwrap();
        let everything = zone.master_file().to_string().matches("IN RRSIG").count();
        let soon = NOW.plus(5000);
        let change = zone.resign(end.plus(1), soon).unwrap().unwrap();
        // The fresh set and the links that were signed with it keep their signatures.
        assert!(change.signatures < everything && change.signatures > everything / 2);
        assert_eq!(zone.expires_at(), NOW.plus(1000 + lifetime));
        assert_eq!(change.serial, soon.0 as u32);
        assert_signed(&zone, &zone.answer(&owner, RecordType::TXT, true));
        assert_signed(
            &zone,
            &zone.answer(&name("no.example.test."), RecordType::A, true),
        );
    }
}

#[test]
fn what_was_signed_while_the_clock_was_ahead_is_signed_again() {
    for denial in BOTH {
        let mut zone = empty_zone("example.test.", denial);
        let owner = name("ahead.example.test.");
        let next_year = NOW.plus(365 * 24 * 3600);
        zone.set_txt(&owner, "x", 600, next_year).unwrap();
        assert!(zone.is_due(NOW, NOW));
        zone.resign(NOW, NOW).unwrap().unwrap();
        assert!(!zone.is_due(NOW, NOW));
        assert_eq!(zone.resign(NOW, NOW).unwrap(), None);
        assert_signed(&zone, &zone.answer(&owner, RecordType::TXT, true));
        let end = zone
            .record_set(&owner, RecordType::TXT)
            .unwrap()
            .expires_at();
        assert_eq!(end, Some(zone.expires_at()));
    }
}

#[test]
fn signatures_last_as_the_policy_says() {
    let server = NameServer::new(name("ns.example.org."), []);
    let settings = Settings {
        signatures: SignaturePolicy {
            backdate: Duration::from_secs(60),
            validity: Duration::from_secs(600),
            ..SignaturePolicy::default()
        },
        ..Settings::new(name("example.test."), [server])
    };
    let zone = Zone::new(settings, key(), NOW).unwrap();
    let soa = zone
        .record_set(&name("Example.test."), RecordType::SOA)
        .unwrap();
    let input = soa.rrsig().unwrap().input();
    assert_eq!(input.sig_inception.get(), NOW.0 as u32 - 60);
    assert_eq!(input.sig_expiration.get(), NOW.0 as u32 + 600);
    assert_eq!(zone.expires_at(), NOW.plus(600));
}

#[test]
fn signatures_made_together_end_at_times_of_their_own_which_stay_the_same() {
    let ends = |now: UnixTime| {
        let server = NameServer::new(name("ns.example.org."), []);
        let settings = Settings {
            signatures: SignaturePolicy {
                jitter: Duration::from_secs(86_400),
                ..SignaturePolicy::default()
            },
            ..Settings::new(name("example.test."), [server])
        };
        let mut zone = Zone::new(settings, key(), now).unwrap();
        let end_of = |index: u32| {
            let owner = name(&format!("n{index}.example.test."));
            zone.set_txt(&owner, "x", 600, now).unwrap();
            let set = zone.record_set(&owner, RecordType::TXT).unwrap();
            set.expires_at().unwrap().0 - now.0
        };
        (0..100).map(end_of).collect::<Vec<u64>>()
    };
    let (first, later) = (ends(NOW), ends(NOW.plus(5000)));
    assert_eq!(first, later);
    let (week, day) = (7 * 86_400, 86_400);
    assert!(first.iter().all(|end| (week - day..=week).contains(end)));
    let quarters: BTreeSet<u64> = first.iter().map(|end| (week - end) * 4 / day).collect();
    assert!(quarters.len() >= 4, "{quarters:?}");
}

#[test]
fn after_a_long_stop_the_most_urgent_signatures_are_made_first_and_a_bounded_number_at_a_time() {
    for denial in BOTH {
        let server = NameServer::new(name("ns.example.org."), []);
        let settings = Settings {
            denial,
            signatures: SignaturePolicy {
                jitter: Duration::from_secs(86_400),
                ..SignaturePolicy::default()
            },
            ..Settings::new(name("example.test."), [server])
        };
        let mut zone = Zone::new(settings, key(), NOW).unwrap();
        for index in 0..100 {
            let owner = name(&format!("n{index}.example.test."));
            zone.set_txt(&owner, "x", 600, NOW).unwrap();
        }
        let later = NOW.plus(30 * 86_400);
        let before = later.plus(3 * 86_400);
        let mut rounds = 0;
        let mut first = zone.expires_at();
        while zone.is_due(before, later) {
            let change = zone.resign_at_most(20, before, later).unwrap().unwrap();
            assert!((1..=21).contains(&change.signatures), "{change:?}");
            let next = zone.expires_at();
            assert!(next >= first, "{next} after {first}");
            first = next;
            rounds += 1;
        }
        assert!((10..=14).contains(&rounds), "{rounds}");
        assert!(zone.expires_at() > before);
        let owner = name("n7.example.test.");
        assert_signed(&zone, &zone.answer(&owner, RecordType::TXT, true));
    }
}

#[test]
fn signatures_from_the_future_are_made_again_whenever_they_end_and_no_others() {
    for denial in ALL {
        let mut zone = empty_zone("example.test.", denial);
        let policy = SignaturePolicy {
            jitter: Duration::from_secs(3 * 86_400),
            ..SignaturePolicy::default()
        };
        zone.set_signature_policy(policy);
        let at = |number: u32| name(&format!("u{number}.example.test."));
        for number in 0..10 {
            zone.set_txt(&at(number), "before", 60, NOW).unwrap();
        }
        let before = zone.record_set(&at(7), RecordType::TXT);
        let ahead = NOW.plus(4 * 3600);
        for number in 10..40 {
            zone.set_txt(&at(number), "ahead", 60, ahead).unwrap();
        }
        let unbegun = |zone: &Zone| {
            let begins = zone.signed_sets().filter_map(|set| set.begins_at());
            begins.filter(|begin| *begin > NOW).count()
        };
        assert!(unbegun(&zone) > 30);
        assert!(
            zone.resign_unbegun(9, NOW, NOW.plus(3601))
                .unwrap()
                .is_none()
        );
        let restored = Zone::restore(
            zone.settings().clone(),
            zone.keys().unwrap().clone(),
            zone.stored_sets(),
        );
        for mut zone in [zone, restored.unwrap()] {
            let mut rounds = 0;
            while let Some(change) = zone.resign_unbegun(9, NOW, NOW).unwrap() {
                assert!(change.signatures <= 10, "{}", change.signatures);
                rounds += 1;
            }
            assert!(rounds > 3, "{rounds}");
            assert_eq!(unbegun(&zone), 0);
            let after = zone.record_set(&at(7), RecordType::TXT);
            let signed = |set: &Option<RecordSet>| set.as_ref().unwrap().rrsigs().to_vec();
            assert_eq!(signed(&after), signed(&before));
        }
    }
}
