//! A copy of a zone brought up to date.

use std::collections::HashMap;
use std::sync::Arc;

use hickory_proto::rr::RecordType;

use crate::check::ZoneError;
use crate::denial::Denial;
use crate::names::presentation;
use crate::nodes::Changed;
use crate::packed::{Packed, SetFault, Stored};
use crate::stored::SetChange;
use crate::zone::Zone;

impl Zone {
    /// The zone with these changes, as [`Zone::changes_since`] tells them of a later version, in
    /// any order; this one stays as it is.
    ///
    /// Nothing is signed, and the serial is that of the SOA among the changes. Costs time in
    /// proportion to the changes, except where a mirror gets other NSEC3 parameters.
    ///
    /// # Errors
    /// [`ZoneError`] as for [`Zone::restore`]; also when a set is to be removed that is not there,
    /// or no SOA is among the changes.
    pub fn apply(&self, changes: impl IntoIterator<Item = SetChange>) -> Result<Self, ZoneError> {
        let changes: Vec<SetChange> = changes.into_iter().collect();
        if changes.is_empty() {
            return Ok(self.clone());
        }
        if !changes
            .iter()
            .any(|change| change.record_type == RecordType::SOA)
        {
            return Err(ZoneError::SameSerial(presentation(self.origin())));
        }
        if self.keys.is_none() && changes.iter().any(|change| self.is_strange(change)) {
            return self.rebuilt(changes);
        }
        let mut next = self.clone();
        let (mut changed, mut links) = (Changed::new(), Vec::new());
        for change in changes {
            next.take_over(&change, &mut changed)?;
            if change.is_link() {
                links.push(change.owner);
            }
        }
        next.check_changed(&changed, &links)?;
        next.serial = next.nodes.check_apex(self.settings.denial)?;
        if next.keys.is_none() {
            let (settings, _) = next.nodes.as_told(Some(self.settings.denial))?;
            next.settings = Arc::new(settings);
        }
        Ok(next)
    }

    fn take_over(&mut self, change: &SetChange, changed: &mut Changed) -> Result<(), ZoneError> {
        let origin = self.nodes.origin_wire().to_vec();
        let place = change.read(self.origin(), &origin)?;
        let (key, set) = (place.key, place.set);
        let done = if change.is_link() {
            if !self.denial.holds(change.record_type) {
                let origin = presentation(self.origin());
                return Err(ZoneError::OtherDenial(origin, self.settings.denial));
            }
            self.denial.exchange(&change.owner, &origin, set)
        } else if let Some(set) = set {
            self.nodes.insert(key, &Packed::of_checked(set), changed);
            true
        } else {
            let node = self.nodes.at(key);
            let was_there = node.is_some_and(|node| node.has(change.record_type));
            self.nodes.remove(key, change.record_type, changed);
            was_there
        };
        done.then_some(())
            .ok_or_else(|| change.refused(SetFault::NotThere))
    }

    /// Checks what changed: no name has a CNAME beside others, and the chain is closed.
    fn check_changed(&self, changed: &Changed, links: &[Vec<u8>]) -> Result<(), ZoneError> {
        for key in changed {
            let Some(node) = self.nodes.at(key) else {
                continue;
            };
            if node.has(RecordType::CNAME) && node.sets().count() > 1 {
                let owner = presentation(&self.nodes.name(key));
                return Err(ZoneError::CnameAndOtherData(owner));
            }
        }
        let needs_denials = matches!(self.settings.denial, Denial::Nsec | Denial::Nsec3);
        if self.denial.is_empty() && needs_denials {
            return Err(ZoneError::NotSigned(presentation(self.origin())));
        }
        match self.denial.break_at(links, self.nodes.origin_wire()) {
            None => Ok(()),
            Some((owner, record_type)) => Err(ZoneError::ChainBroken {
                owner: presentation(&owner),
                record_type,
            }),
        }
    }

    /// Whether a change makes a mirror deny names in another way.
    fn is_strange(&self, change: &SetChange) -> bool {
        let other_links = change.is_link() && !self.denial.holds(change.record_type);
        other_links || change.record_type == RecordType::NSEC3PARAM && !self.holds_same(change)
    }

    /// Whether only the signature of a set changes.
    fn holds_same(&self, change: &SetChange) -> bool {
        let origin = self.nodes.origin_wire();
        let before = self.nodes.set(self.origin(), change.record_type);
        let place = change.read(self.origin(), origin).ok();
        let after = place.as_ref().and_then(|place| Stored::split(place.set?));
        let records = |set: Stored<'_>| set.record_bytes().to_vec();
        before.map(records) == after.map(|(set, _)| records(set))
    }

    /// The same by putting the whole mirror together anew.
    fn rebuilt(&self, changes: Vec<SetChange>) -> Result<Self, ZoneError> {
        let mut sets = HashMap::new();
        for change in self.stored_sets().chain(changes) {
            let key = (change.owner.clone(), change.record_type);
            let is_gone = change.set.is_none();
            let refused = change.refused(SetFault::NotThere);
            if sets.insert(key.clone(), change).is_none() && is_gone {
                return Err(refused);
            }
            if is_gone {
                sets.remove(&key);
            }
        }
        Self::mirror(self.origin(), sets.into_values())
    }
}
