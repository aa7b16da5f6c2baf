//! The proofs of RFC 9102's appendix, under its private root.

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, Proof, TrustAnchors, hickory_proto, proof::DenialKind};

use crate::vector::Vector;

#[test]
fn a_straight_chain_to_a_tlsa_record() {
    Vector::load("rfc9102-straight").is_secure_exactly_inside_its_window(RecordType::TLSA);
}

#[test]
fn a_cname_into_another_zone() {
    Vector::load("rfc9102-cname").is_secure_exactly_inside_its_window(RecordType::TLSA);
}

#[test]
fn a_wildcard_with_nsec3() {
    Vector::load("rfc9102-wildcard-nsec3").is_secure_exactly_inside_its_window(RecordType::TLSA);
}

#[test]
fn a_dname_into_another_zone() {
    Vector::load("rfc9102-dname").is_secure_exactly_inside_its_window(RecordType::TLSA);
}

#[test]
fn denials_by_nsec_and_nsec3() {
    for (name, zone) in [
        ("rfc9102-denial-nsec", "example.com."),
        ("rfc9102-denial-nsec3", "example.org."),
    ] {
        let vector = Vector::load(name);
        match vector.judge(RecordType::TLSA, vector.inside()) {
            Outcome::Denied(denial) => {
                assert_eq!(denial.kind, DenialKind::NxDomain, "{name}");
                assert_eq!(denial.zone.to_string(), zone);
                assert_eq!(
                    (denial.window, denial.cache_ttl),
                    (vector.window, vector.min_ttl)
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn an_unsigned_delegation_in_an_opt_out_span() {
    let vector = Vector::load("rfc9102-insecure-opt-out");
    match vector.judge(RecordType::TLSA, vector.inside()) {
        Outcome::Insecure(insecure) => {
            assert_eq!(insecure.zone.to_string(), "insecure.example.");
            assert_eq!(insecure.parent.to_string(), "example.");
            assert_eq!(
                (insecure.window, insecure.cache_ttl),
                (vector.window, vector.min_ttl)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_minimised_denial_or_unsigned_delegation_shows_nothing_without_any_one_of_its_records() {
    for name in [
        "rfc9102-denial-nsec",
        "rfc9102-denial-nsec3",
        "rfc9102-insecure-opt-out",
    ] {
        let mut vector = Vector::load(name);
        let minimised = match vector.judge(RecordType::TLSA, vector.inside()) {
            Outcome::Denied(denial) => denial.proof,
            Outcome::Insecure(insecure) => insecure.proof,
            other => panic!("{name}: {other:?}"),
        };
        for dropped in minimised.records() {
            let rest = minimised
                .records()
                .iter()
                .filter(|record| *record != dropped);
            vector.proof = Proof::from_records(rest.cloned().collect()).unwrap();
            let outcome = vector.judge(RecordType::TLSA, vector.inside());
            assert!(
                matches!(outcome, Outcome::Bogus(_)),
                "{name} without {dropped:?}"
            );
        }
    }
}

#[test]
fn a_private_root_proves_nothing_under_iana_s_anchors() {
    let mut vector = Vector::load("rfc9102-straight");
    vector.anchors = TrustAnchors::iana();
    match vector.judge(RecordType::TLSA, vector.inside()) {
        Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), "no_matching_ds"),
        other => panic!("{other:?}"),
    }
}
