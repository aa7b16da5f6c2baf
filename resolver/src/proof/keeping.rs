//! Proofs kept between lookups, wherever the caller keeps things.

use alloc::collections::BTreeMap;

use super::{Proof, TrustAnchors, Verified};
use crate::{handle::Handle, record::Record, time::UnixTime};

/// Where a wallet keeps the proofs of names: in memory, in a file, in its database.
///
/// It need not be trusted. What comes out of it is verified again ([`recall`]), so that whoever writes into it can
/// withhold a record or bring back one that is still validly signed, and never make one. A `BTreeMap` is one, without
/// bounds.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use payname_resolver::{
///     Handle, Proof, Record, TrustAnchors, UnixTime, Verified, VerifyError,
///     proof::{KeptProof, ProofCache, recall},
/// };
///
/// /// Verifies what was gathered with a TTL of `ttl` seconds, and keeps it.
/// fn verify_and_keep(
///     cache: &mut impl ProofCache,
///     handle: &Handle,
///     (proof, ttl): (Proof, u32),
///     now: UnixTime,
/// ) -> Result<Verified<Record>, VerifyError> {
///     let record = proof.verify(handle, &TrustAnchors::iana(), now)?;
///     cache.store(handle, KeptProof::of(&record, ttl, now));
///     Ok(record)
/// }
///
/// let mut cache = BTreeMap::new();
/// let handle: Handle = "₿matt@mattcorallo.com".parse()?;
/// # let hex = include_str!("../../vectors/dnssec-prover-0.6.10-034-check_single_txt_proof.hex");
/// # let proof = Proof::parse(&hex::decode(hex.trim())?)?;
/// # let now = UnixTime(1_786_000_000);
/// let record = verify_and_keep(&mut cache, &handle, (proof, 300), now)?;
///
/// let soon = now.plus(60);
/// let again = recall(&mut cache, &handle, &TrustAnchors::iana(), soon).expect("kept for 300 s");
/// assert_eq!(again.uri(), record.uri());
/// let later = now.plus(300);
/// assert!(recall(&mut cache, &handle, &TrustAnchors::iana(), later).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ProofCache {
    /// The proof that was kept for a name, fresh or not.
    fn load(&mut self, handle: &Handle) -> Option<KeptProof>;

    /// Keeps a proof in place of an older one of the same name. A cache may keep nothing.
    fn store(&mut self, handle: &Handle, kept: KeptProof);

    /// Drops the proof of a name.
    fn forget(&mut self, handle: &Handle);
}

impl ProofCache for BTreeMap<Handle, KeptProof> {
    fn load(&mut self, handle: &Handle) -> Option<KeptProof> {
        self.get(handle).cloned()
    }

    fn store(&mut self, handle: &Handle, kept: KeptProof) {
        self.insert(handle.clone(), kept);
    }

    fn forget(&mut self, handle: &Handle) {
        self.remove(handle);
    }
}

/// A proof, and until when it may stand for a new lookup; see [`ProofCache`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptProof {
    /// The proof, as [`Proof::to_bytes`] writes and [`Proof::parse`] reads it.
    pub proof: Proof,
    /// From this moment on the name is looked up again.
    pub until: UnixTime,
}

impl KeptProof {
    /// What may be kept of a record that was verified at `now`: until the first of its signed TTLs, its signatures,
    /// the resolver's TTL ([`Gathered::ttl`](crate::Gathered::ttl), in seconds), and what it says to pay lapses.
    pub fn of(record: &Verified<Record>, resolver_ttl: u32, now: UnixTime) -> Self {
        let ttl = record.cache_ttl().min(resolver_ttl);
        let lapses = record
            .instructions()
            .ok()
            .into_iter()
            .flat_map(|instructions| instructions.methods())
            .filter_map(|method| method.value().expires_at())
            .filter(|expiry| *expiry > now)
            .min();
        let until = now.plus(u64::from(ttl));
        Self {
            proof: record.proof().clone(),
            until: lapses.map_or(until, |lapses| lapses.min(until)),
        }
    }
}

/// The record of a name by a proof that was kept, verified again at `now`; see [`ProofCache`].
///
/// What is stale, or proves nothing any more, is dropped from the cache.
pub fn recall(
    cache: &mut dyn ProofCache,
    handle: &Handle,
    anchors: &TrustAnchors,
    now: UnixTime,
) -> Option<Verified<Record>> {
    let kept = cache.load(handle)?;
    let record = (now < kept.until).then(|| kept.proof.verify(handle, anchors, now));
    if let Some(Ok(record)) = record {
        return Some(record);
    }
    cache.forget(handle);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_786_000_000);

    fn scene() -> (Handle, Proof, TrustAnchors) {
        let hex = include_str!("../../vectors/dnssec-prover-0.6.10-034-check_single_txt_proof.hex");
        let proof = Proof::parse(&hex::decode(hex.trim()).unwrap()).unwrap();
        let handle = "matt@mattcorallo.com".parse().unwrap();
        (handle, proof, TrustAnchors::iana())
    }

    #[test]
    fn a_proof_is_kept_for_the_shorter_of_the_signed_ttl_and_the_resolvers() {
        let (handle, proof, anchors) = scene();
        let record = proof.verify(&handle, &anchors, NOW).unwrap();
        let signed = record.cache_ttl();
        let until = |ttl| KeptProof::of(&record, ttl, NOW).until;
        assert_eq!(until(10), NOW.plus(10));
        assert_eq!(until(u32::MAX), NOW.plus(u64::from(signed)));
    }

    #[test]
    fn what_is_kept_is_verified_again_and_what_is_stale_or_no_proof_is_dropped() {
        let (handle, proof, anchors) = scene();
        let record = proof.verify(&handle, &anchors, NOW).unwrap();
        let kept = KeptProof::of(&record, 60, NOW);
        let mut cache = BTreeMap::new();
        assert!(recall(&mut cache, &handle, &anchors, NOW).is_none());
        cache.store(&handle, kept.clone());
        let again = recall(&mut cache, &handle, &anchors, NOW.plus(59)).unwrap();
        assert_eq!(again.uri(), record.uri());
        assert!(recall(&mut cache, &handle, &anchors, NOW.plus(60)).is_none());
        assert!(cache.is_empty(), "stale");

        // Whoever writes into the cache makes no record, and none outlives its signatures.
        let end = record.window().valid_until;
        let prolonged = KeptProof {
            until: UnixTime(u64::MAX),
            ..kept.clone()
        };
        cache.store(&handle, prolonged);
        assert!(recall(&mut cache, &handle, &anchors, end).is_some());
        assert!(recall(&mut cache, &handle, &anchors, end.plus(1)).is_none());
        let other = "tim@mattcorallo.com".parse().unwrap();
        cache.store(&other, kept);
        assert!(recall(&mut cache, &other, &anchors, NOW).is_none());
        assert!(cache.is_empty(), "proves nothing");
    }
}
