//! How long a proof may stand for a new lookup.

use core::time::Duration;

use payname_resolver::{
    Handle, UnixTime,
    hickory_proto::rr::RecordType,
    lightning::{
        bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey},
        offers::offer::OfferBuilder,
    },
    proof::KeptProof,
};

use crate::forge::{NOW, World, proof, txt};

/// An offer that can be paid until `expiry`.
fn offer(expiry: u64) -> String {
    let secret = SecretKey::from_slice(&[7; 32]).unwrap();
    let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret);
    let builder = OfferBuilder::new(key).absolute_expiry(Duration::from_secs(expiry));
    builder.build().unwrap().to_string()
}

#[test]
fn a_proof_is_not_kept_beyond_the_offer_in_it_unless_that_is_over_anyway() {
    let handle: Handle = "alice@pay.test".parse().unwrap();
    let owner = handle.owner_name().to_string();
    let now = UnixTime(NOW);
    // The signed TTL of the forge's records is 3600 s.
    for (expiry, until) in [
        (NOW + 100, NOW + 100),
        (NOW + 9_000, NOW + 3_600),
        (NOW - 100, NOW + 3_600),
    ] {
        let world = World::new();
        let uri = format!("bitcoin:?lno={}", offer(expiry));
        let record = world.zone.set(&owner, RecordType::TXT, &[txt(&[&uri])]);
        let anchors = world.root.anchor();
        let record = proof(&[&world.chain(), &record]).verify(&handle, &anchors, now);
        let kept = KeptProof::of(&record.unwrap(), u32::MAX, now);
        assert_eq!(kept.until, UnixTime(until));
    }
}
