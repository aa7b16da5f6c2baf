//! Many names at once: one reading of the registry, one serial, one signature of the SOA.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payname_resolver::{
    Handle, UnixTime,
    hickory_proto::rr::{RData, RecordType},
};
use payname_zones::{PaymentRecord, Zone, ZoneError, payment_record};

use super::Embedded;
use crate::{
    config::Domain,
    publisher::{PublishError, Publisher},
    registration::Registration,
};

/// The places of the names that could not be published, and why.
type Refused = Vec<(usize, PublishError)>;

/// What one name needs.
#[derive(Debug)]
struct Edit {
    /// Its place among the names that were asked for.
    place: usize,
    handle: Handle,
    /// None: nothing is to be at the name.
    record: Option<PaymentRecord>,
}

#[async_trait]
impl Publisher for Embedded {
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>> {
        let mut outcomes: Vec<_> = names.iter().map(|_| Ok(())).collect();
        let mut by_domain: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, handle) in names.iter().enumerate() {
            by_domain.entry(handle.domain()).or_default().push(place);
        }
        for (domain, places) in by_domain {
            for (place, error) in self.publish_in(domain, names, &places).await {
                if let Some(outcome) = outcomes.get_mut(place) {
                    *outcome = Err(error);
                }
            }
        }
        outcomes
    }
}

impl Embedded {
    /// Publishes those at these places.
    async fn publish_in(&self, domain: &str, names: &[Handle], places: &[usize]) -> Refused {
        let handles = || {
            places
                .iter()
                .filter_map(|place| Some((*place, names.get(*place)?)))
        };
        let Some(domain) = self.domains.get(domain) else {
            return handles()
                .map(|(place, handle)| (place, PublishError::NoZone(handle.clone())))
                .collect();
        };
        let wanted: Vec<_> = handles()
            .map(|(place, handle)| (place, handle.clone()))
            .collect();
        match self.try_publish(domain, wanted).await {
            Ok(refused) => refused,
            Err(error) => {
                let error = Arc::new(error);
                let told = |place: &usize| (*place, PublishError::Shared(Arc::clone(&error)));
                places.iter().map(told).collect()
            }
        }
    }

    async fn try_publish(
        &self,
        domain: &Domain,
        wanted: Vec<(usize, Handle)>,
    ) -> Result<Refused, PublishError> {
        let Some(mut standing) = self.standing(&domain.zone).await else {
            return Ok(Vec::new());
        };
        let handles: Vec<Handle> = wanted.iter().map(|(_, handle)| handle.clone()).collect();
        while let Some(base) = self.served.zone(&domain.zone, Zone::clone) {
            // Read after the state that is changed was committed: who commits on top of it has read
            // what is newer than all that it shows.
            let found = self.store.registrations(&handles).await?;
            let (mut edits, mut refused) = edits(&wanted, found);
            // A name that is free may have records from a file meanwhile; they stay.
            edits.retain(|edit| {
                let owner = edit.handle.owner_name();
                let is_filed = self.served.is_filed(&domain.zone, owner, RecordType::TXT);
                (edit.record.is_some() || !is_filed) && !edit.is_shown(&base, domain.ttl)
            });
            if edits.is_empty() {
                // Unless what we have is old, and others show what is not to be.
                let version = standing.version;
                self.follow_zone(&domain.zone, &mut standing).await?;
                if standing.version == version {
                    return Ok(refused);
                }
                continue;
            }
            let ((mut next, now), ttl) = (self.draft(&base), domain.ttl);
            let making = self.workshop.sign(edits.len(), move || {
                let made = make(&mut next, &edits, ttl, now);
                (next, made)
            });
            let (next, made) = making.await.map_err(PublishError::BrokenOff)?;
            if self.commit(&mut standing, &base, next).await? {
                refused.extend(made);
                return Ok(refused);
            }
        }
        Ok(Vec::new())
    }
}

/// What the names need; those whose URI makes no record.
fn edits(wanted: &[(usize, Handle)], found: Vec<Registration>) -> (Vec<Edit>, Refused) {
    let found: BTreeMap<Handle, Registration> = found
        .into_iter()
        .map(|registration| (registration.handle.clone(), registration))
        .collect();
    let (mut edits, mut refused) = (Vec::new(), Vec::new());
    for (place, handle) in wanted {
        let uri = found.get(handle).and_then(|found| found.uri.as_deref());
        match uri.map(|uri| payment_record(handle, uri)).transpose() {
            Ok(record) => edits.push(Edit {
                place: *place,
                handle: handle.clone(),
                record,
            }),
            Err(error) => refused.push((*place, error.into())),
        }
    }
    (edits, refused)
}

impl Edit {
    fn is_shown(&self, zone: &Zone, ttl: u32) -> bool {
        let set = zone.record_set(self.handle.owner_name(), RecordType::TXT);
        match (&self.record, set) {
            (None, None) => true,
            (Some(record), Some(set)) => {
                set.data() == [RData::TXT(record.txt().clone())] && set.ttl() == ttl
            }
            _ => false,
        }
    }

    fn make(&self, zone: &mut Zone, ttl: u32, now: UnixTime) -> Result<(), ZoneError> {
        match &self.record {
            Some(record) => zone.publish(record, ttl, now).map(|_| ()),
            None => zone
                .remove(self.handle.owner_name(), RecordType::TXT, now)
                .map(|_| ()),
        }
    }
}

/// Makes edits; those that the zone refuses are told.
fn make(zone: &mut Zone, edits: &[Edit], ttl: u32, now: UnixTime) -> Refused {
    let mut records = edits
        .iter()
        .filter_map(|edit| edit.record.as_ref())
        .map(|record| (record, ttl))
        .peekable();
    let together = records.peek().is_some() && zone.publish_all(records, now).is_ok();
    // Where one is refused, none was published: each on its own then.
    let rest = edits
        .iter()
        .filter(|edit| !together || edit.record.is_none());
    let mut refused = Vec::new();
    for edit in rest {
        if let Err(error) = edit.make(zone, ttl, now) {
            refused.push((edit.place, error.into()));
        }
    }
    refused
}
