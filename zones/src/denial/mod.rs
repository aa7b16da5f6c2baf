//! Proving that something does not exist: the NSEC or NSEC3 chain of a zone.

mod chain;
mod nsec;
mod nsec3;

use hickory_proto::rr::{Name, RecordType};

use crate::record_set::RecordSet;
use crate::sign::{Renewal, SignError, Signer};
use chain::{Chain, Place as _};
use nsec3::Hash;

pub(crate) use nsec3::parameters as nsec3_parameters;

/// How a zone proves that a name or type does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denial {
    /// Plain NSEC (RFC 4034 §4): anyone can list the zone's names.
    Nsec,
    /// NSEC3 without salt, extra iterations or opt-out (RFC 5155, RFC 9276): names are hashed.
    #[default]
    Nsec3,
}

/// What exists at a name, as its denial record lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presence {
    /// The types in the zone's own authority; empty for an empty non-terminal.
    pub(crate) types: Vec<RecordType>,
    /// Whether any of them is signed.
    pub(crate) signed: bool,
}

/// One denial record: where it lives, and the signed set of itself alone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) owner: Name,
    pub(crate) types: Vec<RecordType>,
    pub(crate) set: RecordSet,
}

/// The denial chain of a zone, in the shape the zone chose.
#[derive(Debug, Clone)]
pub(crate) enum DenialChain {
    Nsec(Chain<Name>),
    Nsec3(Chain<Hash>),
}

impl DenialChain {
    pub(crate) fn new(denial: Denial) -> Self {
        match denial {
            Denial::Nsec => Self::Nsec(Chain::new()),
            Denial::Nsec3 => Self::Nsec3(Chain::new()),
        }
    }

    /// Takes over what now exists at the given names; signs only links that changed.
    pub(crate) fn update(
        &mut self,
        changed: impl IntoIterator<Item = (Name, Option<Presence>)>,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        match self {
            Self::Nsec(chain) => chain.update(changed, ttl, signer),
            Self::Nsec3(chain) => chain.update(changed, ttl, signer),
        }
    }

    /// Signs again the links whose signature ends before `before`.
    pub(crate) fn resign(
        &mut self,
        renewal: Renewal<'_>,
        signer: &Signer<'_>,
    ) -> Result<(), SignError> {
        match self {
            Self::Nsec(chain) => chain.resign(renewal, signer),
            Self::Nsec3(chain) => chain.resign(renewal, signer),
        }
    }

    /// All links in chain order.
    pub(crate) fn links(&self) -> Box<dyn Iterator<Item = &Link> + '_> {
        match self {
            Self::Nsec(chain) => Box::new(chain.links()),
            Self::Nsec3(chain) => Box::new(chain.links()),
        }
    }

    /// The NSEC at exactly this name; none in an NSEC3 zone, whose links live at hashed names.
    pub(crate) fn nsec_at(&self, name: &Name) -> Option<&Link> {
        match self {
            Self::Nsec(chain) => chain.at(name),
            Self::Nsec3(_) => None,
        }
    }

    /// Proves that `name` exists without the type in question.
    pub(crate) fn no_data(&self, name: &Name) -> Vec<&Link> {
        match self {
            // An empty non-terminal has no NSEC: the one before it shows a name below it.
            Self::Nsec(chain) => chain.at(name).or(chain.before(name)).into_iter().collect(),
            Self::Nsec3(chain) => chain.at(&Hash::of(name)).into_iter().collect(),
        }
    }

    /// Proves that neither `name` nor the wildcard that could have stood in for it exists.
    pub(crate) fn name_error(&self, missing: &Missing) -> Vec<&Link> {
        match self {
            Self::Nsec(chain) => [&missing.name, &missing.wildcard]
                .into_iter()
                .filter_map(|name| chain.before(name))
                .collect(),
            Self::Nsec3(chain) => {
                let wildcard = chain.before(&Hash::of(&missing.wildcard));
                closest_encloser(chain, missing).chain(wildcard).collect()
            }
        }
    }

    /// Proves that `name` itself does not exist, so the wildcard may stand in for it.
    pub(crate) fn expansion(&self, missing: &Missing) -> Vec<&Link> {
        match self {
            Self::Nsec(chain) => chain.before(&missing.name).into_iter().collect(),
            Self::Nsec3(chain) => {
                let next_closer = chain.before(&Hash::of(&missing.next_closer));
                next_closer.into_iter().collect()
            }
        }
    }

    /// Proves that the wildcard stands in for `name` and lacks the type in question.
    pub(crate) fn wildcard_no_data(&self, missing: &Missing) -> Vec<&Link> {
        match self {
            Self::Nsec(chain) => {
                let wildcard = &missing.wildcard;
                let at_wildcard = chain.at(wildcard).or(chain.before(wildcard));
                let before_name = chain.before(&missing.name);
                before_name.into_iter().chain(at_wildcard).collect()
            }
            Self::Nsec3(chain) => {
                let at_wildcard = chain.at(&Hash::of(&missing.wildcard));
                closest_encloser(chain, missing)
                    .chain(at_wildcard)
                    .collect()
            }
        }
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

/// The closest encloser matched, the next closer name covered (RFC 5155 §7.2.1).
fn closest_encloser<'a>(
    chain: &'a Chain<Hash>,
    missing: &Missing,
) -> impl Iterator<Item = &'a Link> + use<'a> {
    let encloser = chain.at(&Hash::of(&missing.closest_encloser));
    let next_closer = chain.before(&Hash::of(&missing.next_closer));
    encloser.into_iter().chain(next_closer)
}
