//! How a world is described before it runs.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::{Handle, UnixTime};
use payname_zones::{Denial, NameServer, Settings, Tree, Zone, ZoneSet, payment_record};

use super::{Forger, RECORD_TTL, World, absolute};
use crate::dns::{Authority, Recursor};

/// The top level domain under which payment zones live.
const TLD: &str = "test.";

/// A world being described; [`Builder::start`] brings it to life.
#[derive(Debug)]
pub struct Builder {
    zones: Vec<Plan>,
    now: UnixTime,
}

/// One payment zone: what it holds and how it is signed.
#[derive(Debug)]
struct Plan {
    name: Name,
    domain: String,
    is_secure: bool,
    denial: Denial,
    signed_until: Option<UnixTime>,
    payments: Vec<(String, String)>,
    records: Vec<(String, RecordType, Vec<RData>)>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            zones: Vec::new(),
            now: SystemTime::now().into(),
        }
    }

    /// Adds a payment zone; what follows is about it.
    pub fn and_zone(mut self, zone: &str) -> Self {
        self.zones.push(Plan {
            name: absolute(zone),
            domain: zone.trim_end_matches('.').to_owned(),
            is_secure: true,
            denial: Denial::default(),
            signed_until: None,
            payments: Vec::new(),
            records: Vec::new(),
        });
        self
    }

    /// Publishes what `user` in the zone is paid by.
    pub fn record(mut self, user: &str, uri: &str) -> Self {
        self.last().payments.push((user.to_owned(), uri.to_owned()));
        self
    }

    /// Publishes other records in the zone; `owner` is absolute.
    pub fn records(mut self, owner: &str, record_type: RecordType, data: Vec<RData>) -> Self {
        self.last()
            .records
            .push((owner.to_owned(), record_type, data));
        self
    }

    /// Denies names in the zone in this way.
    pub fn denial(mut self, denial: Denial) -> Self {
        self.last().denial = denial;
        self
    }

    /// Lets the signatures of the zone end at this time.
    pub fn signed_until(mut self, end: UnixTime) -> Self {
        self.last().signed_until = Some(end);
        self
    }

    /// Delegates the zone without a DS, so that it is provably not secure.
    pub fn insecure(mut self) -> Self {
        self.last().is_secure = false;
        self
    }

    /// Signs everything at this time instead of now.
    pub fn at(mut self, now: UnixTime) -> Self {
        self.now = now;
        self
    }

    fn last(&mut self) -> &mut Plan {
        self.zones
            .last_mut()
            .expect("describe a zone first, with `and_zone`")
    }

    /// Signs the zones and starts their servers and the recursor.
    ///
    /// # Errors
    /// A zone refuses what it was given, or no port is free.
    pub async fn start(self) -> Result<World> {
        let now = self.now;
        let mut forgers = BTreeMap::new();
        let mut new_zone = |name: &Name, denial, at| -> Result<Zone> {
            let forger = Arc::new(Forger::new(name.clone())?);
            let key = forger.signing_key()?;
            forgers.insert(name.clone(), forger);
            let mut settings = Settings::new(name.clone(), [name_server(name)?]);
            settings.denial = denial;
            Ok(Zone::new(settings, key, at)?)
        };

        let (root, tld) = (Name::root(), absolute(TLD));
        let mut tree = Tree::new(new_zone(&root, Denial::default(), now)?);
        tree.graft(new_zone(&tld, Denial::default(), now)?, now)?;
        let mut names = Vec::new();
        for plan in self.zones {
            // The policy's validity, so that the zone ends when it was asked to.
            let validity = payname_zones::SignaturePolicy::default().validity;
            let at = plan.signed_until.map_or(now, |end| before(end, validity));
            let mut zone = new_zone(&plan.name, plan.denial, at)?;
            plan.fill(&mut zone, at)
                .with_context(|| format!("filling {}", plan.name))?;
            if plan.is_secure {
                tree.graft(zone, now)?;
            } else {
                tree.graft_insecure(zone, now)?;
            }
            names.push(plan.name);
        }

        let anchors_text = tree.anchor_text();
        let mut zones = tree.into_zones();
        let mut taken = |names: &[Name]| -> ZoneSet {
            names.iter().filter_map(|name| zones.remove(name)).collect()
        };
        let payments = Authority::start(taken(&names)).await?;
        let registry = Authority::start(taken(std::slice::from_ref(&tld))).await?;
        let root_server = Authority::start(taken(std::slice::from_ref(&root))).await?;
        let mut addresses = vec![(root, root_server.address()), (tld, registry.address())];
        addresses.extend(names.into_iter().map(|name| (name, payments.address())));
        let recursor = Recursor::start(addresses.clone()).await?;
        Ok(World {
            root: root_server,
            registry,
            payments,
            recursor,
            anchors_text,
            addresses,
            forgers,
            now,
        })
    }
}

impl Plan {
    fn fill(&self, zone: &mut Zone, at: UnixTime) -> Result<()> {
        for (user, uri) in &self.payments {
            let handle = Handle::new(user, &self.domain)?;
            zone.publish(&payment_record(&handle, uri)?, RECORD_TTL, at)?;
        }
        for (owner, record_type, data) in &self.records {
            let owner = Name::from_ascii(owner)?;
            zone.set_records(&owner, *record_type, RECORD_TTL, data.clone(), at)?;
        }
        Ok(())
    }
}

/// `ns1` in the zone itself, on loopback; its port is told to resolvers apart.
fn name_server(zone: &Name) -> Result<NameServer> {
    let name = zone.prepend_label("ns1")?;
    Ok(NameServer::new(name, [IpAddr::V4(Ipv4Addr::LOCALHOST)]))
}

fn before(end: UnixTime, validity: Duration) -> UnixTime {
    UnixTime(end.0.saturating_sub(validity.as_secs()))
}
