//! When signatures end: how many do at each moment, so that nobody looks through a zone for it.

use std::collections::BTreeMap;
use std::ops::Bound;

use payname_resolver::UnixTime;
use rpds::RedBlackTreeMapSync;

use crate::keys::{KeyTags, ZoneKeys};
use crate::packed::Stored;
use crate::sign::Renewal;

/// How many sets' signatures end at each moment, apart for the keys and what they were used for.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    counts: RedBlackTreeMapSync<End, u32>,
    /// No signature begins later; the one that began then may be gone.
    begun: UnixTime,
}

/// Whether the set tells of the zone's keys, the tags of the keys that signed it, and the time.
type End = (bool, KeyTags, u64);

impl Ends {
    pub(crate) fn new() -> Self {
        Self {
            counts: RedBlackTreeMapSync::new_sync(),
            begun: UnixTime(0),
        }
    }

    /// Counts many sets at once.
    pub(crate) fn of<'a>(sets: impl Iterator<Item = Stored<'a>>) -> Self {
        EndsBuilder::of(sets).build()
    }

    /// Counts a set that is stored from now on; an unsigned one does not count.
    pub(crate) fn add(&mut self, set: Option<Stored<'_>>) {
        self.begun = self.begun.max(begin(set));
        if let Some(end) = set.and_then(end) {
            self.raise(end, 1);
        }
    }

    /// Counts a set no more.
    pub(crate) fn drop(&mut self, set: Option<Stored<'_>>) {
        if let Some(end) = set.and_then(end) {
            self.lower(end, 1);
        }
    }

    /// Counts many sets that are stored from now on, and others no more.
    pub(crate) fn exchange(&mut self, added: EndsBuilder, dropped: EndsBuilder) {
        self.begun = self.begun.max(added.begun);
        let added = added.counts.into_iter();
        added.for_each(|(end, by)| self.raise(end, by));
        let dropped = dropped.counts.into_iter();
        dropped.for_each(|(end, by)| self.lower(end, by));
    }

    fn raise(&mut self, end: End, by: u32) {
        let count = self.counts.get(&end).copied().unwrap_or_default();
        self.counts.insert_mut(end, count.saturating_add(by));
    }

    fn lower(&mut self, end: End, by: u32) {
        let count = self.counts.get(&end).copied().unwrap_or_default();
        match count.saturating_sub(by) {
            0 => {
                self.counts.remove_mut(&end);
            }
            left => self.counts.insert_mut(end, left),
        }
    }

    /// Whether any signature may begin after this time.
    pub(crate) fn may_begin_after(&self, time: UnixTime) -> bool {
        self.begun > time
    }

    /// How many signed sets there are.
    pub(crate) fn count(&self) -> usize {
        let counts = self.counts.values().map(|count| *count as usize);
        counts.fold(0, usize::saturating_add)
    }

    /// Whether any signature may be of the key with this tag.
    pub(crate) fn are_of(&self, tag: u16) -> bool {
        self.counts.keys().any(|(_, tags, _)| tags.may_contain(tag))
    }

    /// The first of them.
    pub(crate) fn first(&self) -> Option<UnixTime> {
        let firsts = self.outermost().map(|((_, _, first), _)| UnixTime(first));
        firsts.min()
    }

    /// Whether any is to be made again.
    pub(crate) fn any_due(&self, renewal: Renewal<'_>) -> bool {
        // A signature is due that ends too early or too late, so the outermost tell of all.
        self.outermost().any(|((of_keys, tags, first), last)| {
            [first, last]
                .map(UnixTime)
                .into_iter()
                .any(|end| renewal.is_over(of_keys, tags, end))
        })
    }

    /// How urgent those are that are to be made again, and how many of each.
    pub(crate) fn due(&self, renewal: Renewal<'_>) -> impl Iterator<Item = (UnixTime, u32)> {
        let due = self.counts.iter().filter(move |((of_keys, tags, end), _)| {
            renewal.is_over(*of_keys, *tags, UnixTime(*end))
        });
        due.map(move |((_, _, end), count)| (renewal.urgency(UnixTime(*end)), *count))
    }

    /// For the same keys and use: the first end, and the time of the last.
    fn outermost(&self) -> impl Iterator<Item = (End, u64)> {
        let mut from = self.counts.first().map(|(end, _)| *end);
        std::iter::from_fn(move || {
            let first = from?;
            let (of_keys, tags, _) = first;
            let end = (of_keys, tags, u64::MAX);
            let (last, _) = self.counts.range(first..=end).next_back()?;
            let mut later = self.counts.range((Bound::Excluded(end), Bound::Unbounded));
            from = later.next().map(|(end, _)| *end);
            Some((first, last.2))
        })
    }
}

/// Ends that are counted, much quicker than one by one.
#[derive(Debug)]
pub(crate) struct EndsBuilder {
    counts: BTreeMap<End, u32>,
    begun: UnixTime,
}

impl Default for EndsBuilder {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            begun: UnixTime(0),
        }
    }
}

impl EndsBuilder {
    pub(crate) fn of<'a>(sets: impl Iterator<Item = Stored<'a>>) -> Self {
        let mut counts = Self::default();
        sets.for_each(|set| counts.add(set));
        counts
    }

    pub(crate) fn add(&mut self, set: Stored<'_>) {
        self.begun = self.begun.max(begin(Some(set)));
        if let Some(end) = end(set) {
            let count = self.counts.entry(end).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Counts what another has counted as well.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.begun = self.begun.max(other.begun);
        for (end, by) in other.counts {
            let count = self.counts.entry(end).or_default();
            *count = count.saturating_add(by);
        }
        self
    }

    pub(crate) fn build(self) -> Ends {
        let mut ends = Ends::new();
        ends.exchange(self, Self::default());
        ends
    }
}

/// When the signatures of a set begin; long ago where it has none.
fn begin(set: Option<Stored<'_>>) -> UnixTime {
    let begin = set.and_then(|set| set.begins_at());
    begin.unwrap_or(UnixTime(0))
}

fn end(set: Stored<'_>) -> Option<End> {
    let of_keys = ZoneKeys::is_of_keys(set.record_type());
    Some((of_keys, set.key_tags()?, set.expires_at()?.0))
}
