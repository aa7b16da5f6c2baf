//! The zones one server answers for.

use hickory_proto::rr::{Name, RecordType};
use rpds::{HashTrieMapSync, HashTrieSetSync};

use crate::names::{key_parent, label_count, suffix, suffixes, wire};
use crate::zone::Zone;

/// The zones one server answers for, found by name.
///
/// As with a [`Zone`], a copy costs nothing and stays as it was when it was made.
#[derive(Debug, Clone, Default)]
pub struct ZoneSet {
    /// By the lower-case wire form of the apex.
    zones: HashTrieMapSync<Box<[u8]>, Zone>,
    /// How many labels the deepest apex ever had.
    depth: usize,
    /// The apexes of zones that are served, but not now.
    withheld: HashTrieSetSync<Box<[u8]>>,
}

impl ZoneSet {
    /// No zones yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a zone; returns the one it replaces.
    pub fn insert(&mut self, zone: Zone) -> Option<Zone> {
        let apex = wire(zone.origin());
        let before = self.zones.get(apex.as_slice()).cloned();
        self.depth = self.depth.max(label_count(zone.origin()));
        self.withheld.remove_mut(apex.as_slice());
        self.zones.insert_mut(apex.into(), zone);
        before
    }

    /// Takes a zone away.
    pub fn remove(&mut self, origin: &Name) -> Option<Zone> {
        let apex = wire(origin);
        let before = self.zones.get(apex.as_slice()).cloned();
        self.withheld.remove_mut(apex.as_slice());
        self.zones.remove_mut(apex.as_slice());
        before
    }

    /// Takes a zone away that is expected back: until then questions for it get `ServFail`, so that
    /// resolvers ask another server and remember nothing.
    pub fn withhold(&mut self, origin: &Name) -> Option<Zone> {
        let before = self.remove(origin);
        self.depth = self.depth.max(label_count(origin));
        self.withheld.insert_mut(wire(origin).into());
        before
    }

    /// The zone with exactly this apex.
    pub fn zone(&self, origin: &Name) -> Option<&Zone> {
        self.zones.get(wire(origin).as_slice())
    }

    /// The zone with exactly this apex, to change it.
    pub fn zone_mut(&mut self, origin: &Name) -> Option<&mut Zone> {
        self.zones.get_mut(wire(origin).as_slice())
    }

    /// All zones, in canonical order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        let mut zones: Vec<_> = self.zones.values().collect();
        zones.sort_by(|one, other| one.origin().cmp(other.origin()));
        zones.into_iter()
    }

    /// The deepest zone that holds a name.
    pub fn holding(&self, name: &Name) -> Option<&Zone> {
        (0..=label_count(name).min(self.depth))
            .rev()
            .find_map(|labels| self.zone(&suffix(name, labels)))
    }

    /// The deepest zone that holds a name in lower-case wire form; none where that is withheld.
    pub(crate) fn holding_wire(&self, name: &[u8]) -> Option<&Zone> {
        self.holder(name)?.zone()
    }

    /// The zone that answers a question: the deepest, except that the DS records of a zone are
    /// its parent's to give, if the parent is here too (RFC 4035 §3.1.4.1). None where that zone is
    /// withheld.
    pub fn for_question(&self, name: &Name, record_type: RecordType) -> Option<&Zone> {
        self.holder_for(name, record_type)?.zone()
    }

    /// The same, and whether it is withheld.
    pub(crate) fn holder_for(&self, name: &Name, record_type: RecordType) -> Option<Holder<'_>> {
        let name = wire(name);
        let is_apex = self.at(&name).is_some();
        let above = key_parent(&name).filter(|_| is_apex && record_type == RecordType::DS);
        let above = above.and_then(|above| self.holder(above));
        above.or_else(|| self.holder(&name))
    }

    /// The deepest zone that holds a name in lower-case wire form.
    fn holder(&self, name: &[u8]) -> Option<Holder<'_>> {
        let labels = suffixes(name).count().saturating_sub(1);
        let mut depths = suffixes(name).skip(labels.saturating_sub(self.depth));
        depths.find_map(|apex| self.at(apex))
    }

    /// The zone with exactly this apex in lower-case wire form.
    fn at(&self, apex: &[u8]) -> Option<Holder<'_>> {
        if let Some(zone) = self.zones.get(apex) {
            return Some(Holder::Served(zone));
        }
        // Nearly always there is none.
        let is_withheld = !self.withheld.is_empty() && self.withheld.contains(apex);
        is_withheld.then_some(Holder::Withheld)
    }
}

/// Who holds a name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder<'z> {
    Served(&'z Zone),
    /// Its zone is served, but not now.
    Withheld,
}

impl<'z> Holder<'z> {
    fn zone(self) -> Option<&'z Zone> {
        match self {
            Self::Served(zone) => Some(zone),
            Self::Withheld => None,
        }
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
