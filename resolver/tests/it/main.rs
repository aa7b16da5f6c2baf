//! The recorded proofs of the field, each a named test, and forged ones, one for each rule.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod anchors;
mod bip353;
mod cache;
mod dnssec_prover;
mod examples;
mod explain;
mod forge;
mod keeping;
mod limits;
mod mutations;
mod rfc9102;
mod rules;
mod sparrow;
mod vector;
