//! The short way and the long way say the same.

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use proptest::prelude::*;

use super::signing_keys::and_ed25519;
use super::*;
use crate::respond::respond_at_length;
use crate::{Asker, Cookies, OnDemand, ServerOptions, Transport, ZoneSet, shortcut};

/// A zone with everything in it, its parents, and one without delegations or DNAME.
fn zones(denial: Denial) -> ZoneSet {
    let mut tree = Tree::new(empty_zone(".", denial));
    tree.graft(empty_zone("test.", denial), NOW).unwrap();
    tree.graft(furnished_zone(denial), NOW).unwrap();
    let mut plain = empty_zone("plain.test.", denial);
    let two_algorithms = and_ed25519(plain.keys().unwrap());
    plain.set_keys(two_algorithms, NOW).unwrap();
    for owner in ["alice.user.plain.test.", "*.wild.plain.test."] {
        plain.set_txt(&name(owner), "text", 60, NOW).unwrap();
    }
    let twice = ["192.0.2.1", "192.0.2.2"].map(|a| RData::A(a.parse().unwrap()));
    let both = name("two.plain.test.");
    plain
        .set_records(&both, RecordType::A, 60, twice.to_vec(), NOW)
        .unwrap();
    plain
        .set_records(
            &name("away.plain.test."),
            RecordType::CNAME,
            60,
            cname("x."),
            NOW,
        )
        .unwrap();
    tree.graft(plain, NOW).unwrap();
    tree.into_zones()
}

/// Labels that are in the zones, in different case, and some that are not.
fn labels() -> impl Strategy<Value = String> {
    let known = [
        "alice",
        "ALICE",
        "bob",
        "a",
        "deep",
        "user",
        "_bitcoin-payment",
        "wild",
        "WILD",
        "*",
        "alias",
        "www",
        "dangling",
        "away",
        "loop",
        "moved",
        "secure",
        "insecure",
        "ns",
        "two",
        "plain",
        "example",
        "Test",
        "org",
        "nobody",
        "x",
    ];
    let ends = [
        "example.test.",
        "EXAMPLE.test.",
        "plain.test.",
        "test.",
        "",
        "example.org.",
    ];
    let below = [
        "",
        "user.",
        "user._bitcoin-payment.",
        "_bitcoin-payment.",
        "wild.",
        "secure.",
    ];
    let labels = proptest::collection::vec(proptest::sample::select(known.to_vec()), 0..3);
    (
        labels,
        proptest::sample::select(below.to_vec()),
        proptest::sample::select(ends.to_vec()),
    )
        .prop_map(|(labels, below, end)| {
            let labels: String = labels.iter().map(|label| format!("{label}.")).collect();
            match format!("{labels}{below}{end}") {
                root if root.is_empty() => ".".to_owned(),
                name => name,
            }
        })
}

fn types() -> impl Strategy<Value = RecordType> {
    let usual = proptest::sample::select(vec![16, 16, 16, 1, 28, 6, 48, 2, 43, 5, 39, 51, 47]);
    prop_oneof![4 => usual, 1 => any::<u16>()].prop_map(RecordType::from)
}

/// Options of a query: those that are known here, others, and some that are malformed.
fn options() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let code = proptest::sample::select(vec![3_u16, 8, 10, 10, 11, 12, 65_001]);
    let length = proptest::sample::select(vec![0_usize, 7, 8, 16, 24, 24, 40, 41]);
    let data = (length, any::<u8>()).prop_map(|(length, octet)| vec![octet; length]);
    proptest::collection::vec((code, data), 0..4)
}

/// A server that has something to say to every option.
fn server() -> ServerOptions {
    ServerOptions {
        nsid: Some(b"here".to_vec()),
        cookies: Some(Cookies::new([1; 16], [])),
    }
}

