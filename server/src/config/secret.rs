//! Secrets of providers: where they come from, never what they are.

use std::path::PathBuf;

use serde::{Deserialize, de::IgnoredAny};

use super::{ConfigError, check::Checker};
use crate::keys::PassphraseSource;

/// Where a secret comes from: `{ file = "…" }`, `{ command = ["…"] }`, `{ env = "…" }` or
/// `{ credential = "…" }`.
#[derive(Deserialize)]
#[serde(try_from = "Anything")]
pub(super) struct WrittenSecret(Source);

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Source {
    File(PathBuf),
    Command(Vec<String>),
    Env(String),
    Credential(String),
}

/// Whatever stands there; what is no source may be the secret itself, and goes into no message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Anything {
    Source(Source),
    Other(IgnoredAny),
}

impl TryFrom<Anything> for WrittenSecret {
    type Error = &'static str;

    fn try_from(anything: Anything) -> Result<Self, Self::Error> {
        match anything {
            Anything::Source(source) => Ok(Self(source)),
            Anything::Other(_) => Err(
                "a secret is never written here; write where it is: { file = \"…\" }, { command = [\"…\"] }, { env = \"…\" } or { credential = \"…\" }",
            ),
        }
    }
}

impl Checker<'_> {
    /// Where a secret comes from; it is fetched when it is needed.
    pub(super) fn secret(
        &self,
        key: &str,
        written: &WrittenSecret,
    ) -> Result<PassphraseSource, ConfigError> {
        let source = match &written.0 {
            Source::File(path) => PassphraseSource::File(self.directory.join(path)),
            Source::Command(words) => PassphraseSource::Command(words.clone()),
            Source::Env(name) => PassphraseSource::Environment(name.clone()),
            Source::Credential(name) => PassphraseSource::Credential(name.clone()),
        };
        // One that cannot be had is told before anything is started.
        source.fetch().map_err(|error| {
            let told = crate::outbox::Chain(&error).to_string();
            self.invalid(key, &source.to_string(), told)
        })?;
        Ok(source)
    }
}
