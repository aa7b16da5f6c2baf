//! What one server showed of a name, taken from its message as it came.

use alloc::vec::Vec;

use hickory_proto::{
    op::{Header, Query, ResponseCode},
    rr::{Name, RecordType},
    serialize::binary::{BinDecodable as _, BinDecoder},
};

use crate::{
    proof::ResourceRecord,
    resolution::{Response, read_record},
};

/// What one server answered when it was asked for the TXT records of a name.
///
/// ```
/// use payname_resolver::{doctor::Seen, hickory_proto::rr::{Name, RecordType}};
///
/// // alice. TXT, asked of a server that says that there is no such name.
/// let denial = b"\x12\x34\x84\x03\0\x01\0\0\0\0\0\0\x05alice\0\0\x10\0\x01";
/// let seen = Seen::read(denial, RecordType::TXT).unwrap();
/// assert!(seen.is_authoritative && seen.is_name_error && seen.data.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Whether the server speaks for the zone (AA). Always, for what a resolver said.
    pub is_authoritative: bool,
    /// Whether it says that the name does not exist.
    pub is_name_error: bool,
    /// Whether signatures came with it.
    pub is_signed: bool,
    /// The RDATA of the records, in the order of the answer.
    pub data: Vec<Vec<u8>>,
    /// Their TTL, in seconds.
    pub ttl: u32,
    /// Whether it came by a CNAME or DNAME record.
    pub is_alias: bool,
    /// All records of types that proofs are made of, or that were asked for.
    pub records: Vec<ResourceRecord>,
}

impl Seen {
    /// Reads a whole message; none if it is malformed or reports a failure such as SERVFAIL.
    pub fn read(message: &[u8], asked: RecordType) -> Option<Self> {
        let mut decoder = BinDecoder::new(message);
        let header = Header::read(&mut decoder).ok()?;
        let is_name_error = match header.metadata.response_code {
            ResponseCode::NoError => false,
            ResponseCode::NXDomain => true,
            _ => return None,
        };
        for _ in 0..header.counts.queries {
            Query::read(&mut decoder).ok()?;
        }
        let count = header
            .counts
            .answers
            .saturating_add(header.counts.authorities);
        let mut records = Vec::new();
        for _ in 0..count {
            records.extend(read_record(&mut decoder, message, asked)?);
        }
        Some(Self {
            is_authoritative: header.metadata.authoritative,
            is_name_error,
            ..Self::of(records, asked)
        })
    }

    /// What a resolver said.
    pub fn from_response(response: &Response) -> Self {
        let asked = response.question().record_type;
        Self {
            is_authoritative: true,
            ..Self::of(response.records().to_vec(), asked)
        }
    }

    fn of(records: Vec<ResourceRecord>, asked: RecordType) -> Self {
        let is =
            |wanted: RecordType| move |record: &&ResourceRecord| record.record_type() == wanted;
        let data = records.iter().filter(is(asked));
        let ttl = data.clone().map(ResourceRecord::ttl).min().unwrap_or(0);
        let data = data.map(|record| record.rdata().to_vec()).collect();
        Self {
            is_signed: records
                .iter()
                .any(|record| record.record_type() == RecordType::RRSIG),
            is_alias: records.iter().any(|record| {
                matches!(record.record_type(), RecordType::CNAME | RecordType::DNAME)
            }),
            data,
            ttl,
            records,
            ..Self::default()
        }
    }

    /// The strings of the payment record, one after the other; none without a single one.
    pub fn payment(&self) -> Option<Vec<u8>> {
        let data = self.data.iter().map(Vec::as_slice);
        crate::Record::from_txt(data)
            .ok()
            .map(|record| record.uri().as_bytes().to_vec())
    }

    /// The owners of the NSEC records in the answer that name another one next: those can be walked.
    pub(super) fn walkable(&self) -> Option<&Name> {
        let nsec = self
            .records
            .iter()
            .filter(|record| record.record_type() == RecordType::NSEC);
        // A compact denial names what follows at once: the same name with a zero byte before it (RFC 9824).
        let mut others = nsec.filter(|record| !record.rdata().starts_with(&[1, 0]));
        others.next().map(ResourceRecord::name)
    }
}
