//! The records every zone has: SOA, NS, DNSKEY, CDS, CDNSKEY, NSEC3PARAM, and its servers' addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::rr::rdata::{NS, SOA};
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::denial::{Denial, DenialChain, nsec3_parameters};
use crate::keys::{KeyUse, SigningKey, ZoneKeys};
use crate::names::{canonical, presentation};
use crate::node::Node;
use crate::packed::Stored;
use crate::record_set::RecordSet;
use crate::sign::Signer;
use crate::zone::{Change, Zone};

impl Zone {
    /// Puts the records of the apex and the addresses of the zone's own servers in place.
    pub(crate) fn furnish(&mut self, now: UnixTime) -> Result<(), ZoneError> {
        let origin = self.settings.origin.clone();
        let ttl = self.settings.infrastructure_ttl;
        let servers = self.settings.name_servers.clone();
        let targets = servers
            .iter()
            .map(|server| RData::NS(NS(canonical(&server.name))));
        let mut sets = vec![(origin.clone(), RecordType::NS, ttl, targets.collect())];
        for (record_type, data) in self.signing_keys()?.records(&origin) {
            sets.push((origin.clone(), record_type, ttl, data));
        }
        if self.settings.denial == Denial::Nsec3 {
            let data = vec![nsec3_parameters()];
            sets.push((origin.clone(), RecordType::NSEC3PARAM, 0, data));
        }
        let mut signed = Vec::with_capacity(sets.len());
        for (owner, record_type, ttl, data) in sets {
            let mut set = RecordSet::new(record_type, ttl, data)
                .map_err(|error| ZoneError::Records(presentation(&owner), error))?;
            self.signer(now)?.sign(&owner, &mut set)?;
            signed.push((owner, set));
        }
        signed.extend(self.server_addresses(|_| true, now)?);
        let made = signed.len();
        self.commit(now, made, |nodes, changed| {
            for (owner, set) in signed {
                let key = nodes.key(&owner);
                nodes.insert(&key, &set.pack(), changed);
            }
        })?;
        Ok(())
    }

    /// Signs with other keys from now on: changes the DNSKEY, CDS and CDNSKEY records at once.
    ///
    /// The rest of the zone keeps the signatures it has until [`Zone::resign`] finds them; so the
    /// key that made them must stay among the keys that are shown until they are gone from the
    /// zone and from every cache. A [`crate::KeySet`] sees to that. None when nothing changes.
    ///
    /// # Errors
    /// [`ZoneError`] when the records cannot be made or signed; the zone is then as it was.
    pub fn set_keys(
        &mut self,
        keys: impl Into<ZoneKeys>,
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        let keys = Arc::new(keys.into());
        self.signing_keys()?;
        if self.has_keys(&keys) {
            return Ok(None);
        }
        let origin = self.settings.origin.clone();
        let ttl = self.settings.infrastructure_ttl;
        let signer = Signer::new(&self.settings, &keys, now);
        let mut signed = Vec::new();
        for (record_type, data) in keys.records(&origin) {
            let mut set = RecordSet::new(record_type, ttl, data)
                .map_err(|error| ZoneError::Records(presentation(&origin), error))?;
            signer.sign(&origin, &mut set)?;
            signed.push(set);
        }
        let made = signer.made();
        let mut next = self.clone();
        next.keys = Some(Arc::clone(&keys));
        let change = next.commit(now, made, |nodes, changed| {
            for record_type in [RecordType::CDS, RecordType::CDNSKEY] {
                nodes.remove(&[], record_type, changed);
            }
            for set in signed {
                nodes.insert(&[], &set.pack(), changed);
            }
        })?;
        *self = next;
        Ok(Some(change))
    }

    /// Whether the zone signs with exactly these keys and its records tell of them.
    ///
    /// They may not where the zone was restored with keys that had changed since it was stored;
    /// [`Zone::set_keys`] then shows them.
    pub fn has_keys(&self, keys: &ZoneKeys) -> bool {
        self.keys() == Some(keys) && self.shows(keys)
    }

