//! The passphrase that private keys are encrypted with on the disk, and where it comes from.

use std::{
    fmt,
    fs::File,
    io::{ErrorKind, Read as _},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use zeroize::Zeroizing;

use crate::data_dir::{DataDirError, refuse_loose};

/// The longest secret, in bytes; the key file of a service account of Google Cloud has some 2,400.
const MAX_PASSPHRASE: u64 = 8192;
/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A passphrase; it is wiped from memory when nobody needs it any more, and never printed.
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Where a passphrase comes from: never an argument, never a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A file that only the server's user can read.
    File(PathBuf),
    /// What a program prints, with its arguments.
    Command(Vec<String>),
    /// An environment variable.
    Environment(String),
    /// A credential that systemd hands to the service (`LoadCredential=`).
    Credential(String),
}

impl PassphraseSource {
    /// Fetches it; one line break at its end is not part of it.
    ///
    /// # Errors
    /// [`PassphraseError`] names the source.
    pub fn fetch(&self) -> Result<Passphrase, PassphraseError> {
        let mut bytes = match self {
            Self::File(path) => {
                let mode = std::fs::metadata(path).map_err(|source| self.unreadable(source))?;
                refuse_loose(path, mode.permissions().mode()).map_err(Box::new)?;
                self.read(path)?
            }
            Self::Credential(name) => {
                let directory = std::env::var_os(CREDENTIALS);
                let directory = directory.ok_or(PassphraseError::NoCredentials)?;
                self.read(&Path::new(&directory).join(name))?
            }
            Self::Command(words) => self.run(words)?,
            Self::Environment(name) => {
                let value = std::env::var_os(name);
                let value = value.ok_or_else(|| self.unreadable(ErrorKind::NotFound.into()))?;
                self.take(value.as_bytes())?
            }
        };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if bytes.is_empty() {
            return Err(PassphraseError::Empty(self.clone()));
        }
        Ok(Passphrase(bytes))
    }

    fn read(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let file = File::open(path).map_err(|source| self.unreadable(source))?;
        self.take(file)
    }

    fn run(&self, words: &[String]) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| PassphraseError::Empty(self.clone()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| self.unreadable(source))?;
        let told = child.stdout.take().map(|out| self.take(out)).transpose();
        let status = child.wait().map_err(|source| self.unreadable(source))?;
        if !status.success() {
            return Err(PassphraseError::Failed {
                from: self.clone(),
                status,
            });
        }
        Ok(told?.unwrap_or_default())
    }

    /// Reads into a buffer that never moves, so that no copy is left behind.
    fn take(&self, from: impl std::io::Read) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
        let most = MAX_PASSPHRASE.saturating_add(2);
        let mut bytes = Zeroizing::new(Vec::with_capacity(most as usize));
        let length = from
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(|source| self.unreadable(source))?;
        if length as u64 == most {
            return Err(PassphraseError::TooLong(self.clone()));
        }
        Ok(bytes)
    }

    fn unreadable(&self, source: std::io::Error) -> PassphraseError {
        PassphraseError::Unreadable {
            from: self.clone(),
            source,
        }
    }
}

impl Passphrase {
    /// One that somebody has typed; none if it is empty.
    pub fn typed(text: String) -> Option<Self> {
        let bytes = Zeroizing::new(text.into_bytes());
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl fmt::Display for PassphraseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(words) => {
                let program = words.first().map_or("", String::as_str);
                write!(f, "the command {}", program.escape_debug())
            }
            Self::Environment(name) => {
                write!(f, "the environment variable {}", name.escape_debug())
            }
            Self::Credential(name) => write!(f, "the credential {}", name.escape_debug()),
        }
    }
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The source cannot be read.
    #[error("the secret cannot be had from {from}")]
    Unreadable {
        /// The source.
        from: PassphraseSource,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error(transparent)]
    Loose(#[from] Box<DataDirError>),
    /// The command failed.
    #[error("{from} gave no secret ({status})")]
    Failed {
        /// The source.
        from: PassphraseSource,
        /// How it ended.
        status: ExitStatus,
    },
    /// There is nothing in it.
    #[error("{0} gives an empty secret")]
    Empty(PassphraseSource),
    /// It is too long.
    #[error("{0} gives more than {MAX_PASSPHRASE} bytes, which is no secret")]
    TooLong(PassphraseSource),
    /// Nobody handed credentials over.
    #[error(
        "there are no credentials ({CREDENTIALS} is not set); start paynamed by systemd with LoadCredential=, or name a file instead"
    )]
    NoCredentials,
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn command(words: &[&str]) -> PassphraseSource {
        PassphraseSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_passphrase_is_taken_without_its_line_break_and_never_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "correct horse\n\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let file = PassphraseSource::File(path.clone());
        let passphrase = file.fetch().unwrap();
        assert_eq!(passphrase.as_bytes(), b"correct horse\n");
        assert!(!format!("{passphrase:?}").contains("horse"));
        let told = command(&["printf", "battery\\n"]).fetch().unwrap();
        assert_eq!(told.as_bytes(), b"battery");

        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = file.fetch().unwrap_err().to_string();
        assert!(error.contains("chmod go="), "{error}");
    }

    #[test]
    fn a_source_without_a_passphrase_is_named() {
        let long = "x".repeat(9000);
        for (source, reason) in [
            (command(&["false"]), "the command false gave no secret"),
            (command(&["true"]), "empty"),
            (command(&["printf", &long]), "more than 8192"),
            (command(&["no-such-program-here"]), "cannot be had"),
            (
                PassphraseSource::File("/nowhere/at/all".into()),
                "/nowhere/at/all",
            ),
            (
                PassphraseSource::Credential("keys".to_owned()),
                "LoadCredential",
            ),
        ] {
            let error = source.fetch().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
