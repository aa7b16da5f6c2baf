//! What the zone above has to say about a zone, in the forms that registrars ask for.

use std::{fmt, net::IpAddr};

use data_encoding::{BASE64, HEXUPPER};
use payname_resolver::hickory_proto::{
    dnssec::{
        PublicKey as _,
        rdata::{DNSKEY, DS},
    },
    rr::Name,
};
use payname_zones::{Key, KeySet, Settings};

use crate::{config::Domain, data_dir::DataDirError, keys::KeyFiles};

/// The records of the zone above, and where they are entered.
#[derive(Debug, Clone)]
pub struct Delegation {
    domain: String,
    zone: Name,
    ttl: u32,
    nameservers: Vec<Name>,
    addresses: Vec<IpAddr>,
    keys: Vec<(DNSKEY, DS)>,
}

impl Delegation {
    /// What is to be entered for the keys that the parent is asked for.
    pub(crate) fn new(domain: &Domain, set: &KeySet) -> Self {
        let keys = set.keys().iter().filter(|key| key.is_asked_for());
        let zone = set.zone();
        Self {
            domain: domain.name.clone(),
            zone: zone.clone(),
            ttl: Settings::new(zone.clone(), []).infrastructure_ttl,
            nameservers: domain.nameservers.clone(),
            addresses: domain.addresses.clone(),
            keys: keys
                .map(|key| (key.dnskey.clone(), Key::ds(key, zone)))
                .collect(),
        }
    }

    /// That of a domain whose keys lie in a data directory.
    pub(crate) fn on_disk(domain: &Domain, files: &KeyFiles) -> Result<Self, DataDirError> {
        let set = files.look(&domain.zone, domain.keys.clone())?;
        Ok(Self::new(domain, &set))
    }

    /// The DS records as master-file lines.
    pub fn ds_lines(&self) -> impl Iterator<Item = String> + '_ {
        let head = format!("{} {} IN DS", self.zone.to_ascii(), self.ttl);
        self.keys.iter().map(move |(_, ds)| format!("{head} {ds}"))
    }

    /// Whether the whole domain is delegated, which is done at a registrar.
    fn is_whole(&self) -> bool {
        self.zone.to_ascii().trim_end_matches('.') == self.domain
    }

    /// The nameservers' addresses that the zone above has to know: without them, those of the zone
    /// itself could not be asked (glue), and hosts of the domain are its own to enter.
    fn hosts(&self) -> impl Iterator<Item = (&Name, &IpAddr)> {
        let domain = Name::from_ascii(&self.domain).unwrap_or_else(|_| self.zone.clone());
        let inside = self.nameservers.iter();
        let inside = inside.filter(move |server| domain.zone_of(server));
        inside.flat_map(|server| self.addresses.iter().map(move |address| (server, address)))
    }
}

impl fmt::Display for Delegation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.to_ascii();
        if self.is_whole() {
            writeln!(
                f,
                "At the registrar of {}, enter for the domain:",
                self.domain
            )?;
        } else {
            writeln!(
                f,
                "In the zone of {} (where its other records are), enter:",
                self.domain
            )?;
        }
        writeln!(f, "\nNameservers")?;
        for server in &self.nameservers {
            writeln!(f, "  {zone} {} IN NS {}", self.ttl, server.to_ascii())?;
        }
        let glue: Vec<_> = self.hosts().collect();
        if !glue.is_empty() {
            let what = if self.is_whole() {
                " (glue, or host records)"
            } else {
                ""
            };
            writeln!(f, "\nTheir addresses{what}")?;
        }
        for (server, address) in glue {
            let kind = if address.is_ipv4() { "A" } else { "AAAA" };
            writeln!(
                f,
                "  {} {} IN {kind} {address}",
                server.to_ascii(),
                self.ttl
            )?;
        }
        for ((dnskey, ds), line) in self.keys.iter().zip(self.ds_lines()) {
            let algorithm = dnskey.public_key().algorithm();
            writeln!(f, "\nDS record\n  {line}")?;
            writeln!(f, "the same, field by field")?;
            writeln!(f, "  key tag      {}", ds.key_tag())?;
            writeln!(
                f,
                "  algorithm    {} ({})",
                u8::from(algorithm),
                algorithm.as_str()
            )?;
            writeln!(f, "  digest type  {} (SHA-256)", u8::from(ds.digest_type()))?;
            writeln!(f, "  digest       {}", HEXUPPER.encode(ds.digest()))?;
            writeln!(f, "for registrars that ask for the key itself (DNSKEY)")?;
            writeln!(f, "  flags        {} (KSK)", dnskey.flags())?;
            writeln!(f, "  protocol     3")?;
            writeln!(f, "  algorithm    {}", u8::from(algorithm))?;
            let public = BASE64.encode(dnskey.public_key().public_bytes());
            writeln!(f, "  public key   {public}")?;
        }
        Ok(())
    }
}
