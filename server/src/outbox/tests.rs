//! The worker, with a publisher that is away for a while.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use payname_api::State;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_zones::{SigningKey, Transport, Zone};
use ring::rand::SystemRandom;
use tokio::net::UdpSocket;

use super::*;
use crate::{
    Config,
    config::Domain,
    key::{EventId, OwnerKey},
    publisher::{Embedded, Neighbours},
    registration::{Change, Registration, Signed, What},
    store::{Sqlite, SqliteZones},
};

/// How long the publisher is away.
const AWAY: Duration = Duration::from_secs(3);
/// How long it may take afterwards.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn delays_double_and_end_at_a_minute() {
    assert_eq!(delay_after(0), Duration::from_millis(50));
    assert_eq!(delay_after(3), Duration::from_millis(400));
    assert_eq!(delay_after(u32::MAX), LONGEST_DELAY);
}

#[test]
fn an_hour_without_a_publisher_is_seventy_attempts_a_name_and_the_next_is_a_minute_away() {
    let (mut passed, mut attempts) = (Duration::ZERO, 0);
    while passed < Duration::from_secs(3600) {
        passed += delay_after(attempts);
        attempts += 1;
    }
    assert_eq!(attempts, 70);
    assert_eq!(delay_after(attempts), Duration::from_secs(60));
}

/// Our own nameserver, which can be told to be away, and notes what it changed in DNS.
#[derive(Debug)]
struct Moody {
    embedded: Arc<Embedded>,
    is_away: AtomicBool,
    asked: AtomicUsize,
    changed: Mutex<Vec<Handle>>,
}

impl Moody {
    fn shown(&self, handle: &Handle) -> Option<String> {
        let look = |zone: &Zone| {
            let set = zone.record_set(handle.owner_name(), RecordType::TXT)?;
            set.data().first().map(ToString::to_string)
        };
        let zone = Name::from_ascii("example.test.").unwrap();
        self.embedded.served().zone(&zone, look).flatten()
    }
}

#[async_trait]
impl Publisher for Moody {
    async fn publish(&self, names: &[Handle]) -> Vec<Result<(), PublishError>> {
        self.asked.fetch_add(names.len(), Ordering::Relaxed);
        assert!(names.is_sorted_by_key(Handle::user), "{names:?}");
        if self.is_away.load(Ordering::Relaxed) {
            let away = |_| Err(PublishError::Store(StoreError::Closed));
            return names.iter().map(away).collect();
        }
        let before: Vec<_> = names.iter().map(|name| self.shown(name)).collect();
        let outcomes = self.embedded.publish(names).await;
        let changed = names.iter().zip(before);
        let changed = changed.filter(|(name, before)| self.shown(name) != *before);
        let changed = changed.map(|(name, _)| name.clone());
        self.changed.lock().unwrap().extend(changed);
        outcomes
    }
}

async fn put(store: &dyn Store, handle: &Handle, count: u8) {
    let mut event = [count; 32];
    event[..handle.user().len()].copy_from_slice(handle.user().as_bytes());
    let now = Clock::system().now();
    let signed = Signed {
        owner: OwnerKey([1; 32]),
        event: EventId(event),
        json: String::new(),
        lapses_at: now,
    };
    let uri = format!("bitcoin:?lno={}{count}", handle.user());
    let change = Change::signed(handle.clone(), What::Put { uri }, signed, now);
    store.change(change).await.unwrap();
}

/// Waits until all names are as a test wants them.
async fn until(
    store: &dyn Store,
    handles: &[Handle],
    is_so: impl Fn(&Registration) -> bool,
) -> Vec<Registration> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = store.registrations(handles).await.unwrap();
        if found.iter().all(&is_so) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn while_the_publisher_is_away_names_wait_and_say_why_and_then_each_is_published_once_as_it_is()
 {
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> =
        Arc::new(Sqlite::open(&directory.path().join("registry.sqlite")).unwrap());
    let sets = SqliteZones::open(&directory.path().join("zones.sqlite")).unwrap();
    let text = "data_dir = \"x\"\n[[domain]]\nname = \"example.test\"\nnameservers = [\"ns.other.test\"]\n";
    let config = Config::parse(text, "paynamed.toml".as_ref()).unwrap();
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key =
        |_: &Domain| -> Result<_, PublishError> { Ok(SigningKey::from_pkcs8(&pkcs8).unwrap()) };
    let clock = Clock::system();
    let embedded = Embedded::load(
        &config.domains,
        key,
        Arc::clone(&store),
        Arc::new(sets),
        clock.clone(),
        Neighbours::default(),
    );
    let embedded = Arc::new(embedded.await.unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let zone = config.domains[0].zone.clone();
    let prover = Prover::own(socket.local_addr().unwrap(), embedded.served(), &[zone]).unwrap();
    let served = embedded.served();
    let answering = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, asker) = socket.recv_from(&mut buffer).await.unwrap();
            if let Some(response) = served.respond(&buffer[..length], Transport::udp()) {
                socket.send_to(&response, asker).await.unwrap();
            }
        }
    });
    let publisher = Arc::new(Moody {
        embedded,
        is_away: AtomicBool::new(true),
        asked: AtomicUsize::new(0),
        changed: Mutex::default(),
    });
    let committed = Arc::new(Notify::new());
    let worker = Worker {
        store: Arc::clone(&store),
        publisher: publisher.clone(),
        prover: Arc::new(prover),
        proofs: Arc::default(),
        clock,
        committed: Arc::clone(&committed),
    };
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker.run(stop.clone()));

    let handles =
        (10..40).map(|count| Handle::new(&format!("user{count}"), "example.test").unwrap());
    let handles: Vec<Handle> = handles.collect();
    for (count, handle) in (0..).zip(&handles) {
        put(&*store, handle, 0).await;
        committed.notify_one();
        // Some change their minds while nothing can be published.
        if count % 3 == 0 {
            put(&*store, handle, 1).await;
        }
    }
    tokio::time::sleep(AWAY).await;
    let waiting = until(&*store, &handles, |one| one.error.is_some()).await;
    for one in waiting {
        assert!(
            matches!(one.state, State::Pending | State::Failed),
            "{one:?}"
        );
        let error = one.error.unwrap();
        assert!(error.contains("the database is closed"), "{error}");
    }
    // 50, 100, 200, … milliseconds: some seven each, and one more for a change of mind.
    let asked = publisher.asked.load(Ordering::Relaxed);
    assert!(
        (handles.len()..=12 * handles.len()).contains(&asked),
        "{asked}"
    );
    assert!(publisher.changed.lock().unwrap().is_empty());

    publisher.is_away.store(false, Ordering::Relaxed);
    let published = until(&*store, &handles, |one| one.state == State::Published).await;
    for one in published {
        assert_eq!(one.error, None);
        let shown = publisher.shown(&one.handle).unwrap();
        assert!(
            shown.contains(&one.uri.clone().unwrap()),
            "{one:?} is shown as {shown}"
        );
    }
    let mut changed = publisher.changed.lock().unwrap().clone();
    changed.sort();
    assert_eq!(changed, handles, "each changed once in DNS");
    stop.cancel();
    working.await.unwrap();
    answering.abort();
}