    pub(crate) fn shows(&self, keys: &ZoneKeys) -> bool {
        let mut told = keys.records(self.origin());
        told.sort_by_key(|(record_type, _)| u16::from(*record_type));
        let there = self.nodes.at(&[]).into_iter().flat_map(Node::sets);
        let there = there.filter(|set| ZoneKeys::is_of_keys(set.record_type()));
        let there: Vec<Stored<'_>> = there.collect();
        let same = |set: &Stored<'_>, (record_type, data): (RecordType, Vec<RData>)| {
            let told = RecordSet::new(record_type, set.ttl(), data);
            told.is_ok_and(|told| told.pack().record_bytes() == Some(set.record_bytes()))
        };
        there.len() == told.len() && there.iter().zip(told).all(|(set, told)| same(set, told))
    }

    /// Proves from now on in another way that names do not exist: signs a whole chain, once, where
    /// there is to be one. None when it is the way the zone has.
    ///
    /// So a zone whose denials are made on demand, which has no chain, can be written for others.
    ///
    /// # Errors
    /// [`ZoneError`] when a key fails; the zone is then as it was.
    pub fn set_denial(
        &mut self,
        denial: Denial,
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        if denial == self.settings.denial {
            return Ok(None);
        }
        let origin = self.settings.origin.clone();
        let mut next = self.clone();
        Arc::make_mut(&mut next.settings).denial = denial;
        next.denial = DenialChain::new(denial, origin.clone());
        let mut parameters = RecordSet::single(RecordType::NSEC3PARAM, 0, nsec3_parameters());
        self.signer(now)?.sign(&origin, &mut parameters)?;
        let names: Vec<Box<[u8]>> = self.nodes.iter().map(|node| node.key().into()).collect();
        let change = next.commit(now, 1, |nodes, changed| {
            changed.extend(names);
            if denial == Denial::Nsec3 {
                nodes.insert(&[], &parameters.pack(), changed);
            } else {
                nodes.remove(&[], RecordType::NSEC3PARAM, changed);
            }
        })?;
        *self = next;
        Ok(Some(change))
    }

    /// Which keys the zone's signatures are from, for [`crate::KeySet::step`].
    ///
    /// None signs, and the tag is 0, where the zone is signed elsewhere.
    pub fn key_use(&self) -> KeyUse {
        let mut key_use = KeyUse {
            signing: self.keys.as_ref().map_or(0, |keys| keys.zone().key_tag()),
            key_tags: BTreeSet::new(),
            complete: self
                .keys
                .iter()
                .flat_map(|keys| keys.zone_signers())
                .map(SigningKey::key_tag)
                .collect(),
            shown: self.shown_tags(),
            entry: BTreeSet::new(),
            longest_ttl: 0,
        };
        for set in self.signed_sets() {
            if set.record_type() == RecordType::DNSKEY {
                key_use.entry = set.key_tags().iter().flat_map(|tags| tags.iter()).collect();
            }
            // What tells of the keys has a signer of its own, and changes with it at once.
            if !ZoneKeys::is_of_keys(set.record_type())
                && let Some(tags) = set.key_tags()
            {
                key_use.key_tags.extend(tags.iter());
                key_use.complete.retain(|tag| tags.contains(*tag));
            }
            key_use.longest_ttl = key_use.longest_ttl.max(set.ttl());
        }
        key_use
    }

    /// The tags of the DNSKEY records.
    fn shown_tags(&self) -> BTreeSet<u16> {
        let set = self.record_set(self.origin(), RecordType::DNSKEY);
        let data = set.iter().flat_map(|set| set.data());
        let tags = data.filter_map(|data| match data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => key.calculate_key_tag().ok(),
            _ => None,
        });
        tags.collect()
    }

    /// The addresses of those of the zone's servers that live in it and are `wanted`, signed.
    pub(crate) fn server_addresses(
        &self,
        wanted: impl Fn(&Name) -> bool,
        now: UnixTime,
    ) -> Result<Vec<(Name, RecordSet)>, ZoneError> {
        let mut signed = Vec::new();
        for server in &self.settings.name_servers {
            let owner = canonical(&server.name);
            if !self.origin().zone_of(&owner) || !wanted(&owner) {
                continue;
            }
            for (record_type, data) in addresses(&server.addresses) {
                let ttl = self.settings.infrastructure_ttl;
                let mut set = RecordSet::new(record_type, ttl, data)
                    .map_err(|error| ZoneError::Records(presentation(&owner), error))?;
                self.signer(now)?.sign(&owner, &mut set)?;
                signed.push((owner.clone(), set));
            }
        }
        Ok(signed)
    }

    /// The SOA with the present serial, unsigned.
    pub(crate) fn soa(&self) -> RecordSet {
        let settings = &self.settings;
        let primary = settings.name_servers.first().map(|server| &server.name);
        let soa = SOA::new(
            canonical(primary.unwrap_or(&settings.origin)),
            canonical(&settings.contact),
            self.serial(),
            3600,      // refresh: secondaries are notified, this is the safety net
            60,        // retry: what one transfer missed, the next brings, while names come and go
            1_209_600, // expire: two weeks of repair time for secondaries
            settings.negative_ttl,
        );
        RecordSet::single(
            RecordType::SOA,
            settings.infrastructure_ttl,
            RData::SOA(soa),
        )
    }
}

/// Addresses as record data, by type, leaving out a type without any.
pub(crate) fn addresses(addresses: &[IpAddr]) -> Vec<(RecordType, Vec<RData>)> {
    let of = |wanted: fn(&IpAddr) -> bool| -> Vec<RData> {
        let chosen = addresses.iter().filter(|address| wanted(address));
        chosen.map(|address| RData::from(*address)).collect()
    };
    [
        (RecordType::A, of(IpAddr::is_ipv4)),
        (RecordType::AAAA, of(IpAddr::is_ipv6)),
    ]
    .into_iter()
    .filter(|(_, data)| !data.is_empty())
    .collect()
}
