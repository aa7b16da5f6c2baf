//! Keys that several servers sign with: the same files in all data directories, brought there by the
//! database that they share.
//!
//! What lies in the database is what lies on the disk, so private keys that are encrypted here are encrypted
//! there. One server at a time takes a step with the keys of a zone; the next begins with what that one has
//! kept. New keys are in the database before any resolver can see them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{KeyPolicy, KeySet};
use ring::rand::SystemRandom;

use super::{KeyFiles, Keys, PassphraseSource, ResealError, reseal_keys};
use crate::{
    config::Config,
    data_dir::DataDirError,
    store::{
        Postgres, StoreError,
        postgres::{KeyDocuments, KeyTurn, OpenError},
    },
};

/// The keys in a database, and in a directory.
#[derive(Debug)]
pub(crate) struct SharedKeys {
    store: Arc<Postgres>,
    files: KeyFiles,
    /// What lies in the directory.
    versions: Mutex<BTreeMap<Name, i64>>,
}

/// What a server may do with the keys of a zone.
#[derive(Debug)]
pub(crate) struct Turn {
    /// None while another server takes a step.
    right: Option<KeyTurn>,
    /// The keys that another server has kept meanwhile.
    pub(crate) newer: Option<Keys>,
}

impl SharedKeys {
    /// The keys that are shared through this store, in this directory.
    pub(crate) fn new(store: Arc<Postgres>, files: KeyFiles) -> Self {
        Self {
            store,
            files,
            versions: Mutex::default(),
        }
    }

    /// Brings the keys of a zone into the directory, at the start. Where the database has none, those of the
    /// directory are shared, or with `make` new ones made; whether they were made.
    ///
    /// # Errors
    /// The directory has keys that are not those of the database.
    pub(crate) async fn prepare(
        &self,
        zone: &Name,
        policy: &KeyPolicy,
        now: UnixTime,
        make: bool,
    ) -> Result<bool, SharedKeysError> {
        let turn = self.store.key_turn(&zone.to_string(), true).await?;
        let Some(turn) = turn else {
            return Ok(false); // who waits gets it
        };
        if turn.version() > 0 {
            let documents = turn.documents().await?;
            if self.files.has(zone) && !self.files.is_of(zone, policy, &documents)? {
                return Err(SharedKeysError::OtherKeys(zone.clone()));
            }
            self.files.take_over(zone, &documents)?;
            self.note(zone, turn.version());
            return Ok(false);
        }
        let has = self.files.has(zone);
        if !has && !make {
            return Ok(false);
        }
        let keys = if has {
            self.files.load(zone, policy.clone(), now)?
        } else {
            let random = SystemRandom::new();
            self.files.make(zone, policy.clone(), now, &random)?
        };
        let version = turn.keep(&self.files.documents(&keys.set)?).await?;
        self.note(zone, version);
        Ok(!has)
    }

    /// The right to take a step with the keys of a zone, and what other servers have done with them.
    pub(crate) async fn turn(
        &self,
        zone: &Name,
        policy: KeyPolicy,
        now: UnixTime,
    ) -> Result<Turn, SharedKeysError> {
        let Some(right) = self.store.key_turn(&zone.to_string(), false).await? else {
            return Ok(Turn {
                right: None,
                newer: None,
            });
        };
        let mut newer = None;
        if Some(right.version()) != self.noted(zone) {
            self.files.take_over(zone, &right.documents().await?)?;
            newer = Some(self.files.load(zone, policy, now)?);
            self.note(zone, right.version());
        }
        Ok(Turn {
            right: Some(right),
            newer,
        })
    }

    /// Ends a turn. What the step has made, if it is to be kept, is shared before anybody can see it.
    pub(crate) async fn end(
        &self,
        zone: &Name,
        turn: Turn,
        made: Option<&Keys>,
    ) -> Result<(), SharedKeysError> {
        match (turn.right, made) {
            (None, _) => {}
            (Some(right), None) => right.give_back().await?,
            (Some(right), Some(keys)) => {
                let version = right.keep(&self.files.documents(&keys.set)?).await?;
                self.note(zone, version);
            }
        }
        Ok(())
    }

    fn note(&self, zone: &Name, version: i64) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.insert(zone.clone(), version);
    }

    fn noted(&self, zone: &Name) -> Option<i64> {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get(zone).copied()
    }
}

