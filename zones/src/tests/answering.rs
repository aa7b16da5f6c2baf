//! What a zone answers.

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::ResponseCode::{self, NXDomain, NoError};

use super::*;

/// Asks with the DO bit and has every signature checked.
fn ask(zone: &Zone, owner: &str, record_type: RecordType) -> Answer {
    let answer = zone.answer(&name(owner), record_type, true);
    assert_signed(zone, &answer);
    answer
}

fn denials(answer: &Answer) -> usize {
    count(&answer.authorities, RecordType::NSEC) + count(&answer.authorities, RecordType::NSEC3)
}

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";

#[test]
fn a_record_is_answered_with_its_signature_and_nothing_else() {
    for zone in BOTH.map(furnished_zone) {
        let answer = ask(&zone, ALICE, RecordType::TXT);
        assert_eq!(answer.response_code, NoError);
        assert!(answer.authoritative);
        assert_eq!(types(&answer.answers), [RecordType::TXT, RecordType::RRSIG]);
        assert!(answer.authorities.is_empty() && answer.additionals.is_empty());
    }
}

#[test]
fn without_the_do_bit_there_is_no_dnssec_in_the_answer() {
    for zone in BOTH.map(furnished_zone) {
        for owner in [ALICE, "nobody.example.test.", "x.wild.example.test."] {
            let answer = zone.answer(&name(owner), RecordType::TXT, false);
            let sections = [answer.answers, answer.authorities].concat();
            assert!(sections.iter().all(|r| !r.record_type().is_dnssec()));
        }
    }
}

#[test]
fn the_name_is_found_in_any_case_and_repeated_as_it_was_asked() {
    let zone = furnished_zone(Denial::Nsec3);
    let asked = name("ALICE.user._Bitcoin-Payment.example.TEST.");
    let answer = zone.answer(&asked, RecordType::TXT, true);
    assert_signed(&zone, &answer);
    assert!(answer.answers[0].name.eq_case(&asked));
}

#[test]
fn a_name_that_exists_without_the_type_is_nodata() {
    for zone in BOTH.map(furnished_zone) {
        let answer = ask(&zone, ALICE, RecordType::A);
        assert_eq!(answer.response_code, NoError);
        assert!(answer.answers.is_empty());
        assert_eq!(count(&answer.authorities, RecordType::SOA), 1);
        assert_eq!(denials(&answer), 1);
        assert!(answer.authorities.iter().all(|record| record.ttl == 300));
    }
}

#[test]
fn a_name_that_only_has_names_below_it_is_nodata_not_nxdomain() {
    for zone in BOTH.map(furnished_zone) {
        for owner in [
            "_bitcoin-payment.example.test.",
            "user._bitcoin-payment.example.test.",
            "deep.user._bitcoin-payment.example.test.",
            "wild.example.test.",
        ] {
            let answer = ask(&zone, owner, RecordType::TXT);
            assert_eq!(answer.response_code, NoError, "{owner}");
            assert_eq!(denials(&answer), 1, "{owner}");
        }
    }
}

#[test]
fn a_missing_name_is_denied_together_with_the_wildcard() {
    for (denial, expected) in [(Denial::Nsec, 1..=2), (Denial::Nsec3, 2..=3)] {
        let zone = furnished_zone(denial);
        for owner in [
            "nobody.user._bitcoin-payment.example.test.",
            "a.b.c.example.test.",
            "below.alice.user._bitcoin-payment.example.test.",
        ] {
            let answer = ask(&zone, owner, RecordType::TXT);
            assert_eq!(answer.response_code, NXDomain, "{owner}");
            assert!(expected.contains(&denials(&answer)), "{owner}");
        }
    }
}

