//! The server as its users meet it: HTTP and DNS over real sockets, a real database, real keys.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod bootstrap;
mod crash;
mod dns;
mod http;
mod initialised;
mod keys;
mod lifecycle;
mod ownership;
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
