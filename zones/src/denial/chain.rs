//! A circular chain of denial records, kept sorted and signed link by link.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use hickory_proto::rr::{Name, RData, RecordType};

use super::{Link, Presence};
use crate::record_set::RecordSet;
use crate::sign::{Renewal, SignError, Signer};

/// Where a link stands in the chain: by name for NSEC, by hash for NSEC3.
pub(crate) trait Place: Ord + Clone {
    /// The type of the links.
    const RECORD_TYPE: RecordType;

    /// The place of a name.
    fn of(name: &Name) -> Self;

    /// The owner name of the link at this place.
    fn owner(&self, origin: &Name) -> Name;

    /// What the link lists for a presence; none when such a name has no link.
    fn listed(presence: Presence) -> Option<Vec<RecordType>>;

    /// The record that leads from one place to the `next`.
    fn link(next: &Self, types: &[RecordType]) -> RData;
}

/// The links of one zone; the last leads back to the first.
#[derive(Debug, Clone)]
pub(crate) struct Chain<P> {
    links: BTreeMap<P, Link>,
}

impl<P: Place> Chain<P> {
    pub(super) fn new() -> Self {
        Self {
            links: BTreeMap::new(),
        }
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// The link at exactly this place.
    pub(super) fn at(&self, place: &P) -> Option<&Link> {
        self.links.get(place)
    }

    /// The link before a place that has none: it covers that place.
    pub(super) fn before(&self, place: &P) -> Option<&Link> {
        self.place_before(place)
            .and_then(|before| self.links.get(before))
    }

    pub(super) fn update(
        &mut self,
        changed: impl IntoIterator<Item = (Name, Option<Presence>)>,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        let mut stale = BTreeSet::new();
        for (name, presence) in changed {
            let place = P::of(&name);
            let listed = presence.and_then(P::listed);
            let known = self.links.get(&place).map(|link| &link.types);
            if known == listed.as_ref() {
                continue;
            }
            if known.is_some() != listed.is_some() {
                // Appearing and disappearing both change where the link before leads.
                stale.extend(self.place_before(&place).cloned());
            }
            match listed {
                None => {
                    self.links.remove(&place);
                }
                Some(types) => {
                    let link = self.unsigned_link(&place, types, ttl, signer.origin);
                    self.links.insert(place.clone(), link);
                    stale.insert(place);
                }
            }
        }
        for place in stale {
            self.refresh(&place, ttl, signer)?;
        }
        Ok(())
    }

    pub(super) fn resign(
        &mut self,
        renewal: Renewal<'_>,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        for link in self.links.values_mut() {
            if renewal.is_due(&link.set) {
                signer.sign(&link.owner, &mut link.set)?;
            }
        }
        Ok(())
    }

    /// Builds one link anew from its neighbour and signs it; a place without link is left alone.
    fn refresh(&mut self, place: &P, ttl: u32, signer: &Signer<'_>) -> Result<(), SignError> {
        let Some(link) = self.links.get(place) else {
            return Ok(());
        };
        let mut link = self.unsigned_link(place, link.types.clone(), ttl, signer.origin);
        signer.sign(&link.owner, &mut link.set)?;
        self.links.insert(place.clone(), link);
        Ok(())
    }

    fn unsigned_link(&self, place: &P, types: Vec<RecordType>, ttl: u32, origin: &Name) -> Link {
        let next = self.place_after(place).unwrap_or(place);
        let record = P::link(next, &types);
        Link {
            owner: place.owner(origin),
            set: RecordSet::single(P::RECORD_TYPE, ttl, record),
            types,
        }
    }

    fn place_before(&self, place: &P) -> Option<&P> {
        let mut earlier = self.links.range(..place).rev();
        let wrapped = || self.links.last_key_value();
        earlier.next().or_else(wrapped).map(|(place, _)| place)
    }

    fn place_after(&self, place: &P) -> Option<&P> {
        let later = (Bound::Excluded(place), Bound::Unbounded);
        let wrapped = || self.links.first_key_value();
        self.links
            .range(later)
            .next()
            .or_else(wrapped)
            .map(|(place, _)| place)
    }
}
