//! How keys move from stage to stage: pre-publication for what signs the zone, double-DS for what
//! the parent names (RFC 6781 §4.1, RFC 7583 §3.2.1 and §3.3.2). From one algorithm to another leads
//! [`super::algorithm_change`].
//!
//! At every moment each set of DNSKEY, DS and signed records that a cache may still hold fits each
//! other, because a stage ends only when the records before it have left every cache:
//!
//! - what the zone's servers showed: the longest TTL in the zone and the propagation delay;
//! - what the parent's servers showed: the longest TTL of its DS records and its own delay, counted
//!   from when the new record was seen, proven.
//!
//! Both are counted from when the records were seen, not from when they were wanted: a zone that could not
//! be changed, or late, begins no wait (RFC 7583 §3.1).

use std::collections::BTreeSet;

use hickory_proto::dnssec::rdata::DS;
use ring::rand::SecureRandom;

use super::KeyError;
use super::key::{EntryStage, Key, Role, Stage, Track, ZoneStage};
use super::parent::ParentView;
use super::policy::Duty;
use super::set::{KeySet, NewKey};
use super::timekeeper::{Moment, Reading};

/// What the zone shows now, as [`crate::Zone::key_use`] tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key tag of what signs the zone now.
    pub signing: u16,
    /// The tags of all keys that made signatures which are in the zone.
    pub key_tags: BTreeSet<u16>,
    /// The tags of those keys that every record set of the zone has a signature of, but for those
    /// that tell of the keys.
    pub complete: BTreeSet<u16>,
    /// The tags of the DNSKEY records.
    pub shown: BTreeSet<u16>,
    /// The tags of the keys that signed the DNSKEY records.
    pub entry: BTreeSet<u16>,
    /// The longest TTL in the zone, in seconds.
    pub longest_ttl: u32,
}

/// What a step did, and when the next is due.
#[derive(Debug)]
pub struct Step {
    /// The moment as the set's timekeeper sees it.
    pub moment: Moment,
    /// What changed, in order.
    pub changes: Vec<KeyChange>,
    /// The keys that were made; store their private halves before anything else.
    pub made: Vec<NewKey>,
    /// In how many seconds time alone will change something; none while the set waits for the
    /// parent, an operator, or the zone to show its keys or to be signed again.
    pub wake_in: Option<u64>,
}

/// One change of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyChange {
    /// A key was made and is shown, or announced to the parent.
    Made(Role, u16),
    /// The parent has the DS record of the key.
    Trusted(u16),
    /// The parent took the DS record of a key away that was to be the next.
    Distrusted(u16),
    /// The key signs the DNSKEY records from now on.
    Entered(u16),
    /// The same, before caches are sure to know it: the parent gave up the key before too soon.
    EnteredEarly(u16),
    /// The key signs the zone from now on.
    Signs(u16),
    /// No signature of the key is in the zone any more.
    Spent(u16),
    /// The parent may take the DS record of the key away.
    Withdrawn(u16),
    /// The key, of another algorithm, is shown from now on and signs beside the one before.
    Joined(u16),
    /// The parent is asked for the DS record of the key instead of that of the algorithm before.
    Requested(u16),
    /// Nothing depends on the key: its private half can be destroyed.
    Gone(u16),
}

/// The state of a step while it is made.
pub(super) struct Stepping<'a> {
    pub(super) moment: Moment,
    pub(super) parent: Option<&'a ParentView>,
    pub(super) zone: &'a KeyUse,
    pub(super) changes: Vec<KeyChange>,
    deadlines: Vec<u64>,
}