/// As [`reseal_keys`], and where keys are shared through a database there too.
///
/// All servers that share them are to be stopped, and started with the new passphrase.
///
/// # Errors
/// As [`reseal_keys`]; or the database fails.
pub async fn reseal_shared_keys(
    config: &Config,
    old: Option<&PassphraseSource>,
) -> Result<usize, ResealError> {
    let Some(database) = &config.database else {
        return reseal_keys(config, old);
    };
    let failed = |error| ResealError::Shared(Box::new(error));
    let opened = Postgres::open(database).await;
    let store = opened.map_err(|error| failed(SharedKeysError::Open(error)))?;
    let files = KeyFiles::new(&config.data_dir);
    let mut turns = Vec::new();
    for domain in &config.domains {
        let turn = store.key_turn(&domain.zone.to_string(), true).await;
        let turn = turn.map_err(|error| failed(error.into()))?;
        if let Some(turn) = turn.filter(|turn| turn.version() > 0) {
            let documents = turn.documents().await;
            let documents = documents.map_err(|error| failed(error.into()))?;
            files.take_over(&domain.zone, &documents)?;
            turns.push((domain, turn));
        }
    }
    let changed = reseal_keys(config, old)?;
    for (domain, turn) in turns {
        let set = files.look(&domain.zone, domain.keys.clone())?;
        let kept = turn.keep(&files.documents(&set)?).await;
        kept.map_err(|error| failed(error.into()))?;
    }
    Ok(changed)
}

impl Turn {
    /// Whether this server may take the step.
    pub(crate) fn is_ours(&self) -> bool {
        self.right.is_some()
    }
}

/// Why keys cannot be shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedKeysError {
    /// The database fails.
    #[error("the keys in the database cannot be reached")]
    Store(#[from] StoreError),
    /// The database cannot be opened.
    #[error("the keys in the database cannot be reached")]
    Open(#[source] OpenError),
    /// The files cannot be used.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// The directory has keys of its own.
    #[error(
        "the data directory has keys of {0} that are not those of the database; move the files {0}*.key and {0}keys.json away, if they are of no use any more"
    )]
    OtherKeys(Name),
}

impl KeyFiles {
    /// The files of these keys as they are.
    fn documents(&self, set: &KeySet) -> Result<KeyDocuments, DataDirError> {
        let zone = set.zone();
        let private = set
            .keys()
            .iter()
            .map(|key| self.private(zone, key.algorithm.number(), key.key_tag));
        // The state last: it is taken over last.
        let paths = private.chain([self.state(zone)]);
        let documents = paths.map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok((
                name.into_owned(),
                self.read(&path, super::files::MAX_STATE)?,
            ))
        });
        documents.collect()
    }

    /// Writes files of a zone as they are in the database, and destroys private keys that are not there
    /// any more.
    fn take_over(&self, zone: &Name, documents: &KeyDocuments) -> Result<(), DataDirError> {
        let own = zone.to_ascii();
        let state = self.state(zone);
        let path = |name: &str| self.directory().join(name);
        let is_ours = |name: &str| {
            let rest = name.strip_prefix(&own).unwrap_or("/");
            !rest.contains('/') && !name.contains("..")
        };
        let (states, private): (Vec<_>, Vec<_>) = documents
            .iter()
            .filter(|(name, _)| is_ours(name))
            .partition(|(name, _)| path(name) == state);
        for (name, bytes) in private.iter().chain(&states) {
            self.write(&path(name), bytes)?;
        }
        for (algorithm, key_tag) in self.private_keys(zone)? {
            let file = self.private(zone, algorithm, key_tag);
            if !private.iter().any(|(name, _)| path(name) == file) {
                self.destroy(zone, key_tag)?;
            }
        }
        Ok(())
    }

    /// Whether the keys in the directory and these share one.
    fn is_of(
        &self,
        zone: &Name,
        policy: &KeyPolicy,
        documents: &KeyDocuments,
    ) -> Result<bool, DataDirError> {
        let present = self.look(zone, policy.clone())?;
        let mut keys = present.keys().iter();
        Ok(keys.any(|key| {
            let file = self.private(zone, key.algorithm.number(), key.key_tag);
            documents
                .iter()
                .any(|(name, _)| self.directory().join(name) == file)
        }))
    }

    /// Algorithm and tag of every private key of a zone in the directory.
    fn private_keys(&self, zone: &Name) -> Result<Vec<(u8, u16)>, DataDirError> {
        let failed = |source| DataDirError::Directory {
            path: self.directory().to_owned(),
            source,
        };
        let own = zone.to_ascii();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.directory()).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            let numbers = name.strip_prefix(&own).and_then(|rest| {
                let (algorithm, key_tag) = rest.strip_suffix(".key")?.split_once('.')?;
                Some((algorithm.parse().ok()?, key_tag.parse().ok()?))
            });
            found.extend(numbers);
        }
        Ok(found)
    }
}
