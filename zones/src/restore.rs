//! A zone put together again from its stored sets.

use std::sync::Arc;

use hickory_proto::rr::{Name, RData, RecordType};

use crate::check::{MAX_ORIGIN_LENGTH, ZoneError};
use crate::denial::{Denial, DenialChain, Hashing, Links};
use crate::keys::ZoneKeys;
use crate::names::{canonical, from_wire, key_of, name_length, presentation};
use crate::nodes::{Nodes, NodesBuilder};
use crate::packed::{Packed, SetFault};
use crate::settings::Settings;
use crate::shortcut::Absences;
use crate::stored::SetChange;
use crate::zone::Zone;

impl Zone {
    /// Puts a zone together from its sets, as [`Zone::stored_sets`] and [`Zone::changes_since`]
    /// told them, in any order.
    ///
    /// Nothing is signed: the zone is as it was, its serial too. Where the keys have changed since,
    /// [`Zone::set_keys`] shows the new ones, and [`Zone::resign`] finds what is due.
    ///
    /// # Errors
    /// [`ZoneError`] when a set is malformed or lies elsewhere, the SOA, NS or DNSKEY records are
    /// missing, or names are not denied as the settings say, link by link and once around.
    pub fn restore(
        settings: Settings,
        keys: impl Into<ZoneKeys>,
        sets: impl IntoIterator<Item = SetChange>,
    ) -> Result<Self, ZoneError> {
        let settings = settings.checked()?;
        let parts = Parts::gather(&settings.origin, sets)?;
        let keys = Some(Arc::new(keys.into()));
        parts.join(keys, |_, _| Ok((settings, Hashing::default())))
    }

    /// Puts a zone together that is signed elsewhere: a mirror.
    ///
    /// It answers like any other, and refuses to be changed but by [`Zone::apply`]. What
    /// [`Zone::settings`] says of it is read from its records. NSEC3 may have salt, up to 50
    /// iterations and opt-out.
    ///
    /// # Errors
    /// As [`Zone::restore`]; [`ZoneError::NotSigned`] when there are no denial records.
    pub fn mirror(
        origin: &Name,
        sets: impl IntoIterator<Item = SetChange>,
    ) -> Result<Self, ZoneError> {
        let origin = canonical(origin);
        check_length(&origin)?;
        let parts = Parts::gather(&origin, sets)?;
        parts.join(None, |nodes, links| nodes.as_told(links.denial()))
    }

    /// Puts a catalog together, which is not signed.
    pub(crate) fn unsigned(
        origin: &Name,
        sets: impl IntoIterator<Item = SetChange>,
    ) -> Result<Self, ZoneError> {
        let origin = canonical(origin);
        check_length(&origin)?;
        let parts = Parts::gather(&origin, sets)?;
        parts.join(None, |nodes, _| nodes.as_told(Some(Denial::Unsigned)))
    }
}

impl Settings {
    /// The settings with their origin in lower case, if a zone can be made with them.
    pub(crate) fn checked(self) -> Result<Self, ZoneError> {
        let origin = canonical(&self.origin);
        check_length(&origin)?;
        if self.name_servers.is_empty() {
            return Err(ZoneError::NoNameServer(presentation(&origin)));
        }
        if self.denial == Denial::Unsigned {
            return Err(ZoneError::NotSigned(presentation(&origin)));
        }
        Ok(Self { origin, ..self })
    }
}

fn check_length(origin: &Name) -> Result<(), ZoneError> {
    if origin.len() > MAX_ORIGIN_LENGTH {
        return Err(ZoneError::OriginTooLong(presentation(origin)));
    }
    Ok(())
}

/// The sets of a zone, apart for names and denials.
struct Parts {
    origin: Name,
    names: NodesBuilder,
    links: Links,
}

impl Parts {
    fn gather(origin: &Name, sets: impl IntoIterator<Item = SetChange>) -> Result<Self, ZoneError> {
        let mut parts = Self {
            origin: origin.clone(),
            names: NodesBuilder::new(origin.clone()),
            links: Links::default(),
        };
        for change in sets {
            let removed = || change.refused(SetFault::NotThere);
            let Place { key, set } = change.read(origin, parts.names.origin_wire())?;
            let set = set.ok_or_else(removed)?;
            if change.is_link() {
                let above = parts.names.origin_wire();
                parts
                    .links
                    .push(change.record_type, &change.owner, above, set)
                    .ok_or_else(|| change.refused(SetFault::Owner))?;
            } else {
                parts.names.push(key, set);
            }
        }
        Ok(parts)
    }

