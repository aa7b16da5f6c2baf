//! One existing name and the record sets at it, in one piece of memory.

use std::cmp::Ordering;

use hickory_proto::rr::RecordType;
use triomphe::ThinArc;

use crate::denial::Presence;
use crate::packed::{Packed, Stored};

/// One existing name; without record sets it is an empty non-terminal.
///
/// Nodes do not change: a change makes a new one, and who reads the old one keeps it. The bytes
/// are the name's key, then the stored sets in the order of their types.
#[derive(Debug, Clone)]
pub(crate) struct Node(ThinArc<Header, u8>);

#[derive(Debug, Clone, Copy)]
struct Header {
    /// How many names lie directly below.
    children: u32,
    /// How long the key is.
    key: u8,
}

impl Node {
    /// An empty non-terminal, until it gets record sets.
    pub(crate) fn empty(key: &[u8], children: u32) -> Self {
        let header = Header {
            children,
            key: key.len() as u8, // a name has at most 255 octets
        };
        Self(ThinArc::from_header_and_slice(header, key))
    }

    /// A name with one set, packed, and nothing below.
    pub(crate) fn single(key: &[u8], set: &[u8]) -> Self {
        let header = Header {
            children: 0,
            key: key.len() as u8, // a name has at most 255 octets
        };
        let mut bytes = Vec::with_capacity(key.len().saturating_add(set.len()));
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(set);
        Self(ThinArc::from_header_and_slice(header, &bytes))
    }

    /// The name as [`crate::names::Key`] has it.
    pub(crate) fn key(&self) -> &[u8] {
        self.parts().0
    }

    /// Whether the other is this very node, in the same piece of memory.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }

    /// How many hold on to this node.
    #[cfg(test)]
    pub(crate) fn holders(&self) -> usize {
        ThinArc::strong_count(&self.0)
    }

    /// The last octet of all that is here.
    pub(crate) fn last_octet(&self) -> u8 {
        self.0.slice.last().copied().unwrap_or(0)
    }

    /// The record sets, in the order of their types.
    pub(crate) fn sets(&self) -> impl Iterator<Item = Stored<'_>> {
        let mut bytes = self.parts().1;
        std::iter::from_fn(move || {
            let (set, rest) = Stored::split(bytes)?;
            bytes = rest;
            Some(set)
        })
    }

    pub(crate) fn set(&self, record_type: RecordType) -> Option<Stored<'_>> {
        self.sets().find(|set| set.record_type() == record_type)
    }

    pub(crate) fn has(&self, record_type: RecordType) -> bool {
        self.set(record_type).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts().1.is_empty()
    }

    /// Whether authority passes to a child zone here (never true of an apex, which has an SOA).
    pub(crate) fn is_cut(&self) -> bool {
        self.has(RecordType::NS) && !self.has(RecordType::SOA)
    }

    /// Whether what lies below is elsewhere: a delegation or a DNAME.
    pub(crate) fn redirects(&self) -> bool {
        self.is_cut() || self.has(RecordType::DNAME)
    }

    pub(crate) fn children(&self) -> u32 {
        self.0.header.header.children
    }

    /// The same node with another number of names directly below.
    pub(crate) fn with_children(&self, children: u32) -> Self {
        let header = Header {
            children,
            ..self.0.header.header
        };
        Self(ThinArc::from_header_and_slice(header, &self.0.slice))
    }

    /// The same node with a set put in place of the one of its type, or only without that.
    pub(crate) fn with_set(&self, record_type: RecordType, set: Option<&Packed>) -> Self {
        let (key, mut rest) = self.parts();
        let added = set.map_or(0, |set| set.as_bytes().len());
        let mut bytes = Vec::with_capacity(self.0.slice.len().saturating_add(added));
        bytes.extend_from_slice(key);
        let mut set = set.map(Packed::as_bytes);
        while let Some((old, after)) = Stored::split(rest) {
            let order = u16::from(old.record_type()).cmp(&u16::from(record_type));
            if order != Ordering::Less {
                bytes.extend(set.take().unwrap_or_default());
            }
            if order != Ordering::Equal {
                let length = rest.len().saturating_sub(after.len());
                bytes.extend(rest.get(..length).unwrap_or_default());
            }
            rest = after;
        }
        bytes.extend(set.unwrap_or_default());
        Self(ThinArc::from_header_and_slice(self.0.header.header, &bytes))
    }

    /// What a denial record for this node lists: of a cut, only what the parent vouches for.
    pub(crate) fn presence(&self) -> Presence {
        let at_cut = self.is_cut();
        let types: Vec<RecordType> = self
            .sets()
            .map(|set| set.record_type())
            .filter(|t| !at_cut || matches!(*t, RecordType::NS | RecordType::DS))
            .collect();
        Presence {
            signed: if at_cut {
                types.contains(&RecordType::DS)
            } else {
                !types.is_empty()
            },
            types,
        }
    }

    /// The types that an NSEC made for this node lists.
    pub(crate) fn listed(&self) -> Vec<u16> {
        let mut types: Vec<u16> = self.presence().types.into_iter().map(u16::from).collect();
        types.extend([RecordType::RRSIG, RecordType::NSEC].map(u16::from));
        types
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        let bytes = &self.0.slice;
        let length = usize::from(self.0.header.header.key);
        bytes.split_at_checked(length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::RData;

    use super::*;
    use crate::record_set::{RecordSet, txt};

    fn packed(record_type: RecordType, text: &str) -> Packed {
        let data = match record_type {
            RecordType::TXT => RData::TXT(txt(text.as_bytes())),
            _ => RData::A(text.parse().unwrap()),
        };
        RecordSet::new(record_type, 60, vec![data]).unwrap().pack()
    }

    #[test]
    fn sets_stay_in_the_order_of_their_types_and_each_type_is_there_once() {
        let (a, txt) = (RecordType::A, RecordType::TXT);
        let types = |node: &Node| node.sets().map(|set| set.record_type()).collect::<Vec<_>>();
        let node = Node::empty(b"\x01x", 3);
        assert!(node.is_empty());
        let node = node.with_set(txt, Some(&packed(txt, "one")));
        let node = node.with_set(a, Some(&packed(a, "192.0.2.1")));
        let node = node.with_set(txt, Some(&packed(txt, "two")));
        assert_eq!(types(&node), [a, txt]);
        assert_eq!(node.set(txt), packed(txt, "two").stored());
        let without = node.with_children(4).with_set(a, None);
        assert_eq!(types(&without), [txt]);
        assert_eq!((without.key(), without.children()), (&b"\x01x"[..], 4));
        assert!(without.with_set(txt, None).is_empty());
        assert_eq!(types(&node), [a, txt], "the old one is as it was");
    }
}
