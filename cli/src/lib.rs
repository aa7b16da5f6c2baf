//! The `payname` command as a library: resolve, prove and pay Bitcoin payment names.
//!
//! [`node`] holds the Lightning nodes; the rest is what `payname` does with names.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

pub mod exit;
pub mod files;
pub mod node;
pub mod text;
pub mod time;
