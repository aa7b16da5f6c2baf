//! What is transferred arrives as it was, whatever happened to the zone meanwhile.

use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::NULL;
use proptest::prelude::*;

use super::*;
use crate::{
    Arrived, Envelope, History, Incoming, IncomingError, Messages, Received, SetChange,
    TransferLimits, Transport, ZoneSet, respond,
};

pub(super) const LIMITS: TransferLimits = TransferLimits {
    octets: 1 << 24,
    records: 100_000,
};

/// Something that happens to a zone.
#[derive(Debug, Clone)]
enum Edit {
    Publish(u8, u8),
    Addresses(u8, Vec<u8>),
    Remove(u8),
    Alias(u8, u8),
    Redirect(u8),
    Delegate(u8, bool),
    Undelegate(u8),
    Keys,
    Resign(u16),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || 0..40_u8;
    prop_oneof![
        6 => (place(), any::<u8>()).prop_map(|(place, text)| Edit::Publish(place, text)),
        2 => (place(), proptest::collection::vec(any::<u8>(), 1..4))
            .prop_map(|(place, all)| Edit::Addresses(place, all)),
        4 => place().prop_map(Edit::Remove),
        1 => (place(), place()).prop_map(|(place, target)| Edit::Alias(place, target)),
        1 => place().prop_map(Edit::Redirect),
        1 => (place(), any::<bool>()).prop_map(|(place, secure)| Edit::Delegate(place, secure)),
        1 => place().prop_map(Edit::Undelegate),
        1 => Just(Edit::Keys),
        1 => any::<u16>().prop_map(Edit::Resign),
    ]
}

/// Names at several depths, wildcards among them.
fn place(number: u8) -> Name {
    let labels = match number % 5 {
        0 => format!("n{number}"),
        1 => format!("*.n{}", number - 1),
        2 => format!("a.b.n{}", number - 2),
        3 => format!("user{number}.user._bitcoin-payment"),
        _ => format!("x.n{}", number - 4),
    };
    name(&format!("{labels}.example.test."))
}

/// Makes the edit, or does not where the zone refuses it.
fn make(zone: &mut Zone, edit: &Edit, now: UnixTime) {
    let child = |number: u8| {
        NameServer::new(
            place(number).prepend_label("ns").unwrap(),
            [[192, 0, 2, number].into()],
        )
    };
    match edit {
        Edit::Publish(at, text) => {
            let text = format!("bitcoin:?lno={text}").repeat(1 + usize::from(*text) / 8);
            let _ = zone.set_txt(&place(*at), &text, 60, now);
        }
        Edit::Addresses(at, all) => {
            let all = all
                .iter()
                .map(|last| RData::from(std::net::IpAddr::from([192, 0, 2, *last])));
            let _ = zone.set_records(&place(*at), RecordType::A, 60, all.collect(), now);
        }
        Edit::Remove(at) => {
            for record_type in [
                RecordType::TXT,
                RecordType::A,
                RecordType::CNAME,
                RecordType::DNAME,
            ] {
                let _ = zone.remove(&place(*at), record_type, now);
            }
        }
        Edit::Alias(at, to) => {
            let target = place(*to).to_string();
            let _ = zone.set_records(&place(*at), RecordType::CNAME, 60, cname(&target), now);
        }
        Edit::Redirect(at) => {
            let _ = zone.set_dname(&place(*at), &name("else.where.test."), 60, now);
        }
        Edit::Delegate(at, secure) => {
            let ds = if *secure { zone.ds() } else { Vec::new() };
            let _ = zone.delegate(&place(*at), &[child(*at)], &ds, 60, now);
        }
        Edit::Undelegate(at) => {
            let _ = zone.undelegate(&place(*at), now);
        }
        Edit::Keys => {
            // The key before stays shown as long as anything is signed with it.
            let before = zone.keys().unwrap().shown().to_vec();
            let next = std::sync::Arc::new(key());
            let request = crate::DsRequest::None;
            let keys = crate::ZoneKeys::new(next.clone(), next, before, request);
            zone.set_keys(keys, now).unwrap();
        }
        Edit::Resign(ahead) => {
            let before = now.plus(7 * 86_400 - 3600 + u64::from(*ahead));
            zone.resign(before, now).unwrap();
        }
    }
}

