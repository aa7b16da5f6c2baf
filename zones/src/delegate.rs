//! Giving authority for a name to a child zone, and taking it back.

use hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use hickory_proto::rr::rdata::NS;
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::apex::addresses;
use crate::check::ZoneError;
use crate::names::{canonical, is_below, presentation};
use crate::record_set::RecordSet;
use crate::settings::NameServer;
use crate::zone::{Change, Zone};

impl Zone {
    /// Delegates `child` to its name servers, in place of any delegation it had.
    ///
    /// The NS records and the glue (the addresses of servers at or below `child`) are not signed,
    /// the DS records are. Without DS records the child is provably insecure.
    ///
    /// # Errors
    /// [`ZoneError`] when `child` is not strictly inside the zone, is a wildcard, or has records
    /// of its own at or below it.
    pub fn delegate(
        &mut self,
        child: &Name,
        name_servers: &[NameServer],
        ds: &[DS],
        ttl: u32,
        now: UnixTime,
    ) -> Result<Change, ZoneError> {
        let child = canonical(child);
        self.check_delegable(&child)?;
        let records = |owner: &Name, record_type, data| {
            RecordSet::new(record_type, ttl, data)
                .map_err(|error| ZoneError::Records(presentation(owner), error))
        };

        let targets = name_servers
            .iter()
            .map(|server| RData::NS(NS(canonical(&server.name))));
        let mut sets = vec![(
            child.clone(),
            records(&child, RecordType::NS, targets.collect())?,
        )];
        let mut signatures = 0;
        if !ds.is_empty() {
            let data = ds
                .iter()
                .map(|ds| RData::DNSSEC(DNSSECRData::DS(ds.clone())));
            let mut set = records(&child, RecordType::DS, data.collect())?;
            self.signer(now).sign(&child, &mut set)?;
            signatures = 1;
            sets.push((child.clone(), set));
        }
        for server in name_servers {
            let name = canonical(&server.name);
            if name != child && !is_below(&name, &child) {
                continue; // its addresses are found without this zone's help
            }
            for (record_type, data) in addresses(&server.addresses) {
                sets.push((name.clone(), records(&name, record_type, data)?));
            }
        }

        let old = self.delegation(&child);
        self.commit(now, signatures, |nodes, changed| {
            for (owner, record_type) in old {
                nodes.remove(&owner, record_type, changed);
            }
            for (owner, set) in sets {
                nodes.insert(&owner, set, changed);
            }
        })
    }

    /// Takes a delegation back, its DS records and glue included.
    ///
    /// # Errors
    /// [`ZoneError::NotDelegated`] when there is none at exactly this name.
    pub fn undelegate(&mut self, child: &Name, now: UnixTime) -> Result<Change, ZoneError> {
        let child = canonical(child);
        let old = self.delegation(&child);
        if old.is_empty() {
            return Err(ZoneError::NotDelegated(presentation(&child)));
        }
        self.commit(now, 0, |nodes, changed| {
            for (owner, record_type) in old {
                nodes.remove(&owner, record_type, changed);
            }
        })
    }

    fn check_delegable(&self, child: &Name) -> Result<(), ZoneError> {
        self.check_place(child)?;
        if child == self.origin() || child.is_wildcard() {
            return Err(ZoneError::NotDelegable(presentation(child)));
        }
        match self.nodes.get(child) {
            Some(node) if node.is_cut() => Ok(()),
            Some(node) if !node.sets.is_empty() => {
                Err(ZoneError::NotDelegable(presentation(child)))
            }
            _ => match self.nodes.below(child).first() {
                Some(below) => Err(ZoneError::NamesBelow {
                    owner: presentation(child),
                    below: presentation(below),
                }),
                None => Ok(()),
            },
        }
    }

    /// Every record set of an existing delegation: at the cut, and the glue below it.
    fn delegation(&self, child: &Name) -> Vec<(Name, RecordType)> {
        if !self.nodes.get(child).is_some_and(|node| node.is_cut()) {
            return Vec::new();
        }
        std::iter::once(child.clone())
            .chain(self.nodes.below(child))
            .flat_map(|name| {
                let node = self.nodes.get(&name);
                let types: Vec<RecordType> = node
                    .map(|node| node.sets.keys().copied().collect())
                    .unwrap_or_default();
                types
                    .into_iter()
                    .map(move |record_type| (name.clone(), record_type))
            })
            .collect()
    }
}
