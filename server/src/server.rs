//! The whole server: started from a configuration, stopped in order.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{CatalogError, MissingKey, Zone, ZoneKeys};
use ring::rand::SystemRandom;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use crate::{
    clock::Clock,
    config::{Config, Domain},
    data_dir::{DataDir, DataDirError, registry, signed_zones},
    http::{self, App},
    keys::{Keeper, Kept, KeyFiles, ParentWatcher, PassphraseError, SharedKeys, SharedKeysError},
    metrics,
    nameserver::{BindError, EncryptedAddresses, Listeners},
    outbox::Worker,
    policy::Policy,
    proof_cache::ProofCache,
    proof_relay::ProofRelay,
    prove::{Prover, ProverError},
    publisher::{Embedded, PublishError, Served},
    store::{
        OpenError, Postgres, Sqlite, SqliteZones, Store, StoreError, ZoneStore,
        postgres::{self, Database},
    },
    transfer::Transfers,
    upkeep::Upkeep,
};

/// How long a stop waits for requests under way.
const PATIENCE: Duration = Duration::from_secs(15);

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs until it is shut down.
#[derive(Debug)]
pub struct Running {
    public_url: Url,
    http_addr: SocketAddr,
    dns_addrs: Vec<SocketAddr>,
    encrypted_addrs: EncryptedAddresses,
    metrics_addr: Option<SocketAddr>,
    served: Served,
    zones: Vec<Name>,
    new_zones: Vec<Name>,
    // Dropped, each stops what listens to it; so a server that is dropped stops too.
    accepting: DropGuard,
    working: DropGuard,
    http: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
    keeper: Arc<Keeper>,
    stores: (Arc<dyn Store>, Arc<dyn ZoneStore>),
    directory: DataDir,
}

impl Server {
    /// Opens (or makes) keys and database, builds the zones, binds all sockets and begins to serve.
    ///
    /// `clock` tells the time for signatures, requests and verification.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way; nothing is left running.
    pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
        let directory = DataDir::open(&config.data_dir)?;
        let Stores {
            store,
            sets,
            shared,
        } = open_stores(&config).await?;
        // Before keys are made: a start that fails here has told nobody their DS records.
        let listeners = Listeners::bind(&config.dns_listen, &config.serving).await?;
        let dns_addrs = listeners.addresses().to_vec();
        let encrypted_addrs = listeners.encrypted().clone();
        let http = bind_http(config.http_listen).await?;
        let metrics = match config.metrics_listen {
            Some(address) => Some(bind_http(address).await?),
            None => None,
        };
        let metrics_addr = metrics.as_ref().map(TcpListener::local_addr);
        let metrics_addr = metrics_addr.transpose().map_err(StartError::Socket)?;
        let files = directory.keys().sealed_by(config.passphrase()?);
        let shared = shared.map(|store| SharedKeys::new(store, files.clone()));
        let new_zones = prepare_keys(
            &config.domains,
            &directory,
            store.as_ref(),
            shared.as_ref(),
            clock.now(),
        )
        .await?;
        let floor = Arc::new(AtomicU64::new(0));
        let mut kept = BTreeMap::new();
        let load = |domain: &Domain| -> Result<ZoneKeys, StartError> {
            let (zone, policy) = (&domain.zone, domain.keys.clone());
            let keys = if !files.has(zone) {
                files.make(zone, policy, clock.now(), &SystemRandom::new())?
            } else {
                files.load(zone, policy, clock.now())?
            };
            let zone_keys = keys.set.zone_keys(&keys.private)?;
            floor.fetch_max(keys.set.time().sure().0, Ordering::Relaxed);
            kept.insert(zone.clone(), Kept::new(keys));
            Ok(zone_keys)
        };
        let signing = clock.not_before(Arc::clone(&floor));
        let embedded = Embedded::load(
            &config.domains,
            load,
            Arc::clone(&store),
            Arc::clone(&sets),
            signing,
        )
        .await?;
        let embedded = Arc::new(embedded);
        let parent = config.prove.as_ref().map(ParentWatcher::through);
        let keeper = Arc::new(Keeper {
            files: files.clone(),
            embedded: Arc::clone(&embedded),
            parent: parent.transpose().map_err(ProverError::from)?,
            clock: clock.clone(),
            floor,
            keys: Mutex::new(kept),
            shared,
            policies: config
                .domains
                .iter()
                .map(|domain| (domain.zone.clone(), domain.keys.clone()))
                .collect(),
        });
        let transfers = Transfers::new(&config, &embedded, &clock)?;
        let listeners = listeners.with_desk(transfers.desk());
        let served = embedded.served();
        let zones: Vec<Name> = config
            .domains
            .iter()
            .map(|domain| domain.zone.clone())
            .collect();

