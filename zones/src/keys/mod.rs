//! The keys of a zone: what signs it, what it publishes, what it asks its parent for, and how one
//! key follows another.

mod algorithm;
mod algorithm_change;
mod key;
mod parent;
mod policy;
mod set;
mod signing_key;
mod step;
mod stored;
mod tags;
#[cfg(test)]
mod tests;
mod timekeeper;
mod zone_keys;

pub use algorithm::{KeyAlgorithm, UnknownAlgorithm};
pub use key::{EntryStage, Key, Role, Track, ZoneStage};
pub use parent::{ParentAdvice, ParentView};
pub use policy::{Duty, KeyPolicy, Scheme};
pub use set::{KeySet, MissingKey, NewKey, PrivateKeys, RollError};
pub use signing_key::{KeyError, SigningKey};
pub use step::{KeyChange, KeyUse, Step};
pub use stored::StoredKeysError;
pub(crate) use tags::KeyTags;
pub use timekeeper::{Moment, Reading, Timekeeper};
pub(crate) use zone_keys::request_records;
pub use zone_keys::{DsRequest, ZoneKeys};
