//! Whole messages: what is said to each kind of query, good and bad.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};

use super::*;
use crate::{Asker, OnDemand, Transport, ZoneSet, respond, shortcut};

fn zones() -> ZoneSet {
    let mut tree = Tree::new(empty_zone(".", Denial::Nsec3));
    let test = Settings::new(
        name("test."),
        [NameServer::new(
            name("ns.test."),
            ["192.0.2.1".parse().unwrap()],
        )],
    );
    tree.graft(Zone::new(test, key(), NOW).unwrap(), NOW)
        .unwrap();
    tree.graft(furnished_zone(Denial::Nsec3), NOW).unwrap();
    tree.into_zones()
}

fn query(owner: &str, record_type: RecordType) -> Message {
    let mut message = Message::new(4711, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name(owner), record_type));
    let mut edns = Edns::new();
    edns.set_max_payload(4096).set_dnssec_ok(true);
    message.set_edns(edns);
    message
}

fn send(zones: &ZoneSet, query: &Message, transport: Transport) -> Message {
    let response = respond(zones, &query.to_vec().unwrap(), transport).unwrap();
    Message::from_vec(&response).unwrap()
}

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";

#[test]
fn a_response_repeats_the_id_the_question_and_the_flags_of_the_asker() {
    let asked = query("aLiCe.user._bitcoin-payment.EXAMPLE.test.", RecordType::TXT);
    let response = send(&zones(), &asked, Transport::udp());
    assert_eq!(response.metadata.id, 4711);
    assert!(response.queries[0].name().eq_case(asked.queries[0].name()));
    assert!(response.metadata.authoritative && response.metadata.recursion_desired);
    assert!(!response.metadata.recursion_available && !response.metadata.truncation);
    let edns = response.edns.unwrap();
    assert!(edns.flags().dnssec_ok);
    assert_eq!((edns.version(), edns.max_payload()), (0, 1232));
    assert_eq!(response.answers.len(), 2);
}

#[test]
fn a_zone_that_is_withheld_is_answered_with_servfail_until_it_is_back_and_no_other_zone_is() {
    let mut zones = zones();
    let code = |zones: &ZoneSet, owner: &str| {
        let response = send(zones, &query(owner, RecordType::TXT), Transport::udp());
        response.metadata.response_code
    };
    let zone = zones.withhold(&name("Example.test.")).unwrap();
    for owner in [ALICE, "example.test.", "nobody.example.test."] {
        assert_eq!(code(&zones, owner), ResponseCode::ServFail);
    }
    assert_eq!(code(&zones, "test."), ResponseCode::NoError);
    assert_eq!(code(&zones, "other.test."), ResponseCode::NXDomain);
    zones.insert(zone);
    assert_eq!(code(&zones, ALICE), ResponseCode::NoError);
    // It may be withheld before it was ever there, and given up for good.
    let mut alone = ZoneSet::new();
    alone.withhold(&name("example.test."));
    assert_eq!(code(&alone, ALICE), ResponseCode::ServFail);
    assert_eq!(code(&alone, "test."), ResponseCode::Refused);
    alone.remove(&name("example.test."));
    assert_eq!(code(&alone, ALICE), ResponseCode::Refused);
}

#[test]
fn the_ds_of_a_zone_is_its_parents_to_give_whichever_of_both_is_withheld() {
    let mut zones = zones();
    let ds = |zones: &ZoneSet| {
        let asked = query("example.test.", RecordType::DS);
        let response = send(zones, &asked, Transport::udp());
        (response.metadata.response_code, types(&response.answers))
    };
    let child = zones.withhold(&name("example.test.")).unwrap();
    let found = vec![RecordType::DS, RecordType::RRSIG];
    assert_eq!(ds(&zones), (ResponseCode::NoError, found));
    zones.insert(child);
    let parent = zones.withhold(&name("test.")).unwrap();
    assert_eq!(ds(&zones), (ResponseCode::ServFail, vec![]));
    zones.remove(&name("test."));
    let referral = ds(&zones);
    assert_eq!(referral, (ResponseCode::NoError, vec![]), "the root refers");
    zones.insert(parent);
    let mut alone = ZoneSet::new();
    alone.withhold(&name("example.test."));
    assert_eq!(ds(&alone), (ResponseCode::ServFail, vec![]));
}