        let http_addr = http.local_addr().map_err(StartError::Socket)?;
        let public_url = match config.public_url {
            Some(url) => url,
            None => format!("http://{http_addr}")
                .parse()
                .map_err(StartError::Url)?,
        };
        let prover = Arc::new(match (&config.prove, dns_addrs.first()) {
            (None, Some(&own)) => Prover::own(own, served.clone(), &zones)?,
            (None, None) => return Err(StartError::NoListener),
            (Some(prove), _) => Prover::through(prove)?,
        });
        let relay = config.prove.as_ref().map(ProofRelay::through);
        let relay = relay.transpose().map_err(ProverError::from)?;

        let app = Arc::new(App {
            store: Arc::clone(&store),
            served: served.clone(),
            prover: Arc::clone(&prover),
            proofs: Arc::new(ProofCache::default()),
            relay,
            committed: Arc::new(Notify::new()),
            clock: clock.clone(),
            policy: Policy {
                network: config.network,
                allow_onchain: config.allow_onchain,
            },
            domains: by_name(config.domains),
            public_url: public_url.clone(),
        });
        let worker = Worker {
            store: Arc::clone(&store),
            publisher: embedded.clone(),
            prover,
            proofs: Arc::clone(&app.proofs),
            clock: clock.clone(),
            committed: Arc::clone(&app.committed),
        };
        let upkeep = Upkeep {
            embedded,
            store: Arc::clone(&store),
            sets: Arc::clone(&sets),
            clock: clock.clone(),
            is_shared: config.database.is_some(),
        };
        let (accepting, working) = (CancellationToken::new(), CancellationToken::new());
        let ledger = listeners.ledger();
        let mut background = vec![
            tokio::spawn(listeners.serve(served.clone(), clock.clone(), working.clone())),
            tokio::spawn(worker.run(working.clone())),
            tokio::spawn(transfers.run(working.clone())),
            tokio::spawn(Arc::clone(&keeper).run(working.clone())),
            tokio::spawn(upkeep.run(working.clone())),
        ];
        if let Some(metrics) = metrics {
            let router = metrics::router(served.clone(), ledger);
            let telling = http::serve(metrics, router, http::LIMITS, accepting.clone());
            background.push(tokio::spawn(telling));
        }
        let serving = http::serve(http, app.router(), http::LIMITS, accepting.clone());
        let http = tokio::spawn(serving);
        Ok(Running {
            public_url,
            http_addr,
            dns_addrs,
            encrypted_addrs,
            metrics_addr,
            served,
            zones,
            new_zones,
            accepting: accepting.drop_guard(),
            working: working.drop_guard(),
            http,
            background,
            keeper,
            stores: (store, sets),
            directory,
        })
    }
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
        drop(self.keeper);
        // Closing the databases waits for their threads.
        let (stores, directory) = (self.stores, self.directory);
        let _ = tokio::task::spawn_blocking(move || {
            drop(stores);
            drop(directory);
        })
        .await;
    }
}

