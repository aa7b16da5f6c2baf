//! Every judgement: what brings it about, and that it is silent where nothing is wrong.

use alloc::{string::ToString as _, vec, vec::Vec};
use core::net::IpAddr;

use hickory_proto::rr::{Name, RecordType};

use super::*;
use crate::{
    proof::{Bogus, Insecure, Outcome, Proof, Reason, RecordSetName},
    time::{UnixTime, Window},
};

const NOW: UnixTime = UnixTime(1_785_988_800);
const DAY: u64 = 86_400;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn zone() -> Name {
    name("example.test.")
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

fn ds(tag: u16) -> Ds {
    Ds {
        key_tag: tag,
        algorithm: 13,
        digest_type: 2,
        digest: vec![tag as u8; 32],
    }
}

fn bogus(reason: Reason) -> Outcome {
    let record_set = RecordSetName {
        owner: zone(),
        record_type: RecordType::DNSKEY,
    };
    Outcome::Bogus(Bogus {
        record_set,
        zone: Some(zone()),
        reason,
    })
}

/// One is part of every outcome; no judgement here looks into it.
fn any_proof() -> Proof {
    let vector = include_str!("../../vectors/rfc9102-denial-nsec.hex");
    Proof::parse(&hex::decode(vector.trim()).unwrap()).unwrap()
}

fn insecure(zone: &str, parent: &str) -> Outcome {
    Outcome::Insecure(Insecure {
        zone: name(zone),
        parent: name(parent),
        window: Window {
            valid_from: NOW,
            valid_until: NOW,
        },
        cache_ttl: 0,
        proof: any_proof(),
    })
}

#[test]
fn every_code_is_its_own_and_stands_in_order() {
    let texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(texts.windows(2).all(|two| two[0] < two[1]), "{texts:?}");
    assert!(Code::ALL.windows(2).all(|two| two[0] < two[1]));
}

#[test]
fn a_broken_chain_is_told_by_its_reason() {
    for (outcome, code) in [
        (insecure("example.test.", "test."), "D302"),
        (insecure("test.", "."), "D301"),
        (bogus(Reason::NoMatchingDs), "D303"),
        (bogus(Reason::Expired { at: NOW }), "D304"),
        (bogus(Reason::NotYetValid { at: NOW }), "D304"),
        (bogus(Reason::Algorithm(5)), "D306"),
        (bogus(Reason::WeakKey { bits: 512 }), "D306"),
        (bogus(Reason::Unsigned), "D318"),
        (bogus(Reason::WrongSignature), "D318"),
    ] {
        let findings = judge_chain(&zone(), &outcome);
        assert_eq!(codes(&findings), [code], "{outcome:?}");
        assert_eq!(findings[0].severity, Severity::Error);
        assert!(!findings[0].fix.is_empty());
    }
}

#[test]
fn the_parents_ds_records_are_held_against_the_keys() {
    let judge = |wanted: &[Ds], signing: &[Ds], parent: &[Ds]| {
        judge_parent_keys(&zone(), wanted, signing, parent)
    };
    assert!(judge(&[ds(1)], &[ds(1)], &[ds(1)]).is_empty());
    let none = judge(&[ds(1)], &[ds(1)], &[]);
    assert_eq!(codes(&none), ["D302"]);
    assert!(
        none[0].fix.contains("example.test. IN DS 1 13 2 "),
        "{}",
        none[0]
    );
    let stale = judge(&[ds(1)], &[ds(1)], &[ds(2)]);
    assert_eq!(codes(&stale), ["D303"]);
    assert!(stale[0].evidence.contains("key tag 2"), "{}", stale[0]);
    // The same key with another algorithm in the DS record is another DS record.
    let other = Ds {
        algorithm: 15,
        ..ds(1)
    };
    assert_eq!(codes(&judge(&[ds(1)], &[ds(1)], &[other])), ["D303"]);
    let rollover = judge(&[ds(1), ds(2)], &[ds(1)], &[ds(1), ds(3)]);
    assert_eq!(codes(&rollover), ["D317"]);
    assert_eq!(rollover[0].severity, Severity::Warning);
    let fix = &rollover[0].fix;
    assert!(fix.contains("add there: example.test. IN DS 2 "), "{fix}");
    assert!(
        fix.contains("remove there: example.test. IN DS 3 "),
        "{fix}"
    );
}

#[test]
fn signatures_are_too_late_too_early_or_old() {
    let judge = |from: u64, until: u64, life: u64| {
        let window = Window {
            valid_from: UnixTime(from),
            valid_until: UnixTime(until),
        };
        judge_signatures(&zone(), window, life, NOW)
    };
    let (life, now) = (7 * DAY, NOW.0);
    assert!(judge(now - DAY, now + 6 * DAY, life).is_empty());
    assert!(judge(now, now + life / 4, life).is_empty());
    assert_eq!(
        codes(&judge(now - life, now + life / 4 - 1, life)),
        ["D305"]
    );
    assert!(judge(now, now + 3 * DAY, 60 * DAY).is_empty());
    assert_eq!(codes(&judge(now, now + 3 * DAY - 1, 60 * DAY)), ["D305"]);
    assert_eq!(codes(&judge(now - life, now - 1, life)), ["D304"]);
    assert_eq!(codes(&judge(now + 1, now + life, life)), ["D304"]);
}

#[test]
fn servers_that_differ_or_are_silent_are_named() {
    let heard = |server: &str, soa: Result<(u32, bool, bool), &str>| Heard {
        server: server.to_string(),
        soa: soa
            .map_err(|why| why.to_string())
            .map(|(serial, is_signed, is_authoritative)| Soa {
                serial,
                is_signed,
                is_authoritative,
            }),
    };
    let all = [
        heard("good", Ok((7, true, true))),
        heard("behind", Ok((6, true, true))),
        heard("bare", Ok((7, false, true))),
        heard("foreign", Ok((7, true, false))),
        heard("silent", Err("no answer")),
    ];
    let findings = judge_serials(&zone(), Some(7), &all);
    assert_eq!(codes(&findings), ["D308", "D308", "D316", "D316"]);
    for (finding, server) in findings.iter().zip(["behind", "bare", "foreign", "silent"]) {
        assert!(finding.evidence.starts_with(server), "{finding}");
    }
    assert!(judge_serials(&zone(), Some(7), &all[..1]).is_empty());
    // Without a primary, the latest serial is right, also across the end of the numbers.
    let wrapped = [
        heard("a", Ok((u32::MAX, true, true))),
        heard("b", Ok((1, true, true))),
    ];
    let findings = judge_serials(&zone(), None, &wrapped);
    assert!(findings[0].evidence.starts_with('a') && findings.len() == 1);
}

#[test]
fn a_delegation_is_compared_name_by_name_and_address_by_address() {
    let referral = |servers: &[&str], addresses: &[(&str, &str)]| Referral {
        nameservers: servers.iter().map(|server| name(server)).collect(),
        addresses: addresses
            .iter()
            .map(|(server, ip)| (name(server), ip.parse::<IpAddr>().unwrap()))
            .collect(),
    };
    let (one, two) = ("ns1.example.test.", "ns2.elsewhere.test.");
    let wanted = referral(&[one, two], &[(one, "192.0.2.1"), (one, "2001:db8::1")]);
    assert!(judge_delegation(&zone(), &wanted, &wanted).is_empty());
    let none = judge_delegation(&zone(), &wanted, &Referral::default());
    assert_eq!(codes(&none), ["D706"]);
    assert!(
        none[0]
            .fix
            .contains("example.test. IN NS ns2.elsewhere.test.")
    );
    let other = referral(
        &[one, "ns9.test."],
        &[(one, "192.0.2.1"), (one, "2001:db8::9")],
    );
    let findings = judge_delegation(&zone(), &wanted, &other);
    assert_eq!(codes(&findings), ["D706", "D706", "D707"]);
    assert!(
        findings[2]
            .fix
            .contains("192.0.2.1, 2001:db8::1 for ns1.example.test.")
    );
    let bare = referral(&[one, two], &[]);
    let findings = judge_delegation(&zone(), &wanted, &bare);
    assert!(
        findings[0].evidence.contains("no address"),
        "{}",
        findings[0]
    );
}

#[test]
fn the_worst_decides_how_a_program_ends() {
    let finding = |severity| Finding::new(severity, Code::Clock, "here", "late");
    let report = |all: &[Severity]| {
        all.iter()
            .map(|severity| finding(*severity))
            .collect::<Report>()
    };
    assert_eq!(report(&[]).exit_code(), 0);
    assert_eq!(report(&[]).to_string(), "nothing is wrong\n");
    assert_eq!(report(&[Severity::Info]).exit_code(), 0);
    assert_eq!(report(&[Severity::Info, Severity::Warning]).exit_code(), 21);
    let worst = report(&[Severity::Warning, Severity::Error, Severity::Info]);
    assert_eq!(worst.exit_code(), 20);
    assert!(worst.to_string().starts_with("ERROR D708 here: late\nWARN"));
}

#[test]
fn every_code_is_read_in_any_case_and_explained_at_length() {
    for code in Code::ALL {
        assert_eq!(code.as_str().to_ascii_lowercase().parse(), Ok(code));
        assert!(
            !code.title().is_empty() && !code.title().ends_with('.'),
            "{code}"
        );
        let lines: Vec<_> = code.meaning().lines().collect();
        assert_eq!(lines.len(), 2, "{code}: what it means, and what to do");
        assert!(
            lines
                .iter()
                .all(|line| line.ends_with(['.', '…', '.']) || line.contains(':')),
            "{code}"
        );
    }
    assert!("D999".parse::<Code>().is_err());
}

#[test]
fn an_alias_into_an_unsigned_zone_is_no_fault_of_the_zones_parent() {
    let elsewhere = insecure("other.test.", "test.");
    assert_eq!(codes(&judge_chain(&zone(), &elsewhere)), ["D309"]);
    for (reason, code) in [
        (Reason::TooManyHops { limit: 8 }, "D309"),
        (
            Reason::WildcardUnproven {
                next_closer: zone(),
            },
            "D311",
        ),
        (
            Reason::TooManyIterations {
                iterations: 500,
                limit: 100,
            },
            "D314",
        ),
    ] {
        assert_eq!(codes(&judge_chain(&zone(), &bogus(reason))), [code]);
    }
}

#[test]
fn a_message_is_read_or_refused_and_never_more() {
    let denial = b"\x12\x34\x84\x03\0\x01\0\0\0\0\0\0\x05alice\0\0\x10\0\x01";
    assert!(Seen::read(denial, RecordType::TXT).is_some());
    for cut in 0..denial.len() {
        assert!(
            Seen::read(&denial[..cut], RecordType::TXT).is_none(),
            "{cut}"
        );
    }
    let mut refused = *denial;
    refused[3] = 5;
    assert!(Seen::read(&refused, RecordType::TXT).is_none());
}
