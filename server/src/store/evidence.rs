//! Who did what, as the columns of the history have it.

use payname_resolver::UnixTime;

use super::{StoreError, row::unreadable};
use crate::{
    key::OwnerKey,
    registration::{Author, Change, Deed, What},
    tokens::Act,
};

/// Who asked for a change, and what shows it.
pub(super) struct Evidence<'a> {
    pub(super) signer: Option<OwnerKey>,
    pub(super) operator: Option<String>,
    /// The signed event; empty where nobody signed.
    pub(super) event: &'a str,
    /// The new owner's signed event.
    pub(super) consent: Option<&'a str>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        let (signer, operator) = match change.by.author() {
            Author::Key(key) => (Some(key), None),
            Author::Operator(token) => (None, Some(token)),
            Author::Server => (None, None),
        };
        let consent = match &change.what {
            What::Transfer { consent } => Some(consent.json.as_str()),
            _ => None,
        };
        let mut signatures = change.signatures();
        let event = signatures.next().filter(|_| signer.is_some());
        Self {
            signer,
            operator,
            event: event.map_or("", |signed| signed.json.as_str()),
            consent,
        }
    }
}

/// What the audit log says of a change, if an operator makes it.
pub(super) fn act(change: &Change, deed: Deed, at: UnixTime) -> Option<Act> {
    match change.by.author() {
        Author::Operator(actor) => Some(Act {
            at,
            actor,
            deed: deed.word().to_owned(),
            subject: change.handle.to_string(),
        }),
        Author::Key(_) | Author::Server => None,
    }
}

/// What was done, from the word in the database; where there is none yet, from what came of it.
pub(super) fn deed(
    word: Option<String>,
    version: u64,
    uri: Option<&str>,
    old_uri: Option<&str>,
) -> Result<Deed, StoreError> {
    match word {
        Some(word) => Deed::from_word(&word).ok_or_else(|| unreadable("deed", word)),
        None if uri.is_none() => Ok(Deed::Remove),
        None if version == 1 || old_uri.is_none() => Ok(Deed::Claim),
        None => Ok(Deed::Update),
    }
}

/// Who did it. Before there were words for deeds, it was the owner.
pub(super) fn author(
    has_word: bool,
    signer: Option<OwnerKey>,
    operator: Option<String>,
    owner: OwnerKey,
) -> Author {
    match (signer, operator) {
        (Some(key), _) => Author::Key(key),
        (None, Some(token)) => Author::Operator(token),
        (None, None) if has_word => Author::Server,
        (None, None) => Author::Key(owner),
    }
}

/// The events that are there.
pub(super) fn events(event: String, consent: Option<String>) -> Vec<String> {
    let event = Some(event).filter(|event| !event.is_empty());
    event.into_iter().chain(consent).collect()
}
