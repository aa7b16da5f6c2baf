//! What must hold for every input of the resolver and the zones, and how inputs are changed to test
//! it.
//!
//! [`target`] has one function per kind of input: it takes any bytes and panics where something
//! does not hold. `make fuzz` lets libFuzzer drive them; `make test` runs them over [`seed`]s and over
//! the inputs of `found/`. [`mutation`] changes recorded proofs in the ways that bytes or chance
//! dictate, and [`oracle`] compares our verdict with that of `dnssec-prover`.
//!
//! This crate is a test rig: where something is wrong it stops with a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

pub mod mutation;
pub mod oracle;
pub mod raw;
pub mod seed;
pub mod target;
pub mod vector;
pub mod zones;
