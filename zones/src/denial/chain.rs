//! A circular chain of denial records, kept sorted and signed link by link.

use std::collections::BTreeSet;
use std::fmt;

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::rr::{Name, RData, RecordType};
use rayon::prelude::*;
use triomphe::ThinArc;

use super::Presence;
use crate::ends::Ends;
use crate::packed::Stored;
use crate::record_set::RecordSet;
use crate::sign::{AT_A_TIME, Renewal, SignError, Signer};
use crate::trie::Difference;

/// Where a link stands in the chain: by name for NSEC, by hash for NSEC3.
pub(crate) trait Place: Ord + Clone + fmt::Debug + Send + Sync + 'static {
    /// The type of the links.
    const RECORD_TYPE: RecordType;

    /// What keeps the links in order.
    type Links: Links<Self>;

    /// The place of a name.
    fn of(name: &Name) -> Self;

    /// The owner name of the link at this place.
    fn owner(&self, origin: &Name) -> Name;

    /// What the link lists for a presence; none when such a name has no link.
    fn listed(presence: Presence) -> Option<Vec<RecordType>>;

    /// The record that leads from one place to the `next`.
    fn link(next: &Self, types: &[RecordType]) -> RData;

    /// The place of the link that has this owner name, both in lower-case wire form.
    fn of_owner(owner: &[u8], origin: &[u8]) -> Option<Self>;

    /// Where the record with this data leads to.
    fn led_to(rdata: &[u8]) -> Option<Self>;
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
    /// The places at which the two may differ.
    fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Link<P>>> + 'a>;
}

/// One denial record: its place, and the signed set of itself alone.
#[derive(Debug, Clone)]
pub(crate) struct Link<P>(ThinArc<P, u8>);

impl<P: Place> Link<P> {
    fn new(place: P, set: &RecordSet) -> Self {
        Self::of_packed(place, set.pack().as_bytes())
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
        P::led_to(self.set()?.records().next()?.get(10..)?)
    }

    pub(crate) fn place(&self) -> &P {
        &self.0.header.header
    }

    /// The signed set; none never happens, as only packed sets are stored.
    pub(crate) fn set(&self) -> Option<Stored<'_>> {
        Stored::split(&self.0.slice).map(|(set, _)| set)
    }

    /// A set signed as the link at this place.
    fn signed_anew(&self, mut set: RecordSet, signer: &Signer<'_>) -> Result<Self, SignError> {
        let place = self.place();
        signer.sign(&place.owner(signer.origin), &mut set)?;
        Ok(Self::new(place.clone(), &set))
    }

    /// The types it lists.
    fn types(&self) -> Vec<RecordType> {
        let data = self.set().map(|set| set.data()).unwrap_or_default();
        match data.into_iter().next() {
            Some(RData::DNSSEC(DNSSECRData::NSEC(nsec))) => nsec.type_bit_maps().collect(),
            Some(RData::DNSSEC(DNSSECRData::NSEC3(nsec3))) => nsec3.type_bit_maps().collect(),
            _ => Vec::new(),
        }
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

    /// All links in no order, holding on to them as they are now.
    pub(super) fn owned(&self) -> Box<dyn Iterator<Item = Link<P>> + Send> {
        self.links.owned()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link<P>> {
        self.links.iter()
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

    /// Takes over what now exists at the changed names; signs only links that changed.
    pub(super) fn update(
        &mut self,
        changed: impl IntoIterator<Item = (Name, Option<Presence>)>,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        let mut stale = BTreeSet::new();
        for (name, presence) in changed {
            let place = P::of(&name);
            let mut listed = presence.and_then(P::listed);
            if let Some(types) = &mut listed {
                types.sort_by_key(|listed| u16::from(*listed));
            }
            let known = self.links.get(&place);
            if known.map(Link::types) == listed {
                continue;
            }
            if known.is_some() != listed.is_some() {
                // Appearing and disappearing both change where the link before leads.
                let before = self.links.before(&place);
                stale.extend(before.map(|link| link.place().clone()));
            }
            if let Some(known) = known {
                self.ends.drop(known.set());
            }
            match listed {
                None => {
                    stale.remove(&place);
                    self.links.remove(&place);
                }
                Some(types) => {
                    // Where it leads is known when all places are.
                    let set = RecordSet::single(P::RECORD_TYPE, ttl, P::link(&place, &types));
                    self.links.insert(Link::new(place.clone(), &set));
                    stale.insert(place);
                }
            }
        }
        let stale: Vec<P> = stale.into_iter().collect();
        let fresh = stale
            .par_iter()
            .with_min_len(AT_A_TIME)
            .filter_map(|place| Some((place, self.links.get(place)?)))
            .map(|(place, link)| {
                let next = self.links.after(place).map_or(place, Link::place);
                let record = P::link(next, &link.types());
                let set = RecordSet::single(P::RECORD_TYPE, ttl, record);
                link.signed_anew(set, signer)
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.replace(fresh);
        Ok(())
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
            .filter(|link| link.set().is_some_and(|set| renewal.is_due(&set)))
            .take(renewal.left(signer.made()))
            .collect();
        let fresh = due
            .into_par_iter()
            .with_min_len(AT_A_TIME)
            .filter_map(|link| Some((link, link.set()?.unpack())))
            .map(|(link, set)| link.signed_anew(set, signer))
            .collect::<Result<Vec<_>, _>>()?;
        self.replace(fresh);
        Ok(())
    }

    /// Puts links in the place of those that were there.
    fn replace(&mut self, links: Vec<Link<P>>) {
        for link in links {
            let before = self.links.get(link.place());
            self.ends.drop(before.and_then(Link::set));
            self.ends.add(link.set());
            self.links.insert(link);
        }
    }
}
