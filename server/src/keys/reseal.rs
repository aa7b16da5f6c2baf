//! All private keys brought under another passphrase, or under none.

use std::path::{Path, PathBuf};

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::KeyPolicy;
use zeroize::Zeroizing;

use super::{
    KeyFiles, Passphrase, PassphraseError, PassphraseSource, SharedKeysError,
    files::MAX_KEY,
    sealed::{is_sealed, open},
};
use crate::{
    config::Config,
    data_dir::{DataDir, DataDirError},
};

/// Encrypts the private keys of all zones with the passphrase that the configuration has now, or
/// with none; how many were written anew.
///
/// `old` is what they have been encrypted with so far. Every file is replaced whole or not at all; after
/// a crash in between, the same call brings the rest along. No server may be using the keys.
///
/// # Errors
/// A server is running, or a key does not open, which is then named; the files before it are done.
pub fn reseal_keys(config: &Config, old: Option<&PassphraseSource>) -> Result<usize, ResealError> {
    let directory = DataDir::open(&config.data_dir)?;
    let old = old.map(PassphraseSource::fetch).transpose()?;
    let files = directory.keys().sealed_by(config.passphrase()?);
    let mut changed = 0_usize;
    for domain in config.domains.iter().filter(|one| files.has(&one.zone)) {
        let more = files.reseal(&domain.zone, &domain.keys, old.as_ref())?;
        changed = changed.saturating_add(more);
    }
    Ok(changed)
}

impl KeyFiles {
    fn reseal(
        &self,
        zone: &Name,
        policy: &KeyPolicy,
        old: Option<&Passphrase>,
    ) -> Result<usize, ResealError> {
        let mut paths = Vec::new();
        if self.state(zone).exists() {
            let set = self.look(zone, policy.clone())?;
            let keys = set.keys().iter();
            paths.extend(keys.map(|key| self.private(zone, key.algorithm.number(), key.key_tag)));
        } else {
            paths.push(self.sole_key(zone));
        }
        let mut changed = 0_usize;
        for path in paths {
            if let Some(pkcs8) = self.to_be_written(&path, old)? {
                self.write_private(&path, &pkcs8)?;
                changed = changed.saturating_add(1);
            }
        }
        Ok(changed)
    }

    /// The key in a file that is not yet as it should be.
    fn to_be_written(
        &self,
        path: &Path,
        old: Option<&Passphrase>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ResealError> {
        let bytes = Zeroizing::new(self.read(path, MAX_KEY)?);
        if !is_sealed(&bytes) {
            return Ok(self.passphrase().is_some().then_some(bytes));
        }
        let is_done = |new| open(&bytes, new).is_ok();
        if self.passphrase().is_some_and(is_done) {
            return Ok(None);
        }
        let old = old.ok_or_else(|| ResealError::NoOld(path.to_owned()))?;
        let opened = open(&bytes, old).map_err(|source| DataDirError::Sealed {
            path: path.to_owned(),
            source,
        })?;
        Ok(Some(opened))
    }
}

/// Why private keys are not brought under another passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResealError {
    /// A file, or the directory; a server may be using it.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// There is no passphrase where one should be.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A key is encrypted otherwise than the configuration says.
    #[error("the key {} is encrypted with another passphrase than the configuration has; name it with --old-file", .0.display())]
    NoOld(PathBuf),
    /// The keys are shared, and cannot be shared again.
    #[error(transparent)]
    Shared(Box<SharedKeysError>),
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use payname_resolver::UnixTime;
    use payname_zones::Scheme;
    use ring::rand::SystemRandom;

    use super::*;
    use crate::keys::past::MADE;

    const NOW: UnixTime = MADE;

    /// A data directory, and files with passphrases beside it.
    struct Scene(tempfile::TempDir);

