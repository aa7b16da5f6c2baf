//! The publisher that is our own nameserver: zones in memory, signed as they change.
//!
//! The registry is the truth and the zones are its picture. They are kept signed, so that a restart signs nothing,
//! and every change is durable before it is shown. Only the serial number is the zones' own, so the
//! registry keeps a ceiling of it, should the signed zones be lost. A zone is changed by one at a
//! time. Zones are read by many listeners: each answers from the state it has, while the next is made.

mod compare;
mod filed;
mod keys;
mod names;
mod neighbours;
mod signals;
mod standing;
mod start;
#[cfg(test)]
mod tests;
mod workshop;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};
use payname_resolver::hickory_proto::{
    dnssec::rdata::{DNSSECRData, DS},
    rr::{Name, RData, RecordType, rdata::NS},
};
use payname_zones::{
    NameServer, PaymentRecord, Settings, SignaturePolicy, Transport, Zone, ZoneFile, ZoneKeys,
    ZoneSet, payment_record,
};
use tokio::sync::{Mutex, watch};

pub use self::neighbours::Neighbours;
pub(crate) use self::standing::serial_ceiling;
pub(crate) use self::{filed::Reserved, signals::signals};
use self::{standing::Standing, workshop::Workshop};
use super::PublishError;
use crate::{
    clock::Clock,
    config::Domain,
    store::{Store, ZoneStore},
};

/// How far the kept ceiling lies above the serial number in use: an hour of seconds, or as many
/// changes.
pub(crate) const SERIAL_STEP: u32 = 3600;
/// How many names are read from the store at a time.
const PAGE: usize = 1000;
/// The share of a signature's life after which it is made again: from half of it on.
const RESIGN_SHARE: u64 = 2;
/// How many record sets are signed again before changes have their turn.
const RESIGN_AT_ONCE: usize = 10_000;
/// The share of a signature's life by which it may end sooner.
const JITTER_SHARE: u32 = 8;

/// The zones that are served, shared by the publisher that changes them and the listeners.
///
/// Who reads has a state of all zones that stays as it is, and never waits for who changes them.
#[derive(Debug, Clone, Default)]
pub struct Served {
    zones: Arc<ArcSwap<ZoneSet>>,
    /// Held from reading the zones that are changed to showing them.
    turn: Arc<std::sync::Mutex<()>>,
    /// What operators wrote in files, by zone.
    filed: Arc<ArcSwap<BTreeMap<Name, ZoneFile>>>,
    /// Hears of every change.
    changes: watch::Sender<()>,
    /// Why zones are served as they were before others changed them.
    faults: Arc<ArcSwap<BTreeMap<Name, String>>>,
}

impl From<ZoneSet> for Served {
    /// Zones that nobody changes, to serve them without a registry.
    fn from(zones: ZoneSet) -> Self {
        Self {
            zones: Arc::new(ArcSwap::from_pointee(zones)),
            turn: Arc::default(),
            filed: Arc::default(),
            changes: watch::Sender::default(),
            faults: Arc::default(),
        }
    }
}

impl Served {
    /// The response to a query; none when it deserves silence.
    pub fn respond(&self, query: &[u8], transport: Transport) -> Option<Vec<u8>> {
        payname_zones::respond(&self.zones.load(), query, transport)
    }

    /// The zones as they are now.
    pub(crate) fn zones(&self) -> Guard<Arc<ZoneSet>> {
        self.zones.load()
    }

    /// What `look` sees in the zone with this apex.
    pub fn zone<T>(&self, origin: &Name, look: impl FnOnce(&Zone) -> T) -> Option<T> {
        self.zones.load().zone(origin).map(look)
    }

    /// Takes note of why a zone cannot be read as others have stored it, or that it can.
    fn note_fault(&self, origin: &Name, fault: Option<String>) {
        self.faults.rcu(|faults| {
            let mut faults = BTreeMap::clone(faults);
            match &fault {
                Some(fault) => faults.insert(origin.clone(), fault.clone()),
                None => faults.remove(origin),
            };
            faults
        });
    }

    /// The zones that cannot be read as others have stored them, with the reasons.
    pub(crate) fn faults(&self) -> Arc<BTreeMap<Name, String>> {
        self.faults.load_full()
    }

