//! Giving authority for a name to a child zone, and taking it back.

use hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use hickory_proto::rr::rdata::NS;
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::apex::addresses;
use crate::check::ZoneError;
use crate::edit::Edit;
use crate::names::{canonical, presentation};
use crate::node::Node;
use crate::record_set::RecordSet;
use crate::settings::NameServer;
use crate::zone::{Change, Zone};

impl Zone {
    /// Delegates `child` to its name servers, in place of any delegation it had.
    ///
    /// The NS records and the glue (the addresses of servers at or below `child`) are not signed,
    /// the DS records are. Without DS records the child is provably insecure. Addresses of this
    /// zone's own servers that come to lie below `child` stay as glue.
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
        let edit = self.delegation(child, name_servers, ds, ttl, now)?;
        self.commit(now, edit.signatures, |nodes, changed| {
            edit.apply(nodes, changed);
        })
    }

    /// What delegating `child` changes.
    pub(crate) fn delegation(
        &self,
        child: &Name,
        name_servers: &[NameServer],
        ds: &[DS],
        ttl: u32,
        now: UnixTime,
    ) -> Result<Edit, ZoneError> {
        let child = canonical(child);
        self.signing_keys()?;
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
            self.signer(now)?.sign(&child, &mut set)?;
            signatures = 1;
            sets.push((child.clone(), set));
        }
        // The child's word on its own servers comes later and so replaces what this zone was told.
        for server in self.settings.name_servers.iter().chain(name_servers) {
            let name = canonical(&server.name);
            if !child.zone_of(&name) {
                continue; // its addresses are found without this delegation
            }
            for (record_type, data) in addresses(&server.addresses) {
                sets.push((name.clone(), records(&name, record_type, data)?));
            }
        }

        Ok(Edit {
            remove: self.at_and_below(&child),
            insert: sets
                .into_iter()
                .map(|(owner, set)| (owner, set.pack()))
                .collect(),
            signatures,
        })
    }

    /// Takes a delegation back, its DS records and glue included.
    ///
    /// # Errors
    /// [`ZoneError::NotDelegated`] when there is none at exactly this name.
    pub fn undelegate(&mut self, child: &Name, now: UnixTime) -> Result<Change, ZoneError> {
        let edit = self.undelegation(child, now)?;
        self.commit(now, edit.signatures, |nodes, changed| {
            edit.apply(nodes, changed);
        })
    }

    /// What taking a delegation back changes.
    pub(crate) fn undelegation(&self, child: &Name, now: UnixTime) -> Result<Edit, ZoneError> {
        let child = canonical(child);
        self.signing_keys()?;
        if !self.is_delegated(&child) {
            return Err(ZoneError::NotDelegated(presentation(&child)));
        }
        let own = self.server_addresses(|name| child.zone_of(name), now)?;
        Ok(Edit {
            remove: self.at_and_below(&child),
            signatures: own.len(),
            insert: own
                .into_iter()
                .map(|(owner, set)| (owner, set.pack()))
                .collect(),
        })
    }

    /// The names that are delegated, in no order; looks at every name of the zone.
    pub fn delegations(&self) -> Vec<Name> {
        let cuts = self.nodes.iter().filter(|node| node.is_cut());
        cuts.map(|node| self.nodes.name(node.key())).collect()
    }

    /// Whether exactly this name is delegated.
    pub(crate) fn is_delegated(&self, child: &Name) -> bool {
        self.nodes.get(child).is_some_and(Node::is_cut)
    }

    fn check_delegable(&self, child: &Name) -> Result<(), ZoneError> {
        self.check_place(child)?;
        if child == self.origin() || child.is_wildcard() {
            return Err(ZoneError::NotDelegable(presentation(child)));
        }
        if self.is_delegated(child) {
            return Ok(());
        }
        let own_server = |name: &Name| {
            let mut servers = self.settings.name_servers.iter();
            servers.any(|server| canonical(&server.name) == *name)
        };
        let hidden = self.at_and_below(child).into_iter();
        for (owner, record_type) in hidden {
            let is_address = matches!(record_type, RecordType::A | RecordType::AAAA);
            if is_address && own_server(&owner) {
                continue;
            }
            if owner == *child {
                return Err(ZoneError::NotDelegable(presentation(child)));
            }
            return Err(ZoneError::NamesBelow {
                owner: presentation(child),
                below: presentation(&owner),
            });
        }
        Ok(())
    }

    /// Every record set at a name and below it.
    fn at_and_below(&self, name: &Name) -> Vec<(Name, RecordType)> {
        let mut found = Vec::new();
        for owner in std::iter::once(name.clone()).chain(self.nodes.below(name)) {
            if let Some(node) = self.nodes.get(&owner) {
                found.extend(node.sets().map(|set| (owner.clone(), set.record_type())));
            }
        }
        found
    }
}
