//! Zones at the start: put together from what is stored, or made from the registry.

use std::collections::BTreeSet;

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{Zone, ZoneError, ZoneFile, ZoneKeys};
use tokio::task::spawn_blocking;

use super::{
    Embedded, PublishError, SERIAL_STEP,
    filed::Filed,
    registered, settings,
    standing::{Standing, is_above},
};
use crate::{
    config::Domain,
    store::{
        StoreError,
        zones::{Loading, Version},
    },
};

impl Embedded {
    /// Has a domain's zone served: as it is stored, or else made anew.
    pub(super) async fn open(&self, domain: &Domain, keys: ZoneKeys) -> Result<(), PublishError> {
        let Some(mut standing) = self.standing(&domain.zone).await else {
            return Ok(());
        };
        // Another server may make the zone at the same moment; one of us is first.
        while let Some(unusable) = self.restore(domain, &keys, &mut standing).await? {
            if let Unusable::Unreadable(version, error) = unusable {
                let zone = &domain.zone;
                tracing::warn!(%zone, %error, "the signed zone that is stored cannot be used; it is signed anew");
                // Only here: nobody has seen anything of it from this server yet.
                (standing.version, standing.is_spoiled) = (Some(version), true);
            }
            let filed = self.read_file(domain).await?;
            let zone = self.build(domain, keys.clone(), &filed, &standing).await?;
            let base = zone.clone();
            if self.commit(&mut standing, &base, zone).await? {
                return self.keep_file(domain, &filed).await;
            }
        }
        drop(standing);
        self.settle(domain, keys).await
    }

    /// Puts a zone together from what is stored, and shows it; what is in the way, otherwise.
    async fn restore(
        &self,
        domain: &Domain,
        keys: &ZoneKeys,
        standing: &mut Standing,
    ) -> Result<Option<Unusable>, PublishError> {
        let Some(loading) = self.sets.load(&domain.zone.to_string()).await? else {
            *standing = Standing::default();
            return Ok(Some(Unusable::Nothing));
        };
        let version = loading.version;
        match read(domain, keys.clone(), loading).await? {
            Ok(zone) => {
                *standing = Standing::at(version);
                self.served.change(|zones| zones.insert(zone));
                Ok(None)
            }
            Err(error) => Ok(Some(Unusable::Unreadable(version, error))),
        }
    }

    /// Reads a zone that is served already as it is stored now.
    ///
    /// What cannot be read stays as others have made it: to replace it by what is served here would undo
    /// their changes.
    pub(super) async fn read_anew(
        &self,
        origin: &Name,
        standing: &mut Standing,
    ) -> Result<(), PublishError> {
        let domain = self.domains.values().find(|domain| domain.zone == *origin);
        let keys = self
            .served
            .zone(origin, |zone| zone.keys().cloned())
            .flatten();
        if let (Some(domain), Some(keys)) = (domain, keys) {
            let lived = self.clock.monotonic();
            standing.check_readable(origin, lived)?;
            let outcome = self.restore(domain, &keys, standing).await?;
            if let Some(Unusable::Unreadable(_, error)) = outcome {
                self.served.note_fault(origin, Some(error.to_string()));
                return Err(standing.unreadable(origin, lived, error));
            }
            self.served.note_fault(origin, None);
        }
        Ok(())
    }

    /// A zone with all names that the registry holds, signed at once.
    async fn build(
        &self,
        domain: &Domain,
        keys: ZoneKeys,
        filed: &Filed,
        standing: &Standing,
    ) -> Result<Zone, PublishError> {
        let records = registered(self.store.as_ref(), domain).await?;
        let ceiling = self.store.serial(&domain.zone.to_string()).await?;
        let stored = standing.version.map(|version| version.serial);
        let last = highest(ceiling, stored);
        let (mut settings, ttl, now) = (settings(domain), domain.ttl, self.clock.now());
        settings.signatures.backdate = self.backdate();
        let (filed, nothing) = (filed.clone(), ZoneFile::empty(&domain.zone));
        let signing = spawn_blocking(move || {
            let mut zone = match last {
                Some(last) => Zone::new_after(settings, keys, last, now)?,
                None => Zone::new(settings, keys, now)?,
            };
            // All at once, so that every link of the denial chain is signed once.
            zone.publish_all(records.iter().map(|record| (record, ttl)), now)?;
            filed.take(&mut zone, &nothing, now)?;
            Ok::<_, PublishError>(zone)
        });
        signing.await.map_err(PublishError::BrokenOff)?
    }

