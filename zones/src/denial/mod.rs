//! Proving that something does not exist: the NSEC or NSEC3 chain of a zone.

mod chain;
mod compact;
mod hashing;
mod nsec;
mod nsec3;
mod stored;

use hickory_proto::rr::{Name, RecordType};

use crate::ends::Ends;
use crate::names::{parent, wildcard_of};
use crate::nodes::Nodes;
use crate::packed::Stored;
use crate::sign::{Renewal, SignError, Signer};
use chain::{Chain, Link, Place};
use nsec3::Hash;

pub(crate) use stored::Links;

pub(crate) use compact::{NXNAME, Next, nsec as compact_nsec};
pub(crate) use hashing::{Hashing, MAX_ITERATIONS};
pub(crate) use nsec3::parameters as nsec3_parameters;

/// How a zone proves that a name or type does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denial {
    /// Plain NSEC (RFC 4034 §4): anyone can list the zone's names.
    Nsec,
    /// NSEC3 without salt, extra iterations or opt-out (RFC 5155, RFC 9276): names are hashed.
    #[default]
    Nsec3,
    /// A signed NSEC for exactly the asked name, made on demand (RFC 9824): nobody can list the
    /// zone's names, nor guess them at home. The zone cannot be transferred or exported whole.
    Compact,
    /// Not at all: nothing is signed. Only a [`crate::Catalog`] is such a zone, which no resolver
    /// asks; any other is refused.
    Unsigned,
}

/// What exists at a name, as its denial record lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presence {
    /// The types in the zone's own authority; empty for an empty non-terminal.
    pub(crate) types: Vec<RecordType>,
    /// Whether any of them is signed.
    pub(crate) signed: bool,
}

/// One link of a chain by hash.
pub(crate) type Nsec3 = Link<Hash>;
/// Where such a link stands in its chain.
pub(crate) type Nsec3Hash = Hash;

/// A denial record that is part of an answer: where it lives, and the signed set of itself alone.
#[derive(Debug, Clone)]
pub(crate) struct Witness<'a> {
    pub(crate) owner: Name,
    pub(crate) set: Stored<'a>,
}

/// The denial chain of a zone, in the shape the zone chose.
#[derive(Debug, Clone)]
pub(crate) struct DenialChain {
    origin: Name,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    Nsec(Chain<Name>),
    Nsec3(Chain<Hash>, Hashing),
    /// Nothing is kept; denials are made on demand, or there are none.
    None(bool, Ends),
}

impl DenialChain {
    pub(crate) fn new(denial: Denial, origin: Name) -> Self {
        let shape = match denial {
            Denial::Nsec => Shape::Nsec(Chain::new()),
            Denial::Nsec3 => Shape::Nsec3(Chain::new(), Hashing::default()),
            Denial::Compact => Shape::None(true, Ends::new()),
            Denial::Unsigned => Shape::None(false, Ends::new()),
        };
        Self { origin, shape }
    }

    /// Takes over what now exists at the names with these keys; signs only links that changed.
    pub(crate) fn update(
        &mut self,
        changed: &[&[u8]],
        nodes: &Nodes,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        match &mut self.shape {
            Shape::Nsec(chain) => chain.update(changed, nodes, ttl, signer),
            Shape::Nsec3(chain, _) => chain.update(changed, nodes, ttl, signer),
            Shape::None(..) => Ok(()),
        }
    }

