//! The chain of a proof as data.

use std::collections::BTreeSet;

use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{
    Outcome, Proof, hickory_proto,
    proof::{Detail, Explanation, Shown, Voucher},
};

use crate::vector::Vector;

fn explain(vector: &Vector) -> Explanation {
    vector.proof.explain(
        &vector.owner,
        RecordType::TXT,
        &vector.anchors,
        vector.inside(),
    )
}

fn sets(explanation: &Explanation) -> Vec<String> {
    explanation
        .links
        .iter()
        .map(|link| link.record_set.to_string())
        .collect()
}

#[test]
fn an_ordinary_chain_is_told_from_the_root_to_the_record() {
    let vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    let explanation = explain(&vector);
    assert_eq!(
        sets(&explanation),
        [
            ". DNSKEY",
            "com. DS",
            "com. DNSKEY",
            "mattcorallo.com. DS",
            "mattcorallo.com. DNSKEY",
            "matt.user._bitcoin-payment.mattcorallo.com. TXT",
        ]
    );
    let signers: Vec<String> = explanation
        .links
        .iter()
        .map(|link| link.zone.to_string())
        .collect();
    assert_eq!(
        signers,
        [
            ".",
            ".",
            "com.",
            "com.",
            "mattcorallo.com.",
            "mattcorallo.com."
        ]
    );
    let algorithms: Vec<u8> = explanation
        .links
        .iter()
        .map(|link| link.algorithm)
        .collect();
    assert_eq!(algorithms, [8, 8, 13, 13, 13, 13]);
    let zones: Vec<String> = explanation.zones().map(Name::to_string).collect();
    assert_eq!(zones, [".", "com.", "mattcorallo.com."]);
    for link in &explanation.links {
        assert!(link.window.contains(vector.inside()));
    }
}

#[test]
fn every_zone_s_keys_are_vouched_for_by_an_anchor_or_a_ds_record() {
    let explanation = explain(&Vector::load("sparrow-craig"));
    for link in &explanation.links {
        if let Detail::Keys(keys) = &link.detail {
            let expected = if link.record_set.owner.is_root() {
                Voucher::Anchor
            } else {
                Voucher::Ds
            };
            assert!(
                keys.iter().any(|key| key.voucher == Some(expected)),
                "{}",
                link.record_set
            );
            assert!(keys.iter().any(|key| key.key_tag == link.key_tag));
            let flags: BTreeSet<u16> = keys.iter().map(|key| key.flags).collect();
            assert_eq!(flags, [256, 257].into(), "{}", link.record_set);
        }
    }
}

#[test]
fn a_wildcard_alias_is_told_with_the_denial_that_allows_it() {
    let vector = Vector::load("bip353-03-wildcard-cname-xdomain");
    let explanation = explain(&vector);
    let alias = explanation
        .links
        .iter()
        .find(|link| matches!(link.detail, Detail::Alias(_)))
        .unwrap();
    assert!(
        alias
            .wildcard
            .as_ref()
            .unwrap()
            .to_string()
            .starts_with("*.x_domain_cname_wild.")
    );
    let denied = explanation.links.iter().any(|link| match &link.detail {
        Detail::Denial(shown) => shown.contains(&Shown::Covers(vector.owner.clone())),
        _ => false,
    });
    assert!(denied, "{explanation:#?}");
}

#[test]
fn a_broken_chain_is_told_down_to_the_break() {
    let vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    let zone = Name::from_ascii("mattcorallo.com.").unwrap();
    let records = vector.proof.records().iter();
    let cut = records
        .filter(|record| record.name() != &zone || record.record_type() != RecordType::DNSKEY)
        .cloned()
        .collect();
    let proof = Proof::from_records(cut).unwrap();
    let explanation = proof.explain(
        &vector.owner,
        RecordType::TXT,
        &vector.anchors,
        vector.inside(),
    );
    match &explanation.outcome {
        Outcome::Bogus(bogus) => {
            assert_eq!(bogus.record_set.to_string(), "mattcorallo.com. DNSKEY")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sets(&explanation), [". DNSKEY", "com. DS", "com. DNSKEY"]);
}