impl KeySet {
    /// Moves the keys on, as far as time, the zone and the parent allow.
    ///
    /// `parent` is what the parent was seen to serve since the last step, proven; none when it was
    /// not asked or did not answer, which only makes things wait. Afterwards the caller stores
    /// first the private keys that were made, then the set, then gives the zone its new
    /// [`super::ZoneKeys`], and says with [`KeySet::see`] when the zone shows them.
    ///
    /// # Errors
    /// [`KeyError`] when no key can be made; the set is then as it was.
    pub fn step(
        &mut self,
        reading: Reading,
        zone: &KeyUse,
        parent: Option<&ParentView>,
        random: &dyn SecureRandom,
    ) -> Result<Step, KeyError> {
        let mut next = self.clone();
        if let Some(time) = parent.and_then(|parent| parent.signed_from) {
            next.time.confirm(time);
        }
        let moment = next.time.observe(reading);
        next.see_shown(zone, moment.lived);
        let propagation = next.policy.propagation.as_secs();
        next.longest_ttl
            .note(zone.longest_ttl, moment.lived, propagation);
        if let Some(parent) = parent {
            let propagation = next.policy.parent_propagation.as_secs();
            next.ds_ttl.note(parent.ttl, moment.lived, propagation);
        }
        let mut stepping = Stepping {
            moment,
            parent,
            zone,
            changes: Vec::new(),
            deadlines: Vec::new(),
        };
        let mut made = next.begin_algorithm(&mut stepping, random)?;
        made.append(&mut next.begin_rolls(&mut stepping, random)?);
        next.move_entries(&mut stepping);
        next.move_zone(&mut stepping);
        next.move_algorithm(&mut stepping);
        for key in next.keys.iter().filter(|key| key.is_gone()) {
            stepping.changes.push(KeyChange::Gone(key.key_tag));
        }
        next.keys.retain(|key| !key.is_gone());
        *self = next;
        let wake_in = stepping.deadlines.iter().min();
        Ok(Step {
            moment,
            wake_in: wake_in.map(|at| at.saturating_sub(moment.lived)),
            changes: stepping.changes,
            made,
        })
    }

    /// Takes note of what the zone shows: what had not been seen yet and is, is waited for from now on.
    ///
    /// A step does the same; so whoever says nothing waits a little longer.
    pub fn see(&mut self, reading: Reading, zone: &KeyUse) {
        let lived = self.time.observe(reading).lived;
        self.see_shown(zone, lived);
    }

    /// Whether the zone was not seen yet to show all that it is to show.
    pub fn is_unseen(&self) -> bool {
        self.keys.iter().any(|key| {
            let entry = key.entry.is_some_and(|track| track.unseen);
            entry || key.zone.is_some_and(|track| track.unseen)
        })
    }

    fn see_shown(&mut self, zone: &KeyUse, lived: u64) {
        fn see<S: Stage>(track: &mut Track<S>, key_tag: u16, zone: &KeyUse, lived: u64) {
            if track.unseen && track.stage.is_shown(key_tag, zone) {
                *track = Track::new(track.stage, lived, false);
            }
        }
        for key in &mut self.keys {
            if let Some(track) = &mut key.entry {
                see(track, key.key_tag, zone, lived);
            }
            if let Some(track) = &mut key.zone {
                see(track, key.key_tag, zone, lived);
            }
        }
    }

    /// Makes the keys whose time has come, or that were asked for.
    fn begin_rolls(
        &mut self,
        step: &mut Stepping<'_>,
        random: &dyn SecureRandom,
    ) -> Result<Vec<NewKey>, KeyError> {
        let mut made = Vec::new();
        for duty in [Duty::Entry, Duty::Zone] {
            let Some(active) = self.active(duty) else {
                continue;
            };
            let algorithm = active.algorithm; // another needs all keys at once
            let since = match duty {
                Duty::Entry => active.entry.map(|track| track.since),
                Duty::Zone => active.zone.map(|track| track.since),
            };
            let due = self.policy.lifetime(duty);
            let due = due.map(|lifetime| lifetime.saturating_add(since.unwrap_or(0)));
            let is_wanted = self.wanted.contains(&duty);
            let is_due = due.is_some_and(|due| step.moment.lived >= due);
            if !(is_wanted || is_due) || self.deleting || self.is_rolling() {
                step.deadlines.extend(due.filter(|_| !is_due));
                continue;
            }
            self.wanted.retain(|other| *other != duty);
            let role = Role::of(self.policy.scheme, duty);
            let new = self.make(role, algorithm, random)?;
            let key = Key::next(role, &new.key, step.moment.now, step.moment.lived);
            step.changes.push(KeyChange::Made(role, key.key_tag));
            self.keys.push(key);
            made.push(new);
        }
        Ok(made)
    }

