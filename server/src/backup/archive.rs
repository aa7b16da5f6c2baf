//! What is inside a backup: an archive of files, the first of which says what it is.

use std::{
    fs::File,
    io::{self, Write},
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use serde::{Deserialize, Serialize};
use tar::{Builder, Header};

use super::BackupError;

/// What the backup is.
pub(super) const MANIFEST: &str = "manifest.json";
/// The configuration of the server.
pub(super) const CONFIGURATION: &str = "paynamed.toml";
/// What is before the names of the files of the data directory.
pub(super) const DATA: &str = "data/";
/// What is before the names of the zones' files of records.
pub(super) const RECORDS: &str = "records/";
/// The registry, as `paynamed export` writes it.
pub(super) const REGISTRY: &str = "registry.ndjson";

/// What the manifest says.
const FORMAT: &str = "payname-backup";
/// The version of the form. A reader takes its own and older ones.
const VERSION: u64 = 1;

/// What a backup is, and of what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: String,
    version: u64,
    /// The version of the program that made it.
    pub(super) paynamed: String,
    /// When, in Unix seconds.
    pub(super) made_at: u64,
    /// The zones whose keys are in it.
    pub(super) zones: Vec<String>,
}

impl Manifest {
    pub(super) fn new(now: UnixTime, zones: impl Iterator<Item = String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            paynamed: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: now.0,
            zones: zones.collect(),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, BackupError> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| BackupError::Foreign(format!("{MANIFEST}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(BackupError::Foreign(format!(
                "{MANIFEST} is of something else"
            )));
        }
        if manifest.version > VERSION {
            return Err(BackupError::TooNew {
                found: manifest.version,
                known: VERSION,
            });
        }
        Ok(manifest)
    }
}

/// The name of a zone's file of records.
pub(super) fn records_of(zone: &Name) -> String {
    format!("{RECORDS}{}zone", zone.to_ascii())
}

/// An archive that is being written.
pub(super) struct Archive<W: Write> {
    tar: Builder<W>,
    now: UnixTime,
}

impl<W: Write> Archive<W> {
    pub(super) fn new(out: W, now: UnixTime) -> Self {
        Self {
            tar: Builder::new(out),
            now,
        }
    }

    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.append(name, length, bytes)
    }

    pub(super) fn add_file(&mut self, name: &str, file: File) -> io::Result<()> {
        let length = file.metadata()?.len();
        self.append(name, length, file)
    }

    fn append(&mut self, name: &str, length: u64, from: impl io::Read) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_mode(0o600);
        header.set_size(length);
        header.set_mtime(self.now.0);
        self.tar.append_data(&mut header, name, from)
    }

    /// Writes the end of the archive.
    pub(super) fn end(self) -> io::Result<W> {
        self.tar.into_inner()
    }
}
