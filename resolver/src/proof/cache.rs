//! The chain cache: key sets of zones that were proven, kept while their signatures and TTLs allow.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};

use hickory_proto::rr::{Name, RecordType};

use super::{Outcome, Proof, ResourceRecord, checks::Learnt, memo::Memo, signature::RrSig};
use crate::time::UnixTime;

/// How many good signature checks are remembered for each zone that may be held.
const CHECKS_PER_ZONE: usize = 16;

/// Key sets and signature checks of proofs that held, for the proofs to come.
///
/// Two things are kept, both bounded. *Good signature checks*, so that a proof that shares its upper
/// part with an earlier one pays only for what is new. And the *DNSKEY and DS records* of proven
/// zones, so that a [`Resolution`](crate::Resolution) need not ask for them again and a delta proof
/// (one without the zones that both sides hold) can be completed. Records are judged again wherever
/// they are used: a warm cache never changes a verdict, it only saves work.
///
/// ```
/// use payname_resolver::proof::ChainCache;
///
/// let cache = ChainCache::new(64);
/// assert_eq!(cache.zones().count(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct ChainCache {
    capacity: usize,
    memo: Memo,
    held: BTreeMap<Name, Held>,
    clock: u64,
    signature_checks: u64,
}

/// The key sets of one zone.
#[derive(Debug, Clone)]
struct Held {
    /// The DNSKEY set, the DS set, and the signatures over them that were used.
    records: Arc<[ResourceRecord]>,
    /// When the first of their TTLs or signatures ends.
    until: UnixTime,
    used: u64,
}

impl ChainCache {
    /// An empty cache for at most `zones` zones; 64 hold the root and the common TLDs.
    pub fn new(zones: usize) -> Self {
        let capacity = zones.max(1);
        Self {
            capacity,
            memo: Memo::new(capacity.saturating_mul(CHECKS_PER_ZONE)),
            held: BTreeMap::new(),
            clock: 0,
            signature_checks: 0,
        }
    }

    /// How many signature checks the judgements with this cache have made, those that failed
    /// included; a check that is remembered is not made again.
    pub fn signature_checks(&self) -> u64 {
        self.signature_checks
    }

    /// The zones whose keys are held, each with the moment at which they are to be asked for again.
    pub fn zones(&self) -> impl Iterator<Item = (&Name, UnixTime)> {
        self.held.iter().map(|(zone, held)| (zone, held.until))
    }

    /// Whether the keys of `zone` are held and still good at `now`.
    pub fn holds(&self, zone: &Name, now: UnixTime) -> bool {
        self.held.get(zone).is_some_and(|held| now < held.until)
    }

    /// The DNSKEY and DS records of a zone with their signatures, while they are good; their TTL is
    /// what is left of it.
    pub fn records_of(&self, zone: &Name, now: UnixTime) -> Option<Vec<ResourceRecord>> {
        let held = self.held.get(zone).filter(|held| now < held.until)?;
        let left = u32::try_from(now.until(held.until)).unwrap_or(u32::MAX);
        Some(
            held.records
                .iter()
                .map(|record| record.with_ttl(left))
                .collect(),
        )
    }

    /// Puts back what a delta proof left out: the key sets held for the zones above its records.
    ///
    /// The result is an ordinary proof, to be judged like any other.
    pub fn complete(&self, delta: &Proof, now: UnixTime) -> Proof {
        let present: BTreeSet<_> = delta.records().iter().map(set_of).collect();
        let needed = |zone: &Name| {
            delta
                .records()
                .iter()
                .any(|record| zone.zone_of(record.name()))
        };
        let held = self.held.keys().filter(|zone| needed(zone));
        let missing = held
            .filter_map(|zone| self.records_of(zone, now))
            .flatten()
            // What the sender did send is newer; two versions of a set would spoil each other.
            .filter(|record| !present.contains(&set_of(record)));
        Proof {
            records: delta.records().iter().cloned().chain(missing).collect(),
        }
    }

