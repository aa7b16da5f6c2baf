//! NSEC: links at the names themselves, in canonical name order (RFC 4034 §4).

use std::ops::Bound;

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::rr::{Name, RData, RecordType};
use rpds::RedBlackTreeMapSync;

use super::Presence;
use super::chain::{Link, Links, Place};

/// Links by name; names are not spread evenly, so this is a tree that balances itself.
type ByName = RedBlackTreeMapSync<Name, Link<Name>>;

impl Place for Name {
    const RECORD_TYPE: RecordType = RecordType::NSEC;

    type Links = ByName;

    fn of(name: &Name) -> Self {
        name.clone()
    }

    fn owner(&self, _origin: &Name) -> Name {
        self.clone()
    }

    /// Empty non-terminals have no NSEC; every other link lists itself and its signature.
    fn listed(presence: Presence) -> Option<Vec<RecordType>> {
        let mut types = presence.types;
        if types.is_empty() {
            return None;
        }
        types.extend([RecordType::RRSIG, RecordType::NSEC]);
        Some(types)
    }

    fn link(next: &Self, types: &[RecordType]) -> RData {
        let nsec = NSEC::new(next.clone(), types.iter().copied());
        RData::DNSSEC(DNSSECRData::NSEC(nsec))
    }
}

impl Links<Name> for ByName {
    fn new() -> Self {
        Self::new_sync()
    }

    fn get(&self, place: &Name) -> Option<&Link<Name>> {
        self.get(place)
    }

    fn insert(&mut self, link: Link<Name>) {
        self.insert_mut(link.place().clone(), link);
    }

    fn remove(&mut self, place: &Name) {
        self.remove_mut(place);
    }

    fn before(&self, place: &Name) -> Option<&Link<Name>> {
        let mut earlier = self.range(..place).rev();
        let found = earlier.next().or_else(|| self.last());
        found.map(|(_, link)| link)
    }

    fn after(&self, place: &Name) -> Option<&Link<Name>> {
        let mut later = self.range((Bound::Excluded(place), Bound::Unbounded));
        let found = later.next().or_else(|| self.first());
        found.map(|(_, link)| link)
    }

    fn iter(&self) -> impl Iterator<Item = &Link<Name>> {
        self.values()
    }
}
