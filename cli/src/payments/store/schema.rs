//! The tables, and which layout of them is in a file.

use rusqlite::Connection;

/// The layout of the database that this program writes.
const VERSION: i64 = 2;

/// Layout 1, which every file began with or was made to.
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

/// Layout 2: which node was asked. Before it, there was but one.
const WHICH_NODE: &str = "ALTER TABLE intents ADD COLUMN node TEXT NOT NULL DEFAULT 'embedded';";

/// Sets a database up, and makes the tables when there are none. Otherwise gives the layout that a
/// newer program wrote.
pub(super) fn set_up(connection: &Connection) -> rusqlite::Result<Result<(), i64>> {
    // FULL: an intent is on the disk, not in a cache, before a node hears of it.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let steps = match version {
        0 => [SCHEMA, WHICH_NODE].concat(),
        1 => WHICH_NODE.to_owned(),
        VERSION => return Ok(Ok(())),
        newer => return Ok(Err(newer)),
    };
    let steps = format!("BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;");
    connection.execute_batch(&steps).map(Ok)
}
