//! The chain of a proof as data.

use std::collections::BTreeSet;

use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{
    Outcome, Proof, UnixTime, hickory_proto,
    proof::{Detail, Digest, Explanation, Key, Link, Shown, Voucher},
};

use crate::{
    forge::{ALICE, NOW, Rr, World, Zone, expanded, proof, wire_name},
    vector::Vector,
};

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

/// The links that these records and the honest chain make to the TXT records of `alice.pay.test.`
fn links(world: &World, records: &[Rr]) -> Vec<Link> {
    let owner = Name::from_ascii(ALICE).unwrap();
    let proof = proof(&[&world.chain(), records]);
    let anchors = world.root.anchor();
    let explanation = proof.explain(&owner, RecordType::TXT, &anchors, UnixTime(NOW));
    explanation.links
}

#[test]
fn each_link_tells_of_its_own_records_and_no_others() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let links = links(&world, &zone.pays(ALICE));
    let details: Vec<Detail> = links.iter().map(|link| link.detail.clone()).collect();
    let keys = |zone: &Zone, voucher| {
        Detail::Keys(vec![Key {
            key_tag: zone.keys[0].tag(),
            algorithm: 13,
            flags: 257,
            voucher: Some(voucher),
        }])
    };
    let delegation = |zone: &Zone| {
        Detail::Delegation(vec![Digest {
            key_tag: zone.keys[0].tag(),
            algorithm: 13,
            digest_type: 2,
        }])
    };
    assert_eq!(
        details,
        [
            keys(root, Voucher::Anchor),
            delegation(tld),
            keys(tld, Voucher::Ds),
            delegation(zone),
            keys(zone, Voucher::Ds),
            Detail::Records(1),
        ]
    );
    assert!(links.iter().all(|link| link.wildcard.is_none()));
}

#[test]
fn a_denial_by_nsec_is_told_with_all_names_that_it_matches_and_covers() {
    let world = World::new();
    let (ns, soa) = (RecordType::NS, RecordType::SOA);
    let record = world.zone.nsec("pay.test.", "bob.pay.test.", &[ns, soa]);
    let name = |text| Name::from_ascii(text).unwrap();
    let shown = vec![
        Shown::Matches(name("pay.test.")),
        Shown::Covers(name("*.pay.test.")),
        Shown::Covers(name(ALICE)),
    ];
    let links = links(&world, &record);
    assert_eq!(links.last().unwrap().detail, Detail::Denial(shown));
}

#[test]
fn a_denial_of_a_name_half_way_along_the_aliases_is_told() {
    let world = World::new();
    let zone = &world.zone;
    let cname = |owner, target| zone.set(owner, RecordType::CNAME, &[wire_name(target)]);
    let bob = "bob.pay.test.";
    let records = [
        cname(ALICE, bob),
        expanded(&cname("*.pay.test.", "carol.pay.test."), bob),
        zone.nsec("blake.pay.test.", "bog.pay.test.", &[RecordType::TXT]),
        zone.pays("carol.pay.test."),
    ]
    .concat();
    let links = links(&world, &records);
    let shown = vec![Shown::Covers(Name::from_ascii(bob).unwrap())];
    assert_eq!(links.last().unwrap().detail, Detail::Denial(shown));
}
