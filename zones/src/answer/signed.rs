//! What an answer holds that is signed while answering (RFC 9824).

use hickory_proto::rr::Name;

use super::Reply;
use crate::denial::{Next, compact_nsec};
use crate::names::wire;
use crate::packed::{Packed, Stored};

impl Reply<'_, '_> {
    /// Adds the NSEC of a zone that makes them on demand.
    pub(super) fn attest(&mut self, name: &Name, types: &[u16], next: Next) {
        if !self.dnssec_ok || !self.zone.denial.is_compact() {
            return;
        }
        match self.made_nsec(name, types, next) {
            Some(set) => {
                if let Some(set) = set.stored() {
                    set.append_to(&mut self.answer.authorities, name, u32::MAX, true);
                }
            }
            None => self.answer.truncated = true,
        }
    }

    /// Answers with the NSEC of a zone that makes them on demand: every name has one.
    pub(super) fn answer_nsec(&mut self, name: &Name, types: &[u16]) {
        match self.made_nsec(name, types, Next::Successor) {
            Some(set) => {
                if let Some(set) = set.stored() {
                    set.append_to(&mut self.answer.answers, name, u32::MAX, self.dnssec_ok);
                }
            }
            None => self.answer.truncated = true,
        }
    }

    fn made_nsec(&mut self, name: &Name, types: &[u16], next: Next) -> Option<Packed> {
        let owner = wire(name);
        let nsec = compact_nsec(&owner, types, next, self.zone.settings.negative_ttl)?;
        self.on_demand.sign(self.zone, &owner, &nsec, self.spare)
    }

    /// Adds a set that stands at a wildcard as if it stood at the name (RFC 9824 §3.3).
    pub(super) fn add_expanded(&mut self, name: &Name, set: &Stored<'_>) {
        let records = set.record_bytes();
        match self
            .on_demand
            .sign(self.zone, &wire(name), records, self.spare)
        {
            Some(signed) => {
                if let Some(set) = signed.stored() {
                    set.append_to(&mut self.answer.answers, name, u32::MAX, true);
                }
            }
            None => self.answer.truncated = true,
        }
    }
}