/// Where everything is kept.
struct Stores {
    store: Arc<dyn Store>,
    sets: Arc<dyn ZoneStore>,
    /// Where other servers keep it too.
    shared: Option<Arc<Postgres>>,
}

/// The registry and the signed zones, in the data directory or where the configuration says.
async fn open_stores(config: &Config) -> Result<Stores, StartError> {
    if let Some(database) = &config.database {
        let store = open_postgres(config, database).await?;
        return Ok(Stores {
            store: store.clone(),
            sets: store.clone(),
            shared: Some(store),
        });
    }
    let store = open_sqlite(config)?;
    let path = signed_zones(&config.data_dir);
    match SqliteZones::open(&path) {
        Ok(sets) => Ok(Stores {
            store,
            sets: Arc::new(sets),
            shared: None,
        }),
        Err(source) => Err(StartError::OpenZones { path, source }),
    }
}

/// The registry alone.
pub(crate) async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    Ok(match &config.database {
        Some(database) => open_postgres(config, database).await?,
        None => open_sqlite(config)?,
    })
}

async fn open_postgres(config: &Config, database: &Database) -> Result<Arc<Postgres>, StartError> {
    let other = registry(&config.data_dir);
    if other.exists() {
        return Err(StartError::TwoRegistries(other));
    }
    Ok(Arc::new(Postgres::open(database).await?))
}

fn open_sqlite(config: &Config) -> Result<Arc<Sqlite>, StartError> {
    let path = registry(&config.data_dir);
    check_registry(&config.domains, &KeyFiles::new(&config.data_dir), &path)?;
    match Sqlite::open(&path) {
        Ok(store) => Ok(Arc::new(store)),
        Err(source) => Err(StartError::Open { path, source }),
    }
}

/// Refuses to begin with an empty registry where names have been given before.
fn check_registry(domains: &[Domain], keys: &KeyFiles, path: &Path) -> Result<(), StartError> {
    let mut zones = domains.iter().map(|domain| &domain.zone);
    match zones.find(|zone| keys.has(zone)) {
        Some(zone) if !path.exists() => Err(StartError::RegistryLost {
            path: path.to_owned(),
            zone: zone.clone(),
        }),
        _ => Ok(()),
    }
}

/// Brings shared keys into the directory, and makes those that are missing; the zones whose keys are new.
async fn prepare_keys(
    domains: &[Domain],
    directory: &DataDir,
    store: &dyn Store,
    shared: Option<&SharedKeys>,
    now: UnixTime,
) -> Result<Vec<Name>, StartError> {
    for domain in domains {
        if let Some(shared) = shared {
            shared
                .prepare(&domain.zone, &domain.keys, now, false)
                .await?;
        }
    }
    let mut new = missing_keys(domains, directory, store).await?;
    if let Some(shared) = shared {
        let mut made = Vec::new();
        for domain in domains.iter().filter(|domain| new.contains(&domain.zone)) {
            // Another server that starts at the same moment may be first.
            if shared
                .prepare(&domain.zone, &domain.keys, now, true)
                .await?
            {
                made.push(domain.zone.clone());
            }
        }
        new = made;
    }
    Ok(new)
}

/// The zones that have no key yet. One that was served before must have it.
async fn missing_keys(
    domains: &[Domain],
    directory: &DataDir,
    store: &dyn Store,
) -> Result<Vec<Name>, StartError> {
    let mut missing = Vec::new();
    for domain in domains
        .iter()
        .filter(|domain| !directory.keys().has(&domain.zone))
    {
        if store.serial(&domain.zone.to_string()).await?.is_some() {
            return Err(StartError::KeyLost(domain.zone.clone()));
        }
        missing.push(domain.zone.clone());
    }
    Ok(missing)
}

async fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Http { address, source })
}

fn by_name(domains: Vec<Domain>) -> BTreeMap<String, Domain> {
    domains
        .into_iter()
        .map(|domain| (domain.name.clone(), domain))
        .collect()
}

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
