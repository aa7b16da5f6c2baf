//! Signals for parents that poll (RFC 9615): below the name of a nameserver that lies in a zone served
//! here, what the zones on that nameserver ask their parents for.

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{DsRequest, Signal, ZoneKeys};

use super::{Embedded, PublishError};
use crate::config::Domain;

impl Embedded {
    /// Has every zone show the signals that belong into it.
    pub(super) async fn signal(&self) -> Result<(), PublishError> {
        let domains: Vec<&Domain> = self.domains.values().collect();
        for domain in &domains {
            let request = |child: &Name| {
                let keys = self
                    .served
                    .zone(child, |zone| zone.keys().map(ZoneKeys::request).cloned());
                keys.flatten().unwrap_or(DsRequest::None)
            };
            let signals = signals(&domain.zone, &domains, request);
            let showing = self.alter(&domain.zone, move |zone, now| {
                zone.set_signals(&signals, now)
            });
            showing.await?;
        }
        Ok(())
    }
}

/// The signals that belong into a zone: for each nameserver whose name lies in it and in no deeper
/// zone, those of the zones that it serves.
pub(crate) fn signals(
    zone: &Name,
    domains: &[&Domain],
    request: impl Fn(&Name) -> DsRequest,
) -> Vec<Signal> {
    let holder = |server: &Name| {
        let zones = domains.iter().map(|domain| &domain.zone);
        let holding = zones.filter(|zone| zone.zone_of(server));
        holding.max_by_key(|zone| zone.num_labels()).cloned()
    };
    let mut signals = Vec::new();
    for child in domains {
        let servers = child.nameservers.iter();
        let here = servers.filter(|server| holder(server).as_ref() == Some(zone));
        let request = request(&child.zone);
        signals.extend(here.filter_map(|server| Signal::new(&child.zone, server, &request)));
    }
    signals
}
