//! A circular chain of denial records, kept sorted and signed link by link.

mod updating;

use std::fmt;

use hickory_proto::rr::{Name, RecordType};
use rayon::prelude::*;
use triomphe::ThinArc;

use super::Presence;
use crate::ends::Ends;
use crate::packed::Stored;
use crate::sign::{AT_A_TIME, Draft, Renewal, SignError, Signer};
use crate::trie::Difference;

/// Where a link stands in the chain: by name for NSEC, by hash for NSEC3.
pub(crate) trait Place: Ord + Clone + fmt::Debug + Send + Sync + 'static {
    /// The type of the links.
    const RECORD_TYPE: RecordType;

    /// What keeps the links in order.
    type Links: Links<Self>;

    /// The place of a name in lower-case wire form.
    fn of(name: &[u8]) -> Option<Self>;

    /// The owner name of the link at this place.
    fn owner(&self, origin: &Name) -> Name;

    /// The same in lower-case wire form.
    fn owner_wire(&self, origin: &[u8]) -> Vec<u8>;

    /// What the link lists for a presence; none when such a name has no link.
    fn listed(presence: Presence) -> Option<Vec<u16>>;

    /// Writes the data of a record that leads here, up to the types.
    fn write_next(&self, to: &mut Vec<u8>);

    /// Where the record with this data leads to, and the bitmap of the types it lists.
    fn read(rdata: &[u8]) -> Option<(Self, &[u8])>;

    /// The place of the link that has this owner name, both in lower-case wire form.
    fn of_owner(owner: &[u8], origin: &[u8]) -> Option<Self>;
}

/// Links in the order of their places; a copy costs nothing.
pub(crate) trait Links<P: 'static>: Clone + fmt::Debug + Sync {
    fn new() -> Self;
    fn get(&self, place: &P) -> Option<&Link<P>>;
    fn insert(&mut self, link: Link<P>);
    fn remove(&mut self, place: &P);
    /// The last link before a place, or the last of all.
    fn before(&self, place: &P) -> Option<&Link<P>>;
    /// The first link after a place, or the first of all.
    fn after(&self, place: &P) -> Option<&Link<P>>;
    fn iter(&self) -> impl Iterator<Item = &Link<P>>;
    /// All links in no order, holding on to them as they are now.
    fn owned(&self) -> Box<dyn Iterator<Item = Link<P>> + Send>;
    /// Many links at once, in the order of their places, none twice.
    fn of_sorted(links: Vec<Link<P>>) -> Self;
    /// Puts many at once, in the order of their places and none twice, in place of those there are.
    fn merge(&mut self, links: Vec<Link<P>>);
    /// The places at which the two may differ.
    fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Link<P>>> + 'a>;
    /// The same, newer and older, holding on to them as they are now.
    fn owned_differences(&self, older: &Self) -> OwnedDifferences<P>;
}

/// Links that may differ, the newer and the older.
pub(crate) type OwnedDifferences<P> =
    Box<dyn Iterator<Item = (Option<Link<P>>, Option<Link<P>>)> + Send>;

/// One denial record: its place, and the signed set of itself alone.
#[derive(Debug, Clone)]
pub(crate) struct Link<P>(ThinArc<P, u8>);

impl<P: Place> Link<P> {
    /// A link with this data, signed.
    fn signed(place: &P, ttl: u32, rdata: &[u8], signer: &Signer<'_>) -> Result<Self, SignError> {
        let owner = place.owner_wire(signer.origin_wire());
        let set = signer.seal(&owner, &Draft::link(P::RECORD_TYPE, ttl, rdata))?;
        Ok(Self::of_packed(place.clone(), set.as_bytes()))
    }

    pub(super) fn of_packed(place: P, set: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice(place, set))
    }

    /// Whether the other is this very link, in the same piece of memory.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }

    /// Where it leads to; none when its data does not say.
    pub(super) fn leads_to(&self) -> Option<P> {
        P::read(self.rdata()).map(|(next, _)| next)
    }

    /// The bitmap of the types it lists.
    fn types(&self) -> &[u8] {
        P::read(self.rdata()).map_or(&[], |(_, types)| types)
    }

    /// The data of its record, behind type, class, TTL and length.
    fn rdata(&self) -> &[u8] {
        let record = self.set().and_then(|set| set.records().next());
        record
            .and_then(|record| record.get(10..))
            .unwrap_or_default()
    }

    pub(crate) fn place(&self) -> &P {
        &self.0.header.header
    }

    /// The signed set; none never happens, as only packed sets are stored.
    pub(crate) fn set(&self) -> Option<Stored<'_>> {
        Stored::split(&self.0.slice).map(|(set, _)| set)
    }
}