    /// The checks that need not be made again.
    pub(super) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Takes what a judgement established: its good checks, and the key sets on its path.
    ///
    /// Only a proof that shows something brings anything in; so a forger cannot even crowd out what
    /// is there without owning signed zones.
    pub(super) fn learn(&mut self, outcome: &Outcome, learnt: Learnt, now: UnixTime) {
        self.signature_checks = self.signature_checks.saturating_add(learnt.made);
        let proof = match outcome {
            Outcome::Secure(secure) => &secure.proof,
            Outcome::Denied(denial) => &denial.proof,
            Outcome::Insecure(_) | Outcome::Bogus(_) => return,
        };
        for check in learnt.good {
            self.memo.note(check);
        }
        self.clock = self.clock.saturating_add(1);
        let mut zones: BTreeMap<&Name, Vec<&ResourceRecord>> = BTreeMap::new();
        for record in proof
            .records()
            .iter()
            .filter(|record| holds_zone_together(record))
        {
            zones.entry(record.name()).or_default().push(record);
        }
        for (zone, records) in zones {
            // A DS set without keys is of a zone that was not entered.
            if records
                .iter()
                .any(|record| record.record_type() == RecordType::DNSKEY)
            {
                self.hold(zone, &records, now);
            }
        }
    }

    fn hold(&mut self, zone: &Name, records: &[&ResourceRecord], now: UnixTime) {
        let Some(until) = records
            .iter()
            .filter_map(|record| end_of(record, now))
            .min()
        else {
            return;
        };
        let records: Arc<[_]> = records.iter().map(|record| (*record).clone()).collect();
        let used = self.clock;
        match self.held.get_mut(zone) {
            // Keys that are held already do not live longer because somebody showed them again.
            Some(held) if *held.records == *records && now < held.until => held.used = used,
            _ => {
                self.held.insert(
                    zone.clone(),
                    Held {
                        records,
                        until,
                        used,
                    },
                );
            }
        }
        while self.held.len() > self.capacity {
            let least = self
                .held
                .iter()
                .min_by_key(|(zone, held)| (held.used, core::cmp::Reverse(zone.iter().count())));
            let Some(least) = least.map(|(zone, _)| zone.clone()) else {
                return;
            };
            self.held.remove(&least);
        }
    }
}

/// Whether a record is a DNSKEY or DS record or the signature over such a set.
fn holds_zone_together(record: &ResourceRecord) -> bool {
    let is_key_set = |record_type| matches!(record_type, RecordType::DNSKEY | RecordType::DS);
    match record.record_type() {
        RecordType::RRSIG => {
            RrSig::read(record.rdata()).is_some_and(|signature| is_key_set(signature.covered))
        }
        record_type => is_key_set(record_type),
    }
}

/// The set that a record belongs to, its signatures included.
fn set_of(record: &ResourceRecord) -> (&Name, u16) {
    let covered = match record.record_type() {
        RecordType::RRSIG => RrSig::read(record.rdata()).map(|signature| signature.covered),
        _ => None,
    };
    (
        record.name(),
        covered.unwrap_or(record.record_type()).into(),
    )
}

/// When a signed set is to be asked for again: at the end of its signature or of its TTL.
fn end_of(record: &ResourceRecord, now: UnixTime) -> Option<UnixTime> {
    if record.record_type() != RecordType::RRSIG {
        return None;
    }
    let signature = RrSig::read(record.rdata())?;
    let lapses = now.plus(u64::from(signature.original_ttl.min(record.ttl())));
    Some(lapses.min(signature.window(now).valid_until))
}

impl Proof {
    /// The same proof without the key sets of `zones`, for a peer that holds those.
    ///
    /// Zones that both sides hold are typically the root and a TLD, half of an ordinary proof.
    /// [`ChainCache::complete`] undoes it.
    pub fn delta(&self, zones: &[Name]) -> Self {
        let is_held = |record: &ResourceRecord| {
            holds_zone_together(record) && zones.iter().any(|zone| zone == record.name())
        };
        Self {
            records: self
                .records
                .iter()
                .filter(|record| !is_held(record))
                .cloned()
                .collect(),
        }
    }
}
