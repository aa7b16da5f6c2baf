//! Where two tries differ, found without looking at the pages that both share.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::{Item, Page, Trie};

/// What stands at one key: an item of the newer trie, of the older, or of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Difference<'a, T> {
    pub(crate) newer: Option<&'a T>,
    pub(crate) older: Option<&'a T>,
}

impl<T: Item> Trie<T> {
    /// The keys at which the two may differ, in order. What costs time is the difference: a page
    /// or an item that both share is passed over unread.
    pub(crate) fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> impl Iterator<Item = Difference<'a, T>> + 'a {
        let mut pages = vec![(&self.root, &older.root)];
        let differing = std::iter::from_fn(move || {
            loop {
                let (newer, older) = pages.pop()?;
                if newer.is_same(older) {
                    continue;
                }
                let (Page::Branch(newer), Page::Branch(older)) = (newer, older) else {
                    return Some(merge(newer, older));
                };
                pages.extend(newer.iter().zip(older.iter()).rev());
            }
        });
        differing.flatten().filter(Difference::is_one)
    }
}

impl<T: Item + 'static> Trie<T> {
    /// The same, newer and older, holding on to both tries as they are now; of what is told no more than
    /// a page is kept at a time.
    pub(crate) fn owned_differences(
        &self,
        older: &Self,
    ) -> impl Iterator<Item = (Option<T>, Option<T>)> + use<T> {
        let mut pages = vec![(self.root.clone(), older.root.clone())];
        let differing = std::iter::from_fn(move || {
            loop {
                let (newer, older) = pages.pop()?;
                if newer.is_same(&older) {
                    continue;
                }
                let (Page::Branch(newer), Page::Branch(older)) = (&newer, &older) else {
                    let differing = merge(&newer, &older).filter(Difference::is_one);
                    return Some(differing.map(Difference::cloned).collect::<Vec<_>>());
                };
                pages.extend(newer.iter().cloned().zip(older.iter().cloned()).rev());
            }
        });
        differing.flatten()
    }
}

impl<T: Item> Difference<'_, T> {
    /// Whether the items are not the very same.
    fn is_one(&self) -> bool {
        let same = self.newer.zip(self.older);
        !same.is_some_and(|(newer, older)| newer.is_same(older))
    }

    fn cloned(self) -> (Option<T>, Option<T>) {
        (self.newer.cloned(), self.older.cloned())
    }
}

impl<'a, T> Difference<'a, T> {
    /// The differences of two tries whose places are not the same, by looking everything up.
    pub(crate) fn apart(
        newer: impl Iterator<Item = &'a T> + 'a,
        in_older: impl Fn(&T) -> Option<&'a T> + 'a,
        older: impl Iterator<Item = &'a T> + 'a,
        in_newer: impl Fn(&T) -> Option<&'a T> + 'a,
    ) -> impl Iterator<Item = Self> + 'a {
        let present = newer.map(move |item| Self {
            newer: Some(item),
            older: in_older(item),
        });
        let gone = older.filter(move |item| in_newer(item).is_none());
        present.chain(gone.map(|item| Self {
            newer: None,
            older: Some(item),
        }))
    }
}

/// What is below two pages, side by side.
fn merge<'a, T: Item>(
    newer: &'a Page<T>,
    older: &'a Page<T>,
) -> impl Iterator<Item = Difference<'a, T>> + 'a {
    let (mut newer, mut older) = (newer.entries().peekable(), older.entries().peekable());
    std::iter::from_fn(move || {
        let order = order(&mut newer, &mut older)?;
        let newer = (order != Ordering::Greater).then(|| newer.next());
        let older = (order != Ordering::Less).then(|| older.next());
        Some(Difference {
            newer: newer.flatten().map(|(_, item)| item),
            older: older.flatten().map(|(_, item)| item),
        })
    })
}

/// How the next entries stand to each other; none when there are no more.
fn order<'a, T: Item + 'a, I: Iterator<Item = &'a (u64, T)>>(
    newer: &mut Peekable<I>,
    older: &mut Peekable<I>,
) -> Option<Ordering> {
    match (newer.peek(), older.peek()) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some((place, item)), Some((other_place, other))) => {
            let by_place = place.cmp(other_place);
            Some(by_place.then_with(|| item.key().cmp(other.key())))
        }
    }
}
