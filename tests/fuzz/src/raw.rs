//! Records as bytes, framed and nothing more: what mutations change.

/// A resource record in wire form, the case of its letters kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The owner name in wire form, its final zero included.
    pub owner: Vec<u8>,
    /// The type's number.
    pub kind: u16,
    /// The class; 1 is IN.
    pub class: u16,
    /// The TTL in seconds.
    pub ttl: u32,
    /// The RDATA, without its length.
    pub rdata: Vec<u8>,
}

impl Raw {
    /// TXT.
    pub const TXT: u16 = 16;
    /// RRSIG.
    pub const RRSIG: u16 = 46;
    /// DNSKEY.
    pub const DNSKEY: u16 = 48;

    /// Takes a well-formed proof apart; stops where it is not.
    pub fn of(bytes: &[u8]) -> Vec<Self> {
        let mut records = Vec::new();
        let mut rest = bytes;
        while let Some((record, behind)) = Self::read(rest) {
            records.push(record);
            rest = behind;
        }
        records
    }

    /// The wire form of all of them.
    pub fn join(records: &[Self]) -> Vec<u8> {
        records.iter().flat_map(Self::wire).collect()
    }

    /// The wire form. RDATA beyond 65,535 bytes is cut off.
    pub fn wire(&self) -> Vec<u8> {
        let length = u16::try_from(self.rdata.len()).unwrap_or(u16::MAX);
        let mut bytes = self.owner.clone();
        bytes.extend(self.kind.to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        bytes.extend(self.ttl.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(&self.rdata[..usize::from(length)]);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut end = 0;
        while *bytes.get(end)? != 0 {
            end += usize::from(bytes[end]) + 1;
        }
        let (owner, rest) = bytes.split_at(end + 1);
        let (&[k0, k1, c0, c1, t0, t1, t2, t3, l0, l1], rest) = rest.split_first_chunk::<10>()?;
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let (rdata, rest) = rest.split_at_checked(length)?;
        let record = Self {
            owner: owner.to_vec(),
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            rdata: rdata.to_vec(),
        };
        Some((record, rest))
    }
}

/// The length of the name at the start of `bytes`, or of all of them.
pub(crate) fn name_length(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(&length) = bytes.get(end) {
        end += usize::from(length) + 1;
        if length == 0 {
            break;
        }
    }
    end.min(bytes.len())
}
