//! All names of a zone put together at once, much quicker than one by one.

use std::collections::HashMap;

use hickory_proto::rr::{Name, RecordType};
use rayon::prelude::*;

use super::{Nodes, by_place, order};
use crate::check::ZoneError;
use crate::ends::EndsBuilder;
use crate::names::{key_parent, presentation};
use crate::node::Node;
use crate::packed::SetFault;
use crate::trie::Trie;

/// Record sets that are to become the names of a zone, in any order.
#[derive(Debug)]
pub(crate) struct NodesBuilder {
    /// Without any names; it tells where they will be.
    nodes: Nodes,
    /// One for each set at first, by place.
    entries: Vec<(u64, Node)>,
    /// When their signatures end; counted while they are at hand, as is what follows.
    ends: EndsBuilder,
    /// Whether there is any delegation or DNAME.
    redirect: bool,
}

impl NodesBuilder {
    pub(crate) fn new(origin: Name) -> Self {
        Self {
            nodes: Nodes::new(origin),
            entries: Vec::new(),
            ends: EndsBuilder::default(),
            redirect: false,
        }
    }

    /// The origin in lower-case wire form.
    pub(crate) fn origin_wire(&self) -> &[u8] {
        self.nodes.origin_wire()
    }

    /// Takes a packed set.
    pub(crate) fn push(&mut self, key: &[u8], set: &[u8]) {
        let place = self.nodes.spread.place(key);
        let node = Node::single(key, set);
        node.sets().for_each(|set| self.ends.add(set));
        self.redirect |= !key.is_empty() && node.redirects();
        self.entries.push((place, node));
    }

    /// Puts the sets of each name together, and makes the empty non-terminals above.
    ///
    /// A type twice at one name is refused, and a CNAME beside other types.
    pub(crate) fn build(mut self) -> Result<Nodes, ZoneError> {
        self.sort();
        self.join()?;
        self.hang();
        let mut nodes = self.nodes;
        if self.redirect {
            let redirects = self.entries.iter().filter(|(_, node)| node.redirects());
            nodes.redirections = redirects.count();
        }
        nodes.ends = self.ends.build();
        nodes.nodes = Trie::of_sorted(self.entries);
        Ok(nodes)
    }

    fn sort(&mut self) {
        self.entries.par_sort_unstable_by(order);
    }

    /// Makes one node of all that have the same key.
    fn join(&mut self) -> Result<(), ZoneError> {
        let entries = std::mem::take(&mut self.entries);
        self.entries.reserve_exact(entries.len());
        for (place, node) in entries {
            let Some((_, last)) = self
                .entries
                .last_mut()
                .filter(|(before, last)| *before == place && last.key() == node.key())
            else {
                self.entries.push((place, node));
                continue;
            };
            let owner = || presentation(&self.nodes.name(node.key()));
            for set in node.sets() {
                let record_type = set.record_type();
                if last.has(record_type) {
                    return Err(ZoneError::StoredSet {
                        owner: owner(),
                        record_type,
                        fault: SetFault::Twice,
                    });
                }
                *last = last.with_set(record_type, Some(&set.pack()));
                if last.has(RecordType::CNAME) {
                    return Err(ZoneError::CnameAndOtherData(owner()));
                }
            }
        }
        Ok(())
    }

    /// Counts the names below each, and adds the empty non-terminals.
    fn hang(&mut self) {
        let mut below = HashMap::<Vec<u8>, u32>::new();
        for (_, node) in &self.entries {
            let mut key = node.key();
            while let Some(above) = key_parent(key) {
                if let Some(count) = below.get_mut(above) {
                    *count = count.saturating_add(1);
                    break;
                }
                below.insert(above.to_vec(), 1);
                if self.find(above).is_ok() {
                    break; // it hangs by itself
                }
                key = above;
            }
        }
        let mut empty = Vec::new();
        for (key, count) in below {
            match self.find(&key).map(|at| self.entries.get_mut(at)) {
                Ok(Some((_, node))) => *node = node.with_children(count),
                _ => empty.push((
                    self.nodes.spread.place(key.as_slice()),
                    Node::empty(&key, count),
                )),
            }
        }
        if !empty.is_empty() {
            self.entries.append(&mut empty);
            self.sort();
        }
    }

    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        let place = self.nodes.spread.place(key);
        let entries = &self.entries;
        entries.binary_search_by(|other| by_place(other, place, key))
    }
}