#[test]
fn a_zone_that_is_withheld_does_not_make_others_take_the_long_way() {
    let mut zones = zones();
    let short = |zones: &ZoneSet, owner: &str| {
        let asked = query(owner, RecordType::TXT).to_vec().unwrap();
        let (asker, mut on_demand) = (Asker::over(Transport::udp()), OnDemand::unlimited());
        shortcut::respond(zones, &asked, &asker, &mut on_demand, &mut Vec::new()).is_some()
    };
    zones.withhold(&name("test."));
    assert!(short(&zones, ALICE));
    assert!(!short(&zones, "x.test."));
    zones.withhold(&name("other.example.test."));
    assert!(short(&zones, ALICE));
    assert!(!short(&zones, "x.other.example.test."));
}

#[test]
fn the_largest_set_that_is_taken_fits_a_message_with_its_signatures_and_proofs() {
    let data = |count: u32| {
        let address = |number: u32| RData::A(std::net::Ipv4Addr::from(number).into());
        (0..count).map(address).collect::<Vec<_>>()
    };
    let label = "x".repeat(59);
    let longest = format!("{label}.{label}.{label}.{label}.example.test.");
    for denial in ALL {
        let mut zone = empty_zone("example.test.", denial);
        let entry = std::sync::Arc::new(key());
        let beside = std::sync::Arc::new(key());
        let shown = [beside.dnskey().clone()];
        let keys = crate::ZoneKeys::new(entry.clone(), entry, shown, crate::DsRequest::None);
        zone.set_keys(keys.beside(Some(beside.clone()), Some(beside)), NOW)
            .unwrap();
        let refused = zone.set_records(&name("*.example.test."), RecordType::A, 60, data(271), NOW);
        let refused = refused.map_err(|error| match error {
            crate::ZoneError::Records(_, error) => error,
            other => panic!("{other}"),
        });
        assert_eq!(
            refused.unwrap_err(),
            crate::RecordSetError::TooLarge(RecordType::A)
        );
        for owner in ["*.example.test.", longest.as_str()] {
            let twice = [data(270), data(10)].concat();
            zone.set_records(&name(owner), RecordType::A, 60, twice, NOW)
                .unwrap();
            let zones = ZoneSet::from_iter([zone.clone()]);
            let response = send(
                &zones,
                &query(&longest, RecordType::A),
                Transport::Encrypted,
            );
            assert!(!response.metadata.truncation, "{denial:?} {owner}");
            assert_eq!(count(&response.answers, RecordType::A), 270);
            assert_eq!(count(&response.answers, RecordType::RRSIG), 2);
        }
    }
}

#[test]
fn a_query_without_edns_gets_a_response_without_edns_or_dnssec() {
    let mut asked = query(ALICE, RecordType::TXT);
    asked.edns = None;
    let response = send(&zones(), &asked, Transport::udp());
    assert!(response.edns.is_none());
    assert_eq!(types(&response.answers), [RecordType::TXT]);
}

#[test]
fn the_deepest_zone_answers_but_a_ds_comes_from_the_parent() {
    let zones = zones();
    let ds = send(
        &zones,
        &query("example.test.", RecordType::DS),
        Transport::udp(),
    );
    assert_eq!(types(&ds.answers), [RecordType::DS, RecordType::RRSIG]);
    let soa = send(
        &zones,
        &query("example.test.", RecordType::SOA),
        Transport::udp(),
    );
    assert_eq!(soa.answers[0].name, name("example.test."));
    let root = send(&zones, &query(".", RecordType::DS), Transport::udp());
    assert_eq!(root.metadata.response_code, ResponseCode::NoError);
    let elsewhere = ZoneSet::from_iter([furnished_zone(Denial::Nsec)]);
    let refused = send(
        &elsewhere,
        &query("example.org.", RecordType::A),
        Transport::udp(),
    );
    assert_eq!(refused.metadata.response_code, ResponseCode::Refused);
}

#[test]
fn what_does_not_fit_a_datagram_is_truncated_and_comes_whole_over_tcp() {
    let mut zones = zones();
    let zone = zones.zone_mut(&name("example.test.")).unwrap();
    let text = "x".repeat(2000);
    zone.set_txt(&name("big.example.test."), &text, 60, NOW)
        .unwrap();
    let asked = query("big.example.test.", RecordType::TXT);
    let datagram = respond(&zones, &asked.to_vec().unwrap(), Transport::udp()).unwrap();
    assert!(datagram.len() <= 1232);
    let datagram = Message::from_vec(&datagram).unwrap();
    assert!(datagram.metadata.truncation);
    assert!(datagram.answers.is_empty() && datagram.edns.is_some());
    let whole = send(&zones, &asked, Transport::Tcp);
    assert!(!whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 2);
}

