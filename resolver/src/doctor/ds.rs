//! A DS record taken apart, to be compared and told.

use alloc::vec::Vec;
use core::fmt;

use data_encoding::HEXUPPER;

/// The RDATA of a DS record (RFC 4034 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ds {
    /// The tag of the key.
    pub key_tag: u16,
    /// The key's algorithm.
    pub algorithm: u8,
    /// How the digest was made.
    pub digest_type: u8,
    /// The digest of the key.
    pub digest: Vec<u8>,
}

impl Ds {
    /// Reads RDATA; none if it is too short.
    pub fn from_rdata(rdata: &[u8]) -> Option<Self> {
        let (head, digest) = rdata.split_at_checked(4)?;
        let [tag_high, tag_low, algorithm, digest_type] = *head else {
            return None;
        };
        Some(Self {
            key_tag: u16::from_be_bytes([tag_high, tag_low]),
            algorithm,
            digest_type,
            digest: digest.to_vec(),
        })
    }
}

impl fmt::Display for Ds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = HEXUPPER.encode(&self.digest);
        write!(
            f,
            "{} {} {} {digest}",
            self.key_tag, self.algorithm, self.digest_type
        )
    }
}