    /// Double-DS: both DS records at the parent before the DNSKEY records change their signer.
    fn move_entries(&mut self, step: &mut Stepping<'_>) {
        let hold_parent = self.hold_parent();
        let hold_zone = self.hold_zone();
        let zone = self.zone.clone();
        let seen = |key: &Key| step.parent.map(|parent| names(&parent.ds, key, &zone));
        let active_is_abandoned = self
            .active(Duty::Entry)
            .is_some_and(|active| seen(active) == Some(false));
        let mut swap = None;
        for key in &mut self.keys {
            let is_seen = step.parent.map(|parent| names(&parent.ds, key, &zone));
            let Some(track) = key.entry.as_mut() else {
                continue;
            };
            match (track.stage, is_seen) {
                (EntryStage::Announced, Some(true)) => {
                    step.enter(track, EntryStage::Trusted);
                    step.changes.push(KeyChange::Trusted(key.key_tag));
                    step.wait(track.since, hold_parent);
                }
                (EntryStage::Trusted, Some(false)) => {
                    step.enter(track, EntryStage::Announced);
                    step.changes.push(KeyChange::Distrusted(key.key_tag));
                }
                (EntryStage::Trusted, _) if step.wait(track.since, hold_parent) => {
                    swap = Some((key.key_tag, KeyChange::Entered(key.key_tag)));
                }
                (EntryStage::Retired, _) if step.wait_seen(track, hold_zone) => {
                    step.enter(track, EntryStage::Withdrawn);
                    step.changes.push(KeyChange::Withdrawn(key.key_tag));
                }
                (EntryStage::Withdrawn, Some(false)) => step.enter(track, EntryStage::Gone),
                _ => {}
            }
            // The parent names the next key and not the one that signs: nobody new can prove the
            // zone until the next one signs.
            if track.stage == EntryStage::Trusted && active_is_abandoned && swap.is_none() {
                swap = Some((key.key_tag, KeyChange::EnteredEarly(key.key_tag)));
            }
        }
        let Some((successor, change)) = swap else {
            return;
        };
        for key in &mut self.keys {
            let is_successor = key.key_tag == successor;
            let Some(track) = key.entry.as_mut() else {
                continue;
            };
            if is_successor {
                step.enter(track, EntryStage::Active);
            } else if track.stage == EntryStage::Active {
                step.enter(track, EntryStage::Retired);
            }
        }
        step.changes.push(change);
    }

    /// Pre-publication: the next key is in every cache before it signs, and the one before stays
    /// until its last signature has left them.
    fn move_zone(&mut self, step: &mut Stepping<'_>) {
        let hold = self.hold_zone();
        let signing = self.active(Duty::Zone).map(|key| key.key_tag);
        let zone_follows = signing == Some(step.zone.signing);
        let mut successor = None;
        for key in &mut self.keys {
            let Some(track) = key.zone.as_mut() else {
                continue;
            };
            match track.stage {
                ZoneStage::Published if step.wait_seen(track, hold) => {
                    successor = Some(key.key_tag);
                }
                ZoneStage::Retired
                    if zone_follows && !step.zone.key_tags.contains(&key.key_tag) =>
                {
                    step.enter(track, ZoneStage::Spent);
                    step.changes.push(KeyChange::Spent(key.key_tag));
                    step.wait(track.since, hold);
                }
                ZoneStage::Spent if step.wait(track.since, hold) => {
                    step.enter(track, ZoneStage::Gone);
                }
                _ => {}
            }
        }
        let Some(successor) = successor else {
            return;
        };
        for key in &mut self.keys {
            let is_successor = key.key_tag == successor;
            let Some(track) = key.zone.as_mut() else {
                continue;
            };
            if is_successor {
                step.enter(track, ZoneStage::Active);
            } else if track.stage == ZoneStage::Active {
                step.enter(track, ZoneStage::Retired);
            }
        }
        step.changes.push(KeyChange::Signs(successor));
    }

    /// How long something that the parent showed may still be seen.
    pub(super) fn hold_parent(&self) -> u64 {
        u64::from(self.ds_ttl.ttl).saturating_add(self.policy.parent_propagation.as_secs())
    }

    /// How long something that the zone showed may still be seen.
    pub(super) fn hold_zone(&self) -> u64 {
        u64::from(self.longest_ttl.ttl).saturating_add(self.policy.propagation.as_secs())
    }
}

impl Stepping<'_> {
    pub(super) fn enter<S: Stage>(&self, track: &mut Track<S>, stage: S) {
        *track = Track::new(stage, self.moment.lived, stage.is_waited_for());
    }

    /// As [`Stepping::wait`], since the zone was seen to show it; what was not is to be seen first.
    pub(super) fn wait_seen<S: Stage>(&mut self, track: &Track<S>, hold: u64) -> bool {
        !track.unseen && self.wait(track.since, hold)
    }

    /// Whether `hold` seconds have been lived since; if not, the set is to be woken then.
    pub(super) fn wait(&mut self, since: u64, hold: u64) -> bool {
        let until = since.saturating_add(hold);
        if self.moment.lived >= until {
            return true;
        }
        self.deadlines.push(until);
        false
    }
}

pub(super) fn names(ds: &[DS], key: &Key, zone: &hickory_proto::rr::Name) -> bool {
    ds.iter().any(|ds| key.is_named_by(ds, zone))
}
