//! A query as it usually is, read strictly and without allocating.

use hickory_proto::rr::RecordType;

use crate::edns::Wanted;

const HEADER_LENGTH: usize = 12;
/// The longest name in wire form (RFC 1035 §2.3.4).
pub(super) const MAX_NAME: usize = 255;
/// The longest label.
const MAX_LABEL: u8 = 63;

/// A query as it is usual: one question of class IN, perhaps EDNS, and nothing else.
pub(super) struct Asked<'a> {
    pub(super) id_and_flags: [u8; 4],
    pub(super) question: &'a [u8],
    pub(super) name: LowerName,
    pub(super) record_type: RecordType,
    pub(super) edns: Option<Edns<'a>>,
}

/// What matters of an OPT record (RFC 6891 §6.1).
pub(super) struct Edns<'a> {
    pub(super) payload: u16,
    pub(super) dnssec_ok: bool,
    /// The flag CO (RFC 9824 §5.1).
    pub(super) compact_ok: bool,
    pub(super) wanted: Wanted<'a>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(query: &'a [u8]) -> Option<Self> {
        let (header, body) = query.split_at_checked(HEADER_LENGTH)?;
        let id_and_flags = *header.first_chunk()?;
        let [_, _, high, low] = id_and_flags;
        // A query, with RD, AD and CD as it likes; all else is unusual.
        let usual = high & 0xfe == 0 && low & 0xcf == 0;
        let [0, 1, 0, 0, 0, 0, 0, additionals @ (0 | 1)] = header.get(4..)? else {
            return None;
        };
        let (name, rest) = LowerName::read(body)?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let [type_high, type_low, 0, 1] = *kind else {
            return None;
        };
        let question = body.get(..body.len().checked_sub(rest.len())?)?;
        let edns = match (additionals, rest) {
            (0, []) => None,
            (1, rest) => Some(Edns::read(rest)?),
            _ => return None,
        };
        usual.then_some(Self {
            id_and_flags,
            question,
            name,
            record_type: RecordType::from(u16::from_be_bytes([type_high, type_low])),
            edns,
        })
    }

    pub(super) fn compact_ok(&self) -> bool {
        self.edns.as_ref().is_some_and(|edns| edns.compact_ok)
    }

    pub(super) fn dnssec_ok(&self) -> bool {
        self.edns.as_ref().is_some_and(|edns| edns.dnssec_ok)
    }
}

impl<'a> Edns<'a> {
    /// Version 0, with well-formed options that end where the query does.
    fn read(opt: &'a [u8]) -> Option<Self> {
        let (fixed, options) = opt.split_first_chunk::<11>()?;
        let [0, 0, 41, p1, p2, 0, 0, flags, _, o1, o2] = *fixed else {
            return None;
        };
        let whole = options.len() == usize::from(u16::from_be_bytes([o1, o2]));
        Some(Self {
            payload: u16::from_be_bytes([p1, p2]),
            dnssec_ok: flags & 0x80 != 0,
            compact_ok: flags & 0x40 != 0,
            wanted: Wanted::read(options).filter(|_| whole)?,
        })
    }
}

/// A name in lower-case wire form.
pub(super) struct LowerName {
    octets: [u8; MAX_NAME],
    length: usize,
}

impl LowerName {
    /// Reads an uncompressed name; the bytes after it come second.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut length = 0_usize;
        loop {
            let label = *bytes.get(length)?;
            length = length.checked_add(usize::from(label))?.checked_add(1)?;
            if label == 0 {
                break;
            }
            if label > MAX_LABEL || length >= MAX_NAME {
                return None;
            }
        }
        let (name, rest) = bytes.split_at_checked(length)?;
        let mut octets = [0; MAX_NAME];
        // Lengths of labels are below `A`, so all octets can be treated alike.
        for (lower, octet) in octets.iter_mut().zip(name) {
            *lower = octet.to_ascii_lowercase();
        }
        Some((Self { octets, length }, rest))
    }

    pub(super) fn wire(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}
