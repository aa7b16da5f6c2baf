//! NSEC: links at the names themselves, in canonical name order (RFC 4034 §4).

use std::ops::Bound;

use hickory_proto::rr::{Name, RecordType};
use rpds::RedBlackTreeMapSync;

use super::Presence;
use super::chain::{Link, Links, OwnedDifferences, Place};
use crate::names::{canonical, from_wire, name_length, wire};
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

    fn of(name: &[u8]) -> Option<Self> {
        from_wire(name)
    }

    fn owner(&self, _origin: &Name) -> Name {
        self.clone()
    }

    fn owner_wire(&self, _origin: &[u8]) -> Vec<u8> {
        wire(self)
    }

    /// Empty non-terminals have no NSEC; every other link lists itself and its signature.
    fn listed(presence: Presence) -> Option<Vec<u16>> {
        if presence.types.is_empty() {
            return None;
        }
        let types = presence.types.into_iter();
        let types = types.chain([RecordType::RRSIG, RecordType::NSEC]);
        Some(types.map(u16::from).collect())
    }

    fn write_next(&self, to: &mut Vec<u8>) {
        to.extend(wire(self));
    }

    fn read(rdata: &[u8]) -> Option<(Self, &[u8])> {
        let (next, types) = rdata.split_at_checked(name_length(rdata)?)?;
        Some((canonical(&from_wire(next)?), types))
    }

    fn of_owner(owner: &[u8], _origin: &[u8]) -> Option<Self> {
        from_wire(owner)
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
        made.merge(links);
        made
    }

    fn merge(&mut self, links: Vec<Link<Name>>) {
        let placed = links
            .iter()
            .map(|link| (self.spread.place(link.place()), link.clone()));
        let mut placed: Vec<_> = placed.collect();
        placed.sort_by(|(one, link), (other, other_link)| {
            one.cmp(other)
                .then_with(|| link.place().cmp(other_link.place()))
        });
        self.links.merge(placed);
        for link in links {
            self.order.insert_mut(link.place().clone(), link);
        }
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

    fn owned_differences(&self, older: &Self) -> OwnedDifferences<Name> {
        if self.spread.is_same(&older.spread) {
            return Box::new(self.links.owned_differences(&older.links));
        }
        let (newer, before) = (self.clone(), older.clone());
        let present = self.owned().map(move |link| {
            let older = before.get(link.place()).cloned();
            (Some(link), older)
        });
        let gone = older.owned();
        let gone = gone.filter(move |link| newer.get(link.place()).is_none());
        Box::new(present.chain(gone.map(|link| (None, Some(link)))))
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
    use hickory_proto::rr::RData;

    use super::*;
    use crate::denial::compact::write_bitmap;
    use crate::packed::rdata_bytes;

    #[test]
    fn the_record_is_the_one_hickory_writes_and_is_read_as_it_was_written() {
        let next = Name::from_ascii("b.example.test.").unwrap();
        let types = [RecordType::A, RecordType::TXT, RecordType::CAA];
        let presence = Presence {
            types: types.to_vec(),
            signed: true,
        };
        let listed = Name::listed(presence).unwrap();
        let (mut ours, mut bitmap) = (Vec::new(), Vec::new());
        next.write_next(&mut ours);
        write_bitmap(&listed, &mut bitmap);
        ours.extend(&bitmap);
        let types = types
            .into_iter()
            .chain([RecordType::RRSIG, RecordType::NSEC]);
        let theirs = NSEC::new(next.clone(), types);
        let theirs = RData::DNSSEC(DNSSECRData::NSEC(theirs));
        assert_eq!(Some(&ours), rdata_bytes(&theirs).as_ref());
        assert_eq!(Name::read(&ours), Some((next, bitmap.as_slice())));
        assert_eq!(Name::read(b"\x01b"), None);
    }
}
