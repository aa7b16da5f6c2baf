//! Many payment records published at once.

use hickory_proto::rr::RecordType;
use payname_resolver::UnixTime;
use rayon::prelude::*;

use crate::check::ZoneError;
use crate::names::{canonical, presentation, wire};
use crate::node::Node;
use crate::payment::PaymentRecord;
use crate::sign::{AT_A_TIME, Draft, Signer};
use crate::zone::{Change, Zone};

impl Zone {
    /// Publishes many payment records at once, all or none, under one serial.
    ///
    /// Signs on all threads of the rayon pool it is called in. The more names there are in one
    /// call, the less each costs: every link of the denial chain is signed once.
    ///
    /// # Errors
    /// As [`Zone::set_records`], for a record that is refused.
    pub fn publish_all<'a>(
        &mut self,
        records: impl IntoIterator<Item = (&'a PaymentRecord, u32)>,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let signer = self.signer(now)?;
        let records: Vec<_> = records.into_iter().collect();
        let sets = records
            .into_par_iter()
            .with_min_len(AT_A_TIME)
            .map(|(record, ttl)| self.payment_node(record, ttl, &signer))
            .collect::<Result<Vec<_>, _>>()?;
        let made = signer.made();
        let mut nodes = self.nodes.clone();
        let changed = nodes.merge(sets);
        let changed: Vec<&[u8]> = changed.iter().map(Node::key).collect();
        self.commit_nodes(nodes, &changed, made, now)
    }

    /// A payment record on its way to its place, signed.
    fn payment_node(
        &self,
        record: &PaymentRecord,
        ttl: u32,
        signer: &Signer<'_>,
    ) -> Result<(u64, Node), ZoneError> {
        let owner = canonical(record.owner());
        self.check_free_at(&owner, RecordType::TXT)?;
        let draft = Draft::txt(ttl, record.txt())
            .map_err(|error| ZoneError::Records(presentation(&owner), error))?;
        let owner = wire(&owner);
        let set = signer.seal(&owner, &draft)?;
        let key = owner.len().saturating_sub(self.nodes.origin_wire().len());
        let key = owner.get(..key).unwrap_or_default();
        Ok(self.nodes.placed(key, set.as_bytes()))
    }
}
