//! What one NSEC record shows (RFC 4034 §4, RFC 4035 §5.4, RFC 6840 §4).

use hickory_proto::rr::{Name, RecordType};

use super::{name_from_wire, signature::name_length};

/// The NXNAME pseudo-type: the name does not exist (RFC 9824 §3.2).
pub(super) const NXNAME: RecordType = RecordType::Unknown(128);

/// The types at a name, as NSEC and NSEC3 list them (RFC 4034 §4.1.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct TypeBitmap<'p>(&'p [u8]);

impl<'p> TypeBitmap<'p> {
    /// Takes the windows apart once to see that they are well-formed.
    pub(super) fn read(bytes: &'p [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut last = None;
        while let Some((&[window, length], behind)) = rest.split_first_chunk::<2>() {
            if !(1..=32).contains(&length) || last.is_some_and(|last| last >= window) {
                return None;
            }
            last = Some(window);
            rest = behind.get(usize::from(length)..)?;
        }
        rest.is_empty().then_some(Self(bytes))
    }

    pub(super) fn contains(self, record_type: RecordType) -> bool {
        let [wanted, low] = u16::from(record_type).to_be_bytes();
        let mut rest = self.0;
        while let Some((&[window, length], behind)) = rest.split_first_chunk::<2>() {
            let Some((bitmap, behind)) = behind.split_at_checked(usize::from(length)) else {
                return false;
            };
            if window == wanted {
                let mask = 0x80u8 >> (low & 7);
                return bitmap
                    .get(usize::from(low >> 3))
                    .is_some_and(|byte| byte & mask != 0);
            }
            rest = behind;
        }
        false
    }

    /// Whether these types are listed and no other.
    pub(super) fn is_exactly(self, record_types: &[RecordType]) -> bool {
        let mut rest = self.0;
        let mut listed = 0_u32;
        while let Some((&[_, length], behind)) = rest.split_first_chunk::<2>() {
            let Some((bitmap, behind)) = behind.split_at_checked(usize::from(length)) else {
                return false;
            };
            let ones = bitmap.iter().map(|byte| byte.count_ones());
            listed = listed.saturating_add(ones.sum());
            rest = behind;
        }
        usize::try_from(listed) == Ok(record_types.len())
            && record_types.iter().all(|listed| self.contains(*listed))
    }

    /// The parent's side of a zone cut: it speaks only for its DS record (RFC 6840 §4.1).
    pub(super) fn is_delegation(self) -> bool {
        self.contains(RecordType::NS) && !self.contains(RecordType::SOA)
    }

    /// Whether names below this one are somebody else's matter (RFC 6840 §4.1).
    pub(super) fn ends_authority(self) -> bool {
        self.is_delegation() || self.contains(RecordType::DNAME)
    }

    /// Whether records of `record_type` are denied at the name that has these types.
    pub(super) fn denies(self, record_type: RecordType, owner_is_root: bool) -> bool {
        if self.contains(record_type) || self.contains(RecordType::CNAME) {
            return false;
        }
        if record_type == RecordType::DS {
            // The zone itself does not know its DS record; only the root has no parent to ask.
            !self.contains(RecordType::SOA) || owner_is_root
        } else {
            !self.is_delegation()
        }
    }

    /// An unsigned delegation: name servers, and no DS record.
    pub(super) fn is_insecure_delegation(self) -> bool {
        self.is_delegation() && !self.contains(RecordType::DS)
    }
}

/// An NSEC record.
#[derive(Debug)]
pub(super) struct Nsec<'p> {
    pub(super) owner: &'p Name,
    pub(super) next: Name,
    pub(super) types: TypeBitmap<'p>,
}

impl<'p> Nsec<'p> {
    pub(super) fn read(owner: &'p Name, rdata: &'p [u8]) -> Option<Self> {
        let (next, types) = rdata.split_at_checked(name_length(rdata)?)?;
        Some(Self {
            owner,
            next: name_from_wire(next)?,
            types: TypeBitmap::read(types)?,
        })
    }

    /// Whether `name` lies strictly between owner and next, going round at the end of `zone`.
    fn spans(&self, zone: &Name, name: &Name) -> bool {
        if !zone.zone_of(name) || !zone.zone_of(self.owner) {
            return false;
        }
        if *self.owner < self.next {
            *self.owner < *name && *name < self.next
        } else {
            // Only the last record of the chain points back, and only to the apex.
            self.next == *zone && *self.owner < *name
        }
    }

    /// Whether it shows that neither `name` nor anything below it exists in `zone`.
    pub(super) fn covers(&self, zone: &Name, name: &Name) -> bool {
        self.spans(zone, name)
            && !self.next_is_below(name)
            && !(self.owner.zone_of(name) && self.types.ends_authority())
    }

    /// Whether it shows that `name` exists only because something below it does (RFC 4592 §2.2.2).
    pub(super) fn shows_empty_non_terminal(&self, zone: &Name, name: &Name) -> bool {
        self.spans(zone, name)
            && self.next_is_below(name)
            && !(self.owner.zone_of(name) && self.types.ends_authority())
    }