/// The links of one zone; the last leads back to the first.
#[derive(Debug, Clone)]
pub(crate) struct Chain<P: Place> {
    links: P::Links,
    ends: Ends,
}

impl<P: Place> Chain<P> {
    pub(super) fn new() -> Self {
        Self {
            links: P::Links::new(),
            ends: Ends::new(),
        }
    }

    /// The chain of these links, in any order.
    pub(super) fn of_links(mut links: Vec<Link<P>>) -> Self {
        links.sort_by(|one, other| one.place().cmp(other.place()));
        Self {
            ends: Ends::of(links.iter().filter_map(Link::set)),
            links: P::Links::of_sorted(links),
        }
    }

    /// Takes a link over as it is, where there is none.
    pub(super) fn put(&mut self, link: Link<P>) {
        self.ends.add(link.set());
        self.links.insert(link);
    }

    /// Takes a link out, if there is one; the others stay as they are.
    pub(super) fn take(&mut self, place: &P) -> bool {
        let Some(link) = self.links.get(place) else {
            return false;
        };
        self.ends.drop(link.set());
        self.links.remove(place);
        true
    }

    /// The first link that does not lead to the one after it, if any.
    pub(super) fn break_in(&self) -> Option<&Link<P>> {
        let mut links = self.links.iter().peekable();
        let first = links.peek().copied()?.place();
        while let Some(link) = links.next() {
            let next = links.peek().map(|next| next.place());
            if next == Some(link.place()) || link.leads_to().as_ref() != next.or(Some(first)) {
                return Some(link); // the same place twice, or the wrong one
            }
        }
        None
    }

    /// The same, looking only around these places.
    pub(super) fn break_at<'a>(
        &'a self,
        places: impl IntoIterator<Item = &'a P>,
    ) -> Option<&'a Link<P>> {
        let leads_on = |link: &Link<P>| {
            let after = self.links.after(link.place()).unwrap_or(link);
            link.leads_to().as_ref() == Some(after.place())
        };
        let around = |place| [self.links.get(place), self.links.before(place)];
        let links = places.into_iter().flat_map(around).flatten();
        links.into_iter().find(|link| !leads_on(link))
    }

    /// The places at which the two may differ.
    pub(super) fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Link<P>>> + 'a> {
        self.links.differences(&older.links)
    }

    /// The same, newer and older, holding on to them as they are now.
    pub(super) fn owned_differences(&self, older: &Self) -> OwnedDifferences<P> {
        self.links.owned_differences(&older.links)
    }

    /// All links in no order, holding on to them as they are now.
    pub(super) fn owned(&self) -> Box<dyn Iterator<Item = Link<P>> + Send> {
        self.links.owned()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link<P>> {
        self.links.iter()
    }

    /// The links as they are kept.
    pub(crate) fn kept(&self) -> &P::Links {
        &self.links
    }

    /// The link at exactly this place.
    pub(crate) fn at(&self, place: &P) -> Option<&Link<P>> {
        self.links.get(place)
    }

    /// The link before a place that has none: it covers that place.
    pub(crate) fn before(&self, place: &P) -> Option<&Link<P>> {
        self.links.before(place)
    }

    /// When the signatures of the links end.
    pub(super) fn ends(&self) -> &Ends {
        &self.ends
    }

    /// Signs again the links whose signature is due.
    pub(super) fn resign(
        &mut self,
        renewal: Renewal<'_>,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        let due: Vec<_> = self
            .links
            .iter()
            .filter_map(|link| Some((link, link.set()?)))
            .filter(|(_, set)| renewal.is_due(set))
            .take(renewal.left(signer.made()))
            .collect();
        let fresh = due
            .into_par_iter()
            .with_min_len(AT_A_TIME)
            .map(|(link, set)| Link::signed(link.place(), set.ttl(), link.rdata(), signer))
            .collect::<Result<Vec<_>, _>>()?;
        self.replace(fresh);
        Ok(())
    }
}
