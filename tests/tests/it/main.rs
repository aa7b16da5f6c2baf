//! The end-to-end and conformance tests, on a private internet and with real programs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod differential;
/// The forge of chains is the resolver's own, whose tests use more of it.
#[allow(dead_code, unused_imports)]
#[path = "../../../resolver/tests/it/forge/mod.rs"]
mod forge;
mod judges;
mod layout;
mod lies;
mod lightning;
mod line;
mod onion;
mod proof_server;
mod resolution;
mod round_trips;
mod transports;
