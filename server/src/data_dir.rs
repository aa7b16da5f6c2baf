//! The data directory: keys and database, for the server's eyes only.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{KeyError, SigningKey};
use ring::rand::SecureRandom;
use rusqlite::Connection;

/// The permissions that let others in.
const OTHERS: u32 = 0o077;
/// The longest key file that is read, in bytes.
const MAX_KEY: u64 = 4096;
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

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.keys.0.join("registry.sqlite")
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &KeyFiles {
        &self.keys
    }
}

/// The signing keys in a data directory, one file a zone.
#[derive(Debug)]
pub(crate) struct KeyFiles(PathBuf);

impl KeyFiles {
    /// The keys in this directory, which need not exist.
    pub(crate) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// Loads a zone's signing key.
    pub(crate) fn load(&self, zone: &Name) -> Result<SigningKey, DataDirError> {
        let path = self.path(zone);
        let failed = |source| DataDirError::Key {
            path: path.clone(),
            source,
        };
        let file = File::open(&path).map_err(failed)?;
        refuse_loose(&path, file.metadata().map_err(failed)?.permissions().mode())?;
        let mut pkcs8 = Vec::new();
        file.take(MAX_KEY).read_to_end(&mut pkcs8).map_err(failed)?;
        SigningKey::from_pkcs8(&pkcs8).map_err(|source| DataDirError::BadKey {
            path: path.clone(),
            source,
        })
    }

    /// Whether a zone has a key already.
    pub(crate) fn has(&self, zone: &Name) -> bool {
        self.path(zone).exists()
    }

    /// Makes and stores a zone's signing key (0600): whole or not at all.
    pub(crate) fn make(
        &self,
        zone: &Name,
        random: &dyn SecureRandom,
    ) -> Result<SigningKey, DataDirError> {
        let path = self.path(zone);
        let bad = |source| DataDirError::BadKey {
            path: path.clone(),
            source,
        };
        let pkcs8 = SigningKey::generate_pkcs8(random).map_err(bad)?;
        let key = SigningKey::from_pkcs8(&pkcs8).map_err(bad)?;
        let failed = |source| DataDirError::Key {
            path: path.clone(),
            source,
        };
        let unfinished = path.with_extension("key.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed)?;
        file.write_all(&pkcs8)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&unfinished, &path).map_err(failed)?;
        File::open(&self.0)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        Ok(key)
    }

    fn path(&self, zone: &Name) -> PathBuf {
        // Configured zones hold only letters, digits, `-`, `_` and `.`.
        self.0.join(format!("{}key", zone.to_ascii()))
    }
}

fn refuse_loose(path: &Path, mode: u32) -> Result<(), DataDirError> {
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
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use std::fs::Permissions;

    use super::*;

    fn zone() -> Name {
        Name::from_ascii("example.test.").unwrap()
    }

    #[test]
    fn keys_and_directory_are_for_the_server_only_and_loose_ones_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let directory = DataDir::open(&path).unwrap();
        assert!(!directory.keys().has(&zone()));
        let made = directory
            .keys()
            .make(&zone(), &SystemRandom::new())
            .unwrap();
        assert_eq!(
            directory.keys().load(&zone()).unwrap().key_tag(),
            made.key_tag()
        );
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        let key = path.join("example.test.key");
        assert_eq!(mode(&key), 0o600);
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        let error = directory.keys().load(&zone()).unwrap_err();
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
