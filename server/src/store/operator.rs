//! What operators keep beside the names.

use async_trait::async_trait;
use payname_resolver::{Handle, UnixTime};

use super::StoreError;
use crate::{
    registration::{Invite, InviteHash, Registration, Step},
    tokens::{Act, OperatorToken, TokenHash},
};

/// How exactly it is kept when a token was last used, in seconds.
pub(super) const LAST_USE: u64 = 60;

/// The operators' part of the registry's memory, as durable as the rest.
///
/// What changes something is written into the audit log in the same transaction, as is every
/// [`Change`](crate::registration::Change) of an operator. Nothing is ever removed from that log.
#[async_trait]
pub trait OperatorStore: Send + Sync + std::fmt::Debug {
    /// Keeps a new invite.
    async fn add_invite(&self, new: Invite, act: Act) -> Result<(), StoreError>;

    /// All invites, the oldest first.
    async fn invites(&self) -> Result<Vec<Invite>, StoreError>;

    /// Takes an invite back; whether there is such a one.
    async fn revoke_invite(&self, hash: InviteHash, act: Act) -> Result<bool, StoreError>;

    /// Keeps a new token; false when there is or was one of this name.
    async fn add_token(&self, new: OperatorToken, act: Act) -> Result<bool, StoreError>;

    /// All tokens, by name; those that are not good any more too.
    async fn tokens(&self) -> Result<Vec<OperatorToken>, StoreError>;

    /// Takes a token back; whether there is such a one that was not yet.
    async fn revoke_token(&self, name: &str, act: Act) -> Result<bool, StoreError>;

    /// The token of this hash, which is being used.
    async fn use_token(
        &self,
        hash: TokenHash,
        at: UnixTime,
    ) -> Result<Option<OperatorToken>, StoreError>;

    /// Writes into the audit log what was looked at.
    async fn record(&self, act: Act) -> Result<(), StoreError>;

    /// Up to `limit` entries of the audit log after the one of this number, the oldest first.
    async fn acts(&self, after: i64, limit: usize) -> Result<Vec<(i64, Act)>, StoreError>;

    /// Up to `limit` names of a domain in whatever state, sorted by user, after the user `after`.
    async fn names(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError>;

    /// Up to `limit` names of a domain whose claims wait, sorted by user, after the user `after`.
    async fn awaiting(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError>;

    /// Up to `limit` steps of the history of all names of a domain, sorted by user and version, after
    /// those of a user up to a version.
    async fn all_history(
        &self,
        domain: &str,
        after: (&str, u64),
        limit: usize,
    ) -> Result<Vec<(Handle, Step)>, StoreError>;
}
