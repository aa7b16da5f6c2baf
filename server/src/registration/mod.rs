//! A registered name, and the rules by which a change may alter it.
//!
//! [`Change::decide`] is the whole law of ownership: a function of the present state and the
//! change. A store runs it inside its transaction and writes what it returns.

mod awaiting;
mod condition;
mod entry;
mod history;
mod law;
mod names;
mod nostr;
mod refusal;
#[cfg(test)]
mod tests;

use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, UnixTime};

use crate::key::{EventId, OwnerKey};

pub use self::{
    condition::{Awaited, Condition, ConditionError, Demand, Requirement},
    entry::{Access, Entry, EntryRules, Facts, Invite, InviteHash, Neighbour},
    history::{Author, Deed, Step},
    names::{NameRules, above, lies_under, skeleton_of},
    nostr::{MOST_RELAYS, Nostr, NostrError},
    refusal::Refusal,
};

/// A name that was claimed at some time, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The name.
    pub handle: Handle,
    /// Who may change it; after a removal, who alone may claim it again.
    pub owner: OwnerKey,
    /// What it pays in DNS; none when no record of it belongs there.
    pub uri: Option<String>,
    /// What it pays once it is enabled or renewed; none while `uri` is there, and after a removal.
    pub kept: Option<String>,
    /// How far it has come.
    pub state: State,
    /// Whether its owner has disabled it.
    pub disabled: bool,
    /// Whether the operator has disabled it, so that its owner cannot enable it.
    pub suspended: bool,
    /// Counts the changes, from 1.
    pub version: u64,
    /// The version with which its present life began: what was before is of another owner.
    pub born: u64,
    /// When it was claimed.
    pub created_at: UnixTime,
    /// When it was last changed.
    pub updated_at: UnixTime,
    /// When it leaves DNS unless it is renewed.
    pub expires_at: Option<UnixTime>,
    /// From when on any key may claim it; none: only the owner's, for good.
    pub free_at: Option<UnixTime>,
    /// What it waits for; what it waited for in vain, once it is gone.
    pub awaits: Option<Awaited>,
    /// How Nostr programs find its owner, where he wants to be found.
    pub nostr: Option<Nostr>,
    /// When this version was proven from DNS.
    pub published_at: Option<UnixTime>,
    /// From where it was proven.
    pub proven_by: Option<ProvenBy>,
    /// Why the last attempt to publish it failed.
    pub error: Option<String>,
}

/// A change that somebody asks for who may be allowed to.
#[derive(Debug, Clone)]
pub struct Change {
    /// The name to change.
    pub handle: Handle,
    /// What is to be done.
    pub what: What,
    /// What must hold for it to be done.
    pub precondition: Precondition,
    /// Who asks for it.
    pub by: By,
    /// What the domain promises.
    pub terms: Terms,
    /// What the domain asks of a claim.
    pub entry: Entry,
    /// When the server took it in.
    pub at: UnixTime,
    /// A time that has surely come, by which alone anything is taken from anybody; not after `at`.
    pub sure: UnixTime,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Claims the name or replaces its URI.
    Put {
        /// The URI, already checked.
        uri: String,
    },
    /// Takes the name out of DNS and keeps it for its owner.
    Remove,
    /// Takes the name out of DNS and hides it; all else stays.
    Disable,
    /// Brings a disabled name back.
    Enable,
    /// Puts off the end of the name; brings an expired one back.
    Renew,
    /// Gives the name to another key.
    Transfer {
        /// The new owner's signature under the same request, already verified.
        consent: Signed,
    },
    /// Has Nostr programs find its owner, or no longer.
    Nostr(Option<Nostr>),
    /// Gives a name that nobody has to a key.
    Grant {
        /// Who is to have it.
        to: OwnerKey,
        /// The URI, already checked.
        uri: String,
    },
    /// Gives a name to whoever claimed it: what it waited for is so.
    Fulfil,
    /// Takes the name out of DNS since its time is over.
    Expire,
}

/// Who asks for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// The holder of a key.
    Key(Signed),
    /// Whoever runs the server, by the name of the token that was shown.
    Operator(String),
    /// The server itself.
    Server,
}

