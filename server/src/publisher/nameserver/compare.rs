//! The slow comparison: every name of the registry with the zone, and every name of the zone with the registry.
//!
//! Outbox and zone are committed apart, so a backup of one that is older than that of the other, or a bug,
//! may make them differ. What differs is published anew and told.

use std::{collections::BTreeSet, time::Duration};

use payname_resolver::{
    Handle,
    hickory_proto::{
        rr::{Name, RData, RecordType},
        serialize::binary::{BinDecodable as _, BinDecoder},
    },
};
use payname_zones::{Zone, payment_record};
use tokio::time::sleep;

use super::{Embedded, PAGE, PublishError};
use crate::{
    config::Domain,
    publisher::{Publisher as _, owner::handle_at},
};

/// Rest between pages, so that this is never in anybody's way.
const REST: Duration = Duration::from_millis(20);
/// More strange names than these and this share of the zone are not removed: the registry is not that of
/// this zone.
const FEW: usize = 20;
const SHARE: usize = 3;

impl Embedded {
    /// Compares all zones with the registry and repairs them; how many names were repaired.
    ///
    /// # Errors
    /// The store fails.
    pub async fn compare(&self) -> Result<usize, PublishError> {
        let mut repaired = 0_usize;
        for domain in self.domains.values() {
            let names = self.compare_registry(domain).await?;
            let strangers = self.compare_zone(domain).await?;
            repaired = repaired.saturating_add(names).saturating_add(strangers);
        }
        Ok(repaired)
    }

    /// Names that the zone does not show as the registry has them.
    async fn compare_registry(&self, domain: &Domain) -> Result<usize, PublishError> {
        let (mut after, mut repaired): (Option<String>, usize) = (None, 0);
        loop {
            let page = self
                .store
                .live(&domain.name, after.as_deref(), PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(repaired);
            };
            after = Some(last.handle.user().to_owned());
            let Some(zone) = self.served.zone(&domain.zone, Zone::clone) else {
                return Ok(repaired);
            };
            let differs = |handle: &Handle, uri: &str| match payment_record(handle, uri) {
                Ok(record) => !zone
                    .record_set(record.owner(), RecordType::TXT)
                    .is_some_and(|set| {
                        set.ttl() == domain.ttl && set.data() == [RData::TXT(record.txt().clone())]
                    }),
                Err(_) => false, // its task says why
            };
            let differing = page.iter().filter(|registration| {
                differs(
                    &registration.handle,
                    registration.uri.as_deref().unwrap_or_default(),
                )
            });
            let differing: Vec<Handle> = differing.map(|one| one.handle.clone()).collect();
            repaired = repaired.saturating_add(self.repair(domain, &differing).await);
            sleep(REST).await;
        }
    }

    /// Names in the zone that the registry does not have.
    async fn compare_zone(&self, domain: &Domain) -> Result<usize, PublishError> {
        let Some(zone) = self.served.zone(&domain.zone, Zone::clone) else {
            return Ok(0);
        };
        let shown = domain.name.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let text = zone
                .stored_sets()
                .filter(|set| set.record_type == RecordType::TXT);
            let handles = text.filter_map(|set| {
                let owner = Name::read(&mut BinDecoder::new(&set.owner)).ok()?;
                handle_at(&owner, &shown)
            });
            handles.collect::<BTreeSet<Handle>>()
        });
        let shown = reading.await.map_err(PublishError::BrokenOff)?;
        let shown: Vec<Handle> = shown.into_iter().collect();
        let mut strange = Vec::new();
        for page in shown.chunks(PAGE) {
            let known = self.store.registrations(page).await?;
            let live = known.iter().filter(|known| known.uri.is_some());
            let live: BTreeSet<&Handle> = live.map(|known| &known.handle).collect();
            let is_strange = |handle: &&Handle| {
                let owner = handle.owner_name();
                let is_filed = self.served.is_filed(&domain.zone, owner, RecordType::TXT);
                !live.contains(handle) && !is_filed
            };
            strange.extend(page.iter().filter(is_strange).cloned());
            sleep(REST).await;
        }
        let most = shown.len().checked_div(SHARE).unwrap_or(0).max(FEW);
        if strange.len() > most {
            let (zone, strange, shown) = (&domain.zone, strange.len(), shown.len());
            tracing::error!(%zone, strange, shown, "the registry does not have so many names of the zone that they are left; is it the right database?");
            return Ok(0);
        }
        let mut repaired = 0_usize;
        for page in strange.chunks(PAGE) {
            repaired = repaired.saturating_add(self.repair(domain, page).await);
        }
        Ok(repaired)
    }

    async fn repair(&self, domain: &Domain, handles: &[Handle]) -> usize {
        if handles.is_empty() {
            return 0;
        }
        // By what the registry says now: a task may have been carried since it was read.
        let outcomes = self.publish(handles).await;
        let repaired = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let (zone, failed) = (&domain.zone, outcomes.len().saturating_sub(repaired));
        tracing::warn!(%zone, repaired, failed, "the zone was not what the registry says");
        repaired
    }
}
