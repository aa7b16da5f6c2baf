//! What the keeper of the keys does to the zones.

use std::time::Duration;

use payname_resolver::{
    UnixTime,
    hickory_proto::{
        dnssec::rdata::DNSSECRData,
        rr::{Name, RData, RecordType},
    },
};
use payname_zones::{ParentView, SignaturePolicy, ZoneKeys};

use super::{Embedded, PublishError};

impl Embedded {
    /// Gives a zone its keys, where they changed, and has the zone above follow if it is ours.
    ///
    /// `doubt` is how far the clock may be ahead; signatures begin that much earlier.
    pub(crate) async fn set_keys(
        &self,
        zone: &Name,
        keys: ZoneKeys,
        doubt: Duration,
    ) -> Result<(), PublishError> {
        let _turn = self.turn.lock().await;
        let has_changed = |served: &payname_zones::Zone| {
            let backdate = SignaturePolicy::default().backdate.saturating_add(doubt);
            let policy = served.settings().signatures;
            let next = SignaturePolicy { backdate, ..policy };
            (!served.has_keys(&keys), policy != next, next)
        };
        let Some((new_keys, new_policy, policy)) = self.served.zone(zone, has_changed) else {
            return Ok(());
        };
        if !new_keys && !new_policy {
            return Ok(());
        }
        let now = self.clock.now();
        self.keep_ceiling(zone, now).await?;
        self.change(zone, |zone| {
            zone.set_signature_policy(policy);
            zone.set_keys(keys, now)
        })?;
        if new_keys {
            self.delegate(zone).await?;
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
            let signed_from = set.as_ref().and_then(|set| set.rrsig());
            ParentView {
                ds: ds.collect(),
                ttl: set.as_ref().map_or(0, |set| set.ttl()),
                signed_from: signed_from
                    .map(|rrsig| UnixTime(rrsig.input().sig_inception.get().into())),
            }
        })
    }
}
