//! Which transfers are refused, and where and why.

use super::transferring::{
    LIMIT, LIMITS, arrive, axfr, envelope, ixfr, message, mirror, serial, sets, since, versions,
    whole,
};
use super::*;
use crate::{
    Incoming, IncomingError, MessageFault, Received, SignatureFault, TransferLimits, ZoneError,
};

#[test]
fn who_is_current_learns_it_from_the_soa_alone() {
    let (older, newer) = versions(Denial::Nsec);
    let soa = &axfr(&older)[..1];
    assert!(matches!(since(&older, soa), Ok(Received::Current)));
    assert!(matches!(
        since(&newer, soa),
        Err(IncomingError::Backwards { .. })
    ));
    // The beginning of a whole zone may be as short.
    assert!(matches!(whole(soa), Ok(Received::More)));
    assert!(matches!(
        since(&older, &axfr(&newer)[..1]),
        Ok(Received::More)
    ));
}

#[test]
fn a_message_that_is_none_of_the_transfer_is_refused() {
    let zone = furnished_zone(Denial::Nsec3);
    let good = message(&axfr(&zone));
    let fault = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut message = good.clone();
        change(&mut message);
        let mut incoming = Incoming::whole(zone.origin(), LIMITS, NOW).with_id(4711);
        let refused = incoming.feed(&message).unwrap_err();
        assert!(incoming.feed(&good).is_err(), "nothing follows a refusal");
        match refused {
            IncomingError::Message { message: 1, fault } => fault,
            other => panic!("{other}"),
        }
    };
    assert_eq!(
        fault(&|message| message[0] ^= 1),
        MessageFault::Id(4711 ^ 256)
    );
    assert_eq!(fault(&|message| message[2] = 0), MessageFault::NoResponse);
    assert_eq!(
        fault(&|message| message[2] |= 0x28),
        MessageFault::NoResponse
    );
    assert_eq!(fault(&|message| message[2] |= 2), MessageFault::Truncated);
    assert_eq!(
        fault(&|message| message[3] |= 5),
        MessageFault::ResponseCode(5)
    );
    assert_eq!(fault(&|message| message[5] = 2), MessageFault::Question);
    assert_eq!(
        fault(&|message| message.truncate(500)),
        MessageFault::Malformed
    );
    assert_eq!(
        fault(&|message| message.truncate(11)),
        MessageFault::Malformed
    );
    assert_eq!(fault(&|message| message[6..8].fill(0)), MessageFault::Empty);
    let messages = zone.axfr(&envelope(RecordType::AXFR, LIMIT)).unwrap();
    let mut other = Incoming::whole(&name("example.org."), LIMITS, NOW);
    let first = messages.into_iter().next().unwrap();
    assert!(matches!(
        other.feed(&first),
        Err(IncomingError::Message {
            fault: MessageFault::Question,
            ..
        })
    ));
}

#[test]
fn a_whole_zone_that_is_none_is_refused() {
    let zone = furnished_zone(Denial::Nsec3);
    let records = axfr(&zone);
    assert!(matches!(whole(&records[1..]), Err(IncomingError::NoSoa(_))));
    let mut behind = records.clone();
    behind.push(records[1].clone());
    assert!(matches!(whole(&behind), Err(IncomingError::Behind(1))));
    let mut other_end = records.clone();
    let (_, newer) = versions(Denial::Nsec3);
    *other_end.last_mut().unwrap() = axfr(&newer)[0].clone();
    assert!(matches!(
        whole(&other_end),
        Err(IncomingError::OtherEnd { .. })
    ));
    let mut outside = records.clone();
    outside[3].name = name("example.org.");
    assert!(matches!(
        whole(&outside),
        Err(IncomingError::Zone(ZoneError::NotInZone { .. }))
    ));
    let mut class = records.clone();
    class[3].dns_class = DNSClass::CH;
    assert!(matches!(
        whole(&class),
        Err(IncomingError::Zone(ZoneError::StoredSet { .. }))
    ));
    let unsigned: Vec<Record> = records
        .iter()
        .filter(|record| !matches!(u16::from(record.record_type()), 46..=51))
        .cloned()
        .collect();
    assert!(matches!(
        whole(&unsigned),
        Err(IncomingError::Zone(ZoneError::NotSigned(_)))
    ));
    let without_denials: Vec<Record> = records
        .iter()
        .filter(|record| !record.to_string().contains("NSEC3"))
        .cloned()
        .collect();
    assert!(matches!(
        whole(&without_denials),
        Err(IncomingError::Zone(ZoneError::NotSigned(_)))
    ));
    // Glue that is told twice is told once.
    let mut twice = records.clone();
    let glue = records
        .iter()
        .find(|record| record.record_type() == RecordType::AAAA);
    twice.insert(5, glue.unwrap().clone());
    assert!(matches!(whole(&twice), Ok(Received::Complete(_))));
}

