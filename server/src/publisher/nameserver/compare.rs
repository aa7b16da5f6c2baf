//! The slow comparison: every name of the registry with the zone, and every name of the zone with the registry.
//!
//! Outbox and zone are committed apart, so a backup of one that is older than that of the other, or a bug,
//! may make them differ. What differs is published anew and told. A name whose change is on its way does not
//! count: its task in the outbox looks after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

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
    registration::Registration,
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
            let differing = self.differing(domain, page);
            let differing = self.still_differing(domain, differing).await?;
            repaired = repaired.saturating_add(self.repair(domain, &differing).await);
            sleep(REST).await;
        }
    }

    /// Those that the zone should show and does not.
    fn differing(&self, domain: &Domain, page: Vec<Registration>) -> Vec<Registration> {
        let Some(zone) = self.served.zone(&domain.zone, Zone::clone) else {
            return Vec::new();
        };
        let settled = page.into_iter().filter(Registration::is_settled);
        settled
            .filter(|registration| !shows(&zone, domain, registration))
            .collect()
    }

    /// Those of them that a second look finds as they were: what was changed and published between reading
    /// the registry and the zone, here or by another server, only seemed to differ.
    async fn still_differing(
        &self,
        domain: &Domain,
        found: Vec<Registration>,
    ) -> Result<Vec<Handle>, PublishError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let handles: Vec<Handle> = found.iter().map(|one| one.handle.clone()).collect();
        let versions: BTreeMap<&Handle, u64> =
            found.iter().map(|one| (&one.handle, one.version)).collect();
        let again = self.store.registrations(&handles).await?;
        self.follow().await?;
        let same = again
            .into_iter()
            .filter(|one| versions.get(&one.handle) == Some(&one.version));
        let differing = self.differing(domain, same.collect());
        Ok(differing.into_iter().map(|one| one.handle).collect())
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
            let right = known
                .iter()
                .filter(|known| known.uri.is_some() || !known.is_settled());
            let right: BTreeSet<&Handle> = right.map(|known| &known.handle).collect();
            // As it is now: one that was removed meanwhile is not there any more.
            let is_shown = |owner: &Name| {
                let found = |zone: &Zone| zone.record_set(owner, RecordType::TXT).is_some();
                self.served.zone(&domain.zone, found).unwrap_or(false)
            };
            let is_strange = |handle: &&Handle| {
                let owner = handle.owner_name();
                let is_filed = self.served.is_filed(&domain.zone, owner, RecordType::TXT);
                !right.contains(handle) && !is_filed && is_shown(owner)
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

/// Whether the zone has the record of a name that the registry has it with.
fn shows(zone: &Zone, domain: &Domain, registration: &Registration) -> bool {
    let uri = registration.uri.as_deref().unwrap_or_default();
    let Ok(record) = payment_record(&registration.handle, uri) else {
        return true; // its task says why not
    };
    let set = zone.record_set(record.owner(), RecordType::TXT);
    set.is_some_and(|set| {
        set.ttl() == domain.ttl && set.data() == [RData::TXT(record.txt().clone())]
    })
}
