//! `[[tsig]]`: the keys of transfers, each with its secret in a file of its own.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use payname_resolver::hickory_proto::rr::Name;

use super::{ConfigError, check::Checker, written::WrittenTsig};
use crate::transfer::{KeyRing, TsigKey};

/// The longest file that is read for a secret, in bytes.
const MAX_SECRET: u64 = 4096;

/// The keys of the file, by name.
pub(super) type TsigKeys = KeyRing;

impl Checker<'_> {
    pub(super) fn tsig_keys(&self, written: &[WrittenTsig]) -> Result<TsigKeys, ConfigError> {
        let mut keys = KeyRing::default();
        for table in written {
            let name = self.name("tsig.name", &table.name)?;
            let key = self.read_tsig(name, table)?;
            if !keys.add(key) {
                return Err(self.invalid("tsig.name", &table.name, "write every key once"));
            }
        }
        Ok(keys)
    }

    fn read_tsig(&self, name: Name, written: &WrittenTsig) -> Result<TsigKey, ConfigError> {
        let algorithm = written.algorithm.parse();
        let algorithm = algorithm.map_err(|error: crate::transfer::KeyError| {
            self.invalid("tsig.algorithm", &written.algorithm, error.to_string())
        })?;
        let path = self.directory.join(&written.secret_file);
        let shown = path.display().to_string();
        let bad = |remedy: String| self.invalid("tsig.secret_file", &shown, remedy);
        let unreadable = |error| bad(format!("it cannot be read: {error}"));
        let facts = std::fs::metadata(&path).map_err(unreadable)?;
        let mode = facts.permissions().mode();
        if mode & 0o077 != 0 {
            let mode = mode & 0o777;
            return Err(bad(format!(
                "others can read it (mode {mode:o}); run: chmod go= {shown}"
            )));
        }
        if facts.len() > MAX_SECRET {
            return Err(bad("it is too long for a secret in base64".to_owned()));
        }
        // Read as text only to be decoded; what is in it goes into no error.
        let secret = std::fs::read_to_string(&path).map_err(unreadable)?;
        TsigKey::new(name, algorithm, &secret).map_err(|error| bad(error.to_string()))
    }

    /// The key with a name, which must be there.
    pub(super) fn tsig_key(
        &self,
        key: &str,
        name: Option<&str>,
        keys: &TsigKeys,
    ) -> Result<Option<Arc<TsigKey>>, ConfigError> {
        let Some(text) = name else {
            return Ok(None);
        };
        let found = keys.find(&self.name(key, text)?).cloned();
        let remedy =
            "no [[tsig]] table has this name; add one with name, algorithm and secret_file";
        found
            .map(Some)
            .ok_or_else(|| self.invalid(key, text, remedy))
    }
}
