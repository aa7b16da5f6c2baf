//! One resource record as it stands in a proof: framed, its RDATA kept byte for byte.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use hickory_proto::{
    rr::{Name, RecordType},
    serialize::binary::{BinDecodable, BinDecoder},
};

use super::ProofError;

/// The class of everything on the Internet (RFC 1035 §3.2.4).
const CLASS_IN: u16 = 1;

/// The most bytes a name may have (RFC 1035 §2.3.4).
const MAX_NAME_BYTES: usize = 255;

/// A resource record in wire form (RFC 1035 §3.2.1), uncompressed, class IN or other.
///
/// The RDATA stays raw: a record of a type nobody here knows is as welcome as any other, and what
/// was signed is what is kept.
///
/// ```
/// use payname_resolver::{hickory_proto::rr::{Name, RecordType}, proof::ResourceRecord};
///
/// let owner = Name::from_ascii("Alice.example.com")?;
/// let record = ResourceRecord::new(&owner, RecordType::TXT, 300, b"\x05hello".to_vec());
/// assert_eq!(record.name().to_string(), "alice.example.com.");
/// assert_eq!((record.ttl(), record.rdata().len()), (300, 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResourceRecord {
    name: Name,
    record_type: RecordType,
    class: u16,
    ttl: u32,
    /// Shared, because a proof that was judged is kept in several places.
    rdata: Arc<[u8]>,
}

impl ResourceRecord {
    /// A record of class IN; the owner name is lower-cased and taken from the root.
    pub fn new(name: &Name, record_type: RecordType, ttl: u32, rdata: Vec<u8>) -> Self {
        let mut name = name.to_lowercase();
        name.set_fqdn(true);
        Self {
            name,
            record_type,
            class: CLASS_IN,
            ttl,
            rdata: rdata.into(),
        }
    }

    /// The same record with another TTL.
    pub(crate) fn with_ttl(&self, ttl: u32) -> Self {
        Self {
            ttl,
            ..self.clone()
        }
    }

    /// The owner name, lower case.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The type.
    pub fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The TTL as it was received, in seconds. Nobody signed it.
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// The RDATA, without its length.
    pub fn rdata(&self) -> &[u8] {
        &self.rdata
    }

    /// Whether the class is IN.
    pub(super) fn is_internet(&self) -> bool {
        self.class == CLASS_IN
    }

    /// Reads the record at the start of `bytes`; returns it with what follows.
    pub(super) fn read(bytes: &[u8], offset: usize) -> Result<(Self, &[u8]), ProofError> {
        let cut_off = ProofError::CutOff { offset };
        let (name, rest) = read_name(bytes, offset)?;
        let Some((head, rest)) = rest.split_first_chunk::<10>() else {
            return Err(cut_off);
        };
        let [t0, t1, c0, c1, l0, l1, l2, l3, r0, r1] = *head;
        let length = usize::from(u16::from_be_bytes([r0, r1]));
        let Some((rdata, rest)) = rest.split_at_checked(length) else {
            return Err(cut_off);
        };
        let record = Self {
            name,
            record_type: RecordType::from(u16::from_be_bytes([t0, t1])),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([l0, l1, l2, l3]),
            rdata: rdata.into(),
        };
        Ok((record, rest))
    }

    /// Appends the wire form.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_name(&self.name, out);
        out.extend_from_slice(&u16::from(self.record_type).to_be_bytes());
        out.extend_from_slice(&self.class.to_be_bytes());
        out.extend_from_slice(&self.ttl.to_be_bytes());
        // A record never outgrows 65,535 bytes of RDATA: it was read from such a length.
        let length = u16::try_from(self.rdata.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend(self.rdata.iter().take(usize::from(length)));
    }
}

impl fmt::Debug for ResourceRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {} ({} bytes)",
            self.name,
            self.ttl,
            self.record_type,
            self.rdata.len()
        )
    }
}

/// Reads an uncompressed name (RFC 9102 §2.2 allows no other) at the start of `bytes`.
fn read_name(bytes: &[u8], offset: usize) -> Result<(Name, &[u8]), ProofError> {
    let mut end = 0usize;
    loop {
        match bytes.get(end) {
            None => return Err(ProofError::CutOff { offset }),
            Some(0) => break,
            Some(&length) if length < 64 => {
                end = end.saturating_add(usize::from(length)).saturating_add(1);
            }
            Some(_) => return Err(ProofError::CompressedName { offset }),
        }
    }
    let (name, rest) = bytes
        .split_at_checked(end.saturating_add(1))
        .ok_or(ProofError::CutOff { offset })?;
    let name = name_from_wire(name).ok_or(ProofError::BadName { offset })?;
    Ok((name, rest))
}

/// A name in uncompressed wire form with nothing behind it, lower-cased.
pub(crate) fn name_from_wire(bytes: &[u8]) -> Option<Name> {
    let mut buffer = [0; MAX_NAME_BYTES];
    let lower = buffer.get_mut(..bytes.len())?;
    lower.copy_from_slice(bytes);
    // Length bytes are below 64 and so have no case.
    lower.make_ascii_lowercase();
    let mut decoder = BinDecoder::new(lower);
    let name = Name::read(&mut decoder).ok()?;
    decoder.is_empty().then_some(name)
}

/// Appends a name in canonical wire form: uncompressed, lower case (RFC 4034 §6.2).
pub(crate) fn write_name(name: &Name, out: &mut Vec<u8>) {
    for label in name.iter() {
        // Labels of a `Name` are at most 63 bytes.
        out.push(u8::try_from(label.len()).unwrap_or(0));
        out.extend(label.iter().map(u8::to_ascii_lowercase));
    }
    out.push(0);
}
