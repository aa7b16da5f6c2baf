//! Which keys signed a record set.

/// The tags of the keys that signed one record set, in order: one, or two while a zone goes from
/// one algorithm to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyTags {
    lower: u16,
    higher: Option<u16>,
    /// Whether there are others, which are not told; only a zone from elsewhere has any.
    more: bool,
}

impl KeyTags {
    /// These tags; none without any. Of more than two, as a zone from elsewhere may have, the
    /// first two, and that there are more.
    pub(crate) fn of(tags: impl IntoIterator<Item = u16>) -> Option<Self> {
        let mut tags = tags.into_iter();
        let first = tags.next()?;
        let second = tags.next();
        let more = tags.next().is_some();
        Some(match second {
            Some(second) if second < first => Self {
                lower: second,
                higher: Some(first),
                more,
            },
            higher => Self {
                lower: first,
                higher,
                more,
            },
        })
    }

    /// Whether a tag may be among these: always, where not all are told.
    pub(crate) fn may_contain(self, tag: u16) -> bool {
        self.more || self.contains(tag)
    }

    /// The tags, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = u16> {
        [Some(self.lower), self.higher].into_iter().flatten()
    }

    pub(crate) fn contains(self, tag: u16) -> bool {
        self.iter().any(|other| other == tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_keys_are_the_same_in_any_order() {
        assert_eq!(KeyTags::of([3, 1]), KeyTags::of([1, 3]));
        assert_ne!(KeyTags::of([1]), KeyTags::of([1, 3]));
        assert_eq!(KeyTags::of([]), None);
        let both = KeyTags::of([3, 1]).unwrap();
        assert_eq!(both.iter().collect::<Vec<_>>(), [1, 3]);
        assert!(both.contains(3) && !both.contains(2) && !both.may_contain(2));
        let many = KeyTags::of([3, 1, 2]).unwrap();
        assert!(many.may_contain(2) && many != both);
    }
}
