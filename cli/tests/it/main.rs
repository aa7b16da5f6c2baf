//! The binary as a stranger uses it: arguments in, one document and an exit code out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod asking;
mod bad_input;
mod chain;
mod everyday;
mod files;
mod hostile_text;
mod offline;
mod paying;
mod registering;
mod run;
mod shells;
mod unproven;
mod uris;
