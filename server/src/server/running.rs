//! A server that runs: where it listens, what it can be asked to do now, and how it stops.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::Zone;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;
use url::Url;

use crate::{
    data_dir::DataDir,
    keys::Keeper,
    nameserver::EncryptedAddresses,
    publisher::{PublishError, Served},
    store::{Store, ZoneStore},
    upkeep::Upkeep,
};

/// How long a stop waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server that runs until it is shut down.
#[derive(Debug)]
pub struct Running {
    pub(super) public_url: Url,
    pub(super) http_addr: SocketAddr,
    pub(super) dns_addrs: Vec<SocketAddr>,
    pub(super) encrypted_addrs: EncryptedAddresses,
    pub(super) metrics_addr: Option<SocketAddr>,
    pub(super) served: Served,
    pub(super) zones: Vec<Name>,
    pub(super) new_zones: Vec<Name>,
    // Dropped, each stops what listens to it; so a server that is dropped stops too.
    pub(super) accepting: DropGuard,
    pub(super) working: DropGuard,
    pub(super) http: JoinHandle<()>,
    pub(super) background: Vec<JoinHandle<()>>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) upkeep: Arc<Upkeep>,
    pub(super) stores: (Arc<dyn Store>, Arc<dyn ZoneStore>),
    pub(super) directory: DataDir,
}

impl Running {
    /// The URL that clients sign their requests for, with a final `/` when it has no path.
    pub fn public_url(&self) -> &Url {
        &self.public_url
    }

    /// Where HTTP listens.
    pub fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    /// Where the nameserver listens, on UDP and TCP; the first, if there are several.
    pub fn dns_addr(&self) -> SocketAddr {
        self.dns_addrs.first().copied().unwrap_or(self.http_addr)
    }

    /// Everywhere the nameserver listens.
    pub fn dns_addrs(&self) -> &[SocketAddr] {
        &self.dns_addrs
    }

    /// Where metrics are told, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// Where the nameserver listens over TLS, HTTPS and QUIC.
    pub fn encrypted_addrs(&self) -> &EncryptedAddresses {
        &self.encrypted_addrs
    }

    /// The DS record of every zone, as master-file lines for the zones above.
    pub fn ds_records(&self) -> Vec<String> {
        let ds = |zone| self.served.zone(zone, Zone::ds_text);
        self.zones.iter().filter_map(ds).collect()
    }

    /// The DS records to be set above those zones whose keys were made by this start.
    ///
    /// A zone that lies in another one served here is not among them: that one has its DS record.
    pub fn new_ds_records(&self) -> Vec<String> {
        self.served.top_ds_records(&self.new_zones)
    }

    /// Looks after the keys of all zones now, as is done every minute.
    pub async fn look_after_keys(&self) {
        self.keeper.patrol().await;
    }

    /// Reads the files of records of all zones again; one that is refused changes nothing, and the
    /// log says why.
    pub async fn reload_records(&self) {
        self.keeper.reload_all().await;
    }

    /// Signs again what is due, as is done every hour.
    ///
    /// # Errors
    /// The store or a key fails.
    pub async fn renew_signatures(&self) -> Result<(), PublishError> {
        self.keeper.embedded.resign().await
    }

    /// Takes names out of DNS whose time is over, as is done every minute.
    pub async fn end_names(&self) {
        self.upkeep.expire().await;
    }

    /// Stops: takes no new requests, finishes those it accepted, then closes everything.
    pub async fn shutdown(self) {
        drop(self.accepting);
        let mut http = self.http;
        if tokio::time::timeout(PATIENCE, &mut http).await.is_err() {
            tracing::warn!("some requests did not end in time and are broken off");
            http.abort();
            let _ = http.await;
        }
        drop(self.working);
        for task in self.background {
            // A task that panicked has said so itself.
            let _ = task.await;
        }
        self.upkeep.sure_time.end();
        drop((self.keeper, self.upkeep));
        // Closing the databases waits for their threads.
        let (stores, directory) = (self.stores, self.directory);
        let _ = tokio::task::spawn_blocking(move || {
            drop(stores);
            drop(directory);
        })
        .await;
    }
}
