//! What changing a zone costs, and what it refuses.

use super::*;
use crate::{RecordSetError, ZoneError, payment_record};

fn txt_at(zone: &mut Zone, owner: &str) -> Result<crate::Change, ZoneError> {
    zone.set_txt(&name(owner), "x", 600, NOW)
}

#[test]
fn publishing_one_name_costs_a_handful_of_signatures_whatever_the_size() {
    for denial in BOTH {
        let mut zone = furnished_zone(denial);
        for number in 0..200 {
            let handle = format!("user{number}@example.test").parse().unwrap();
            let record = payment_record(&handle, "bitcoin:?lno=lno1qq").unwrap();
            let change = zone.publish(&record, 600, NOW).unwrap();
            // The set, its link, the link before it, and the SOA.
            assert!(change.signatures <= 4, "{change:?}");
        }
        let again = "user7@example.test".parse().unwrap();
        let record = payment_record(&again, "bitcoin:?lno=lno1pp").unwrap();
        let change = zone.publish(&record, 600, NOW).unwrap();
        assert_eq!(change.signatures, 2, "only the set and the SOA");
        let gone = zone.remove(record.owner(), RecordType::TXT, NOW).unwrap();
        assert_eq!(
            gone.unwrap().signatures,
            2,
            "the link before it and the SOA"
        );
    }
}

#[test]
fn many_names_are_published_under_one_serial_or_not_at_all() {
    let record = |handle: &str| payment_record(&handle.parse().unwrap(), "bitcoin:?lno=lno1qq");
    for denial in BOTH {
        let mut zone = empty_zone("example.test.", denial);
        let serial = zone.serial();
        let users = ["a", "b.c", "d"].map(|user| record(&format!("{user}@example.test")).unwrap());
        let change = zone
            .publish_all(users.iter().map(|user| (user, 60)), NOW)
            .unwrap();
        assert_eq!(change.serial, serial + 1);
        for user in &users {
            let answer = zone.answer(user.owner(), RecordType::TXT, true);
            assert_signed(&zone, &answer);
            assert_eq!(answer.answers.len(), 2);
        }
        let before = zone.master_file().to_string();
        let good = record("e@example.test").unwrap();
        let elsewhere = record("e@example.org").unwrap();
        let refused = zone.publish_all([(&good, 60), (&elsewhere, 60)], NOW);
        assert!(matches!(refused, Err(ZoneError::NotInZone { .. })));
        assert_eq!(zone.master_file().to_string(), before);
    }
}

#[test]
fn the_serial_follows_time_and_never_stands_still_or_goes_back() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    assert_eq!(zone.serial(), NOW.0 as u32);
    let first = txt_at(&mut zone, "a.example.test.").unwrap().serial;
    assert_eq!(first, NOW.0 as u32 + 1);
    let owner = name("b.example.test.");
    let later = zone.set_txt(&owner, "x", 600, NOW.plus(100)).unwrap();
    assert_eq!(later.serial, NOW.0 as u32 + 100);
    let clock_set_back = zone.set_txt(&owner, "y", 600, UnixTime(1)).unwrap();
    assert_eq!(clock_set_back.serial, later.serial + 1);
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let mut zone = furnished_zone(Denial::Nsec3);
    let before = zone.master_file().to_string();
    let owner = name("nobody.example.test.");
    assert_eq!(zone.remove(&owner, RecordType::TXT, NOW).unwrap(), None);
    assert_eq!(zone.master_file().to_string(), before);
}

