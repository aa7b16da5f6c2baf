//! A persistent ordered trie over keys that are spread evenly, such as hashes.
//!
//! Cloning costs nothing: copies share all pages but those on the path to what one of them changes.
//! That is how readers keep a whole zone while the next one is made. Keys go by their first 64
//! bits, their *place*; entries at one place are told apart by what they compare to.

mod differences;
mod merging;
mod search;

use triomphe::{Arc, ThinArc};

pub(crate) use differences::Difference;
pub(crate) use search::Search;

/// Bits of the place that one branch decides on.
const BITS: u32 = 4;
/// Children of a branch.
const FAN: usize = 1 << BITS;
/// How many entries a page holds before it becomes a branch.
const FULL: usize = 32;

/// What a trie holds.
pub(crate) trait Item: Clone + Send + Sync {
    /// By what it is looked up, together with its place.
    type Key: Ord + ?Sized;

    /// The key of this item.
    fn key(&self) -> &Self::Key;

    /// Whether the other is this very item, so that there is no need to look into it.
    fn is_same(&self, other: &Self) -> bool;
}

/// Items in the order of their keys.
#[derive(Debug, Clone)]
pub(crate) struct Trie<T> {
    root: Page<T>,
}

#[derive(Debug, Clone)]
enum Page<T> {
    Empty,
    Leaf(ThinArc<(), (u64, T)>),
    Branch(Arc<[Page<T>; FAN]>),
}

impl<T: Item> Trie<T> {
    pub(crate) fn new() -> Self {
        Self { root: Page::Empty }
    }

    /// Whether the other is this very trie, unchanged.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.root.is_same(&other.root)
    }

    pub(crate) fn get(&self, place: u64, key: &T::Key) -> Option<&T> {
        let mut page = &self.root;
        let mut depth = 0;
        loop {
            match page {
                Page::Empty => return None,
                Page::Leaf(entries) => {
                    let at = find(&entries.slice, place, key).ok()?;
                    return entries.slice.get(at).map(|(_, item)| item);
                }
                Page::Branch(children) => {
                    page = children.get(slot(place, depth))?;
                    depth = deeper(depth);
                }
            }
        }
    }

    /// Puts an item in the place of the one with the same key, if there is one.
    pub(crate) fn insert(&mut self, place: u64, key: &T::Key, item: T) {
        self.root.insert(place, 0, key, item);
    }

    pub(crate) fn remove(&mut self, place: u64, key: &T::Key) {
        self.root.remove(place, 0, key);
    }

    /// The last item before a key.
    pub(crate) fn before(&self, place: u64, key: &T::Key) -> Option<&T> {
        self.root.before(place, 0, key)
    }

    /// The first item after a key.
    pub(crate) fn after(&self, place: u64, key: &T::Key) -> Option<&T> {
        self.root.after(place, 0, key)
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.root.first()
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.root.last()
    }

    /// All items in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.root.entries().map(|(_, item)| item)
    }
}

impl<T: Item + 'static> Trie<T> {
    /// All items in order, holding on to the trie as it is now.
    pub(crate) fn owned(&self) -> impl Iterator<Item = T> + use<T> {
        let mut pages = vec![self.root.clone()];
        let leaves = std::iter::from_fn(move || {
            loop {
                match pages.pop()? {
                    Page::Empty => {}
                    Page::Leaf(entries) => return Some(entries),
                    Page::Branch(children) => pages.extend(children.iter().rev().cloned()),
                }
            }
        });
        leaves.flat_map(|entries| {
            let mut at = 0..entries.slice.len();
            std::iter::from_fn(move || {
                let (_, item) = entries.slice.get(at.next()?)?;
                Some(item.clone())
            })
        })
    }
}

impl<T: Item> Page<T> {
    fn leaf(entries: Vec<(u64, T)>) -> Self {
        if entries.is_empty() {
            return Self::Empty;
        }
        Self::Leaf(ThinArc::from_header_and_iter((), entries.into_iter()))
    }

    /// What is below this page, in order.
    fn entries(&self) -> impl Iterator<Item = &(u64, T)> {
        let mut pages = vec![self];
        std::iter::from_fn(move || {
            loop {
                match pages.pop()? {
                    Self::Empty => {}
                    Self::Leaf(entries) => return Some(entries.slice.iter()),
                    Self::Branch(children) => pages.extend(children.iter().rev()),
                }
            }
        })
        .flatten()
    }

