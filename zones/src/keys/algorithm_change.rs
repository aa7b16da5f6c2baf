//! From one algorithm to another, by the conservative way of RFC 6781 §4.1.4.
//!
//! Some validators want every algorithm that the DS records name to sign the DNSKEY records, and
//! every algorithm of the DNSKEY records to sign all else (RFC 4035 §2.2; RFC 6840 §5.11 tells them
//! not to, not all listen). So for each of them, whatever a cache still holds:
//!
//! 1. signatures of the new algorithm join those of the old one, everywhere in the zone;
//! 2. when no cache has records without them, the new keys join the DNSKEY records;
//! 3. when no cache has DNSKEY records without them, the parent is asked for the other DS record;
//! 4. when no cache has the old DS record, the old keys leave the DNSKEY records;
//! 5. when no cache has DNSKEY records with them, their signatures leave the zone.
//!
//! The parent is needed once, and it does not matter whether it replaces its record in one go.

use ring::rand::SecureRandom;

use super::key::{EntryStage, Key, Role, Track, ZoneStage};
use super::policy::{Duty, Scheme};
use super::set::{KeySet, NewKey};
use super::step::{KeyChange, Stepping, names};
use super::{KeyAlgorithm, KeyError};

impl KeySet {
    /// Makes the keys of the algorithm that was asked for, one for each duty.
    pub(super) fn begin_algorithm(
        &mut self,
        step: &mut Stepping<'_>,
        random: &dyn SecureRandom,
    ) -> Result<Vec<NewKey>, KeyError> {
        if !self.algorithm_wanted || self.deleting || self.is_rolling() {
            return Ok(Vec::new());
        }
        self.algorithm_wanted = false;
        if !self.is_of_another_algorithm() {
            return Ok(Vec::new()); // the policy was changed back since
        }
        let roles: &[Role] = match self.policy.scheme {
            Scheme::Single => &[Role::Csk],
            Scheme::Split => &[Role::Ksk, Role::Zsk],
        };
        let mut made = Vec::new();
        for role in roles {
            let new = self.make(*role, self.policy.algorithm, random)?;
            let key = Key::joining(*role, &new.key, step.moment.now, step.moment.lived);
            step.changes.push(KeyChange::Made(*role, key.key_tag));
            self.keys.push(key);
            made.push(new);
        }
        Ok(made)
    }

    /// Moves all keys of a zone that changes its algorithm.
    pub(super) fn move_algorithm(&mut self, step: &mut Stepping<'_>) {
        let hold_zone = self.hold_zone();
        for key in &mut self.keys {
            if let Some(track) = key.zone.as_mut()
                && track.stage == ZoneStage::Leaving
                && step.wait_seen(track, hold_zone)
            {
                step.enter(track, ZoneStage::Gone);
            }
        }
        let Some(incoming) = Incoming::of(&self.keys) else {
            return;
        };
        let Incoming { entry, zone, .. } = incoming;
        match (entry.1.stage, zone.1.stage) {
            (_, ZoneStage::Joining) if step.zone.complete.contains(&zone.0) => {
                self.enter_zone(step, zone.0, ZoneStage::Joined);
                step.wait(step.moment.lived, hold_zone);
            }
            (_, ZoneStage::Joined) if step.wait(zone.1.since, hold_zone) => {
                self.enter_zone(step, zone.0, ZoneStage::Beside);
                self.enter_entry(step, entry.0, EntryStage::Joined);
                step.changes.push(KeyChange::Joined(zone.0));
            }
            (EntryStage::Joined, _) if step.wait_seen(&entry.1, hold_zone) => {
                self.replace_entry(step, EntryStage::Superseded);
                self.enter_entry(step, entry.0, EntryStage::Requested);
                step.changes.push(KeyChange::Requested(entry.0));
            }
            (EntryStage::Requested | EntryStage::Named, _) => self.watch_swap(step, incoming),
            _ => {}
        }
    }

