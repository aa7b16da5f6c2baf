//! A DS record taken apart, to be compared and told.

use alloc::vec::Vec;
use core::{fmt, str::FromStr};

use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use hickory_proto::rr::Name;
use ring::digest;

use crate::proof::{key_tag, write_name};

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

impl Ds {
    /// The DS record, with a SHA-256 digest, of a key given as RDATA (RFC 4034 §5.1.4, RFC 4509).
    pub fn of_key(zone: &Name, key: &[u8]) -> Self {
        let mut message = Vec::new();
        write_name(&zone.to_lowercase(), &mut message);
        message.extend_from_slice(key);
        Self {
            key_tag: key_tag(key),
            algorithm: key.get(3).copied().unwrap_or_default(),
            digest_type: 2,
            digest: digest::digest(&digest::SHA256, &message).as_ref().to_vec(),
        }
    }
}

/// Reads the data as it is shown: tag, algorithm, kind of digest, and the digest in hex.
///
/// ```
/// use payname_resolver::doctor::Ds;
///
/// let ds: Ds = "2371 13 2 ab CDEF".parse()?;
/// assert_eq!((ds.key_tag, ds.algorithm, ds.digest_type), (2371, 13, 2));
/// assert_eq!(ds.to_string(), "2371 13 2 ABCDEF");
/// assert!("2371 13 2".parse::<Ds>().is_err());
/// # Ok::<(), payname_resolver::doctor::DsError>(())
/// ```
impl FromStr for Ds {
    type Err = DsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut fields = text.split_ascii_whitespace();
        let mut field = || fields.next().ok_or(DsError);
        let (key_tag, algorithm, digest_type) = (field()?, field()?, field()?);
        let digest: Vec<u8> = fields.flat_map(str::bytes).collect();
        let digest = HEXUPPER_PERMISSIVE.decode(&digest).map_err(|_| DsError)?;
        if digest.is_empty() {
            return Err(DsError);
        }
        Ok(Self {
            key_tag: key_tag.parse().map_err(|_| DsError)?,
            algorithm: algorithm.parse().map_err(|_| DsError)?,
            digest_type: digest_type.parse().map_err(|_| DsError)?,
            digest,
        })
    }
}

/// A text is not the data of a DS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the data of a DS record; write it as \"2371 13 2 ABCDEF…\"")]
pub struct DsError;

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