#[test]
fn a_zone_that_denies_in_another_way_is_as_if_it_had_always_done_so() {
    let lasting = |zone: &Zone| {
        let text = zone.master_file().to_string();
        let lines = text.lines().filter(|line| {
            let changing = [" IN RRSIG ", " IN SOA ", " IN DNSKEY ", " IN DS "];
            !changing.iter().any(|kind| line.contains(kind))
        });
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    for from in ALL {
        for to in ALL {
            let mut zone = furnished_zone(from);
            let change = zone.set_denial(to, NOW).unwrap();
            assert_eq!(change.is_some(), from != to);
            assert_eq!(
                lasting(&zone),
                lasting(&furnished_zone(to)),
                "{from:?} {to:?}"
            );
            for owner in ["nobody.example.test.", "www.example.test."] {
                let answer = zone.answer(&name(owner), RecordType::TXT, true);
                assert_signed(&zone, &answer);
            }
            assert_eq!(zone.set_denial(to, NOW).unwrap(), None);
        }
    }
}

#[test]
fn what_is_free_for_a_record_is_told_before_anybody_asks_for_it() {
    let zone = furnished_zone(Denial::Nsec3);
    let check = |owner: &str| zone.check_free(&name(owner), RecordType::TXT);
    check("new.user._bitcoin-payment.example.test.").unwrap();
    check("alice.user._bitcoin-payment.example.test.").unwrap();
    for (owner, reason) in [
        ("www.example.test.", "CNAME"),
        ("x.moved.example.test.", "DNAME"),
        ("secure.example.test.", "child zone"),
        ("x.secure.example.test.", "child zone"),
        ("example.org.", "not in zone"),
    ] {
        let error = check(owner).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_serial_is_lifted_above_one_that_was_seen_elsewhere_and_never_lowered() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    let ours = zone.serial();
    assert_eq!(zone.raise_serial(ours, NOW).unwrap(), None);
    assert_eq!(zone.raise_serial(ours - 5, NOW).unwrap(), None);
    let change = zone.raise_serial(ours + 70_000, NOW).unwrap().unwrap();
    assert_eq!(
        (change.serial, zone.serial()),
        (ours + 70_001, ours + 70_001)
    );
    assert_eq!(change.signatures, 1, "the SOA's");
    // Half of all numbers are behind any serial (RFC 1982).
    let behind = zone.serial().wrapping_sub(1 << 30);
    assert_eq!(zone.raise_serial(behind, NOW).unwrap(), None);
    let next = txt_at(&mut zone, "a.example.test.").unwrap();
    assert_eq!(next.serial, ours + 70_002);
}

#[test]
fn a_zone_that_is_made_again_goes_on_above_the_serial_it_had() {
    let made_after = |last: u32| {
        let settings = Settings::new(
            name("example.test."),
            [NameServer::new(name("ns.example.org."), [])],
        );
        Zone::new_after(settings, key(), last, NOW).unwrap()
    };
    let time = NOW.0 as u32;
    assert_eq!(made_after(time - 100).serial(), time);
    let ahead = made_after(time + 100);
    assert_eq!(ahead.serial(), time + 101);
    // The clock is behind the serial, and signs by the clock all the same.
    assert_eq!(ahead.expires_at(), NOW.plus(7 * 24 * 3600));
}

#[test]
fn a_change_that_is_refused_leaves_the_zone_as_it_was() {
    let mut zone = furnished_zone(Denial::Nsec3);
    let before = zone.master_file().to_string();
    let alice = "alice.user._bitcoin-payment.example.test.";
    let refused = [
        txt_at(&mut zone, "alice.example.org."),
        txt_at(&mut zone, "x.secure.example.test."),
        txt_at(&mut zone, "secure.example.test."),
        txt_at(&mut zone, "x.moved.example.test."),
        txt_at(&mut zone, "www.example.test."),
        zone.set_records(&name(alice), RecordType::CNAME, 60, cname("a."), NOW),
        zone.set_records(&name(alice), RecordType::TXT, 60, vec![], NOW),
        zone.set_dname(&name("wild.example.test."), &name("a."), 60, NOW),
        zone.set_dname(&name("*.b.example.test."), &name("a."), 60, NOW),
        zone.undelegate(&name(alice), NOW),
    ];
    assert!(matches!(refused[0], Err(ZoneError::NotInZone { .. })));
    assert!(matches!(refused[1], Err(ZoneError::Delegated { .. })));
    assert!(matches!(refused[2], Err(ZoneError::Delegated { .. })));
    assert!(matches!(refused[3], Err(ZoneError::Redirected { .. })));
    assert!(matches!(refused[4], Err(ZoneError::CnameAndOtherData(_))));
    assert!(matches!(refused[5], Err(ZoneError::CnameAndOtherData(_))));
    assert!(matches!(
        refused[6],
        Err(ZoneError::Records(_, RecordSetError::Empty(_)))
    ));
    assert!(matches!(refused[7], Err(ZoneError::NamesBelow { .. })));
    assert!(matches!(refused[8], Err(ZoneError::BadDname(_))));
    assert!(matches!(refused[9], Err(ZoneError::NotDelegated(_))));
    for kept in [
        RecordType::SOA,
        RecordType::NS,
        RecordType::DNSKEY,
        RecordType::RRSIG,
    ] {
        let error = zone.remove(&name("example.test."), kept, NOW);
        assert!(matches!(error, Err(ZoneError::OwnedByZone { .. })));
    }
    assert_eq!(zone.master_file().to_string(), before);
}

#[test]
fn only_an_unused_name_can_be_delegated() {
    let mut zone = furnished_zone(Denial::Nsec3);
    let servers = [NameServer::new(name("ns.example.org."), [])];
    let mut delegate = |child: &str| zone.delegate(&name(child), &servers, &[], 60, NOW);
    for taken in ["www.example.test.", "example.test.", "*.w.example.test."] {
        let error = delegate(taken).unwrap_err();
        assert!(matches!(error, ZoneError::NotDelegable(_)), "{taken}");
    }
    let error = delegate("_bitcoin-payment.example.test.").unwrap_err();
    assert!(matches!(error, ZoneError::NamesBelow { .. }));
    delegate("fine.example.test.").unwrap();
    delegate("fine.example.test.").unwrap();
    zone.undelegate(&name("fine.example.test."), NOW).unwrap();
    txt_at(&mut zone, "fine.example.test.").unwrap();
}

#[test]
fn a_server_below_a_delegation_becomes_glue_and_comes_back_when_it_ends() {
    for denial in BOTH {
        let mut root = empty_zone(".", denial);
        let (test, server) = (name("test."), name("ns.example.test."));
        let servers = [NameServer::new(
            server.clone(),
            ["192.0.2.9".parse().unwrap()],
        )];
        let untouched = root.master_file().to_string().lines().count();
        root.delegate(&test, &servers, &[], 60, NOW).unwrap();
        let glue = root.record_set(&server, RecordType::A).unwrap();
        assert!(glue.rrsig().is_none());
        assert_eq!(glue.data(), [RData::from(servers[0].addresses[0])]);
        root.undelegate(&test, NOW).unwrap();
        let address = root.record_set(&server, RecordType::A).unwrap();
        assert!(address.rrsig().is_some());
        assert_eq!(root.master_file().to_string().lines().count(), untouched);
    }
}

#[test]
fn a_zone_without_servers_or_with_too_long_a_name_is_refused() {
    let none = Zone::new(Settings::new(name("example.test."), []), key(), NOW);
    assert!(matches!(none, Err(ZoneError::NoNameServer(_))));
    let label = "x".repeat(60);
    let origin = name(&format!("{label}.{label}.{label}.{label}."));
    let server = NameServer::new(name("ns.example.org."), []);
    let long = Zone::new(Settings::new(origin, [server]), key(), NOW);
    assert!(matches!(long, Err(ZoneError::OriginTooLong(_))));
}

#[test]
fn a_copy_answers_as_it_did_whatever_becomes_of_the_zone() {
    for denial in BOTH {
        let mut zone = furnished_zone(denial);
        let copy = zone.clone();
        let before = zone.master_file().to_string();
        let alice = name("alice.user._bitcoin-payment.example.test.");
        zone.remove(&alice, RecordType::TXT, NOW).unwrap().unwrap();
        for number in 0..100 {
            txt_at(&mut zone, &format!("n{number}.example.test.")).unwrap();
        }
        zone.resign(NOW.plus(8 * 24 * 3600), NOW.plus(60))
            .unwrap()
            .unwrap();
        assert_eq!(copy.master_file().to_string(), before);
        let still = copy.answer(&alice, RecordType::TXT, true);
        assert_signed(&copy, &still);
        assert_eq!(still.answers.len(), 2);
    }
}
