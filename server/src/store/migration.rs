//! The database's form, version by version; only ever forward.

use rusqlite::Connection;

/// Brings a database to the form this version works with, in one transaction.
///
/// Each of `steps` brings it from the version of its index to the next (`user_version`). What has been
/// released is never edited; a change of form is a new entry.
///
/// # Errors
/// The database was written by a newer version, or SQLite failed; it is then as it was.
pub(super) fn migrate(connection: &Connection, steps: &[&str]) -> Result<(), MigrationError> {
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    let outcome = take(connection, steps);
    connection.execute_batch(if outcome.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    })?;
    outcome
}

fn take(connection: &Connection, steps: &[&str]) -> Result<(), MigrationError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(MigrationError::TooNew { found, known });
    }
    for (version, step) in (1u32..).zip(steps) {
        if version > found {
            connection.execute_batch(step)?;
            connection.pragma_update(None, "user_version", version)?;
        }
    }
    Ok(())
}

/// Why a database cannot be brought to the present form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// A newer paynamed has written it.
    #[error(
        "the database has version {found} and this paynamed knows only up to {known}; start the newer paynamed that wrote it"
    )]
    TooNew {
        /// The database's version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// SQLite failed.
    #[error("the database could not be brought to its present form")]
    Sqlite(#[from] rusqlite::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[&str] = &["CREATE TABLE one (x)", "CREATE TABLE two (x)"];

    #[test]
    fn a_database_is_migrated_once_and_a_newer_one_is_refused_untouched() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, &STEPS[..1]).unwrap();
        migrate(&connection, STEPS).unwrap();
        migrate(&connection, STEPS).unwrap();
        connection
            .pragma_update(None, "user_version", 1_000)
            .unwrap();
        let error = migrate(&connection, STEPS).unwrap_err();
        assert!(matches!(error, MigrationError::TooNew { found: 1_000, .. }));
        assert!(connection.is_autocommit());
    }
}
