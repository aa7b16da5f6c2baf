//! Record sets: the records of a proof by owner name and type, with the signatures over them.

use alloc::{borrow::Cow, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{Proof, ResourceRecord, canonical, signature::RrSig};

/// The records of one name and type (RFC 2181 §5), and what claims to sign them.
#[derive(Debug)]
pub(super) struct RecordSet<'p> {
    key: Key<'p>,
    /// Indices into the proof, in canonical order, duplicates left out.
    members: Vec<usize>,
    /// Each with its index into the proof.
    pub(super) signatures: Vec<(usize, RrSig<'p>)>,
    /// The canonical RDATA of the members.
    canonical: Vec<Cow<'p, [u8]>>,
    /// A signature over the set that cannot be read.
    pub(super) malformed_signature: bool,
}

/// The type and the owner name of a set.
type Key<'p> = (u16, &'p Name);

/// Those records of a set that a signature is checked over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'s> {
    /// Indices into the proof.
    pub(super) indices: &'s [usize],
    /// The canonical RDATA of each.
    pub(super) canonical: &'s [Cow<'s, [u8]>],
}

/// All record sets of a proof.
#[derive(Debug)]
pub(super) struct RecordSets<'p> {
    proof: &'p Proof,
    /// By type and then by owner name in canonical order, so that all denials are walked without a search.
    sets: Vec<RecordSet<'p>>,
}

impl<'p> RecordSets<'p> {
    pub(super) fn of(proof: &'p Proof) -> Self {
        let records = proof.records().iter().enumerate();
        let mut parts: Vec<(Key<'p>, Part<'p>)> = records
            .filter(|(_, record)| record.is_internet())
            .filter_map(|(index, record)| Part::of(index, record))
            .collect();
        // Stable: of several signatures, the first in the proof is tried first.
        parts.sort_by_key(|(key, _)| *key);
        let mut sets: Vec<RecordSet<'p>> = Vec::new();
        for (key, part) in parts {
            match sets.last_mut().filter(|set| set.key == key) {
                Some(set) => set.add(part),
                None => sets.push(RecordSet::new(key, part)),
            }
        }
        for set in &mut sets {
            set.order(proof.records());
        }
        Self { proof, sets }
    }

    /// The set of a name and type, when the proof holds at least one of its records.
    pub(super) fn get(&self, owner: &Name, record_type: RecordType) -> Option<&RecordSet<'p>> {
        let wanted = (u16::from(record_type), owner);
        let found = self
            .sets
            .binary_search_by(|set| set.key.cmp(&wanted))
            .ok()?;
        self.sets.get(found).filter(|set| !set.members.is_empty())
    }

    /// The NSEC or NSEC3 records in canonical order: owner, position in their set, and RDATA.
    pub(super) fn denials(
        &self,
        record_type: RecordType,
    ) -> impl Iterator<Item = (&'p Name, usize, &'p [u8])> {
        self.of_type(record_type).iter().flat_map(|set| {
            let (_, owner) = set.key;
            let records = self.records(set).enumerate();
            records.map(move |(position, record)| (owner, position, record.rdata()))
        })
    }

    /// The zones that claim to have signed a denial, once or more.
    pub(super) fn denial_signers(&self) -> impl Iterator<Item = &Name> {
        [RecordType::NSEC, RecordType::NSEC3]
            .into_iter()
            .flat_map(|record_type| self.of_type(record_type))
            .filter(|set| !set.members.is_empty())
            .flat_map(|set| &set.signatures)
            .map(|(_, signature)| &signature.signer)
    }

    /// The sets of one type.
    fn of_type(&self, record_type: RecordType) -> &[RecordSet<'p>] {
        let number = u16::from(record_type);
        let start = self.sets.partition_point(|set| set.key.0 < number);
        let end = self.sets.partition_point(|set| set.key.0 <= number);
        self.sets.get(start..end).unwrap_or_default()
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

/// What one record is to a set.
#[derive(Debug)]
enum Part<'p> {
    Member(usize),
    Signature(usize, RrSig<'p>),
    MalformedSignature,
}

impl<'p> Part<'p> {
    /// The record at `index` of the proof, with the set that it belongs to.
    fn of(index: usize, record: &'p ResourceRecord) -> Option<(Key<'p>, Self)> {
        let record_type = record.record_type();
        if record_type != RecordType::RRSIG {
            return Some(((record_type.into(), record.name()), Self::Member(index)));
        }
        // Which set it is meant for stands in its first two bytes, if there are two.
        let covered = u16::from_be_bytes(*record.rdata().first_chunk::<2>()?);
        let signature = RrSig::read(record.rdata());
        let part = signature.map_or(Self::MalformedSignature, |signature| {
            Self::Signature(index, signature)
        });
        Some(((covered, record.name()), part))
    }
}

impl<'p> RecordSet<'p> {
    fn new(key: Key<'p>, first: Part<'p>) -> Self {
        let mut set = Self {
            key,
            members: Vec::new(),
            signatures: Vec::new(),
            canonical: Vec::new(),
            malformed_signature: false,
        };
        set.add(first);
        set
    }

    fn add(&mut self, part: Part<'p>) {
        match part {
            Part::Member(index) => self.members.push(index),
            Part::Signature(index, signature) => self.signatures.push((index, signature)),
            Part::MalformedSignature => self.malformed_signature = true,
        }
    }

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
    fn order(&mut self, records: &'p [ResourceRecord]) {
        let mut members: Vec<(Cow<'p, [u8]>, usize)> = self
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
