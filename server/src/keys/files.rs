//! The key files of a data directory: one state a zone, and one file a private key, all 0600.
//!
//! `example.com.keys.json` is the state, `example.com.13.12345.key` the PKCS#8 form of the P-256 key
//! with tag 12345, encrypted where there is a passphrase. Before states were kept there was one
//! `example.com.key`, which becomes a CSK.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{KeyPolicy, KeySet, NewKey, PrivateKeys, SigningKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::{
    Passphrase,
    past::refuse_past,
    sealed::{is_sealed, open, seal},
};
use crate::data_dir::{DataDirError, refuse_loose};

/// The longest key file that is read, in bytes.
pub(super) const MAX_KEY: u64 = 4096;
/// The longest state that is read, in bytes.
pub(super) const MAX_STATE: u64 = 1 << 20;

/// The keys in a data directory.
#[derive(Debug, Clone)]
pub(crate) struct KeyFiles {
    directory: PathBuf,
    /// What private keys are encrypted with; none leaves them as they are.
    passphrase: Option<Arc<Passphrase>>,
}

/// The keys of one zone, private halves included.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) set: KeySet,
    pub(crate) private: PrivateKeys,
}

impl KeyFiles {
    /// The keys in this directory, which need not exist.
    pub(crate) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            passphrase: None,
        }
    }

    /// The same, with private keys that a passphrase opens, and seals when they are made.
    pub(crate) fn sealed_by(&self, passphrase: Option<Passphrase>) -> Self {
        Self {
            directory: self.directory.clone(),
            passphrase: passphrase.map(Arc::new),
        }
    }

    pub(super) fn passphrase(&self) -> Option<&Passphrase> {
        self.passphrase.as_deref()
    }

    /// Where they are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether a zone has keys already.
    pub(crate) fn has(&self, zone: &Name) -> bool {
        self.state(zone).exists() || self.sole_key(zone).exists()
    }

    /// Loads the state of a zone's keys alone, to tell about it.
    pub(crate) fn look(&self, zone: &Name, policy: KeyPolicy) -> Result<KeySet, DataDirError> {
        let path = self.state(zone);
        if !path.exists() && self.sole_key(zone).exists() {
            let key = self.load_sole_key(zone)?;
            return Ok(KeySet::adopt(zone, policy, &key, UnixTime(0)));
        }
        let text = self.read(&path, MAX_STATE)?;
        let bad = |source| DataDirError::BadState {
            path: path.clone(),
            source,
        };
        KeySet::from_text(&String::from_utf8_lossy(&text), policy).map_err(bad)
    }

    /// Loads a zone's keys. A zone of the time before there were states gets one.
    pub(crate) fn load(
        &self,
        zone: &Name,
        policy: KeyPolicy,
        now: UnixTime,
    ) -> Result<Keys, DataDirError> {
        if !self.state(zone).exists() && self.sole_key(zone).exists() {
            return self.migrate(zone, policy, now);
        }
        let set = self.look(zone, policy)?;
        let mut private = PrivateKeys::default();
        for key in set.keys() {
            let path = self.private(zone, key.algorithm.number(), key.key_tag);
            let pkcs8 = self.read_private(&path)?;
            let loaded = SigningKey::load(&pkcs8, key.algorithm, key.role.is_entry());
            let loaded = loaded.map_err(|source| DataDirError::BadKey {
                path: path.clone(),
                source,
            })?;
            if loaded.dnskey() != &key.dnskey {
                return Err(DataDirError::WrongKey { path });
            }
            private.insert(loaded.into());
        }
        Ok(Keys { set, private })
    }

    /// Makes and stores the keys of a zone that has none, if the clock can be right.
    pub(crate) fn make(
        &self,
        zone: &Name,
        policy: KeyPolicy,
        now: UnixTime,
        random: &dyn SecureRandom,
    ) -> Result<Keys, DataDirError> {
        refuse_past(now)?;
        let (set, made) =
            KeySet::new(zone, policy, now, random).map_err(|source| DataDirError::BadKey {
                path: self.state(zone),
                source,
            })?;
        self.keep(&set, &made)?;
        let private = made.into_iter().map(|new| new.key).collect();
        Ok(Keys { set, private })
    }

    /// Stores new private keys, then the state: never a state whose keys are not there.
    pub(crate) fn keep(&self, set: &KeySet, made: &[NewKey]) -> Result<(), DataDirError> {
        for new in made {
            let algorithm = new.key.algorithm().number();
            let path = self.private(set.zone(), algorithm, new.key.key_tag());
            self.write_private(&path, &new.pkcs8)?;
        }
        self.write(&self.state(set.zone()), set.to_text().as_bytes())
    }

    /// Destroys a private key that nothing depends on; none of its signatures is valid anywhere.
    pub(crate) fn destroy(&self, zone: &Name, key_tag: u16) -> Result<(), DataDirError> {
        for algorithm in [13, 14, 15] {
            let path = self.private(zone, algorithm, key_tag);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(DataDirError::Key { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn migrate(&self, zone: &Name, policy: KeyPolicy, now: UnixTime) -> Result<Keys, DataDirError> {
        refuse_past(now)?;
        let key = self.load_sole_key(zone)?;
        let set = KeySet::adopt(zone, policy, &key, now);
        let old = self.sole_key(zone);
        let pkcs8 = self.read_private(&old)?;
        let path = self.private(zone, key.algorithm().number(), key.key_tag());
        self.write_private(&path, &pkcs8)?;
        self.keep(&set, &[])?;
        // Both files are durable; the old one would only be a second copy of a secret.
        std::fs::remove_file(&old).map_err(|source| DataDirError::Key { path: old, source })?;
        let private = PrivateKeys::from_iter([key.into()]);
        Ok(Keys { set, private })
    }

    fn load_sole_key(&self, zone: &Name) -> Result<SigningKey, DataDirError> {
        let path = self.sole_key(zone);
        let pkcs8 = self.read_private(&path)?;
        SigningKey::from_pkcs8(&pkcs8).map_err(|source| DataDirError::BadKey { path, source })
    }

    /// Reads a private key, and decrypts it where it is encrypted.
    fn read_private(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, DataDirError> {
        let bytes = Zeroizing::new(self.read(path, MAX_KEY)?);
        match (is_sealed(&bytes), self.passphrase()) {
            (false, None) => Ok(bytes),
            (false, Some(_)) => {
                tracing::warn!(file = %path.display(), "a private key is not encrypted although there is a passphrase; run: paynamed zone passphrase");
                Ok(bytes)
            }
            (true, None) => Err(DataDirError::NoPassphrase {
                path: path.to_owned(),
            }),
            (true, Some(passphrase)) => {
                open(&bytes, passphrase).map_err(|source| DataDirError::Sealed {
                    path: path.to_owned(),
                    source,
                })
            }
        }
    }

    /// Writes a private key, encrypted where there is a passphrase.
    pub(super) fn write_private(&self, path: &Path, pkcs8: &[u8]) -> Result<(), DataDirError> {
        let Some(passphrase) = self.passphrase() else {
            return self.write(path, pkcs8);
        };
        let sealed = seal(pkcs8, passphrase, &SystemRandom::new());
        let sealed = sealed.map_err(|source| DataDirError::Sealed {
            path: path.to_owned(),
            source,
        })?;
        self.write(path, &sealed)
    }

    pub(super) fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, DataDirError> {
        let failed = |source| DataDirError::Key {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        refuse_loose(path, file.metadata().map_err(failed)?.permissions().mode())?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Writes a file (0600) whole or not at all.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), DataDirError> {
        let failed = |source| DataDirError::Key {
            path: path.to_owned(),
            source,
        };
        let mut unfinished = path.to_owned().into_os_string();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed)?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&unfinished, path).map_err(failed)?;
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    }

    // Configured zones hold only letters, digits, `-`, `_` and `.`.

    pub(super) fn state(&self, zone: &Name) -> PathBuf {
        self.directory.join(format!("{}keys.json", zone.to_ascii()))
    }

    pub(super) fn private(&self, zone: &Name, algorithm: u8, key_tag: u16) -> PathBuf {
        let zone = zone.to_ascii();
        self.directory
            .join(format!("{zone}{algorithm}.{key_tag}.key"))
    }

    pub(super) fn sole_key(&self, zone: &Name) -> PathBuf {
        self.directory.join(format!("{}key", zone.to_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use payname_zones::{Duty, Scheme};

    use super::*;
    use crate::keys::past::MADE;

    const NOW: UnixTime = MADE;

    fn zone() -> Name {
        Name::from_ascii("example.test.").unwrap()
    }

    fn split() -> KeyPolicy {
        KeyPolicy {
            scheme: Scheme::Split,
            ..KeyPolicy::default()
        }
    }

    #[test]
    fn keys_are_for_the_server_only_and_loose_or_exchanged_ones_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        assert!(!files.has(&zone()));
        let made = files.make(&zone(), split(), NOW, &SystemRandom::new());
        let made = made.unwrap();
        assert!(files.has(&zone()));
        let loaded = files.load(&zone(), split(), NOW).unwrap();
        assert_eq!(loaded.set, made.set);
        assert_eq!(
            loaded.set.zone_keys(&loaded.private).unwrap(),
            made.set.zone_keys(&made.private).unwrap()
        );
        let mut keys = Vec::new();
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600
            );
            keys.extend(
                entry
                    .path()
                    .to_str()
                    .filter(|path| path.ends_with(".key"))
                    .map(str::to_owned),
            );
        }
        assert_eq!(keys.len(), 2);
        std::fs::copy(&keys[0], &keys[1]).unwrap();
        let error = files.load(&zone(), split(), NOW).unwrap_err();
        assert!(matches!(error, DataDirError::WrongKey { .. }), "{error}");
        std::fs::set_permissions(&keys[0], Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(&keys[1], Permissions::from_mode(0o644)).unwrap();
        let error = files.load(&zone(), split(), NOW).unwrap_err();
        assert!(error.to_string().contains("chmod go="), "{error}");
    }

    #[test]
    fn the_one_key_of_earlier_releases_becomes_a_csk_with_the_same_ds_record() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
        let old = directory.path().join("example.test.key");
        files.write(&old, &pkcs8).unwrap();
        assert!(files.has(&zone()));
        let seen = files.look(&zone(), KeyPolicy::default()).unwrap();
        assert!(old.exists(), "looking changes nothing");
        let keys = files.load(&zone(), KeyPolicy::default(), NOW).unwrap();
        assert!(!old.exists());
        for set in [
            seen,
            keys.set,
            files.load(&zone(), split(), NOW).unwrap().set,
        ] {
            let active = set.active(Duty::Entry).unwrap();
            assert_eq!(active.ds(&zone()), key.ds(&zone()));
        }
    }

    #[test]
    fn a_damaged_state_is_refused_and_a_destroyed_key_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let made = files.make(&zone(), split(), NOW, &SystemRandom::new());
        let tag = made.unwrap().set.keys()[0].key_tag;
        files.destroy(&zone(), tag).unwrap();
        files.destroy(&zone(), tag).unwrap(); // as after a crash between file and state
        let error = files.load(&zone(), split(), NOW).unwrap_err();
        assert!(matches!(error, DataDirError::Key { .. }), "{error}");
        std::fs::write(files.state(&zone()), "{}").unwrap();
        let error = files.load(&zone(), split(), NOW).unwrap_err();
        assert!(matches!(error, DataDirError::BadState { .. }), "{error}");
        assert!(error.to_string().contains("example.test.keys.json"));
    }
}