/// A query with the options, EDNS or not.
fn query_with(
    owner: &str,
    record_type: RecordType,
    edns: Option<(u16, bool, bool)>,
    flags: (bool, bool, bool),
    options: &[(u16, Vec<u8>)],
) -> Vec<u8> {
    let mut query = query(owner, record_type, edns, flags);
    if edns.is_some() {
        let rdata = options.iter().flat_map(|(code, data)| {
            let length = u16::try_from(data.len()).unwrap();
            [&code.to_be_bytes()[..], &length.to_be_bytes(), data].concat()
        });
        let rdata: Vec<u8> = rdata.collect();
        query.truncate(query.len() - 2);
        query.extend(u16::try_from(rdata.len()).unwrap().to_be_bytes());
        query.extend(rdata);
    }
    query
}

fn query(
    owner: &str,
    record_type: RecordType,
    edns: Option<(u16, bool, bool)>,
    flags: (bool, bool, bool),
) -> Vec<u8> {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = flags.0;
    message.metadata.checking_disabled = flags.1;
    message.metadata.authentic_data = flags.2;
    message.add_query(Query::query(name(owner), record_type));
    if let Some((payload, dnssec_ok, compact_ok)) = edns {
        let mut edns = Edns::new();
        edns.set_max_payload(payload).set_dnssec_ok(dnssec_ok);
        edns.flags_mut().z = if compact_ok { 0x4000 } else { 0 };
        message.set_edns(edns);
    }
    message.to_vec().unwrap()
}