    /// Brings a restored zone to settings, keys, a file and a serial floor that have changed since it was
    /// stored, and takes back what it says of zones that are served here no more.
    async fn settle(&self, domain: &Domain, keys: ZoneKeys) -> Result<(), PublishError> {
        let floor = self.serial_floor(&domain.zone).await?;
        let (filed, before) = (
            self.read_file(domain).await?,
            self.stored_file(domain).await?,
        );
        let taken = filed.clone();
        let served: BTreeSet<Name> = self.standings.keys().cloned().collect();
        let neighbours = self.neighbours.clone();
        let settling = self.alter(&domain.zone, move |zone, now| {
            if !zone.has_keys(&keys) {
                zone.set_keys(keys.clone(), now)?;
            }
            zone.refurnish(now)?;
            for child in neighbours.abandoned(zone, &before, &served) {
                tracing::info!(zone = %zone.origin(), %child, "the zone is not served here any more, or lies in another one now; its delegation is taken back");
                zone.undelegate(&child, now)?;
            }
            taken.take(zone, &before, now)?;
            if let Some(floor) = floor {
                zone.raise_serial(floor, now)?;
            }
            Ok::<_, PublishError>(())
        });
        settling.await?;
        self.keep_file(domain, &filed).await
    }

    /// Raises the serials of zones that are below what the registry says they have surely reached, as after
    /// the operator has asked for it.
    ///
    /// # Errors
    /// The store or the key fails.
    pub async fn mind_serials(&self) -> Result<(), PublishError> {
        for origin in self.standings.keys() {
            if let Some(floor) = self.serial_floor(origin).await? {
                self.raise_serial(origin, floor).await?;
            }
        }
        Ok(())
    }

    /// Gives a zone a serial that is not below this one: what a secondary has seen, for one.
    ///
    /// # Errors
    /// The store or the key fails.
    pub async fn raise_serial(&self, origin: &Name, least: u32) -> Result<(), PublishError> {
        let raised = self.alter(origin, move |zone, now| zone.raise_serial(least, now));
        if let Some(change) = raised.await?.flatten() {
            let serial = change.serial;
            tracing::info!(zone = %origin, serial, "the zone's serial number is raised");
        }
        Ok(())
    }

    /// The ceiling that the registry keeps, where it is further above the zone's serial than a server sets
    /// it: then the zone was set back, or the operator wants it higher.
    async fn serial_floor(&self, origin: &Name) -> Result<Option<u32>, StoreError> {
        let Some(serial) = self.served.zone(origin, Zone::serial) else {
            return Ok(None);
        };
        let ceiling = self.store.serial(&origin.to_string()).await?;
        Ok(ceiling.filter(|ceiling| is_above(*ceiling, serial.wrapping_add(SERIAL_STEP))))
    }
}

/// Why no zone is put together from what is stored.
enum Unusable {
    /// There is nothing.
    Nothing,
    /// It is not what this server is to make.
    Unreadable(Version, ZoneError),
}

/// The zone that is being read, or why it is none.
async fn read(
    domain: &Domain,
    keys: ZoneKeys,
    mut loading: Loading,
) -> Result<Result<Zone, ZoneError>, PublishError> {
    let settings = settings(domain);
    let reading = spawn_blocking(move || {
        let mut failure = None;
        let pieces = std::iter::from_fn(|| match loading.sets.blocking_recv()? {
            Ok(piece) => Some(piece),
            Err(error) => {
                failure = Some(error);
                None
            }
        });
        let zone = Zone::restore(settings, keys, pieces.flatten());
        (zone, failure)
    });
    let (zone, failure) = reading.await.map_err(PublishError::BrokenOff)?;
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    Ok(zone)
}

/// The higher of two serials, where there are any.
fn highest(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if is_above(one, other) { one } else { other }),
        (one, other) => one.or(other),
    }
}
