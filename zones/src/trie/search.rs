//! A lookup made step by step, so that several can be made side by side.

use super::{Item, Page, Trie, deeper, slot};

/// A lookup under way.
pub(crate) struct Search<'t, T> {
    page: &'t Page<T>,
    place: u64,
    depth: u32,
}

impl<'t, T: Item> Search<'t, T> {
    /// Begins at the root.
    pub(crate) fn new(trie: &'t Trie<T>, place: u64) -> Self {
        let page = &trie.root;
        Self {
            page,
            place,
            depth: 0,
        }
    }

    /// Goes on to the page below, if there is one.
    pub(crate) fn descend(&mut self) -> bool {
        let Page::Branch(children) = self.page else {
            return false;
        };
        let Some(child) = children.get(slot(self.place, self.depth)) else {
            return false;
        };
        self.page = child;
        self.depth = deeper(self.depth);
        true
    }

    /// How many entries the page has; to know it is to have fetched the page.
    pub(crate) fn entries(&self) -> usize {
        match self.page {
            Page::Leaf(entries) => entries.slice.len(),
            Page::Empty | Page::Branch(_) => 0,
        }
    }

    /// An item at the place, once nothing is below.
    pub(crate) fn found(&self) -> Option<&'t T> {
        let Page::Leaf(entries) = self.page else {
            return None;
        };
        let at = entries
            .slice
            .binary_search_by(|(other, _)| other.cmp(&self.place));
        entries.slice.get(at.ok()?).map(|(_, item)| item)
    }
}