/// A response as what it says: header, question, sections without regard to their order.
fn said(response: &[u8]) -> String {
    let mut message = Message::from_vec(response).unwrap();
    // How much padding there is depends on how well names are compressed.
    if let Some(edns) = &mut message.edns {
        let options = &mut edns.options_mut().options;
        options.retain(|(code, _)| u16::from(*code) != 12);
    }
    let section = |records: &[Record]| {
        // A signature made on demand is another one each time.
        let lines = records.iter().map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => {
                format!("{} {} {:?}", record.name, record.ttl, rrsig.input())
            }
            _ => record.to_string(),
        });
        // The short way repeats the asked case where the long way has the zone's own.
        let mut lines: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
        lines.sort();
        lines
    };
    format!(
        "{:?} {:?} {:?}\n{:#?}\n{:#?}\n{:#?}",
        message.metadata,
        message.queries,
        message.edns,
        section(&message.answers),
        section(&message.authorities),
        section(&message.additionals)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_short_way_says_what_the_long_way_says(
        owner in labels(),
        record_type in types(),
        edns in proptest::option::of((400..5000_u16, any::<bool>(), any::<bool>())),
        flags in any::<(bool, bool, bool)>(),
        options in options(),
        transport in proptest::sample::select(vec![Transport::udp(), Transport::Tcp, Transport::Encrypted]),
    ) {
        thread_local!(static ZONES: [ZoneSet; 3] = ALL.map(zones));
        let server = server();
        let keepalive = (transport == Transport::Tcp).then_some(std::time::Duration::from_secs(10));
        let asker = Asker { options: &server, keepalive, ..Asker::over(transport) };
        let query = query_with(&owner, record_type, edns, flags, &options);
        ZONES.with(|all| {
            for zones in all {
                let mut short = Vec::new();
                if let Some(reply) = shortcut::respond(zones, &query, &asker, &mut OnDemand::unlimited(), &mut short) {
                    let (long, other) = respond_at_length(zones, &query, &asker, &mut OnDemand::unlimited()).unwrap();
                    prop_assert_eq!(said(&short), said(&long), "{} {}", owner, record_type);
                    prop_assert_eq!(reply.cookie, other.cookie);
                    prop_assert_eq!(reply.kind(&short), other.kind(&long));
                    prop_assert_eq!(reply.code(&short), other.code(&long));
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn damaged_queries_get_the_same_from_both(
        at in 0..130_usize,
        value in any::<u8>(),
        cut in proptest::option::of(0..130_usize),
    ) {
        thread_local!(static ZONES: ZoneSet = zones(Denial::Nsec3));
        let owner = "alice.user._bitcoin-payment.example.test.";
        let (edns, flags) = (Some((1232, true, false)), (true, false, false));
        let options = [(10, vec![7; 24]), (3, vec![]), (12, vec![0; 9])];
        let mut query = query_with(owner, RecordType::TXT, edns, flags, &options);
        if let Some(octet) = query.get_mut(at) {
            *octet = value;
        }
        query.truncate(cut.unwrap_or(query.len()));
        ZONES.with(|zones| {
            let mut short = Vec::new();
            let server = server();
            let asker = Asker { options: &server, ..Asker::over(Transport::udp()) };
            let _ = respond_at_length(zones, &query, &asker, &mut OnDemand::unlimited()); // no panic
            if shortcut::respond(zones, &query, &asker, &mut OnDemand::unlimited(), &mut short).is_some() {
                let (long, _) = respond_at_length(zones, &query, &asker, &mut OnDemand::unlimited()).unwrap();
                prop_assert_eq!(said(&short), said(&long));
            }
            Ok(())
        })?;
    }
}

#[test]
fn what_is_remembered_of_a_zone_is_not_said_of_another_version() {
    let mut zones = zones(Denial::Nsec3);
    let asker = Asker::over(Transport::udp());
    let missing = ["nobody.plain.test.", "nobody.user.plain.test.", "x.org."];
    let denied = |zones: &ZoneSet| {
        missing.map(|owner| {
            let (edns, flags) = (Some((1232, true, false)), (true, false, false));
            let query = query(owner, RecordType::TXT, edns, flags);
            let mut on_demand = OnDemand::unlimited();
            let (long, _) = respond_at_length(zones, &query, &asker, &mut on_demand).unwrap();
            for _ in 0..2 {
                let mut short = Vec::new();
                if shortcut::respond(zones, &query, &asker, &mut on_demand, &mut short).is_some() {
                    assert_eq!(said(&short), said(&long), "{owner}");
                }
            }
            said(&long)
        })
    };
    let first = denied(&zones);
    let before = zones.clone();
    let mut seen = vec![first.clone()];
    let change = |zone: &mut Zone, owner: &str, is_there: bool| {
        let owner = name(owner);
        if is_there {
            zone.set_txt(&owner, "text", 60, NOW).unwrap();
        } else {
            zone.remove(&owner, RecordType::TXT, NOW).unwrap();
        }
    };
    for (owner, is_there) in [
        ("bob.plain.test.", true),
        ("*.user.plain.test.", true),
        ("*.plain.test.", true),
        ("*.plain.test.", false),
    ] {
        let zone = zones.zone_mut(&name("plain.test.")).unwrap();
        change(zone, owner, is_there);
        let now = denied(&zones);
        assert!(!seen.contains(&now));
        seen.push(now);
    }
    assert_eq!(denied(&before), first);
}

#[test]
fn the_usual_questions_go_the_short_way() {
    for zones in [Denial::Nsec3, Denial::Compact].map(zones) {
        assert_goes_the_short_way(&zones);
    }
}

fn assert_goes_the_short_way(zones: &ZoneSet) {
    let server = server();
    let asker = Asker {
        options: &server,
        ..Asker::over(Transport::udp())
    };
    let go = |owner: &str, record_type| {
        let go_with = |options: &[(u16, Vec<u8>)]| {
            let (edns, flags) = (Some((1232, true, false)), (true, false, false));
            let query = query_with(owner, record_type, edns, flags, options);
            let mut on_demand = OnDemand::unlimited();
            shortcut::respond(zones, &query, &asker, &mut on_demand, &mut Vec::new()).is_some()
        };
        // With what resolvers add (a cookie, NSID, padding) as without.
        let alone = go_with(&[]);
        assert_eq!(go_with(&[(10, vec![7; 8])]), alone);
        assert_eq!(
            go_with(&[(3, vec![]), (10, vec![7; 24]), (12, vec![0; 90])]),
            alone
        );
        alone
    };
    for owner in [
        "alice.user.plain.test.",
        "Bob.user._bitcoin-payment.example.test.",
    ] {
        assert!(go(owner, RecordType::TXT) && go(owner, RecordType::A));
    }
    assert!(go(
        "nobody.user._bitcoin-payment.example.test.",
        RecordType::TXT
    ));
    assert!(go("plain.test.", RecordType::DNSKEY) && go("plain.test.", RecordType::SOA));
    assert!(!go("x.wild.plain.test.", RecordType::TXT));
    assert!(!go("away.plain.test.", RecordType::TXT));
    assert!(!go("x.secure.example.test.", RecordType::TXT));
}
