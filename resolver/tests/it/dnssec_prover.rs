//! Records that dnssec-prover's author recorded from the live DNS.

use hickory_proto::rr::RecordType;
use payname_resolver::{
    Handle, Outcome, UnixTime, hickory_proto,
    proof::{Disagreement, Opinion},
};

use crate::{
    forge::{NOW, World, proof},
    vector::Vector,
};

#[test]
fn matt_at_mattcorallo_com() {
    let vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    vector.is_secure_exactly_inside_its_window(RecordType::TXT);
    vector.gives_its_uri();
}

#[test]
fn under_other_anchors_than_iana_s_there_is_no_second_opinion() {
    let world = World::new();
    let handle: Handle = "alice@pay.test".parse().unwrap();
    let answer = world.zone.pays(&handle.owner_name().to_string());
    let proof = proof(&[&world.chain(), &answer]);
    let now = UnixTime(NOW);
    let verified = proof.verify(&handle, &world.root.anchor(), now).unwrap();
    assert!(!verified.under_iana());
    assert_eq!(verified.second_opinion(now), Ok(Opinion::OtherAnchors));
}

#[test]
fn the_second_opinion_agrees_on_every_recorded_proof_under_iana_s_root() {
    for name in [
        "bip353-01-simple",
        "bip353-02-override-cname-wild",
        "bip353-03-wildcard-cname-xdomain",
        "sparrow-craig",
        "sparrow-a-x-domain-cname-wild",
        "sparrow-override-x-domain-cname-wild",
        "dnssec-prover-0.6.10-034-check_single_txt_proof",
    ] {
        let vector = Vector::load(name);
        let verified = vector.verify(vector.inside()).unwrap();
        assert_eq!(
            verified.second_opinion(vector.inside()),
            Ok(Opinion::Agrees),
            "{name}"
        );
        let late = UnixTime(vector.window.valid_until.0 + 1);
        assert_eq!(
            verified.second_opinion(late),
            Err(Disagreement::OutsideWindow),
            "{name}"
        );
    }
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
