//! The payees that were paid before, in a file: `known_payees.json` in the data folder.
//!
//! What is remembered and compared is [`payname_resolver::known`]'s.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use payname_resolver::{Handle, UnixTime, known::KnownPayee};
use serde::{Deserialize, Serialize};

use crate::{
    exit::Exit,
    failure::Failure,
    files,
    payments::{Lock, LockError},
};

/// The layout of the file that this program writes.
const VERSION: u32 = 1;
/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// The file of known payees.
#[derive(Debug, Clone)]
pub struct KnownPayees {
    path: PathBuf,
}

/// The file as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    payees: BTreeMap<String, Row>,
}

/// One payee in it; times are UNIX seconds.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    pins: Vec<String>,
    zone_keys: Vec<String>,
    first_seen: u64,
    keys_since: u64,
    last_seen: u64,
}

impl KnownPayees {
    /// The file in a data folder; nothing is opened yet.
    pub fn of(folder: &Path) -> Self {
        Self {
            path: folder.join("known_payees.json"),
        }
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn all(&self) -> Result<BTreeMap<Handle, KnownPayee>, KnownError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(cause) => return Err(self.file(cause)),
        };
        let damaged = |why: &dyn std::fmt::Display| KnownError::Damaged {
            path: self.path.clone(),
            why: why.to_string(),
        };
        let written: Written = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        if written.version != VERSION {
            return Err(KnownError::Newer(self.path.clone()));
        }
        let mut payees = BTreeMap::new();
        for (name, row) in written.payees {
            let handle: Handle = name.parse().map_err(|error| damaged(&error))?;
            payees.insert(handle, row.read().map_err(|error| damaged(&error))?);
        }
        Ok(payees)
    }

    /// One of them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn find(&self, handle: &Handle) -> Result<Option<KnownPayee>, KnownError> {
        Ok(self.all()?.remove(handle))
    }

    /// Changes one of them; the file is read and written while no other process does so.
    ///
    /// # Errors
    /// The file cannot be read or written, or another process holds it for too long.
    pub fn change(
        &self,
        handle: &Handle,
        change: impl FnOnce(Option<KnownPayee>) -> Option<KnownPayee>,
    ) -> Result<(), KnownError> {
        let _lock = self.lock()?;
        let mut payees = self.all()?;
        match change(payees.remove(handle)) {
            Some(payee) => payees.insert(handle.clone(), payee),
            None => None,
        };
        let rows = payees
            .iter()
            .map(|(handle, payee)| (handle.as_str().to_owned(), Row::of(payee)));
        let written = Written {
            version: VERSION,
            payees: rows.collect(),
        };
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        files::replace_private(&self.path, text.as_bytes()).map_err(|cause| self.file(cause))
    }

    fn lock(&self) -> Result<Lock, KnownError> {
        if let Some(folder) = self.path.parent() {
            files::make_private_folder(folder).map_err(|cause| self.file(cause))?;
        }
        let path = self.path.with_extension("lock");
        let begun = Instant::now();
        loop {
            match Lock::take(&path) {
                Err(LockError::Taken) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
                taken => return taken.map_err(KnownError::Lock),
            }
        }
    }

    fn file(&self, cause: io::Error) -> KnownError {
        KnownError::File {
            path: self.path.clone(),
            cause,
        }
    }
}

impl Row {
    fn of(payee: &KnownPayee) -> Self {
        Self {
            pins: payee.pins.iter().map(ToString::to_string).collect(),
            zone_keys: payee.zone_keys.iter().cloned().collect(),
            first_seen: payee.first_seen.0,
            keys_since: payee.keys_since.0,
            last_seen: payee.last_seen.0,
        }
    }

    fn read(self) -> Result<KnownPayee, payname_resolver::known::PinError> {
        let pins: Result<_, _> = self.pins.iter().map(|pin| pin.parse()).collect();
        Ok(KnownPayee {
            pins: pins?,
            zone_keys: self.zone_keys.into_iter().collect(),
            first_seen: UnixTime(self.first_seen),
            keys_since: UnixTime(self.keys_since),
            last_seen: UnixTime(self.last_seen),
        })
    }
}

/// Why the file of known payees cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownError {
    /// The system cannot read or write it.
    #[error("`{}`: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It holds something else.
    #[error("`{}` is damaged ({why}); correct it, or move it away, after which every payee is met anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer program wrote it.
    #[error("`{}` was written by a newer payname; use that one", .0.display())]
    Newer(PathBuf),
    /// It is locked.
    #[error("the known payees: {0}")]
    Lock(LockError),
}

impl From<KnownError> for Failure {
    fn from(error: KnownError) -> Self {
        match error {
            KnownError::Lock(LockError::Taken) => Self::new(Exit::Node, "busy", error),
            _ => Self::usage("known_payees", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use payname_resolver::known::Identity;

    use super::*;

    fn payee() -> KnownPayee {
        let pin = "offer_issuer:02aa".parse().unwrap();
        let identity = Identity {
            pins: [pin].into(),
            zone_keys: ["ab".to_owned()].into(),
        };
        KnownPayee::first_met(&identity, UnixTime(7))
    }

    #[test]
    fn what_was_kept_is_found_by_the_next_process_and_only_by_its_user() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownPayees::of(&folder.path().join("data"));
        let alice: Handle = "alice@example.com".parse().unwrap();
        assert!(known.all().unwrap().is_empty());
        known.change(&alice, |none| none.or(Some(payee()))).unwrap();
        assert_eq!(known.find(&alice).unwrap(), Some(payee()));
        assert!(!files::is_readable_by_others(&known.path));
        known.change(&alice, |_| None).unwrap();
        assert!(known.all().unwrap().is_empty());
    }

    #[test]
    fn a_damaged_or_newer_file_is_told_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownPayees::of(folder.path());
        let alice: Handle = "alice@example.com".parse().unwrap();
        for (text, newer) in [
            ("{", false),
            (r#"{"version":1,"payees":{"nobody":{}}}"#, false),
            (
                r#"{"version":1,"payees":{"a@b.c":{"pins":["x"],"zone_keys":[],"first_seen":1,"keys_since":1,"last_seen":1}}}"#,
                false,
            ),
            (r#"{"version":2,"payees":{}}"#, true),
        ] {
            fs::write(&known.path, text).unwrap();
            let error = known.change(&alice, |_| Some(payee())).unwrap_err();
            assert_eq!(matches!(error, KnownError::Newer(_)), newer, "{error}");
            assert_eq!(fs::read_to_string(&known.path).unwrap(), text);
        }
    }

    #[test]
    fn changes_at_the_same_time_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownPayees::of(folder.path());
        let threads = (0..8).map(|number| {
            let known = known.clone();
            thread::spawn(move || {
                let name: Handle = format!("a{number}@example.com").parse().unwrap();
                known.change(&name, |_| Some(payee())).unwrap();
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        assert_eq!(known.all().unwrap().len(), 8);
    }
}
