//! Zones over time, restarts and clocks that are wrong.

mod clocks;
mod nested;
mod shared;
mod stored;

use std::sync::atomic::{AtomicU64, Ordering};

use payname_resolver::{Handle, UnixTime, hickory_proto::rr::RecordType};
use payname_zones::SigningKey;
use ring::rand::SystemRandom;

use super::*;
use crate::{
    key::{EventId, OwnerKey},
    publisher::Publisher as _,
    registration::{Change, Signed, What},
    store::{Sqlite, SqliteZones},
};

const NOON: u64 = 1_785_931_200;
const DAY: u64 = 24 * 3600;

/// A store, a key and a clock that can be set.
struct Scene {
    store: Arc<dyn Store>,
    sets: Arc<dyn ZoneStore>,
    key: Vec<u8>,
    time: Arc<AtomicU64>,
    directory: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(Sqlite::open(&directory.path().join("registry.sqlite")).unwrap());
        let sets = SqliteZones::open(&directory.path().join("zones.sqlite")).unwrap();
        let key = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let time = Arc::new(AtomicU64::new(NOON));
        Self {
            store,
            sets: Arc::new(sets),
            key,
            time,
            directory,
        }
    }

    async fn load(&self) -> Embedded {
        self.load_domains(&["example.test"]).await
    }

    async fn load_domains(&self, names: &[&str]) -> Embedded {
        let mut text = String::new();
        for name in names {
            text += &format!("[[domain]]\nname = \"{name}\"\nnameservers = [\"ns.other.test\"]\n");
        }
        self.load_text(&text).await
    }

    async fn load_text(&self, domains: &str) -> Embedded {
        self.load_by(domains, self.clock()).await
    }

    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Clock::from_fn(move || UnixTime(time.load(Ordering::Relaxed)))
    }

    async fn load_by(&self, domains: &str, clock: Clock) -> Embedded {
        self.load_beside(domains, clock, Neighbours::default())
            .await
    }

    async fn load_beside(&self, domains: &str, clock: Clock, neighbours: Neighbours) -> Embedded {
        let text = format!("data_dir = \"x\"\n{domains}");
        let config = crate::Config::parse(&text, "paynamed.toml".as_ref()).unwrap();
        let key = |_: &Domain| -> Result<_, PublishError> {
            Ok(SigningKey::from_pkcs8(&self.key).unwrap())
        };
        let (store, sets) = (Arc::clone(&self.store), Arc::clone(&self.sets));
        Embedded::load(&config.domains, key, store, sets, clock, neighbours)
            .await
            .unwrap()
    }

    fn set_clock(&self, time: u64) {
        self.time.store(time, Ordering::Relaxed);
    }

    async fn claim(&self, user: &str) -> Handle {
        let handle = Handle::new(user, "example.test").unwrap();
        let uri = format!("bitcoin:?lno={user}");
        self.change(&handle, 1, What::Put { uri }).await;
        handle
    }

    /// Has all that waits in the outbox count as proven.
    async fn prove_all(&self) {
        for task in self.store.claim(100).await.unwrap() {
            let by = payname_api::ProvenBy::OwnNameserver;
            self.store
                .proven(task.id, by, UnixTime(NOON))
                .await
                .unwrap();
        }
    }

    async fn change(&self, handle: &Handle, count: u8, what: What) {
        let mut event = [count; 32];
        event[..handle.user().len()].copy_from_slice(handle.user().as_bytes());
        let signed = Signed {
            owner: OwnerKey([1; 32]),
            event: EventId(event),
            json: String::new(),
            lapses_at: UnixTime(NOON),
        };
        let change = Change::signed(handle.clone(), what, signed, UnixTime(NOON));
        self.store.change(change).await.unwrap();
    }
}

async fn publish(embedded: &Embedded, handle: &Handle) -> Result<(), PublishError> {
    let outcomes = embedded.publish(std::slice::from_ref(handle)).await;
    outcomes.into_iter().next().unwrap()
}

fn apex() -> Name {
    Name::from_ascii("example.test.").unwrap()
}

fn look<T>(embedded: &Embedded, look: impl FnOnce(&Zone) -> T) -> T {
    embedded.served.zone(&apex(), look).unwrap()
}

/// When the signature of a name's record ends.
fn ends_at(zone: &Zone, handle: &Handle) -> UnixTime {
    let set = zone.record_set(handle.owner_name(), RecordType::TXT);
    set.and_then(|set| set.expires_at()).unwrap()
}

/// Whether signatures made then that end so early last a week, less at most an eighth of it.
fn lasts_a_week(made: u64, end: UnixTime) -> bool {
    (made + 7 * DAY - 7 * DAY / 8..=made + 7 * DAY).contains(&end.0)
}

