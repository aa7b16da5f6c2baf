//! What was done to a name, as its history tells it.

use payname_resolver::UnixTime;

use super::{By, Nostr};
use crate::key::OwnerKey;

/// What was done to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was claimed by a key that did not have it.
    Claim,
    /// Its URI was replaced.
    Update,
    /// It was removed.
    Remove,
    /// It was disabled.
    Disable,
    /// It was enabled.
    Enable,
    /// Its end was put off.
    Renew,
    /// It was given to another key.
    Transfer,
    /// Its time was over.
    Expire,
    /// What its claim waited for was so, and it was given.
    Fulfil,
    /// Its claim waited in vain.
    Lapse,
    /// Nostr programs were to find its owner, otherwise than before or no longer.
    Nostr,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The holder of this key.
    Key(OwnerKey),
    /// Whoever held this operator's token.
    Operator(String),
    /// The server itself.
    Server,
}

/// One step in the history of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The version that it made.
    pub version: u64,
    /// What was done.
    pub deed: Deed,
    /// Who did it.
    pub author: Author,
    /// When.
    pub at: UnixTime,
    /// Whose the name was afterwards.
    pub owner: OwnerKey,
    /// What it paid afterwards, in DNS.
    pub uri: Option<String>,
    /// What it was to pay once enabled or renewed.
    pub kept: Option<String>,
    /// How Nostr programs found its owner afterwards.
    pub nostr: Option<Nostr>,
    /// Whose it was before; none for the first step.
    pub old_owner: Option<OwnerKey>,
    /// What it paid before.
    pub old_uri: Option<String>,
    /// The signed events that asked for it: the evidence.
    pub events: Vec<String>,
}

impl Deed {
    const ALL: [Self; 11] = [
        Self::Claim,
        Self::Update,
        Self::Remove,
        Self::Disable,
        Self::Enable,
        Self::Renew,
        Self::Transfer,
        Self::Expire,
        Self::Fulfil,
        Self::Lapse,
        Self::Nostr,
    ];

    /// Its stable word, in the database and in the API.
    ///
    /// ```
    /// use payname_server::registration::Deed;
    ///
    /// assert_eq!(Deed::from_word("claim"), Some(Deed::Claim));
    /// assert_eq!(Deed::Claim.word(), "claim");
    /// ```
    pub fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Renew => "renew",
            Self::Transfer => "transfer",
            Self::Expire => "expire",
            Self::Fulfil => "fulfil",
            Self::Lapse => "lapse",
            Self::Nostr => "nostr",
        }
    }

    /// The deed of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

impl By {
    /// Who this is, as the history tells it.
    pub fn author(&self) -> Author {
        match self {
            Self::Key(signed) => Author::Key(signed.owner),
            Self::Operator(token) => Author::Operator(token.clone()),
            Self::Server => Author::Server,
        }
    }
}
