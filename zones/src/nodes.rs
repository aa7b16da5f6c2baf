//! The tree of names: what lives at each, empty non-terminals included.

mod builder;
mod merging;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use hickory_proto::rr::{Name, RecordType};

use crate::denial::Presence;
use crate::ends::Ends;
use crate::names::{key_parent, label_count, name_of, suffix, wire};
use crate::node::Node;
use crate::packed::{Packed, Stored};
use crate::spread::Spread;
use crate::trie::{Difference, Item, Search, Trie};

pub(crate) use builder::NodesBuilder;

/// All names of a zone, found by hash; a copy costs nothing.
///
/// A name is looked up by its *key*: the lower-case wire form of its labels below the origin,
/// without the root's. So the keys of a name's ancestors are the ends of its own.
#[derive(Debug, Clone)]
pub(crate) struct Nodes {
    origin: Name,
    origin_wire: Arc<[u8]>,
    nodes: Trie<Node>,
    spread: Spread,
    /// How many nodes are delegations or hold a DNAME.
    redirections: usize,
    ends: Ends,
}

/// The keys of the names that a change touched.
pub(crate) type Changed = BTreeSet<Box<[u8]>>;

impl Item for Node {
    type Key = [u8];

    fn key(&self) -> &[u8] {
        self.key()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.is_same(other)
    }
}

impl Nodes {
    pub(crate) fn new(origin: Name) -> Self {
        let mut nodes = Self {
            origin_wire: wire(&origin).into(),
            origin,
            nodes: Trie::new(),
            spread: Spread::new(),
            redirections: 0,
            ends: Ends::new(),
        };
        nodes.put(Node::empty(&[], 0));
        nodes
    }

    /// The key of a name in this zone.
    pub(crate) fn key(&self, name: &Name) -> Vec<u8> {
        let mut key = wire(name);
        let above = self.origin_wire.len();
        key.truncate(key.len().saturating_sub(above));
        key
    }

    /// The origin in lower-case wire form.
    pub(crate) fn origin_wire(&self) -> &[u8] {
        &self.origin_wire
    }

    /// The name that a key stands for.
    pub(crate) fn name(&self, key: &[u8]) -> Name {
        name_of(key, &self.origin)
    }

    pub(crate) fn get(&self, name: &Name) -> Option<&Node> {
        self.at(&self.key(name))
    }

