//! One key of a zone and where it stands: in the parent's trust, and in the work of signing.

use std::fmt;

use hickory_proto::dnssec::rdata::{DNSKEY, DS};
use hickory_proto::rr::Name;
use payname_resolver::UnixTime;

use super::policy::{Duty, Scheme};
use super::signing_key::ds_of;
use super::step::KeyUse;
use super::{KeyAlgorithm, SigningKey};

/// What a key was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Csk,
    /// Signing the DNSKEY records.
    Ksk,
    /// Signing everything but the DNSKEY records.
    Zsk,
}

impl Role {
    pub(super) fn of(scheme: Scheme, duty: Duty) -> Self {
        match (scheme, duty) {
            (Scheme::Single, _) => Self::Csk,
            (Scheme::Split, Duty::Entry) => Self::Ksk,
            (Scheme::Split, Duty::Zone) => Self::Zsk,
        }
    }

    /// Whether its DNSKEY has the flag of a secure entry point.
    pub fn is_entry(self) -> bool {
        self != Self::Zsk
    }

    pub(super) fn duties(self) -> &'static [Duty] {
        match self {
            Self::Csk => &[Duty::Entry, Duty::Zone],
            Self::Ksk => &[Duty::Entry],
            Self::Zsk => &[Duty::Zone],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csk => "CSK",
            Self::Ksk => "KSK",
            Self::Zsk => "ZSK",
        })
    }
}

/// Where a key stands as the one that the parent's DS record names.
///
/// The first six follow one another where the algorithm stays (RFC 7583 §3.3.2, double-DS), the
/// others lead from one algorithm to another (RFC 6781 §4.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryStage {
    /// The parent is asked for its DS record.
    Announced,
    /// The parent was seen to have its DS record; caches may still have the records before it.
    Trusted,
    /// It signs the DNSKEY records.
    Active,
    /// Another signs the DNSKEY records; caches may still have those that it signed.
    Retired,
    /// The parent is asked to take its DS record away.
    Withdrawn,
    /// Nothing depends on it.
    Gone,
    /// Its algorithm is new to the zone, and not shown before all records have signatures of it.
    Waiting,
    /// Shown, and signs the DNSKEY records beside the key of the algorithm before.
    Joined,
    /// The parent is asked for its DS record instead of that of the algorithm before.
    Requested,
    /// The parent was seen to have its DS record alone; caches may still have the one before.
    Named,
    /// Signs the DNSKEY records beside the key of the next algorithm, whose DS record the parent
    /// is asked for instead.
    Superseded,
}

/// Where a key stands as the one that signs the zone.
///
/// The first five follow one another where the algorithm stays (RFC 7583 §3.2.1,
/// pre-publication), the others lead from one algorithm to another (RFC 6781 §4.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ZoneStage {
    /// Shown among the DNSKEY records; caches may still have those before it.
    Published,
    /// It signs.
    Active,
    /// Another signs; signatures it made are still in the zone.
    Retired,
    /// None of its signatures is in the zone; caches may still have some.
    Spent,
    /// Nothing depends on it.
    Gone,
    /// Its algorithm is new to the zone: it signs, beside the key that did, and is not shown.
    Joining,
    /// All records have its signatures; caches may still have records without.
    Joined,
    /// Shown, and signs beside the key of the algorithm before.
    Beside,
    /// No longer shown; it signs beside the key of the next algorithm, because caches may still
    /// have the DNSKEY records that showed it.
    Leaving,
}

/// A stage, and how long had been lived when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track<S> {
    /// The stage.
    pub stage: S,
    /// Seconds lived when it began: when the zone was seen to show it, where the zone shows it.
    pub since: u64,
    /// Whether the zone was not seen yet to show it; until it is, nobody waits for its caches.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

impl<S> Track<S> {
    pub(super) fn new(stage: S, since: u64, unseen: bool) -> Self {
        Self {
            stage,
            since,
            unseen,
        }
    }
}

/// A stage of which the zone's DNSKEY records tell.
pub(super) trait Stage: Copy {
    /// Whether those who remember the DNSKEY records before are waited for.
    fn is_waited_for(self) -> bool;
    /// Whether the zone shows that a key is in this stage.
    fn is_shown(self, key_tag: u16, zone: &KeyUse) -> bool;
}

impl Stage for EntryStage {
    fn is_waited_for(self) -> bool {
        matches!(self, Self::Retired | Self::Joined)
    }

    fn is_shown(self, key_tag: u16, zone: &KeyUse) -> bool {
        match self {
            Self::Retired => !zone.entry.contains(&key_tag),
            Self::Joined => zone.shown.contains(&key_tag) && zone.entry.contains(&key_tag),
            _ => true,
        }
    }
}

impl Stage for ZoneStage {
    fn is_waited_for(self) -> bool {
        matches!(self, Self::Published | Self::Leaving)
    }

    fn is_shown(self, key_tag: u16, zone: &KeyUse) -> bool {
        match self {
            Self::Published => zone.shown.contains(&key_tag),
            Self::Leaving => !zone.shown.contains(&key_tag),
            _ => true,
        }
    }
}

