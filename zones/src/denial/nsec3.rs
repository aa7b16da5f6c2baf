//! NSEC3: links at hashed names, so that the zone cannot be listed (RFC 5155, RFC 9276).

use std::cmp::Ordering;

use data_encoding::BASE32_DNSSEC;
use hickory_proto::dnssec::Nsec3HashAlgorithm;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3, NSEC3PARAM};
use hickory_proto::rr::{Name, RData, RecordType};
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::Presence;
use super::chain::{Link, Links, Place};
use crate::names::wire;
use crate::trie::{Item, Trie};

/// RFC 9276 §3.1: no further iterations, no salt.
const ITERATIONS: u16 = 0;

/// The SHA-1 of an owner name's canonical wire form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hash([u8; 20]);

impl Hash {
    /// The hash of a name in lower-case wire form, given in parts.
    pub(crate) fn of_wire(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        for part in parts {
            context.update(part);
        }
        let mut hash = [0; 20];
        let digest = context.finish();
        hash.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(hash)
    }

    /// The first label of the link's owner name: the hash in base 32.
    pub(crate) fn label(&self) -> [u8; 32] {
        let mut label = [0; 32];
        BASE32_DNSSEC.encode_mut(&self.0, &mut label);
        label
    }

    /// Its first 64 bits.
    fn place(&self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }
}

impl Place for Hash {
    const RECORD_TYPE: RecordType = RecordType::NSEC3;

    type Links = Trie<Link<Self>>;

    fn of(name: &Name) -> Self {
        Self::of_wire(&[&wire(name)])
    }

    fn owner(&self, origin: &Name) -> Name {
        // Only an origin of more than 222 octets leaves no room; `Zone::new` refuses it.
        origin
            .prepend_label(self.label().as_slice())
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

impl Item for Link<Hash> {
    type Key = Hash;

    fn compare(&self, key: &Hash) -> Ordering {
        self.place().cmp(key)
    }
}

impl Links<Hash> for Trie<Link<Hash>> {
    fn new() -> Self {
        Self::new()
    }

    fn get(&self, place: &Hash) -> Option<&Link<Hash>> {
        self.get(place.place(), place)
    }

    fn insert(&mut self, link: Link<Hash>) {
        let place = link.place().clone();
        self.insert(place.place(), &place, link);
    }

    fn remove(&mut self, place: &Hash) {
        self.remove(place.place(), place);
    }

    fn before(&self, place: &Hash) -> Option<&Link<Hash>> {
        self.before(place.place(), place).or_else(|| self.last())
    }

    fn after(&self, place: &Hash) -> Option<&Link<Hash>> {
        self.after(place.place(), place).or_else(|| self.first())
    }

    fn iter(&self) -> impl Iterator<Item = &Link<Hash>> {
        self.iter()
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
