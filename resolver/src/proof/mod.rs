//! RFC 9102 proofs: the records from the root to the answer, and the judgement on them.
//!
//! [`Proof::parse`] frames the bytes, [`Proof::judge`] decides about any owner name and type, and
//! [`Proof::verify`] is BIP-353 on top: the only maker of [`Verified`].

mod anchors;
mod answer;
mod cache;
mod canonical;
mod chain;
mod checks;
mod crypto;
mod denial;
mod explain;
mod keeping;
mod memo;
mod nsec;
mod nsec3;
mod opinion;
mod outcome;
mod path;
mod record_set;
mod resource_record;
mod signature;
mod verified;

use alloc::vec::Vec;

use hickory_proto::rr::{Name, RecordType};

pub use anchors::{AnchorError, TrustAnchors};
pub use cache::ChainCache;
pub use explain::{Detail, Digest, Explanation, Key, Link, Shown, Voucher};
pub use keeping::{KeptProof, ProofCache, recall};
pub use opinion::{Disagreement, Opinion};
pub use outcome::{Bogus, Denial, DenialKind, Insecure, Outcome, Reason, RecordSetName, Secure};
pub use resource_record::ResourceRecord;
pub(crate) use resource_record::{name_from_wire, write_name};
pub(crate) use signature::{key_tag, signer_of};
pub use verified::{Verified, VerifyError};

use crate::{handle::Handle, record::Record, time::UnixTime};

/// The most bytes a proof may have; what bLIP-32 and DNS over TCP can carry.
pub const MAX_PROOF_BYTES: usize = 65_535;

/// The records that prove an answer (RFC 9102 §2.2), parsed but not yet believed.
///
/// Any order, duplicates, records of unknown types and mixed case are fine; whether they prove
/// anything is for [`Proof::judge`] and [`Proof::verify`] to say.
///
/// ```
/// use payname_resolver::{Handle, Proof, TrustAnchors, UnixTime};
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-01-simple.hex").trim())?;
/// let proof = Proof::parse(&bytes)?; // of a file, a PSBT, an onion message
/// let handle: Handle = "₿simple@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let record = proof.verify(&handle, &TrustAnchors::iana(), UnixTime(1_754_700_000))?;
/// assert_eq!(record.uri(), "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l");
/// assert!(proof.verify(&handle, &TrustAnchors::iana(), UnixTime(1_800_000_000)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    records: Vec<ResourceRecord>,
}

impl Proof {
    /// Frames the records of a proof: uncompressed wire form, one behind the other.
    ///
    /// # Errors
    /// The bytes are empty, longer than [`MAX_PROOF_BYTES`], or no sequence of whole records.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.is_empty() {
            return Err(ProofError::Empty);
        }
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLong {
                length: bytes.len(),
            });
        }
        let mut records = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let offset = bytes.len().saturating_sub(rest.len());
            let (record, behind) = ResourceRecord::read(rest, offset)?;
            records.push(record);
            rest = behind;
        }
        Ok(Self { records })
    }

    /// A proof of the given records, in their order.
    ///
    /// # Errors
    /// There are none, or their wire form is longer than [`MAX_PROOF_BYTES`].
    pub fn from_records(records: Vec<ResourceRecord>) -> Result<Self, ProofError> {
        let proof = Self { records };
        match proof.to_bytes().len() {
            0 => Err(ProofError::Empty),
            length if length > MAX_PROOF_BYTES => Err(ProofError::TooLong { length }),
            _ => Ok(proof),
        }
    }

    /// The records, in their order.
    pub fn records(&self) -> &[ResourceRecord] {
        &self.records
    }

    /// The wire form: what a proof file or `PSBT_OUT_DNSSEC_PROOF` holds behind the name.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in &self.records {
            record.write(&mut bytes);
        }
        bytes
    }

    /// Says what this proof shows about the records of `record_type` at `owner`, at time `now`.
    ///
    /// General over names and types; follows signed CNAME and DNAME records. Never panics.
    pub fn judge(
        &self,
        owner: &Name,
        record_type: RecordType,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Outcome {
        answer::judge(self, owner, record_type, anchors, now)
    }

    /// The same as [`Proof::judge`], without making signature checks again that `cache` remembers;
    /// what is established enters the cache. The verdict is that of a cold judgement.
    pub fn judge_cached(
        &self,
        owner: &Name,
        record_type: RecordType,
        anchors: &TrustAnchors,
        now: UnixTime,
        cache: &mut ChainCache,
    ) -> Outcome {
        answer::judge_cached(self, owner, record_type, anchors, now, cache)
    }

    /// Proves the BIP-353 record of `handle` at time `now`.
    ///
    /// # Errors
    /// The proof shows that there is no such record, that its zone is not signed, or nothing at
    /// all; or the record is proven and breaks BIP-353.
    pub fn verify(
        &self,
        handle: &Handle,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Result<Verified<Record>, VerifyError> {
        let outcome = self.judge(handle.owner_name(), RecordType::TXT, anchors, now);
        verified::seal(outcome, handle, anchors)
    }

    /// The same as [`Proof::verify`], with a cache as in [`Proof::judge_cached`].
    ///
    /// # Errors
    /// As [`Proof::verify`].
    pub fn verify_cached(
        &self,
        handle: &Handle,
        anchors: &TrustAnchors,
        now: UnixTime,
        cache: &mut ChainCache,
    ) -> Result<Verified<Record>, VerifyError> {
        let outcome = self.judge_cached(handle.owner_name(), RecordType::TXT, anchors, now, cache);
        verified::seal(outcome, handle, anchors)
    }
}

/// Why bytes are no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// There are no records.
    #[error("the proof is empty")]
    Empty,
    /// It is longer than any proof may be.
    #[error("the proof has {length} bytes; at most 65535 are allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A record ends behind the last byte.
    #[error(
        "the record at byte {offset} is cut off; the proof is incomplete or not an RFC 9102 proof"
    )]
    CutOff {
        /// Where the record begins.
        offset: usize,
    },
    /// A name points elsewhere or has a label type that does not exist.
    #[error(
        "the record at byte {offset} has a compressed name; a proof holds none (RFC 9102 §2.2)"
    )]
    CompressedName {
        /// Where the record begins.
        offset: usize,
    },
    /// A name is longer than 255 bytes.
    #[error("the record at byte {offset} has a name longer than DNS allows")]
    BadName {
        /// Where the record begins.
        offset: usize,
    },
}