pub(super) fn sets(zone: &Zone) -> BTreeSet<(Vec<u8>, u16, Option<Vec<u8>>)> {
    let told = |change: SetChange| (change.owner, change.record_type.into(), change.set);
    zone.stored_sets().map(told).collect()
}

pub(super) fn mirror(zone: &Zone) -> Zone {
    Zone::mirror(zone.origin(), zone.stored_sets()).unwrap()
}

pub(super) fn envelope(record_type: RecordType, limit: usize) -> Envelope {
    let mut query = Message::new(4711, MessageType::Query, OpCode::Query);
    query.add_query(Query::query(name("Example.TEST."), record_type));
    Envelope::answering(&query.to_vec().unwrap(), limit).unwrap()
}

/// Feeds all messages; what arrived with the last.
pub(super) fn arrive(incoming: Incoming, messages: Messages) -> Arrived {
    let mut incoming = incoming.with_id(4711);
    let mut messages = messages.peekable();
    while let Some(message) = messages.next() {
        let parsed = Message::from_vec(&message).unwrap();
        assert_eq!(parsed.queries.len(), 1);
        match incoming.feed(&message).unwrap() {
            Received::More => assert!(messages.peek().is_some()),
            Received::Complete(arrived) => {
                assert!(messages.next().is_none());
                return *arrived;
            }
            Received::Current => panic!("it is newer"),
        }
    }
    panic!("it did not end");
}

pub(super) const LIMIT: usize = 16_000;

/// Two versions: Carol is new, Bob has other text, Alice is gone.
pub(super) fn versions(denial: Denial) -> (Zone, Zone) {
    let older = furnished_zone(denial);
    let mut newer = older.clone();
    let owner = |user: &str| name(&format!("{user}.user._bitcoin-payment.example.test."));
    newer.set_txt(&owner("carol"), "new", 60, NOW).unwrap();
    newer.set_txt(&owner("bob"), "changed", 60, NOW).unwrap();
    newer.remove(&owner("alice"), RecordType::TXT, NOW).unwrap();
    (older, newer)
}

/// The answers of all messages.
pub(super) fn answers(messages: impl Iterator<Item = Vec<u8>>) -> Vec<Record> {
    let read = |message: Vec<u8>| Message::from_vec(&message).unwrap().answers;
    messages.flat_map(read).collect()
}

pub(super) fn serial(record: &Record) -> Option<u32> {
    match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    }
}

/// Messages of these answers.
pub(super) fn message(records: &[Record]) -> Vec<u8> {
    let mut message = Message::response(4711, OpCode::Query);
    message.add_answers(records.iter().cloned());
    message.to_vec().unwrap()
}

pub(super) fn axfr(zone: &Zone) -> Vec<Record> {
    answers(zone.axfr(&envelope(RecordType::AXFR, LIMIT)).unwrap())
}

pub(super) fn ixfr(newer: &Zone, older: &Zone) -> Vec<Record> {
    answers(
        newer
            .ixfr(older, &envelope(RecordType::IXFR, LIMIT))
            .unwrap(),
    )
}

pub(super) fn whole(records: &[Record]) -> Result<Received, IncomingError> {
    Incoming::whole(&name("example.test."), LIMITS, NOW).feed(&message(records))
}

pub(super) fn since(base: &Zone, records: &[Record]) -> Result<Received, IncomingError> {
    Incoming::since(mirror(base), LIMITS, NOW).feed(&message(records))
}

fn question(owner: &Name, record_type: RecordType) -> Vec<u8> {
    let mut message = Message::new(1, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(owner.clone(), record_type));
    let mut edns = hickory_proto::op::Edns::new();
    edns.set_max_payload(1232).set_dnssec_ok(true);
    message.set_edns(edns);
    message.to_vec().unwrap()
}

