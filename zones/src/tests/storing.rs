//! A zone goes to storage and comes back, as a whole or change by change.

use super::*;
use crate::{SetChange, SetFault, ZoneError, payment_record};

/// Everything a zone holds, in an order.
fn sets(zone: &Zone) -> BTreeSet<(Vec<u8>, u16, Option<Vec<u8>>)> {
    let told = |change: SetChange| (change.owner, change.record_type.into(), change.set);
    zone.stored_sets().map(told).collect()
}

fn restored(zone: &Zone) -> Zone {
    let keys = zone.keys().unwrap().clone();
    Zone::restore(zone.settings().clone(), keys, zone.stored_sets()).unwrap()
}

fn refusal(zone: &Zone, sets: impl IntoIterator<Item = SetChange>) -> ZoneError {
    let keys = zone.keys().unwrap().clone();
    Zone::restore(zone.settings().clone(), keys, sets).unwrap_err()
}

/// The stored sets, one of them changed.
fn with(
    zone: &Zone,
    owner: &str,
    record_type: RecordType,
    change: impl Fn(&mut SetChange),
) -> Vec<SetChange> {
    let mut sets: Vec<SetChange> = zone.stored_sets().collect();
    let owner = crate::names::wire(&name(owner));
    let is_it = |set: &&mut SetChange| set.owner == owner && set.record_type == record_type;
    change(sets.iter_mut().find(is_it).unwrap());
    sets
}

fn without(zone: &Zone, owner: &str, record_type: RecordType) -> Vec<SetChange> {
    let owner = crate::names::wire(&name(owner));
    let others = |set: &SetChange| set.owner != owner || set.record_type != record_type;
    zone.stored_sets().filter(others).collect()
}

#[test]
fn a_restored_zone_is_the_one_that_was_stored() {
    for denial in ALL {
        let zone = furnished_zone(denial);
        let mut again = restored(&zone);
        assert_eq!(sets(&again), sets(&zone));
        assert_eq!(again.serial(), zone.serial());
        assert_eq!(again.expires_at(), zone.expires_at());
        assert_eq!(
            again.master_file().to_string(),
            zone.master_file().to_string()
        );
        assert_eq!(again.changes_since(&zone).next(), None, "{denial:?}");
        assert_eq!(again.key_use().key_tags, zone.key_use().key_tags);
        // Empty non-terminals and the names below them come and go as they did.
        let deep = name("a.deep.user._bitcoin-payment.example.test.");
        let change = again.remove(&deep, RecordType::TXT, NOW).unwrap().unwrap();
        assert_eq!(change.serial, zone.serial() + 1);
        let above = name("deep.user._bitcoin-payment.example.test.");
        let gone = again.answer(&above, RecordType::TXT, true);
        assert_eq!(
            gone.response_code,
            hickory_proto::op::ResponseCode::NXDomain
        );
        let mut original = zone.clone();
        original.remove(&deep, RecordType::TXT, NOW).unwrap();
        if denial != Denial::Compact {
            assert_eq!(skeleton(&again), skeleton(&original));
        }
    }
}

