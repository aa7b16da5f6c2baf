//! The proofs of RFC 9102's appendix, under its private root.

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, TrustAnchors, hickory_proto};

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
fn a_private_root_proves_nothing_under_iana_s_anchors() {
    let mut vector = Vector::load("rfc9102-straight");
    vector.anchors = TrustAnchors::iana();
    match vector.judge(RecordType::TLSA, vector.inside()) {
        Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), "no_matching_ds"),
        other => panic!("{other:?}"),
    }
}
