//! The whole server: started from a configuration, stopped in order.

mod error;
mod new_keys;
mod others;
mod running;
mod stores;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::ZoneKeys;
use ring::rand::SystemRandom;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};
use tokio_util::sync::CancellationToken;

use crate::{
    backup::end_restore,
    behind::spawn_behind,
    clock::Clock,
    conditions::{Conditions, Watch},
    config::{Config, Domain},
    data_dir::DataDir,
    http::{self, App, HttpCounts, Limits},
    keys::{Keeper, Kept, ParentWatcher, SharedKeys},
    metrics,
    nameserver::Listeners,
    outbox::Worker,
    policy::Policy,
    proof_cache::ProofCache,
    proof_relay::ProofRelay,
    prove::{Prover, ProverError},
    publisher::{ByDomain, Embedded, Neighbours},
    signing_time::SigningTime,
    sure_time::SureTime,
    transfer::Transfers,
    upkeep::Upkeep,
    web::Site,
};

pub(crate) use self::stores::open_store;
pub use self::{error::StartError, running::Running};
use self::{
    new_keys::prepare_keys,
    others::Others,
    stores::{Stores, open_stores},
};

/// Starts servers.
#[derive(Debug)]
pub struct Server;

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
        end_restore(&config, store.as_ref(), clock.now()).await?;
        store.forget_abandoned().await?;
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
        let (mut kept, mut known) = (BTreeMap::new(), None);
        let latest = AtomicU64::new(0);
        let mut load = |domain: &Domain| -> Result<ZoneKeys, StartError> {
            let (zone, policy) = (&domain.zone, domain.keys.clone());
            let keys = if !files.has(zone) {
                files.make(zone, policy, clock.now(), &SystemRandom::new())?
            } else {
                files.load(zone, policy, clock.now())?
            };
            let zone_keys = keys.set.zone_keys(&keys.private)?;
            let sure = keys.set.time().sure();
            floor.fetch_max(sure.0, Ordering::Relaxed);
            if !new_zones.contains(zone) {
                known = Some(known.map_or(sure, |known: UnixTime| known.min(sure)));
                latest.fetch_max(sure.0, Ordering::Relaxed);
            }
            kept.insert(zone.clone(), Kept::new(keys));
            Ok(zone_keys)
        };
        // All of them before anything is signed: each may know a later time that has surely come.
        let mut zone_keys = BTreeMap::new();
        for domain in &config.domains {
            zone_keys.insert(domain.zone.clone(), load(domain)?);
        }
        let latest = latest.load(Ordering::Relaxed);
        let latest = (latest > 0).then_some(UnixTime(latest));
        let signing_time = Arc::new(SigningTime::open(clock.clone(), latest));
        let doubting = Arc::clone(&signing_time);
        let signing = clock.not_before(Arc::clone(&floor));
        let signing = signing.doubted(move || doubting.doubt());
        let embedded = Embedded::load(
            &config.domains,
            |domain| {
                zone_keys
                    .remove(&domain.zone)
                    .map_or_else(|| load(domain), Ok)
            },
            Arc::clone(&store),
            Arc::clone(&sets),
            signing,
            Neighbours {
                mirrors: config
                    .secondaries
                    .iter()
                    .map(|one| one.zone.clone())
                    .collect(),
                share_store: config.database.is_some(),
            },
        )
        .await?;
        let embedded = Arc::new(embedded);
        let sure_time = SureTime::open(&config.data_dir, known, clock.clone());
        let sure_time = Arc::new(sure_time);
        let parent = config.prove.as_ref().map(ParentWatcher::through);
        let keeper = Arc::new(Keeper {
            files: files.clone(),
            embedded: Arc::clone(&embedded),
            parent: parent.transpose().map_err(ProverError::from)?,
            clock: clock.clone(),
            sure_time: Arc::clone(&sure_time),
            signing_time,
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

        let counts = HttpCounts::default();
        let others = Others::open(&config.provided, &store, &prover, &clock)?;
        let provided = config.provided.iter().map(|one| one.domain.clone());
        let domains: Vec<Domain> = config.domains.into_iter().chain(provided).collect();

        let app = Arc::new(App {
            store: Arc::clone(&store),
            served: served.clone(),
            prover: Arc::clone(&prover),
            proofs: Arc::new(ProofCache::default()),
            relay,
            committed: Arc::new(Notify::new()),
            conditions: Conditions::known(),
            clock: clock.clone(),
            sure_time: Arc::clone(&sure_time),
            policy: Policy {
                network: config.network,
                allow_onchain: config.allow_onchain,
            },
            domains: by_name(domains.iter().cloned()),
            public_url: public_url.clone(),
            board: others.board.clone(),
            vacancies: others.vacancies.clone(),
            clients: config.http.clients,
            limits: Limits::new(&config.http.limits, counts.clone()),
            site: Site::new(config.web),
            counts: counts.clone(),
        });
        let worker = Worker {
            store: Arc::clone(&store),
            publisher: Arc::new(ByDomain {
                embedded: Arc::clone(&embedded),
                provided: others.publishers.clone(),
            }),
            prover,
            proofs: Arc::clone(&app.proofs),
            clock: clock.clone(),
            committed: Arc::clone(&app.committed),
        };
        let is_shared = config.database.is_some();
        let upkeep = Arc::new(Upkeep {
            embedded,
            store: Arc::clone(&store),
            sets: Arc::clone(&sets),
            sure_time: Arc::clone(&sure_time),
            committed: Arc::clone(&app.committed),
            is_shared,
            watch: Watch {
                store: Arc::clone(&store),
                conditions: app.conditions.clone(),
                domains,
                policy: app.policy,
                served: served.clone(),
                vacancies: others.vacancies.clone(),
                clock: clock.clone(),
                sure_time: Arc::clone(&sure_time),
                committed: Arc::clone(&app.committed),
            },
        });
        let (accepting, working) = (CancellationToken::new(), CancellationToken::new());
        let ledger = listeners.ledger();
        let stop = working.clone();
        // Connections to a database are driven by whoever opened them, and requests shall not wait for this.
        let carrying = match is_shared {
            true => tokio::spawn(worker.run(stop)),
            false => {
                spawn_behind("outbox", move || worker.run(stop)).map_err(StartError::Thread)?
            }
        };
        let mut background = vec![
            tokio::spawn(listeners.serve(served.clone(), clock.clone(), working.clone())),
            carrying,
            tokio::spawn(transfers.run(working.clone())),
            tokio::spawn(Arc::clone(&keeper).run(working.clone())),
            tokio::spawn(Arc::clone(&upkeep).run(working.clone())),
        ];
        background.extend(others.watch(&working));
        if let Some(metrics) = metrics {
            let router = metrics::router(served.clone(), ledger, &counts, &others.board);
            let door = http::Door::open(http::LIMITS);
            let telling = http::serve(metrics, router, door, accepting.clone());
            background.push(tokio::spawn(telling));
        }
        let door = http::Door::open(http::LIMITS);
        let door = door.with_limits(&config.http.limits, &app.clients, &counts);
        let serving = http::serve(http, app.router(), door, accepting.clone());
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
            upkeep,
            stores: (store, sets),
            directory,
        })
    }
}

async fn bind_http(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Http { address, source })
}

fn by_name(domains: impl Iterator<Item = Domain>) -> BTreeMap<String, Domain> {
    domains
        .map(|domain| (domain.name.clone(), domain))
        .collect()
}
