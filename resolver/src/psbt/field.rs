//! The value of `PSBT_OUT_DNSSEC_PROOF`: a length byte, the name, the proof.

use alloc::{borrow::ToOwned, string::String, vec, vec::Vec};

use crate::{
    handle::{Handle, HandleError},
    proof::{Proof, ProofError, Verified},
    text::shown,
};

/// The type of the key in a PSBT's output map; its key data is empty (BIP-353).
pub const PSBT_OUT_DNSSEC_PROOF: u8 = 0x35;

/// A handle and the proof of its record, as a PSBT carries them; parsed but not yet believed.
///
/// ```
/// use payname_resolver::psbt::ProofField;
///
/// # let hex = include_str!("../../vectors/bip353-01-simple.psbt-field.hex");
/// # let bytes = data_encoding::HEXLOWER.decode(hex.trim().as_bytes())?;
/// let field = ProofField::parse(&bytes)?; // the value of the PSBT's field
/// assert_eq!(field.handle().as_str(), "simple@dnssec_proof_tests.bitcoin.ninja");
/// assert_eq!(field.to_bytes(), bytes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofField {
    handle: Handle,
    proof: Proof,
}

impl ProofField {
    /// The field for what was proven.
    pub fn new<T>(verified: &Verified<T>) -> Self {
        Self {
            handle: verified.handle().clone(),
            proof: verified.proof().clone(),
        }
    }

    /// Reads the value of the field: a length byte, the name without `₿`, the proof.
    ///
    /// # Errors
    /// It is cut off, or the name or the proof are malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let cut_off = FieldError::CutOff {
            length: bytes.len(),
        };
        let Some((&length, rest)) = bytes.split_first() else {
            return Err(cut_off);
        };
        let Some((name, proof)) = rest.split_at_checked(usize::from(length)) else {
            return Err(cut_off);
        };
        let name = str::from_utf8(name).map_err(|_| FieldError::NotText)?;
        if name.starts_with('₿') {
            return Err(FieldError::Sign(name.to_owned()));
        }
        Ok(Self {
            handle: name.parse()?,
            proof: Proof::parse(proof)?,
        })
    }

    /// The value of the field.
    pub fn to_bytes(&self) -> Vec<u8> {
        let name = self.handle.as_str();
        let length = u8::try_from(name.len())
            .expect("a handle is shorter than its owner name, which has at most 253 bytes");
        let mut bytes = vec![length];
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend(self.proof.to_bytes());
        bytes
    }

    /// The handle that the output is said to pay; unproven.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The proof that is to show it.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }
}

/// Why bytes are no `PSBT_OUT_DNSSEC_PROOF`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It ends before its name does.
    #[error("the DNSSEC proof field of {length} bytes is cut off")]
    CutOff {
        /// Its length in bytes.
        length: usize,
    },
    /// The name is not UTF-8.
    #[error("the name in the DNSSEC proof field is not text")]
    NotText,
    /// The name has the `₿`, which the field leaves out.
    #[error("the name `{}` in the DNSSEC proof field has the ₿, which does not belong there", shown(.0))]
    Sign(String),
    /// The name is no handle.
    #[error("the name in the DNSSEC proof field is no payment name: {0}")]
    Handle(#[from] HandleError),
    /// The proof is malformed.
    #[error("the DNSSEC proof field is malformed: {0}")]
    Proof(#[from] ProofError),
    /// The key has data behind its type.
    #[error("the key of the DNSSEC proof field has data behind its type; it has none (BIP-353)")]
    KeyData,
}
