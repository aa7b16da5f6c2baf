//! Catalog zones (RFC 9432): the list of zones that secondaries are to serve, as a zone itself.
//!
//! A catalog of ours is not signed. The RFC does not ask for it, no resolver ever does either, and
//! nothing vouches for its keys: what a consumer believes is the TSIG of the transfer. Signatures
//! would have to be made again, and each time every consumer would fetch a catalog that says what
//! it said before; so its serial rises when its members change, and at no other time.

use std::collections::BTreeMap;

use data_encoding::BASE32_DNSSEC;
use hickory_proto::rr::rdata::{NS, PTR};
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::names::{canonical, label_count, presentation, suffix, wire};
use crate::packed::Stored;
use crate::record_set::{RecordSet, RecordSetError, txt};
use crate::stored::SetChange;
use crate::zone::{Change, Zone};

/// The only version there is (RFC 9432 §4.2).
const VERSION: &[u8] = b"2";
/// The TTL of what nobody looks up.
const TTL: u32 = 0;

/// A catalog of zones.
///
/// ```
/// use payname_resolver::UnixTime;
/// use payname_zones::{Catalog, Member};
///
/// let now = UnixTime(1_785_988_800);
/// let mut catalog = Catalog::new(&"catalog.example.".parse()?, now)?;
/// let member = Member::new("example.com.".parse()?);
/// assert!(catalog.set_members([member.clone()], now)?.is_some());
/// assert!(catalog.set_members([member], now)?.is_none(), "nothing has changed");
/// assert_eq!(Catalog::read(catalog.zone())?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Catalog(Zone);

/// A zone that a catalog lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The apex of the zone.
    pub zone: Name,
    /// What kind of configuration consumers are to give it, if not their usual one (§4.4.2).
    pub group: Option<String>,
    /// The catalog that is about to list it instead of this one (§4.4.1).
    pub change_of_ownership: Option<Name>,
}

impl Member {
    /// A zone without properties.
    pub fn new(zone: Name) -> Self {
        Self {
            zone,
            group: None,
            change_of_ownership: None,
        }
    }
}

/// The record sets of a catalog but for its SOA.
type Sets = BTreeMap<(Name, RecordType), RecordSet>;

impl Catalog {
    /// A catalog without members; its serial is the time in seconds.
    ///
    /// # Errors
    /// [`CatalogError`] when names of members have no room below its own.
    pub fn new(origin: &Name, now: UnixTime) -> Result<Self, CatalogError> {
        Self::new_after(origin, (now.0 as u32).wrapping_sub(1), now)
    }

    /// A catalog without members, with a serial above one that was served before.
    ///
    /// # Errors
    /// As [`Catalog::new`].
    pub fn new_after(origin: &Name, last: u32, now: UnixTime) -> Result<Self, CatalogError> {
        let zone = Zone::without_signatures(origin, last)?;
        let mut catalog = Self(zone);
        catalog.change(&catalog.sets([])?, now);
        Ok(catalog)
    }

    /// A catalog as it was stored, set by set ([`Zone::stored_sets`]).
    ///
    /// # Errors
    /// [`CatalogError`] when they are none, or no catalog.
    pub fn restore(
        origin: &Name,
        sets: impl IntoIterator<Item = SetChange>,
    ) -> Result<Self, CatalogError> {
        let zone = Zone::unsigned(origin, sets)?;
        Self::read(&zone)?;
        Ok(Self(zone))
    }

    /// The zone to serve and to transfer, to who is a consumer and nobody else.
    pub fn zone(&self) -> &Zone {
        &self.0
    }

    /// Lists exactly these zones from now on; none when it does so already.
    ///
    /// # Errors
    /// [`CatalogError`] when a zone is there twice, or a property cannot be written; the catalog
    /// is then as it was.
    pub fn set_members(
        &mut self,
        members: impl IntoIterator<Item = Member>,
        now: UnixTime,
    ) -> Result<Option<Change>, CatalogError> {
        let sets = self.sets(members)?;
        Ok(self.change(&sets, now))
    }

    /// The members that a catalog lists, in canonical order; what is unknown in it is passed over
    /// (RFC 9432 §3).
    ///
    /// # Errors
    /// [`CatalogError`] when it is none of version 2, or lists a zone twice.
    pub fn read(zone: &Zone) -> Result<Vec<Member>, CatalogError> {
        let origin = zone.origin();
        let version = origin.prepend_label("version").ok();
        let version = version.and_then(|owner| one_text(zone, &owner));
        if version.as_deref() != Some(VERSION) {
            return Err(CatalogError::Version(presentation(origin)));
        }
        let below = origin
            .prepend_label("zones")
            .map_err(|_| too_long(origin))?;
        let mut members = BTreeMap::new();
        for node in zone.nodes.iter() {
            let owner = zone.nodes.name(node.key());
            let is_member = label_count(&owner) == label_count(&below).saturating_add(1);
            if !is_member || suffix(&owner, label_count(&below)) != below {
                continue;
            }
            let Some(pointer) = node.set(RecordType::PTR) else {
                continue;
            };
            let broken = || CatalogError::Member(presentation(&owner));
            let member = one_name(pointer).ok_or_else(broken)?;
            let property = |label: &str| owner.prepend_label(label).ok();
            let group = property("group").and_then(|owner| one_text(zone, &owner));
            let successor =
                property("coo").and_then(|owner| zone.nodes.set(&owner, RecordType::PTR));
            let read = Member {
                zone: member.clone(),
                group: group.and_then(|group| String::from_utf8(group).ok()),
                change_of_ownership: successor.and_then(one_name),
            };
            if members.insert(member.clone(), read).is_some() {
                return Err(CatalogError::Twice(presentation(&member)));
            }
        }
        Ok(members.into_values().collect())
    }

