//! A whole DNS internet in one process: private root, TLD, payment zones and a recursor.
//!
//! Everything speaks real DNS over real sockets and is really signed; only the root is ours.

mod builder;
mod forge;
mod resolve;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use payname_resolver::hickory_proto::dnssec::Algorithm;
use payname_resolver::hickory_proto::dnssec::rdata::DS;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::{Handle, TrustAnchors, UnixTime};
use payname_zones::{NameServer, Zone, payment_record};

use crate::certificate::Certificate;
use crate::dns::{Authority, Recursor};
use crate::unbound::{Unbound, ZoneAddress};

pub use builder::Builder;
pub use forge::Forger;
pub use resolve::ResolveError;

/// The TTL of payment records, in seconds.
pub const RECORD_TTL: u32 = 300;

/// A running private internet; it ends when it is dropped.
///
/// ```no_run
/// # use payname_tests::World;
/// # async fn scene() -> anyhow::Result<()> {
/// let world = World::with_zone("example.test")
///     .record("alice", "bitcoin:?lno=lno1…")
///     .start()
///     .await?;
/// println!("ask {} and trust {}", world.recursor().address(), world.anchors_text());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct World {
    root: Authority,
    registry: Authority,
    payments: Authority,
    recursor: Recursor,
    anchors_text: String,
    addresses: Vec<ZoneAddress>,
    forgers: BTreeMap<Name, Arc<Forger>>,
    now: UnixTime,
}

impl World {
    /// Begins a world with one payment zone, such as `example.test`.
    pub fn with_zone(zone: &str) -> Builder {
        Builder::new().and_zone(zone)
    }

    /// Begins a world of root and TLD `test` alone.
    pub fn empty() -> Builder {
        Builder::new()
    }

