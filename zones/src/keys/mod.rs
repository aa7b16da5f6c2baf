//! The keys of a zone: what signs it, what it publishes, and what it asks its parent for.

mod algorithm;
mod signing_key;
mod zone_keys;

pub use algorithm::{KeyAlgorithm, UnknownAlgorithm};
pub use signing_key::{KeyError, SigningKey};
pub use zone_keys::{DsRequest, ZoneKeys};
