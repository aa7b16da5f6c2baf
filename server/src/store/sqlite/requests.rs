//! Requests that are to be done once.

use payname_resolver::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::store::{
    StoreError,
    requests::{Answer, Begun, KEPT, Remembered, RequestKey},
};

/// Forgets the requests that have no answer.
pub(super) fn abandon(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM requests WHERE answer IS NULL", [])?;
    Ok(())
}

/// Remembers a request, unless it is known.
pub(super) fn begin(
    connection: &Connection,
    key: &RequestKey,
    digest: &[u8; 32],
    now: UnixTime,
) -> Result<Begun, StoreError> {
    let sql = "SELECT digest, begun_at, answer FROM requests WHERE signer = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![key.signer, key.key], |row| {
        Ok(Remembered {
            digest: row.get(0)?,
            begun_at: UnixTime(row.get(1)?),
            answer: row.get(2)?,
        })
    });
    let begun = match found.optional()? {
        Some(found) => found.judge(digest, now),
        None => Begun::Now,
    };
    if begun == Begun::Now {
        let sql = "INSERT OR REPLACE INTO requests (signer, key, digest, begun_at) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![key.signer, key.key, digest, now.0])?;
    }
    Ok(begun)
}

/// Remembers what is answered to a request that was begun.
pub(super) fn answer(
    connection: &Connection,
    key: &RequestKey,
    json: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE requests SET answer = ?3 WHERE signer = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![key.signer, key.key, json])?;
    Ok(())
}

/// Remembers what was answered; without an answer, forgets the request.
pub(super) fn end(
    connection: &Connection,
    key: &RequestKey,
    answer: Option<&Answer>,
) -> Result<(), StoreError> {
    let json = answer.and_then(|answer| serde_json::to_string(answer).ok());
    if let Some(json) = json {
        return self::answer(connection, key, &json);
    }
    connection
        .prepare_cached("DELETE FROM requests WHERE signer = ?1 AND key = ?2")?
        .execute(params![key.signer, key.key])?;
    Ok(())
}

/// Forgets requests whose answers are not kept any more.
pub(super) fn forget(connection: &Connection, now: UnixTime) -> Result<(), StoreError> {
    let before = now.0.saturating_sub(KEPT);
    connection.execute("DELETE FROM requests WHERE begun_at < ?1", [before])?;
    Ok(())
}