    /// The trust anchors of this world: its root's DS.
    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors::parse(&self.anchors_text).expect("the zone writes its DS in master-file form")
    }

    /// The same as text, for `--anchors` and Unbound's `trust-anchor-file`.
    pub fn anchors_text(&self) -> &str {
        &self.anchors_text
    }

    /// The time at which this world was signed; the system's, unless it was told another.
    pub fn now(&self) -> UnixTime {
        self.now
    }

    /// The recursor, honest until told otherwise.
    pub fn recursor(&self) -> &Recursor {
        &self.recursor
    }

    /// Every zone and the address of its server.
    pub fn addresses(&self) -> &[ZoneAddress] {
        &self.addresses
    }

    /// The address of the server of the payment zones.
    pub fn payments_address(&self) -> SocketAddr {
        self.payments.address()
    }

    /// The private key of a zone, to forge signatures with.
    ///
    /// # Panics
    /// This world has no such zone.
    pub fn forger(&self, zone: &str) -> &Forger {
        let name = absolute(zone);
        self.forgers
            .get(&name)
            .unwrap_or_else(|| panic!("this world has no zone {name}"))
    }

    /// Starts a real Unbound on this world.
    ///
    /// # Errors
    /// Unbound is missing or does not start.
    pub async fn unbound(&self) -> Result<Unbound> {
        Unbound::start(&self.anchors_text, &self.addresses).await
    }

    /// The same, also over TLS and HTTPS.
    ///
    /// # Errors
    /// As [`World::unbound`].
    pub async fn encrypted_unbound(&self, certificate: &Certificate) -> Result<Unbound> {
        Unbound::start_encrypted(&self.anchors_text, &self.addresses, certificate).await
    }

    /// Publishes what `user` of a payment zone is paid by, in place of what was there.
    ///
    /// # Errors
    /// It is no handle of a zone of this world, or no payment URI.
    pub fn publish(&self, handle: &str, uri: &str) -> Result<()> {
        let handle: Handle = handle.parse()?;
        let record = payment_record(&handle, uri)?;
        self.change_zone(handle.domain(), |zone, now| {
            zone.publish(&record, RECORD_TTL, now)?;
            Ok(())
        })
    }

    /// Sets any records in a payment zone.
    ///
    /// # Errors
    /// The zone refuses them.
    pub fn set_records(
        &self,
        zone: &str,
        owner: &str,
        record_type: RecordType,
        data: Vec<RData>,
    ) -> Result<()> {
        let owner = Name::from_ascii(owner)?;
        self.change_zone(zone, |zone, now| {
            zone.set_records(&owner, record_type, RECORD_TTL, data, now)?;
            Ok(())
        })
    }

    /// Changes a payment zone as its operator would.
    ///
    /// # Errors
    /// There is no such zone, or the change fails.
    pub fn change_zone(
        &self,
        zone: &str,
        change: impl FnOnce(&mut Zone, UnixTime) -> Result<()>,
    ) -> Result<()> {
        let name = absolute(zone);
        self.payments.change(|zones| {
            let zone = zones
                .zone_mut(&name)
                .with_context(|| format!("no zone {name}"))?;
            change(zone, self.now)
        })
    }

    /// A payment zone in master-file form, as the judges read it.
    ///
    /// # Panics
    /// This world has no such zone.
    pub fn master_file(&self, zone: &str) -> String {
        let name = absolute(zone);
        self.payments.look(|zones| match zones.zone(&name) {
            Some(zone) => zone.master_file().to_string(),
            None => panic!("this world has no zone {name}"),
        })
    }

    /// Enters a delegation to a server outside this world into its TLD, as a registrar would.
    ///
    /// `ds` are the lines that the server printed.
    ///
    /// # Errors
    /// A line is no DS record, or the TLD refuses the delegation.
    pub fn register_domain(&mut self, domain: &str, ds: &[&str], server: SocketAddr) -> Result<()> {
        let child = absolute(domain);
        let records = ds
            .iter()
            .map(|line| parse_ds(line))
            .collect::<Result<Vec<_>>>()?;
        let tld = child.base_name();
        let name_server = NameServer::new(child.prepend_label("ns1")?, [server.ip()]);
        self.registry.change(|zones| {
            let zone = zones
                .zone_mut(&tld)
                .with_context(|| format!("no TLD {tld}"))?;
            zone.delegate(
                &child,
                &[name_server],
                &records,
                3600,
                UnixTime::from(std::time::SystemTime::now()),
            )?;
            anyhow::Ok(())
        })?;
        self.expect_zone(domain, server);
        Ok(())
    }

    /// Tells the resolvers where a zone will be served, before it is delegated.
    pub fn expect_zone(&mut self, domain: &str, server: SocketAddr) {
        let child = absolute(domain);
        self.recursor.add_zone(child.clone(), server);
        self.addresses.retain(|(zone, _)| *zone != child);
        self.addresses.push((child, server));
    }

    /// Takes every zone's delegation away except the root's, so that nothing in it can be proven.
    ///
    /// # Errors
    /// The TLD has no such delegation.
    pub fn forget_domain(&self, domain: &str) -> Result<()> {
        let child = absolute(domain);
        let tld = child.base_name();
        self.registry.change(|zones| {
            let zone = zones
                .zone_mut(&tld)
                .with_context(|| format!("no TLD {tld}"))?;
            zone.undelegate(&child, self.now)?;
            Ok(())
        })
    }

    /// The addresses of root, TLD and payment servers.
    pub fn servers(&self) -> [SocketAddr; 3] {
        [
            self.root.address(),
            self.registry.address(),
            self.payments.address(),
        ]
    }
}

/// A zone's name in absolute, lower-case form.
pub(crate) fn absolute(zone: &str) -> Name {
    let mut name = Name::from_ascii(zone).unwrap_or_else(|error| panic!("`{zone}`: {error}"));
    name.set_fqdn(true);
    name.to_lowercase()
}

/// Reads `example.test. 3600 IN DS 12345 13 2 ABCD…`.
fn parse_ds(line: &str) -> Result<DS> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let place = fields.iter().position(|field| *field == "DS");
    let data = place
        .and_then(|place| fields.get(place + 1..))
        .unwrap_or_default();
    let [tag, algorithm, digest_type, digest @ ..] = data else {
        anyhow::bail!("`{line}` is no DS record");
    };
    Ok(DS::new(
        tag.parse()?,
        Algorithm::from_u8(algorithm.parse()?),
        digest_type.parse::<u8>()?.into(),
        hex::decode(digest.concat())?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ds_line_a_zone_prints_is_read_back_as_it_was() {
        let line = "example.test. 3600 IN DS 12345 13 2 00FF00FF";
        let ds = parse_ds(line).unwrap();
        assert_eq!(ds.key_tag(), 12345);
        assert_eq!(ds.digest(), [0, 255, 0, 255]);
        assert!(parse_ds("example.test. IN A 127.0.0.1").is_err());
    }
}
