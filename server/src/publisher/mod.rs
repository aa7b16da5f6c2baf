//! Bringing records into DNS: one contract, [`Publisher`], and its implementations.

mod nameserver;

use async_trait::async_trait;
use payname_resolver::Handle;
use payname_zones::{PaymentError, ZoneError};
use tokio::task::JoinError;

pub use nameserver::{Embedded, Served};

use crate::store::StoreError;

/// Something that can put payment records into DNS and take them out again.
///
/// Both are idempotent, and called for one name at a time. `Ok` means that the record is on its
/// way to whoever asks; that it has arrived is proven separately.
#[async_trait]
pub trait Publisher: Send + Sync + std::fmt::Debug {
    /// Makes `uri` the one payment record of a name, in place of any other.
    async fn put(&self, handle: &Handle, uri: &str) -> Result<(), PublishError>;

    /// Takes the payment record of a name away.
    async fn remove(&self, handle: &Handle) -> Result<(), PublishError>;
}

/// Why a record could not be brought into DNS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// No zone of ours holds the name.
    #[error("{0} is in none of the zones served here; add its domain to the configuration")]
    NoZone(Handle),
    /// The URI makes no record.
    #[error(transparent)]
    Record(#[from] PaymentError),
    /// The zone refused the record or could not sign it.
    #[error("the zone could not take the record: {0}")]
    Zone(#[from] ZoneError),
    /// Signing a zone again was broken off by a fault of ours.
    #[error("signing the zone again broke off; it is tried again within the hour")]
    BrokenOff(#[source] JoinError),
    /// The zone's serial number could not be kept.
    #[error("the zone's serial number could not be kept")]
    Store(#[from] StoreError),
}
