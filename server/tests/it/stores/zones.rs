//! What every store of signed zones does.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_server::store::{
    SqliteZones, ZoneStore,
    zones::{Commit, CommitError, Since, Version},
};
use payname_zones::{NameServer, SetChange, Settings, SigningKey, Zone};
use ring::rand::SystemRandom;
use tokio::task::JoinSet;

use super::NOON;

type Behaviour = fn(Arc<dyn ZoneStore>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        /// All of them, by name.
        pub(super) const ALL: &[(&str, Behaviour)] =
            &[$((stringify!($name), |store| Box::pin($name(store)))),*];
    };
}

behaviours![
    a_zone_comes_back_as_it_was_committed,
    who_was_too_late_has_written_nothing,
    a_copy_is_brought_up_to_date_with_what_was_removed,
    what_cannot_be_told_any_more_is_lost_and_not_wrong,
    zones_do_not_mix,
];

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_of_a_zone_store_holds_in_sqlite() {
    for (name, behaviour) in ALL {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteZones::open(&directory.path().join("zones.sqlite")).unwrap();
        behaviour(Arc::new(store)).await;
    }
}

/// A zone with so many names.
fn zone(origin: &str, names: usize) -> Zone {
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
    let origin = Name::from_ascii(origin).unwrap();
    let server = NameServer::new(Name::from_ascii("ns.other.test.").unwrap(), []);
    let mut zone = Zone::new(Settings::new(origin, [server]), key, NOON).unwrap();
    for name in 0..names {
        zone = with(&zone, &format!("user{name}"), NOON);
    }
    zone
}

/// The zone with one name more, or its text replaced.
fn with(zone: &Zone, label: &str, now: UnixTime) -> Zone {
    let mut zone = zone.clone();
    let owner = zone.origin().prepend_label(label).unwrap();
    let text = format!("at {} for {}", zone.serial(), "x".repeat(300));
    zone.set_txt(&owner, &text, 300, now).unwrap();
    zone
}

fn without(zone: &Zone, label: &str) -> Zone {
    use payname_resolver::hickory_proto::rr::RecordType;
    let mut zone = zone.clone();
    let owner = zone.origin().prepend_label(label).unwrap();
    zone.remove(&owner, RecordType::TXT, NOON).unwrap().unwrap();
    zone
}

fn commit(expected: Option<Version>, older: Option<&Zone>, newer: &Zone, at: UnixTime) -> Commit {
    Commit {
        expected,
        older: older.cloned(),
        newer: newer.clone(),
        at,
    }
}

fn by_owner(
    sets: impl IntoIterator<Item = SetChange>,
) -> BTreeMap<(Vec<u8>, u16), Option<Vec<u8>>> {
    let sets = sets.into_iter();
    sets.map(|set| ((set.owner, set.record_type.into()), set.set))
        .collect()
}

/// What is stored of a zone.
async fn load(
    store: &dyn ZoneStore,
    zone: &Zone,
) -> (Version, BTreeMap<(Vec<u8>, u16), Option<Vec<u8>>>) {
    let mut loading = store
        .load(&zone.origin().to_string())
        .await
        .unwrap()
        .unwrap();
    let mut sets = Vec::new();
    while let Some(piece) = loading.sets.recv().await {
        sets.extend(piece.unwrap());
    }
    let count = sets.len();
    let sets = by_owner(sets);
    assert_eq!(sets.len(), count, "each once");
    (loading.version, sets)
}

async fn a_zone_comes_back_as_it_was_committed(store: Arc<dyn ZoneStore>) {
    let first = zone("example.test.", 2500);
    let origin = first.origin().to_string();
    assert!(store.load(&origin).await.unwrap().is_none());
    assert!(store.versions().await.unwrap().is_empty());
    let version = store
        .commit(&origin, commit(None, None, &first, NOON))
        .await
        .unwrap();
    assert_eq!(version.serial, first.serial());
    let second = without(&with(&first, "user7", NOON), "user8");
    let change = commit(Some(version), Some(&first), &second, NOON);
    let version = store.commit(&origin, change).await.unwrap();
    let (found, sets) = load(&*store, &second).await;
    assert_eq!(found, version);
    assert_eq!(sets, by_owner(second.stored_sets()));
    assert_eq!(store.versions().await.unwrap(), [(origin.clone(), version)]);
    assert_eq!(store.file(&origin).await.unwrap(), None);
    let text = "www 300 A 192.0.2.1\n";
    store.keep_file(&origin, text.to_owned()).await.unwrap();
    assert_eq!(store.file(&origin).await.unwrap().as_deref(), Some(text));
    // Replaced as a whole, nothing of it is left.
    let other = zone("example.test.", 3);
    let version = store
        .commit(&origin, commit(Some(version), None, &other, NOON))
        .await
        .unwrap();
    assert_eq!(
        load(&*store, &other).await,
        (version, by_owner(other.stored_sets()))
    );
}