    /// Signs again the links whose signature is due.
    pub(crate) fn resign(
        &mut self,
        renewal: Renewal<'_>,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        match &mut self.shape {
            Shape::Nsec(chain) => chain.resign(renewal, signer),
            Shape::Nsec3(chain, _) => chain.resign(renewal, signer),
            Shape::None(..) => Ok(()),
        }
    }

    /// When the signatures of the links end.
    pub(crate) fn ends(&self) -> &Ends {
        match &self.shape {
            Shape::Nsec(chain) => chain.ends(),
            Shape::Nsec3(chain, _) => chain.ends(),
            Shape::None(_, none) => none,
        }
    }

    /// Whether denials are made on demand.
    pub(crate) fn is_compact(&self) -> bool {
        matches!(self.shape, Shape::None(true, _))
    }

    /// The chain by hash, and how names are hashed, if that is the shape.
    pub(crate) fn nsec3(&self) -> Option<(&Chain<Hash>, &Hashing)> {
        match &self.shape {
            Shape::Nsec3(chain, hashing) => Some((chain, hashing)),
            Shape::Nsec(_) | Shape::None(..) => None,
        }
    }

    /// All links in chain order.
    pub(crate) fn links(&self) -> Box<dyn Iterator<Item = Witness<'_>> + '_> {
        match &self.shape {
            Shape::Nsec(chain) => Box::new(chain.links().filter_map(|link| self.witness(link))),
            Shape::Nsec3(chain, _) => Box::new(chain.links().filter_map(|link| self.witness(link))),
            Shape::None(..) => Box::new(std::iter::empty()),
        }
    }

    /// The sets of all links, without where they are.
    pub(crate) fn sets(&self) -> Box<dyn Iterator<Item = Stored<'_>> + '_> {
        match &self.shape {
            Shape::Nsec(chain) => Box::new(chain.links().filter_map(Link::set)),
            Shape::Nsec3(chain, _) => Box::new(chain.links().filter_map(Link::set)),
            Shape::None(..) => Box::new(std::iter::empty()),
        }
    }

    /// The NSEC at exactly this name; none in an NSEC3 zone, whose links live at hashed names.
    pub(crate) fn nsec_at(&self, name: &Name) -> Option<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => self.witness(chain.at(name)?),
            Shape::Nsec3(..) | Shape::None(..) => None,
        }
    }

    /// Proves that `name` exists without the type in question.
    pub(crate) fn no_data(&self, name: &Name) -> Vec<Witness<'_>> {
        match &self.shape {
            // An empty non-terminal has no NSEC: the one before it shows a name below it.
            Shape::Nsec(chain) => self.witnesses([chain.at(name).or(chain.before(name))]),
            Shape::Nsec3(chain, hashing) => match chain.at(&hashing.of(name)) {
                Some(link) => self.witnesses([Some(link)]),
                // An unsigned delegation, or a name above some, that was opted out
                // (RFC 5155 §7.2.4, §7.2.7).
                None => {
                    let missing = Missing::of(name);
                    let proof = missing.map(|missing| missing.encloser(chain, hashing).1);
                    self.witnesses(proof.into_iter().flatten())
                }
            },
            Shape::None(..) => Vec::new(),
        }
    }

    /// Proves that neither `name` nor the wildcard that could have stood in for it exists.
    pub(crate) fn name_error(&self, missing: &Missing) -> Vec<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => {
                self.witnesses([chain.before(&missing.name), chain.before(&missing.wildcard)])
            }
            Shape::Nsec3(chain, hashing) => {
                let (encloser, proof) = missing.encloser(chain, hashing);
                let wildcard = wildcard_of(&encloser).map(|wildcard| hashing.of(&wildcard));
                let covering = wildcard.and_then(|wildcard| chain.before(&wildcard));
                self.witnesses(proof.into_iter().chain([covering]))
            }
            Shape::None(..) => Vec::new(),
        }
    }

    /// Proves that `name` itself does not exist, so the wildcard may stand in for it.
    pub(crate) fn expansion(&self, missing: &Missing) -> Vec<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => self.witnesses([chain.before(&missing.name)]),
            Shape::Nsec3(chain, hashing) => {
                self.witnesses([chain.before(&hashing.of(&missing.next_closer))])
            }
            Shape::None(..) => Vec::new(),
        }
    }

    /// Proves that the wildcard stands in for `name` and lacks the type in question.
    pub(crate) fn wildcard_no_data(&self, missing: &Missing) -> Vec<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => {
                let wildcard = &missing.wildcard;
                self.witnesses([
                    chain.before(&missing.name),
                    chain.at(wildcard).or(chain.before(wildcard)),
                ])
            }
            Shape::Nsec3(chain, hashing) => {
                let (_, proof) = missing.encloser(chain, hashing);
                let wildcard = chain.at(&hashing.of(&missing.wildcard));
                self.witnesses(proof.into_iter().chain([wildcard]))
            }
            Shape::None(..) => Vec::new(),
        }
    }

    fn witnesses<'a, P: Place + 'a>(
        &'a self,
        links: impl IntoIterator<Item = Option<&'a Link<P>>>,
    ) -> Vec<Witness<'a>> {
        let links = links.into_iter().flatten();
        links.filter_map(|link| self.witness(link)).collect()
    }

    fn witness<'a, P: Place>(&self, link: &'a Link<P>) -> Option<Witness<'a>> {
        Some(Witness {
            owner: link.place().owner(&self.origin),
            set: link.set()?,
        })
    }
}

/// A name that does not exist, and the names its denial speaks about (RFC 5155 §7.2.1).
#[derive(Debug, Clone)]
pub(crate) struct Missing {
    pub(crate) name: Name,
    /// The longest existing ancestor.
    pub(crate) closest_encloser: Name,
    /// The name one label below the closest encloser, towards `name`.
    pub(crate) next_closer: Name,
    /// `*.` below the closest encloser.
    pub(crate) wildcard: Name,
}

impl Missing {
    /// A name as if it did not exist, right below the one above it.
    fn of(name: &Name) -> Option<Self> {
        let closest_encloser = parent(name)?;
        Some(Self {
            name: name.clone(),
            wildcard: wildcard_of(&closest_encloser)?,
            closest_encloser,
            next_closer: name.clone(),
        })
    }

    /// The closest encloser that can be proven, with its link and the one that covers the name
    /// below it. Where links are left out for unsigned delegations (opt-out, RFC 5155 §7.2.1),
    /// that may be higher than the one that exists.
    fn encloser<'a>(
        &self,
        chain: &'a Chain<Hash>,
        hashing: &Hashing,
    ) -> (Name, [Option<&'a Link<Hash>>; 2]) {
        let (mut encloser, mut next_closer) =
            (self.closest_encloser.clone(), self.next_closer.clone());
        loop {
            let link = chain.at(&hashing.of(&encloser));
            let above = parent(&encloser).filter(|_| link.is_none());
            let Some(above) = above else {
                let covering = chain.before(&hashing.of(&next_closer));
                return (encloser, [link, covering]);
            };
            next_closer = std::mem::replace(&mut encloser, above);
        }
    }
}
