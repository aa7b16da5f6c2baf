//! A zone that was restored, brought to settings and keys that have changed meanwhile.

use std::sync::Arc;

use hickory_proto::rr::rdata::NS;
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::apex::addresses;
use crate::check::ZoneError;
use crate::keys::ZoneKeys;
use crate::names::{canonical, presentation};
use crate::record_set::RecordSet;
use crate::zone::{Change, Zone};

impl Zone {
    /// Makes SOA, NS and the servers' addresses what the settings say, after [`Zone::restore`] with settings
    /// that had changed; none when they are so already.
    ///
    /// Links of the denial chain keep the TTL they have until they are next signed.
    ///
    /// # Errors
    /// [`ZoneError`] when a set cannot be made or signed; the zone is then as it was.
    pub fn refurnish(&mut self, now: UnixTime) -> Result<Option<Change>, ZoneError> {
        let wanted = self.server_sets()?;
        let is_other = |(owner, set): &(Name, RecordSet)| !self.shows_set(owner, set);
        let mut wrong: Vec<(Name, RecordSet)> =
            wanted.iter().filter(|set| is_other(set)).cloned().collect();
        let stale: Vec<(Name, RecordType)> = self.stale_addresses(&wanted);
        if wrong.is_empty() && stale.is_empty() && self.shows_soa() {
            return Ok(None);
        }
        let signer = self.signer(now)?;
        for (owner, set) in &mut wrong {
            signer.sign(owner, set)?;
        }
        let made = signer.made();
        let change = self.commit(now, made, |nodes, changed| {
            for (owner, record_type) in stale {
                let key = nodes.key(&owner);
                nodes.remove(&key, record_type, changed);
            }
            for (owner, set) in wrong {
                let key = nodes.key(&owner);
                nodes.insert(&key, &set.pack(), changed);
            }
        })?;
        Ok(Some(change))
    }

    /// Signs with these keys from now on if the zone's records tell of them already; whether they do.
    ///
    /// So a copy that was brought up to date by [`Zone::apply`] follows whoever replaced the keys.
    pub fn adopt_keys(&mut self, keys: ZoneKeys) -> bool {
        let shows = self.shows(&keys);
        if shows {
            self.keys = Some(Arc::new(keys));
        }
        shows
    }

    /// The NS records and the addresses of those servers that live in the zone, unsigned.
    fn server_sets(&self) -> Result<Vec<(Name, RecordSet)>, ZoneError> {
        let ttl = self.settings.infrastructure_ttl;
        let servers = &self.settings.name_servers;
        let targets = servers
            .iter()
            .map(|server| RData::NS(NS(canonical(&server.name))));
        let mut data = vec![(self.origin().clone(), RecordType::NS, targets.collect())];
        for server in servers {
            let owner = canonical(&server.name);
            if self.origin().zone_of(&owner) {
                let of_server = addresses(&server.addresses).into_iter();
                data.extend(
                    of_server.map(|(record_type, data)| (owner.clone(), record_type, data)),
                );
            }
        }
        let sets = data.into_iter().map(|(owner, record_type, data)| {
            let set = RecordSet::new(record_type, ttl, data);
            let set = set.map_err(|error| ZoneError::Records(presentation(&owner), error))?;
            Ok((owner, set))
        });
        sets.collect()
    }

    /// Addresses of servers that the NS records name, or have named, and that are not wanted.
    fn stale_addresses(&self, wanted: &[(Name, RecordSet)]) -> Vec<(Name, RecordType)> {
        let shown = self.record_set(&self.settings.origin, RecordType::NS);
        let shown = shown.iter().flat_map(|set| set.data());
        let mut owners: Vec<Name> = shown
            .filter_map(|data| match data {
                RData::NS(name) => Some(canonical(&name.0)),
                _ => None,
            })
            .chain(wanted.iter().map(|(owner, _)| owner.clone()))
            .filter(|owner| owner != self.origin() && self.origin().zone_of(owner))
            .collect();
        owners.sort();
        owners.dedup();
        let is_wanted = |owner: &Name, record_type| {
            let mut of_owner = wanted.iter().filter(|(name, _)| name == owner);
            of_owner.any(|(_, set)| set.record_type() == record_type)
        };
        let sets = owners.into_iter().flat_map(|owner| {
            [RecordType::A, RecordType::AAAA].map(|record_type| (owner.clone(), record_type))
        });
        sets.filter(|(owner, record_type)| {
            self.nodes.set(owner, *record_type).is_some() && !is_wanted(owner, *record_type)
        })
        .collect()
    }

    fn shows_set(&self, owner: &Name, wanted: &RecordSet) -> bool {
        self.nodes
            .set(owner, wanted.record_type())
            .is_some_and(|set| {
                set.ttl() == wanted.ttl()
                    && wanted.pack().record_bytes() == Some(set.record_bytes())
            })
    }

    /// Whether the SOA is that of the settings, but for its serial, which is the zone's own.
    fn shows_soa(&self) -> bool {
        let origin = &self.settings.origin;
        self.shows_set(origin, &self.soa())
    }
}