fn skeleton(zone: &Zone) -> Vec<String> {
    let file = zone.master_file().to_string();
    let lines = file.lines().filter(|line| !line.contains(" IN RRSIG "));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_changes_since_an_older_version_make_it_the_newer_one() {
    for denial in ALL {
        let older = furnished_zone(denial);
        let mut newer = older.clone();
        let owner = |user: &str| name(&format!("{user}.user._bitcoin-payment.example.test."));
        newer.set_txt(&owner("carol"), "new", 60, NOW).unwrap();
        newer.set_txt(&owner("bob"), "changed", 60, NOW).unwrap();
        newer.remove(&owner("alice"), RecordType::TXT, NOW).unwrap();
        newer
            .undelegate(&name("secure.example.test."), NOW)
            .unwrap();
        let changes: Vec<SetChange> = newer.changes_since(&older).collect();
        let removed = changes.iter().filter(|change| change.set.is_none());
        let links = if denial == Denial::Compact { 0 } else { 2 };
        assert_eq!(
            removed.count(),
            5 + links,
            "alice; NS, DS and two glue; their links"
        );
        let applied = older.apply(changes).unwrap();
        assert_eq!(sets(&applied), sets(&newer));
        assert_eq!(applied.serial(), newer.serial());
        assert_eq!(applied.expires_at(), newer.expires_at());
        // A stranger's copy of the older version gets there too, comparing everything.
        let copy = restored(&older);
        let caught_up = copy.apply(newer.changes_since(&copy)).unwrap();
        assert_eq!(sets(&caught_up), sets(&newer));
        // And back again.
        let back = newer.apply(older.changes_since(&newer)).unwrap();
        assert_eq!(sets(&back), sets(&older));
        assert_eq!(older.apply([]).unwrap().serial(), older.serial());
    }
}

#[test]
fn one_publication_is_a_handful_of_changes() {
    for denial in ALL {
        let mut zone = furnished_zone(denial);
        let records = (0..2000).map(|number| {
            let handle = format!("user{number}@example.test").parse().unwrap();
            payment_record(&handle, "bitcoin:?lno=lno1qq").unwrap()
        });
        let records: Vec<_> = records.collect();
        zone.publish_all(records.iter().map(|record| (record, 60)), NOW)
            .unwrap();
        let before = zone.clone();
        let handle = "one-more@example.test".parse().unwrap();
        let record = payment_record(&handle, "bitcoin:?lno=lno1qq").unwrap();
        zone.publish(&record, 60, NOW).unwrap();
        let expected = if denial == Denial::Compact { 2 } else { 4 };
        assert_eq!(zone.changes_since(&before).count(), expected);
        assert_eq!(before.changes_since(&zone).count(), expected);
    }
}

#[test]
fn wrong_sets_are_refused_with_place_and_reason() {
    let alice = "alice.user._bitcoin-payment.example.test.";
    for denial in ALL {
        let zone = furnished_zone(denial);
        let damaged = |at: usize, octet: u8| {
            with(&zone, alice, RecordType::TXT, |set| {
                set.set.as_mut().unwrap()[at] = octet;
            })
        };
        let fault = |sets: Vec<SetChange>| match refusal(&zone, sets) {
            ZoneError::StoredSet { owner, fault, .. } => {
                assert_eq!(owner, alice);
                fault
            }
            other => panic!("{other}"),
        };
        assert_eq!(fault(damaged(0, 2)), SetFault::Form(2));
        assert_eq!(fault(damaged(14, 77)), SetFault::Length);
        assert_eq!(fault(damaged(2, 1)), SetFault::Type(RecordType::A));
        assert_eq!(fault(damaged(20, 99)), SetFault::Kind);
        assert_eq!(fault(damaged(23, 0xff)), SetFault::Ttl);
        assert_eq!(fault(damaged(10, 1)), SetFault::End);
        let twice = zone
            .stored_sets()
            .chain(with(&zone, alice, RecordType::TXT, |_| ()));
        assert!(matches!(
            refusal(&zone, twice),
            ZoneError::StoredSet {
                fault: SetFault::Twice,
                ..
            }
        ));
        let removed = with(&zone, alice, RecordType::TXT, |set| set.set = None);
        assert_eq!(fault(removed), SetFault::NotThere);
        let shouted = with(&zone, alice, RecordType::TXT, |set| {
            set.owner.make_ascii_uppercase()
        });
        assert!(matches!(
            refusal(&zone, shouted),
            ZoneError::StoredSet {
                fault: SetFault::Owner,
                ..
            }
        ));
        let elsewhere = with(&zone, alice, RecordType::TXT, |set| {
            set.owner = crate::names::wire(&name("xexample.test."));
        });
        assert!(matches!(
            refusal(&zone, elsewhere),
            ZoneError::NotInZone { .. }
        ));
        for record_type in [RecordType::SOA, RecordType::NS, RecordType::DNSKEY] {
            let error = refusal(&zone, without(&zone, "example.test.", record_type));
            assert!(
                matches!(error, ZoneError::Incomplete { record_type: t, .. } if t == record_type)
            );
        }
    }
}

#[test]
fn a_chain_with_a_link_missing_is_refused() {
    for denial in BOTH {
        let zone = furnished_zone(denial);
        let is_link = |set: &SetChange| set.is_link();
        for missing in 0..zone.stored_sets().filter(is_link).count() {
            let mut link = 0;
            let kept = zone.stored_sets().filter(|set| {
                link += usize::from(is_link(set));
                !is_link(set) || link != missing + 1
            });
            let error = refusal(&zone, kept);
            assert!(matches!(error, ZoneError::ChainBroken { .. }), "{error}");
        }
        // A set of another kind of denial is no help.
        let none = zone.stored_sets().filter(|set| !is_link(set));
        assert!(matches!(refusal(&zone, none), ZoneError::OtherDenial(..)));
    }
    let compact = furnished_zone(Denial::Compact);
    let links = furnished_zone(Denial::Nsec);
    let links = links.stored_sets().filter(SetChange::is_link);
    let both = compact.stored_sets().chain(links);
    assert!(matches!(
        refusal(&compact, both),
        ZoneError::OtherDenial(..)
    ));
}

#[test]
fn changes_that_do_not_fit_are_refused_and_the_zone_stays() {
    for denial in BOTH {
        let older = furnished_zone(denial);
        let mut newer = older.clone();
        let owner = name("carol.user._bitcoin-payment.example.test.");
        newer.set_txt(&owner, "new", 60, NOW).unwrap();
        let changes: Vec<SetChange> = newer.changes_since(&older).collect();
        for left_out in &changes {
            let others = changes.iter().filter(|change| *change != left_out).cloned();
            let outcome = older.apply(others);
            match left_out.record_type {
                RecordType::TXT => assert!(outcome.is_ok()),
                RecordType::SOA => assert!(matches!(outcome, Err(ZoneError::SameSerial(_)))),
                _ => assert!(matches!(outcome, Err(ZoneError::ChainBroken { .. }))),
            }
        }
        let mut gone = changes.clone();
        gone.iter_mut().for_each(|change| change.set = None);
        assert!(matches!(
            older.apply(gone),
            Err(ZoneError::StoredSet {
                fault: SetFault::NotThere,
                ..
            })
        ));
    }
}

#[test]
fn keys_that_changed_since_the_zone_was_stored_are_shown() {
    let zone = furnished_zone(Denial::Compact);
    let keys: crate::ZoneKeys = key().into();
    let sets = zone.stored_sets();
    let mut again = Zone::restore(zone.settings().clone(), keys.clone(), sets).unwrap();
    assert!(!again.has_keys(&keys));
    again.set_keys(keys.clone(), NOW).unwrap().unwrap();
    assert!(again.has_keys(&keys));
    assert_eq!(again.set_keys(keys, NOW).unwrap(), None);
    let shown = again
        .record_set(again.origin(), RecordType::DNSKEY)
        .unwrap();
    assert_eq!(
        shown.data(),
        [RData::from(again.key().unwrap().dnskey().clone())]
    );
}

#[test]
fn a_zone_that_is_signed_elsewhere_answers_alike_and_refuses_to_be_changed() {
    for denial in BOTH {
        let zone = furnished_zone(denial);
        let mut mirror = Zone::mirror(zone.origin(), zone.stored_sets()).unwrap();
        assert!(mirror.is_mirror() && mirror.keys().is_none() && mirror.key().is_none());
        assert_eq!(mirror.settings().denial, denial);
        assert_eq!(mirror.settings().negative_ttl, zone.settings().negative_ttl);
        assert_eq!(mirror.settings().name_servers, zone.settings().name_servers);
        assert_eq!(mirror.settings().contact, zone.settings().contact);
        assert_eq!((mirror.ds(), mirror.ds_text()), (zone.ds(), zone.ds_text()));
        assert_eq!(mirror.dnskey_text(), zone.dnskey_text());
        let owner = name("carol.example.test.");
        let apex = mirror.origin().clone();
        let server = [NameServer::new(name("ns.test."), [])];
        let record =
            payment_record(&"dave@example.test".parse().unwrap(), "bitcoin:?lno=x").unwrap();
        let refusals = [
            mirror.set_txt(&owner, "x", 60, NOW).unwrap_err(),
            mirror.publish(&record, 60, NOW).unwrap_err(),
            mirror.publish_all([(&record, 60)], NOW).unwrap_err(),
            mirror.remove(&owner, RecordType::TXT, NOW).unwrap_err(),
            mirror.delegate(&owner, &server, &[], 60, NOW).unwrap_err(),
            mirror
                .undelegate(&name("secure.example.test."), NOW)
                .unwrap_err(),
            mirror.set_keys(key(), NOW).unwrap_err(),
            mirror.set_dname(&owner, &apex, 60, NOW).unwrap_err(),
        ];
        for refusal in refusals {
            assert!(
                matches!(refusal, ZoneError::SignedElsewhere(_)),
                "{refusal}"
            );
        }
        assert!(!mirror.is_due(NOW.plus(1 << 40), NOW));
        assert_eq!(mirror.resign(NOW.plus(1 << 40), NOW).unwrap(), None);

        let mut newer = zone.clone();
        newer.set_txt(&owner, "x", 60, NOW).unwrap();
        let mirror = mirror.apply(newer.changes_since(&mirror)).unwrap();
        assert!(mirror.is_mirror());
        assert_eq!(sets(&mirror), sets(&newer));
        for question in [
            "carol", "nobody", "x.wild", "www", "a.secure", "x.moved", "user",
        ] {
            let owner = name(&format!("{question}.example.test."));
            for record_type in [RecordType::TXT, RecordType::DS, RecordType::RRSIG] {
                let told = |zone: &Zone| format!("{:?}", zone.answer(&owner, record_type, true));
                assert_eq!(told(&mirror), told(&newer));
            }
        }
    }
    let compact = furnished_zone(Denial::Compact);
    let refused = Zone::mirror(compact.origin(), compact.stored_sets());
    assert!(matches!(refused, Err(ZoneError::NotSigned(_))));
}

#[test]
fn a_mirror_may_come_to_deny_names_in_another_way() {
    let settings = |denial| Settings {
        denial,
        ..furnished_zone(Denial::Nsec).settings().clone()
    };
    let make = |denial, now| Zone::new(settings(denial), key(), now).unwrap();
    let (nsec, nsec3) = (make(Denial::Nsec, NOW), make(Denial::Nsec3, NOW.plus(9)));
    let mirror = Zone::mirror(nsec.origin(), nsec.stored_sets()).unwrap();
    let mirror = mirror.apply(nsec3.changes_since(&mirror)).unwrap();
    assert_eq!(sets(&mirror), sets(&nsec3));
    assert_eq!(mirror.settings().denial, Denial::Nsec3);
    // Signed again with the same parameters, and back again.
    let mut signed = nsec3.clone();
    signed.resign(NOW.plus(1 << 30), NOW.plus(10)).unwrap();
    let mirror = mirror.apply(signed.changes_since(&mirror)).unwrap();
    assert_eq!(sets(&mirror), sets(&signed));
    let back = mirror.apply(nsec.changes_since(&mirror)).unwrap();
    assert_eq!(sets(&back), sets(&nsec));
}
