//! Record sets that were stored or sent by someone else, read as strictly as ours are written.

use hickory_proto::rr::RecordType;

use super::{Packed, Stored, bodies};
use crate::names::name_length;

/// The form in which sets are stored; a later release that changes it counts on.
const FORM: u8 = 1;
/// Type, class, TTL and length before the data of a record.
const BODY: usize = 10;
const RRSIG: [u8; 4] = [0, 46, 0, 1];

impl Packed {
    /// The bytes to store a set as; the form comes first.
    pub(crate) fn to_stored_bytes(set: Stored<'_>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(set.length().saturating_add(1));
        bytes.push(FORM);
        set.write(&mut bytes);
        bytes
    }

    /// The packed set in what [`Packed::to_stored_bytes`] wrote; `origin` is in lower-case wire form.
    pub(crate) fn from_stored_bytes<'b>(
        bytes: &'b [u8],
        record_type: RecordType,
        origin: &[u8],
    ) -> Result<&'b [u8], SetFault> {
        let (&form, packed) = bytes.split_first().ok_or(SetFault::Length)?;
        if form != FORM {
            return Err(SetFault::Form(form));
        }
        let (set, rest) = Stored::split(packed).ok_or(SetFault::Length)?;
        if !rest.is_empty() {
            return Err(SetFault::Length);
        }
        if set.record_type() != record_type {
            return Err(SetFault::Type(set.record_type()));
        }
        set.check(origin)?;
        Ok(packed)
    }
}

impl Stored<'_> {
    /// Whether the set is one: records of one type and TTL, in order, and their signatures.
    pub(crate) fn check(&self, origin: &[u8]) -> Result<(), SetFault> {
        if self.records.is_empty() {
            return Err(SetFault::Empty);
        }
        let ttl = self.ttl().to_be_bytes();
        let [high, low] = self.record_type.to_be_bytes();
        check_bodies(self.records, [high, low, 0, 1])?;
        for body in self.records() {
            if body.get(4..8) != Some(&ttl) || ttl > i32::MAX.to_be_bytes() {
                return Err(SetFault::Ttl);
            }
            let data = body.get(BODY..).unwrap_or_default();
            check_data(self.record_type(), data)?;
        }
        check_bodies(self.signatures, RRSIG)?;
        let mut ends = self.signatures.is_empty() && self.ends == 0;
        for body in self.signatures() {
            let data = body.get(BODY..).unwrap_or_default();
            let end = check_signature(data, [high, low], origin).ok_or(SetFault::Signature)?;
            // RRSIG times are the low 32 bits of the UNIX time (RFC 4034 §3.1.5).
            ends |= self.ends != 0 && self.ends as u32 == end;
        }
        if ends { Ok(()) } else { Err(SetFault::End) }
    }
}

/// Checks that all bytes are records of this type and class, ascending by their data.
fn check_bodies(bytes: &[u8], kind: [u8; 4]) -> Result<(), SetFault> {
    let mut length = 0_usize;
    let mut last: Option<&[u8]> = None;
    for body in bodies(bytes) {
        if body.get(..4) != Some(&kind) {
            return Err(SetFault::Kind);
        }
        let data = body.get(BODY..);
        if last.is_some() && last >= data {
            return Err(SetFault::Order);
        }
        last = data;
        length = length.saturating_add(body.len());
    }
    if length == bytes.len() {
        Ok(())
    } else {
        Err(SetFault::Length)
    }
}

/// Checks the data of types that the zone itself reads.
fn check_data(record_type: RecordType, data: &[u8]) -> Result<(), SetFault> {
    let name = || name_length(data);
    let behind = |length: usize| data.len().checked_sub(length);
    let good = match record_type {
        RecordType::NS | RecordType::CNAME | RecordType::DNAME => name() == Some(data.len()),
        RecordType::SOA => {
            let second = name()
                .and_then(|length| data.get(length..))
                .and_then(name_length);
            let names = name()
                .zip(second)
                .and_then(|(one, two)| one.checked_add(two));
            names.and_then(behind) == Some(20)
        }
        RecordType::NSEC => name().and_then(behind).is_some_and(|bitmap| bitmap > 2),
        RecordType::DNSKEY | RecordType::DS => data.len() > 4,
        _ => true,
    };
    if good { Ok(()) } else { Err(SetFault::Data) }
}

/// When a signature ends that covers this type and is made by the zone (RFC 4034 §3.1).
fn check_signature(data: &[u8], covered: [u8; 2], origin: &[u8]) -> Option<u32> {
    let (fixed, rest) = data.split_at_checked(18)?;
    let (signer, signature) = rest.split_at_checked(name_length(rest)?)?;
    let right =
        fixed.starts_with(&covered) && signer.eq_ignore_ascii_case(origin) && !signature.is_empty();
    let end = fixed.get(8..)?.first_chunk()?;
    right.then(|| u32::from_be_bytes(*end))
}

/// Why the bytes of a stored record set are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetFault {
    /// A later release wrote it.
    #[error(
        "it is stored in form {0}, and this release reads form {FORM}; use the release that wrote it"
    )]
    Form(u8),
    /// The bytes do not end where they say.
    #[error("its bytes end too early or too late")]
    Length,
    /// The owner is no name in lower-case wire form.
    #[error("its owner name is malformed or not in lower case")]
    Owner,
    /// It is of another type than it was stored as.
    #[error("it holds {0} records")]
    Type(RecordType),
    /// It holds no records.
    #[error("it holds no records")]
    Empty,
    /// A record in it is of another type or class.
    #[error("a record in it is of another type or class")]
    Kind,
    /// The TTLs differ or have more than 31 bits.
    #[error("its TTLs differ, or exceed 2147483647 seconds")]
    Ttl,
    /// The records are not in ascending order, or one is there twice.
    #[error("its records are not in order, or one is there twice")]
    Order,
    /// The data of a record has not the form of its type.
    #[error("the data of a record in it is malformed")]
    Data,
    /// A signature is malformed, covers another type, or is not made by the zone.
    #[error("its signature is malformed, covers another type, or is not made by the zone")]
    Signature,
    /// The end of the signatures is stored wrongly.
    #[error("its signatures end at another time than is stored")]
    End,
    /// There is another set of its type at its name.
    #[error("it is there twice")]
    Twice,
    /// It is to be removed, but there is no such set.
    #[error("it is to be removed, and is not there")]
    NotThere,
}
