//! Records that dnssec-prover's author recorded from the live DNS.

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, hickory_proto};

use crate::vector::Vector;

#[test]
fn matt_at_mattcorallo_com() {
    let vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
}

#[test]
fn txt_records_of_several_strings_are_ordered_canonically() {
    Vector::load("dnssec-prover-0.6.10-035-check_txt_sort_order")
        .is_secure_exactly_inside_its_window(RecordType::TXT);
}

#[test]
fn a_wildcard_txt_record_needs_its_denial() {
    let mut vector = Vector::load("dnssec-prover-0.6.10-036-check_wildcard_proof");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    let records = vector.proof.records().to_vec();
    let without: Vec<_> = records
        .into_iter()
        .filter(|record| record.record_type() != RecordType::NSEC3)
        .collect();
    vector.proof = payname_resolver::Proof::from_records(without).unwrap();
    match vector.judge(RecordType::TXT, vector.inside()) {
        Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), "wildcard_unproven"),
        other => panic!("{other:?}"),
    }
}
