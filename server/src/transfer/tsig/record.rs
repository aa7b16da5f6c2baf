//! The TSIG record at the end of a message, found, read and written (RFC 8945 §4.2).

use payname_resolver::hickory_proto::{
    ProtoError,
    rr::Name,
    serialize::binary::{BinDecodable as _, BinDecoder, DecodeError},
};

/// The record's type.
const TYPE: u16 = 250;
/// Its class, ANY.
const CLASS: u16 = 255;
/// The length of a message's header.
const HEADER: usize = 12;

/// A TSIG record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The key's name.
    pub(super) name: Name,
    /// The algorithm's name.
    pub(super) algorithm: Name,
    /// When the message was signed, in seconds since 1970; 48 bits.
    pub(super) time: u64,
    pub(super) fudge: u16,
    pub(super) mac: Vec<u8>,
    pub(super) original_id: u16,
    pub(super) error: u16,
    pub(super) other: Vec<u8>,
}

/// Where a message's TSIG record starts, and what it says; none when there is none.
///
/// # Errors
/// The message cannot be read, or the record is not the last one.
pub(super) fn find(message: &[u8]) -> Result<Option<(usize, Record)>, Malformed> {
    let mut decoder = BinDecoder::new(message);
    let word = |decoder: &mut BinDecoder<'_>| read_u16(decoder);
    let (_id, _flags) = (word(&mut decoder)?, word(&mut decoder)?);
    let questions = word(&mut decoder)?;
    let (answers, authorities) = (word(&mut decoder)?, word(&mut decoder)?);
    let additionals = word(&mut decoder)?;
    for _ in 0..questions {
        Name::read(&mut decoder)?;
        decoder.read_slice(4)?;
    }
    let before = u32::from(answers).saturating_add(u32::from(authorities));
    let all = before.saturating_add(u32::from(additionals));
    for number in 1..=all {
        let start = decoder.index();
        let name = Name::read(&mut decoder)?;
        let (record_type, class) = (word(&mut decoder)?, word(&mut decoder)?);
        let ttl = decoder.read_u32()?.unverified(/* any */);
        let length = word(&mut decoder)?;
        if record_type != TYPE {
            decoder.read_slice(length.into())?;
            continue;
        }
        if number != all || additionals == 0 || class != CLASS || ttl != 0 {
            return Err(Malformed);
        }
        let end = decoder.index().saturating_add(length.into());
        let record = read_data(name, &mut decoder)?;
        // Bytes after the last record would be covered by no signature.
        if decoder.index() != end || !decoder.is_empty() {
            return Err(Malformed);
        }
        return Ok(Some((start, record)));
    }
    Ok(None)
}

fn read_data(name: Name, decoder: &mut BinDecoder<'_>) -> Result<Record, Malformed> {
    let algorithm = Name::read(decoder)?;
    let high = read_u16(decoder)?;
    let low = decoder.read_u32()?.unverified(/* any */);
    let fudge = read_u16(decoder)?;
    let mac = read_sized(decoder)?;
    Ok(Record {
        name,
        algorithm,
        time: u64::from(high) << 32 | u64::from(low),
        fudge,
        mac,
        original_id: read_u16(decoder)?,
        error: read_u16(decoder)?,
        other: read_sized(decoder)?,
    })
}

fn read_u16(decoder: &mut BinDecoder<'_>) -> Result<u16, DecodeError> {
    Ok(decoder.read_u16()?.unverified(/* any */))
}

fn read_sized(decoder: &mut BinDecoder<'_>) -> Result<Vec<u8>, DecodeError> {
    let length = read_u16(decoder)?;
    Ok(decoder.read_vec(length.into())?.unverified(/* any */))
}

impl Record {
    /// Puts the record behind everything a message holds, and counts it.
    pub(super) fn append(&self, message: &mut Vec<u8>) {
        let mut data = wire(&self.algorithm);
        data.extend(self.time.to_be_bytes().iter().skip(2));
        data.extend(self.fudge.to_be_bytes());
        push_sized(&mut data, &self.mac);
        data.extend(self.original_id.to_be_bytes());
        data.extend(self.error.to_be_bytes());
        push_sized(&mut data, &self.other);
        message.extend(wire(&self.name));
        message.extend(TYPE.to_be_bytes());
        message.extend(CLASS.to_be_bytes());
        message.extend([0; 4]); // TTL
        push_sized(message, &data);
        count(message, 1);
    }

    /// What is signed beside the message: all that the record says but MAC and id.
    pub(super) fn variables(&self) -> Vec<u8> {
        let mut variables = wire(&self.name);
        variables.extend(CLASS.to_be_bytes());
        variables.extend([0; 4]); // TTL
        variables.extend(wire(&self.algorithm));
        variables.extend(self.timers());
        variables.extend(self.error.to_be_bytes());
        push_sized(&mut variables, &self.other);
        variables
    }

    /// What is signed beside each message but the first of several.
    pub(super) fn timers(&self) -> Vec<u8> {
        let time = self.time.to_be_bytes();
        let time = time.iter().skip(2).copied();
        time.chain(self.fudge.to_be_bytes()).collect()
    }

    /// Whether a clock that shows `now` is near enough.
    pub(super) fn is_timely(&self, now: u64) -> bool {
        self.time.abs_diff(now) <= self.fudge.into()
    }
}

/// Takes the record that starts at `start` away: the message as it was signed.
pub(super) fn strip(message: &mut Vec<u8>, start: usize, record: &Record) {
    message.truncate(start);
    count(message, -1);
    let id = record.original_id.to_be_bytes();
    message.iter_mut().zip(id).for_each(|(to, from)| *to = from);
}

/// Counts one additional record more or less.
fn count(message: &mut [u8], by: i16) {
    if let Some(count) = message.get_mut(10..HEADER)
        && let Ok(old) = <[u8; 2]>::try_from(&*count)
    {
        let new = u16::from_be_bytes(old).saturating_add_signed(by);
        count.copy_from_slice(&new.to_be_bytes());
    }
}

/// Bytes behind their length; nothing here comes near 64 KiB.
pub(super) fn push_sized(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend((bytes.len() as u16).to_be_bytes());
    to.extend(bytes);
}

/// A name as it is signed: uncompressed, in lower case.
fn wire(name: &Name) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len().saturating_add(1));
    for label in name.iter() {
        wire.push(label.len() as u8);
        wire.extend(label.to_ascii_lowercase());
    }
    wire.push(0);
    wire
}

/// The message cannot be read, or its TSIG record stands where none may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be read as one with a TSIG record")]
pub(super) struct Malformed;

impl From<DecodeError> for Malformed {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

impl From<ProtoError> for Malformed {
    fn from(_: ProtoError) -> Self {
        Self
    }
}
