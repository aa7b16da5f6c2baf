//! Names denied by an NSEC made on demand (RFC 9824).

use std::time::Duration;

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};

use super::*;
use crate::{Asker, OnDemand, OnDemandTally, Transport, ZoneSet, respond_into};

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
const NOBODY: &str = "nobody.user._bitcoin-payment.example.test.";
const NXNAME: RecordType = RecordType::Unknown(128);

fn zone() -> Zone {
    furnished_zone(Denial::Compact)
}

/// Asks with the DO bit and has every signature checked.
fn ask(zone: &Zone, owner: &str, record_type: RecordType) -> Answer {
    let answer = zone.answer(&name(owner), record_type, true);
    assert_signed(zone, &answer);
    answer
}

/// The one NSEC of an answer, with its owner.
fn nsec(section: &[Record]) -> (Name, NSEC) {
    let mut found = section.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => Some((record.name.clone(), nsec.clone())),
        _ => None,
    });
    let first = found.next().unwrap();
    assert!(found.next().is_none());
    first
}

fn listed(answer: &Answer) -> Vec<RecordType> {
    let (_, nsec) = nsec(&answer.authorities);
    nsec.type_bit_maps().collect()
}

#[test]
fn a_missing_name_has_an_nsec_that_speaks_of_it_alone_and_says_that_it_is_missing() {
    let zone = zone();
    for owner in [
        NOBODY,
        "a.b.c.example.test.",
        "x.alice.user._bitcoin-payment.example.test.",
    ] {
        let answer = ask(&zone, owner, RecordType::TXT);
        let (at, nsec) = nsec(&answer.authorities);
        assert_eq!(at, name(owner));
        let successor = Name::from_labels([&b"\0"[..]].into_iter().chain(at.iter())).unwrap();
        assert_eq!(nsec.next_domain_name(), &successor);
        assert_eq!(
            listed(&answer),
            [RecordType::RRSIG, RecordType::NSEC, NXNAME]
        );
        assert_eq!(
            answer.authorities.len(),
            4,
            "the SOA, the NSEC, and their signatures"
        );
    }
}

#[test]
fn a_name_that_exists_lists_its_types_and_an_empty_non_terminal_none() {
    let zone = zone();
    let usual = [RecordType::RRSIG, RecordType::NSEC];
    let types = listed(&ask(&zone, ALICE, RecordType::A));
    assert_eq!(types, [RecordType::TXT, usual[0], usual[1]]);
    for owner in ["user._bitcoin-payment.example.test.", "wild.example.test."] {
        let answer = ask(&zone, owner, RecordType::TXT);
        assert_eq!(answer.response_code, ResponseCode::NoError);
        assert_eq!(listed(&answer), usual);
    }
}

#[test]
fn a_wildcard_answers_as_if_the_name_existed() {
    let zone = zone();
    let answer = ask(&zone, "x.y.wild.example.test.", RecordType::TXT);
    assert_eq!(types(&answer.answers), [RecordType::TXT, RecordType::RRSIG]);
    assert!(answer.authorities.is_empty());
    let RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) = &answer.answers[1].data else {
        panic!("no signature");
    };
    assert_eq!(rrsig.input().num_labels, 5, "all labels of the name");
    let without = ask(&zone, "x.wild.example.test.", RecordType::A);
    assert_eq!(without.response_code, ResponseCode::NoError);
    assert_eq!(
        listed(&without),
        [RecordType::TXT, RecordType::RRSIG, RecordType::NSEC]
    );
    let alias = ask(&zone, "z.alias.example.test.", RecordType::TXT);
    assert_eq!(count(&alias.answers, RecordType::TXT), 1);
}

#[test]
fn an_unsigned_delegation_has_an_nsec_that_leads_past_what_is_below_it() {
    let zone = zone();
    for answer in [
        ask(&zone, "x.insecure.example.test.", RecordType::TXT),
        ask(&zone, "insecure.example.test.", RecordType::DS),
    ] {
        let (at, nsec) = nsec(&answer.authorities);
        assert_eq!(at, name("insecure.example.test."));
        let label = nsec.next_domain_name().iter().next().unwrap();
        assert_eq!(label, b"insecure\0");
        assert!(listed(&answer).contains(&RecordType::NS));
        assert!(!listed(&answer).contains(&RecordType::DS));
    }
}

#[test]
fn a_question_for_the_nsec_itself_is_answered_at_any_name() {
    let zone = zone();
    for owner in [ALICE, NOBODY] {
        let answer = ask(&zone, owner, RecordType::NSEC);
        assert_eq!(answer.response_code, ResponseCode::NoError);
        assert_eq!(nsec(&answer.answers).0, name(owner));
    }
}

