//! The records that have arrived, each once, and what they lead to.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use hickory_proto::rr::{Name, RecordType};

use crate::proof::{ResourceRecord, name_from_wire, signer_of};

/// The records of all responses so far. Answers of any size are searched without a scan.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    records: Vec<ResourceRecord>,
    /// By what makes them the same record; the lowest TTL is kept.
    known: BTreeMap<(Name, RecordType, Vec<u8>), usize>,
    /// The first record of each name and type.
    first: BTreeMap<(Name, RecordType), usize>,
    signers: BTreeSet<Name>,
    /// Those signers that nobody was told of yet.
    new_signers: Vec<Name>,
}

impl Arrived {
    /// Takes a record in.
    pub(super) fn add(&mut self, record: ResourceRecord) {
        let key = (
            record.name().clone(),
            record.record_type(),
            record.rdata().to_vec(),
        );
        match self
            .known
            .get(&key)
            .and_then(|index| self.records.get_mut(*index))
        {
            Some(same) if same.ttl() > record.ttl() => *same = record,
            Some(_) => {}
            None => {
                if let Some(signer) = signer_of(&record)
                    && self.signers.insert(signer.clone())
                {
                    self.new_signers.push(signer);
                }
                let index = self.records.len();
                let set = (record.name().clone(), record.record_type());
                self.first.entry(set).or_insert(index);
                self.known.insert(key, index);
                self.records.push(record);
            }
        }
    }

    /// Whether there is a record of this name and type.
    pub(super) fn has(&self, name: &Name, record_type: RecordType) -> bool {
        self.first.contains_key(&(name.clone(), record_type))
    }

    /// Where the CNAME at a name or the nearest DNAME above it leads.
    pub(super) fn alias_of(&self, name: &Name) -> Option<Name> {
        let target = |owner: &Name, record_type| {
            let index = self.first.get(&(owner.clone(), record_type))?;
            name_from_wire(self.records.get(*index)?.rdata())
        };
        if let Some(target) = target(name, RecordType::CNAME) {
            return Some(target);
        }
        let mut above = name.clone();
        while !above.is_root() {
            above = above.base_name();
            if let Some(target) = target(&above, RecordType::DNAME) {
                let kept = name.iter().count().checked_sub(above.iter().count())?;
                let prefix = Name::from_labels(name.iter().take(kept)).ok()?;
                return prefix.append_domain(&target).ok();
            }
        }
        None
    }

    /// The zones that signed anything, each told once.
    pub(super) fn new_signers(&mut self) -> Vec<Name> {
        core::mem::take(&mut self.new_signers)
    }

    /// The lowest TTL that was received; none when nothing was.
    pub(super) fn lowest_ttl(&self) -> Option<u32> {
        self.records.iter().map(ResourceRecord::ttl).min()
    }

    /// The records, in the order of their arrival.
    pub(super) fn into_records(self) -> Vec<ResourceRecord> {
        self.records
    }
}