#[test]
fn a_small_announced_size_is_kept_to() {
    let zones = zones();
    let mut asked = query(
        "nobody.user._bitcoin-payment.example.test.",
        RecordType::TXT,
    );
    asked.edns.as_mut().unwrap().set_max_payload(512);
    let small = respond(&zones, &asked.to_vec().unwrap(), Transport::udp()).unwrap();
    assert!(small.len() <= 512);
    assert!(Message::from_vec(&small).unwrap().metadata.truncation);
    asked.edns.as_mut().unwrap().set_max_payload(4096);
    let large = send(&zones, &asked, Transport::udp());
    assert!(!large.metadata.truncation, "a full denial fits 1232 octets");
}

#[test]
fn an_unknown_edns_version_is_answered_with_badvers() {
    let mut asked = query(ALICE, RecordType::TXT);
    asked.edns.as_mut().unwrap().set_version(1);
    let response = send(&zones(), &asked, Transport::udp());
    // Code 16 has two names, BADVERS and BADSIG.
    assert_eq!(u16::from(response.metadata.response_code), 16);
    assert_eq!(response.edns.unwrap().version(), 0);
    assert!(response.answers.is_empty());
}

#[test]
fn other_classes_opcodes_and_kinds_of_question_are_declined() {
    let zones = zones();
    let code = |asked: &Message| send(&zones, asked, Transport::udp()).metadata.response_code;
    let mut chaos = query("version.bind.", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos), ResponseCode::Refused);
    assert_eq!(
        code(&query("test.", RecordType::AXFR)),
        ResponseCode::Refused
    );
    assert_eq!(
        code(&query("test.", RecordType::OPT)),
        ResponseCode::FormErr
    );
    let mut update = query("test.", RecordType::SOA);
    update.metadata.op_code = OpCode::Update;
    assert_eq!(code(&update), ResponseCode::NotImp);
    let mut two = query("test.", RecordType::SOA);
    two.add_query(Query::query(name("test."), RecordType::NS));
    assert_eq!(code(&two), ResponseCode::FormErr);
}

#[test]
fn many_questions_are_neither_read_nor_repeated() {
    let mut asked = query(ALICE, RecordType::TXT).to_vec().unwrap();
    asked[4..6].copy_from_slice(&300_u16.to_be_bytes());
    for count in 0..299_u16 {
        // A label of its own, then a pointer to the first question's name.
        asked.extend([4, b'q', b'x', count as u8, (count >> 8) as u8, 0xc0, 12]);
        asked.extend([0, 16, 0, 1]);
    }
    for transport in [Transport::udp(), Transport::Tcp] {
        let response = respond(&zones(), &asked, transport).unwrap();
        assert_eq!(response.len(), 12);
        let response = Message::from_vec(&response).unwrap();
        assert_eq!(response.metadata.response_code, ResponseCode::FormErr);
    }
}

#[test]
fn responses_and_fragments_of_headers_get_silence_and_broken_bodies_an_error() {
    let zones = zones();
    let bytes = query(ALICE, RecordType::TXT).to_vec().unwrap();
    let mut response = bytes.clone();
    response[2] |= 0x80;
    assert_eq!(respond(&zones, &response, Transport::udp()), None);
    assert_eq!(respond(&zones, &bytes[..11], Transport::udp()), None);
    let broken = respond(&zones, &bytes[..20], Transport::udp()).unwrap();
    let broken = Message::from_vec(&broken).unwrap();
    assert_eq!(broken.metadata.response_code, ResponseCode::FormErr);
    assert_eq!(broken.metadata.id, 4711);
}

#[test]
fn no_damaged_query_makes_it_panic_or_answer_more_than_allowed() {
    let zones = zones();
    let bytes = query(ALICE, RecordType::TXT).to_vec().unwrap();
    for length in 0..bytes.len() {
        respond(&zones, &bytes[..length], Transport::udp());
    }
    for at in 0..bytes.len() {
        for value in [0x00, 0x01, 0x29, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            if let Some(response) = respond(&zones, &damaged, Transport::udp()) {
                assert!(response.len() <= 1232);
                assert_eq!(response[2] & 0x80, 0x80);
            }
        }
    }
}