    /// The lookup of what is at a key, step by step.
    pub(crate) fn search(&self, key: &[u8]) -> Search<'_, Node> {
        Search::new(&self.nodes, self.spread.place(key))
    }

    pub(crate) fn at(&self, key: &[u8]) -> Option<&Node> {
        self.nodes.get(self.spread.place(key), key)
    }

    /// The nodes as they are kept.
    pub(crate) fn kept(&self) -> &Trie<Node> {
        &self.nodes
    }

    pub(crate) fn set(&self, name: &Name, record_type: RecordType) -> Option<Stored<'_>> {
        self.get(name)?.set(record_type)
    }

    /// All nodes, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// The names at which the two may differ; looks at all names unless one is a later copy of
    /// the other.
    pub(crate) fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Node>> + 'a> {
        if self.spread.is_same(&older.spread) {
            return Box::new(self.nodes.differences(&older.nodes));
        }
        let in_older = |node: &Node| older.at(node.key());
        let in_newer = |node: &Node| self.at(node.key());
        Box::new(Difference::apart(
            self.iter(),
            in_older,
            older.iter(),
            in_newer,
        ))
    }

    /// The same, newer and older, holding on to them as they are now.
    pub(crate) fn owned_differences(
        &self,
        older: &Self,
    ) -> Box<dyn Iterator<Item = (Option<Node>, Option<Node>)> + Send> {
        if self.spread.is_same(&older.spread) {
            return Box::new(self.nodes.owned_differences(&older.nodes));
        }
        let (newer, before) = (self.clone(), older.clone());
        let present = self.owned().map(move |node| {
            let older = before.at(node.key()).cloned();
            (Some(node), older)
        });
        let gone = older.owned();
        let gone = gone.filter(move |node| newer.at(node.key()).is_none());
        Box::new(present.chain(gone.map(|node| (None, Some(node)))))
    }

    /// All nodes, in no order, holding on to them as they are now.
    pub(crate) fn owned(&self) -> impl Iterator<Item = Node> + use<> {
        self.nodes.owned()
    }

    /// All nodes in canonical order of their names (RFC 4034 §6.1); sorts them.
    pub(crate) fn sorted(&self) -> Vec<(Name, &Node)> {
        let named = self.iter().map(|node| (self.name(node.key()), node));
        let mut sorted: Vec<_> = named.collect();
        sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
        sorted
    }

    /// When the signatures end.
    pub(crate) fn ends(&self) -> &Ends {
        &self.ends
    }

    /// Whether any name is a delegation or holds a DNAME.
    pub(crate) fn redirect(&self) -> bool {
        self.redirections > 0
    }

    /// Stores a set in place of the one there was, and notes every name that changed.
    pub(crate) fn insert(&mut self, key: &[u8], set: &Packed, changed: &mut Changed) {
        let Some(stored) = set.stored() else {
            return;
        };
        let node = self.at(key).cloned().unwrap_or_else(|| {
            self.hang(key, changed);
            Node::empty(key, 0)
        });
        self.ends.drop(node.set(stored.record_type()));
        self.ends.add(Some(stored));
        self.put(node.with_set(stored.record_type(), Some(set)));
        changed.insert(key.into());
    }

    /// Removes a set, and the names that only it kept in existence.
    pub(crate) fn remove(&mut self, key: &[u8], record_type: RecordType, changed: &mut Changed) {
        let Some(node) = self.at(key).filter(|node| node.has(record_type)).cloned() else {
            return;
        };
        self.ends.drop(node.set(record_type));
        self.put(node.with_set(record_type, None));
        changed.insert(key.into());
        self.prune(key, changed);
    }

    /// What a denial record says of a name; none when it does not exist or lies below a cut.
    pub(crate) fn presence(&self, key: &[u8]) -> Option<Presence> {
        let node = self.at(key)?;
        if self.redirect() && self.cut_above(&self.name(key)).is_some() {
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
            .find(|ancestor| self.get(ancestor).is_some_and(&condition))
    }

    /// The existing names below `name`, in canonical order; looks at all names if there are any.
    pub(crate) fn below(&self, name: &Name) -> Vec<Name> {
        let key = self.key(name);
        if self.at(&key).is_none_or(|node| node.children() == 0) {
            return Vec::new();
        }
        let below = self
            .iter()
            .filter(|node| is_below(node.key(), &key))
            .map(|node| self.name(node.key()));
        let mut below: Vec<_> = below.collect();
        below.sort();
        below
    }

    /// Puts a node in the place of the one with its name.
    fn put(&mut self, node: Node) {
        let place = self.spread.place(node.key());
        let before = self
            .nodes
            .get(place, node.key())
            .is_some_and(Node::redirects);
        self.count(before, node.redirects());
        let key = node.key().to_vec();
        self.nodes.insert(place, &key, node);
    }

    fn count(&mut self, before: bool, after: bool) {
        let redirections = self.redirections.saturating_add(usize::from(after));
        self.redirections = redirections.saturating_sub(usize::from(before));
    }

    /// Counts a new name among those below its parent, and makes the empty non-terminals above.
    fn hang(&mut self, mut key: &[u8], changed: &mut Changed) {
        while let Some(above) = key_parent(key) {
            if let Some(node) = self.at(above) {
                let node = node.with_children(node.children().saturating_add(1));
                self.put(node);
                return;
            }
            self.put(Node::empty(above, 1));
            changed.insert(above.into());
            key = above;
        }
    }

    /// Lets a name and the empty names above it vanish; the apex stays.
    fn prune(&mut self, mut key: &[u8], changed: &mut Changed) {
        while let Some(above) = key_parent(key) {
            let empty = |node: &Node| node.is_empty() && node.children() == 0;
            if !self.at(key).is_some_and(empty) {
                return;
            }
            self.nodes.remove(self.spread.place(key), key);
            changed.insert(key.into());
            if let Some(node) = self.at(above) {
                let node = node.with_children(node.children().saturating_sub(1));
                self.put(node);
            }
            key = above;
        }
    }
}

/// How nodes follow each other in their trie.
fn order(one: &(u64, Node), other: &(u64, Node)) -> Ordering {
    by_place(one, other.0, other.1.key())
}

/// How a node stands to where another is.
fn by_place((place, node): &(u64, Node), other: u64, key: &[u8]) -> Ordering {
    place.cmp(&other).then_with(|| node.key().cmp(key))
}

/// Whether one key stands for a name below another's: the other ends it, at a label.
fn is_below(key: &[u8], above: &[u8]) -> bool {
    let mut rest = key;
    while let Some(parent) = key_parent(rest) {
        if parent == above {
            return true;
        }
        rest = parent;
    }
    false
}
