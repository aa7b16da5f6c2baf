//! The proofs that were seen lately, to be passed on while they are fresh.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use payname_resolver::{Handle, UnixTime};

use crate::prove::Evidence;

/// The most proofs that are kept; at about 4 KiB each, 40 MiB.
const MOST: usize = 10_000;

/// Proofs by name and version, in memory.
#[derive(Debug, Default)]
pub(crate) struct ProofCache(Mutex<HashMap<Handle, (u64, Evidence)>>);

impl ProofCache {
    /// The proof of this version of a name, when it is still fresh.
    pub(crate) fn fresh(&self, handle: &Handle, version: u64, now: UnixTime) -> Option<Evidence> {
        let kept = self.lock();
        let (kept_version, evidence) = kept.get(handle)?;
        (*kept_version == version && now < evidence.fresh_until).then(|| evidence.clone())
    }

    /// Keeps a proof.
    pub(crate) fn keep(&self, handle: &Handle, version: u64, evidence: Evidence) {
        let mut kept = self.lock();
        if kept.len() >= MOST {
            // Any that is dropped can be gathered again.
            kept.clear();
        }
        kept.insert(handle.clone(), (version, evidence));
    }

    /// Drops the proof of a name.
    pub(crate) fn forget(&self, handle: &Handle) {
        self.lock().remove(handle);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Handle, (u64, Evidence)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_passed_on_only_for_its_version_and_while_it_is_fresh() {
        let cache = ProofCache::default();
        let alice: Handle = "alice@example.test".parse().unwrap();
        let evidence = Evidence {
            uri: String::new(),
            proof: vec![1],
            proven_at: UnixTime(0),
            window: payname_resolver::Window {
                valid_from: UnixTime(0),
                valid_until: UnixTime(100),
            },
            under_iana: false,
            fresh_until: UnixTime(100),
        };
        cache.keep(&alice, 2, evidence);
        assert!(cache.fresh(&alice, 2, UnixTime(99)).is_some());
        assert!(cache.fresh(&alice, 2, UnixTime(100)).is_none());
        assert!(cache.fresh(&alice, 3, UnixTime(99)).is_none());
        cache.forget(&alice);
        assert!(cache.fresh(&alice, 2, UnixTime(99)).is_none());
    }
}
