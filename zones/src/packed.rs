//! Record sets as the zone keeps them: bytes ready to be copied into a response.
//!
//! A set is its records and then its signatures, each `type, class, TTL, RDLENGTH, RDATA` without
//! the owner name, which the response has already. A million payment names fit a small machine
//! this way, and answering is copying.

mod checked;

use hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{
    BinDecoder, BinEncodable, BinEncoder, NameEncoding, Restrict,
};
use payname_resolver::UnixTime;

use crate::keys::KeyTags;
use crate::record_set::{RecordSet, Signatures};

pub use checked::SetFault;

/// What comes before the records: type, end of the signatures, length of records and signatures.
const HEAD: usize = 18;

/// One set as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed(Vec<u8>);

impl Packed {
    /// The bytes that [`Stored::split`] reads.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Records and signatures without their owner, as [`Stored`] has them; time 0 for unsigned.
    pub(crate) fn of(record_type: u16, ends: UnixTime, records: &[u8], signatures: &[u8]) -> Self {
        let set = Stored {
            record_type,
            ends: ends.0,
            records,
            signatures,
        };
        set.pack()
    }

    /// A set that was found to be one.
    pub(crate) fn of_checked(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// All records, as [`Stored::records`] cuts them.
    pub(crate) fn record_bytes(&self) -> Option<&[u8]> {
        Some(self.stored()?.records)
    }

    pub(crate) fn stored(&self) -> Option<Stored<'_>> {
        Stored::split(&self.0).map(|(stored, _)| stored)
    }
}

impl RecordSet {
    /// The set as it is stored.
    pub(crate) fn pack(&self) -> Packed {
        let (mut records, mut signatures) = (Vec::new(), Vec::new());
        for data in self.data() {
            write_record(&mut records, self.record_type(), self.ttl(), data);
        }
        let rrsigs = self.rrsigs().iter().cloned();
        let mut rrsigs: Vec<_> = rrsigs
            .map(|rrsig| RData::DNSSEC(DNSSECRData::RRSIG(rrsig)))
            .collect();
        if rrsigs.len() > 1 {
            rrsigs.sort_by_cached_key(rdata_bytes);
        }
        for data in rrsigs {
            write_record(&mut signatures, RecordType::RRSIG, self.ttl(), &data);
        }
        let ends = self.expires_at().unwrap_or(UnixTime(0));
        Packed::of(self.record_type().into(), ends, &records, &signatures)
    }
}

/// A stored set, read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored<'a> {
    record_type: u16,
    ends: u64,
    records: &'a [u8],
    signatures: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Reads the first of several stored sets; the bytes after it come second.
    pub(crate) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (record_type, bytes) = bytes.split_first_chunk()?;
        let (ends, bytes) = bytes.split_first_chunk()?;
        let (records, bytes) = bytes.split_first_chunk()?;
        let (signatures, bytes) = bytes.split_first_chunk()?;
        let (records, bytes) = bytes.split_at_checked(u32::from_be_bytes(*records) as usize)?;
        let (signatures, rest) = bytes.split_at_checked(u32::from_be_bytes(*signatures) as usize)?;
        let stored = Self {
            record_type: u16::from_be_bytes(*record_type),
            ends: u64::from_be_bytes(*ends),
            records,
            signatures,
        };
        Some((stored, rest))
    }

    /// How many octets [`Stored::write`] writes.
    fn length(&self) -> usize {
        HEAD.saturating_add(self.records.len())
            .saturating_add(self.signatures.len())
    }

    /// Writes the bytes that [`Stored::split`] reads.
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.record_type.to_be_bytes());
        to.extend(self.ends.to_be_bytes());
        to.extend((self.records.len() as u32).to_be_bytes()); // a set has at most 60,000 octets
        to.extend((self.signatures.len() as u32).to_be_bytes());
        to.extend_from_slice(self.records);
        to.extend_from_slice(self.signatures);
    }

    /// The same set by itself.
    pub(crate) fn pack(&self) -> Packed {
        let mut bytes = Vec::with_capacity(self.length());
        self.write(&mut bytes);
        Packed(bytes)
    }

    pub(crate) fn record_type(&self) -> RecordType {
        RecordType::from(self.record_type)
    }

    /// When the signatures end; none for an unsigned set.
    pub(crate) fn expires_at(&self) -> Option<UnixTime> {
        (self.ends != 0).then_some(UnixTime(self.ends))
    }

    /// When the last of the signatures begins; none for an unsigned set.
    pub(crate) fn begins_at(&self) -> Option<UnixTime> {
        // Behind type, class, TTL, length, and eight octets of the RRSIG (RFC 4034 §3.1).
        let begin = |body: &[u8]| {
            let (end, begin) = body.get(18..)?.split_first_chunk()?;
            let end = u32::from_be_bytes(*end);
            let lasts = end.wrapping_sub(u32::from_be_bytes(*begin.first_chunk()?));
            Some(UnixTime(self.ends.saturating_sub(lasts.into())))
        };
        self.signatures().filter_map(begin).max()
    }

    /// The tags of the keys that signed the set; none for an unsigned one.
    pub(crate) fn key_tags(&self) -> Option<KeyTags> {
        // Behind type, class, TTL, length, and sixteen octets of the RRSIG (RFC 4034 §3.1).
        let tag = |body: &[u8]| body.get(26..)?.first_chunk().copied();
        let tags = self.signatures().filter_map(tag);
        KeyTags::of(tags.map(u16::from_be_bytes))
    }

    /// The records without their owner, one after the other.
    pub(crate) fn records(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        bodies(self.records)
    }

    /// The signatures without their owner, one after the other.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        bodies(self.signatures)
    }

    /// The records and then the signatures without their owner, one after the other.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.records().chain(self.signatures())
    }

    /// All records, as [`Stored::records`] cuts them.
    pub(crate) fn record_bytes(&self) -> &'a [u8] {
        self.records
    }

    pub(crate) fn ttl(&self) -> u32 {
        let ttl = self.records.get(4..).and_then(<[u8]>::first_chunk);
        ttl.map_or(0, |ttl| u32::from_be_bytes(*ttl))
    }

    /// The data of the records, as it was given.
    pub(crate) fn data(&self) -> Vec<RData> {
        let record_type = self.record_type();
        let data = self.records().filter_map(|body| read(record_type, body));
        data.collect()
    }

    /// The signatures, taken apart.
    pub(crate) fn rrsigs(&self) -> impl Iterator<Item = RRSIG> + use<'a> {
        self.signatures()
            .filter_map(|body| match read(RecordType::RRSIG, body)? {
                RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => Some(rrsig),
                _ => None,
            })
    }

    /// Appends the records, and with `dnssec_ok` their signatures, with at most `max_ttl`.
    pub(crate) fn append_to(
        &self,
        section: &mut Vec<Record>,
        owner: &Name,
        max_ttl: u32,
        dnssec_ok: bool,
    ) {
        let ttl = self.ttl().min(max_ttl);
        let signatures = self.rrsigs().filter(|_| dnssec_ok);
        let signatures = signatures.map(|rrsig| RData::DNSSEC(DNSSECRData::RRSIG(rrsig)));
        let data = self.data().into_iter().chain(signatures);
        section.extend(data.map(|data| Record::from_rdata(owner.clone(), ttl, data)));
    }

    /// The whole set, taken apart.
    pub(crate) fn unpack(&self) -> RecordSet {
        let signatures = self.expires_at().map(|expires| Signatures {
            rrsigs: self.rrsigs().collect(),
            expires,
        });
        RecordSet::stored(self.record_type(), self.ttl(), self.data(), signatures)
    }
}

