//! A change of a name, in one transaction.
//!
//! What is sent together is answered together, so a change costs three journeys to the database.

use deadpool_postgres::Transaction;
use payname_resolver::Handle;
use tokio_postgres::types::ToSql;

use super::{
    desk::write_act,
    entry,
    row::{COLUMNS, registration, signed},
};
use crate::{
    registration::{
        Awaited, Change, Decision, Deed, Effect, Nostr, Refusal, Registration, lies_under,
        skeleton_of,
    },
    store::{
        ChangeError, StoreError,
        evidence::{Evidence, act},
        row::state_text,
    },
};

/// Changes of one name wait for each other, wherever they were asked for; also of a name that has no
/// row yet, which could not be locked.
const TAKE_TURNS: &str = "
    SELECT pg_advisory_xact_lock(hashtextextended(turn, 0)) FROM unnest($1::text[]) AS turns (turn)";
/// In one order everywhere, so that two who bring the same events do not wait for each other.
const USE_UP: &str = "
    INSERT INTO seen_events (id, lapses_at)
    SELECT id, lapses_at FROM unnest($1::bytea[], $2::bigint[]) AS used (id, lapses_at) ORDER BY id
    ON CONFLICT DO NOTHING";
/// The name and its history; with `$15`, how far DNS has come begins anew.
const WRITE: &str = "
    WITH name AS (
        INSERT INTO handles (domain, username, owner, uri, state, version, created_at, updated_at,
            kept, disabled, suspended, born, expires_at, free_at, skeleton, under, nostr,
            awaits)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $21, $22, $23, $24)
        ON CONFLICT (domain, username) DO UPDATE SET
            owner = excluded.owner, uri = excluded.uri, version = excluded.version,
            created_at = excluded.created_at, updated_at = excluded.updated_at,
            kept = excluded.kept, disabled = excluded.disabled, suspended = excluded.suspended,
            born = excluded.born, expires_at = excluded.expires_at, free_at = excluded.free_at,
            nostr = excluded.nostr, awaits = excluded.awaits,
            state = CASE WHEN $15 THEN excluded.state ELSE handles.state END,
            published_at = CASE WHEN $15 THEN NULL ELSE handles.published_at END,
            proven_by = CASE WHEN $15 THEN NULL ELSE handles.proven_by END,
            error = CASE WHEN $15 THEN NULL ELSE handles.error END
        RETURNING id
    ), past AS (
        INSERT INTO history (handle, version, owner, uri, event, at, deed, signer, operator, kept, consent,
            nostr)
        SELECT id, $6, $3, $4, $16, $8, $17, $18, $19, $9, $20, $23 FROM name
    )";
/// What stands behind [`WRITE`] where DNS has to be brought to it, and where not.
const WITH_TASK: &str = "
    INSERT INTO outbox (handle) SELECT id FROM name
    ON CONFLICT (handle) DO UPDATE SET
        id = excluded.id, attempts = 0, due_at = excluded.due_at";
const WITHOUT_TASK: &str = "SELECT id FROM name";
/// The task takes the place of the one that may be there, with a new and higher id.
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
    let registration = &decision.registration;
    if decision.begins_life() {
        let facts = entry::facts(transaction, change, registration.owner).await?;
        change.admit(registration.owner, &facts)?;
        entry::settle(transaction, change).await?;
    }
    let written = match decision.effect {
        Effect::Publish(deed) => {
            write(transaction, change, registration, deed, (true, WITH_TASK)).await
        }
        Effect::Record(deed) => {
            write(
                transaction,
                change,
                registration,
                deed,
                (true, WITHOUT_TASK),
            )
            .await
        }
        Effect::Keep(deed) => {
            write(
                transaction,
                change,
                registration,
                deed,
                (false, WITHOUT_TASK),
            )
            .await
        }
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
    let (turns, handle) = (entry::turns(change), &change.handle);
    let (mut ids, mut ends) = (Vec::new(), Vec::new());
    for used in change.signatures() {
        ids.push(used.event.0.as_slice());
        ends.push(signed(used.lapses_at.0));
    }
    let (domain, user) = (handle.domain(), handle.user());
    let turn_of: [&(dyn ToSql + Sync); 1] = [&turns];
    let used: [&(dyn ToSql + Sync); 2] = [&ids, &ends];
    let wanted: [&(dyn ToSql + Sync); 2] = [&domain, &user];
    // Run in this order, each seeing what was committed before it began.
    let (_, new, row) = tokio::try_join!(
        transaction.execute(&turn, &turn_of),
        transaction.execute(&event, &used),
        transaction.query_opt(&find, &wanted),
    )
    .map_err(StoreError::from)?;
    if usize::try_from(new).is_ok_and(|new| new < ids.len()) {
        return Err(Refusal::Replayed.into());
    }
    Ok(row.as_ref().map(registration).transpose()?)
}

async fn write(
    transaction: &Transaction<'_>,
    change: &Change,
    registration: &Registration,
    deed: Deed,
    (anew, rest): (bool, &str),
) -> Result<(), tokio_postgres::Error> {
    let statement = transaction
        .prepare_cached(&format!("{WRITE} {rest}"))
        .await?;
    let evidence = Evidence::of(change);
    let signer = evidence.signer.as_ref().map(|key| key.0.as_slice());
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
                &registration.kept,
                &registration.disabled,
                &registration.suspended,
                &signed(registration.born),
                &registration.expires_at.map(|at| signed(at.0)),
                &registration.free_at.map(|at| signed(at.0)),
                &anew,
                &evidence.event,
                &deed.word(),
                &signer,
                &evidence.operator,
                &evidence.consent,
                &skeleton_of(registration.handle.user()),
                &lies_under(registration.handle.user()),
                &registration.nostr.as_ref().map(Nostr::text),
                &registration.awaits.as_ref().map(Awaited::text),
            ],
        )
        .await?;
    match act(change, deed, registration.updated_at) {
        Some(act) => write_act(transaction, &act).await,
        None => Ok(()),
    }
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
