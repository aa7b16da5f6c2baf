//! Registrations out of the columns of a row.

use payname_resolver::{Handle, UnixTime};
use tokio_postgres::Row;

use crate::{
    key::OwnerKey,
    registration::Registration,
    store::{
        StoreError, Task, TaskId,
        row::{awaits_from, nostr_from, prover_from, state_from, unreadable},
    },
};

/// The columns that [`registration`] reads, in its order.
pub(super) const COLUMNS: &str = "handles.domain, handles.username, handles.owner, handles.uri, \
    handles.state, handles.version, handles.created_at, handles.updated_at, \
    handles.published_at, handles.proven_by, handles.error, handles.kept, handles.disabled, \
    handles.suspended, handles.born, handles.expires_at, handles.free_at, handles.nostr, \
    handles.awaits";
/// How many they are: the place of what a query reads beside them.
const COLUMN_COUNT: usize = 19;

/// Reads a registration out of the first columns of a row.
pub(super) fn registration(row: &Row) -> Result<Registration, StoreError> {
    let (domain, user): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let owner: &[u8] = row.try_get(2)?;
    let state: &str = row.try_get(4)?;
    let proven_by: Option<String> = row.try_get(9)?;
    Ok(Registration {
        handle: Handle::new(user, domain)
            .map_err(|_| unreadable("name", format!("{user}@{domain}")))?,
        owner: key("owner", owner)?,
        uri: row.try_get(3)?,
        state: state_from(state).ok_or_else(|| unreadable("state", state.to_owned()))?,
        version: unsigned(row, 5)?,
        created_at: UnixTime(unsigned(row, 6)?),
        updated_at: UnixTime(unsigned(row, 7)?),
        published_at: time(row, 8)?,
        proven_by: proven_by.map(prover_from).transpose()?,
        error: row.try_get(10)?,
        kept: row.try_get(11)?,
        disabled: row.try_get(12)?,
        suspended: row.try_get(13)?,
        born: unsigned(row, 14)?,
        expires_at: time(row, 15)?,
        free_at: time(row, 16)?,
        nostr: nostr_from(row.try_get(17)?)?,
        awaits: awaits_from(row.try_get(18)?)?,
    })
}

/// A key, as the database keeps it.
pub(super) fn key(column: &'static str, bytes: &[u8]) -> Result<OwnerKey, StoreError> {
    let key = bytes.try_into().map(OwnerKey);
    key.map_err(|_| unreadable(column, format!("{bytes:?}")))
}

/// A registration, followed by the task's own columns.
pub(super) fn task(row: &Row) -> Result<Task, StoreError> {
    Ok(Task {
        registration: registration(row)?,
        id: TaskId(row.try_get(COLUMN_COUNT)?),
        attempts: row.try_get::<_, i32>("attempts")?.unsigned_abs(),
    })
}

/// A number that is never negative, as the database keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn time(row: &Row, column: usize) -> Result<Option<UnixTime>, StoreError> {
    let time: Option<i64> = row.try_get(column)?;
    Ok(time.map(|time| UnixTime(time.unsigned_abs())))
}

pub(super) fn unsigned(row: &Row, column: usize) -> Result<u64, StoreError> {
    let number: i64 = row.try_get(column)?;
    Ok(number.unsigned_abs())
}
