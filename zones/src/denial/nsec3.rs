//! NSEC3: links at hashed names, so that the zone cannot be listed (RFC 5155, RFC 9276).

use data_encoding::BASE32_DNSSEC;
use hickory_proto::dnssec::Nsec3HashAlgorithm;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3, NSEC3PARAM};
use hickory_proto::rr::{Name, RData, RecordType};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Presence;
use super::chain::Place;
use crate::names::wire;

/// RFC 9276 §3.1: no further iterations, no salt.
const ITERATIONS: u16 = 0;

/// The SHA-1 of an owner name's canonical wire form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hash([u8; 20]);

impl Place for Hash {
    const RECORD_TYPE: RecordType = RecordType::NSEC3;

    fn of(name: &Name) -> Self {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &wire(name));
        let mut hash = [0; 20];
        hash.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    fn owner(&self, origin: &Name) -> Name {
        let label = BASE32_DNSSEC.encode(&self.0);
        // Only an origin of more than 222 octets leaves no room; `Zone::new` refuses it.
        origin
            .prepend_label(label.as_str())
            .unwrap_or_else(|_| origin.clone())
    }

    /// Every name has a link, empty non-terminals too; only signed names list RRSIG.
    fn listed(presence: Presence) -> Option<Vec<RecordType>> {
        let mut types = presence.types;
        if presence.signed {
            types.push(RecordType::RRSIG);
        }
        Some(types)
    }

    fn link(next: &Self, types: &[RecordType]) -> RData {
        let nsec3 = NSEC3::new(
            Nsec3HashAlgorithm::SHA1,
            false,
            ITERATIONS,
            Vec::new(),
            next.0.to_vec(),
            types.iter().copied(),
        );
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3))
    }
}

/// The NSEC3PARAM record that tells secondaries how the names are hashed.
pub(crate) fn parameters() -> RData {
    let parameters = NSEC3PARAM::new(Nsec3HashAlgorithm::SHA1, false, ITERATIONS, Vec::new());
    RData::DNSSEC(DNSSECRData::NSEC3PARAM(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_lower_case_wire_form() {
        let hash = |name: &str| Hash::of(&Name::from_ascii(name).unwrap());
        let theirs = Nsec3HashAlgorithm::SHA1
            .hash(&[], &Name::from_ascii("alice.example.").unwrap(), 0)
            .unwrap();
        assert_eq!(hash("ALICE.Example.").0, theirs.as_ref());
    }
}
