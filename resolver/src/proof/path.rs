//! What a conclusion rests on: when it holds, how long it keeps, and the records it used.

use alloc::collections::BTreeSet;

use super::{record_set::Members, signature::RrSig};
use crate::time::Window;

/// The evidence of one conclusion, or of several joined.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) window: Window,
    pub(super) ttl: u32,
    /// Indices into the proof.
    pub(super) used: BTreeSet<usize>,
}

impl Path {
    pub(super) const EMPTY: Self = Self {
        window: Window::ALWAYS,
        ttl: u32::MAX,
        used: BTreeSet::new(),
    };

    /// What one signed set adds; `index` is that of its signature.
    pub(super) fn of(
        window: Window,
        members: Members<'_>,
        index: usize,
        signature: &RrSig<'_>,
    ) -> Self {
        let mut used: BTreeSet<usize> = members.indices.iter().copied().collect();
        used.insert(index);
        Self {
            window,
            ttl: signature.original_ttl,
            used,
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.window = self.window.and(other.window);
        self.ttl = self.ttl.min(other.ttl);
        self.used.extend(&other.used);
    }
}
