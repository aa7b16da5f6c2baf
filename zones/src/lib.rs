//! DNSSEC-signed payment zones: records, keys, signing, denial of existence and answers.
//!
//! A [`Zone`] is a store of signed record sets. Publishing one name signs its own record set, its
//! neighbours in the denial chain and the SOA, and nothing else, however large the zone is. The
//! crate opens no socket, reads no clock and touches no file: time is an argument, keys come in as
//! bytes, [`respond`] turns the bytes of a query into the bytes of its response.
//!
//! ```
//! use payname_resolver::{Handle, UnixTime};
//! use payname_zones::{NameServer, Settings, SigningKey, Zone, payment_record};
//! use ring::rand::SystemRandom;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime(1_785_988_800);
//! let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8(&SystemRandom::new())?)?;
//! let origin = "example.com.".parse()?;
//! let server = NameServer::new("ns1.example.com.".parse()?, ["192.0.2.53".parse()?]);
//! let mut zone = Zone::new(Settings::new(origin, [server]), key, now)?;
//!
//! let handle: Handle = "₿alice@example.com".parse()?;
//! let record = payment_record(&handle, "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy")?;
//! let change = zone.publish(&record, 1800, now)?;
//! assert!(change.signatures <= 8);
//! println!("{}", zone.ds_text());
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic
    )
)]

mod answer;
mod apex;
mod apply;
mod bulk;
mod catalog;
mod check;
mod delegate;
mod denial;
mod edit;
mod edns;
mod ends;
mod import;
mod keys;
mod layout;
mod master_file;
mod mirror;
mod names;
mod node;
mod nodes;
mod on_demand;
mod packed;
mod payment;
mod record_data;
mod record_set;
mod refurnish;
mod reply;
mod resign;
mod respond;
mod restore;
mod set;
mod settings;
mod shortcut;
mod sign;
mod signal;
mod spread;
mod stored;
#[cfg(test)]
mod tests;
mod transfer;
mod tree;
mod trie;
mod zone;
mod zone_file;

pub use answer::Answer;
pub use catalog::{Catalog, CatalogError, Member};
pub use check::ZoneError;
pub use denial::Denial;
pub use edns::{Asker, CookieState, Cookies, ServerOptions};
pub use hickory_proto;
pub use import::{FileRecord, MasterFileError, read_master_file};
pub use keys::{
    DsRequest, Duty, EntryStage, Key, KeyAlgorithm, KeyChange, KeyError, KeyPolicy, KeySet, KeyUse,
    MissingKey, Moment, NewKey, ParentAdvice, ParentView, PrivateKeys, Reading, Role, RollError,
    Scheme, SigningKey, Step, StoredKeysError, Timekeeper, Track, UnknownAlgorithm, ZoneKeys,
    ZoneStage,
};
pub use master_file::MasterFile;
pub use on_demand::{OnDemand, OnDemandTally};
pub use packed::SetFault;
pub use payment::{MAX_URI_LENGTH, PaymentError, PaymentRecord, payment_record};
pub use record_set::{RecordSet, RecordSetError, txt};
pub use reply::{Reply, ReplyKind};
pub use respond::{Transport, respond, respond_into};
pub use set::ZoneSet;
pub use settings::{NameServer, Settings};
pub use shortcut::look_ahead;
pub use sign::{SignError, SignaturePolicy};
pub use signal::Signal;
pub use stored::SetChange;
pub use transfer::{
    Arrived, Envelope, History, Incoming, IncomingError, MessageFault, Messages, Offer, Received,
    SignatureFault, TransferError, TransferLimits,
};
pub use tree::{Tree, TreeError};
pub use zone::{Change, Zone};
pub use zone_file::ZoneFile;
