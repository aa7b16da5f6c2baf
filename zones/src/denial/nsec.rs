//! NSEC: links at the names themselves, in canonical name order (RFC 4034 §4).

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_proto::rr::{Name, RData, RecordType};

use super::Presence;
use super::chain::Place;

impl Place for Name {
    const RECORD_TYPE: RecordType = RecordType::NSEC;

    fn of(name: &Name) -> Self {
        name.clone()
    }

    fn owner(&self, _origin: &Name) -> Name {
        self.clone()
    }

    /// Empty non-terminals have no NSEC; every other link lists itself and its signature.
    fn listed(presence: Presence) -> Option<Vec<RecordType>> {
        let mut types = presence.types;
        if types.is_empty() {
            return None;
        }
        types.extend([RecordType::RRSIG, RecordType::NSEC]);
        Some(types)
    }

    fn link(next: &Self, types: &[RecordType]) -> RData {
        let nsec = NSEC::new(next.clone(), types.iter().copied());
        RData::DNSSEC(DNSSECRData::NSEC(nsec))
    }
}
