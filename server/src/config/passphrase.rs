//! `keys_passphrase_…`: what opens the private keys.

use super::{Config, ConfigError, check::Checker, written::Written};
use crate::keys::{Passphrase, PassphraseError, PassphraseSource};

impl Config {
    /// The passphrase of the private keys, fetched now; none where they are not encrypted.
    ///
    /// # Errors
    /// [`PassphraseError`] names the source that gives none.
    pub fn passphrase(&self) -> Result<Option<Passphrase>, PassphraseError> {
        self.keys_passphrase
            .as_ref()
            .map(PassphraseSource::fetch)
            .transpose()
    }
}

impl Checker<'_> {
    /// Where the passphrase comes from, if there is one; it is not fetched yet.
    pub(super) fn passphrase(
        &self,
        written: &Written,
    ) -> Result<Option<PassphraseSource>, ConfigError> {
        let file = written.keys_passphrase_file.as_ref();
        let file = file.map(|path| PassphraseSource::File(self.directory.join(path)));
        let command = written.keys_passphrase_command.clone();
        if command.as_ref().is_some_and(Vec::is_empty) {
            let remedy =
                "write a program and its arguments, such as [\"pass\", \"show\", \"payname\"]";
            return Err(self.invalid("keys_passphrase_command", "[]", remedy));
        }
        let command = command.map(PassphraseSource::Command);
        let credential = written.keys_passphrase_credential.clone();
        if let Some(name) = credential.as_ref().filter(|name| !is_plain(name)) {
            let remedy = "write the name that LoadCredential= gives it, without a path";
            return Err(self.invalid("keys_passphrase_credential", name, remedy));
        }
        let credential = credential.map(PassphraseSource::Credential);
        let mut sources = [file, command, credential].into_iter().flatten();
        let source = sources.next();
        if let Some(second) = sources.next() {
            let remedy = "write one of keys_passphrase_file, keys_passphrase_command and keys_passphrase_credential";
            return Err(self.invalid("keys_passphrase", &second.to_string(), remedy));
        }
        Ok(source)
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains('/') && name != "." && name != ".."
}