#[test]
fn no_more_is_taken_than_allowed() {
    let zone = furnished_zone(Denial::Nsec3);
    let records = axfr(&zone);
    let most = LIMITS;
    for limits in [
        TransferLimits {
            octets: 2000,
            ..most
        },
        TransferLimits {
            records: 10,
            ..most
        },
    ] {
        let mut incoming = Incoming::whole(zone.origin(), limits, NOW);
        let refused = incoming.feed(&message(&records));
        assert!(matches!(refused, Err(IncomingError::TooLarge { .. })));
    }
}

#[test]
fn changes_of_short_records_at_long_names_are_counted_too() {
    let older = furnished_zone(Denial::Nsec3);
    let mut newer = older.clone();
    newer
        .set_txt(&name("x.example.test."), "x", 60, NOW)
        .unwrap();
    let mut changes = ixfr(&newer, &older);
    let label = "x".repeat(60);
    let added = (0..200).map(|number| {
        let owner = name(&format!("n{number}.{label}.{label}.{label}.example.test."));
        Record::from_rdata(owner, 60, RData::TXT(crate::txt(b"")))
    });
    let end = changes.len() - 1;
    changes.splice(end..end, added);
    let limits = TransferLimits {
        octets: 20_000,
        ..LIMITS
    };
    let mut incoming = Incoming::since(mirror(&older), limits, NOW);
    let refused = incoming.feed(&message(&changes));
    assert!(matches!(refused, Err(IncomingError::TooLarge { .. })));
}

#[test]
fn changes_that_do_not_follow_are_refused() {
    let (older, newer) = versions(Denial::Nsec3);
    let records = ixfr(&newer, &older);
    assert!(matches!(since(&older, &records), Ok(Received::Complete(_))));
    // From a serial that is not ours, or back to one that was before.
    let mut ours = older.clone();
    ours.set_txt(&name("ours.example.test."), "x", 60, NOW)
        .unwrap();
    assert!(matches!(
        since(&ours, &records),
        Err(IncomingError::Gap { .. })
    ));
    assert!(matches!(
        since(&newer, &records),
        Err(IncomingError::Backwards { .. })
    ));
    assert!(matches!(
        since(&newer, &axfr(&older)),
        Err(IncomingError::Backwards { .. })
    ));
    let fault = |change: &dyn Fn(&mut Vec<Record>)| {
        let mut records = records.clone();
        change(&mut records);
        since(&older, &records).unwrap_err().to_string()
    };
    let middle = |records: &[Record]| {
        let soas = records
            .iter()
            .enumerate()
            .filter(|(_, record)| serial(record).is_some());
        soas.map(|(at, _)| at).nth(2).unwrap()
    };
    let twice = fault(&|records| records.insert(3, records[2].clone()));
    assert!(twice.contains("not there"), "{twice}");
    let again = fault(&|records| {
        let at = middle(records) + 1;
        records.insert(at, records[at].clone());
    });
    assert!(again.contains("twice"), "{again}");
    let lost = fault(&|records| {
        let link = records
            .iter()
            .rposition(|record| record.record_type() == RecordType::NSEC3);
        records.remove(link.unwrap());
    });
    assert!(lost.contains("NSEC3"), "{lost}");
    assert!(matches!(
        Incoming::since(older.clone(), LIMITS, NOW).feed(&message(&records)),
        Err(IncomingError::SignedHere(_))
    ));
}

#[test]
fn several_steps_of_changes_are_taken_one_after_the_other() {
    for denial in BOTH {
        let (older, middle) = versions(denial);
        let mut newer = middle.clone();
        newer
            .remove(
                &name("carol.user._bitcoin-payment.example.test."),
                RecordType::TXT,
                NOW,
            )
            .unwrap();
        let (first, second) = (ixfr(&middle, &older), ixfr(&newer, &middle));
        let steps = [&second[..1], &first[1..first.len() - 1], &second[1..]].concat();
        let Received::Complete(arrived) = since(&older, &steps).unwrap() else {
            panic!("it is complete");
        };
        assert!(arrived.is_changes());
        assert_eq!(sets(&arrived.check(NOW).unwrap()), sets(&newer));
    }
}

