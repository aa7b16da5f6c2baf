//! What all proofs of absence below one name have in common, written once for each version of a zone.
//!
//! That a name does not exist is shown by the SOA, by the links of the name above it and of the
//! wildcard there, and by the link that covers the name (RFC 5155 §7.2.2). Only the last of these is
//! another for each name that is asked for.

use std::sync::OnceLock;

use hickory_proto::rr::RecordType;

use super::query::MAX_NAME;
use super::section::{POINTER, pointer, write_set};
use super::{beneath, is_redirected};
use crate::denial::{Nsec3, Nsec3Hash};
use crate::node::Node;
use crate::packed::Stored;
use crate::trie::Trie;
use crate::zone::Zone;

/// The names below which absences are remembered, by their keys: the apex, and the name above all
/// payment names, which is `user` where the zone is `_bitcoin-payment` and what follows.
const ABOVE: [&[u8]; 3] = [&[], b"\x04user", b"\x04user\x10_bitcoin-payment"];

/// What the absences in one version of a zone have in common, written when it is first asked for.
///
/// A copy of a zone is made to be changed, so it remembers nothing.
#[derive(Debug, Default)]
pub(crate) struct Absences([OnceLock<Option<Absence>>; ABOVE.len()]);

impl Clone for Absences {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Absences {
    /// What is common to the names that do not exist below an existing one; none where that is not
    /// remembered, or does not suit what the zone is now.
    pub(super) fn below(&self, zone: &Zone, key: &[u8]) -> Option<&Absence> {
        let place = ABOVE.iter().position(|above| *above == key)?;
        let absence = self.0.get(place)?;
        let absence = absence.get_or_init(|| Absence::of(zone, key)).as_ref()?;
        absence.is_of(zone).then_some(absence)
    }
}

/// What all proofs of absence below one name have in common.
#[derive(Debug)]
pub(super) struct Absence {
    /// The zone when this was written; it keeps nothing in memory that the zone itself does not.
    nodes: Trie<Node>,
    links: Trie<Nsec3>,
    /// The SOA, and the links of the name and of its wildcard.
    records: Vec<u8>,
    /// Where pointers stand in the records, and what to.
    pointers: Vec<(usize, To)>,
    /// How many records there are.
    count: u16,
    /// Where the links stand in the chain.
    places: [Nsec3Hash; 2],
}

/// What a pointer points to.
#[derive(Debug, Clone, Copy)]
enum To {
    Origin,
    /// An owner name among the records.
    Owner(usize),
}

impl Absence {
    /// None where another way is needed: delegations, a wildcard, another kind of denial.
    fn of(zone: &Zone, key: &[u8]) -> Option<Self> {
        let (chain, hashing) = zone.denial.nsec3()?;
        let origin = zone.nodes.origin_wire();
        let mut wildcard = [0; MAX_NAME];
        let wildcard = beneath(&mut wildcard, key)?;
        zone.nodes.at(key)?;
        if origin == [0] || is_redirected(zone, key) || zone.nodes.at(wildcard).is_some() {
            return None;
        }
        let soa = zone.nodes.at(&[])?.set(RecordType::SOA)?;
        let closest = chain.at(&hashing.of_wire(&[key, origin]))?;
        let covering = chain.before(&hashing.of_wire(&[wildcard, origin]))?;
        let mut absence = Self {
            nodes: zone.nodes.kept().clone(),
            links: chain.kept().clone(),
            records: Vec::new(),
            pointers: Vec::new(),
            count: 0,
            places: [closest, covering].map(|link| link.place().clone()),
        };
        absence.add(None, &soa, zone.settings.negative_ttl)?;
        absence.add_link(closest)?;
        if closest.place() != covering.place() {
            absence.add_link(covering)?;
        }
        Some(absence)
    }

    fn add_link(&mut self, link: &Nsec3) -> Option<()> {
        self.add(Some(&link.place().label()), &link.set()?, u32::MAX)
    }

    /// Adds a set that lives at the origin, or one label below it.
    fn add(&mut self, label: Option<&[u8]>, set: &Stored<'_>, max_ttl: u32) -> Option<()> {
        let (pointers, mut first) = (&mut self.pointers, None);
        let added = write_set(&mut self.records, set, max_ttl, true, |out| {
            let to = match (label, first) {
                (Some(_), Some(first)) => To::Owner(first),
                (Some(label), None) => {
                    first = Some(out.len());
                    out.push(label.len() as u8); // 32
                    out.extend_from_slice(label);
                    To::Origin
                }
                (None, _) => To::Origin,
            };
            pointers.push((out.len(), to));
            out.extend([0; POINTER]);
            Some(())
        })?;
        self.count = self.count.checked_add(added)?;
        Some(())
    }

    /// Whether the zone is still what it was when this was written.
    fn is_of(&self, zone: &Zone) -> bool {
        let chain = zone.denial.nsec3().map(|(chain, _)| chain);
        zone.nodes.kept().is_same(&self.nodes)
            && chain.is_some_and(|chain| chain.kept().is_same(&self.links))
    }

    /// Whether a link is among the records.
    pub(super) fn has(&self, link: &Nsec3) -> bool {
        self.places.contains(link.place())
    }

    /// Appends the records to a response in which the name of the origin stands at `origin`; how many
    /// they are.
    pub(super) fn write(&self, out: &mut Vec<u8>, origin: usize) -> Option<u16> {
        let start = out.len();
        out.extend_from_slice(&self.records);
        let records = out.get_mut(start..)?;
        for (at, to) in &self.pointers {
            let to = match to {
                To::Origin => origin,
                To::Owner(owner) => start.checked_add(*owner)?,
            };
            *records.get_mut(*at..)?.first_chunk_mut()? = pointer(to)?;
        }
        Some(self.count)
    }
}
