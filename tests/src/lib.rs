//! A private DNS internet, real Lightning nodes and the programs that judge them.
//!
//! [`World`] is the internet: a root of its own, a TLD, payment zones and a recursor that can lie.
//! Beside it run the real things: [`Bitcoind`], [`Unbound`], and in [`sandbox`] all of them
//! together with `paynamed` and two Lightning nodes. The tests of `tests/it` and the `sandbox`
//! binary share everything here.
//!
//! This crate is a test rig: where it cannot go on it stops with a sentence.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

pub mod bitcoind;
pub mod certificate;
pub mod dns;
pub mod judge;
pub mod port;
pub mod primary;

#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod secondary;
pub mod service;
pub mod tools;
pub mod tor;
pub mod unbound;
pub mod waves;
pub mod world;

pub use bitcoind::Bitcoind;
pub use certificate::Certificate;
pub use payname_fuzz::vector;
pub use primary::Primary;
pub use secondary::Secondary;
pub use tor::Tor;
pub use unbound::Unbound;
pub use world::World;