    impl Scene {
        fn new() -> Self {
            let scene = Self(tempfile::tempdir().unwrap());
            for word in ["one", "two"] {
                let path = scene.path(word);
                std::fs::write(&path, format!("{word}\n")).unwrap();
                std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            }
            scene
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn word(&self, word: &str) -> PassphraseSource {
            PassphraseSource::File(self.path(word))
        }

        fn config(&self, word: Option<&str>) -> Config {
            let line = word.map(|word| format!("keys_passphrase_file = \"{word}\"\n"));
            let text = format!(
                "{}data_dir = \"data\"\n[[domain]]\nname = \"example.test\"\n\
                 nameservers = [\"ns.other.test\"]\nkeys = \"split\"\n",
                line.unwrap_or_default()
            );
            Config::parse(&text, &self.path("paynamed.toml")).unwrap()
        }

        fn load(&self, word: Option<&str>) -> Result<super::super::Keys, DataDirError> {
            let config = self.config(word);
            let files = KeyFiles::new(&config.data_dir).sealed_by(config.passphrase().unwrap());
            files.load(&config.domains[0].zone, config.domains[0].keys.clone(), NOW)
        }

        fn make(&self, word: Option<&str>) {
            let config = self.config(word);
            let directory = DataDir::open(&config.data_dir).unwrap();
            let files = directory.keys().sealed_by(config.passphrase().unwrap());
            let policy = config.domains[0].keys.clone();
            assert_eq!(policy.scheme, Scheme::Split);
            let made = files.make(&config.domains[0].zone, policy, NOW, &SystemRandom::new());
            made.unwrap();
        }

        fn key_files(&self) -> Vec<PathBuf> {
            let files = std::fs::read_dir(self.path("data")).unwrap();
            let paths = files.map(|file| file.unwrap().path());
            paths
                .filter(|path| path.extension() == Some("key".as_ref()))
                .collect()
        }
    }

    fn sealed(paths: &[PathBuf]) -> usize {
        let are = |path: &&PathBuf| is_sealed(&std::fs::read(path).unwrap());
        paths.iter().filter(are).count()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_passphrase_is_added_changed_and_taken_away_and_the_keys_stay_the_same() {
        let scene = Scene::new();
        scene.make(None);
        let before = scene.load(None).unwrap().set;
        for (word, old, written) in [
            (Some("one"), None, 2),
            (Some("one"), None, 0),
            (Some("two"), Some("one"), 2),
            (None, Some("two"), 2),
            (None, None, 0),
        ] {
            let old = old.map(|old| scene.word(old));
            let changed = reseal_keys(&scene.config(word), old.as_ref()).unwrap();
            assert_eq!(changed, written, "{word:?}");
            assert_eq!(scene.load(word).unwrap().set, before);
            let paths = scene.key_files();
            assert_eq!(sealed(&paths), if word.is_some() { 2 } else { 0 });
            assert!(paths.iter().all(|path| mode(path) == 0o600));
        }
    }

    #[test]
    fn a_wrong_or_missing_passphrase_is_told_with_the_file() {
        let scene = Scene::new();
        scene.make(Some("one"));
        assert_eq!(
            sealed(&scene.key_files()),
            2,
            "new keys are encrypted at once"
        );
        let none = scene.load(None).unwrap_err();
        assert!(matches!(none, DataDirError::NoPassphrase { .. }), "{none}");
        let wrong = scene.load(Some("two")).unwrap_err();
        assert!(matches!(wrong, DataDirError::Sealed { .. }), "{wrong}");
        for error in [none.to_string(), wrong.to_string()] {
            assert!(error.contains("example.test.13."), "{error}");
        }
        let error = reseal_keys(&scene.config(Some("two")), None).unwrap_err();
        assert!(matches!(error, ResealError::NoOld(_)), "{error}");
        assert!(error.to_string().contains("--old-file"), "{error}");
        let error = reseal_keys(&scene.config(None), Some(&scene.word("two"))).unwrap_err();
        assert!(error.to_string().contains("example.test.13."), "{error}");
        scene.load(Some("one")).unwrap();
    }

    #[test]
    fn a_change_that_broke_off_is_ended_by_the_same_call_and_a_running_server_is_not_disturbed() {
        let scene = Scene::new();
        scene.make(Some("one"));
        let first = scene.key_files().remove(0);
        let before = std::fs::read(&first).unwrap();
        reseal_keys(&scene.config(Some("two")), Some(&scene.word("one"))).unwrap();
        std::fs::write(&first, before).unwrap(); // as after a crash between the two
        let half = scene.load(Some("two")).unwrap_err();
        assert!(half.to_string().contains("zone passphrase again"), "{half}");
        let changed = reseal_keys(&scene.config(Some("two")), Some(&scene.word("one")));
        assert_eq!(changed.unwrap(), 1);
        scene.load(Some("two")).unwrap();

        let running = DataDir::open(&scene.path("data")).unwrap();
        let error = reseal_keys(&scene.config(None), Some(&scene.word("two"))).unwrap_err();
        assert!(error.to_string().contains("another paynamed"), "{error}");
        drop(running);
    }
}
