//! The zones one server answers for.

use hickory_proto::rr::{Name, RecordType};
use rpds::{HashTrieMapSync, HashTrieSetSync};

use crate::names::{label_count, suffix, suffixes, wire};
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

    /// Whether no zone is withheld, as nearly always.
    pub(crate) fn is_whole(&self) -> bool {
        self.withheld.is_empty()
    }

    /// Whether the deepest zone that holds a name is withheld.
    pub(crate) fn withholds(&self, name: &Name) -> bool {
        let depths = (0..=label_count(name).min(self.depth)).rev();
        let apexes = depths.map(|labels| wire(&suffix(name, labels)));
        let mut known = apexes.filter_map(|apex| {
            let is_withheld = self.withheld.contains(apex.as_slice());
            (is_withheld || self.zones.contains_key(apex.as_slice())).then_some(is_withheld)
        });
        known.next().unwrap_or(false)
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

    /// The deepest zone that holds a name in lower-case wire form.
    pub(crate) fn holding_wire(&self, name: &[u8]) -> Option<&Zone> {
        let labels = suffixes(name).count().saturating_sub(1);
        suffixes(name)
            .skip(labels.saturating_sub(self.depth))
            .find_map(|suffix| self.zones.get(suffix))
    }

    /// The zone that answers a question: the deepest, except that the DS records of a zone are
    /// its parent's to give, if the parent is here too (RFC 4035 §3.1.4.1).
    pub fn for_question(&self, name: &Name, record_type: RecordType) -> Option<&Zone> {
        let deepest = self.holding(name)?;
        if record_type != RecordType::DS || wire(deepest.origin()) != wire(name) {
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
