//! Zones in operation, through time, judged by the resolver's verifier.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod caches;
/// Unbound's tests, beside those of the whole project, use more of it.
#[allow(dead_code)]
mod operated;
mod year;
