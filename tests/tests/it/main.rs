//! The end-to-end and conformance tests, on a private internet and with real programs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

/// A zone in operation, and what caches remember of it, are the zones' own, whose tests use more.
#[allow(dead_code)]
#[path = "../../../zones/tests/it/caches.rs"]
mod caches;
mod differential;
#[cfg(target_os = "linux")]
mod dnsviz;
mod doctor;
mod endpoints;
mod examining;
/// The forge of chains is the resolver's own, whose tests use more of it.
#[allow(dead_code, unused_imports)]
#[path = "../../../resolver/tests/it/forge/mod.rs"]
mod forge;
mod judges;
mod layout;
mod lies;
mod lightning;
mod line;
#[cfg(unix)]
mod nodes;
mod onion;
/// See `caches`.
#[allow(dead_code)]
#[path = "../../../zones/tests/it/operated.rs"]
mod operated;
mod proof_server;
mod publishers;
mod random_zones;
mod recognising;
mod resolution;
mod rollover;
mod round_trips;
/// A server and what one does with it are the server's own, whose tests use more.
#[allow(dead_code)]
#[path = "../../../server/tests/it/scene.rs"]
mod scene;
mod secondaries;
mod socks;
mod transports;
mod unproven;
mod verify;
mod zone_judges;
#[cfg(target_os = "linux")]
mod zonemaster;
