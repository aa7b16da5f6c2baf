//! Why a server does not start.

use std::{io, net::SocketAddr, path::PathBuf};

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{CatalogError, MissingKey};

use crate::{
    data_dir::DataDirError,
    keys::{PassphraseError, SharedKeysError},
    nameserver::BindError,
    prove::ProverError,
    publisher::{OpenError as ProviderOpenError, PublishError},
    store::{OpenError, StoreError, postgres},
};

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data directory or a key in it cannot be used.
    #[error(transparent)]
    Directory(#[from] DataDirError),
    /// There is no passphrase for the keys.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// Keys cannot be shared.
    #[error(transparent)]
    SharedKeys(#[from] SharedKeysError),
    /// A key that signs is missing.
    #[error(transparent)]
    MissingKey(#[from] MissingKey),
    /// The database cannot be opened.
    #[error("the database {} cannot be used; make room and let this user write it, or restore it from a backup", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// The signed zones cannot be opened.
    #[error("the signed zones {} cannot be used; make room and let this user write the file, or remove it: then all is signed anew", path.display())]
    OpenZones {
        /// The file.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// The PostgreSQL database cannot be opened.
    #[error("the PostgreSQL database ([database]) cannot be used")]
    OpenPostgres(#[from] postgres::OpenError),
    /// There is a registry in the data directory, and another one is configured.
    #[error(
        "the configuration names a PostgreSQL database, but there is a registry in {} too; move that file away if its names are not needed, or write no [database]", .0.display()
    )]
    TwoRegistries(PathBuf),
    /// There is no thread to publish on.
    #[error(
        "a thread to publish names on cannot be started; raise the limit of threads (ulimit -u)"
    )]
    Thread(#[source] io::Error),
    /// The database fails.
    #[error("the database fails")]
    Store(#[from] StoreError),
    /// A zone has a key, and there is no database.
    #[error(
        "the zone {zone} has a key, but the database {} is gone; restore it from a backup (to serve the zone without any names, make an empty file there)", path.display()
    )]
    RegistryLost {
        /// Where the database should be.
        path: PathBuf,
        /// The zone.
        zone: Name,
    },
    /// A zone was served before and its key is gone.
    #[error(
        "the zone {0} was served before, but its key is not in the data directory; restore it from a backup (a new key would break the zone until the registrar's DS record is changed)"
    )]
    KeyLost(Name),
    /// A zone cannot be built.
    #[error("a zone cannot be built")]
    Zone(#[from] PublishError),
    /// Who serves a domain cannot be asked.
    #[error("who serves {domain} cannot be told anything; see `domain.publish`")]
    Provider {
        /// The domain.
        domain: String,
        /// Why.
        source: ProviderOpenError,
    },
    /// The catalog cannot be made.
    #[error("the catalog of zones cannot be made; see `catalog.zone`")]
    Catalog(#[from] CatalogError),
    /// The nameserver cannot listen.
    #[error(transparent)]
    Nameserver(#[from] BindError),
    /// There is nowhere for the nameserver to listen.
    #[error("the nameserver has no address to listen on; set dns.listen")]
    NoListener,
    /// HTTP cannot listen.
    #[error(
        "HTTP cannot listen on {address}; is another server running there? (http.listen, http.metrics_listen)"
    )]
    Http {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system does not tell a socket's address.
    #[error("the system does not tell where HTTP listens")]
    Socket(#[source] io::Error),
    /// The address makes no URL.
    #[error("the address that HTTP listens on makes no URL; set public_url")]
    Url(#[source] url::ParseError),
    /// The prover cannot be made.
    #[error("records could not be proven")]
    Prover(#[from] ProverError),
}
