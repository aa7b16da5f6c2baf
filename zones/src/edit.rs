//! A change of a zone's names before it is made.

use hickory_proto::rr::{Name, RecordType};

use crate::nodes::{Changed, Nodes};
use crate::packed::Packed;

/// Sets to remove, then sets to put in place of those of the same name and type, all signed.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) remove: Vec<(Name, RecordType)>,
    pub(crate) insert: Vec<(Name, Packed)>,
    /// How many signatures were made for it.
    pub(crate) signatures: usize,
}

impl Edit {
    /// Makes the change, and notes every name that it touched.
    pub(crate) fn apply(self, nodes: &mut Nodes, changed: &mut Changed) {
        for (owner, record_type) in self.remove {
            let key = nodes.key(&owner);
            nodes.remove(&key, record_type, changed);
        }
        for (owner, set) in self.insert {
            let key = nodes.key(&owner);
            nodes.insert(&key, &set, changed);
        }
    }
}
