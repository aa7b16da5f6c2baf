//! Running `payname` with a data folder of its own and nothing of this machine's settings.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which `payname` runs.
pub(crate) struct Payname {
    folder: TempDir,
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Payname {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_with_input(words, b"")
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &[u8]) -> Ran {
        self.run_in(words, input, &[])
    }

    /// With these environment variables.
    pub(crate) fn run_with_variables(&self, words: &[&str], variables: &[(&str, &str)]) -> Ran {
        self.run_in(words, b"", variables)
    }

    fn run_in(&self, words: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_payname"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAYNAME_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(words)
            .env("PAYNAME_DATA_DIR", self.folder.path().join("data"))
            .env("PAYNAME_CONFIG", "") // what the person at this machine has set is not meant
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads no input may have closed it already.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Ran {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The one JSON document on stdout; anything else there fails.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.stdout, self.stderr))
    }

    /// The stable code of a failure, after checking that exit code and document agree.
    pub(crate) fn error_code(&self) -> String {
        let json = self.json();
        assert_eq!(json["error"]["exit"], self.exit, "{json}");
        assert!(
            !json["error"]["message"].as_str().unwrap().is_empty(),
            "{json}"
        );
        json["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A recorded proof.
pub(crate) fn vector(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../resolver/vectors")
        .join(name);
    assert!(path.exists(), "{path:?}");
    path.to_str().unwrap().to_owned()
}

/// The recorded proof of `matt@mattcorallo.com`, and a second inside its window.
pub(crate) const MATT: &str = "dnssec-prover-0.6.10-034-check_single_txt_proof.hex";
pub(crate) const MATT_AT: &str = "1786000000";
