//! All records of one type at one name, and their signature.

use hickory_proto::dnssec::rdata::RRSIG;
use hickory_proto::rr::rdata::TXT;
#[cfg(test)]
use hickory_proto::rr::{Name, Record};
use hickory_proto::rr::{RData, RecordType};
use payname_resolver::UnixTime;

use crate::packed::rdata_bytes;

/// The most octets that the records of one set may take in a message. The 5,535 that are left have room
/// for header, question, one whole owner name, two signatures, the proof that a wildcard stands in, and
/// the OPT record.
const MAX_SET_LENGTH: usize = 60_000;
/// What a record takes beside its data: a pointer to its owner name, type, class, TTL and length.
const RECORD_HEAD: usize = 12;
/// How many records are surely written with such a pointer: `hickory-proto` compresses 120 names of a
/// message, of which there may be one in the data of each record as well.
const COMPRESSED: usize = 50;
/// The same with the longest owner name written out; behind a wildcard every name may be so long.
const WHOLE_RECORD_HEAD: usize = 265;

/// All records of one type at one name, in canonical order, with their RRSIG records.
#[derive(Debug, Clone)]
pub struct RecordSet {
    record_type: RecordType,
    ttl: u32,
    data: Vec<RData>,
    signatures: Option<Signatures>,
}

/// RRSIG records and the moment all of them end, as a full time rather than 32 bits of it.
#[derive(Debug, Clone)]
pub(crate) struct Signatures {
    /// One of each algorithm of the zone: two while the algorithm changes.
    pub(crate) rrsigs: Vec<RRSIG>,
    pub(crate) expires: UnixTime,
}

impl RecordSet {
    /// An unsigned set: sorted, duplicates dropped (RFC 4034 §6.3).
    pub(crate) fn new(
        record_type: RecordType,
        ttl: u32,
        mut data: Vec<RData>,
    ) -> Result<Self, RecordSetError> {
        if let Some(other) = data.iter().find(|data| data.record_type() != record_type) {
            return Err(RecordSetError::MixedTypes {
                expected: record_type,
                found: other.record_type(),
            });
        }
        if data.is_empty() {
            return Err(RecordSetError::Empty(record_type));
        }
        let ttl = checked_ttl(ttl)?;
        if data.len() > 1 {
            data.sort_by_cached_key(rdata_bytes);
            data.dedup();
        }
        let octets = |(at, data): (usize, &RData)| {
            let head = if at < COMPRESSED {
                RECORD_HEAD
            } else {
                WHOLE_RECORD_HEAD
            };
            let rdata = rdata_bytes(data).map_or(usize::MAX, |bytes| bytes.len());
            rdata.saturating_add(head)
        };
        let length = data.iter().enumerate().map(octets);
        let length = length.fold(0, usize::saturating_add);
        if length > MAX_SET_LENGTH {
            return Err(RecordSetError::TooLarge(record_type));
        }
        Ok(Self {
            record_type,
            ttl,
            data,
            signatures: None,
        })
    }

    /// An unsigned set of one record that is known to be well formed.
    pub(crate) fn single(record_type: RecordType, ttl: u32, data: RData) -> Self {
        Self {
            record_type,
            ttl,
            data: vec![data],
            signatures: None,
        }
    }

    /// A set as it was stored.
    pub(crate) fn stored(
        record_type: RecordType,
        ttl: u32,
        data: Vec<RData>,
        signatures: Option<Signatures>,
    ) -> Self {
        Self {
            record_type,
            ttl,
            data,
            signatures,
        }
    }

    /// The type of every record in the set.
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The time to live, in seconds.
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// The record data in canonical order.
    pub fn data(&self) -> &[RData] {
        &self.data
    }

    /// The first signature; none for glue and for the NS records of a delegation.
    pub fn rrsig(&self) -> Option<&RRSIG> {
        self.rrsigs().first()
    }

    /// The signatures: one, or one of each algorithm while the zone goes from one to another.
    pub fn rrsigs(&self) -> &[RRSIG] {
        let signatures = self.signatures.as_ref();
        signatures.map_or(&[], |signatures| &signatures.rrsigs)
    }

    /// When the signatures end; none for an unsigned set.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.signatures.as_ref().map(|all| all.expires)
    }

    pub(crate) fn set_signatures(&mut self, signatures: Signatures) {
        self.signatures = Some(signatures);
    }

    /// The records under `owner`, without the signatures.
    #[cfg(test)]
    pub(crate) fn records(&self, owner: &Name) -> Vec<Record> {
        let data = self.data.iter().cloned();
        let record = |data| Record::from_rdata(owner.clone(), self.ttl, data);
        data.map(record).collect()
    }
}

/// Refuses a TTL of more than 31 bits (RFC 2181 §8).
pub(crate) fn checked_ttl(ttl: u32) -> Result<u32, RecordSetError> {
    if ttl > i32::MAX as u32 {
        return Err(RecordSetError::TtlTooLong(ttl));
    }
    Ok(ttl)
}

/// Splits a text into the 255-octet strings of one TXT record; an empty text is one empty string.
pub fn txt(text: &[u8]) -> TXT {
    if text.is_empty() {
        return TXT::from_bytes(vec![b""]);
    }
    TXT::from_bytes(text.chunks(255).collect())
}

/// Why records do not make a record set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordSetError {
    /// No records were given.
    #[error("a {0} record set needs at least one record; remove the set instead")]
    Empty(RecordType),
    /// A record of another type was among them.
    #[error("a {expected} record set cannot hold a {found} record")]
    MixedTypes {
        /// The type the set was declared to have.
        expected: RecordType,
        /// The type that was found.
        found: RecordType,
    },
    /// The TTL has more than 31 bits (RFC 2181 §8).
    #[error("a TTL of {0} seconds exceeds 2147483647")]
    TtlTooLong(u32),
    /// The records would not fit one DNS message together with their signature.
    #[error(
        "the {0} records do not fit one DNS message: they may take {MAX_SET_LENGTH} octets, those behind the first {COMPRESSED} with their owner name written out; leave some out, or put them at several names"
    )]
    TooLarge(RecordType),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_dropped_and_the_rest_is_in_canonical_order() {
        let data = ["b", "a", "b"].map(|text| RData::TXT(txt(text.as_bytes())));
        let set = RecordSet::new(RecordType::TXT, 300, data.to_vec()).unwrap();
        assert_eq!(set.data(), [data[1].clone(), data[0].clone()]);
    }

    #[test]
    fn a_text_is_split_every_255_octets() {
        let lengths: Vec<usize> = txt(&[b'x'; 511])
            .txt_data
            .iter()
            .map(|string| string.len())
            .collect();
        assert_eq!(lengths, [255, 255, 1]);
        assert_eq!(txt(b"").txt_data.len(), 1);
    }

    #[test]
    fn a_set_of_two_types_or_of_nothing_is_refused() {
        let data = vec![RData::TXT(txt(b"x"))];
        assert!(matches!(
            RecordSet::new(RecordType::A, 300, data),
            Err(RecordSetError::MixedTypes { .. })
        ));
        assert!(matches!(
            RecordSet::new(RecordType::A, 300, vec![]),
            Err(RecordSetError::Empty(RecordType::A))
        ));
    }
}
