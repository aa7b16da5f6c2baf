//! RRSIG, DNSKEY and DS records taken apart (RFC 4034 §2, §3, §5).

use alloc::vec::Vec;

use hickory_proto::rr::{Name, RecordType};

use super::{Reason, ResourceRecord, crypto::DigestType, name_from_wire, write_name};
use crate::time::{UnixTime, Window};

/// An RRSIG record: the fields, the bytes that precede the signature, and the signature.
#[derive(Debug)]
pub(super) struct RrSig<'p> {
    pub(super) covered: RecordType,
    pub(super) algorithm: u8,
    pub(super) labels: u8,
    pub(super) original_ttl: u32,
    expiration: u32,
    inception: u32,
    pub(super) key_tag: u16,
    pub(super) signer: Name,
    /// The eighteen bytes in front of the signer's name, which are signed as they stand.
    head: &'p [u8; 18],
    pub(super) signature: &'p [u8],
}

impl<'p> RrSig<'p> {
    pub(super) fn read(rdata: &'p [u8]) -> Option<Self> {
        let (head, rest) = rdata.split_first_chunk::<18>()?;
        let [
            t0,
            t1,
            algorithm,
            labels,
            o0,
            o1,
            o2,
            o3,
            e0,
            e1,
            e2,
            e3,
            i0,
            i1,
            i2,
            i3,
            k0,
            k1,
        ] = *head;
        let end = name_length(rest)?;
        let (signer, signature) = rest.split_at_checked(end)?;
        Some(Self {
            covered: RecordType::from(u16::from_be_bytes([t0, t1])),
            algorithm,
            labels,
            original_ttl: u32::from_be_bytes([o0, o1, o2, o3]),
            expiration: u32::from_be_bytes([e0, e1, e2, e3]),
            inception: u32::from_be_bytes([i0, i1, i2, i3]),
            key_tag: u16::from_be_bytes([k0, k1]),
            signer: name_from_wire(signer)?,
            head,
            signature,
        })
    }

    /// When the signature is valid, read as the times nearest to `now` (RFC 4034 §3.1.5).
    pub(super) fn window(&self, now: UnixTime) -> Window {
        Window {
            valid_from: now.nearest(self.inception),
            valid_until: now.nearest(self.expiration),
        }
    }

    /// Whether the signature is valid at `now`.
    pub(super) fn check_time(&self, now: UnixTime) -> Result<Window, Reason> {
        let window = self.window(now);
        if self.expiration.wrapping_sub(self.inception).cast_signed() < 0 {
            Err(Reason::EmptyWindow)
        } else if now.distance(self.expiration) < 0 {
            Err(Reason::Expired {
                at: window.valid_until,
            })
        } else if now.distance(self.inception) > 0 {
            Err(Reason::NotYetValid {
                at: window.valid_from,
            })
        } else {
            Ok(window)
        }
    }

    /// The beginning of what is signed: the RDATA without the signature (RFC 4034 §3.1.8.1), with
    /// room for `more` bytes behind it.
    pub(super) fn signed_head(&self, more: usize) -> Vec<u8> {
        let length = self.head.len().saturating_add(self.signer.len());
        let mut bytes = Vec::with_capacity(length.saturating_add(more));
        bytes.extend_from_slice(self.head);
        write_name(&self.signer, &mut bytes);
        bytes
    }
}

/// The zone that an RRSIG record names as its signer; none for other records and malformed ones.
pub(crate) fn signer_of(record: &ResourceRecord) -> Option<Name> {
    if record.record_type() != RecordType::RRSIG {
        return None;
    }
    RrSig::read(record.rdata()).map(|signature| signature.signer)
}

/// A DNSKEY record.
#[derive(Debug, Clone, Copy)]
pub(super) struct DnsKey<'p> {
    pub(super) algorithm: u8,
    pub(super) tag: u16,
    flags: u16,
    protocol: u8,
    pub(super) rdata: &'p [u8],
}

impl<'p> DnsKey<'p> {
    const ZONE: u16 = 0x0100;
    const REVOKE: u16 = 0x0080;