#[tokio::test]
async fn signatures_are_renewed_in_the_second_half_of_their_life() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let first = look(&embedded, Zone::expires_at);
    assert!(lasts_a_week(NOON, first), "{first}");
    scene.set_clock(NOON + 2 * DAY);
    embedded.resign().await.unwrap();
    assert_eq!(look(&embedded, Zone::expires_at), first);
    scene.set_clock(NOON + 4 * DAY);
    embedded.resign().await.unwrap();
    let second = look(&embedded, Zone::expires_at);
    assert!(lasts_a_week(NOON + 4 * DAY, second), "{second}");
}

#[tokio::test]
async fn the_serial_rises_over_restarts_even_when_the_clock_is_set_back() {
    let scene = Scene::new().await;
    let mut last = 0;
    for (round, time) in [NOON, NOON - DAY, NOON, NOON - 2 * DAY]
        .into_iter()
        .enumerate()
    {
        scene.set_clock(time);
        let embedded = scene.load().await;
        let handle = scene.claim(&format!("user{round}")).await;
        publish(&embedded, &handle).await.unwrap();
        let serial = look(&embedded, Zone::serial);
        assert!(serial > last, "{serial} after {last}");
        last = serial;
        // Signed at the true time all the same.
        let end = look(&embedded, |zone| ends_at(zone, &handle));
        assert!(lasts_a_week(time, end), "{end}");
    }
}

#[tokio::test]
async fn what_was_signed_by_a_clock_that_was_ahead_is_signed_again() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    scene.set_clock(NOON + 365 * DAY);
    let handle = scene.claim("alice").await;
    publish(&embedded, &handle).await.unwrap();
    scene.set_clock(NOON + DAY);
    embedded.resign().await.unwrap();
    let end = look(&embedded, |zone| ends_at(zone, &handle));
    assert!(lasts_a_week(NOON + DAY, end), "{end}");
}

#[tokio::test]
async fn a_zone_is_rebuilt_from_what_the_store_holds() {
    let scene = Scene::new().await;
    let mut handles = Vec::new();
    for count in 0..3 {
        handles.push(scene.claim(&format!("user{count}")).await);
    }
    let embedded = scene.load().await;
    for handle in &handles {
        let owner = handle.owner_name();
        assert!(look(&embedded, |zone| zone
            .record_set(owner, RecordType::TXT)
            .is_some()));
    }
    // One serial for the empty zone, one for all names.
    assert_eq!(look(&embedded, Zone::serial), NOON as u32 + 1);
}

#[tokio::test]
async fn a_record_that_is_there_already_costs_nothing_and_one_elsewhere_is_refused() {
    let scene = Scene::new().await;
    let handle = scene.claim("alice").await;
    let embedded = scene.load().await;
    let serial = look(&embedded, Zone::serial);
    publish(&embedded, &handle).await.unwrap();
    assert_eq!(look(&embedded, Zone::serial), serial);
    scene.change(&handle, 2, What::Remove).await;
    publish(&embedded, &handle).await.unwrap();
    assert_eq!(look(&embedded, Zone::serial), serial + 1);
    publish(&embedded, &handle).await.unwrap();
    assert_eq!(look(&embedded, Zone::serial), serial + 1);
    let elsewhere = Handle::new("alice", "elsewhere.test").unwrap();
    let error = publish(&embedded, &elsewhere).await.unwrap_err();
    assert!(matches!(error, PublishError::NoZone(_)));
}

#[tokio::test]
async fn many_names_are_published_under_one_serial_and_one_that_is_refused_spoils_no_other() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let serial = look(&embedded, Zone::serial);
    let mut handles = Vec::new();
    for count in 0..20 {
        handles.push(scene.claim(&format!("user{count}")).await);
    }
    let outcomes = embedded.publish(&handles).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(look(&embedded, Zone::serial), serial + 1);
    // No zone takes a name below that of another's alias, to name one reason.
    let owner = Handle::new("cut", "example.test").unwrap();
    let target = Name::from_ascii("elsewhere.test.").unwrap();
    let cut = move |zone: &mut Zone, now| zone.set_dname(owner.owner_name(), &target, 300, now);
    embedded.alter(&apex(), cut).await.unwrap().unwrap();
    let mut handles = vec![scene.claim("below.cut").await];
    handles.push(scene.claim("beside").await);
    let outcomes = embedded.publish(&handles).await;
    assert!(
        matches!(outcomes[0], Err(PublishError::Zone(_))),
        "{outcomes:?}"
    );
    assert!(outcomes[1].is_ok(), "{outcomes:?}");
}
