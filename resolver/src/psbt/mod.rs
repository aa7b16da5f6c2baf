//! `PSBT_OUT_DNSSEC_PROOF`: whom an output of a PSBT pays, provable by the signer (BIP-353).
//!
//! Who builds a transaction [`attach`]es the proof to the output; who signs it, such as a hardware
//! wallet, reads with [`proven_output`] whose name the output pays, and need not trust the builder.

mod field;
mod output;
#[cfg(test)]
mod tests;

pub use field::{FieldError, PSBT_OUT_DNSSEC_PROOF, ProofField};
pub use output::{Grace, OutputError, ProvenOutput, Recipient, attach, proven_output};
