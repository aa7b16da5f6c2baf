//! One function per kind of input, which panics where something does not hold.

use std::collections::BTreeSet;
use std::time::Duration;

use payname_resolver::hickory_proto::op::Message;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_zones::{
    Asker, Catalog, Cookies, Denial, Incoming, OnDemand, Received, ServerOptions, SetChange,
    TransferLimits, Transport, Zone, ZoneError, ZoneSet, respond_into,
};

use super::scene::{NOW, Versions, key, messages, name, queries, scene};
use crate::mutation::Choices;

/// The most changes made to one input.
const MOST: usize = 8;
const LIMITS: TransferLimits = TransferLimits {
    octets: 1 << 20,
    records: 10_000,
};

/// The messages of a transfer changed as the bytes say: none is taken that was not sent, and what
/// passes the check says of every name only what its owner signed.
pub fn transfer(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let kind = choices.byte();
    let scene = scene();
    let versions = [&scene.nsec, &scene.nsec3, &scene.catalog][usize::from(kind >> 1) % 3];
    let whole = kind & 1 == 0;
    let mut messages = messages(versions, whole);
    change(&mut messages, &mut choices, |message, choices| {
        damage(message, choices)
    });
    let mut incoming = incoming(versions, whole);
    for message in &messages {
        match incoming.feed(message) {
            Ok(Received::More) => {}
            Ok(Received::Current) => return,
            Ok(Received::Complete(arrived)) => {
                let zone = arrived.clone().danger_accept_unchecked();
                look_at(&zone);
                if let Ok(checked) = arrived.check(NOW) {
                    assert_said(versions, &checked);
                }
                return;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(
                    incoming.feed(message).is_err(),
                    "it goes on after a refusal"
                );
                return;
            }
        }
    }
}

fn incoming(versions: &Versions, whole: bool) -> Incoming {
    let origin = versions.newer.origin();
    let is_catalog = versions.newer.settings().denial == Denial::Unsigned;
    match (whole, is_catalog) {
        (true, true) => Incoming::catalog(origin, LIMITS, NOW),
        (true, false) => Incoming::whole(origin, LIMITS, NOW),
        (false, true) => Incoming::since(versions.older.clone(), LIMITS, NOW),
        (false, false) => {
            let older = &versions.older;
            let mirror = Zone::mirror(origin, older.stored_sets()).unwrap();
            Incoming::since(mirror, LIMITS, NOW)
        }
    }
}

/// Stored sets changed as the bytes say: what is taken answers, and is stored as it is.
pub fn restore(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let kind = choices.byte();
    let scene = scene();
    let all = [&scene.nsec, &scene.nsec3, &scene.compact, &scene.catalog];
    let versions = all[usize::from(kind >> 1) % 4];
    let Versions { older, newer } = versions;
    let whole = kind & 1 == 0;
    let mut sets: Vec<SetChange> = if whole {
        newer.stored_sets().collect()
    } else {
        newer.changes_since(older).collect()
    };
    change(&mut sets, &mut choices, damage_set);
    let is_catalog = newer.settings().denial == Denial::Unsigned;
    let zone = |taken: Result<Zone, ZoneError>| taken.map_err(|e| e.to_string());
    let taken = match (whole, is_catalog) {
        (false, _) => zone(older.apply(sets)),
        (true, true) => Catalog::restore(newer.origin(), sets)
            .map(|catalog| catalog.zone().clone())
            .map_err(|error| error.to_string()),
        (true, false) if kind & 0x80 != 0 => zone(Zone::mirror(newer.origin(), sets)),
        (true, false) => zone(Zone::restore(newer.settings().clone(), key(), sets)),
    };
    match taken {
        Ok(zone) => look_at(&zone),
        Err(reason) => assert!(!reason.is_empty()),
    }
}

/// Bytes as a query: what is answered is a response to it, and not longer than it may be.
pub fn query(bytes: &[u8]) {
    let Some((&how, query)) = bytes.split_first() else {
        return;
    };
    let scene = scene();
    let mut versions = [&scene.nsec, &scene.nsec3, &scene.compact, &scene.catalog];
    versions.rotate_left(usize::from(how) % 4);
    let transport = if how & 4 == 0 {
        Transport::udp()
    } else {
        Transport::Tcp
    };
    let options = ServerOptions {
        nsid: Some(b"fuzz".to_vec()),
        cookies: Some(Cookies::new([7; 16], [])),
    };
    let asker = Asker {
        now: NOW,
        options: &options,
        keepalive: (how & 8 != 0).then_some(Duration::from_secs(10)),
        ..Asker::over(transport)
    };
    let zones = ZoneSet::from_iter([versions[0].newer.clone()]);
    let (mut on_demand, mut response) = (OnDemand::new(100, 10), Vec::new());
    let reply = respond_into(&zones, query, &asker, &mut on_demand, &mut response);
    if reply.is_none() {
        assert!(response.is_empty(), "silence has no words");
        return;
    }
    assert_eq!(response[..2], query[..2], "another id");
    assert!(response[2] & 0x80 != 0, "no response");
    let limit = if transport == Transport::Tcp {
        65_535
    } else {
        1232
    };
    assert!(response.len() <= limit, "{} octets", response.len());
    assert!(Message::from_vec(&response).is_ok(), "malformed");
}

