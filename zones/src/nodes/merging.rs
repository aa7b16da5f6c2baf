//! Many record sets put into a zone at once: on all cores, and much quicker than one by one.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::{Nodes, by_place, order};
use crate::ends::EndsBuilder;
use crate::names::key_parent;
use crate::node::Node;

impl Nodes {
    /// A set on its way to its place.
    pub(crate) fn placed(&self, key: &[u8], set: &[u8]) -> (u64, Node) {
        (self.spread.place(key), Node::single(key, set))
    }

    /// Stores many sets in place of those there were, the last one of the same name and type.
    ///
    /// What comes back are the names that changed.
    pub(crate) fn merge(&mut self, mut sets: Vec<(u64, Node)>) -> Vec<Node> {
        sets.par_sort_by(order); // those of one name stay in their order
        let names = sets.par_chunk_by(|one, next| order(one, next).is_eq());
        let parts: Vec<Part> = names
            .fold(Part::default, |part, sets| part.with(sets, self))
            .collect();
        sets.into_par_iter().for_each(drop);
        let (mut nodes, mut tally) = (Vec::new(), Tally::default());
        for part in parts {
            nodes.extend(part.nodes);
            tally = tally.join(part.tally);
        }
        let mut changed: Vec<Node> = nodes.par_iter().map(|(_, node)| node.clone()).collect();
        self.hang_all(tally.below, &mut nodes, &mut changed);
        let redirections = self.redirections.saturating_add(tally.redirections[1]);
        self.redirections = redirections.saturating_sub(tally.redirections[0]);
        self.ends.exchange(tally.added, tally.dropped);
        self.nodes.merge(nodes);
        changed
    }

    /// Counts new names among those below their parents, and makes the empty non-terminals above.
    fn hang_all(
        &self,
        below: HashMap<Vec<u8>, u32>,
        nodes: &mut Vec<(u64, Node)>,
        changed: &mut Vec<Node>,
    ) {
        // The longest first: a name has a longer key than those above it.
        let mut below: BTreeMap<(usize, Vec<u8>), u32> = below
            .into_iter()
            .map(|(key, count)| ((key.len(), key), count))
            .collect();
        let mut above = Vec::new();
        while let Some(((_, key), count)) = below.pop_last() {
            let place = self.spread.place(key.as_slice());
            let more = |node: &Node| node.with_children(node.children().saturating_add(count));
            let at = nodes.binary_search_by(|other| by_place(other, place, &key));
            if let Some((_, node)) = at.ok().and_then(|at| nodes.get_mut(at)) {
                *node = more(node);
            } else if let Some(node) = self.nodes.get(place, &key) {
                above.push((place, more(node)));
            } else {
                let node = Node::empty(&key, count);
                changed.push(node.clone());
                above.push((place, node));
                if let Some(parent) = key_parent(&key) {
                    let count = below.entry((parent.len(), parent.to_vec())).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        if !above.is_empty() {
            nodes.append(&mut above);
            nodes.par_sort_by(order);
        }
    }
}

/// Some of the names, in order, with all their sets; and what else that changes.
#[derive(Debug, Default)]
struct Part {
    nodes: Vec<(u64, Node)>,
    tally: Tally,
}

impl Part {
    /// Adds a name with the sets that it gets.
    fn with(mut self, sets: &[(u64, Node)], zone: &Nodes) -> Self {
        let Some((place, first)) = sets.first() else {
            return self;
        };
        let before = zone.nodes.get(*place, first.key());
        let node = if let (None, [_]) = (before, sets) {
            first.clone()
        } else {
            let start = before.cloned();
            let start = start.unwrap_or_else(|| Node::empty(first.key(), 0));
            let sets = sets.iter().flat_map(|(_, node)| node.sets());
            sets.fold(start, |node, set| {
                node.with_set(set.record_type(), Some(&set.pack()))
            })
        };
        self.tally.count(before, &node);
        self.nodes.push((*place, node));
        self
    }
}

/// What changes beside the names themselves.
#[derive(Debug, Default)]
struct Tally {
    added: EndsBuilder,
    dropped: EndsBuilder,
    /// How many delegations and owners of DNAMEs there are less, and how many more.
    redirections: [usize; 2],
    /// How many names come into being right below each.
    below: HashMap<Vec<u8>, u32>,
}

impl Tally {
    fn count(&mut self, before: Option<&Node>, after: &Node) {
        for set in before.into_iter().flat_map(Node::sets) {
            self.dropped.add(set);
        }
        after.sets().for_each(|set| self.added.add(set));
        let redirects = [before.is_some_and(Node::redirects), after.redirects()];
        self.redirect(redirects.map(usize::from));
        if let Some(parent) = key_parent(after.key()).filter(|_| before.is_none()) {
            self.hang(parent, 1);
        }
    }

    fn redirect(&mut self, more: [usize; 2]) {
        let counts = self.redirections.iter_mut().zip(more);
        counts.for_each(|(count, more)| *count = count.saturating_add(more));
    }

    fn hang(&mut self, parent: &[u8], more: u32) {
        match self.below.get_mut(parent) {
            Some(count) => *count = count.saturating_add(more),
            None => {
                self.below.insert(parent.to_vec(), more);
            }
        }
    }

    fn join(mut self, other: Self) -> Self {
        self.redirect(other.redirections);
        for (parent, more) in &other.below {
            self.hang(parent, *more);
        }
        Self {
            added: self.added.join(other.added),
            dropped: self.dropped.join(other.dropped),
            ..self
        }
    }
}