/// The uncompressed wire form of record data; names keep their case.
pub(crate) fn rdata_bytes(data: &RData) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = BinEncoder::new(&mut bytes);
    encoder.set_name_encoding(NameEncoding::Uncompressed);
    data.emit(&mut encoder).ok()?;
    Some(bytes)
}

fn write_record(to: &mut Vec<u8>, record_type: RecordType, ttl: u32, data: &RData) {
    // Sets whose data has no wire form, or too long a one, are refused when they are made.
    let rdata = rdata_bytes(data).unwrap_or_default();
    write_body(to, record_type, ttl, &rdata);
}

/// Writes `type, class, TTL, RDLENGTH, RDATA`; the data has at most 65,535 octets.
pub(crate) fn write_body(to: &mut Vec<u8>, record_type: RecordType, ttl: u32, rdata: &[u8]) {
    to.extend(u16::from(record_type).to_be_bytes());
    to.extend(u16::from(DNSClass::IN).to_be_bytes());
    to.extend(ttl.to_be_bytes());
    to.extend((rdata.len() as u16).to_be_bytes());
    to.extend_from_slice(rdata);
}

/// Cuts `type, class, TTL, RDLENGTH, RDATA` after `RDATA`, again and again.
pub(crate) fn bodies(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = bytes.get(8..).and_then(<[u8]>::first_chunk)?;
        let length = usize::from(u16::from_be_bytes(*length)).checked_add(10)?;
        let (body, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(body)
    })
}

/// Takes the data of a record apart.
fn read(record_type: RecordType, body: &[u8]) -> Option<RData> {
    read_rdata(record_type, body.get(10..)?)
}

/// Takes record data apart; data that would not come back as it was stays whole.
pub(crate) fn read_rdata(record_type: RecordType, rdata: &[u8]) -> Option<RData> {
    let length = Restrict::new(rdata.len() as u16); // it was written with 16 bits
    let data = RData::read(&mut BinDecoder::new(rdata), record_type, length).ok();
    if rdata.is_empty() {
        return data;
    }
    let exact = |data: &RData| rdata_bytes(data).as_deref() == Some(rdata);
    Some(data.filter(exact).unwrap_or_else(|| RData::Unknown {
        code: record_type,
        rdata: NULL::with(rdata.to_vec()),
    }))
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::rdata::SOA;

    use super::*;
    use crate::record_set::txt;

    #[test]
    fn a_set_comes_back_as_it_was_packed() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let soa = SOA::new(name("ns.a.test."), name("h.a.test."), 1, 2, 3, 4, 5);
        let dname = RData::Unknown {
            code: RecordType::DNAME,
            rdata: NULL::with(b"\x01x\x04test\0".to_vec()),
        };
        let sets = [
            vec![RData::TXT(txt(&[b'a'; 300])), RData::TXT(txt(&[b'b'; 3]))],
            vec![RData::SOA(soa)],
            vec![dname],
        ];
        for data in sets {
            let set = RecordSet::new(data[0].record_type(), 77, data).unwrap();
            let packed = set.pack();
            let stored = packed.stored().unwrap();
            assert_eq!(stored.data(), set.data());
            assert_eq!((stored.ttl(), stored.expires_at()), (77, None));
            assert_eq!(stored.key_tags(), None);
            assert_eq!(stored.unpack().pack(), packed);
        }
    }

    #[test]
    fn names_in_record_data_are_written_whole() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let soa = SOA::new(name("a.test."), name("b.a.test."), 1, 2, 3, 4, 5);
        let bytes = rdata_bytes(&RData::SOA(soa)).unwrap();
        assert_eq!(bytes.len(), 8 + 10 + 20);
    }
}
