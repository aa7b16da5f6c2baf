//! The reference crate agrees: whatever we call secure under IANA's anchors, `dnssec-prover` accepts.

use dnssec_prover::rr::RR;
use dnssec_prover::ser::parse_rr_stream;
use dnssec_prover::validation::verify_rr_stream;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::{Outcome, Proof, TrustAnchors, UnixTime};
use payname_tests::vector::Vector;

/// The TXT records that the oracle proves at a name, joined each, sorted.
fn oracle(bytes: &[u8], owner: &Name, now: UnixTime) -> Option<Vec<Vec<u8>>> {
    let records = parse_rr_stream(bytes).ok()?;
    let verified = verify_rr_stream(&records).ok()?;
    if !(verified.valid_from..=verified.expires).contains(&now.0) {
        return None;
    }
    let name = owner.to_ascii().as_str().try_into().ok()?;
    let mut texts: Vec<Vec<u8>> = verified
        .resolve_name(&name)
        .into_iter()
        .filter_map(|record| match record {
            RR::Txt(text) => Some(text.data.as_vec()),
            _ => None,
        })
        .collect();
    texts.sort();
    (!texts.is_empty()).then_some(texts)
}

/// The same by our own verifier, and the minimised proof.
fn ours(bytes: &[u8], owner: &Name, now: UnixTime) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let proof = Proof::parse(bytes).ok()?;
    match proof.judge(owner, RecordType::TXT, &TrustAnchors::iana(), now) {
        Outcome::Secure(secure) => {
            let joined = |rdata: &[u8]| {
                let mut rest = rdata;
                let mut text = Vec::new();
                while let Some((&length, behind)) = rest.split_first() {
                    let (string, behind) = behind.split_at(usize::from(length));
                    text.extend_from_slice(string);
                    rest = behind;
                }
                text
            };
            let mut texts: Vec<_> = secure.records.iter().map(|r| joined(r.rdata())).collect();
            texts.sort();
            Some((texts, secure.proof.to_bytes()))
        }
        _ => None,
    }
}

#[test]
fn both_say_the_same_of_every_recorded_proof_under_ianas_anchors() {
    let vectors: Vec<Vector> = Vector::all().into_iter().filter(|v| v.is_public).collect();
    assert!(vectors.len() >= 11, "only {} public vectors", vectors.len());
    for vector in vectors {
        let theirs = oracle(&vector.bytes, &vector.owner, vector.inside);
        let ours = ours(&vector.bytes, &vector.owner, vector.inside);
        assert_eq!(theirs.is_some(), vector.is_valid, "{}", vector.name);
        assert_eq!(
            ours.as_ref().map(|(texts, _)| texts),
            theirs.as_ref(),
            "{}",
            vector.name
        );
        if let Some((texts, minimised)) = ours {
            let again = oracle(&minimised, &vector.owner, vector.inside);
            assert_eq!(again, Some(texts), "{}, minimised", vector.name);
        }
    }
}

#[test]
fn no_changed_byte_makes_us_accept_what_the_oracle_rejects() {
    let vector = Vector::matt();
    let (honest, _) = ours(&vector.bytes, &vector.owner, vector.inside).unwrap();
    let mut accepted = 0;
    for place in 0..vector.bytes.len() {
        let mut bytes = vector.bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        let Some((texts, minimised)) = ours(&bytes, &vector.owner, vector.inside) else {
            continue;
        };
        accepted += 1;
        assert_eq!(texts, honest, "byte {place} changed what is proven");
        let second = oracle(&minimised, &vector.owner, vector.inside);
        assert_eq!(second, Some(texts), "byte {place}");
    }
    // The TTLs are unsigned, as is the case of letters: something must have been accepted.
    assert!(accepted > 0);
}

/// Places and changes that mean something: in every record the case of a letter of its name, its
/// type, class, TTL, and the first and last byte of its data.
fn telling_changes(proof: &Proof) -> Vec<(usize, u8)> {
    let mut start = 0;
    let mut changes = Vec::new();
    for record in proof.records() {
        let name = record.name().len();
        let data = start + name + 10;
        let end = data + record.rdata().len();
        let fields = start + name;
        changes.extend([
            (start + 1, 0x20),
            (fields + 1, 0x01),
            (fields + 3, 0x02),
            (fields + 7, 0x01),
            (data, 0x01),
            (end - 1, 0x01),
        ]);
        start = end;
    }
    changes
}

#[test]
fn what_the_oracle_accepts_after_a_change_we_accept_too() {
    let vector = Vector::matt();
    let changes = telling_changes(&vector.proof());
    let mut accepted = 0;
    for &(place, change) in &changes {
        let mut bytes = vector.bytes.clone();
        bytes[place] ^= change;
        let Some(theirs) = oracle(&bytes, &vector.owner, vector.inside) else {
            continue;
        };
        accepted += 1;
        let ours = ours(&bytes, &vector.owner, vector.inside).map(|(texts, _)| texts);
        assert_eq!(ours, Some(theirs), "byte {place} ^ {change:#x}");
    }
    // TTLs are unsigned and the case of letters means nothing.
    assert!(accepted > 0, "none of {} changes", changes.len());
}
