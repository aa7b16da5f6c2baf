//! Records deleted from a zone and added to it (RFC 1995 §4), until they are the changes of sets.

use std::collections::{BTreeMap, HashMap};

use hickory_proto::rr::RecordType;
use payname_resolver::UnixTime;

use super::gathering::{Part, refused, set_of};
use super::reader::Arriving;
use crate::check::ZoneError;
use crate::packed::{SetFault, Stored};
use crate::stored::SetChange;
use crate::zone::Zone;

/// What is held for a set or a record beside its owner or data, in octets, about.
const ENTRY: usize = 64;

/// The record sets that changes touch, as they are after the changes so far.
#[derive(Debug)]
pub(super) struct Revising {
    base: Zone,
    sets: HashMap<(Vec<u8>, u16), Records>,
    octets: usize,
}

/// Whether each is a signature, its data, and its TTL: in the order in which sets are stored.
type Records = BTreeMap<(bool, Vec<u8>), u32>;

impl Revising {
    pub(super) fn new(base: Zone) -> Self {
        Self {
            base,
            sets: HashMap::new(),
            octets: 0,
        }
    }

    /// How much is held.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }

    /// Deletes a record, which must be there.
    pub(super) fn delete(&mut self, record: &Arriving) -> Result<(), ZoneError> {
        let (covered, records) = self.records(record)?;
        let key = (record.is_signature(), record.data.clone());
        let there = records.remove(&key).is_some();
        there
            .then_some(())
            .ok_or_else(|| refused(&record.owner, covered, SetFault::NotThere))
    }

    /// Adds a record, which must not be there.
    pub(super) fn add(&mut self, record: &Arriving) -> Result<(), ZoneError> {
        self.octets = self.octets.saturating_add(held(record.data.len()));
        let (covered, records) = self.records(record)?;
        let key = (record.is_signature(), record.data.clone());
        match records.insert(key, record.ttl) {
            None => Ok(()),
            Some(_) => Err(refused(&record.owner, covered, SetFault::Twice)),
        }
    }

    /// The zone with the changes.
    pub(super) fn build(self, now: UnixTime) -> Result<Zone, ZoneError> {
        let mut changes = Vec::with_capacity(self.sets.len());
        for ((owner, covered), records) in &self.sets {
            let parts = records.iter().map(|((is_signature, data), ttl)| {
                let part: Part<'_> = (*is_signature, data, *ttl);
                part
            });
            let parts: Vec<Part<'_>> = parts.collect();
            let before = self.base.stored_set(owner, (*covered).into());
            let after = if parts.is_empty() {
                SetChange {
                    owner: owner.clone(),
                    record_type: RecordType::from(*covered),
                    set: None,
                }
            } else {
                set_of(owner, *covered, &parts, now)
            };
            if before.map(crate::packed::Packed::to_stored_bytes) != after.set {
                changes.push(after);
            }
        }
        self.base.apply(changes)
    }

    /// The records of the set that a record belongs to, as they are by now.
    fn records(&mut self, record: &Arriving) -> Result<(u16, &mut Records), ZoneError> {
        let owner = &record.owner;
        let covered = record.covered();
        let covered =
            covered.ok_or_else(|| refused(owner, record.record_type, SetFault::Signature))?;
        let (base, octets) = (&self.base, &mut self.octets);
        let records = self
            .sets
            .entry((owner.clone(), covered))
            .or_insert_with(|| {
                *octets = octets.saturating_add(held(owner.len()));
                let set = base.stored_set(owner, covered.into());
                let mut records = Records::new();
                for body in set.iter().flat_map(Stored::bodies) {
                    let Some(([t1, t2, _, _, l1, l2, l3, l4, _, _], data)) =
                        body.split_first_chunk()
                    else {
                        continue;
                    };
                    let is_signature = [*t1, *t2] == u16::from(RecordType::RRSIG).to_be_bytes();
                    let ttl = u32::from_be_bytes([*l1, *l2, *l3, *l4]);
                    *octets = octets.saturating_add(held(data.len()));
                    records.insert((is_signature, data.to_vec()), ttl);
                }
                records
            });
        Ok((covered, records))
    }
}

/// How much is held for a set or a record, whose owner or data has so many octets.
fn held(octets: usize) -> usize {
    octets.saturating_add(ENTRY)
}