    /// Whether the other is this very page, so that there is no need to look into it.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Empty, Self::Empty) => true,
            (Self::Leaf(one), Self::Leaf(other)) => one.as_ptr() == other.as_ptr(),
            (Self::Branch(one), Self::Branch(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    fn insert(&mut self, place: u64, depth: u32, key: &T::Key, item: T) {
        let mut entries = match self {
            Self::Empty => Vec::with_capacity(1),
            Self::Leaf(entries) => {
                let mut copy = Vec::with_capacity(entries.slice.len().saturating_add(1));
                copy.extend_from_slice(&entries.slice);
                copy
            }
            Self::Branch(children) => {
                if let Some(child) = Arc::make_mut(children).get_mut(slot(place, depth)) {
                    child.insert(place, deeper(depth), key, item);
                }
                return;
            }
        };
        match find(&entries, place, key) {
            Ok(at) => {
                if let Some(entry) = entries.get_mut(at) {
                    entry.1 = item;
                }
            }
            Err(at) => entries.insert(at, (place, item)),
        }
        *self = Self::of_sorted(entries, depth);
    }

    fn remove(&mut self, place: u64, depth: u32, key: &T::Key) {
        match self {
            Self::Empty => {}
            Self::Leaf(entries) => {
                if let Ok(at) = find(&entries.slice, place, key) {
                    let mut copy = entries.slice.to_vec();
                    copy.remove(at);
                    *self = Self::leaf(copy);
                }
            }
            Self::Branch(children) => {
                let children = Arc::make_mut(children);
                if let Some(child) = children.get_mut(slot(place, depth)) {
                    child.remove(place, deeper(depth), key);
                }
                if children.iter().all(|child| matches!(child, Self::Empty)) {
                    *self = Self::Empty;
                }
            }
        }
    }

    fn before(&self, place: u64, depth: u32, key: &T::Key) -> Option<&T> {
        match self {
            Self::Empty => None,
            Self::Leaf(entries) => {
                let (Ok(at) | Err(at)) = find(&entries.slice, place, key);
                let (_, item) = entries.slice.get(at.checked_sub(1)?)?;
                Some(item)
            }
            Self::Branch(children) => {
                let (before, rest) = children.split_at_checked(slot(place, depth))?;
                let here = rest.first()?.before(place, deeper(depth), key);
                here.or_else(|| before.iter().rev().find_map(Self::last))
            }
        }
    }

    fn after(&self, place: u64, depth: u32, key: &T::Key) -> Option<&T> {
        match self {
            Self::Empty => None,
            Self::Leaf(entries) => {
                let at = match find(&entries.slice, place, key) {
                    Ok(at) => at.saturating_add(1),
                    Err(at) => at,
                };
                entries.slice.get(at).map(|(_, item)| item)
            }
            Self::Branch(children) => {
                let (_, rest) = children.split_at_checked(slot(place, depth))?;
                let (here, after) = rest.split_first()?;
                let here = here.after(place, deeper(depth), key);
                here.or_else(|| after.iter().find_map(Self::first))
            }
        }
    }

    fn first(&self) -> Option<&T> {
        match self {
            Self::Empty => None,
            Self::Leaf(entries) => entries.slice.first().map(|(_, item)| item),
            Self::Branch(children) => children.iter().find_map(Self::first),
        }
    }

    fn last(&self) -> Option<&T> {
        match self {
            Self::Empty => None,
            Self::Leaf(entries) => entries.slice.last().map(|(_, item)| item),
            Self::Branch(children) => children.iter().rev().find_map(Self::last),
        }
    }
}

/// Which child of a branch at this depth a place lies in.
fn slot(place: u64, depth: u32) -> usize {
    let rest = place.checked_shl(depth).unwrap_or(0);
    (rest >> (u64::BITS - BITS)) as usize // four bits
}

fn deeper(depth: u32) -> u32 {
    depth.saturating_add(BITS)
}

/// Where a key is in a page, or where it belongs.
fn find<T: Item>(entries: &[(u64, T)], place: u64, key: &T::Key) -> Result<usize, usize> {
    entries.binary_search_by(|(other, item)| {
        let by_place = other.cmp(&place);
        by_place.then_with(|| item.key().cmp(key))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A number that is its own key, with a tag that shows which insertion made it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Tagged([u64; 2], usize);

    impl Item for Tagged {
        type Key = [u64; 2];

        fn key(&self) -> &[u64; 2] {
            &self.0
        }

        fn is_same(&self, other: &Self) -> bool {
            self == other
        }
    }

    /// Spread evenly, or all in a few places, which a branch cannot tell apart.
    fn key(dice: &mut u64, crowded: bool) -> [u64; 2] {
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let drawn = dice.rotate_left(29) >> 52;
        if crowded {
            [drawn % 3, drawn]
        } else {
            [drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15), drawn]
        }
    }

    #[test]
    fn it_holds_what_a_sorted_map_holds_after_any_changes() {
        for crowded in [false, true] {
            let mut dice = 353;
            let (mut trie, mut map) = (Trie::new(), BTreeMap::new());
            for step in 0..20_000 {
                let key = key(&mut dice, crowded);
                if step % 3 == 0 {
                    trie.remove(key[0], &key);
                    map.remove(&key);
                } else {
                    trie.insert(key[0], &key, Tagged(key, step));
                    map.insert(key, Tagged(key, step));
                }
                let before = map.range(..key).next_back();
                assert_eq!(trie.before(key[0], &key), before.map(|(_, item)| item));
                let mut after = map.range(key..).filter(|(other, _)| **other != key);
                assert_eq!(trie.after(key[0], &key), after.next().map(|(_, item)| item));
                assert_eq!(trie.get(key[0], &key), map.get(&key));
            }
            assert!(map.len() > 1000);
            assert!(trie.iter().eq(map.values()));
            assert_eq!(trie.first(), map.values().next());
            assert_eq!(trie.last(), map.values().next_back());
            for key in map.keys() {
                trie.remove(key[0], key);
            }
            assert_eq!(trie.iter().count(), 0);
        }
    }

    #[test]
    fn a_copy_stays_as_it_was_while_the_other_changes() {
        let mut dice = 7;
        let mut trie = Trie::new();
        for step in 0..2000 {
            let key = key(&mut dice, false);
            trie.insert(key[0], &key, Tagged(key, step));
        }
        let (copy, before) = (trie.clone(), trie.iter().cloned().collect::<Vec<_>>());
        for item in &before {
            trie.remove(item.0[0], &item.0);
        }
        trie.insert(1, &[1, 1], Tagged([1, 1], 0));
        assert!(copy.iter().eq(before.iter()));
    }
}