/// One key of a zone, its private half kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What it was made for.
    pub role: Role,
    /// Its algorithm.
    pub algorithm: KeyAlgorithm,
    /// Its key tag; no other key of the set has the same.
    pub key_tag: u16,
    /// Its public half.
    pub dnskey: DNSKEY,
    /// When it was made.
    pub made: UnixTime,
    /// Where it stands with the parent; none for a ZSK.
    pub entry: Option<Track<EntryStage>>,
    /// Where it stands in signing the zone; none for a KSK.
    pub zone: Option<Track<ZoneStage>>,
}

impl Key {
    /// A key that signs from now on.
    pub(super) fn active(role: Role, key: &SigningKey, made: UnixTime, lived: u64) -> Self {
        let stages = (EntryStage::Active, ZoneStage::Active);
        Self::at(stages, role, key, made, lived)
    }

    /// A key that is to sign some day.
    pub(super) fn next(role: Role, key: &SigningKey, made: UnixTime, lived: u64) -> Self {
        let stages = (EntryStage::Announced, ZoneStage::Published);
        Self::at(stages, role, key, made, lived)
    }

    /// A key of an algorithm that the zone is to have some day.
    pub(super) fn joining(role: Role, key: &SigningKey, made: UnixTime, lived: u64) -> Self {
        let stages = (EntryStage::Waiting, ZoneStage::Joining);
        Self::at(stages, role, key, made, lived)
    }

    fn at(
        (entry, zone): (EntryStage, ZoneStage),
        role: Role,
        key: &SigningKey,
        made: UnixTime,
        since: u64,
    ) -> Self {
        let has = |duty| role.duties().contains(&duty);
        Self {
            role,
            algorithm: key.algorithm(),
            key_tag: key.key_tag(),
            dnskey: key.dnskey().clone(),
            made,
            entry: has(Duty::Entry).then(|| Track::new(entry, since, entry.is_waited_for())),
            zone: has(Duty::Zone).then(|| Track::new(zone, since, zone.is_waited_for())),
        }
    }

    /// Its DS record for `zone`.
    pub fn ds(&self, zone: &Name) -> DS {
        ds_of(&self.dnskey, self.key_tag, zone)
    }

    /// Its stage with the parent.
    pub fn entry_stage(&self) -> Option<EntryStage> {
        self.entry.map(|track| track.stage)
    }

    /// Its stage in signing the zone.
    pub fn zone_stage(&self) -> Option<ZoneStage> {
        self.zone.map(|track| track.stage)
    }

    /// Whether the key does this work now.
    pub(super) fn does(&self, duty: Duty) -> bool {
        use EntryStage::{Active, Named, Requested};
        match duty {
            Duty::Entry => matches!(self.entry_stage(), Some(Active | Requested | Named)),
            Duty::Zone => self.zone_stage() == Some(ZoneStage::Active),
        }
    }

    /// Whether the key does this work beside one of another algorithm.
    pub(super) fn assists(&self, duty: Duty) -> bool {
        use {EntryStage as Entry, ZoneStage as Zone};
        match duty {
            Duty::Entry => {
                let stage = self.entry_stage();
                matches!(stage, Some(Entry::Joined | Entry::Superseded))
            }
            Duty::Zone => {
                let stage = self.zone_stage();
                matches!(
                    stage,
                    Some(Zone::Joining | Zone::Joined | Zone::Beside | Zone::Leaving)
                )
            }
        }
    }

    /// Whether it signs the DNSKEY records, alone or beside another.
    pub(super) fn signs_keys(&self) -> bool {
        self.does(Duty::Entry) || self.assists(Duty::Entry)
    }

    /// Whether it is among the DNSKEY records.
    pub fn is_shown(&self) -> bool {
        use ZoneStage::{Active, Beside, Published, Retired, Spent};
        let stage = self.zone_stage();
        self.signs_keys() || matches!(stage, Some(Published | Active | Retired | Spent | Beside))
    }

    /// Whether the parent is to have its DS record.
    pub fn is_asked_for(&self) -> bool {
        use EntryStage::{Active, Announced, Named, Requested, Retired, Trusted};
        let stage = self.entry_stage();
        matches!(
            stage,
            Some(Announced | Trusted | Active | Retired | Requested | Named)
        )
    }

    /// Whether nothing depends on it any more.
    pub(super) fn is_gone(&self) -> bool {
        let entry = self.entry_stage().unwrap_or(EntryStage::Gone);
        let zone = self.zone_stage().unwrap_or(ZoneStage::Gone);
        entry == EntryStage::Gone && zone == ZoneStage::Gone
    }

    /// Whether a DS record of the parent names it.
    pub(super) fn is_named_by(&self, ds: &DS, zone: &Name) -> bool {
        ds.key_tag() == self.key_tag && ds.covers(zone, &self.dnskey).unwrap_or(false)
    }
}
