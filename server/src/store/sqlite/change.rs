//! A change of a name, in one transaction.

use rusqlite::{Connection, named_params, params};

use super::{desk::write_act, entry, find};
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

/// Decides a change on what the database holds and writes what it comes to.
pub(super) fn make_change(
    connection: &Connection,
    change: &Change,
) -> Result<Decision, ChangeError> {
    use_up_events(connection, change)?;
    let present = find(connection, &change.handle)?;
    let decision = change.decide(present.as_ref())?;
    let registration = &decision.registration;
    if decision.begins_life() {
        let facts = entry::facts(connection, change, registration.owner)?;
        change.admit(registration.owner, &facts)?;
        entry::settle(connection, change)?;
    }
    match decision.effect {
        Effect::Publish(deed) => {
            let id = write_registration(connection, registration, true)?;
            write_history(connection, id, change, registration, deed)?;
            write_task(connection, registration)?;
        }
        Effect::Record(deed) => {
            let id = write_registration(connection, registration, true)?;
            write_history(connection, id, change, registration, deed)?;
        }
        Effect::Keep(deed) => {
            let id = write_registration(connection, registration, false)?;
            write_history(connection, id, change, registration, deed)?;
        }
        Effect::Retry => write_task(connection, registration)?,
        Effect::Nothing => {}
    }
    Ok(decision)
}

fn use_up_events(connection: &Connection, change: &Change) -> Result<(), ChangeError> {
    for signed in change.signatures() {
        let new = connection
            .prepare_cached("INSERT OR IGNORE INTO seen_events (id, lapses_at) VALUES (?1, ?2)")
            .and_then(|mut statement| {
                statement.execute(params![signed.event.0, signed.lapses_at.0])
            })
            .map_err(StoreError::from)?;
        if new == 0 {
            return Err(Refusal::Replayed.into());
        }
    }
    Ok(())
}

/// Writes a new version of a name; its row's id. How far DNS has come is left as it is unless DNS has to
/// be brought to this version.
fn write_registration(
    connection: &Connection,
    registration: &Registration,
    anew: bool,
) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO handles (domain, user, owner, uri, state, version, created_at, updated_at,
             kept, disabled, suspended, born, expires_at, free_at, skeleton, under, nostr, awaits)
         VALUES (:domain, :user, :owner, :uri, :state, :version, :created_at, :updated_at,
             :kept, :disabled, :suspended, :born, :expires_at, :free_at, :skeleton, :under, :nostr,
             :awaits)
         ON CONFLICT (domain, user) DO UPDATE SET
             owner = excluded.owner, uri = excluded.uri, version = excluded.version,
             created_at = excluded.created_at, updated_at = excluded.updated_at,
             kept = excluded.kept, disabled = excluded.disabled, suspended = excluded.suspended,
             born = excluded.born, expires_at = excluded.expires_at, free_at = excluded.free_at,
             nostr = excluded.nostr, awaits = excluded.awaits,
             state = iif(:anew, excluded.state, state),
             published_at = iif(:anew, NULL, published_at),
             proven_by = iif(:anew, NULL, proven_by),
             error = iif(:anew, NULL, error)
         RETURNING id",
    )?;
    let values = named_params! {
        ":domain": registration.handle.domain(),
        ":user": registration.handle.user(),
        ":owner": registration.owner.0,
        ":uri": registration.uri,
        ":state": state_text(registration.state),
        ":version": registration.version,
        ":created_at": registration.created_at.0,
        ":updated_at": registration.updated_at.0,
        ":kept": registration.kept,
        ":disabled": registration.disabled,
        ":suspended": registration.suspended,
        ":born": registration.born,
        ":expires_at": registration.expires_at.map(|at| at.0),
        ":free_at": registration.free_at.map(|at| at.0),
        ":skeleton": skeleton_of(registration.handle.user()),
        ":under": lies_under(registration.handle.user()),
        ":nostr": registration.nostr.as_ref().map(Nostr::text),
        ":awaits": registration.awaits.as_ref().map(Awaited::text),
        ":anew": anew,
    };
    Ok(statement.query_row(values, |row| row.get(0))?)
}

fn write_history(
    connection: &Connection,
    id: i64,
    change: &Change,
    registration: &Registration,
    deed: Deed,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO history (handle, version, owner, uri, event, at, deed, signer, operator, kept, consent,
             nostr)
         VALUES (:handle, :version, :owner, :uri, :event, :at, :deed, :signer, :operator, :kept, :consent,
             :nostr)",
    )?;
    let evidence = Evidence::of(change);
    statement.execute(named_params! {
        ":handle": id,
        ":version": registration.version,
        ":owner": registration.owner.0,
        ":uri": registration.uri,
        ":event": evidence.event,
        ":at": registration.updated_at.0,
        ":deed": deed.word(),
        ":signer": evidence.signer.map(|key| key.0),
        ":operator": evidence.operator,
        ":kept": registration.kept,
        ":consent": evidence.consent,
        ":nostr": registration.nostr.as_ref().map(Nostr::text),
    })?;
    act(change, deed, registration.updated_at).map_or(Ok(()), |act| write_act(connection, &act))
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
