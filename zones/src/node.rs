//! The tree of names: what lives at each, empty non-terminals included.

use std::collections::{BTreeMap, BTreeSet};

use hickory_proto::rr::{Name, RecordType};

use crate::denial::Presence;
use crate::names::{is_below, label_count, parent, suffix};
use crate::record_set::RecordSet;

/// One existing name; without record sets it is an empty non-terminal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) sets: BTreeMap<RecordType, RecordSet>,
    children: usize,
}

impl Node {
    /// Whether authority passes to a child zone here (never true of an apex, which has an SOA).
    pub(crate) fn is_cut(&self) -> bool {
        self.has(RecordType::NS) && !self.has(RecordType::SOA)
    }

    pub(crate) fn has(&self, record_type: RecordType) -> bool {
        self.sets.contains_key(&record_type)
    }

    pub(crate) fn has_children(&self) -> bool {
        self.children > 0
    }

    /// What a denial record for this node lists: of a cut, only what the parent vouches for.
    fn presence(&self) -> Presence {
        let at_cut = self.is_cut();
        let types: Vec<RecordType> = self
            .sets
            .keys()
            .copied()
            .filter(|t| !at_cut || matches!(*t, RecordType::NS | RecordType::DS))
            .collect();
        Presence {
            signed: if at_cut {
                types.contains(&RecordType::DS)
            } else {
                !types.is_empty()
            },
            types,
        }
    }
}

/// All names of a zone in canonical order.
#[derive(Debug, Clone)]
pub(crate) struct Nodes {
    origin: Name,
    nodes: BTreeMap<Name, Node>,
}

impl Nodes {
    pub(crate) fn new(origin: Name) -> Self {
        let apex = (origin.clone(), Node::default());
        Self {
            nodes: BTreeMap::from([apex]),
            origin,
        }
    }

    pub(crate) fn get(&self, name: &Name) -> Option<&Node> {
        self.nodes.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &Node)> {
        self.nodes.iter()
    }

    pub(crate) fn sets_mut(&mut self) -> impl Iterator<Item = (&Name, &mut RecordSet)> {
        self.nodes
            .iter_mut()
            .flat_map(|(name, node)| node.sets.values_mut().map(move |set| (name, set)))
    }

    pub(crate) fn set(&self, name: &Name, record_type: RecordType) -> Option<&RecordSet> {
        self.nodes.get(name)?.sets.get(&record_type)
    }

    /// Stores a set in place of the one there was, and notes every name that changed.
    pub(crate) fn insert(&mut self, name: &Name, set: RecordSet, changed: &mut BTreeSet<Name>) {
        self.make(name, changed);
        let node = self.nodes.entry(name.clone()).or_default();
        node.sets.insert(set.record_type(), set);
        changed.insert(name.clone());
    }

    /// Removes a set and the names that only it kept in existence; false when there was none.
    pub(crate) fn remove(
        &mut self,
        name: &Name,
        record_type: RecordType,
        changed: &mut BTreeSet<Name>,
    ) -> bool {
        let Some(node) = self.nodes.get_mut(name) else {
            return false;
        };
        if node.sets.remove(&record_type).is_none() {
            return false;
        }
        changed.insert(name.clone());
        self.prune(name, changed);
        true
    }

    /// What a denial record says of a name; none when it does not exist or lies below a cut.
    pub(crate) fn presence(&self, name: &Name) -> Option<Presence> {
        let node = self.nodes.get(name)?;
        if self.cut_above(name).is_some() {
            return None;
        }
        Some(node.presence())
    }

    /// The delegation that `name` lies below, if any.
    pub(crate) fn cut_above(&self, name: &Name) -> Option<Name> {
        self.ancestor_where(name, Node::is_cut)
    }

    /// The highest ancestor of `name` in the zone, itself excluded, that meets a condition.
    pub(crate) fn ancestor_where(
        &self,
        name: &Name,
        condition: impl Fn(&Node) -> bool,
    ) -> Option<Name> {
        (label_count(&self.origin)..label_count(name))
            .map(|labels| suffix(name, labels))
            .find(|ancestor| self.nodes.get(ancestor).is_some_and(&condition))
    }

    /// The existing names below `name`, in canonical order.
    pub(crate) fn below(&self, name: &Name) -> Vec<Name> {
        self.nodes
            .range(name..)
            .skip_while(|(other, _)| *other == name)
            .take_while(|(other, _)| is_below(other, name))
            .map(|(other, _)| other.clone())
            .collect()
    }

    /// Makes `name` exist, and with it the empty non-terminals above.
    fn make(&mut self, name: &Name, changed: &mut BTreeSet<Name>) {
        let mut name = name.clone();
        let mut children = 0;
        loop {
            if let Some(node) = self.nodes.get_mut(&name) {
                node.children = node.children.saturating_add(children);
                return;
            }
            let sets = BTreeMap::new();
            self.nodes.insert(name.clone(), Node { sets, children });
            changed.insert(name.clone());
            let Some(above) = parent(&name) else {
                return;
            };
            children = 1;
            name = above;
        }
    }

    /// Lets `name` and the empty names above it vanish.
    fn prune(&mut self, name: &Name, changed: &mut BTreeSet<Name>) {
        let mut name = name.clone();
        while name != self.origin {
            let empty = |node: &Node| node.sets.is_empty() && !node.has_children();
            if !self.nodes.get(&name).is_some_and(empty) {
                return;
            }
            self.nodes.remove(&name);
            changed.insert(name.clone());
            let Some(above) = parent(&name) else {
                return;
            };
            if let Some(node) = self.nodes.get_mut(&above) {
                node.children = node.children.saturating_sub(1);
            }
            name = above;
        }
    }
}
