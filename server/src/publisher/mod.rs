//! Bringing records into DNS: one contract, [`Publisher`], and its implementations.

mod by_domain;
mod by_record;
mod cloudflare;
mod desec;
mod edit;
mod gandi;
mod google;
mod http;
mod manual;
mod nameserver;
mod ovh;
mod owner;
mod porkbun;
mod powerdns;
mod provided;
mod provider;
mod quoted;
mod reconcile;
mod rfc2136;
mod route53;
mod settle;
mod token;
mod vacancy;

use std::sync::Arc;

use async_trait::async_trait;
use payname_resolver::{Handle, hickory_proto::rr::Name};
use payname_zones::{PaymentError, ZoneError};
use tokio::task::JoinError;

pub use edit::{Edit, Found, Text};
pub(crate) use nameserver::serial_ceiling;
pub use nameserver::{Embedded, Neighbours, Served};
pub(crate) use nameserver::{Reserved, SERIAL_STEP, registered, settings, signals};
pub use provider::{Looked, Outcome, Provider, ProviderError, Signing};
pub use settle::put;
pub use token::OpenError;
pub(crate) use {
    by_domain::ByDomain,
    cloudflare::{Cloudflare, URL as CLOUDFLARE},
    desec::{Desec, URL as DESEC},
    gandi::{Gandi, URL as GANDI},
    google::{Account, Google, URL as GOOGLE},
    http::Api,
    manual::{Manual, line_to_paste},
    ovh::{Keys as OvhKeys, Ovh, URL as OVH},
    porkbun::{Porkbun, URL as PORKBUN},
    powerdns::PowerDns,
    provided::Provided,
    reconcile::{Board, run as reconcile},
    rfc2136::Rfc2136,
    route53::{Route53, URL as ROUTE53},
    token::Token,
    vacancy::{Lookup, Occupied, Vacancies},
};

use crate::{records::RecordsError, registration::Registration, store::StoreError};

/// Something that can bring payment records into DNS, and out of it.
///
/// It is idempotent. What a name is to pay is read from the registry when the zone is changed, not
/// when the task was taken up: of two servers that carry changes of one name, the later then always
/// shows the newest.
#[async_trait]
pub trait Publisher: Send + Sync + std::fmt::Debug {
    /// Makes DNS show what the registry says of these names, with as few steps as can be.
    ///
    /// One outcome a name, in their order. `Ok` means that the record is on its way to whoever asks;
    /// that it has arrived is proven separately.
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>>;

    /// Which names wait for nobody else's: those of a provider that may be slow or away, by its domain.
    fn lane<'a>(&self, _domain: &'a str) -> Option<&'a str> {
        None
    }

    /// What somebody has to do by hand for a name to be published, where that is how it is done.
    fn by_hand(&self, _registration: &Registration) -> Option<String> {
        None
    }
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
    /// Another server has stored the zone in a way that this one is not to make or cannot read.
    #[error(
        "another server keeps the zone {0} in a way that this one does not ({1}); nothing is changed here until this server is restarted with the configuration and release of the other"
    )]
    Unreadable(Name, Arc<ZoneError>),
    /// Signing a zone again was broken off by a fault of ours.
    #[error("signing the zone again broke off; it is tried again within the hour")]
    BrokenOff(#[source] JoinError),
    /// The zone's serial number could not be kept.
    #[error("the zone's serial number could not be kept")]
    Store(#[from] StoreError),
    /// The file of further records is refused.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The provider did not do it.
    #[error(transparent)]
    Provider(#[from] Arc<ProviderError>),
    /// What several names needed failed.
    #[error(transparent)]
    Shared(Arc<PublishError>),
}
