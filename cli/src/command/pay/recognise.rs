//! Whether the payee is who it was: before a payment is confirmed, and remembered before it is sent.

use payname_resolver::{
    Handle, UnixTime,
    known::{Change, Identity, KnownPayee, Pin, Recognition},
};
use serde_json::{Value, json};

use crate::{exit::Exit, failure::Failure, known::KnownPayees};

/// What is known of a payee, and what to remember.
pub(super) struct Acquaintance {
    identity: Identity,
    known: Option<KnownPayee>,
    recognition: Option<Recognition>,
    has_other_zone_keys: bool,
}

impl Acquaintance {
    /// Compares with what the file has.
    pub(super) fn with(
        known: Option<KnownPayee>,
        identity: Identity,
        chosen: &payname_resolver::Method,
    ) -> Self {
        let recognition = known
            .as_ref()
            .map(|known| known.recognise(&identity, Some(chosen)));
        let has_other_zone_keys = known
            .as_ref()
            .is_some_and(|known| known.has_other_zone_keys(&identity));
        Self {
            identity,
            known,
            recognition,
            has_other_zone_keys,
        }
    }

    /// What changed, if the payee is not who it was.
    pub(super) fn change(&self) -> Option<&Change> {
        match &self.recognition {
            Some(Recognition::Changed(change)) => Some(change),
            _ => None,
        }
    }

    /// Refuses a payee that changed, when nobody can be asked and nobody has accepted it.
    pub(super) fn refuse_change(&self, handle: &Handle) -> Result<(), Failure> {
        let Some(change) = self.change() else {
            return Ok(());
        };
        let message = format!(
            "{handle} is not who it was: {}; ask the payee another way, then pay with --accept-change, or `payname known forget {}`",
            sentence(change),
            handle.as_str()
        );
        Err(Failure::new(Exit::PayeeChanged, "payee_changed", message)
            .with("name", handle.to_string())
            .with("payee", self.to_json()))
    }

    /// Remembers the payee as it is now.
    pub(super) fn remember(
        &self,
        known: &KnownPayees,
        handle: &Handle,
        now: UnixTime,
    ) -> Result<(), Failure> {
        Ok(known.change(handle, |before| {
            let Some(mut payee) = before else {
                return Some(KnownPayee::first_met(&self.identity, now));
            };
            payee.met_again(&self.identity, now);
            Some(payee)
        })?)
    }

    /// One line for a person, or several if something is wrong.
    pub(super) fn text(&self) -> String {
        let since = |known: &KnownPayee| format!("since {}", known.first_seen);
        let line = match (&self.known, &self.recognition) {
            (Some(known), Some(Recognition::Same)) => {
                format!("known     {}, by the same key", since(known))
            }
            (Some(known), Some(Recognition::Learned)) => {
                format!("known     {}, from now on by its key", since(known))
            }
            (Some(known), Some(Recognition::Unrecognisable)) => {
                format!("known     {}, but {UNRECOGNISABLE}", since(known))
            }
            (_, Some(Recognition::Changed(change))) => format!("CHANGED   {}", sentence(change)),
            _ if self.identity.pins.is_empty() => {
                format!("known     not yet, and {UNRECOGNISABLE}")
            }
            _ => "known     not yet; its key is remembered from now on".to_owned(),
        };
        match self.has_other_zone_keys && self.change().is_none() {
            true => {
                format!("{line}\nnote      the zone of this name has other keys than last time")
            }
            false => line,
        }
    }

    /// The same as data.
    pub(super) fn to_json(&self) -> Value {
        let state = match &self.recognition {
            None => "first",
            Some(Recognition::Same) => "same",
            Some(Recognition::Learned) => "learned",
            Some(Recognition::Unrecognisable) => "unrecognisable",
            Some(Recognition::Changed(_)) => "changed",
        };
        let change = self.change().map(|change| {
            let all = |pins: &std::collections::BTreeSet<Pin>| -> Vec<String> {
                pins.iter().map(ToString::to_string).collect()
            };
            json!({
                "now": change.now.as_ref().map(ToString::to_string),
                "gone": all(&change.gone),
                "kept": all(&change.kept),
                "known_since": change.known_since.0,
                "last_seen": change.last_seen.0,
            })
        });
        json!({
            "state": state,
            "first_seen": self.known.as_ref().map(|known| known.first_seen.0),
            "last_seen": self.known.as_ref().map(|known| known.last_seen.0),
            "zone_keys_changed": self.has_other_zone_keys,
            "change": change,
        })
    }
}

const UNRECOGNISABLE: &str =
    "it cannot be recognised: addresses and blinded paths change, and there is no other key";

/// What changed, since when, and whether the zone did as well.
fn sentence(change: &Change) -> String {
    let now = match &change.now {
        Some(pin) => format!("it would be paid by the {} {}", pin.kind, pin.key),
        None => "it would be paid by something that has no key to recognise it by".to_owned(),
    };
    let known: Vec<String> = change
        .gone
        .iter()
        .chain(&change.kept)
        .map(|pin| format!("the {} {}", pin.kind, pin.key))
        .collect();
    let zone = match change.zone_keys_changed {
        true => "the zone has other keys, too: its DNS host or its owner may have changed",
        false => "the zone's own keys are the same",
    };
    format!(
        "{now}, and was known since {} (last seen {}) by {}; {zone}",
        change.known_since,
        change.last_seen,
        known.join(" and ")
    )
}
