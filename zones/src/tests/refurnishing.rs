//! A restored zone and what has changed since it was stored.

use std::collections::BTreeSet;

use crate::keys::ZoneKeys;

use super::*;

fn restored(zone: &Zone, settings: Settings) -> Zone {
    let keys = zone.keys().unwrap().clone();
    Zone::restore(settings, keys, zone.stored_sets()).unwrap()
}

/// Owners and types of the sets that differ, but for links of the chain.
fn differing(one: &Zone, other: &Zone) -> BTreeSet<(String, RecordType)> {
    let changes = one.changes_since(other);
    let sets =
        changes.filter(|set| !matches!(set.record_type, RecordType::NSEC | RecordType::NSEC3));
    let owner = |wire: &[u8]| crate::names::from_wire(wire).unwrap().to_string();
    sets.map(|set| (owner(&set.owner), set.record_type))
        .collect()
}

#[test]
fn settings_that_have_not_changed_change_nothing() {
    for denial in ALL {
        let zone = furnished_zone(denial);
        let mut again = restored(&zone, zone.settings().clone());
        assert_eq!(again.refurnish(NOW.plus(60)).unwrap(), None);
        assert!(!again.changes_since(&zone).any(|_| true));
    }
}

#[test]
fn servers_that_move_come_and_go_take_their_addresses_with_them() {
    for denial in ALL {
        let zone = furnished_zone(denial);
        let server =
            |host: &str, address: &str| NameServer::new(name(host), [address.parse().unwrap()]);
        let settings = Settings {
            name_servers: vec![
                server("ns.example.test.", "2001:db8::53"),
                server("ns2.example.test.", "192.0.2.54"),
            ],
            ..zone.settings().clone()
        };
        let mut next = restored(&zone, settings);
        assert!(next.refurnish(NOW).unwrap().is_some());
        let at = |host: &str, record_type| (name(host).to_string(), record_type);
        let expected = BTreeSet::from([
            at("example.test.", RecordType::NS),
            at("example.test.", RecordType::SOA),
            at("ns.example.test.", RecordType::A),
            at("ns.example.test.", RecordType::AAAA),
            at("ns2.example.test.", RecordType::A),
        ]);
        assert_eq!(differing(&next, &zone), expected, "{denial:?}");
        assert!(
            next.record_set(&name("ns.example.test."), RecordType::A)
                .is_none()
        );
        let mut back = restored(&next, zone.settings().clone());
        back.refurnish(NOW).unwrap().unwrap();
        let gone = back.record_set(&name("ns2.example.test."), RecordType::A);
        assert!(gone.is_none());
        assert_eq!(back.refurnish(NOW).unwrap(), None);
    }
}

#[test]
fn keys_are_adopted_only_where_the_zone_tells_of_them() {
    let zone = furnished_zone(Denial::Compact);
    let other = ZoneKeys::from(key());
    let mut follower = zone.clone();
    assert!(!follower.adopt_keys(other.clone()));
    assert!(follower.has_keys(zone.keys().unwrap()));
    let mut leader = zone.clone();
    leader.set_keys(other.clone(), NOW).unwrap();
    let mut follower = zone.apply(leader.changes_since(&zone)).unwrap();
    assert!(!follower.has_keys(&other));
    assert!(follower.adopt_keys(other.clone()));
    assert!(follower.has_keys(&other) && follower.serial() == leader.serial());
}
