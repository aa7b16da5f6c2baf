//! The tables, and which layout of them is in a file.

use rusqlite::Connection;

/// The layout of the database that this program writes.
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE intents (
    id           TEXT PRIMARY KEY NOT NULL,
    handle       TEXT NOT NULL,
    uri          TEXT NOT NULL,
    proof        BLOB NOT NULL,
    offer        TEXT NOT NULL,
    amount_msat  INTEGER NOT NULL CHECK (amount_msat > 0),
    max_fee_msat INTEGER NOT NULL,
    note         TEXT,
    network      TEXT NOT NULL,
    intended_at  INTEGER NOT NULL,
    state        TEXT NOT NULL
                 CHECK (state IN ('intended', 'sending', 'sent', 'settled', 'failed', 'unknown')),
    payment_id   TEXT UNIQUE,
    payment_hash TEXT,
    preimage     TEXT,
    fee_msat     INTEGER,
    failure      TEXT,
    ended_at     INTEGER,
    CHECK (state <> 'settled' OR (preimage IS NOT NULL AND payment_hash IS NOT NULL))
) STRICT;
CREATE INDEX intents_by_handle ON intents (handle, state);
";

/// Sets a database up, and makes the tables when there are none. Otherwise gives the layout that a
/// newer program wrote.
pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<Result<(), i64>> {
    // FULL: an intent is on the disk, not in a cache, before a node hears of it.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => connection
            .execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            ))
            .map(Ok),
        VERSION => Ok(Ok(())),
        newer => Ok(Err(newer)),
    }
}
