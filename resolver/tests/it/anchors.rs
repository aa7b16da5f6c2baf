//! Trust anchors in either form: a key is trusted, or the digest of one, and no other.

use data_encoding::HEXLOWER;
use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{Outcome, TrustAnchors, UnixTime, hickory_proto};

use crate::{
    forge::{ALICE, NOW, World, proof, verdict},
    vector::Vector,
};

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

#[test]
fn an_anchor_in_ds_form_may_hold_a_digest_of_types_1_2_and_4_if_it_is_whole() {
    let world = World::new();
    let key = &world.root.keys[0];
    let proof = proof(&[&world.chain(), &world.zone.pays(ALICE)]);
    for digest_type in [1, 2, 4] {
        let anchored = |digest: &[u8]| {
            let (tag, algorithm, digest) = (key.tag(), key.algorithm, HEXLOWER.encode(digest));
            TrustAnchors::parse(&format!(". IN DS {tag} {algorithm} {digest_type} {digest}"))
        };
        let mut digest = key.ds(".", digest_type).split_off(4);
        let owner = Name::from_ascii(ALICE).unwrap();
        let judged = |anchors| proof.judge(&owner, RecordType::TXT, &anchors, UnixTime(NOW));
        assert_eq!(verdict(&judged(anchored(&digest).unwrap())), "secure");
        assert!(anchored(&digest[1..]).is_err(), "{digest_type}");
        assert!(anchored(&[&digest[..], &[0]].concat()).is_err());
        digest[0] ^= 1;
        let other = verdict(&judged(anchored(&digest).unwrap()));
        assert_eq!(other, "no_matching_ds", "{digest_type}");
    }
}
