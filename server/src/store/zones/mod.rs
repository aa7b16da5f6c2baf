//! Where signed zones are kept: one contract, [`ZoneStore`], beside the registry.
//!
//! A zone can always be made anew from the registry, so losing this costs only signatures. It is kept
//! so that a restart signs nothing, and so that servers that share a database show the same zone. A
//! change is committed before it is shown, and only on top of the state it was made from.

mod sqlite;

use async_trait::async_trait;
use payname_resolver::UnixTime;
use payname_zones::{SetChange, Zone};
use tokio::sync::mpsc;

pub use sqlite::SqliteZones;

use super::StoreError;

/// How many sets are handed on at a time.
pub(super) const PIECE: usize = 1000;
/// How many pieces may wait to be taken.
pub(super) const PIECES: usize = 8;

/// The memory of signed zones.
///
/// What a method has returned `Ok` for is durable.
#[async_trait]
pub trait ZoneStore: Send + Sync + std::fmt::Debug {
    /// All sets of a zone as they are now; none when nothing is stored of it.
    async fn load(&self, zone: &str) -> Result<Option<Loading>, StoreError>;

    /// Commits what makes a zone's state into the next, if nobody has committed another one meanwhile.
    async fn commit(&self, zone: &str, commit: Commit) -> Result<Version, CommitError>;

    /// What has changed after a version, in one step.
    async fn since(&self, zone: &str, version: Version) -> Result<Since, StoreError>;

    /// Where all zones stand.
    async fn versions(&self) -> Result<Vec<(String, Version)>, StoreError>;

    /// The text of the file of records that a zone was last given.
    async fn file(&self, zone: &str) -> Result<Option<String>, StoreError>;

    /// Keeps the text of that file, for a zone that is stored.
    async fn keep_file(&self, zone: &str, text: String) -> Result<(), StoreError>;

    /// Forgets which sets were removed before a time; a copy that is older loads the zone anew.
    async fn forget(&self, before: UnixTime) -> Result<(), StoreError>;
}

/// A committed state of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Counts the commits.
    pub number: i64,
    /// The serial of its SOA. After a database was set back, it tells states of the same number apart.
    pub serial: u32,
}

/// A zone as it is being read.
#[derive(Debug)]
pub struct Loading {
    /// The state that the sets make up together.
    pub version: Version,
    /// The sets, piece by piece; it ends after an error. Reading waits for who takes them, so that memory is
    /// bounded.
    pub sets: mpsc::Receiver<Result<Vec<SetChange>, StoreError>>,
}

/// A change to be committed.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The state it was made from; none for the first.
    pub expected: Option<Version>,
    /// That state; none to replace all that is stored.
    pub older: Option<Zone>,
    /// The next state.
    pub newer: Zone,
    /// When.
    pub at: UnixTime,
}

/// What has changed.
#[derive(Debug)]
pub enum Since {
    /// Nothing.
    Nothing,
    /// These sets, which make the version into this one.
    Sets(Version, Vec<SetChange>),
    /// Too much, or in a way that cannot be told; load the zone.
    Lost,
}

/// Why a change was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Another one was committed first; take it over and make the change again.
    #[error("another server has changed the zone first")]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Commit {
    /// The sets to be written, or removed.
    pub(super) fn sets(&self) -> Box<dyn Iterator<Item = SetChange> + '_> {
        match &self.older {
            Some(older) => Box::new(self.newer.changes_since(older)),
            None => Box::new(self.newer.stored_sets()),
        }
    }
}
