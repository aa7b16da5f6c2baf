//! What a transfer says, and to whom.

use std::time::Duration;

use super::transferring::{LIMIT, LIMITS, answers, axfr, envelope, ixfr, serial, sets, versions};
use super::*;
use crate::node::Node;
use crate::{Envelope, History, Incoming, Received, TransferError};

#[test]
fn a_whole_zone_is_between_its_soa_and_its_soa_and_has_every_record_once() {
    for denial in BOTH {
        let zone = furnished_zone(denial);
        let records = axfr(&zone);
        assert_eq!(serial(&records[0]), Some(zone.serial()));
        assert_eq!(records.last(), records.first());
        let between: BTreeSet<String> = records[1..].iter().map(Record::to_string).collect();
        assert_eq!(between.len(), records.len() - 1);
        assert_eq!(count(&records, RecordType::SOA), 2);
        let text = zone.master_file().to_string();
        assert_eq!(records.len() - 1, text.lines().count());
    }
}

#[test]
fn messages_have_no_more_octets_than_asked_for_and_are_nearly_full() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    for number in 0..300 {
        let owner = name(&format!("u{number}.user._bitcoin-payment.example.test."));
        zone.set_txt(&owner, &"x".repeat(300), 60, NOW).unwrap();
    }
    for limit in [700, 4000, 65_535] {
        let messages = zone.axfr(&envelope(RecordType::AXFR, limit)).unwrap();
        let lengths: Vec<usize> = messages.map(|message| message.len()).collect();
        let (_, full) = lengths.split_last().unwrap();
        assert!(lengths.iter().all(|length| *length <= limit), "{lengths:?}");
        assert!(
            full.iter().all(|length| *length > limit - 400),
            "{lengths:?}"
        );
    }
}

#[test]
fn changes_are_told_in_one_piece_the_old_soa_first() {
    for denial in BOTH {
        let (older, newer) = versions(denial);
        let records = ixfr(&newer, &older);
        let soas: Vec<(usize, u32)> = records
            .iter()
            .enumerate()
            .filter_map(|(at, record)| Some((at, serial(record)?)))
            .collect();
        let (new, old) = (newer.serial(), older.serial());
        let serials: Vec<u32> = soas.iter().map(|(_, serial)| *serial).collect();
        assert_eq!(serials, [new, old, new, new]);
        assert_eq!((soas[0].0, soas[1].0), (0, 1));
        assert_eq!(soas[3].0, records.len() - 1);
        let deleted = &records[2..soas[2].0];
        let added = &records[soas[2].0 + 1..records.len() - 1];
        let texts = |records: &[Record]| count(records, RecordType::TXT);
        assert_eq!((texts(deleted), texts(added)), (2, 2));
        assert!(deleted.iter().all(|record| !added.contains(record)));
        assert!(records.len() < axfr(&newer).len());
    }
}

#[test]
fn who_is_up_to_date_or_ahead_gets_the_soa_and_who_is_unknown_the_whole_zone() {
    let (older, newer) = versions(Denial::Nsec3);
    let mut history = History::new(older.clone(), 10, Duration::from_secs(1000));
    history.push(newer.clone(), NOW);
    let ask = |history: &History, serial| {
        let offer = history.offer(Some(serial));
        answers(offer.messages(&envelope(RecordType::IXFR, LIMIT)).unwrap())
    };
    for current in [newer.serial(), newer.serial() + 1] {
        let records = ask(&history, current);
        assert_eq!(records.len(), 1);
        assert_eq!(serial(&records[0]), Some(newer.serial()));
    }
    assert_eq!(ask(&history, older.serial()), ixfr(&newer, &older));
    assert_eq!(ask(&history, older.serial() - 1), axfr(&newer));
    let udp = history
        .offer(None)
        .soa(&envelope(RecordType::IXFR, LIMIT))
        .unwrap();
    assert_eq!(answers(udp), ask(&history, newer.serial()));

    history.forget(NOW.plus(1001));
    assert_eq!(history.versions(), 1);
    assert_eq!(ask(&history, older.serial()), axfr(&newer));
}

