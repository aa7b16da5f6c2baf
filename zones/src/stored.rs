//! A zone as it is stored elsewhere and brought up to date: set by set.

use hickory_proto::rr::RecordType;

use crate::names::{key_of, wire_of};
use crate::node::Node;
use crate::packed::{Packed, Stored};
use crate::trie::Difference;
use crate::zone::Zone;

/// One signed record set as it is stored, or its removal.
///
/// A link of the denial chain is a set like any other, at its own owner name. Who keeps the sets
/// of a zone under owner and type, and puts and removes what [`Zone::changes_since`] tells, can
/// have the zone back with [`Zone::restore`]; who has a copy of the zone brings it up to date with
/// [`Zone::apply`]. Neither signs anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetChange {
    /// The owner name, in lower-case wire form (RFC 4034 §6.2), the root's octet included.
    pub owner: Vec<u8>,
    /// The type of all its records.
    pub record_type: RecordType,
    /// The records and their signatures; none when the set is gone.
    ///
    /// The first octet tells the form of the others, so that a later release can change it.
    pub set: Option<Vec<u8>>,
}

impl Zone {
    /// Every record set, those of the denial chain included, in no order.
    pub fn stored_sets(&self) -> impl Iterator<Item = SetChange> + '_ {
        let sets = self.nodes.iter().flat_map(|node| {
            let owner = self.owner_wire(node);
            node.sets()
                .map(move |set| change(owner.clone(), set.record_type(), Some(set)))
        });
        let links = self.denial.all();
        sets.chain(links.map(|(owner, record_type, set, _)| change(owner, record_type, set)))
    }

    /// What makes `older` into this zone: the sets that were added or replaced, and those that
    /// are gone, each once, in no order.
    ///
    /// Where one is a later state of a copy of the other, this costs time in proportion to the
    /// difference, not to the zone. Otherwise all sets of both are compared.
    pub fn changes_since<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = SetChange> + 'a {
        let differing = self.set_differences(older);
        differing.map(|(owner, record_type, newer, _)| change(owner, record_type, newer))
    }

    /// Whether there is a set of the owner and type that a change is about.
    ///
    /// Whoever keeps changes by owner and type may be told of sets that came and went since; a copy that has never
    /// had them has nothing to remove.
    pub fn has_set_of(&self, change: &SetChange) -> bool {
        self.stored_set(&change.owner, change.record_type).is_some()
    }

    /// A set, by its owner in lower-case wire form.
    pub(crate) fn stored_set(&self, owner: &[u8], record_type: RecordType) -> Option<Stored<'_>> {
        let origin = self.nodes.origin_wire();
        if matches!(record_type, RecordType::NSEC | RecordType::NSEC3) {
            return self.denial.set_at(owner, origin, record_type);
        }
        let key = key_of(owner, origin)?;
        self.nodes.at(key)?.set(record_type)
    }

    /// The sets that differ: owner in lower-case wire form, type, newer and older.
    pub(crate) fn set_differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> impl Iterator<Item = SetDifference<'a>> + 'a {
        let names = self.nodes.differences(&older.nodes);
        let sets = names.flat_map(|difference| self.sets_at(difference));
        let links = self.denial.differences(&older.denial);
        sets.chain(links.filter(|(_, _, newer, older)| newer != older))
    }

    fn sets_at<'a>(&'a self, at: Difference<'a, Node>) -> Vec<SetDifference<'a>> {
        let Some(node) = at.newer.or(at.older) else {
            return Vec::new();
        };
        let owner = self.owner_wire(node);
        let mut differing = Vec::new();
        for newer in at.newer.into_iter().flat_map(Node::sets) {
            let record_type = newer.record_type();
            let older = at.older.and_then(|older| older.set(record_type));
            if older != Some(newer) {
                differing.push((owner.clone(), record_type, Some(newer), older));
            }
        }
        for older in at.older.into_iter().flat_map(Node::sets) {
            let record_type = older.record_type();
            if !at.newer.is_some_and(|newer| newer.has(record_type)) {
                differing.push((owner.clone(), record_type, None, Some(older)));
            }
        }
        differing
    }

    fn owner_wire(&self, node: &Node) -> Vec<u8> {
        wire_of(node.key(), self.nodes.origin_wire())
    }
}

/// A set that two versions of a zone hold differently: owner, type, the newer and the older.
pub(crate) type SetDifference<'a> = (Vec<u8>, RecordType, Option<Stored<'a>>, Option<Stored<'a>>);

fn change(owner: Vec<u8>, record_type: RecordType, set: Option<Stored<'_>>) -> SetChange {
    SetChange {
        owner,
        record_type,
        set: set.map(Packed::to_stored_bytes),
    }
}