#[test]
fn what_is_not_signed_as_it_must_be_is_refused_with_owner_and_type() {
    let (older, newer) = versions(Denial::Nsec3);
    let arrived = |records: &[Record]| match whole(records) {
        Ok(Received::Complete(arrived)) => arrived,
        other => panic!("{other:?}"),
    };
    let fault = |arrived: Box<crate::Arrived>, now| match arrived.check(now).unwrap_err() {
        IncomingError::Signature {
            owner,
            record_type,
            fault,
        } => (owner, record_type, fault),
        other => panic!("{other}"),
    };
    let records = axfr(&newer);
    assert!(arrived(&records).check(NOW).is_ok());
    let (_, _, late) = fault(arrived(&records), NOW.plus(8 * 86_400));
    assert_eq!(late, SignatureFault::Expired);
    let (_, _, early) = fault(arrived(&records), UnixTime(NOW.0 - 86_400));
    assert_eq!(early, SignatureFault::NotYet);

    let carol = name("carol.user._bitcoin-payment.example.test.");
    let is_carols = |record: &Record| record.name == carol;
    let mut forged = records.clone();
    let text = forged
        .iter_mut()
        .find(|record| is_carols(record) && record.record_type() == RecordType::TXT);
    text.unwrap().data = RData::TXT(crate::txt(b"forged"));
    let refused = (carol.to_string(), RecordType::TXT, SignatureFault::Forged);
    assert_eq!(fault(arrived(&forged), NOW), refused);
    let mut unsigned = records.clone();
    unsigned.retain(|record| !is_carols(record) || record.record_type() != RecordType::RRSIG);
    let refused = (carol.to_string(), RecordType::TXT, SignatureFault::Missing);
    assert_eq!(fault(arrived(&unsigned), NOW), refused);

    // The same in changes; what has not changed is not looked at again.
    let changes = ixfr(&newer, &older);
    let mut forged = changes.clone();
    let text = forged
        .iter_mut()
        .find(|record| is_carols(record) && record.record_type() == RecordType::TXT);
    text.unwrap().data = RData::TXT(crate::txt(b"forged"));
    let Ok(Received::Complete(forged)) = since(&older, &forged) else {
        panic!("the forgery shows only in the signature");
    };
    let refused = (carol.to_string(), RecordType::TXT, SignatureFault::Forged);
    assert_eq!(fault(forged, NOW), refused);

    // A key that is gone takes with it what it signed.
    let mut rolled = newer.clone();
    rolled.set_keys(key(), NOW).unwrap();
    let base = mirror(&newer);
    let messages = rolled
        .ixfr(&newer, &envelope(RecordType::IXFR, LIMIT))
        .unwrap();
    let arrived = arrive(Incoming::since(base, LIMITS, NOW), messages);
    let (_, _, fault) = fault(Box::new(arrived), NOW);
    assert_eq!(fault, SignatureFault::UnknownKey);
}

#[test]
fn a_key_that_is_gone_is_missed_behind_any_number_of_other_signatures() {
    let zone = furnished_zone(Denial::Nsec3);
    // Two more signatures for every set, by keys with the lowest tags, come before the good one.
    let mut records = axfr(&zone);
    for record in axfr(&zone) {
        if record.record_type() != RecordType::RRSIG {
            continue;
        }
        for tag in [0, 1] {
            let mut data = crate::packed::rdata_bytes(&record.data).unwrap();
            data[16..18].copy_from_slice(&[0, tag]);
            let mut other = record.clone();
            other.data = RData::Unknown {
                code: RecordType::RRSIG,
                rdata: hickory_proto::rr::rdata::NULL::with(data),
            };
            records.insert(1, other);
        }
    }
    let Ok(Received::Complete(arrived)) = whole(&records) else {
        panic!("it is complete");
    };
    let base = arrived.check(NOW).unwrap();
    let mut rolled = zone.clone();
    rolled.set_keys(key(), NOW).unwrap();
    let messages = rolled
        .ixfr(&zone, &envelope(RecordType::IXFR, LIMIT))
        .unwrap();
    let arrived = arrive(Incoming::since(base, LIMITS, NOW), messages);
    let refused = arrived.check(NOW).map(|zone| zone.serial()).unwrap_err();
    assert!(refused.to_string().contains("not among"), "{refused}");
}

#[test]
fn what_was_glue_is_checked_when_the_delegation_goes() {
    let older = furnished_zone(Denial::Nsec3);
    let mut newer = older.clone();
    newer
        .undelegate(&name("secure.example.test."), NOW)
        .unwrap();
    let mut changes = ixfr(&newer, &older);
    // The addresses below stay, though nobody signs them.
    changes.retain(|record| {
        let is_address = matches!(record.record_type(), RecordType::A | RecordType::AAAA);
        !is_address || !record.name.to_string().starts_with("ns.secure.")
    });
    let Ok(Received::Complete(arrived)) = since(&older, &changes) else {
        panic!("it is complete");
    };
    let refused = arrived.check(NOW).unwrap_err().to_string();
    assert!(refused.contains("ns.secure.example.test."), "{refused}");
}
