//! A zone that is signed elsewhere: what it tells of itself.

use std::fmt;
use std::sync::Arc;

use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS};
use hickory_proto::dnssec::{DigestType, PublicKey as _};
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::denial::{Denial, DenialChain, Hashing, MAX_ITERATIONS};
use crate::edit::Edit;
use crate::keys::ZoneKeys;
use crate::names::{canonical, presentation};
use crate::nodes::{Changed, Nodes};
use crate::packed::{Packed, Stored};
use crate::settings::{NameServer, Settings};
use crate::shortcut::Absences;
use crate::sign::SignaturePolicy;
use crate::zone::{Change, Zone, next_serial};

impl Zone {
    /// Whether the zone is signed elsewhere: it answers, and cannot be changed here.
    pub fn is_mirror(&self) -> bool {
        self.keys.is_none()
    }

    /// The keys, of a zone that is signed here.
    pub(crate) fn signing_keys(&self) -> Result<&ZoneKeys, ZoneError> {
        let keys = self.keys.as_deref();
        keys.ok_or_else(|| ZoneError::SignedElsewhere(presentation(self.origin())))
    }

    /// The DS records that the parent zone is to have now; those of the secure entry points among
    /// its DNSKEY records where the zone is signed elsewhere.
    pub fn ds(&self) -> Vec<DS> {
        match &self.keys {
            Some(keys) => keys.ds(self.origin()),
            None => {
                let entries = self.shown_keys().into_iter();
                let entries = entries.filter(DNSKEY::secure_entry_point);
                entries
                    .filter_map(|key| ds_of(&key, self.origin()))
                    .collect()
            }
        }
    }

    /// The DS record that the parent zone must publish, as a master-file line.
    ///
    /// Where the zone is signed elsewhere, a line for each secure entry point.
    pub fn ds_text(&self) -> String {
        let ttl = self.settings.infrastructure_ttl;
        match self.key() {
            Some(key) => key.ds_text(self.origin(), ttl),
            None => self.lines(ttl, "DS", &self.ds()),
        }
    }

    /// The zone's DNSKEY as a master-file line; all of them where it is signed elsewhere.
    pub fn dnskey_text(&self) -> String {
        let ttl = self.settings.infrastructure_ttl;
        match self.key() {
            Some(key) => key.dnskey_text(self.origin(), ttl),
            None => self.lines(ttl, "DNSKEY", &self.shown_keys()),
        }
    }

