//! Registrations to and from the columns of a row.

use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, UnixTime};
use rusqlite::Row;

use super::StoreError;
use crate::{
    key::OwnerKey,
    registration::{Awaited, Nostr, Registration},
    tokens::Scope,
};

/// The columns that [`registration`] reads, in its order.
pub(super) const COLUMNS: &str = "handles.domain, handles.user, handles.owner, handles.uri, \
    handles.state, handles.version, handles.created_at, handles.updated_at, \
    handles.published_at, handles.proven_by, handles.error, handles.kept, handles.disabled, \
    handles.suspended, handles.born, handles.expires_at, handles.free_at, handles.nostr, \
    handles.awaits";
/// How many they are: the place of what a query reads beside them.
pub(super) const COLUMN_COUNT: usize = 19;

/// Reads a registration out of the first columns of a row.
pub(super) fn registration(row: &Row<'_>) -> Result<Registration, StoreError> {
    let (domain, user): (String, String) = (row.get(0)?, row.get(1)?);
    let state: String = row.get(4)?;
    let proven_by: Option<String> = row.get(9)?;
    Ok(Registration {
        handle: Handle::new(&user, &domain)
            .map_err(|_| unreadable("name", format!("{user}@{domain}")))?,
        owner: OwnerKey(row.get(2)?),
        uri: row.get(3)?,
        state: state_from(&state).ok_or_else(|| unreadable("state", state))?,
        version: row.get(5)?,
        created_at: UnixTime(row.get(6)?),
        updated_at: UnixTime(row.get(7)?),
        published_at: row.get::<_, Option<u64>>(8)?.map(UnixTime),
        proven_by: proven_by.map(prover_from).transpose()?,
        error: row.get(10)?,
        kept: row.get(11)?,
        disabled: row.get(12)?,
        suspended: row.get(13)?,
        born: row.get(14)?,
        expires_at: row.get::<_, Option<u64>>(15)?.map(UnixTime),
        free_at: row.get::<_, Option<u64>>(16)?.map(UnixTime),
        nostr: nostr_from(row.get(17)?)?,
        awaits: awaits_from(row.get(18)?)?,
    })
}

/// A state's word in the database.
pub(super) fn state_text(state: State) -> &'static str {
    match state {
        State::Published => "published",
        State::Failed => "failed",
        State::Removing => "removing",
        State::Removed => "removed",
        State::Disabling => "disabling",
        State::Disabled => "disabled",
        State::Expiring => "expiring",
        State::Expired => "expired",
        State::Awaiting => "awaiting",
        // The only other state there is; a word for a new one would come with a migration.
        _ => "pending",
    }
}

/// What a task makes of a state, in SQL: what was under way is done. What has come to its end stays.
pub(super) const DONE: &str = "CASE state WHEN 'pending' THEN 'published' WHEN 'failed' THEN 'published' \
    WHEN 'removing' THEN 'removed' WHEN 'disabling' THEN 'disabled' WHEN 'expiring' THEN 'expired' \
    ELSE state END";

/// A prover's text in the database: JSON, so that it can grow.
pub(super) fn prover_text(prover: &ProvenBy) -> String {
    serde_json::to_string(prover).unwrap_or_default()
}

pub(super) fn state_from(text: &str) -> Option<State> {
    Some(match text {
        "pending" => State::Pending,
        "published" => State::Published,
        "failed" => State::Failed,
        "removing" => State::Removing,
        "removed" => State::Removed,
        "disabling" => State::Disabling,
        "disabled" => State::Disabled,
        "expiring" => State::Expiring,
        "expired" => State::Expired,
        "awaiting" => State::Awaiting,
        _ => return None,
    })
}

pub(super) fn prover_from(text: String) -> Result<ProvenBy, StoreError> {
    serde_json::from_str(&text).map_err(|_| unreadable("proven_by", text))
}

/// How a name is found in Nostr, as a row has it.
pub(super) fn nostr_from(text: Option<String>) -> Result<Option<Nostr>, StoreError> {
    let read = |text: String| Nostr::from_text(&text).ok_or_else(|| unreadable("nostr", text));
    text.map(read).transpose()
}

/// What a name waits for, as a row has it.
pub(super) fn awaits_from(text: Option<String>) -> Result<Option<Awaited>, StoreError> {
    let read = |text: String| Awaited::from_text(&text).ok_or_else(|| unreadable("awaits", text));
    text.map(read).transpose()
}

/// Scopes as a row has them.
pub(super) fn scopes_text(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
    words.join(" ")
}

pub(super) fn scopes_from(text: String) -> Result<Vec<Scope>, StoreError> {
    let scopes = text.split_whitespace().map(Scope::from_word);
    let scopes: Option<Vec<Scope>> = scopes.collect();
    scopes.ok_or_else(|| unreadable("scopes", text))
}

pub(super) fn unreadable(column: &'static str, value: String) -> StoreError {
    StoreError::Unreadable { column, value }
}
