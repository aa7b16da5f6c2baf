//! What an operator decides about keys, and the delays that caches and secondaries impose.

use std::time::Duration;

use super::KeyAlgorithm;

/// How many keys share the work of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// One key signs everything (CSK): the shortest proofs.
    #[default]
    Single,
    /// A KSK signs the DNSKEY records, a ZSK the rest and is replaced without the parent's help.
    Split,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// Being named by the parent's DS record, and signing the DNSKEY records.
    Entry,
    /// Signing all other records.
    Zone,
}

/// How the keys of a zone are made and replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How many keys share the work.
    pub scheme: Scheme,
    /// The algorithm of a new zone's keys. A zone that exists keeps the one it has.
    pub algorithm: KeyAlgorithm,
    /// How long a ZSK signs before it is replaced; 90 days. None means until told.
    pub zsk_lifetime: Option<Duration>,
    /// How long a CSK or KSK signs before it is replaced; none by default, because the parent
    /// has to take part.
    pub entry_lifetime: Option<Duration>,
    /// The longest time until every server of the zone shows a change; two hours, in which a
    /// secondary that missed a NOTIFY has asked twice.
    pub propagation: Duration,
    /// The longest time until every server of the parent shows a change there; a day.
    pub parent_propagation: Duration,
    /// The TTL that DS records are believed to have until the parent's are seen; a day.
    pub ds_ttl: u32,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            scheme: Scheme::default(),
            algorithm: KeyAlgorithm::default(),
            zsk_lifetime: Some(DAY.saturating_mul(90)),
            entry_lifetime: None,
            propagation: Duration::from_secs(7200),
            parent_propagation: DAY,
            ds_ttl: 86_400,
        }
    }
}

impl KeyPolicy {
    /// How long the key that has a duty keeps it.
    pub(super) fn lifetime(&self, duty: Duty) -> Option<u64> {
        let lifetime = match (self.scheme, duty) {
            (Scheme::Split, Duty::Zone) => self.zsk_lifetime,
            (Scheme::Single, _) | (_, Duty::Entry) => self.entry_lifetime,
        };
        lifetime.map(|lifetime| lifetime.as_secs())
    }
}
