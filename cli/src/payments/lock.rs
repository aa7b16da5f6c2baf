//! A lock that ends with its process, however that ends.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode};

/// A folder or a task that no other process works on.
///
/// It is an exclusive transaction on an otherwise empty SQLite file, which works wherever SQLite
/// does and needs no cleaning up after a crash.
#[derive(Debug)]
pub struct Lock {
    _connection: Connection,
}

impl Lock {
    /// Takes the lock at `path`, or says at once that it is taken.
    ///
    /// # Errors
    /// Another process has it, or the file cannot be used.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let connection = Connection::open(path).map_err(LockError::File)?;
        let taken = connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| connection.execute_batch("BEGIN EXCLUSIVE"));
        match taken {
            Ok(()) => Ok(Self {
                _connection: connection,
            }),
            Err(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Err(LockError::Taken),
                _ => Err(LockError::File(error)),
            },
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has it.
    #[error("another process is at work here; wait for it to end")]
    Taken,
    /// The file cannot be used.
    #[error("the lock file cannot be used: {0}")]
    File(rusqlite::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_given_up_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path).unwrap();
        assert!(matches!(Lock::take(&path), Err(LockError::Taken)));
        drop(held);
        assert!(Lock::take(&path).is_ok());
    }
}