    /// The DS records of those of these zones that lie in no other one served here, as
    /// master-file lines: what is to be set in the zones above.
    pub fn top_ds_records(&self, zones: &[Name]) -> Vec<String> {
        let tops = zones.iter().filter(|zone| self.above(zone).is_none());
        tops.filter_map(|zone| self.zone(zone, Zone::ds_text))
            .collect()
    }

    /// The zone that this one lies in, with what it must say of it.
    fn delegation(&self, child: &Name) -> Option<Delegation> {
        let above = self.above(child)?;
        self.zone(child, |zone| Delegation {
            above,
            servers: zone.settings().name_servers.clone(),
            ds: zone.ds(),
        })
    }

    /// The deepest zone that lies above this one, if it is signed here.
    fn above(&self, zone: &Name) -> Option<Name> {
        let served = self.zones.load();
        let above = served.holding(&zone.base_name())?;
        if above.is_mirror() {
            return None; // its signer delegates
        }
        Some(above.origin().clone())
    }

    /// Changes the zones on a copy and shows it, all at once, to whoever reads next.
    fn change<T>(&self, change: impl FnOnce(&mut ZoneSet) -> T) -> T {
        // What a thread that broke off had changed was only on its own copy.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut zones = ZoneSet::clone(&self.zones.load());
        let outcome = change(&mut zones);
        self.zones.store(Arc::new(zones));
        self.changes.send_replace(());
        outcome
    }

    /// Shows a zone that was made elsewhere, in place of the one with its apex.
    pub(crate) fn show(&self, zone: Zone) {
        self.change(|zones| zones.insert(zone));
    }

    /// Answers for a zone with SERVFAIL until it is shown again.
    pub(crate) fn withhold(&self, origin: &Name) {
        self.change(|zones| zones.withhold(origin));
    }

    /// Tells whenever zones have changed; several changes may be told as one.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// The embedded nameserver as a publisher.
#[derive(Debug)]
pub struct Embedded {
    served: Served,
    domains: BTreeMap<String, Domain>,
    store: Arc<dyn Store>,
    sets: Arc<dyn ZoneStore>,
    clock: Clock,
    workshop: Workshop,
    /// Held while a zone is changed.
    standings: BTreeMap<Name, Mutex<Standing>>,
    neighbours: Neighbours,
    /// The zones as the store names them.
    by_name: BTreeMap<String, Name>,
}

impl Embedded {
    /// Puts the zones of all domains together from `sets`; what is not there is made from `store` and signed.
    ///
    /// `keys` gives the keys of a domain's zone. A zone that lies in another one is delegated by it, which no
    /// longer delegates what neither a domain nor one of the `neighbours` has.
    ///
    /// # Errors
    /// The store fails, or a zone cannot be made of its settings.
    pub async fn load<E: From<PublishError>, K: Into<ZoneKeys>>(
        domains: &[Domain],
        mut keys: impl FnMut(&Domain) -> Result<K, E>,
        store: Arc<dyn Store>,
        sets: Arc<dyn ZoneStore>,
        clock: Clock,
        neighbours: Neighbours,
    ) -> Result<Self, E> {
        let served = Served::default();
        let embedded = Self {
            served,
            domains: domains
                .iter()
                .map(|domain| (domain.name.clone(), domain.clone()))
                .collect(),
            store,
            sets,
            clock,
            workshop: Workshop::open(),
            standings: domains
                .iter()
                .map(|domain| (domain.zone.clone(), Mutex::default()))
                .collect(),
            neighbours,
            by_name: domains
                .iter()
                .map(|domain| (domain.zone.to_string(), domain.zone.clone()))
                .collect(),
        };
        for domain in domains {
            embedded.open(domain, keys(domain)?.into()).await?;
        }
        for domain in domains {
            embedded.delegate(&domain.zone).await?;
        }
        embedded.signal().await?;
        Ok(embedded)
    }

    /// The zones, for the listeners.
    pub fn served(&self) -> Served {
        self.served.clone()
    }