    /// The longest ancestor of a covered `name` that must exist, since owner or next are below it.
    pub(super) fn closest_encloser(&self, name: &Name) -> Name {
        let shared = common_labels(name, self.owner).max(common_labels(name, &self.next));
        name.trim_to(shared)
    }

    /// Whether it says that its owner does not exist (compact denial, RFC 9824 §3.1). One that
    /// lists anything else beside speaks of a name that is there, whatever it says.
    pub(super) fn denies_its_name(&self) -> bool {
        self.types
            .is_exactly(&[RecordType::RRSIG, RecordType::NSEC, NXNAME])
    }

    fn next_is_below(&self, name: &Name) -> bool {
        name.zone_of(&self.next) && *name != self.next
    }
}

/// How many labels, from the root, two names share.
fn common_labels(one: &Name, other: &Name) -> usize {
    one.iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(|(left, right)| left.eq_ignore_ascii_case(right))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    /// An NSEC from `owner` to `next` with NS (2), SOA (6), TXT (16), DNAME (39) as asked for.
    fn check<T>(owner: &str, next: &str, types: &[u8], then: impl Fn(&Nsec<'_>) -> T) -> T {
        let mut rdata = Vec::new();
        super::super::write_name(&name(next), &mut rdata);
        let mut bitmap = [0u8; 8];
        for number in types {
            bitmap[usize::from(number >> 3)] |= 0x80 >> (number & 7);
        }
        rdata.extend([0, 8]);
        rdata.extend(bitmap);
        let owner = name(owner);
        then(&Nsec::read(&owner, &rdata).unwrap())
    }

    fn covers(owner: &str, next: &str, types: &[u8], denied: &str) -> bool {
        check(owner, next, types, |nsec| {
            nsec.covers(&name("z."), &name(denied))
        })
    }

    #[test]
    fn a_matching_record_is_not_a_covering_one() {
        assert!(!covers("b.z.", "d.z.", &[16], "b.z."));
        assert!(!covers("b.z.", "d.z.", &[16], "d.z."));
        assert!(covers("b.z.", "d.z.", &[16], "c.z."));
        assert!(!covers("b.z.", "z.", &[16], "b.z."));
    }

    #[test]
    fn the_last_record_goes_round_only_to_the_apex() {
        assert!(covers("x.z.", "z.", &[16], "y.z."));
        assert!(!covers("x.z.", "z.", &[16], "a.z."));
        assert!(!covers("x.z.", "b.z.", &[16], "y.z."));
    }

    #[test]
    fn an_empty_non_terminal_is_not_covered_but_shown() {
        assert!(!covers("a.z.", "x.c.z.", &[16], "c.z."));
        let shown = |owner, next, types: &[u8], name_below| {
            check(owner, next, types, |nsec| {
                nsec.shows_empty_non_terminal(&name("z."), &name(name_below))
            })
        };
        assert!(shown("a.z.", "x.c.z.", &[16], "c.z."));
        assert!(shown("z.", "x.c.z.", &[2, 6], "c.z."));
        // A cut speaks of the names beside it, and of none below it.
        assert!(shown("b.z.", "x.c.z.", &[2], "c.z."));
        assert!(!shown("b.z.", "x.c.b.z.", &[2], "c.b.z."));
    }

    #[test]
    fn the_parent_side_of_a_cut_denies_nothing_below_it() {
        assert!(!covers("b.z.", "d.z.", &[2], "x.b.z."));
        assert!(!covers("b.z.", "d.z.", &[39], "x.b.z."));
        assert!(covers("b.z.", "d.z.", &[2], "c.z."));
        assert!(covers("z.", "d.z.", &[2, 6], "c.z."));
    }

    #[test]
    fn names_of_another_zone_are_never_covered() {
        assert!(!covers("b.z.", "d.z.", &[16], "c.y."));
        assert!(!covers("b.y.", "d.y.", &[16], "c.z."));
        assert!(!covers("b.y.", "d.zz.", &[16], "c.z."));
        assert!(!covers("x.z.", "z.", &[16], "a.zz."));
    }

    #[test]
    fn the_closest_encloser_is_the_longest_shared_ancestor() {
        let encloser = check("a.b.z.", "x.z.", &[16], |nsec| {
            nsec.closest_encloser(&name("q.c.b.z."))
        });
        assert_eq!(encloser, name("b.z."));
    }

    #[test]
    fn malformed_bitmaps_are_refused() {
        for bytes in [
            &[0][..],
            &[0, 0],
            &[0, 33],
            &[0, 2, 1],
            &[1, 1, 1, 0, 1, 1],
            &[0, 1, 1, 0, 1, 1],
        ] {
            assert!(TypeBitmap::read(bytes).is_none(), "{bytes:?}");
        }
        let types = TypeBitmap::read(&[0, 1, 0x40, 1, 1, 0x40]).unwrap();
        assert!(types.contains(RecordType::A) && types.contains(RecordType::CAA));
        assert!(!types.contains(RecordType::TXT));
    }
}
