//! What is told of the checks that were made.

use super::*;
use crate::proof::{canonical, memo, signature::DnsKey};

/// A second in which the recorded proof is valid.
const NOW: UnixTime = UnixTime(1_754_700_000);

/// The recorded proof of `simple@…`, its records changed, and its owner name.
fn recorded(change: impl FnOnce(&mut Vec<ResourceRecord>)) -> (Proof, Name) {
    let vector = include_str!("../../../vectors/bip353-01-simple.hex");
    let bytes = data_encoding::HEXLOWER.decode(vector.trim().as_bytes());
    let mut proof = Proof::parse(&bytes.unwrap()).unwrap();
    change(&mut proof.records);
    let owner = "simple.user._bitcoin-payment.dnssec_proof_tests.bitcoin.ninja.";
    (proof, Name::from_ascii(owner).unwrap())
}

fn search_with(proof: &Proof, owner: &Name, memo: &Memo) -> (Outcome, Learnt) {
    let anchors = TrustAnchors::iana();
    search(proof, owner, RecordType::TXT, &anchors, NOW, Some(memo))
}

#[test]
fn every_check_that_came_out_well_is_told_once_it_may_be_remembered() {
    let (proof, owner) = recorded(|_| {});
    let (outcome, learnt) = search_with(&proof, &owner, &Memo::new(64));
    let Outcome::Secure(secure) = outcome else {
        panic!("{outcome:?}")
    };
    let records = secure.proof.records().iter();
    let signatures = records.filter(|record| record.record_type() == RecordType::RRSIG);
    assert_eq!(learnt.good.len(), signatures.count());
    let distinct: BTreeSet<_> = learnt.good.iter().collect();
    assert_eq!(distinct.len(), learnt.good.len());
}

#[test]
fn a_check_that_is_remembered_is_not_made_again() {
    let (forged, owner) = recorded(|records| {
        for record in records {
            if record.record_type() == RecordType::TXT {
                let rdata = b"\x11bitcoin:?lno=else".to_vec();
                *record = ResourceRecord::new(record.name(), RecordType::TXT, 30, rdata);
            }
        }
    });
    let mut memo = Memo::new(64);
    let (outcome, _) = search_with(&forged, &owner, &memo);
    assert!(matches!(outcome, Outcome::Bogus(_)), "{outcome:?}");
    // Whoever could write into the memory could forge; so only good checks ever enter it.
    let sets = RecordSets::of(&forged);
    let set = sets.get(&owner, RecordType::TXT).unwrap();
    let (_, signature) = set.signatures.first().unwrap();
    let message = canonical::signed_bytes(signature, &owner, RecordType::TXT, set.whole());
    let keys = sets.get(&signature.signer, RecordType::DNSKEY).unwrap();
    for record in sets.records(keys) {
        let key = DnsKey::read(record.rdata()).unwrap();
        let (algorithm, signature) = (signature.algorithm, signature.signature);
        memo.note(memo::check(
            algorithm,
            key.public_key(),
            &message,
            signature,
        ));
    }
    let (outcome, _) = search_with(&forged, &owner, &memo);
    assert!(matches!(outcome, Outcome::Secure(_)), "{outcome:?}");
}
