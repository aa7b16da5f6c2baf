//! What a claim is judged by, and what it uses up, in its transaction.

use payname_resolver::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    key::OwnerKey,
    registration::{Change, Facts, Invite, InviteHash, Neighbour, lies_under, skeleton_of},
    store::{
        StoreError,
        entry::{Kin, RECKONED, counted, day, forgotten_day, mark},
    },
};

const NEIGHBOUR: &str = "SELECT owner, suspended, free_at FROM handles";

/// What the database knows that a claim is judged by.
pub(super) fn facts(
    connection: &Connection,
    change: &Change,
    owner: OwnerKey,
) -> Result<Facts, StoreError> {
    let (kin, domain, user) = (
        Kin::of(change),
        change.handle.domain(),
        change.handle.user(),
    );
    let find = |condition: &str, values: &[&dyn rusqlite::ToSql]| {
        let sql = format!("{NEIGHBOUR} WHERE {condition}");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_and_then(values, neighbour)?;
        rows.collect::<Result<Vec<_>, StoreError>>()
    };
    let twins = "domain = ?1 AND skeleton = ?2 AND user <> ?3";
    let twins = find(twins, params![domain, kin.skeleton, user])?;
    let below = "domain = ?1 AND under = ?2 AND substr(user, -length(?3)) = ?3";
    let mut relatives = find(below, params![domain, kin.last, kin.suffix])?;
    for above in kin.above {
        relatives.extend(find("domain = ?1 AND user = ?2", params![domain, above])?);
    }
    let of_key = match change.entry.rules.names_per_key {
        None => 0,
        Some(_) => connection
            .prepare_cached(
                "SELECT count(*) FROM handles
                 WHERE domain = ?1 AND owner = ?2 AND (free_at IS NULL OR free_at > ?3)",
            )?
            .query_row(params![domain, owner.0, change.at.0], |row| row.get(0))?,
    };
    let invite = match change.entry.invite {
        None => None,
        Some(hash) => read_invite(connection, hash)?,
    };
    let of_network = match network_mark(connection, change)? {
        None => 0,
        Some(mark) => connection
            .prepare_cached("SELECT claims FROM network_claims WHERE day = ?1 AND mark = ?2")?
            .query_row(params![day(change.at), mark], |row| row.get(0))
            .optional()?
            .unwrap_or(0),
    };
    Ok(Facts {
        twins,
        kin: relatives,
        invite,
        of_key,
        of_network,
    })
}

/// Uses up what an admitted claim takes.
pub(super) fn settle(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    if let Some(hash) = change.redeems() {
        let sql = "UPDATE invites SET used = used + 1 WHERE hash = ?1";
        connection.prepare_cached(sql)?.execute([hash.0])?;
    }
    if let Some(mark) = network_mark(connection, change)? {
        let sql = "INSERT INTO network_claims (day, mark, claims) VALUES (?1, ?2, 1)
            ON CONFLICT (day, mark) DO UPDATE SET claims = claims + 1";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![day(change.at), mark])?;
    }
    Ok(())
}

/// Forgets the networks of days that are over.
pub(super) fn forget(connection: &Connection, now: UnixTime) -> Result<(), StoreError> {
    for table in ["network_salts", "network_claims"] {
        let sql = format!("DELETE FROM {table} WHERE day <= ?1");
        connection.execute(&sql, [forgotten_day(now)])?;
    }
    Ok(())
}

/// Reckons what names look like that were given before that was kept.
pub(super) fn reckon(connection: &Connection) -> Result<(), rusqlite::Error> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let sql = "SELECT id, user FROM handles WHERE skeleton IS NULL LIMIT ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([RECKONED], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
        for (id, user) in &rows {
            let sql = "UPDATE handles SET skeleton = ?2, under = ?3 WHERE id = ?1";
            let values = params![id, skeleton_of(user), lies_under(user)];
            connection.prepare_cached(sql)?.execute(values)?;
        }
        connection.execute_batch("COMMIT")?;
        if rows.len() < RECKONED {
            return Ok(());
        }
    }
}

fn network_mark(connection: &Connection, change: &Change) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(network) = counted(change) else {
        return Ok(None);
    };
    let salt = salt(connection, day(change.at))?;
    Ok(Some(mark(&salt, network)))
}

/// The salt of a day, made when it is first asked for.
pub(super) fn salt(connection: &Connection, day: u64) -> Result<Vec<u8>, StoreError> {
    let new = "INSERT OR IGNORE INTO network_salts (day, salt) VALUES (?1, randomblob(32))";
    connection.prepare_cached(new)?.execute([day])?;
    let mut statement =
        connection.prepare_cached("SELECT salt FROM network_salts WHERE day = ?1")?;
    Ok(statement.query_row([day], |row| row.get(0))?)
}

fn read_invite(connection: &Connection, hash: InviteHash) -> Result<Option<Invite>, StoreError> {
    let sql = format!("{INVITE} WHERE hash = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([hash.0], invite).optional()?)
}

/// What [`invite`] reads.
pub(super) const INVITE: &str =
    "SELECT hash, domain, note, uses, used, created_at, expires_at, revoked FROM invites";

pub(super) fn invite(row: &Row<'_>) -> Result<Invite, rusqlite::Error> {
    Ok(Invite {
        hash: InviteHash(row.get(0)?),
        domain: row.get(1)?,
        note: row.get(2)?,
        uses: row.get(3)?,
        used: row.get(4)?,
        created_at: UnixTime(row.get(5)?),
        expires_at: row.get::<_, Option<u64>>(6)?.map(UnixTime),
        revoked: row.get(7)?,
    })
}

fn neighbour(row: &Row<'_>) -> Result<Neighbour, StoreError> {
    Ok(Neighbour {
        owner: OwnerKey(row.get(0)?),
        suspended: row.get(1)?,
        free_at: row.get::<_, Option<u64>>(2)?.map(UnixTime),
    })
}