    /// The sets that list these members (RFC 9432 §4).
    fn sets(&self, members: impl IntoIterator<Item = Member>) -> Result<Sets, CatalogError> {
        let origin = self.0.origin();
        let below = |name: &Name, label: &str| {
            let longer = name.prepend_label(label);
            longer.map_err(|_| too_long(origin))
        };
        let text = |text: &[u8]| RData::TXT(txt(text));
        let pointer = |name: &Name| RData::PTR(PTR(canonical(name)));
        let nobody = self.0.settings.name_servers.iter();
        let nobody = nobody.map(|server| RData::NS(NS(server.name.clone())));
        let mut sets = Sets::new();
        let mut put = |owner: Name, data: Vec<RData>| {
            let record_type = data.first().map_or(RecordType::TXT, RData::record_type);
            let set = RecordSet::new(record_type, TTL, data);
            let set = set.map_err(|error| CatalogError::Records(presentation(&owner), error))?;
            Ok::<_, CatalogError>(sets.insert((owner, record_type), set))
        };
        put(origin.clone(), nobody.collect())?;
        put(below(origin, "version")?, vec![text(VERSION)])?;
        let zones = below(origin, "zones")?;
        for member in members {
            let owner = below(&zones, &unique_label(&member.zone))?;
            if let Some(group) = &member.group {
                put(below(&owner, "group")?, vec![text(group.as_bytes())])?;
            }
            if let Some(catalog) = &member.change_of_ownership {
                put(below(&owner, "coo")?, vec![pointer(catalog)])?;
            }
            if put(owner, vec![pointer(&member.zone)])?.is_some() {
                return Err(CatalogError::Twice(presentation(&member.zone)));
            }
        }
        Ok(sets)
    }

    /// Makes these the sets of the catalog; none when they are.
    fn change(&mut self, sets: &Sets, now: UnixTime) -> Option<Change> {
        let nodes = &self.0.nodes;
        let gone = nodes.iter().flat_map(|node| {
            let owner = nodes.name(node.key());
            node.sets()
                .map(move |set| (owner.clone(), set.record_type()))
        });
        let gone = gone.filter(|(_, record_type)| *record_type != RecordType::SOA);
        let gone: Vec<_> = gone.filter(|key| !sets.contains_key(key)).collect();
        let fresh = sets.iter().filter_map(|((owner, record_type), set)| {
            let packed = set.pack();
            let is_there = nodes.set(owner, *record_type) == packed.stored();
            (!is_there).then(|| (owner.clone(), packed))
        });
        let fresh: Vec<_> = fresh.collect();
        if gone.is_empty() && fresh.is_empty() {
            return None;
        }
        Some(self.0.exchange_unsigned(gone, fresh, now))
    }
}

/// A label that is always the same for a zone, and another for each (RFC 9432 §4.1).
fn unique_label(zone: &Name) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, &wire(zone));
    let (start, _) = digest.as_ref().split_at_checked(20).unwrap_or_default();
    BASE32_DNSSEC.encode(start)
}

/// The text of a set that has one record.
fn one_text(zone: &Zone, owner: &Name) -> Option<Vec<u8>> {
    let set = zone.nodes.set(owner, RecordType::TXT)?;
    match set.data().as_slice() {
        [RData::TXT(text)] => Some(text.txt_data.concat()),
        _ => None,
    }
}

/// The target of a set that has one PTR record.
fn one_name(set: Stored<'_>) -> Option<Name> {
    match set.data().as_slice() {
        [RData::PTR(name)] => Some(canonical(&name.0)),
        _ => None,
    }
}

fn too_long(origin: &Name) -> CatalogError {
    CatalogError::TooLong(presentation(origin))
}

/// Why a catalog cannot be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// A zone was given twice.
    #[error("zone {0} is in the catalog twice")]
    Twice(String),
    /// The names of members do not fit below its own.
    #[error("the catalog's name {0} is too long for the names of members below it")]
    TooLong(String),
    /// It is none, or of another version.
    #[error("zone {0} is no catalog of version 2 (RFC 9432)")]
    Version(String),
    /// A member's entry is not exactly one PTR record.
    #[error("the catalog's entry {0} does not name exactly one zone")]
    Member(String),
    /// A property cannot be written.
    #[error("cannot set the records of {0}")]
    Records(String, #[source] RecordSetError),
    /// It is no zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}
