//! The password or rune by which a node knows who asks: from a file or a command, never from an argument.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::input::{self, InputError};

/// Where a secret is taken from, when it is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretSource {
    /// A file that holds it.
    pub file: Option<PathBuf>,
    /// A command that prints it, such as one that asks a keyring.
    pub command: Option<String>,
}

/// A secret. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl SecretSource {
    /// Takes the secret, without the line break at its end; the command comes before the file.
    ///
    /// # Errors
    /// None is named, the file cannot be read, the command fails, or there is nothing in it.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let text = match (&self.command, &self.file) {
            (Some(command), _) => printed(command)?,
            (None, Some(path)) => input::text(path)?,
            (None, None) => return Err(SecretError::None),
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        match secret.is_empty() || secret.contains(char::is_control) {
            true => Err(SecretError::NotOneLine),
            false => Ok(Secret(secret.to_owned())),
        }
    }

    /// The file, if the secret comes from one.
    pub fn path(&self) -> Option<&Path> {
        match self.command {
            Some(_) => None,
            None => self.file.as_deref(),
        }
    }
}

impl Secret {
    /// The secret itself, to be sent to the node and nowhere else.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a command of the user's own configuration prints; it may ask him something on the terminal.
fn printed(command: &str) -> Result<String, SecretError> {
    let (shell, flag) = match cfg!(windows) {
        true => ("cmd", "/C"),
        false => ("sh", "-c"),
    };
    let output = Command::new(shell)
        .args([flag, command])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(SecretError::Shell)?;
    if !output.status.success() {
        return Err(SecretError::Command(output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|_| SecretError::NotOneLine)
}

/// Why there is no secret. Never repeats the command, as it may hold one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// None is named.
    #[error(
        "the node asks for a password or a rune; put it into a file that only you can read and name that with --node-secret-file, or name a command that prints it with --node-secret-cmd"
    )]
    None,
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] InputError),
    /// There is no shell.
    #[error("the command of --node-secret-cmd cannot be run: {0}")]
    Shell(io::Error),
    /// It failed.
    #[error("the command of --node-secret-cmd failed with {0}; run it by hand to see why")]
    Command(String),
    /// It is empty, or more than a line.
    #[error("the node's secret should be one line of text, and nothing else in its file")]
    NotOneLine,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_from_its_file_without_the_line_break_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "one=two==\n").unwrap();
        let source = SecretSource {
            file: Some(file.clone()),
            command: None,
        };
        let secret = source.read().unwrap();
        assert_eq!(secret.reveal(), "one=two==");
        assert!(!format!("{secret:?}").contains("one"));
        for text in ["", "\n", "one\ntwo\n"] {
            std::fs::write(&file, text).unwrap();
            assert!(
                matches!(source.read(), Err(SecretError::NotOneLine)),
                "{text:?}"
            );
        }
        let none = SecretSource::default();
        assert!(matches!(none.read(), Err(SecretError::None)));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_comes_from_a_command_which_may_fail() {
        let from = |command: &str| SecretSource {
            file: None,
            command: Some(command.to_owned()),
        };
        assert_eq!(from("printf abc").read().unwrap().reveal(), "abc");
        let failed = from("exit 3").read().unwrap_err();
        assert!(matches!(failed, SecretError::Command(_)));
    }
}