    /// Waits until the parent has the new DS record alone, and no cache another.
    fn watch_swap(&mut self, step: &mut Stepping<'_>, incoming: Incoming) {
        let Incoming { entry, zone, .. } = incoming;
        let is_swapped = step.parent.map(|parent| {
            let of_it = |key: &&Key| key.key_tag == entry.0;
            let is_named = self
                .keys
                .iter()
                .find(of_it)
                .is_some_and(|key| names(&parent.ds, key, &self.zone));
            let algorithm = incoming.algorithm.in_records();
            is_named && parent.ds.iter().all(|ds| ds.algorithm() == algorithm)
        });
        let hold = self.hold_parent();
        match (entry.1.stage, is_swapped) {
            (EntryStage::Requested, Some(true)) => {
                self.enter_entry(step, entry.0, EntryStage::Named);
                step.changes.push(KeyChange::Trusted(entry.0));
                step.wait(step.moment.lived, hold);
            }
            (EntryStage::Named, Some(false)) => {
                self.enter_entry(step, entry.0, EntryStage::Requested);
                step.changes.push(KeyChange::Distrusted(entry.0));
            }
            (EntryStage::Named, _) if step.wait(entry.1.since, hold) => {
                self.replace_entry(step, EntryStage::Gone);
                self.enter_entry(step, entry.0, EntryStage::Active);
                let before = self.active(Duty::Zone).map(|key| key.key_tag);
                if let Some(tag) = before {
                    self.enter_zone(step, tag, ZoneStage::Leaving);
                }
                self.enter_zone(step, zone.0, ZoneStage::Active);
                step.changes.push(KeyChange::Entered(entry.0));
                step.changes.push(KeyChange::Signs(zone.0));
            }
            _ => {}
        }
    }

    /// Has the key that signs the DNSKEY records, other than the incoming one, enter a stage.
    fn replace_entry(&mut self, step: &Stepping<'_>, stage: EntryStage) {
        let tracks = self.keys.iter_mut().filter_map(|key| key.entry.as_mut());
        for track in tracks {
            if matches!(track.stage, EntryStage::Active | EntryStage::Superseded) {
                step.enter(track, stage);
            }
        }
    }

    fn enter_entry(&mut self, step: &Stepping<'_>, key_tag: u16, stage: EntryStage) {
        let of_it = |key: &&mut Key| key.key_tag == key_tag;
        let key = self.keys.iter_mut().find(of_it);
        if let Some(track) = key.and_then(|key| key.entry.as_mut()) {
            step.enter(track, stage);
        }
    }

    fn enter_zone(&mut self, step: &Stepping<'_>, key_tag: u16, stage: ZoneStage) {
        let of_it = |key: &&mut Key| key.key_tag == key_tag;
        let key = self.keys.iter_mut().find(of_it);
        if let Some(track) = key.and_then(|key| key.zone.as_mut()) {
            step.enter(track, stage);
        }
    }
}

/// The keys that are on their way in, by key tag; one for both duties, or two.
#[derive(Clone, Copy)]
struct Incoming {
    algorithm: KeyAlgorithm,
    entry: (u16, Track<EntryStage>),
    zone: (u16, Track<ZoneStage>),
}

impl Incoming {
    fn of(keys: &[Key]) -> Option<Self> {
        use {EntryStage as Entry, ZoneStage as Zone};
        let entry = keys.iter().find_map(|key| {
            let track = key.entry.filter(|track| {
                matches!(
                    track.stage,
                    Entry::Waiting | Entry::Joined | Entry::Requested | Entry::Named
                )
            })?;
            Some((key.key_tag, key.algorithm, track))
        });
        let zone = keys.iter().find_map(|key| {
            let track = key.zone.filter(|track| {
                matches!(track.stage, Zone::Joining | Zone::Joined | Zone::Beside)
            })?;
            Some((key.key_tag, track))
        });
        let ((tag, algorithm, entry), zone) = entry.zip(zone)?;
        Some(Self {
            algorithm,
            entry: (tag, entry),
            zone,
        })
    }
}
