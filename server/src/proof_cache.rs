//! The proofs that were seen lately, to be passed on while they are fresh.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use payname_resolver::{Handle, UnixTime};

use crate::prove::Evidence;

/// The most proofs that are kept; at about 4 KiB each, 40 MiB.
const MOST: usize = 10_000;

/// Proofs by name and version, in memory.
#[derive(Debug, Default)]
pub(crate) struct ProofCache(Mutex<Kept>);

type Kept = HashMap<String, (u64, Arc<Evidence>)>;

impl ProofCache {
    /// The proof of this version of a name, when it is still fresh.
    pub(crate) fn fresh(
        &self,
        handle: &Handle,
        version: u64,
        now: UnixTime,
    ) -> Option<Arc<Evidence>> {
        let kept = self.lock();
        let (kept_version, evidence) = kept.get(handle.as_str())?;
        let is_fresh = *kept_version == version && now < evidence.fresh_until;
        is_fresh.then(|| Arc::clone(evidence))
    }

    /// Keeps a proof.
    pub(crate) fn keep(&self, handle: &Handle, version: u64, evidence: Arc<Evidence>) {
        let mut kept = self.lock();
        if kept.len() >= MOST {
            // Any that is dropped can be gathered again.
            kept.clear();
        }
        kept.insert(handle.as_str().to_owned(), (version, evidence));
    }

    /// Drops the proof of a name.
    pub(crate) fn forget(&self, handle: &Handle) {
        self.lock().remove(handle.as_str());
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
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
            proof: vec![1].into(),
            tag: String::new(),
            proven_at: UnixTime(0),
            window: payname_resolver::Window {
                valid_from: UnixTime(0),
                valid_until: UnixTime(100),
            },
            under_iana: false,
            fresh_until: UnixTime(100),
        };
        cache.keep(&alice, 2, Arc::new(evidence));
        assert!(cache.fresh(&alice, 2, UnixTime(99)).is_some());
        assert!(cache.fresh(&alice, 2, UnixTime(100)).is_none());
        assert!(cache.fresh(&alice, 3, UnixTime(99)).is_none());
        cache.forget(&alice);
        assert!(cache.fresh(&alice, 2, UnixTime(99)).is_none());
    }
}
