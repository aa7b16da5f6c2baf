//! NSEC: links at the names themselves, in canonical name order (RFC 4034 §4).

use std::ops::Bound;

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::rr::{Name, RData, RecordType};
use rpds::RedBlackTreeMapSync;

use super::Presence;
use super::chain::{Link, Links, Place};
use crate::names::{canonical, from_wire, suffixes};
use crate::spread::Spread;
use crate::trie::{Difference, Item, Trie};

/// Links by name. Names are not spread evenly, so a tree that balances itself keeps their order;
/// a trie by hash beside it tells in no time where two versions differ.
#[derive(Debug, Clone)]
pub(crate) struct ByName {
    order: RedBlackTreeMapSync<Name, Link<Name>>,
    links: Trie<Link<Name>>,
    spread: Spread,
}

impl Item for Link<Name> {
    type Key = Name;

    fn key(&self) -> &Name {
        self.place()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

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

    fn of_owner(owner: &[u8], _origin: &[u8]) -> Option<Self> {
        from_wire(owner)
    }

    fn led_to(rdata: &[u8]) -> Option<Self> {
        let length = suffixes(rdata).find(|rest| rest.first() == Some(&0))?.len();
        let end = rdata.len().checked_sub(length)?.checked_add(1)?;
        from_wire(rdata.get(..end)?).map(|name| canonical(&name))
    }
}

impl Links<Name> for ByName {
    fn new() -> Self {
        Self {
            order: RedBlackTreeMapSync::new_sync(),
            links: Trie::new(),
            spread: Spread::new(),
        }
    }

    fn get(&self, place: &Name) -> Option<&Link<Name>> {
        self.order.get(place)
    }

    fn insert(&mut self, link: Link<Name>) {
        let place = link.place().clone();
        let at = self.spread.place(&place);
        self.links.insert(at, &place, link.clone());
        self.order.insert_mut(place, link);
    }

    fn remove(&mut self, place: &Name) {
        self.links.remove(self.spread.place(place), place);
        self.order.remove_mut(place);
    }

    fn before(&self, place: &Name) -> Option<&Link<Name>> {
        let mut earlier = self.order.range(..place).rev();
        let found = earlier.next().or_else(|| self.order.last());
        found.map(|(_, link)| link)
    }

    fn after(&self, place: &Name) -> Option<&Link<Name>> {
        let mut later = self.order.range((Bound::Excluded(place), Bound::Unbounded));
        let found = later.next().or_else(|| self.order.first());
        found.map(|(_, link)| link)
    }

    fn iter(&self) -> impl Iterator<Item = &Link<Name>> {
        self.order.values()
    }

    fn owned(&self) -> Box<dyn Iterator<Item = Link<Name>> + Send> {
        Box::new(self.links.owned())
    }

    fn of_sorted(links: Vec<Link<Name>>) -> Self {
        let mut made = Self::new();
        let placed = links
            .iter()
            .map(|link| (made.spread.place(link.place()), link.clone()));
        let mut placed: Vec<_> = placed.collect();
        placed.sort_by(|(one, link), (other, other_link)| {
            one.cmp(other)
                .then_with(|| link.place().cmp(other_link.place()))
        });
        made.links = Trie::of_sorted(placed);
        for link in links {
            made.order.insert_mut(link.place().clone(), link);
        }
        made
    }

    fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Link<Name>>> + 'a> {
        if self.spread.is_same(&older.spread) {
            return Box::new(self.links.differences(&older.links));
        }
        let in_older = |link: &Link<Name>| older.get(link.place());
        let in_newer = |link: &Link<Name>| self.get(link.place());
        Box::new(Difference::apart(
            self.iter(),
            in_older,
            older.iter(),
            in_newer,
        ))
    }
}
