//! Many items put into a trie at once: each page is made once, and subtrees on all cores.

use std::cmp::Ordering;

use rayon::prelude::*;
use triomphe::Arc;

use super::{FAN, FULL, Item, Page, Trie, deeper, slot};

/// How many entries make it worth while to wake another thread.
const MANY: usize = 1024;

impl<T: Item> Trie<T> {
    /// A trie of all these items, sorted by place and key, none twice.
    pub(crate) fn of_sorted(entries: Vec<(u64, T)>) -> Self {
        Self {
            root: Page::of_sorted(entries, 0),
        }
    }

    /// Puts all these items, sorted by place and key, none twice, in the place of those with the
    /// same keys, if there are any.
    pub(crate) fn merge(&mut self, entries: Vec<(u64, T)>) {
        self.root.merge(entries, 0);
    }
}

impl<T: Item> Page<T> {
    /// A page of sorted entries, with branches below it where they are too many.
    pub(super) fn of_sorted(entries: Vec<(u64, T)>, depth: u32) -> Self {
        if entries.len() <= FULL || depth >= u64::BITS {
            return Self::leaf(entries);
        }
        let mut children = [const { Self::Empty }; FAN];
        Self::share_out(&mut children, entries, depth);
        Self::Branch(Arc::new(children))
    }

    fn merge(&mut self, entries: Vec<(u64, T)>, depth: u32) {
        match self {
            Self::Empty => *self = Self::of_sorted(entries, depth),
            Self::Leaf(_) if entries.is_empty() => {}
            Self::Leaf(old) => *self = Self::of_sorted(merged(&old.slice, entries), depth),
            Self::Branch(children) => Self::share_out(Arc::make_mut(children), entries, depth),
        }
    }

    /// Gives each child what belongs to it.
    fn share_out(children: &mut [Self; FAN], entries: Vec<(u64, T)>, depth: u32) {
        let are_many = entries.len() >= MANY;
        let parts = parts(entries, depth);
        let pairs = children.iter_mut().zip(parts);
        let pairs = pairs.filter(|(_, part)| !part.is_empty());
        if are_many {
            let pairs: Vec<_> = pairs.collect();
            pairs
                .into_par_iter()
                .for_each(|(child, part)| child.merge(part, deeper(depth)));
        } else {
            pairs.for_each(|(child, part)| child.merge(part, deeper(depth)));
        }
    }
}

/// Sorted entries by the child they belong to.
fn parts<T>(mut entries: Vec<(u64, T)>, depth: u32) -> [Vec<(u64, T)>; FAN] {
    let mut parts = [const { Vec::new() }; FAN];
    for (at, part) in parts.iter_mut().enumerate().rev() {
        let before = entries.partition_point(|(place, _)| slot(*place, depth) < at);
        *part = entries.split_off(before);
    }
    parts
}

/// Both lists in one, the new item where both have one.
fn merged<T: Item>(old: &[(u64, T)], new: Vec<(u64, T)>) -> Vec<(u64, T)> {
    let mut all = Vec::with_capacity(old.len().saturating_add(new.len()));
    let mut old = old.iter().peekable();
    for (place, item) in new {
        while let Some((other_place, other)) = old.peek() {
            let by_place = other_place.cmp(&place);
            match by_place.then_with(|| other.key().cmp(item.key())) {
                Ordering::Less => all.extend(old.next().cloned()),
                Ordering::Equal => drop(old.next()),
                Ordering::Greater => break,
            }
        }
        all.push((place, item));
    }
    all.extend(old.cloned());
    all
}