    /// Signs again whatever has lived half of its life.
    ///
    /// # Errors
    /// The store or the key fails; every zone is tried.
    pub async fn resign(&self) -> Result<(), PublishError> {
        let mut outcome = Ok(());
        for domain in self.domains.values() {
            if let Err(error) = self.resign_zone(domain).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn resign_zone(&self, domain: &Domain) -> Result<(), PublishError> {
        let half = signature_life(domain)
            .as_secs()
            .checked_div(RESIGN_SHARE)
            .unwrap_or(0);
        let sure = self.sure_time();
        loop {
            // Let go of in between, so that changes need not wait for a whole zone.
            let signing = self.alter(&domain.zone, move |zone, now| {
                // Where another server has shown other keys, ours may be gone: they come with the next patrol.
                let ours = zone.keys().is_some_and(|keys| zone.has_keys(keys));
                if !ours {
                    return Ok(None);
                }
                // First what nobody believes yet: it was signed by a clock that was ahead.
                match zone.resign_unbegun(RESIGN_AT_ONCE, sure, now)? {
                    // By the time that is signed for: were it another one, all might be due again at once, for ever.
                    None => zone.resign_at_most(RESIGN_AT_ONCE, now.plus(half), now),
                    change => Ok(change),
                }
            });
            if signing.await?.flatten().is_none() {
                return Ok(());
            }
        }
    }

    /// Has the zone that another lies in, if it is served here too, delegate it with its DS records.
    async fn delegate(&self, child: &Name) -> Result<(), PublishError> {
        let Some(delegation) = self.served.delegation(child) else {
            return Ok(());
        };
        if self.neighbours.lie_between(&delegation.above, child) {
            return Ok(()); // its signer delegates
        }
        let (above, child) = (delegation.above.clone(), child.clone());
        let delegating = self.alter(&above, move |zone, now| {
            if delegation.is_shown(zone, &child) {
                return Ok(());
            }
            let (ttl, Delegation { servers, ds, .. }) =
                (zone.settings().infrastructure_ttl, &delegation);
            zone.delegate(&child, servers, ds, ttl, now).map(|_| ())
        });
        delegating.await?;
        Ok(())
    }
}

/// What a zone must say of one below it.
struct Delegation {
    above: Name,
    servers: Vec<NameServer>,
    ds: Vec<DS>,
}

impl Delegation {
    fn is_shown(&self, zone: &Zone, child: &Name) -> bool {
        let shows = |record_type, wanted: Vec<RData>| {
            let set = zone.record_set(child, record_type);
            let shown = set.iter().flat_map(|set| set.data()).collect::<Vec<_>>();
            shown.len() == wanted.len() && wanted.iter().all(|data| shown.contains(&data))
        };
        let servers = self.servers.iter();
        let servers = servers.map(|server| RData::NS(NS(server.name.to_lowercase())));
        let ds = self.ds.iter();
        let ds = ds.map(|ds| RData::DNSSEC(DNSSECRData::DS(ds.clone())));
        shows(RecordType::NS, servers.collect()) && shows(RecordType::DS, ds.collect())
    }
}

/// The records of all names of a domain that belong into DNS.
pub(crate) async fn registered(
    store: &dyn Store,
    domain: &Domain,
) -> Result<Vec<PaymentRecord>, PublishError> {
    let mut records = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.live(&domain.name, after.as_deref(), PAGE).await?;
        for registration in &page {
            let uri = registration.uri.as_deref().unwrap_or_default();
            records.push(payment_record(&registration.handle, uri)?);
        }
        after = page.last().map(|last| last.handle.user().to_owned());
        if after.is_none() {
            return Ok(records);
        }
    }
}

/// What the zone of a domain is made with.
pub(crate) fn settings(domain: &Domain) -> Settings {
    let servers = domain
        .nameservers
        .iter()
        .map(|name| NameServer::new(name.clone(), domain.addresses.iter().copied()));
    Settings {
        negative_ttl: domain.negative_ttl,
        denial: domain.denial,
        signatures: SignaturePolicy {
            validity: signature_life(domain),
            jitter: signature_life(domain)
                .checked_div(JITTER_SHARE)
                .unwrap_or_default(),
            ..SignaturePolicy::default()
        },
        ..Settings::new(domain.zone.clone(), servers)
    }
}

fn signature_life(domain: &Domain) -> Duration {
    Duration::from_secs(u64::from(domain.signature_days).saturating_mul(24 * 3600))
}
