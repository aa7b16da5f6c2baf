//! The links of a chain as they are stored, compared and taken back.

use hickory_proto::rr::{Name, RecordType};

use super::chain::{Chain, Link, OwnedDifferences, Place};
use super::nsec3::Hash;
use super::{Denial, DenialChain, Ends, Hashing, Shape};
use crate::names::wire;
use crate::packed::{Packed, Stored};
use crate::trie::Difference;

/// A link as it is stored: its owner name in lower-case wire form, its type, and the newer and
/// the older of what it holds.
pub(crate) type LinkDifference<'a> = (Vec<u8>, RecordType, Option<Stored<'a>>, Option<Stored<'a>>);

/// The same as it is sent: the key of its owner name, and the newer and the older of what it holds.
pub(crate) type OwnedLinkDifference = (Vec<u8>, Option<Packed>, Option<Packed>);

/// Links that are to become a chain, in any order.
#[derive(Debug, Default)]
pub(crate) struct Links {
    nsec: Vec<Link<Name>>,
    nsec3: Vec<Link<Hash>>,
}

impl Links {
    /// Takes a link; none when its owner name, in lower-case wire form, cannot be that of one.
    pub(crate) fn push(
        &mut self,
        record_type: RecordType,
        owner: &[u8],
        origin: &[u8],
        set: &[u8],
    ) -> Option<()> {
        match record_type {
            RecordType::NSEC => {
                let place = Name::of_owner(owner, origin)?;
                self.nsec.push(Link::of_packed(place, set));
            }
            _ => {
                let place = Hash::of_owner(owner, origin)?;
                self.nsec3.push(Link::of_packed(place, set));
            }
        }
        Some(())
    }

    /// What denies names by these links; none when they are of both types.
    pub(crate) fn denial(&self) -> Option<Denial> {
        match (self.nsec.is_empty(), self.nsec3.is_empty()) {
            (true, true) => Some(Denial::Compact),
            (false, true) => Some(Denial::Nsec),
            (true, false) => Some(Denial::Nsec3),
            (false, false) => None,
        }
    }
}

impl DenialChain {
    /// A chain of these links as they are; none when there are any of another type.
    pub(crate) fn of_links(
        origin: Name,
        hashing: Hashing,
        denial: Denial,
        links: Links,
    ) -> Option<Self> {
        let kept = match denial {
            Denial::Unsigned => Denial::Compact, // neither has any
            other => other,
        };
        if links.denial()? != kept {
            return None;
        }
        let shape = match denial {
            Denial::Nsec => Shape::Nsec(Chain::of_links(links.nsec)),
            Denial::Nsec3 => Shape::Nsec3(Chain::of_links(links.nsec3), hashing),
            Denial::Compact => Shape::None(true, Ends::new()),
            Denial::Unsigned => Shape::None(false, Ends::new()),
        };
        Some(Self { origin, shape })
    }

    /// The first link that does not lead to the next, or was hashed otherwise.
    pub(crate) fn break_in(&self) -> Option<(Name, RecordType)> {
        match &self.shape {
            Shape::Nsec(chain) => chain.break_in().map(|link| self.named(link)),
            Shape::Nsec3(chain, hashing) => {
                let mut links = chain.links();
                let other = links.find(|link| !is_hashed(link, hashing));
                other
                    .or_else(|| chain.break_in())
                    .map(|link| self.named(link))
            }
            Shape::None(..) => None,
        }
    }

    /// Whether links of this type belong here.
    pub(crate) fn holds(&self, record_type: RecordType) -> bool {
        match &self.shape {
            Shape::Nsec(_) => record_type == RecordType::NSEC,
            Shape::Nsec3(..) => record_type == RecordType::NSEC3,
            Shape::None(..) => false,
        }
    }

    /// Puts a link in the place of the one with its owner name, or takes that out; whether it
    /// could be done.
    pub(crate) fn exchange(&mut self, owner: &[u8], origin: &[u8], set: Option<&[u8]>) -> bool {
        match &mut self.shape {
            Shape::Nsec(chain) => exchange(chain, owner, origin, set),
            Shape::Nsec3(chain, _) => exchange(chain, owner, origin, set),
            Shape::None(..) => false,
        }
    }

    /// The same as [`DenialChain::break_in`], looking only where links with these owner names are
    /// or were.
    pub(crate) fn break_at(&self, owners: &[Vec<u8>], origin: &[u8]) -> Option<(Name, RecordType)> {
        match &self.shape {
            Shape::Nsec(chain) => {
                let places: Vec<Name> = places(owners, origin).collect();
                chain.break_at(&places).map(|link| self.named(link))
            }
            Shape::Nsec3(chain, hashing) => {
                let places: Vec<Hash> = places(owners, origin).collect();
                let mut links = places.iter().filter_map(|place| chain.at(place));
                let other = links.find(|link| !is_hashed(link, hashing));
                let found = other.or_else(|| chain.break_at(&places));
                found.map(|link| self.named(link))
            }
            Shape::None(..) => None,
        }
    }

