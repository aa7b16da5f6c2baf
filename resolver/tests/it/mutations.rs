//! One bit flipped in every record type of every recorded proof.

use std::collections::BTreeSet;

use hickory_proto::rr::RecordType;
use payname_resolver::{Outcome, Proof, hickory_proto};

use crate::vector::Vector;

const VECTORS: [(&str, RecordType); 11] = [
    ("bip353-01-simple", RecordType::TXT),
    ("bip353-02-override-cname-wild", RecordType::TXT),
    ("bip353-03-wildcard-cname-xdomain", RecordType::TXT),
    ("sparrow-craig", RecordType::TXT),
    ("sparrow-a-x-domain-cname-wild", RecordType::TXT),
    ("sparrow-override-x-domain-cname-wild", RecordType::TXT),
    ("rfc9102-straight", RecordType::TLSA),
    ("rfc9102-cname", RecordType::TLSA),
    ("rfc9102-wildcard-nsec3", RecordType::TLSA),
    (
        "dnssec-prover-0.6.10-034-check_single_txt_proof",
        RecordType::TXT,
    ),
    (
        "dnssec-prover-0.6.10-036-check_wildcard_proof",
        RecordType::TXT,
    ),
];

/// The outcome with the given bit of one record's RDATA flipped.
fn judge_with_flipped_bit(
    vector: &Vector,
    record_type: RecordType,
    record: usize,
    bit: usize,
) -> Outcome {
    let mut bytes = Vec::new();
    for (index, record_here) in vector.proof.records().iter().enumerate() {
        let alone = Proof::from_records(vec![record_here.clone()])
            .unwrap()
            .to_bytes();
        let start = bytes.len() + alone.len() - record_here.rdata().len();
        bytes.extend(alone);
        if index == record {
            bytes[start + bit / 8] ^= 0x80 >> (bit % 8);
        }
    }
    Proof::parse(&bytes).unwrap().judge(
        &vector.owner,
        record_type,
        &vector.anchors,
        vector.inside(),
    )
}

#[test]
fn one_bit_flipped_in_a_record_of_every_type_is_never_secure() {
    for (name, record_type) in VECTORS {
        let mut vector = Vector::load(name);
        let Outcome::Secure(secure) = vector.judge(record_type, vector.inside()) else {
            panic!("{name}")
        };
        // Only records that the proof needs: a stray record may say what it likes.
        vector.proof = secure.proof;
        let mut seen = BTreeSet::new();
        for (index, record) in vector.proof.records().iter().enumerate() {
            let bits = record.rdata().len() * 8;
            // The middle lies in the key, the digest, the signature or the text.
            for bit in [bits / 2, bits - 1] {
                let outcome = judge_with_flipped_bit(&vector, record_type, index, bit);
                assert!(
                    !matches!(outcome, Outcome::Secure(_)),
                    "{name}: {record:?} bit {bit}"
                );
            }
            seen.insert(u16::from(record.record_type()));
        }
        for needed in [
            RecordType::DNSKEY,
            RecordType::DS,
            RecordType::RRSIG,
            record_type,
        ] {
            assert!(seen.contains(&u16::from(needed)), "{name} has no {needed}");
        }
    }
}

#[test]
fn no_flipped_bit_anywhere_makes_another_answer_secure() {
    let vector = Vector::load("dnssec-prover-0.6.10-034-check_single_txt_proof");
    let Outcome::Secure(honest) = vector.judge(RecordType::TXT, vector.inside()) else {
        panic!()
    };
    let bytes = vector.proof.to_bytes();
    for position in 0..bytes.len() {
        let mut mutated = bytes.clone();
        mutated[position] ^= 1 << (position % 8);
        let Ok(proof) = Proof::parse(&mutated) else {
            continue;
        };
        let outcome = proof.judge(
            &vector.owner,
            RecordType::TXT,
            &vector.anchors,
            vector.inside(),
        );
        if let Outcome::Secure(secure) = outcome {
            let texts = |records: &[payname_resolver::proof::ResourceRecord]| {
                records
                    .iter()
                    .map(|record| record.rdata().to_vec())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                texts(&secure.records),
                texts(&honest.records),
                "byte {position}"
            );
        }
    }
}

#[test]
fn order_duplicates_and_unknown_records_change_nothing() {
    let vector = Vector::load("bip353-03-wildcard-cname-xdomain");
    let mut records: Vec<_> = vector.proof.records().iter().rev().cloned().collect();
    records.extend(vector.proof.records().to_vec());
    let stray = payname_resolver::proof::ResourceRecord::new(
        &vector.owner,
        RecordType::Unknown(65_400),
        1,
        vec![0xff; 9],
    );
    records.insert(3, stray);
    let empty_string = payname_resolver::proof::ResourceRecord::new(
        &hickory_proto::rr::Name::from_ascii("stray.example.").unwrap(),
        RecordType::TXT,
        1,
        vec![0],
    );
    records.push(empty_string);
    let shuffled = Vector {
        proof: Proof::from_records(records).unwrap(),
        ..vector
    };
    shuffled.is_secure_exactly_inside_its_window(RecordType::TXT);
}
