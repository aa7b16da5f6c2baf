//! The messages of a transfer taken apart.

use hickory_proto::rr::RecordType;

use crate::layout::{Layout, read_name};

const HEADER: usize = 12;

/// One record of a transfer, its names written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arriving {
    /// The owner in lower-case wire form.
    pub(super) owner: Vec<u8>,
    pub(super) record_type: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

impl Arriving {
    /// The type of the set it belongs to: for a signature, the type it covers.
    pub(super) fn covered(&self) -> Option<u16> {
        if !self.is_signature() {
            return Some(self.record_type);
        }
        self.data.first_chunk().copied().map(u16::from_be_bytes)
    }

    pub(super) fn is_signature(&self) -> bool {
        self.record_type == u16::from(RecordType::RRSIG)
    }

    /// The serial, if it is an SOA.
    pub(super) fn serial(&self) -> Option<u32> {
        if self.record_type != u16::from(RecordType::SOA) {
            return None;
        }
        let (_, fixed) = self.data.split_last_chunk::<20>()?;
        fixed.first_chunk().copied().map(u32::from_be_bytes)
    }
}

/// The answers of one message that is part of the response to `origin` (lower-case wire form).
///
/// `id` is that of the query; none when any will do.
pub(super) fn read<'m>(
    message: &'m [u8],
    id: Option<u16>,
    origin: &[u8],
) -> Result<impl Iterator<Item = Result<Arriving, MessageFault>> + use<'m>, MessageFault> {
    let header: [u8; HEADER] = *message.first_chunk().ok_or(MessageFault::Malformed)?;
    let [
        id_high,
        id_low,
        high,
        low,
        questions_high,
        questions,
        count_high,
        count,
        ..,
    ] = header;
    let its_id = u16::from_be_bytes([id_high, id_low]);
    if id.is_some_and(|id| id != its_id) {
        return Err(MessageFault::Id(its_id));
    }
    if high & 0xf8 != 0x80 {
        return Err(MessageFault::NoResponse);
    }
    if low & 0x0f != 0 {
        return Err(MessageFault::ResponseCode(low & 0x0f));
    }
    if high & 0x02 != 0 {
        return Err(MessageFault::Truncated);
    }
    let mut at = HEADER;
    match [questions_high, questions] {
        [0, 0] => {}
        [0, 1] => {
            let mut name = Vec::new();
            let end = read_name(message, at, &mut name).ok_or(MessageFault::Malformed)?;
            at = end.checked_add(4).ok_or(MessageFault::Malformed)?;
            let kind = message.get(end..at).ok_or(MessageFault::Malformed)?;
            // IXFR or AXFR, class IN.
            let asked = matches!(kind, [0, 251 | 252, 0, 1]);
            if !asked || !name.eq_ignore_ascii_case(origin) {
                return Err(MessageFault::Question);
            }
        }
        _ => return Err(MessageFault::Question),
    }
    let mut left = u16::from_be_bytes([count_high, count]);
    Ok(std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let record = read_record(message, &mut at);
        if record.is_none() {
            left = 0;
        }
        Some(record.ok_or(MessageFault::Malformed))
    }))
}

fn read_record(message: &[u8], at: &mut usize) -> Option<Arriving> {
    let mut owner = Vec::with_capacity(64);
    let fixed_at = read_name(message, *at, &mut owner)?;
    owner.make_ascii_lowercase();
    let fixed: &[u8; 10] = message.get(fixed_at..)?.first_chunk()?;
    let [t1, t2, c1, c2, l1, l2, l3, l4, d1, d2] = *fixed;
    let start = fixed_at.checked_add(fixed.len())?;
    let end = start.checked_add(usize::from(u16::from_be_bytes([d1, d2])))?;
    let record_type = u16::from_be_bytes([t1, t2]);
    *at = end;
    Some(Arriving {
        owner,
        record_type,
        class: u16::from_be_bytes([c1, c2]),
        ttl: u32::from_be_bytes([l1, l2, l3, l4]),
        data: Layout::of(record_type).expand(message, start..end)?,
    })
}

/// Why a message is no part of the transfer that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFault {
    /// It cannot be read to the end.
    #[error("it is malformed")]
    Malformed,
    /// It brings nothing.
    #[error("it holds no record")]
    Empty,
    /// It answers another query.
    #[error("its id {0} is that of another query")]
    Id(u16),
    /// It is a query, or of another opcode.
    #[error("it is no response to a query")]
    NoResponse,
    /// The server refuses, or failed.
    #[error("its response code is {0}; does the server let this one transfer the zone?")]
    ResponseCode(u8),
    /// It was cut off, which cannot be over TCP.
    #[error("it is truncated")]
    Truncated,
    /// It answers another question.
    #[error("it repeats another question")]
    Question,
}
