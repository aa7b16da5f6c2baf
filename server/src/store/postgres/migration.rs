//! The database's form, version by version; only ever forward, and one server at a time.

use std::future::Future;

use tokio_postgres::Client;

use super::OpenError;
use crate::store::MigrationError;

/// Each brings the database from the version of its index to the next.
///
/// What has been released is never edited; a change of form is a new entry.
const STEPS: &[&str] = &[
    include_str!("../schema/postgres/0001.sql"),
    include_str!("../schema/postgres/0002.sql"),
    include_str!("../schema/postgres/0003.sql"),
    include_str!("../schema/postgres/0004.sql"),
    include_str!("../schema/postgres/0005.sql"),
    include_str!("../schema/postgres/0006.sql"),
    include_str!("../schema/postgres/0007.sql"),
    include_str!("../schema/postgres/0008.sql"),
    include_str!("../schema/postgres/0009.sql"),
];

/// Whoever holds this lock migrates; all servers of one database ask for the same.
const LOCK: i64 = 0x7061_796e_616d_6564;

/// Brings a database to the form this version works with, in one transaction.
///
/// Servers that start at the same moment wait for each other.
///
/// # Errors
/// The database was written by a newer version, or failed; it is then as it was.
pub(super) async fn migrate(client: &mut Client) -> Result<(), OpenError> {
    let transaction = client.transaction().await?;
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)")
        .await?;
    let row = transaction
        .query_opt("SELECT version FROM schema_version", &[])
        .await?;
    let found: i32 = match row {
        Some(row) => row.try_get(0)?,
        None => {
            let first = "INSERT INTO schema_version VALUES (0)";
            transaction.execute(first, &[]).await?;
            0
        }
    };
    let known = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(MigrationError::TooNew {
            found: found.unsigned_abs(),
            known: known.unsigned_abs(),
        }
        .into());
    }
    for (version, step) in (1..).zip(STEPS) {
        if version > found {
            transaction.batch_execute(step).await?;
            let count = "UPDATE schema_version SET version = $1";
            transaction.execute(count, &[&version]).await?;
        }
    }
    Ok(transaction.commit().await?)
}

/// Does something that one server at a time may do.
pub(super) async fn alone(
    client: &Client,
    work: impl Future<Output = Result<(), tokio_postgres::Error>>,
) -> Result<(), OpenError> {
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await?;
    let done = work.await;
    // Where the connection ends first, so does the lock.
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&LOCK])
        .await?;
    Ok(done?)
}
