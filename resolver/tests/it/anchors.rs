//! Trust anchors in DNSKEY form: a key is trusted, and no other.

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, TrustAnchors, hickory_proto};

use crate::vector::Vector;

/// The root's keys of a recorded proof as anchors, each with one byte of its key changed by `flip`.
fn root_keys(vector: &Vector, flip: u8) -> TrustAnchors {
    let lines: Vec<String> = vector
        .proof
        .records()
        .iter()
        .filter(|record| record.record_type() == RecordType::DNSKEY && record.name().is_root())
        .map(|record| {
            let mut rdata = record.rdata().to_vec();
            let last = rdata.len() - 1;
            rdata[last] ^= flip;
            let flags = u16::from_be_bytes([rdata[0], rdata[1]]);
            let key = data_encoding::BASE64.encode(&rdata[4..]);
            format!(". IN DNSKEY {flags} {} {} {key}", rdata[2], rdata[3])
        })
        .collect();
    assert!(!lines.is_empty());
    TrustAnchors::parse(&lines.join("\n")).unwrap()
}

#[test]
fn an_anchor_in_dnskey_form_trusts_its_own_key_and_no_other() {
    let mut vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    vector.anchors = root_keys(&vector, 0);
    let honest = vector.judge(RecordType::TXT, vector.inside());
    assert!(matches!(honest, Outcome::Secure(_)), "{honest:?}");
    vector.anchors = root_keys(&vector, 1);
    match vector.judge(RecordType::TXT, vector.inside()) {
        Outcome::Bogus(bogus) => assert_eq!(bogus.reason.code(), "no_matching_ds"),
        other => panic!("{other:?}"),
    }
}
