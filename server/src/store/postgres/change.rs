//! A change of a name, in one transaction.
//!
//! What is sent together is answered together, so a change costs three journeys to the database.

use deadpool_postgres::Transaction;
use payname_resolver::Handle;
use tokio_postgres::types::ToSql;

use super::row::{COLUMNS, registration, signed};
use crate::{
    registration::{Change, Decision, Effect, Refusal, Registration},
    store::{ChangeError, StoreError, row::state_text},
};

/// Changes of one name wait for each other, wherever they were asked for; also of a name that has no
/// row yet, which could not be locked.
const TAKE_TURNS: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
const USE_UP: &str =
    "INSERT INTO seen_events (id, lapses_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
/// The name, its history and its task. The task takes the place of the one that may be there, with
/// a new and higher id.
const WRITE: &str = "
    WITH name AS (
        INSERT INTO handles (domain, username, owner, uri, state, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (domain, username) DO UPDATE SET
            owner = excluded.owner, uri = excluded.uri, state = excluded.state,
            version = excluded.version, updated_at = excluded.updated_at,
            published_at = NULL, proven_by = NULL, error = NULL
        RETURNING id
    ), past AS (
        INSERT INTO history (handle, version, owner, uri, event, at)
        SELECT id, $6, $3, $4, $9, $10 FROM name
    )
    INSERT INTO outbox (handle) SELECT id FROM name
    ON CONFLICT (handle) DO UPDATE SET
        id = excluded.id, attempts = 0, due_at = excluded.due_at";
const WRITE_TASK: &str = "
    INSERT INTO outbox (handle) SELECT id FROM handles WHERE domain = $1 AND username = $2
    ON CONFLICT (handle) DO UPDATE SET
        id = excluded.id, attempts = 0, due_at = excluded.due_at";

/// Decides a change on what the database holds and writes what it comes to.
pub(super) async fn make(
    transaction: &Transaction<'_>,
    change: &Change,
) -> Result<Decision, ChangeError> {
    let present = use_up_and_find(transaction, change).await?;
    let decision = change.decide(present.as_ref())?;
    let written = match decision.effect {
        Effect::Publish => write(transaction, change, &decision.registration).await,
        Effect::Retry => write_task(transaction, &change.handle).await,
        Effect::Nothing => Ok(()),
    };
    written.map_err(StoreError::from)?;
    Ok(decision)
}

async fn use_up_and_find(
    transaction: &Transaction<'_>,
    change: &Change,
) -> Result<Option<Registration>, ChangeError> {
    let find = format!("SELECT {COLUMNS} FROM handles WHERE domain = $1 AND username = $2");
    let (turn, event, find) = tokio::try_join!(
        transaction.prepare_cached(TAKE_TURNS),
        transaction.prepare_cached(USE_UP),
        transaction.prepare_cached(&find),
    )
    .map_err(StoreError::from)?;
    let (name, handle) = (change.handle.to_string(), &change.handle);
    let (id, lapses_at) = (
        change.signed.event.0.as_slice(),
        signed(change.signed.lapses_at.0),
    );
    let (domain, user) = (handle.domain(), handle.user());
    let turn_of: [&(dyn ToSql + Sync); 1] = [&name];
    let used: [&(dyn ToSql + Sync); 2] = [&id, &lapses_at];
    let wanted: [&(dyn ToSql + Sync); 2] = [&domain, &user];
    // Run in this order, each seeing what was committed before it began.
    let (_, new, row) = tokio::try_join!(
        transaction.execute(&turn, &turn_of),
        transaction.execute(&event, &used),
        transaction.query_opt(&find, &wanted),
    )
    .map_err(StoreError::from)?;
    if new == 0 {
        return Err(Refusal::Replayed.into());
    }
    Ok(row.as_ref().map(registration).transpose()?)
}

async fn write(
    transaction: &Transaction<'_>,
    change: &Change,
    registration: &Registration,
) -> Result<(), tokio_postgres::Error> {
    let statement = transaction.prepare_cached(WRITE).await?;
    transaction
        .execute(
            &statement,
            &[
                &registration.handle.domain(),
                &registration.handle.user(),
                &registration.owner.0.as_slice(),
                &registration.uri,
                &state_text(registration.state),
                &signed(registration.version),
                &signed(registration.created_at.0),
                &signed(registration.updated_at.0),
                &change.signed.json,
                &signed(change.at.0),
            ],
        )
        .await?;
    Ok(())
}

async fn write_task(
    transaction: &Transaction<'_>,
    handle: &Handle,
) -> Result<(), tokio_postgres::Error> {
    let statement = transaction.prepare_cached(WRITE_TASK).await?;
    let values: [&(dyn ToSql + Sync); 2] = [&handle.domain(), &handle.user()];
    transaction.execute(&statement, &values).await?;
    Ok(())
}
