//! A payee that was met before, and what has changed since.

use alloc::{collections::BTreeSet, string::String};

use super::{Identity, Pin};
use crate::{Method, UnixTime};

/// What is remembered of a payee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPayee {
    /// Its keys.
    pub pins: BTreeSet<Pin>,
    /// The keys of its zone, as [`Identity::zone_keys`].
    pub zone_keys: BTreeSet<String>,
    /// When it was met first.
    pub first_seen: UnixTime,
    /// When these keys were met first; later than `first_seen` once a change was accepted.
    pub keys_since: UnixTime,
    /// When it was met last.
    pub last_seen: UnixTime,
}

/// Whether a payee is who it was.
///
/// Not taking a change for granted is the caller's: a script should stop, and a person be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Recognition {
    /// The way to pay has a key that is known.
    Same,
    /// Nothing was remembered so far by which it could be recognised; now there is a key.
    Learned,
    /// There is no key, then or now: only on-chain addresses, or offers with blinded paths alone.
    Unrecognisable,
    /// The way to pay does not have a key that is known.
    Changed(Change),
}

/// How a payee differs from what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key of the way to pay now; none if it has none, which is a change as well.
    pub now: Option<Pin>,
    /// What was known, and is not in the record any more.
    pub gone: BTreeSet<Pin>,
    /// What was known, and still is in the record, beside what would be paid.
    pub kept: BTreeSet<Pin>,
    /// Since when the known keys were seen.
    pub known_since: UnixTime,
    /// When they were seen last.
    pub last_seen: UnixTime,
    /// Whether the zone has none of the keys that it had, as after a change of its DNS host or its owner.
    pub zone_keys_changed: bool,
}

impl KnownPayee {
    /// What is remembered of a payee that is met for the first time.
    pub fn first_met(identity: &Identity, now: UnixTime) -> Self {
        Self {
            pins: identity.pins.clone(),
            zone_keys: identity.zone_keys.clone(),
            first_seen: now,
            keys_since: now,
            last_seen: now,
        }
    }

    /// Compares the payee with what is remembered; `chosen` is the way it would be paid by.
    ///
    /// ```
    /// use payname_resolver::{Instructions, UnixTime, known::{Change, Identity, KnownPayee, Pin, Recognition}};
    ///
    /// let read = |uri: &str| -> (Identity, Instructions) {
    ///     let read = Instructions::parse(uri).unwrap();
    ///     let pins = read.methods().iter().filter_map(Pin::of).collect();
    ///     (Identity { pins, ..Identity::default() }, read)
    /// };
    /// let (before, _) = read("bitcoin:?lno=lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese");
    /// let known = KnownPayee::first_met(&before, UnixTime(1_786_000_000));
    /// let (after, uri) = read("bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l");
    /// let Recognition::Changed(Change { now, gone, .. }) = known.recognise(&after, uri.methods().first()) else {
    ///     panic!("the offer is gone");
    /// };
    /// assert!(now.is_none() && gone == before.pins);
    /// ```
    pub fn recognise(&self, identity: &Identity, chosen: Option<&Method>) -> Recognition {
        let now = chosen.and_then(Pin::of);
        if self.pins.is_empty() {
            return match identity.pins.is_empty() {
                true => Recognition::Unrecognisable,
                false => Recognition::Learned,
            };
        }
        let (kept, gone): (BTreeSet<_>, BTreeSet<_>) = self
            .pins
            .iter()
            .cloned()
            .partition(|pin| identity.pins.contains(pin));
        let is_known = match &now {
            Some(pin) => self.pins.contains(pin),
            // Such as an address that changes, beside an offer that is the same.
            None => gone.is_empty(),
        };
        if is_known {
            return Recognition::Same;
        }
        Recognition::Changed(Change {
            now,
            gone,
            kept,
            known_since: self.keys_since,
            last_seen: self.last_seen,
            zone_keys_changed: self.has_other_zone_keys(identity),
        })
    }

    /// Whether the zone has none of the keys that it had. By itself no alarm: zones replace their keys.
    pub fn has_other_zone_keys(&self, identity: &Identity) -> bool {
        !self.zone_keys.is_empty() && self.zone_keys.is_disjoint(&identity.zone_keys)
    }

    /// Remembers that the payee was met again, by these keys; earlier ones are forgotten.
    pub fn met_again(&mut self, identity: &Identity, now: UnixTime) {
        if self.pins.is_disjoint(&identity.pins) {
            self.keys_since = now;
        }
        self.pins.clone_from(&identity.pins);
        self.zone_keys.clone_from(&identity.zone_keys);
        self.last_seen = now;
    }
}