    fn lines(&self, ttl: u32, record_type: &str, data: &[impl fmt::Display]) -> String {
        let origin = presentation(self.origin());
        let lines = data
            .iter()
            .map(|data| format!("{origin} {ttl} IN {record_type} {data}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The DNSKEY records.
    pub(crate) fn shown_keys(&self) -> Vec<DNSKEY> {
        let set = self.nodes.set(self.origin(), RecordType::DNSKEY);
        let data = set.map(|set| set.data()).unwrap_or_default();
        data.into_iter()
            .filter_map(|data| match data {
                RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
                _ => None,
            })
            .collect()
    }
}

impl Zone {
    /// A zone that is not signed and holds nothing yet, not even an SOA; nobody serves it.
    pub(crate) fn without_signatures(origin: &Name, serial: u32) -> Result<Self, ZoneError> {
        // What RFC 9432 §4.1 has for a name server of a catalog.
        let nobody = Name::from_labels([b"invalid".as_slice()]).unwrap_or_default();
        let servers = [NameServer::new(nobody.clone(), [])];
        let mut settings = Settings::new(canonical(origin), servers).checked()?;
        settings.contact = nobody;
        settings.denial = Denial::Unsigned;
        Ok(Self {
            nodes: Nodes::new(settings.origin.clone()),
            denial: DenialChain::new(settings.denial, settings.origin.clone()),
            settings: Arc::new(settings),
            keys: None,
            serial,
            absences: Absences::default(),
        })
    }

    /// Removes sets from a zone that is not signed and puts others in, under the next serial.
    pub(crate) fn exchange_unsigned(
        &mut self,
        gone: Vec<(Name, RecordType)>,
        fresh: Vec<(Name, Packed)>,
        now: UnixTime,
    ) -> Change {
        self.serial = next_serial(self.serial, now);
        let mut changed = Changed::new();
        let soa = (self.origin().clone(), self.soa().pack());
        let edit = Edit {
            remove: gone,
            insert: fresh.into_iter().chain([soa]).collect(),
            signatures: 0,
        };
        edit.apply(&mut self.nodes, &mut changed);
        Change {
            serial: self.serial,
            signatures: 0,
        }
    }
}

impl Nodes {
    /// The settings and the hashing that the records of a mirror tell.
    pub(crate) fn as_told(&self, denial: Option<Denial>) -> Result<(Settings, Hashing), ZoneError> {
        let origin = self.name(&[]);
        let denial = match denial {
            Some(Denial::Compact) => return Err(ZoneError::NotSigned(presentation(&origin))),
            None => return Err(ZoneError::OtherDenial(presentation(&origin), Denial::Nsec3)),
            Some(denial) => denial,
        };
        let apex = |record_type| self.set(&origin, record_type);
        let first = apex(RecordType::SOA).and_then(|soa| Some((soa.ttl(), soa.data().pop()?)));
        let mut settings = Settings::new(origin.clone(), self.servers(&origin));
        settings.denial = denial;
        settings.signatures = SignaturePolicy::default();
        if let Some((ttl, RData::SOA(soa))) = first {
            settings.infrastructure_ttl = ttl;
            settings.negative_ttl = soa.minimum.min(ttl); // RFC 2308 §3
            settings.contact = soa.rname;
        }
        let hashing = match denial {
            Denial::Nsec3 => self.hashing(&origin)?,
            Denial::Nsec | Denial::Compact | Denial::Unsigned => Hashing::default(),
        };
        Ok((settings, hashing))
    }

    /// The servers that the NS records name, with the addresses that the zone has of them.
    fn servers(&self, origin: &Name) -> Vec<NameServer> {
        let servers = self.set(origin, RecordType::NS);
        let servers = servers.map(|set| set.data()).unwrap_or_default();
        let names = servers.into_iter().filter_map(|data| match data {
            RData::NS(name) => Some(name.0),
            _ => None,
        });
        let of = |name: Name| {
            let in_zone = origin.zone_of(&name);
            let sets =
                [RecordType::A, RecordType::AAAA].map(|t| self.set(&name, t).filter(|_| in_zone));
            let data = sets.iter().flatten().flat_map(Stored::data);
            let addresses: Vec<_> = data.filter_map(|data| data.ip_addr()).collect();
            NameServer::new(name, addresses)
        };
        names.map(of).collect()
    }

    /// How the NSEC3PARAM records say that names are hashed (RFC 5155 §4).
    fn hashing(&self, origin: &Name) -> Result<Hashing, ZoneError> {
        let set = self.set(origin, RecordType::NSEC3PARAM);
        let mut bodies = set.iter().flat_map(Stored::records);
        let hashing = bodies.find_map(|body| {
            let data = body.get(10..).filter(|data| data.get(1) == Some(&0))?; // RFC 5155 §4.1.2
            Some(Hashing::read(data)?.0)
        });
        let hashing = hashing.ok_or_else(|| ZoneError::Incomplete {
            origin: presentation(origin),
            record_type: RecordType::NSEC3PARAM,
        })?;
        if hashing.iterations() > MAX_ITERATIONS {
            return Err(ZoneError::Iterations {
                origin: presentation(origin),
                iterations: hashing.iterations(),
            });
        }
        Ok(hashing)
    }
}

fn ds_of(key: &DNSKEY, origin: &Name) -> Option<DS> {
    let digest = key.to_digest(origin, DigestType::SHA256).ok()?;
    let digest = digest.as_ref().to_vec();
    let key_tag = key.calculate_key_tag().ok()?;
    Some(DS::new(
        key_tag,
        key.public_key().algorithm(),
        DigestType::SHA256,
        digest,
    ))
}
