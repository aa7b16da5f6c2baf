//! A change of a name, in one transaction.

use rusqlite::{Connection, params};

use super::find;
use crate::{
    registration::{Change, Decision, Effect, Refusal, Registration},
    store::{ChangeError, StoreError, row::state_text},
};

/// Decides a change on what the database holds and writes what it comes to.
pub(super) fn make_change(
    connection: &Connection,
    change: &Change,
) -> Result<Decision, ChangeError> {
    use_up_event(connection, change)?;
    let present = find(connection, &change.handle)?;
    let decision = change.decide(present.as_ref())?;
    match decision.effect {
        Effect::Publish => {
            let id = write_registration(connection, &decision.registration)?;
            write_history(connection, id, change, &decision.registration)?;
            write_task(connection, &decision.registration)?;
        }
        Effect::Retry => write_task(connection, &decision.registration)?,
        Effect::Nothing => {}
    }
    Ok(decision)
}

fn use_up_event(connection: &Connection, change: &Change) -> Result<(), ChangeError> {
    let new = connection
        .prepare_cached("INSERT OR IGNORE INTO seen_events (id, lapses_at) VALUES (?1, ?2)")
        .and_then(|mut statement| {
            statement.execute(params![change.signed.event.0, change.signed.lapses_at.0])
        })
        .map_err(StoreError::from)?;
    if new == 0 {
        return Err(Refusal::Replayed.into());
    }
    Ok(())
}

/// Writes a new version of a name; its row's id.
fn write_registration(
    connection: &Connection,
    registration: &Registration,
) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO handles (domain, user, owner, uri, state, version, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (domain, user) DO UPDATE SET
             owner = excluded.owner, uri = excluded.uri, state = excluded.state,
             version = excluded.version, updated_at = excluded.updated_at,
             published_at = NULL, proven_by = NULL, error = NULL
         RETURNING id",
    )?;
    let values = params![
        registration.handle.domain(),
        registration.handle.user(),
        registration.owner.0,
        registration.uri,
        state_text(registration.state),
        registration.version,
        registration.created_at.0,
        registration.updated_at.0,
    ];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

fn write_history(
    connection: &Connection,
    id: i64,
    change: &Change,
    registration: &Registration,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO history (handle, version, owner, uri, event, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(params![
        id,
        registration.version,
        registration.owner.0,
        registration.uri,
        change.signed.json,
        change.at.0,
    ])?;
    Ok(())
}

/// Puts a name at the end of the outbox, in place of the task it may have there.
fn write_task(connection: &Connection, registration: &Registration) -> Result<(), StoreError> {
    // REPLACE deletes the old row, so the new one has a new, higher id.
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO outbox (handle)
         SELECT id FROM handles WHERE domain = ?1 AND user = ?2",
    )?;
    statement.execute([registration.handle.domain(), registration.handle.user()])?;
    Ok(())
}