    fn join(
        self,
        keys: Option<Arc<ZoneKeys>>,
        settings: impl FnOnce(&Nodes, &Links) -> Result<(Settings, Hashing), ZoneError>,
    ) -> Result<Zone, ZoneError> {
        let nodes = self.names.build()?;
        let (settings, hashing) = settings(&nodes, &self.links)?;
        let serial = nodes.check_apex(settings.denial)?;
        let other = || ZoneError::OtherDenial(presentation(&self.origin), settings.denial);
        let origin = self.origin.clone();
        let denial = DenialChain::of_links(origin, hashing, settings.denial, self.links);
        let denial = denial.ok_or_else(other)?;
        if let Some((owner, record_type)) = denial.break_in() {
            return Err(ZoneError::ChainBroken {
                owner: presentation(&owner),
                record_type,
            });
        }
        Ok(Zone {
            settings: Arc::new(settings),
            keys,
            nodes,
            denial,
            serial,
            absences: Absences::default(),
        })
    }
}

/// Where a set belongs, and what it is.
pub(crate) struct Place<'c> {
    pub(crate) key: &'c [u8],
    /// Packed.
    pub(crate) set: Option<&'c [u8]>,
}

impl SetChange {
    /// Whether it is a link of the denial chain.
    pub(crate) fn is_link(&self) -> bool {
        matches!(self.record_type, RecordType::NSEC | RecordType::NSEC3)
    }

    /// Checks the owner and the bytes; `wire` is the origin in lower-case wire form.
    pub(crate) fn read(&self, origin: &Name, wire: &[u8]) -> Result<Place<'_>, ZoneError> {
        let is_name = name_length(&self.owner) == Some(self.owner.len());
        if !is_name || self.owner.iter().any(u8::is_ascii_uppercase) {
            return Err(self.refused(SetFault::Owner));
        }
        let key = key_of(&self.owner, wire).ok_or_else(|| ZoneError::NotInZone {
            owner: self.shown_owner(),
            origin: presentation(origin),
        })?;
        let read = |bytes| Packed::from_stored_bytes(bytes, self.record_type, wire);
        let set = self.set.as_deref().map(read).transpose();
        let set = set.map_err(|fault| self.refused(fault))?;
        Ok(Place { key, set })
    }

    pub(crate) fn refused(&self, fault: SetFault) -> ZoneError {
        ZoneError::StoredSet {
            owner: self.shown_owner(),
            record_type: self.record_type,
            fault,
        }
    }

    fn shown_owner(&self) -> String {
        let name = from_wire(&self.owner);
        name.map_or_else(|| format!("{:?}", self.owner), |name| presentation(&name))
    }
}

impl Nodes {
    /// The serial of the SOA, if the apex has all it needs, signed where the zone is.
    pub(crate) fn check_apex(&self, denial: Denial) -> Result<u32, ZoneError> {
        let origin = || presentation(&self.name(&[]));
        let mut soa = None;
        let is_signed = denial != Denial::Unsigned;
        let needed = [RecordType::SOA, RecordType::NS, RecordType::DNSKEY].into_iter();
        for record_type in needed.take(if is_signed { 3 } else { 2 }) {
            let incomplete = || ZoneError::Incomplete {
                origin: origin(),
                record_type,
            };
            let set = self.at(&[]).and_then(|apex| apex.set(record_type));
            let set = set.ok_or_else(incomplete)?;
            if is_signed && set.key_tags().is_none() {
                return Err(ZoneError::NotSigned(origin()));
            }
            soa = soa.or(Some(set));
        }
        match soa.map(|soa| soa.data()).as_deref() {
            Some([RData::SOA(soa)]) => Ok(soa.serial),
            _ => Err(ZoneError::Single {
                owner: origin(),
                record_type: RecordType::SOA,
            }),
        }
    }
}
