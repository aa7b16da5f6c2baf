//! Builds and verifies BIP-353 proofs and yields what a payment name says to pay.
//!
//! `₿alice@example.com` is a TXT record at `alice.user._bitcoin-payment.example.com.`, signed by
//! DNSSEC from the root down. This crate gathers the records of that chain ([`Resolution`]), keeps
//! them as an RFC 9102 [`Proof`] that anyone can check offline, and turns a proven record into
//! payment [`Instructions`]. Trust anchors and time are arguments everywhere.
//!
//! ```
//! use payname_resolver::Handle;
//!
//! let handle: Handle = "₿alice@example.com".parse()?;
//! assert_eq!(
//!     handle.owner_name().to_string(),
//!     "alice.user._bitcoin-payment.example.com."
//! );
//! # Ok::<(), payname_resolver::HandleError>(())
//! ```
//!
//! Without its feature `std` the crate needs `core` and `alloc` only. There it asks for no randomness,
//! but `ring` still wants to know where some would come from: see `getrandom`'s feature `custom`.
#![cfg_attr(not(any(test, feature = "std")), no_std)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

extern crate alloc;

mod amount;
pub mod doctor;
mod handle;
pub mod instructions;
pub mod known;
pub mod lightning_address;
pub mod name;
#[cfg(feature = "blocking")]
#[allow(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "sockets are of std anyway"
)]
pub mod net;
#[cfg(feature = "onion")]
pub mod onion;
pub mod proof;
pub mod psbt;
#[cfg(feature = "qr")]
pub mod qr;
mod record;
pub mod resolution;
mod text;
mod time;

pub use amount::{Amount, AmountError};
pub use handle::{Handle, HandleError};
pub use hickory_proto;
pub use instructions::{Instructions, Method};
pub use lightning;
pub use name::Payee;
pub use proof::{Outcome, Proof, ProofError, TrustAnchors, Verified, VerifyError};
pub use record::{Record, RecordError};
pub use resolution::{Gathered, Question, Resolution, Response, Step};
pub use time::{UnixTime, Window};