#[test]
fn a_wildcard_answers_for_every_missing_name_below_it_with_the_denial_of_the_name() {
    for zone in BOTH.map(furnished_zone) {
        for owner in ["x.wild.example.test.", "x.y.wild.example.test."] {
            let answer = ask(&zone, owner, RecordType::TXT);
            assert_eq!(types(&answer.answers), [RecordType::TXT, RecordType::RRSIG]);
            assert_eq!(answer.answers[0].name, name(owner));
            let RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) = &answer.answers[1].data else {
                panic!("no signature");
            };
            assert_eq!(
                rrsig.input().num_labels,
                3,
                "the labels of wild.example.test."
            );
            assert_eq!(denials(&answer), 1);
        }
        let without = ask(&zone, "x.wild.example.test.", RecordType::A);
        assert_eq!(without.response_code, NoError);
        assert!(without.answers.is_empty());
        assert!((1..=3).contains(&denials(&without)));
    }
}

#[test]
fn an_existing_name_shadows_the_wildcard() {
    let mut zone = furnished_zone(Denial::Nsec3);
    let shadow = name("shadow.wild.example.test.");
    zone.set_txt(&shadow, "own", 600, NOW).unwrap();
    let below = ask(&zone, "x.shadow.wild.example.test.", RecordType::TXT);
    assert_eq!(below.response_code, NXDomain);
    let other_type = ask(&zone, "shadow.wild.example.test.", RecordType::A);
    assert_eq!(other_type.response_code, NoError);
    assert_eq!(denials(&other_type), 1);
}

#[test]
fn an_alias_is_followed_inside_the_zone_and_left_at_its_border() {
    for zone in BOTH.map(furnished_zone) {
        let inside = ask(&zone, "www.example.test.", RecordType::TXT);
        let expected = [
            RecordType::CNAME,
            RecordType::RRSIG,
            RecordType::TXT,
            RecordType::RRSIG,
        ];
        assert_eq!(types(&inside.answers), expected);
        let outside = ask(&zone, "away.example.test.", RecordType::TXT);
        assert_eq!(types(&outside.answers), expected[..2]);
        assert_eq!(outside.response_code, NoError);
        let itself = ask(&zone, "www.example.test.", RecordType::CNAME);
        assert_eq!(types(&itself.answers), expected[..2]);
    }
}

#[test]
fn an_alias_to_nothing_is_nxdomain_with_the_alias_shown() {
    for zone in BOTH.map(furnished_zone) {
        let answer = ask(&zone, "dangling.example.test.", RecordType::TXT);
        assert_eq!(answer.response_code, NXDomain);
        assert_eq!(
            types(&answer.answers),
            [RecordType::CNAME, RecordType::RRSIG]
        );
        assert!(denials(&answer) > 0);
    }
}

#[test]
fn an_alias_to_itself_is_said_once() {
    let zone = furnished_zone(Denial::Nsec3);
    let answer = ask(&zone, "loop.example.test.", RecordType::TXT);
    assert_eq!(
        types(&answer.answers),
        [RecordType::CNAME, RecordType::RRSIG]
    );
}

#[test]
fn a_wildcard_alias_is_expanded_and_followed() {
    for zone in BOTH.map(furnished_zone) {
        let answer = ask(&zone, "z.alias.example.test.", RecordType::TXT);
        assert_eq!(count(&answer.answers, RecordType::CNAME), 1);
        assert_eq!(count(&answer.answers, RecordType::TXT), 1);
        assert_eq!(denials(&answer), 1);
    }
}

#[test]
fn a_dname_redirects_what_is_below_it_but_not_itself() {
    for zone in BOTH.map(furnished_zone) {
        let below = ask(&zone, "alice.moved.example.test.", RecordType::TXT);
        assert_eq!(
            types(&below.answers),
            [
                RecordType::DNAME,
                RecordType::RRSIG,
                RecordType::CNAME,
                RecordType::TXT,
                RecordType::RRSIG
            ]
        );
        let itself = ask(&zone, "moved.example.test.", RecordType::TXT);
        assert_eq!(itself.response_code, NoError);
        assert!(itself.answers.is_empty());
    }
}

