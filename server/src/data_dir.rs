//! The data directory: keys and database, for the server's eyes only.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use payname_resolver::UnixTime;
use payname_zones::{KeyError, StoredKeysError};
use rusqlite::Connection;

use crate::keys::{KeyFiles, SealError};

/// The permissions that let others in.
const OTHERS: u32 = 0o077;
/// How long a server that is just stopping may still hold the directory.
const GRACE: Duration = Duration::from_millis(500);

/// A data directory that no other server uses.
#[derive(Debug)]
pub(crate) struct DataDir {
    keys: KeyFiles,
    /// Held as long as the directory is used; the system lets go of it however the process ends.
    _lock: Connection,
}

impl DataDir {
    /// Makes the directory where it is missing (0700), and takes it for this process alone.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Directory {
            path: path.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        let mode = std::fs::metadata(path)
            .map_err(failed)?
            .permissions()
            .mode();
        refuse_loose(path, mode)?;
        let locked = |source| DataDirError::Locked {
            path: path.to_owned(),
            source,
        };
        let lock = Connection::open(path.join("lock")).map_err(locked)?;
        lock.busy_timeout(GRACE).map_err(locked)?;
        // SQLite's file locks end with the process, `kill -9` included.
        lock.pragma_update(None, "locking_mode", "EXCLUSIVE")
            .map_err(locked)?;
        lock.execute_batch("BEGIN EXCLUSIVE").map_err(locked)?;
        Ok(Self {
            keys: KeyFiles::new(path),
            _lock: lock,
        })
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &KeyFiles {
        &self.keys
    }
}

/// Where the database of a data directory is.
pub(crate) fn registry(directory: &Path) -> PathBuf {
    directory.join("registry.sqlite")
}

/// Where the signed zones of a data directory are.
pub(crate) fn signed_zones(directory: &Path) -> PathBuf {
    directory.join("zones.sqlite")
}

/// Refuses a file or directory that others may read.
pub(crate) fn refuse_loose(path: &Path, mode: u32) -> Result<(), DataDirError> {
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(DataDirError::Loose {
        path: path.to_owned(),
        mode: mode & 0o777,
    })
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataDirError {
    /// It cannot be made or looked at.
    #[error("the data directory {} cannot be used; make it writable for this user, or set `data_dir`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("the data directory {} cannot be locked; another paynamed may be using it", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// Others may read it.
    #[error("{} can be read by others (mode {mode:o}); run: chmod go= {}", path.display(), path.display())]
    Loose {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A key file cannot be read or written.
    #[error("the key {} cannot be read or written", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key file holds no key, or none can be made.
    #[error("the key {} is of no use; restore it from a backup", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// A private key is encrypted, and nothing opens it.
    #[error("the key {} is encrypted; name its passphrase with keys_passphrase_file, keys_passphrase_command or keys_passphrase_credential", path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// A private key cannot be encrypted or decrypted.
    #[error("the key {} does not open; is it the right passphrase? (a change that broke off: run paynamed zone passphrase again)", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SealError,
    },
    /// A key file holds another key than the state says.
    #[error("the key {} is not the one that the state of the keys names; restore both from one backup", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// The clock cannot be right, and keys would begin with it.
    #[error(
        "the clock says {now}, and this program was made after {made}: no key begins with that; set the clock (NTP) and start again"
    )]
    Past {
        /// What the clock says.
        now: UnixTime,
        /// What it cannot be before.
        made: UnixTime,
    },
    /// The state of a zone's keys cannot be used.
    #[error("{}: the state of the zone's keys cannot be used", path.display())]
    BadState {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StoredKeysError,
    },
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn the_directory_is_for_the_server_only_and_a_loose_one_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        drop(DataDir::open(&path).unwrap());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let error = DataDir::open(&path).unwrap_err();
        assert!(error.to_string().contains("chmod go="), "{error}");
    }

    #[test]
    fn two_servers_cannot_share_a_directory() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(
            DataDir::open(&path),
            Err(DataDirError::Locked { .. })
        ));
        drop(first);
        DataDir::open(&path).unwrap();
    }
}