/// What a domain promises to those who have names in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// How long a removed or expired name is kept for its owner, in seconds; none: for good.
    pub hold: Option<u64>,
    /// How long a name stays unless it is renewed, in seconds; none: for good.
    pub life: Option<u64>,
}

/// What must hold for a change to be made (RFC 9110 §13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// The name has this version (`If-Match: "3"`).
    Version(u64),
    /// The name is there (`If-Match: *`).
    Present,
    /// The name is free (`If-None-Match: *`).
    Absent,
}

/// The signature under a change, already verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key that signed.
    pub owner: OwnerKey,
    /// The signed event's id, good for one change.
    pub event: EventId,
    /// The event as it was received: the evidence kept in the history.
    pub json: String,
    /// When the event's own time window ends.
    pub lapses_at: UnixTime,
}

/// What a change comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The registration as it is to be.
    pub registration: Registration,
    /// What has to be done about it.
    pub effect: Effect,
}

/// What has to be done after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A new version: store it with this in its history, and bring DNS to it.
    Publish(Deed),
    /// A new version of which DNS has nothing and shall have nothing: store it with this in its history.
    Record(Deed),
    /// A new version that DNS shows already: store it with this in its history.
    Keep(Deed),
    /// The same version once more: nothing to store; try to publish it again now.
    Retry,
    /// All is as it was asked to be already.
    Nothing,
}

impl Change {
    /// A change that the holder of a key has signed, in a domain that keeps names for good.
    pub fn signed(handle: Handle, what: What, signed: Signed, at: UnixTime) -> Self {
        Self::by(handle, what, By::Key(signed), at)
    }

    /// A change in a domain that keeps names for good.
    pub fn by(handle: Handle, what: What, by: By, at: UnixTime) -> Self {
        Self {
            handle,
            what,
            precondition: Precondition::None,
            by,
            terms: Terms::default(),
            entry: Entry::default(),
            at,
            sure: at,
        }
    }

    /// The end of a name whose time is over.
    pub fn expiry(handle: Handle, at: UnixTime) -> Self {
        Self::by(handle, What::Expire, By::Server, at)
    }

    /// What was claimed is given, since what it waited for is so.
    pub fn fulfilled(handle: Handle, at: UnixTime) -> Self {
        Self::by(handle, What::Fulfil, By::Server, at)
    }

    /// The signatures that are used up by this change.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = &Signed> {
        let by = match &self.by {
            By::Key(signed) => Some(signed),
            By::Operator(_) | By::Server => None,
        };
        let consent = match &self.what {
            What::Transfer { consent } => Some(consent),
            _ => None,
        };
        by.into_iter().chain(consent)
    }
}

impl Registration {
    /// Whether there is no such name any more: removed, or expired.
    pub fn is_gone(&self) -> bool {
        matches!(
            self.state,
            State::Removing | State::Removed | State::Expiring | State::Expired
        )
    }

    /// Whether nobody but its owner and the operator may know that there is such a name.
    pub fn is_hidden(&self) -> bool {
        let is_over = matches!(self.state, State::Expiring | State::Expired);
        self.disabled || self.suspended || is_over || self.awaits.is_some()
    }

    /// How Nostr programs find its owner: as long as the name is there for everybody to see.
    pub fn nostr_at(&self, at: UnixTime) -> Option<&Nostr> {
        let is_there = !self.is_gone() && !self.is_hidden() && !self.is_over(at);
        self.nostr.as_ref().filter(|_| is_there)
    }

    /// Whether DNS shows just this, as far as was proven; otherwise it has a task in the outbox.
    pub fn is_settled(&self) -> bool {
        use State::{Awaiting, Disabled, Expired, Published, Removed};
        matches!(
            self.state,
            Published | Removed | Disabled | Expired | Awaiting
        )
    }

    /// Whether any key may claim it.
    pub fn is_free(&self, at: UnixTime) -> bool {
        !self.suspended && self.free_at.is_some_and(|free_at| free_at <= at)
    }

    /// Whether its time is over, be it out of DNS already or not.
    pub fn is_over(&self, at: UnixTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= at)
    }
}
