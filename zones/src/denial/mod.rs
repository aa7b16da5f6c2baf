//! Proving that something does not exist: the NSEC or NSEC3 chain of a zone.

mod chain;
mod compact;
mod nsec;
mod nsec3;

use hickory_proto::rr::{Name, RecordType};

use crate::ends::Ends;
use crate::packed::Stored;
use crate::sign::{Renewal, SignError, Signer};
use chain::{Chain, Link, Place};

pub(crate) use compact::{NXNAME, Next, nsec as compact_nsec};
pub(crate) use nsec3::Hash;
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
    Nsec3(Chain<Hash>),
    /// Nothing is kept.
    Compact(Ends),
}

impl DenialChain {
    pub(crate) fn new(denial: Denial, origin: Name) -> Self {
        let shape = match denial {
            Denial::Nsec => Shape::Nsec(Chain::new()),
            Denial::Nsec3 => Shape::Nsec3(Chain::new()),
            Denial::Compact => Shape::Compact(Ends::new()),
        };
        Self { origin, shape }
    }

    /// Takes over what now exists at the given names; signs only links that changed.
    pub(crate) fn update(
        &mut self,
        changed: impl IntoIterator<Item = (Name, Option<Presence>)>,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        match &mut self.shape {
            Shape::Nsec(chain) => chain.update(changed, ttl, signer),
            Shape::Nsec3(chain) => chain.update(changed, ttl, signer),
            Shape::Compact(_) => Ok(()),
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
            Shape::Nsec3(chain) => chain.resign(renewal, signer),
            Shape::Compact(_) => Ok(()),
        }
    }

    /// When the signatures of the links end.
    pub(crate) fn ends(&self) -> &Ends {
        match &self.shape {
            Shape::Nsec(chain) => chain.ends(),
            Shape::Nsec3(chain) => chain.ends(),
            Shape::Compact(none) => none,
        }
    }

    /// Whether denials are made on demand.
    pub(crate) fn is_compact(&self) -> bool {
        matches!(self.shape, Shape::Compact(_))
    }

    /// The chain by hash, if that is the shape.
    pub(crate) fn nsec3(&self) -> Option<&Chain<Hash>> {
        match &self.shape {
            Shape::Nsec3(chain) => Some(chain),
            Shape::Nsec(_) | Shape::Compact(_) => None,
        }
    }

    /// All links in chain order.
    pub(crate) fn links(&self) -> Box<dyn Iterator<Item = Witness<'_>> + '_> {
        match &self.shape {
            Shape::Nsec(chain) => Box::new(chain.links().filter_map(|link| self.witness(link))),
            Shape::Nsec3(chain) => Box::new(chain.links().filter_map(|link| self.witness(link))),
            Shape::Compact(_) => Box::new(std::iter::empty()),
        }
    }

    /// The sets of all links, without where they are.
    pub(crate) fn sets(&self) -> Box<dyn Iterator<Item = Stored<'_>> + '_> {
        match &self.shape {
            Shape::Nsec(chain) => Box::new(chain.links().filter_map(Link::set)),
            Shape::Nsec3(chain) => Box::new(chain.links().filter_map(Link::set)),
            Shape::Compact(_) => Box::new(std::iter::empty()),
        }
    }

    /// The NSEC at exactly this name; none in an NSEC3 zone, whose links live at hashed names.
    pub(crate) fn nsec_at(&self, name: &Name) -> Option<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => self.witness(chain.at(name)?),
            Shape::Nsec3(_) | Shape::Compact(_) => None,
        }
    }

    /// Proves that `name` exists without the type in question.
    pub(crate) fn no_data(&self, name: &Name) -> Vec<Witness<'_>> {
        match &self.shape {
            // An empty non-terminal has no NSEC: the one before it shows a name below it.
            Shape::Nsec(chain) => self.witnesses([chain.at(name).or(chain.before(name))]),
            Shape::Nsec3(chain) => self.witnesses([chain.at(&Hash::of(name))]),
            Shape::Compact(_) => Vec::new(),
        }
    }

    /// Proves that neither `name` nor the wildcard that could have stood in for it exists.
    pub(crate) fn name_error(&self, missing: &Missing) -> Vec<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => {
                self.witnesses([chain.before(&missing.name), chain.before(&missing.wildcard)])
            }
            Shape::Nsec3(chain) => self.witnesses([
                chain.at(&Hash::of(&missing.closest_encloser)),
                chain.before(&Hash::of(&missing.next_closer)),
                chain.before(&Hash::of(&missing.wildcard)),
            ]),
            Shape::Compact(_) => Vec::new(),
        }
    }

    /// Proves that `name` itself does not exist, so the wildcard may stand in for it.
    pub(crate) fn expansion(&self, missing: &Missing) -> Vec<Witness<'_>> {
        match &self.shape {
            Shape::Nsec(chain) => self.witnesses([chain.before(&missing.name)]),
            Shape::Nsec3(chain) => self.witnesses([chain.before(&Hash::of(&missing.next_closer))]),
            Shape::Compact(_) => Vec::new(),
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
            Shape::Nsec3(chain) => self.witnesses([
                chain.at(&Hash::of(&missing.closest_encloser)),
                chain.before(&Hash::of(&missing.next_closer)),
                chain.at(&Hash::of(&missing.wildcard)),
            ]),
            Shape::Compact(_) => Vec::new(),
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