/// Asks a zone for everything, and stores it.
fn look_at(zone: &Zone) {
    let sets: BTreeSet<_> = zone.stored_sets().map(told).collect();
    let again = if zone.settings().denial == Denial::Unsigned {
        Catalog::restore(zone.origin(), zone.stored_sets())
            .map(|catalog| catalog.zone().clone())
            .ok()
    } else if zone.is_mirror() {
        Some(Zone::mirror(zone.origin(), zone.stored_sets()).unwrap())
    } else {
        let keys = zone.keys().unwrap().clone();
        Some(Zone::restore(zone.settings().clone(), keys, zone.stored_sets()).unwrap())
    };
    if let Some(again) = again {
        let stored: BTreeSet<_> = again.stored_sets().map(told).collect();
        assert_eq!(stored, sets, "stored otherwise than it is");
        assert_eq!(zone.changes_since(&again).count(), 0);
    }
    let zones = ZoneSet::from_iter([zone.clone()]);
    let mut response = Vec::new();
    for (_, query) in queries() {
        let (asker, mut on_demand) = (Asker::over(Transport::Tcp), OnDemand::unlimited());
        respond_into(&zones, &query, &asker, &mut on_demand, &mut response);
    }
    let _ = zone.master_file().to_string();
    let _ = (zone.ds(), zone.expires_at(), zone.key_use());
}

fn told(change: SetChange) -> (Vec<u8>, u16, Option<Vec<u8>>) {
    (change.owner, change.record_type.into(), change.set)
}

/// What arrived and passed the check says nothing that nobody signed.
fn assert_said(versions: &Versions, arrived: &Zone) {
    if arrived.settings().denial == Denial::Unsigned {
        return; // TSIG is what protects a catalog
    }
    let texts = arrived
        .stored_sets()
        .filter(|set| set.record_type == RecordType::TXT);
    for set in texts {
        let owner = owner_of(&set.owner);
        let data = |zone: &Zone| {
            zone.record_set(&owner, RecordType::TXT)
                .map(|set| set.data().to_vec())
        };
        let said = data(arrived);
        let known = [&versions.older, &versions.newer].map(data);
        assert!(known.contains(&said), "{owner} says what nobody signed");
    }
}

fn owner_of(mut wire: &[u8]) -> Name {
    let mut labels = Vec::new();
    while let Some((&length, rest)) = wire.split_first().filter(|(length, _)| **length > 0) {
        let (label, rest) = rest.split_at(length.into());
        labels.push(label);
        wire = rest;
    }
    if labels.is_empty() {
        return name(".");
    }
    Name::from_labels(labels).unwrap()
}

/// Drops, repeats, moves and damages parts of a list.
fn change<T: Clone>(
    parts: &mut Vec<T>,
    choices: &mut Choices<'_>,
    mut damage: impl FnMut(&mut T, &mut Choices<'_>),
) {
    for _ in 0..MOST {
        if parts.is_empty() || choices.is_empty() {
            return;
        }
        let (what, place) = (choices.byte() % 8, choices.below(parts.len()));
        match what {
            0 => {
                parts.remove(place);
            }
            1 => parts.insert(place, parts[place].clone()),
            2 => {
                let other = choices.below(parts.len());
                parts.swap(place, other);
            }
            _ => damage(&mut parts[place], choices),
        }
    }
}

fn damage(bytes: &mut Vec<u8>, choices: &mut Choices<'_>) {
    if bytes.is_empty() {
        return;
    }
    let place = choices.below(bytes.len());
    match choices.byte() % 6 {
        0 | 1 => bytes[place] = choices.byte(),
        2 => bytes[place] ^= 1 << (choices.byte() % 8),
        3 => bytes.insert(place, choices.byte()),
        4 => bytes.truncate(place),
        _ => {
            let end = place + choices.below(bytes.len() - place + 1);
            bytes.drain(place..end);
        }
    }
}

fn damage_set(set: &mut SetChange, choices: &mut Choices<'_>) {
    match choices.byte() % 6 {
        0 => set.set = None,
        1 => set.record_type = RecordType::from(u16::from(choices.byte())),
        2 => damage(&mut set.owner, choices),
        _ => {
            if let Some(bytes) = &mut set.set {
                damage(bytes, choices);
            }
        }
    }
}
