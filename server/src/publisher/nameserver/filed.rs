//! Records that an operator wrote in files, in the zones beside the names of the registry.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use payname_resolver::{
    Handle, UnixTime,
    hickory_proto::rr::{Name, RecordType},
};
use payname_zones::{Zone, ZoneError, ZoneFile};

use super::{Embedded, Served};
use crate::{
    config::Domain,
    publisher::PublishError,
    records::{self, RecordsError},
};

impl Served {
    /// Whether a file has records of a name and type in this zone.
    pub(crate) fn is_filed(&self, zone: &Name, owner: &Name, kind: RecordType) -> bool {
        let filed = self.filed.load();
        filed
            .get(zone)
            .is_some_and(|file| file.line_of(owner, kind).is_some())
    }

    /// Whether nothing that an operator wrote is in the way of a payment record.
    ///
    /// # Errors
    /// [`Reserved`] tells what is.
    pub(crate) fn check_free(&self, zone: &Name, handle: &Handle) -> Result<(), Reserved> {
        let reserved = |reason| Reserved {
            handle: handle.clone(),
            reason,
        };
        let owner = handle.owner_name();
        if self.is_filed(zone, owner, RecordType::TXT) {
            return Err(reserved(None));
        }
        let free = self.zone(zone, |zone| zone.check_free(owner, RecordType::TXT));
        match free {
            Some(Err(reason)) => Err(reserved(Some(reason))),
            _ => Ok(()),
        }
    }

    fn file_of(&self, zone: &Name) -> ZoneFile {
        let filed = self.filed.load();
        let file = filed.get(zone).cloned();
        file.unwrap_or_else(|| ZoneFile::empty(zone))
    }

    fn keep_file(&self, zone: &Name, file: &ZoneFile) {
        let mut filed = BTreeMap::clone(&self.filed.load());
        filed.insert(zone.clone(), file.clone());
        self.filed.store(filed.into());
    }
}

/// The records that a file has for a zone now.
#[derive(Debug, Clone)]
pub(super) struct Filed {
    path: PathBuf,
    text: String,
    file: ZoneFile,
}

impl Filed {
    /// Puts them in place of those that the zone has from a file; whether anything changed.
    pub(super) fn take(
        &self,
        zone: &mut Zone,
        before: &ZoneFile,
        now: UnixTime,
    ) -> Result<bool, RecordsError> {
        records::take(&self.path, zone, before, &self.file, now)
    }
}

impl Embedded {
    /// Reads the file of a domain; as one without records, where none is configured.
    pub(super) async fn read_file(&self, domain: &Domain) -> Result<Filed, PublishError> {
        let Some(path) = &domain.records else {
            return Ok(Filed {
                path: PathBuf::new(),
                text: String::new(),
                file: ZoneFile::empty(&domain.zone),
            });
        };
        let (text, file) = (records::read_text(path)?, records::read(domain)?);
        self.check_file(domain, path, &file).await?;
        Ok(Filed {
            path: path.clone(),
            text,
            file,
        })
    }

    /// The file that a stored zone has the records of.
    pub(super) async fn stored_file(&self, domain: &Domain) -> Result<ZoneFile, PublishError> {
        let text = self.sets.file(&domain.zone.to_string()).await?;
        let file = ZoneFile::read(&text.unwrap_or_default(), &domain.zone);
        Ok(file.unwrap_or_else(|_| ZoneFile::empty(&domain.zone)))
    }

    /// Remembers of which file the zone has the records.
    pub(super) async fn keep_file(
        &self,
        domain: &Domain,
        filed: &Filed,
    ) -> Result<(), PublishError> {
        self.served.keep_file(&domain.zone, &filed.file);
        let zone = domain.zone.to_string();
        if self.sets.file(&zone).await?.unwrap_or_default() != filed.text {
            self.sets.keep_file(&zone, filed.text.clone()).await?;
        }
        Ok(())
    }

    /// Reads the file of a zone again; whether it says something else than before.
    ///
    /// # Errors
    /// The file is refused, and the zone stays as it is; or the store fails.
    pub(crate) async fn reload(&self, zone: &Name) -> Result<bool, PublishError> {
        let mut domains = self.domains.values();
        let domain = domains.find(|domain| domain.zone == *zone);
        let Some((domain, path)) =
            domain.and_then(|domain| Some((domain, domain.records.as_ref()?)))
        else {
            return Ok(false);
        };
        let after = records::read(domain)?;
        let before = self.served.file_of(zone);
        // From here on nobody registers a name that the file speaks for.
        self.served.keep_file(zone, &after);
        let taken = self.replace_file(domain, path, &before, &after).await;
        if taken.is_err() {
            self.served.keep_file(zone, &before);
        }
        taken
    }

    async fn replace_file(
        &self,
        domain: &Domain,
        path: &Path,
        before: &ZoneFile,
        after: &ZoneFile,
    ) -> Result<bool, PublishError> {
        self.check_file(domain, path, after).await?;
        let filed = Filed {
            path: path.to_owned(),
            text: records::read_text(path)?,
            file: after.clone(),
        };
        let (taken, before) = (filed.clone(), before.clone());
        let taking = self.alter(&domain.zone, move |zone, now| {
            taken.take(zone, &before, now)
        });
        let has_changed = taking.await?.unwrap_or(false);
        self.keep_file(domain, &filed).await?;
        Ok(has_changed)
    }

    /// Refuses records of other zones, and of names that are registered.
    async fn check_file(
        &self,
        domain: &Domain,
        path: &Path,
        file: &ZoneFile,
    ) -> Result<(), PublishError> {
        let served = self.domains.values().map(|domain| &domain.zone);
        records::check_places(path, file, &domain.zone, served)?;
        let lines = records::handles(file, domain);
        let handles: Vec<Handle> = lines.iter().map(|(handle, _)| handle.clone()).collect();
        let registered = self.store.registrations(&handles).await?;
        let mut live = registered.iter().filter(|found| found.uri.is_some());
        let Some(found) = live.next() else {
            return Ok(());
        };
        let mut lines = lines.into_iter();
        let line = lines.find(|(handle, _)| *handle == found.handle);
        Err(PublishError::Records(RecordsError::Registered {
            path: path.to_owned(),
            line: line.map_or(0, |(_, line)| line),
            handle: found.handle.clone(),
        }))
    }
}

impl Reserved {
    /// A name that has a record which is none of the registry's.
    pub(crate) fn new(handle: &Handle) -> Self {
        Self {
            handle: handle.clone(),
            reason: None,
        }
    }
}

/// A name that an operator keeps for records of his own.
#[derive(Debug, thiserror::Error)]
#[error(
    "{handle} is kept by the operator of this server for records of their own; choose another name"
)]
pub(crate) struct Reserved {
    handle: Handle,
    #[source]
    reason: Option<ZoneError>,
}