    /// The link with this owner name, in lower-case wire form, if links are of this type.
    pub(crate) fn set_at(
        &self,
        owner: &[u8],
        origin: &[u8],
        record_type: RecordType,
    ) -> Option<Stored<'_>> {
        if !self.holds(record_type) {
            return None;
        }
        match &self.shape {
            Shape::Nsec(chain) => chain.at(&Name::of_owner(owner, origin)?)?.set(),
            Shape::Nsec3(chain, _) => chain.at(&Hash::of_owner(owner, origin)?)?.set(),
            Shape::None(..) => None,
        }
    }

    /// Whether there is any link.
    pub(crate) fn is_empty(&self) -> bool {
        self.sets().next().is_none()
    }

    /// The links that differ; those of an older chain of another type are all gone.
    pub(crate) fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = LinkDifference<'a>> + 'a> {
        match (&self.shape, &older.shape) {
            (Shape::Nsec(newer), Shape::Nsec(older)) => self.told(newer.differences(older)),
            (Shape::Nsec3(newer, _), Shape::Nsec3(older, _)) => self.told(newer.differences(older)),
            _ => {
                let gone = older.links();
                let gone = gone.map(|link| {
                    (
                        wire(&link.owner),
                        link.set.record_type(),
                        None,
                        Some(link.set),
                    )
                });
                Box::new(gone.chain(self.all()))
            }
        }
    }

    /// All links, as if there had been none.
    pub(crate) fn all(&self) -> impl Iterator<Item = LinkDifference<'_>> {
        let links = self.links();
        links.map(|link| {
            (
                wire(&link.owner),
                link.set.record_type(),
                Some(link.set),
                None,
            )
        })
    }

    /// The key of the owner and the set of all links, holding on to them as they are now.
    pub(crate) fn owned(&self) -> Box<dyn Iterator<Item = (Vec<u8>, Packed)> + Send> {
        let above = wire(&self.origin).len();
        let key = move |mut owner: Vec<u8>| {
            owner.truncate(owner.len().saturating_sub(above));
            owner
        };
        match &self.shape {
            Shape::Nsec(chain) => Box::new(
                chain
                    .owned()
                    .filter_map(move |link| Some((key(wire(link.place())), link.set()?.pack()))),
            ),
            Shape::Nsec3(chain, _) => Box::new(chain.owned().filter_map(|link| {
                let label = link.place().label();
                Some(([&[32], &label[..]].concat(), link.set()?.pack()))
            })),
            Shape::None(..) => Box::new(std::iter::empty()),
        }
    }

    /// The links that differ: the key of the owner, the newer and the older set, made when they are asked
    /// for; holding on to both chains as they are now.
    pub(crate) fn owned_differences(
        &self,
        older: &Self,
    ) -> Box<dyn Iterator<Item = OwnedLinkDifference> + Send> {
        let above = wire(&self.origin).len();
        match (&self.shape, &older.shape) {
            (Shape::Nsec(newer), Shape::Nsec(older)) => {
                packed(newer.owned_differences(older), move |place: &Name| {
                    let mut owner = wire(place);
                    owner.truncate(owner.len().saturating_sub(above));
                    owner
                })
            }
            (Shape::Nsec3(newer, _), Shape::Nsec3(older, _)) => {
                packed(newer.owned_differences(older), |place: &Hash| {
                    [&[32], &place.label()[..]].concat()
                })
            }
            _ => {
                let gone = older.owned().map(|(key, set)| (key, None, Some(set)));
                Box::new(gone.chain(self.owned().map(|(key, set)| (key, Some(set), None))))
            }
        }
    }

    fn told<'a, P: Place>(
        &'a self,
        differences: impl Iterator<Item = Difference<'a, Link<P>>> + 'a,
    ) -> Box<dyn Iterator<Item = LinkDifference<'a>> + 'a> {
        Box::new(differences.filter_map(|difference| {
            let link = difference.newer.or(difference.older)?;
            let owner = wire(&link.place().owner(&self.origin));
            let set = |link: Option<&'a Link<P>>| link.and_then(Link::set);
            Some((
                owner,
                P::RECORD_TYPE,
                set(difference.newer),
                set(difference.older),
            ))
        }))
    }

    fn named<P: Place>(&self, link: &Link<P>) -> (Name, RecordType) {
        (link.place().owner(&self.origin), P::RECORD_TYPE)
    }
}

/// Links whose sets differ.
fn packed<P: Place>(
    differences: OwnedDifferences<P>,
    key: impl Fn(&P) -> Vec<u8> + Send + 'static,
) -> Box<dyn Iterator<Item = OwnedLinkDifference> + Send> {
    Box::new(differences.filter_map(move |(newer, older)| {
        let place = newer.as_ref().or(older.as_ref())?.place();
        let [new, old] = [&newer, &older].map(|link| link.as_ref().and_then(Link::set));
        let pack = |set: Option<Stored<'_>>| set.map(|set| set.pack());
        (new != old).then(|| (key(place), pack(new), pack(old)))
    }))
}

/// Whether the link says that names are hashed so.
fn is_hashed(link: &Link<Hash>, hashing: &Hashing) -> bool {
    let said = link.set().and_then(|set| set.records().next());
    let said = said.and_then(|body| Hashing::read(body.get(10..)?));
    said.is_some_and(|(said, _)| said == *hashing)
}

fn places<P: Place>(owners: &[Vec<u8>], origin: &[u8]) -> impl Iterator<Item = P> {
    owners.iter().filter_map(|owner| P::of_owner(owner, origin))
}

fn exchange<P: Place>(
    chain: &mut Chain<P>,
    owner: &[u8],
    origin: &[u8],
    set: Option<&[u8]>,
) -> bool {
    let Some(place) = P::of_owner(owner, origin) else {
        return false;
    };
    let was_there = chain.take(&place);
    if let Some(set) = set {
        chain.put(Link::of_packed(place, set));
        return true;
    }
    was_there
}
