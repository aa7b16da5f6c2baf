//! What the keeper of the keys does to the zones.

use payname_resolver::hickory_proto::{
    dnssec::rdata::DNSSECRData,
    rr::{Name, RData, RecordType},
};
use payname_zones::{ParentView, ZoneKeys};

use super::{Embedded, PublishError};

impl Embedded {
    /// Gives a zone its keys, where they changed, and has the zone above follow if it is ours.
    pub(crate) async fn set_keys(&self, zone: &Name, keys: ZoneKeys) -> Result<(), PublishError> {
        let altering = self.alter(zone, move |zone, now| {
            // Another server may have shown them first.
            if zone.has_keys(&keys) || zone.adopt_keys(keys.clone()) {
                return Ok(false);
            }
            zone.set_keys(keys.clone(), now)
                .map(|change| change.is_some())
        });
        if altering.await? == Some(true) {
            self.delegate(zone).await?;
            self.signal().await?;
        }
        Ok(())
    }

    /// What the zone above serves of a zone, if it is served here.
    pub(crate) fn parent_view(&self, zone: &Name) -> Option<ParentView> {
        let above = self.served.above(zone)?;
        self.served.zone(&above, |above| {
            let set = above.record_set(zone, RecordType::DS);
            let data = set.iter().flat_map(|set| set.data());
            let ds = data.filter_map(|data| match data {
                RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
                _ => None,
            });
            ParentView {
                ds: ds.collect(),
                ttl: set.as_ref().map_or(0, |set| set.ttl()),
                // Our own clock said it: that is no witness of the time.
                signed_from: None,
            }
        })
    }
}
