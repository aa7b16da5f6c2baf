//! The server as its users meet it: HTTP and DNS over real sockets, a real database, real keys.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod awaiting;
mod backed_up;
mod bootstrap;
mod broken_off;
mod carried;
mod claims;
mod crash;
#[cfg(target_os = "linux")]
mod disk;
mod dns;
mod examined;
mod failing;
mod http;
mod initialised;
mod keys;
mod leaps;
mod lifecycle;
mod nostr_names;
mod operators;
mod ordered;
mod ownership;
mod packaged;
mod postgres;
mod program;
mod records;
mod refusals;
mod replicas;
mod restart;
mod scene;
mod serving;
mod signing;
mod stores;
mod unbound;
