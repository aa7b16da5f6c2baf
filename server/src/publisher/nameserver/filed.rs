//! Records that an operator wrote in files, in the zones beside the names of the registry.

use std::{collections::BTreeMap, path::Path};

use payname_resolver::{
    Handle,
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

impl Embedded {
    /// Puts the records of a domain's file into a zone that is being made.
    pub(super) async fn file(&self, domain: &Domain, zone: &mut Zone) -> Result<(), PublishError> {
        let Some(path) = &domain.records else {
            return Ok(());
        };
        let file = records::read(domain)?;
        self.check_file(domain, path, &file).await?;
        let nothing = ZoneFile::empty(&domain.zone);
        records::take(path, zone, &nothing, &file, self.clock.now())?;
        self.served.keep_file(&domain.zone, &file);
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
        let _turn = self.turn.lock().await;
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
        let now = self.clock.now();
        self.keep_ceiling(&domain.zone, now).await?;
        let Some(mut zone) = self.served.zone(&domain.zone, Zone::clone) else {
            return Ok(false);
        };
        let has_changed = records::take(path, &mut zone, before, after, now)?;
        if has_changed {
            self.served.change(|zones| zones.insert(zone));
        }
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