async fn who_was_too_late_has_written_nothing(store: Arc<dyn ZoneStore>) {
    let mut present = zone("example.test.", 3);
    let origin = present.origin().to_string();
    let mut version = None;
    for round in 0..10 {
        let older = version.map(|_| &present);
        let mut racing = JoinSet::new();
        for number in 0..6 {
            let next = with(&present, &format!("racer{number}"), NOON);
            let change = commit(version, older, &next, NOON);
            let (store, origin) = (Arc::clone(&store), origin.clone());
            racing.spawn(async move { (store.commit(&origin, change).await, next) });
        }
        let mut winners = Vec::new();
        for (outcome, next) in racing.join_all().await {
            match outcome {
                Ok(version) => winners.push((version, next)),
                Err(CommitError::Overtaken) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let [(new, next)] = &winners[..] else {
            panic!("{} winners in round {round}", winners.len());
        };
        assert_eq!(
            load(&*store, next).await,
            (*new, by_owner(next.stored_sets()))
        );
        (version, present) = (Some(*new), next.clone());
    }
}

async fn a_copy_is_brought_up_to_date_with_what_was_removed(store: Arc<dyn ZoneStore>) {
    let first = zone("example.test.", 20);
    let origin = first.origin().to_string();
    let start = store
        .commit(&origin, commit(None, None, &first, NOON))
        .await
        .unwrap();
    let (mut version, mut present) = (start, first.clone());
    for count in 0..5 {
        let next = without(&with(&present, "new", NOON), &format!("user{count}"));
        let change = commit(Some(version), Some(&present), &next, NOON);
        version = store.commit(&origin, change).await.unwrap();
        present = next;
    }
    let Since::Sets(told, sets) = store.since(&origin, start).await.unwrap() else {
        panic!("it can be told");
    };
    assert_eq!(told, version);
    let needed = by_owner(present.changes_since(&first));
    let told = by_owner(sets.clone());
    assert_eq!(told.len(), sets.len(), "each once");
    assert!(told.values().filter(|set| set.is_none()).count() >= 5);
    for (key, set) in needed {
        assert_eq!(told.get(&key), Some(&set));
    }
    let copy = first.apply(sets).unwrap();
    assert_eq!(
        by_owner(copy.stored_sets()),
        by_owner(present.stored_sets())
    );
    assert!(matches!(
        store.since(&origin, version).await.unwrap(),
        Since::Nothing
    ));
    assert!(matches!(
        store.since("other.test.", version).await.unwrap(),
        Since::Lost
    ));
}

async fn what_cannot_be_told_any_more_is_lost_and_not_wrong(store: Arc<dyn ZoneStore>) {
    let first = zone("example.test.", 5);
    let origin = first.origin().to_string();
    let mut versions = vec![
        store
            .commit(&origin, commit(None, None, &first, NOON))
            .await
            .unwrap(),
    ];
    let mut present = first;
    for hour in 1..=4 {
        let next = without(&present, &format!("user{hour}"));
        let at = NOON.plus(hour * 3600);
        let change = commit(versions.last().copied(), Some(&present), &next, at);
        versions.push(store.commit(&origin, change).await.unwrap());
        present = next;
    }
    // A version of another life, as after the database was set back.
    let strange = Version {
        serial: 7,
        ..versions[2]
    };
    assert!(matches!(
        store.since(&origin, strange).await.unwrap(),
        Since::Lost
    ));
    let later = Version {
        number: 99,
        ..versions[2]
    };
    assert!(matches!(
        store.since(&origin, later).await.unwrap(),
        Since::Lost
    ));
    store.forget(NOON.plus(2 * 3600 + 1)).await.unwrap();
    for (number, version) in versions.iter().enumerate() {
        let told = store.since(&origin, *version).await.unwrap();
        match number {
            0..=2 => assert!(matches!(told, Since::Lost), "{number}"),
            3 => assert!(matches!(&told, Since::Sets(..)), "{told:?}"),
            _ => assert!(matches!(told, Since::Nothing)),
        }
    }
    // Long after, the newest still stands; and nothing is lost of the zone.
    store.forget(NOON.plus(99 * 3600)).await.unwrap();
    assert!(matches!(
        store.since(&origin, versions[4]).await.unwrap(),
        Since::Nothing
    ));
    assert_eq!(
        load(&*store, &present).await.1,
        by_owner(present.stored_sets())
    );
    let other = zone("example.test.", 1);
    let replaced = commit(Some(versions[4]), None, &other, NOON);
    let new = store.commit(&origin, replaced).await.unwrap();
    assert!(matches!(
        store.since(&origin, versions[4]).await.unwrap(),
        Since::Lost
    ));
    assert!(matches!(
        store.since(&origin, new).await.unwrap(),
        Since::Nothing
    ));
}

async fn zones_do_not_mix(store: Arc<dyn ZoneStore>) {
    let zones = ["one.test.", "other.test.", "sub.other.test."].map(|origin| zone(origin, 30));
    for zone in &zones {
        let first = commit(None, None, zone, NOON);
        store
            .commit(&zone.origin().to_string(), first)
            .await
            .unwrap();
    }
    for zone in &zones {
        let (version, _) = load(&*store, zone).await;
        let next = without(zone, "user3");
        let change = commit(Some(version), Some(zone), &next, NOON);
        store
            .commit(&zone.origin().to_string(), change)
            .await
            .unwrap();
        assert_eq!(load(&*store, &next).await.1, by_owner(next.stored_sets()));
    }
    assert_eq!(store.versions().await.unwrap().len(), 3);
}
