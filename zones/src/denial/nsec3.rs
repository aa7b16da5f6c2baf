//! NSEC3: links at hashed names, so that the zone cannot be listed (RFC 5155, RFC 9276).

use data_encoding::BASE32_DNSSEC;
use hickory_proto::dnssec::Nsec3HashAlgorithm;
use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC3PARAM};
use hickory_proto::rr::{Name, RData, RecordType};

use super::Presence;
use super::chain::{Link, Links, OwnedDifferences, Place};
use super::hashing::Hashing;
use crate::trie::{Difference, Item, Trie};

/// RFC 9276 §3.1: no further iterations, no salt.
const ITERATIONS: u16 = 0;

/// The SHA-1 of an owner name's canonical wire form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hash([u8; 20]);

impl Hash {
    #[cfg(test)]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
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

impl From<[u8; 20]> for Hash {
    fn from(hash: [u8; 20]) -> Self {
        Self(hash)
    }
}

impl Place for Hash {
    const RECORD_TYPE: RecordType = RecordType::NSEC3;

    type Links = Trie<Link<Self>>;

    fn of(name: &[u8]) -> Option<Self> {
        Some(Hashing::PLAIN.of_wire(&[name])) // what our own signer makes
    }

    fn owner(&self, origin: &Name) -> Name {
        // Only an origin of more than 222 octets leaves no room; `Zone::new` refuses it.
        origin
            .prepend_label(self.label().as_slice())
            .unwrap_or_else(|_| origin.clone())
    }

    fn owner_wire(&self, origin: &[u8]) -> Vec<u8> {
        [&[32], &self.label()[..], origin].concat()
    }

    /// Every name has a link, empty non-terminals too; only signed names list RRSIG.
    fn listed(presence: Presence) -> Option<Vec<u16>> {
        let signatures = presence.signed.then_some(RecordType::RRSIG);
        let types = presence.types.into_iter().chain(signatures);
        Some(types.map(u16::from).collect())
    }

    fn write_next(&self, to: &mut Vec<u8>) {
        let [high, low] = ITERATIONS.to_be_bytes();
        // SHA-1, no opt-out, no salt, and the length of the hash (RFC 5155 §3.2).
        to.extend([1, 0, high, low, 0, 20]);
        to.extend(self.0);
    }

    fn read(rdata: &[u8]) -> Option<(Self, &[u8])> {
        let (_, rest) = Hashing::read(rdata)?;
        let (&length, rest) = rest.split_first()?;
        let (hash, types) = rest.split_first_chunk()?;
        (length == 20).then_some((Self(*hash), types))
    }

    fn of_owner(owner: &[u8], origin: &[u8]) -> Option<Self> {
        let (&length, rest) = owner.split_first()?;
        let (label, above) = rest.split_at_checked(usize::from(length))?;
        let mut hash = [0; 20];
        // Base 32 with the extended hex alphabet, in lower case (RFC 5155 §1.3).
        let right = length == 32 && above == origin;
        let read = right.then(|| BASE32_DNSSEC.decode_mut(label, &mut hash));
        (read == Some(Ok(20))).then_some(Self(hash))
    }
}

impl Item for Link<Hash> {
    type Key = Hash;

    fn key(&self) -> &Hash {
        self.place()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.is_same(other)
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

    fn owned(&self) -> Box<dyn Iterator<Item = Link<Hash>> + Send> {
        Box::new(self.owned())
    }

    fn of_sorted(links: Vec<Link<Hash>>) -> Self {
        Self::of_sorted(placed(links))
    }

    fn merge(&mut self, links: Vec<Link<Hash>>) {
        self.merge(placed(links));
    }

    fn differences<'a>(
        &'a self,
        older: &'a Self,
    ) -> Box<dyn Iterator<Item = Difference<'a, Link<Hash>>> + 'a> {
        Box::new(self.differences(older))
    }

    fn owned_differences(&self, older: &Self) -> OwnedDifferences<Hash> {
        Box::new(self.owned_differences(older))
    }
}

/// Links with where they are in a trie.
fn placed(links: Vec<Link<Hash>>) -> Vec<(u64, Link<Hash>)> {
    let links = links.into_iter();
    links.map(|link| (link.place().place(), link)).collect()
}

/// The NSEC3PARAM record that tells secondaries how the names are hashed.
pub(crate) fn parameters() -> RData {
    let parameters = NSEC3PARAM::new(Nsec3HashAlgorithm::SHA1, false, ITERATIONS, Vec::new());
    RData::DNSSEC(DNSSECRData::NSEC3PARAM(parameters))
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::rdata::NSEC3;

    use super::*;
    use crate::denial::compact::write_bitmap;
    use crate::packed::rdata_bytes;

    #[test]
    fn the_record_is_the_one_hickory_writes_and_is_read_as_it_was_written() {
        let next = Hash([7; 20]);
        for (types, signed) in [
            (vec![RecordType::TXT, RecordType::CAA], true),
            (vec![], false),
        ] {
            let presence = Presence {
                types: types.clone(),
                signed,
            };
            let (mut ours, mut bitmap) = (Vec::new(), Vec::new());
            next.write_next(&mut ours);
            write_bitmap(&Hash::listed(presence).unwrap(), &mut bitmap);
            ours.extend(&bitmap);
            let types = types.into_iter().chain(signed.then_some(RecordType::RRSIG));
            let (sha1, hash) = (Nsec3HashAlgorithm::SHA1, next.0.to_vec());
            let theirs = NSEC3::new(sha1, false, ITERATIONS, Vec::new(), hash, types);
            let theirs = RData::DNSSEC(DNSSECRData::NSEC3(theirs));
            assert_eq!(Some(&ours), rdata_bytes(&theirs).as_ref());
            assert_eq!(Hash::read(&ours), Some((next.clone(), bitmap.as_slice())));
            assert_eq!(Hash::read(&ours[..20]), None);
        }
    }
}
