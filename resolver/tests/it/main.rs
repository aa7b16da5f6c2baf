//! The recorded proofs of the field, each a named test.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod bip353;
mod dnssec_prover;
mod mutations;
mod rfc9102;
mod sparrow;
mod vector;