    pub(super) fn read(rdata: &'p [u8]) -> Option<Self> {
        let [f0, f1, protocol, algorithm, ..] = *rdata else {
            return None;
        };
        Some(Self {
            algorithm,
            tag: key_tag(rdata),
            flags: u16::from_be_bytes([f0, f1]),
            protocol,
            rdata,
        })
    }

    /// 257 for a key-signing key, 256 for a zone-signing key, and whatever else is set.
    pub(super) fn flags(&self) -> u16 {
        self.flags
    }

    /// The key itself, as its algorithm packs it.
    pub(super) fn public_key(&self) -> &'p [u8] {
        self.rdata.get(4..).unwrap_or_default()
    }

    /// Whether it may sign records: a zone key (RFC 4034 §2.1.1), not revoked (RFC 5011 §2.1).
    pub(super) fn may_sign(&self) -> bool {
        self.flags & Self::ZONE != 0 && self.flags & Self::REVOKE == 0 && self.protocol == 3
    }
}

/// A DS record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ds {
    pub(super) key_tag: u16,
    pub(super) algorithm: u8,
    pub(super) digest_type: u8,
    pub(super) digest: Vec<u8>,
}

impl Ds {
    pub(super) fn read(rdata: &[u8]) -> Option<Self> {
        let (&[k0, k1, algorithm, digest_type], digest) = rdata.split_first_chunk::<4>()?;
        Some(Self {
            key_tag: u16::from_be_bytes([k0, k1]),
            algorithm,
            digest_type,
            digest: digest.to_vec(),
        })
    }

    /// Whether this is the digest of `key` at `zone` (RFC 4034 §5.1.4).
    pub(super) fn matches(&self, zone: &Name, key: &DnsKey<'_>) -> bool {
        Self::any_matches(core::slice::from_ref(self), zone, key)
    }

    /// Whether one of `all` is the digest of `key` at `zone`. The key is hashed once for each digest
    /// type, however many records name its tag.
    pub(super) fn any_matches(all: &[Self], zone: &Name, key: &DnsKey<'_>) -> bool {
        DigestType::ALL.into_iter().any(|digest_type| {
            let mut named = all
                .iter()
                .filter(|ds| ds.key_tag == key.tag && ds.algorithm == key.algorithm)
                .filter(|ds| DigestType::of(ds.digest_type) == Some(digest_type))
                .peekable();
            named.peek().is_some() && {
                let mut message = Vec::with_capacity(zone.len().saturating_add(key.rdata.len()));
                write_name(zone, &mut message);
                message.extend_from_slice(key.rdata);
                let digest = digest_type.digest(&message);
                named.any(|ds| digest.as_ref() == ds.digest)
            }
        })
    }
}

/// The key tag of a DNSKEY's RDATA (RFC 4034 appendix B).
pub(crate) fn key_tag(rdata: &[u8]) -> u16 {
    let (words, rest) = rdata.as_chunks::<2>();
    let last = rest.first().map(|high| [*high, 0]);
    let sum = words.iter().chain(&last).fold(0u32, |sum, word| {
        sum.wrapping_add(u32::from(u16::from_be_bytes(*word)))
    });
    (sum.wrapping_add(sum >> 16) & 0xffff) as u16
}

/// The length of the uncompressed name at the start of `bytes`, its final zero included.
pub(super) fn name_length(bytes: &[u8]) -> Option<usize> {
    let mut end = 0usize;
    loop {
        match *bytes.get(end)? {
            0 => return end.checked_add(1),
            length if length < 64 => end = end.checked_add(usize::from(length))?.checked_add(1)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_with_its_zero_and_has_labels_of_at_most_63_bytes() {
        let label = |length: u8| [&[length][..], &[b'a'; 70][..usize::from(length)], &[0]].concat();
        assert_eq!(name_length(&[0, 7]), Some(1));
        assert_eq!(name_length(&label(63)), Some(65));
        for malformed in [&label(64)[..], &[0xc0, 0], &[1, b'a'], &[2, b'a'], &[]] {
            assert_eq!(name_length(malformed), None, "{malformed:?}");
        }
    }
}