#[test]
fn publishing_signs_the_set_and_the_soa_and_nothing_else() {
    let mut zone = zone();
    let change = zone.set_txt(&name(NOBODY), "bitcoin:", 60, NOW).unwrap();
    assert_eq!(change.signatures, 2);
    let answer = ask(&zone, NOBODY, RecordType::TXT);
    assert_eq!(types(&answer.answers), [RecordType::TXT, RecordType::RRSIG]);
    zone.remove(&name(NOBODY), RecordType::TXT, NOW).unwrap();
    assert!(listed(&ask(&zone, NOBODY, RecordType::TXT)).contains(&NXNAME));
}

fn query(owner: &str, dnssec_ok: bool, compact_ok: bool) -> Vec<u8> {
    let mut message = Message::new(1, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name(owner), RecordType::TXT));
    let mut edns = Edns::new();
    edns.set_max_payload(1232).set_dnssec_ok(dnssec_ok);
    edns.flags_mut().z = if compact_ok { 0x4000 } else { 0 };
    message.set_edns(edns);
    message.to_vec().unwrap()
}

fn send(on_demand: &mut OnDemand, query: &[u8], transport: Transport) -> Message {
    let zones = ZoneSet::from_iter([zone()]);
    let mut out = Vec::new();
    let asker = Asker::over(transport);
    assert!(respond_into(&zones, query, &asker, on_demand, &mut out).is_some());
    Message::from_vec(&out).unwrap()
}

#[test]
fn nxdomain_is_said_only_to_who_wants_no_dnssec_or_knows_compact_answers() {
    for (dnssec_ok, compact_ok, code) in [
        (false, false, ResponseCode::NXDomain),
        (true, false, ResponseCode::NoError),
        (true, true, ResponseCode::NXDomain),
    ] {
        for owner in [NOBODY, "dangling.example.test."] {
            let query = query(owner, dnssec_ok, compact_ok);
            let response = send(&mut OnDemand::unlimited(), &query, Transport::udp());
            assert_eq!(response.metadata.response_code, code, "{owner}");
            let flags = *response.edns.unwrap().flags();
            assert_eq!(flags.z & 0x4000 != 0, compact_ok);
        }
    }
}

#[test]
fn beyond_the_budget_answers_over_udp_are_truncated_and_those_over_tcp_are_not() {
    let mut on_demand = OnDemand::new(2, 0);
    let truncated = |on_demand: &mut OnDemand, owner: &str, transport| {
        let response = send(on_demand, &query(owner, true, false), transport);
        let empty = response.answers.is_empty() && response.authorities.is_empty();
        assert_eq!(response.metadata.truncation, empty);
        empty
    };
    for owner in [NOBODY, "x.wild.example.test."] {
        assert!(!truncated(&mut on_demand, owner, Transport::udp()));
    }
    for owner in [NOBODY, "x.wild.example.test.", "dangling.example.test."] {
        assert!(truncated(&mut on_demand, owner, Transport::udp()));
        assert!(!truncated(&mut on_demand, owner, Transport::Tcp));
    }
    assert!(
        !truncated(&mut on_demand, ALICE, Transport::udp()),
        "signed long ago"
    );
    on_demand.grant(Duration::from_millis(500));
    assert!(!truncated(&mut on_demand, NOBODY, Transport::udp()));
    assert!(truncated(&mut on_demand, NOBODY, Transport::udp()));
}

#[test]
fn what_was_signed_lately_is_not_signed_again_until_it_would_end_too_early() {
    let mut zone = zone();
    let mut on_demand = OnDemand::new(1, 100);
    let mut ask = |zone: &Zone, elapsed: u64| {
        on_demand.grant(Duration::from_secs(elapsed));
        let answer = zone.answer_on(&mut on_demand, true, &name(NOBODY), RecordType::TXT, true);
        assert!(answer.truncated || listed(&answer).contains(&NXNAME));
        if !answer.truncated {
            assert_signed(zone, &answer);
        }
        answer.truncated
    };
    assert!(!ask(&zone, 0));
    assert!(!ask(&zone, 0), "remembered");
    let day = 24 * 3600;
    zone.set_txt(&name("new.example.test."), "x", 60, NOW.plus(day))
        .unwrap();
    assert!(!ask(&zone, 0), "good for days still");
    zone.set_txt(&name("new.example.test."), "y", 60, NOW.plus(2 * day))
        .unwrap();
    assert!(ask(&zone, 0), "to be signed again");
    assert!(!ask(&zone, 1));
    let tally = OnDemandTally {
        made: 2,
        remembered: 2,
        refused: 1,
    };
    assert_eq!(on_demand.tally(), tally);
}
