//! Where things lie in a trie whose keys are names: a seeded hash spreads them evenly.

use std::hash::{BuildHasher as _, Hash, RandomState};

/// A seeded hash, so that nobody can crowd names into one place.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    hasher: RandomState,
    /// What the seed makes of nothing; it tells seeds apart.
    seed: u64,
}

impl Spread {
    /// A new seed.
    pub(crate) fn new() -> Self {
        let hasher = RandomState::new();
        Self {
            seed: hasher.hash_one(()),
            hasher,
        }
    }

    pub(crate) fn place<K: Hash + ?Sized>(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Whether the same keys lie at the same places in both.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.seed == other.seed
    }
}
