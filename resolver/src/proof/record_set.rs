//! Record sets: the records of a proof by owner name and type, with the signatures over them.

use alloc::{collections::BTreeMap, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{Proof, ResourceRecord, canonical, signature::RrSig};

/// The records of one name and type (RFC 2181 §5), and what claims to sign them.
#[derive(Debug, Default)]
pub(super) struct RecordSet<'p> {
    /// Indices into the proof, in canonical order, duplicates left out.
    members: Vec<usize>,
    /// Each with its index into the proof.
    pub(super) signatures: Vec<(usize, RrSig<'p>)>,
    /// The canonical RDATA of the members.
    canonical: Vec<Vec<u8>>,
    /// A signature over the set that cannot be read.
    pub(super) malformed_signature: bool,
}

/// Those records of a set that a signature is checked over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'s> {
    /// Indices into the proof.
    pub(super) indices: &'s [usize],
    /// The canonical RDATA of each.
    pub(super) canonical: &'s [Vec<u8>],
}

/// All record sets of a proof.
#[derive(Debug)]
pub(super) struct RecordSets<'p> {
    proof: &'p Proof,
    sets: Sets<'p>,
}

/// By type and then by owner name in canonical order, so that all denials are walked without a search.
type Sets<'p> = BTreeMap<RecordType, BTreeMap<Name, RecordSet<'p>>>;

impl<'p> RecordSets<'p> {
    pub(super) fn of(proof: &'p Proof) -> Self {
        let mut sets = Sets::new();
        let internet = proof
            .records()
            .iter()
            .enumerate()
            .filter(|(_, record)| record.is_internet());
        for (index, record) in internet {
            if record.record_type() == RecordType::RRSIG {
                let Some(signature) = RrSig::read(record.rdata()) else {
                    // Which set it was meant for stands in its first two bytes, if there are two.
                    if let Some(&[high, low]) = record.rdata().first_chunk::<2>() {
                        let covered = RecordType::from(u16::from_be_bytes([high, low]));
                        set_of(&mut sets, record.name(), covered).malformed_signature = true;
                    }
                    continue;
                };
                set_of(&mut sets, record.name(), signature.covered)
                    .signatures
                    .push((index, signature));
            } else {
                set_of(&mut sets, record.name(), record.record_type())
                    .members
                    .push(index);
            }
        }
        for set in sets.values_mut().flat_map(BTreeMap::values_mut) {
            set.order(proof.records());
        }
        Self { proof, sets }
    }

    /// The set of a name and type, when the proof holds at least one of its records.
    pub(super) fn get(&self, owner: &Name, record_type: RecordType) -> Option<&RecordSet<'p>> {
        self.sets
            .get(&record_type)?
            .get(owner)
            .filter(|set| !set.members.is_empty())
    }

    /// The NSEC or NSEC3 records: owner, position in their set, and RDATA.
    pub(super) fn denials(
        &self,
        record_type: RecordType,
    ) -> impl Iterator<Item = (&Name, usize, &'p [u8])> {
        self.sets
            .get(&record_type)
            .into_iter()
            .flatten()
            .flat_map(|(owner, set)| {
                let records = self.records(set).enumerate();
                records.map(move |(position, record)| (owner, position, record.rdata()))
            })
    }

    /// The zones that claim to have signed a denial, once or more.
    pub(super) fn denial_signers(&self) -> impl Iterator<Item = &Name> {
        [RecordType::NSEC, RecordType::NSEC3]
            .into_iter()
            .filter_map(|record_type| self.sets.get(&record_type))
            .flat_map(BTreeMap::values)
            .filter(|set| !set.members.is_empty())
            .flat_map(|set| {
                set.signatures
                    .iter()
                    .map(|(_, signature)| &signature.signer)
            })
    }

    /// A record of the proof.
    pub(super) fn record(&self, index: usize) -> Option<&'p ResourceRecord> {
        self.proof.records().get(index)
    }

    /// The records of a set, in canonical order.
    pub(super) fn records(&self, set: &RecordSet<'_>) -> impl Iterator<Item = &'p ResourceRecord> {
        set.members.iter().filter_map(|index| self.record(*index))
    }
}

/// The set of a name and type, made when there is none.
fn set_of<'s, 'p>(
    sets: &'s mut Sets<'p>,
    owner: &Name,
    record_type: RecordType,
) -> &'s mut RecordSet<'p> {
    sets.entry(record_type)
        .or_default()
        .entry(owner.clone())
        .or_default()
}

impl RecordSet<'_> {
    /// The whole set, which is what signatures cover.
    pub(super) fn whole(&self) -> Members<'_> {
        Members {
            indices: &self.members,
            canonical: &self.canonical,
        }
    }

    /// The record at a position, alone: a zone has only one NSEC record at a name, but both sides of
    /// a zone cut have one, and servers that deny on the fly make one for each type asked for.
    pub(super) fn alone(&self, position: usize) -> Option<Members<'_>> {
        Some(Members {
            indices: self.members.get(position..)?.get(..1)?,
            canonical: self.canonical.get(position..)?.get(..1)?,
        })
    }

    /// Sorts by canonical RDATA and drops duplicates (RFC 4034 §6.3).
    fn order(&mut self, records: &[ResourceRecord]) {
        let mut members: Vec<(Vec<u8>, usize)> = self
            .members
            .iter()
            .filter_map(|index| {
                let record = records.get(*index)?;
                Some((
                    canonical::rdata(record.record_type(), record.rdata()),
                    *index,
                ))
            })
            .collect();
        members.sort();
        members.dedup_by(|one, other| one.0 == other.0);
        (self.canonical, self.members) = members.into_iter().unzip();
    }
}
