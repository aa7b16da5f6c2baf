//! The zones one server answers for.

use std::collections::BTreeMap;

use hickory_proto::rr::{Name, RecordType};

use crate::names::{canonical, label_count, suffix};
use crate::zone::Zone;

/// The zones one server answers for, found by name.
#[derive(Debug, Clone, Default)]
pub struct ZoneSet {
    zones: BTreeMap<Name, Zone>,
}

impl ZoneSet {
    /// No zones yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a zone; returns the one it replaces.
    pub fn insert(&mut self, zone: Zone) -> Option<Zone> {
        self.zones.insert(zone.origin().clone(), zone)
    }

    /// Takes a zone away.
    pub fn remove(&mut self, origin: &Name) -> Option<Zone> {
        self.zones.remove(&canonical(origin))
    }

    /// The zone with exactly this apex.
    pub fn zone(&self, origin: &Name) -> Option<&Zone> {
        self.zones.get(&canonical(origin))
    }

    /// The zone with exactly this apex, to change it.
    pub fn zone_mut(&mut self, origin: &Name) -> Option<&mut Zone> {
        self.zones.get_mut(&canonical(origin))
    }

    /// All zones, in canonical order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.values()
    }

    /// The deepest zone that holds a name.
    pub fn holding(&self, name: &Name) -> Option<&Zone> {
        let name = canonical(name);
        (0..=label_count(&name))
            .rev()
            .find_map(|labels| self.zones.get(&suffix(&name, labels)))
    }

    /// The zone that answers a question: the deepest, except that the DS records of a zone are
    /// its parent's to give, if the parent is here too (RFC 4035 §3.1.4.1).
    pub fn for_question(&self, name: &Name, record_type: RecordType) -> Option<&Zone> {
        let deepest = self.holding(name)?;
        if record_type != RecordType::DS || deepest.origin() != &canonical(name) {
            return Some(deepest);
        }
        let above = crate::names::parent(deepest.origin());
        above
            .and_then(|above| self.holding(&above))
            .or(Some(deepest))
    }
}

impl FromIterator<Zone> for ZoneSet {
    fn from_iter<I: IntoIterator<Item = Zone>>(zones: I) -> Self {
        let mut set = Self::new();
        for zone in zones {
            set.insert(zone);
        }
        set
    }
}
