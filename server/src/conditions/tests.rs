//! A condition that the server sees for itself, as one that is paid would be.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use payname_api::State;

use super::*;
use crate::{
    config::Config,
    key::EventId,
    prove::Prover,
    publisher::{Board, Lookup},
    registration::{Entry, EntryRules, Requirement, Signed, What},
    store::Sqlite,
};

const NOON: UnixTime = UnixTime(1_785_931_200);
const ALICE: OwnerKey = OwnerKey([1; 32]);
const SP: &str = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";

/// A node that makes invoices, and is told by the test whether one is paid.
#[derive(Debug, Default)]
struct Payment {
    invoices: AtomicU64,
    is_paid: AtomicBool,
    is_down: AtomicBool,
}

impl Payment {
    fn up(&self) -> Result<(), ConditionError> {
        match self.is_down.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err(ConditionError {
                word: "payment",
                reason: "the node does not answer".to_owned(),
            }),
        }
    }
}

#[async_trait]
impl Condition for Payment {
    fn word(&self) -> &'static str {
        "payment"
    }

    async fn demand(&self, _: &Handle, _: OwnerKey, _: UnixTime) -> Result<Demand, ConditionError> {
        self.up()?;
        let number = self.invoices.fetch_add(1, Ordering::Relaxed);
        Ok(Demand {
            condition: "payment".to_owned(),
            text: format!("Pay invoice {number}."),
            reference: number.to_string(),
        })
    }

    fn is_looked_up(&self) -> bool {
        true
    }

    async fn is_met(&self, _: &Handle, awaited: &Awaited) -> Result<bool, ConditionError> {
        self.up()?;
        assert_eq!(awaited.demand.reference, "0", "it finds its own invoice");
        Ok(self.is_paid.load(Ordering::Relaxed))
    }
}

struct Till {
    payment: Arc<Payment>,
    watch: Watch,
    now: Arc<AtomicU64>,
    /// Seconds since the start, by the clock that nobody sets.
    lived: Arc<AtomicU64>,
    _directory: tempfile::TempDir,
}

impl Till {
    async fn with(uri: &str) -> Self {
        Self::beside(uri, BTreeMap::new()).await
    }

    async fn beside(uri: &str, lookups: BTreeMap<String, Lookup>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(Sqlite::open(&directory.path().join("registry.sqlite")).unwrap());
        let text = "data_dir = \"d\"\n[[domain]]\nname = \"example.test\"\nnameservers = [\"ns1.example.net\"]";
        let config = Config::parse(text, "paynamed.toml".as_ref()).unwrap();
        let requirement = Requirement {
            condition: "payment".to_owned(),
            reserve: 3600,
        };
        let rules = Arc::new(EntryRules {
            condition: Some(requirement),
            ..EntryRules::default()
        });
        let domains = config.domains.into_iter().map(|domain| Domain {
            entry: Arc::clone(&rules),
            ..domain
        });
        let payment = Arc::new(Payment::default());
        let now = Arc::new(AtomicU64::new(NOON.0));
        let (told, lived) = (Arc::clone(&now), Arc::new(AtomicU64::new(0)));
        let living = Arc::clone(&lived);
        let clock = Clock::from_clocks(
            move || UnixTime(told.load(Ordering::Relaxed)),
            move || Duration::from_secs(living.load(Ordering::Relaxed)),
        );
        let till = Self {
            watch: Watch {
                vacancies: Vacancies::new(Board::default(), Arc::clone(&store), lookups),
                store,
                conditions: Conditions::of([Arc::clone(&payment) as Arc<dyn Condition>]),
                domains: domains.collect(),
                policy: Policy {
                    network: config.network,
                    allow_onchain: true,
                },
                served: Served::default(),
                sure_time: Arc::new(SureTime::open(directory.path(), None, clock.clone())),
                clock,
                committed: Arc::default(),
            },
            payment,
            now,
            lived,
            _directory: directory,
        };
        till.claim(uri, rules).await;
        till
    }

    async fn claim(&self, uri: &str, rules: Arc<EntryRules>) {
        let handle: Handle = "alice@example.test".parse().unwrap();
        let condition = self.watch.conditions.named("payment").unwrap();
        let demand = condition.demand(&handle, ALICE, NOON.plus(3600)).await;
        let signed = Signed {
            owner: ALICE,
            event: EventId([1; 32]),
            json: String::new(),
            lapses_at: NOON.plus(60),
        };
        let uri = uri.to_owned();
        let claim = Change {
            entry: Entry {
                rules,
                demand: Some(demand.unwrap()),
                ..Entry::default()
            },
            ..Change::signed(handle, What::Put { uri }, signed, NOON)
        };
        self.watch.store.change(claim).await.unwrap();
    }

    async fn state(&self) -> State {
        let handle = "alice@example.test".parse().unwrap();
        let found = self.watch.store.registration(&handle).await.unwrap();
        found.unwrap().state
    }
}

#[tokio::test]
async fn a_name_is_given_once_the_servers_own_node_says_that_it_is_paid() {
    let till = Till::with(&format!("bitcoin:?sp={SP}")).await;
    till.watch.look().await;
    assert_eq!(till.state().await, State::Awaiting);
    till.payment.is_paid.store(true, Ordering::Relaxed);
    till.payment.is_down.store(true, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Awaiting, "nobody could say so");
    till.payment.is_down.store(false, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Pending);
    let tasks = till.watch.store.claim(10).await.unwrap();
    assert_eq!(tasks.len(), 1, "it goes into DNS");
    till.watch.look().await;
}

#[tokio::test]
async fn what_is_paid_too_late_is_not_given() {
    let till = Till::with(&format!("bitcoin:?sp={SP}")).await;
    till.payment.is_paid.store(true, Ordering::Relaxed);
    till.now.store(NOON.0 + 3600, Ordering::Relaxed);
    till.lived.store(3600, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Awaiting, "it only has to lapse");
    assert!(till.watch.store.claim(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_takes_no_reservation_from_who_has_paid() {
    let till = Till::with(&format!("bitcoin:?sp={SP}")).await;
    till.payment.is_paid.store(true, Ordering::Relaxed);
    till.now.store(NOON.0 + 9 * 86_400, Ordering::Relaxed);
    till.lived.store(60, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Pending);
}

#[tokio::test]
async fn what_cannot_be_published_any_more_is_not_given() {
    let till = Till::with("bitcoin:?lno=broken").await;
    till.payment.is_paid.store(true, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Awaiting);
}

#[tokio::test]
async fn what_somebody_may_have_made_a_record_for_meanwhile_is_not_given() {
    // Nobody answers there.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = socket.local_addr().unwrap();
    drop(socket);
    let text = format!(
        "data_dir = \"d\"\n[prove]\ndns = \"{dns}\"\n[[domain]]\nname = \"example.test\"\nnameservers = [\"ns1.example.net\"]"
    );
    let config = Config::parse(&text, "paynamed.toml".as_ref()).unwrap();
    let prover = Prover::through(&config.prove.unwrap()).unwrap();
    let lookup = Lookup::Dns(Arc::new(prover));
    let lookups = BTreeMap::from([("example.test".to_owned(), lookup)]);
    let till = Till::beside(&format!("bitcoin:?sp={SP}"), lookups).await;
    till.payment.is_paid.store(true, Ordering::Relaxed);
    till.watch.look().await;
    assert_eq!(till.state().await, State::Awaiting);
}