#[test]
fn what_is_signed_with_names_in_capital_letters_is_believed_by_who_fetches_it() {
    // The octets before the names, and how many there are (RFC 4034 §6.2, RFC 6840 §5.1).
    let types = [
        (3, 0, 1),  // MD
        (4, 0, 1),  // MF
        (7, 0, 1),  // MB
        (8, 0, 1),  // MG
        (9, 0, 1),  // MR
        (14, 0, 2), // MINFO
        (17, 0, 2), // RP
        (18, 2, 1), // AFSDB
        (21, 2, 1), // RT
        (26, 2, 2), // PX
        (30, 0, 1), // NXT
        (35, 7, 1), // NAPTR
        (36, 2, 1), // KX
    ];
    for denial in BOTH {
        let mut zone = empty_zone("example.test.", denial);
        for (record_type, before, names) in types {
            let code = RecordType::from(record_type);
            let data = [b"\x01b\x04TEST\0", b"\x01A\x04Test\0"].map(|name| RData::Unknown {
                code,
                rdata: NULL::with([vec![0; before], name.repeat(names)].concat()),
            });
            let owner = name(&format!("n{record_type}.example.test."));
            zone.set_records(&owner, code, 60, data.to_vec(), NOW)
                .unwrap();
        }
        let messages = zone.axfr(&envelope(RecordType::AXFR, LIMIT)).unwrap();
        let arrived = arrive(Incoming::whole(zone.origin(), LIMITS, NOW), messages);
        assert_eq!(sets(&arrived.check(NOW).unwrap()), sets(&zone));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_a_zone_arrives_by_every_way_as_it_is(
        edits in proptest::collection::vec(edit(), 1..40),
        split in any::<proptest::sample::Index>(),
        denial in proptest::sample::select(BOTH.to_vec()),
        limit in 600..65_000_usize,
        questions in proptest::collection::vec((0..60_u8, 0..5_usize), 20),
    ) {
        let mut zone = empty_zone("example.test.", denial);
        let mut history = History::new(zone.clone(), 100, Duration::from_secs(1 << 20));
        let mut versions = vec![zone.clone()];
        let mut now = NOW;
        for edit in &edits {
            now = now.plus(600);
            make(&mut zone, edit, now);
            history.push(zone.clone(), now);
            versions.push(zone.clone());
        }
        let older = &versions[split.index(edits.len())];
        let newer = sets(&zone);

        let messages = history.offer(None).messages(&envelope(RecordType::AXFR, limit)).unwrap();
        let whole = arrive(Incoming::whole(zone.origin(), LIMITS, now), messages);
        let whole = whole.check(now).unwrap();
        prop_assert_eq!(sets(&whole), newer.clone());

        if older.serial() != zone.serial() {
            let messages = history.offer(Some(older.serial())).messages(&envelope(RecordType::IXFR, limit)).unwrap();
            let arrived = arrive(Incoming::since(mirror(older), LIMITS, now), messages);
            prop_assert_eq!(sets(&arrived.check(now).unwrap()), newer.clone());
            // The changes alone, however many they are.
            let applied = older.apply(zone.changes_since(older)).unwrap();
            prop_assert_eq!(sets(&applied), newer.clone());
            prop_assert_eq!(applied.expires_at(), zone.expires_at());
        }
        let keys = zone.keys().unwrap().clone();
        let restored = Zone::restore(zone.settings().clone(), keys, zone.stored_sets()).unwrap();
        prop_assert_eq!(sets(&restored), newer);
        prop_assert_eq!(restored.expires_at(), zone.expires_at());

        let all = [zone, restored, whole].map(|zone| ZoneSet::from_iter([zone]));
        for (at, record_type) in questions {
            let types = [RecordType::TXT, RecordType::A, RecordType::DS, RecordType::NS, RecordType::ANY];
            let query = question(&place(at), types[record_type]);
            let [one, two, three] = all.each_ref().map(|zones| respond(zones, &query, Transport::Tcp));
            prop_assert_eq!(&one, &two);
            prop_assert_eq!(&one, &three);
        }
    }
}
