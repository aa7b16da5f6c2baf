//! What differs between the registry and what a provider shows, and whether so much may be put right.

use std::collections::{BTreeMap, BTreeSet};

use payname_resolver::hickory_proto::rr::Name;

use crate::publisher::edit::{Found, Text};

/// So many changes and removals are always made.
const FEW: usize = 10;
/// More than this share of what is shown, in percent, is not: something else is wrong then.
const MOST_PERCENT: usize = 30;

/// What the registry says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is to have this record, or none, and all that was to be done about it was done.
    Settled(Option<Text>),
    /// A change of it is under way, which looks after it.
    Moving,
}

/// What is to be put right.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Names without the record that they should have.
    pub(crate) missing: Vec<Name>,
    /// Names with another record than they should have, or with several.
    pub(crate) wrong: Vec<Name>,
    /// Names with a record that should have none.
    pub(crate) surplus: Vec<Name>,
    /// Names with a record that were never registered: they are left to whoever made them.
    pub(crate) strange: Vec<Name>,
    /// How many names with payment records are shown, those of strangers not counted.
    pub(crate) shown: usize,
}

impl Plan {
    /// Compares what is known with what is shown. Of a name that is in neither, nothing is said.
    pub(crate) fn make(known: &BTreeMap<Name, Known>, shown: &[Found]) -> Self {
        let mut plan = Self::default();
        let mut seen = BTreeSet::new();
        let payments = shown
            .iter()
            .filter(|found| found.payments().next().is_some());
        for found in payments {
            seen.insert(&found.owner);
            let owner = || found.owner.clone();
            let (is_ours, place) = match known.get(&found.owner) {
                None => (false, Some(&mut plan.strange)),
                Some(Known::Moving) => (true, None),
                Some(Known::Settled(wanted)) if found.is_settled(wanted.as_ref()) => (true, None),
                Some(Known::Settled(None)) => (true, Some(&mut plan.surplus)),
                Some(Known::Settled(Some(_))) => (true, Some(&mut plan.wrong)),
            };
            if let Some(place) = place {
                place.push(owner());
            }
            plan.shown = plan.shown.saturating_add(is_ours.into());
        }
        let missing = known.iter().filter(|(owner, known)| {
            matches!(known, Known::Settled(Some(_))) && !seen.contains(owner)
        });
        plan.missing = missing.map(|(owner, _)| owner.clone()).collect();
        plan
    }

    /// How many records that are shown would be changed or taken away.
    pub(crate) fn changes(&self) -> usize {
        self.wrong.len().saturating_add(self.surplus.len())
    }

    /// Whether more of what is shown would be changed than anything but a mistake explains: another
    /// database, another zone, somebody else at work.
    ///
    /// Names that are missing do not count: showing what is registered takes nothing from anybody.
    pub(crate) fn is_alarming(&self) -> bool {
        let changes = self.changes();
        let percent = changes.saturating_mul(100);
        changes > FEW && percent > self.shown.saturating_mul(MOST_PERCENT)
    }

    /// The names to be put right.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        let all = [&self.missing, &self.wrong, &self.surplus];
        all.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that are the same in every run.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: u64) -> u64 {
            let factor = 6_364_136_223_846_793_005;
            self.0 = self.0.wrapping_mul(factor).wrapping_add(1);
            (self.0 >> 33) % end
        }
    }

    fn owner(user: u64) -> Name {
        let name = format!("user{user}.user._bitcoin-payment.example.test.");
        name.parse().unwrap()
    }

    fn text(joined: &str) -> Text {
        Text {
            strings: vec![joined.as_bytes().to_vec()],
            ttl: 300,
            id: None,
        }
    }

    fn found(user: u64, texts: &[&str]) -> Found {
        Found {
            owner: owner(user),
            texts: texts.iter().map(|joined| text(joined)).collect(),
        }
    }

    fn settled(range: std::ops::Range<u64>) -> BTreeMap<Name, Known> {
        let names = range.map(|user| {
            let wanted = Some(text(&format!("bitcoin:?{user}")));
            (owner(user), Known::Settled(wanted))
        });
        names.collect()
    }

    #[test]
    fn after_a_plan_is_carried_out_there_is_nothing_left_to_do() {
        let mut chance = Chance(7);
        for _ in 0..500 {
            let (mut known, mut shown) = (BTreeMap::new(), Vec::new());
            for user in 0..chance.below(40) {
                let value = |chance: &mut Chance| format!("bitcoin:?{}", chance.below(2));
                match chance.below(4) {
                    0 => {}
                    1 => drop(known.insert(owner(user), Known::Moving)),
                    2 => drop(known.insert(owner(user), Known::Settled(None))),
                    _ => {
                        let wanted = Some(text(&value(&mut chance)));
                        known.insert(owner(user), Known::Settled(wanted));
                    }
                }
                let texts: Vec<String> = (0..chance.below(4))
                    .map(|count| match chance.below(3) {
                        0 => format!("v=other {count}"),
                        _ => value(&mut chance),
                    })
                    .collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                shown.push(found(user, &texts));
            }
            let plan = Plan::make(&known, &shown);
            let planned: BTreeSet<&Name> = plan.names().collect();
            assert_eq!(planned.len(), plan.names().count(), "each name once");
            for found in &mut shown {
                let Some(Known::Settled(wanted)) = known.get(&found.owner) else {
                    assert!(!planned.contains(&found.owner), "not ours to change now");
                    continue;
                };
                let edit = found.edit(wanted.as_ref());
                assert_eq!(planned.contains(&found.owner), edit.is_some());
                if let Some(edit) = edit {
                    found.texts = edit.after;
                }
            }
            let again = Plan::make(&known, &shown);
            assert_eq!(again.names().count(), 0, "{again:?}");
            assert_eq!(again.strange, plan.strange);
        }
    }

    #[test]
    fn what_is_missing_wrong_surplus_and_strange_is_told_apart() {
        let mut known = settled(0..3);
        known.insert(owner(3), Known::Settled(None));
        known.insert(owner(4), Known::Moving);
        let shown = [
            found(0, &["bitcoin:?0", "v=other"]),
            found(1, &["bitcoin:?other"]),
            found(3, &["bitcoin:?3"]),
            found(4, &["bitcoin:?4"]),
            found(5, &["bitcoin:?5"]),
            found(6, &["v=other"]),
        ];
        let plan = Plan::make(&known, &shown);
        assert_eq!(plan.missing, [owner(2)]);
        assert_eq!(plan.wrong, [owner(1)]);
        assert_eq!(plan.surplus, [owner(3)]);
        assert_eq!(plan.strange, [owner(5)]);
        assert_eq!((plan.shown, plan.is_alarming()), (4, false));
    }

    #[test]
    fn a_plan_that_changes_more_than_a_third_alarms_and_a_tiny_one_does_not() {
        let plan = |changes: u64, shown: u64| {
            let shown: Vec<Found> = (0..shown)
                .map(|user| match user < changes {
                    true => found(user, &["bitcoin:?other"]),
                    false => found(user, &[&format!("bitcoin:?{user}")]),
                })
                .collect();
            Plan::make(&settled(0..1000), &shown).is_alarming()
        };
        assert!(!plan(10, 10), "all of a tiny zone");
        assert!(plan(11, 11));
        assert!(!plan(30, 100));
        assert!(plan(31, 100));
        assert!(!plan(0, 0), "an empty zone is filled");
        assert!(!plan(0, 500), "a half is missing");
    }
}