#[test]
fn a_dname_into_itself_is_said_once_and_ends() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    let (owner, target) = (name("d.example.test."), name("x.d.example.test."));
    zone.set_dname(&owner, &target, 60, NOW).unwrap();
    let answer = ask(&zone, "y.d.example.test.", RecordType::TXT);
    assert_eq!(count(&answer.answers, RecordType::DNAME), 1);
    assert!(count(&answer.answers, RecordType::CNAME) <= 9);
}

#[test]
fn a_dname_that_makes_the_name_too_long_says_so() {
    let zone = furnished_zone(Denial::Nsec3);
    let long = "x".repeat(55);
    let owner = format!("{long}.{long}.{long}.{long}.moved.example.test.");
    let answer = ask(&zone, &owner, RecordType::TXT);
    assert_eq!(answer.response_code, ResponseCode::YXDomain);
}

#[test]
fn below_a_delegation_there_is_a_referral_with_glue_and_the_status_of_the_child() {
    for zone in BOTH.map(furnished_zone) {
        let secure = ask(&zone, "alice.secure.example.test.", RecordType::TXT);
        assert!(!secure.authoritative);
        assert!(secure.answers.is_empty());
        let expected = [RecordType::NS, RecordType::DS, RecordType::RRSIG];
        assert_eq!(types(&secure.authorities), expected);
        assert_eq!(
            types(&secure.additionals),
            [RecordType::A, RecordType::AAAA]
        );

        let insecure = ask(&zone, "insecure.example.test.", RecordType::TXT);
        assert!(!insecure.authoritative);
        assert_eq!(count(&insecure.authorities, RecordType::DS), 0);
        assert_eq!(denials(&insecure), 1);
    }
}

#[test]
fn the_ds_at_a_delegation_is_answered_by_the_parent() {
    for zone in BOTH.map(furnished_zone) {
        let secure = ask(&zone, "secure.example.test.", RecordType::DS);
        assert!(secure.authoritative);
        assert_eq!(types(&secure.answers), [RecordType::DS, RecordType::RRSIG]);
        let insecure = ask(&zone, "insecure.example.test.", RecordType::DS);
        assert!(insecure.authoritative);
        assert_eq!(denials(&insecure), 1);
    }
}

#[test]
fn glue_is_never_an_answer() {
    for zone in BOTH.map(furnished_zone) {
        let answer = ask(&zone, "ns.secure.example.test.", RecordType::A);
        assert!(answer.answers.is_empty());
        assert!(!answer.authoritative);
    }
}

#[test]
fn any_gets_one_record_set() {
    let zone = furnished_zone(Denial::Nsec3);
    let apex = ask(&zone, "example.test.", RecordType::ANY);
    assert_eq!(types(&apex.answers), [RecordType::NS, RecordType::RRSIG]);
    let missing = ask(&zone, "nobody.example.test.", RecordType::ANY);
    assert_eq!(missing.response_code, NXDomain);
}

#[test]
fn the_apex_answers_for_the_types_a_zone_must_have() {
    for (denial, extra) in [
        (Denial::Nsec, RecordType::NSEC),
        (Denial::Nsec3, RecordType::NSEC3PARAM),
    ] {
        let zone = furnished_zone(denial);
        for record_type in [RecordType::SOA, RecordType::NS, RecordType::DNSKEY, extra] {
            let answer = ask(&zone, "example.test.", record_type);
            assert_eq!(types(&answer.answers), [record_type, RecordType::RRSIG]);
        }
    }
}

#[test]
fn a_name_outside_the_zone_is_refused() {
    let zone = furnished_zone(Denial::Nsec3);
    let answer = zone.answer(&name("notexample.test."), RecordType::TXT, true);
    assert_eq!(answer.response_code, ResponseCode::Refused);
    assert!(!answer.authoritative && answer.authorities.is_empty());
}