#[test]
fn a_history_keeps_so_many_versions_and_none_that_nobody_could_follow() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    let mut history = History::new(zone.clone(), 3, Duration::from_secs(1000));
    let first = zone.clone();
    for number in 0..10 {
        zone.set_txt(&name("a.example.test."), &number.to_string(), 60, NOW)
            .unwrap();
        history.push(zone.clone(), NOW);
    }
    assert_eq!(history.versions(), 4);
    assert!(history.since(zone.serial() - 3).is_some());
    assert!(history.since(zone.serial() - 4).is_none());
    history.push(zone.clone(), NOW); // the same again
    assert_eq!(history.versions(), 4);
    history.push(first.clone(), NOW);
    assert_eq!(
        (history.versions(), history.latest().serial()),
        (1, first.serial())
    );
}

#[test]
fn changes_that_are_longer_than_the_zone_come_as_the_zone() {
    let older = furnished_zone(Denial::Nsec3);
    let mut newer = older.clone();
    newer.set_keys(key(), NOW.plus(9)).unwrap();
    newer.resign(NOW.plus(1 << 30), NOW.plus(9)).unwrap();
    // Every record set is signed anew: as many are deleted and added as there are.
    assert!(ixfr(&newer, &older).len() <= 2 * axfr(&newer).len());
    let other = Zone::new_after(newer.settings().clone(), key(), newer.serial(), NOW).unwrap();
    assert_eq!(ixfr(&other, &older), axfr(&other));
}

#[test]
fn a_transfer_holds_a_page_of_what_has_changed_at_a_time() {
    for denial in BOTH {
        let mut zone = empty_zone("example.test.", denial);
        let at = |number: u32| name(&format!("u{number}.example.test."));
        for number in 0..600 {
            zone.set_txt(&at(number), "old", 60, NOW).unwrap();
        }
        let older = zone.clone();
        for number in 0..200 {
            zone.set_txt(&at(number), "new", 60, NOW).unwrap();
        }
        let holders = |zone: &Zone| zone.nodes.iter().map(Node::holders).sum::<usize>();
        let before = holders(&zone);
        let mut messages = zone.ixfr(&older, &envelope(RecordType::IXFR, 700)).unwrap();
        assert!(messages.next().is_some());
        let held = holders(&zone) - before;
        assert!(held <= 64, "{held} of 200 names are held");
        assert!(messages.count() > 50);
    }
}

#[test]
fn a_zone_that_signs_its_denials_on_demand_is_not_transferred() {
    let zone = furnished_zone(Denial::Compact);
    let envelope = envelope(RecordType::AXFR, LIMIT);
    assert!(matches!(
        zone.axfr(&envelope),
        Err(TransferError::Compact(_))
    ));
    assert!(matches!(
        zone.ixfr(&zone, &envelope),
        Err(TransferError::Compact(_))
    ));
    let other = empty_zone("example.org.", Denial::Nsec3);
    assert!(matches!(
        other.axfr(&envelope),
        Err(TransferError::OtherZone(_))
    ));
    assert_eq!(Envelope::answering(b"no query", LIMIT), None);
}

#[test]
fn what_nobody_asked_for_is_kept_and_read_again() {
    let zone = furnished_zone(Denial::Nsec3);
    let mut incoming = Incoming::whole(zone.origin(), LIMITS, NOW);
    let messages = zone.axfr(&Envelope::unasked(zone.origin())).unwrap();
    let mut arrived = None;
    for message in messages {
        if let Received::Complete(zone) = incoming.feed(&message).unwrap() {
            arrived = Some(zone);
        }
    }
    let arrived = arrived.unwrap();
    assert_eq!(
        (arrived.serial(), arrived.is_changes()),
        (zone.serial(), false)
    );
    assert_eq!(sets(&arrived.danger_accept_unchecked()), sets(&zone));
}

#[test]
fn the_root_is_transferred_too() {
    let root = empty_zone(".", Denial::Nsec3);
    let messages = root.axfr(&Envelope::unasked(root.origin())).unwrap();
    let arrived = {
        let mut incoming = Incoming::whole(root.origin(), LIMITS, NOW);
        let mut received = messages.map(|message| incoming.feed(&message).unwrap());
        received.next()
    };
    let Some(Received::Complete(arrived)) = arrived else {
        panic!("it is small");
    };
    assert_eq!(sets(&arrived.check(NOW).unwrap()), sets(&root));
}
