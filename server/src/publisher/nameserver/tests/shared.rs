//! Two servers on one store.

use super::*;
use crate::store::{
    StoreError,
    zones::{Commit, CommitError, Loading, Since, Version},
};

fn records(embedded: &Embedded) -> std::collections::BTreeSet<(Vec<u8>, Vec<u8>)> {
    look(embedded, |zone| {
        let sets = zone.stored_sets();
        sets.map(|set| (set.owner, set.set.unwrap())).collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_change_a_zone_at_once_end_with_the_same_signatures() {
    let scene = Scene::new().await;
    let (one, other) = (scene.load().await, scene.load().await);
    assert_eq!(records(&one), records(&other));
    let mut handles = Vec::new();
    for count in 0..40 {
        handles.push(scene.claim(&format!("user{count}")).await);
    }
    let (first, second) = handles.split_at(20);
    let carry = async |embedded: &Embedded, handles: &[Handle]| {
        for handle in handles {
            publish(embedded, handle).await.unwrap();
        }
    };
    tokio::join!(carry(&one, first), carry(&other, second));
    one.follow().await.unwrap();
    other.follow().await.unwrap();
    assert_eq!(records(&one), records(&other));
    assert_eq!(look(&one, Zone::serial), NOON as u32 + 1 + 40);
    for handle in &handles {
        assert!(look(&other, |zone| ends_at(zone, handle)).0 > NOON);
    }
    assert_eq!(records(&scene.load().await), records(&one));
}

#[tokio::test]
async fn a_server_that_is_behind_publishes_the_newest_all_the_same() {
    let scene = Scene::new().await;
    let (one, other) = (scene.load().await, scene.load().await);
    let alice = scene.claim("alice").await;
    publish(&one, &alice).await.unwrap();
    scene.change(&alice, 2, What::Remove).await;
    publish(&other, &alice).await.unwrap();
    let is_there = |zone: &Zone| {
        zone.record_set(alice.owner_name(), RecordType::TXT)
            .is_some()
    };
    // It had never seen the record that is not to be there any more.
    assert!(!look(&other, is_there));
    one.follow().await.unwrap();
    assert!(!look(&one, is_there));
    assert_eq!(records(&one), records(&other));
}

#[tokio::test]
async fn a_name_that_came_and_went_unseen_has_no_zone_read_anew() {
    let mut scene = Scene::new().await;
    let one = scene.load().await;
    let counted = Arc::new(Counted {
        sets: Arc::clone(&scene.sets),
        loads: AtomicU64::new(0),
    });
    scene.sets = Arc::clone(&counted) as Arc<dyn ZoneStore>;
    let other = scene.load().await;
    let before = counted.loads.load(Ordering::Relaxed);
    let alice = scene.claim("alice").await;
    publish(&one, &alice).await.unwrap();
    scene.change(&alice, 2, What::Remove).await;
    publish(&one, &alice).await.unwrap();
    other.follow().await.unwrap();
    assert_eq!(records(&one), records(&other));
    assert_eq!(counted.loads.load(Ordering::Relaxed), before);
}

/// Counts how often a whole zone is read.
#[derive(Debug)]
struct Counted {
    sets: Arc<dyn ZoneStore>,
    loads: AtomicU64,
}

#[async_trait::async_trait]
impl ZoneStore for Counted {
    async fn load(&self, zone: &str) -> Result<Option<Loading>, StoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.sets.load(zone).await
    }

    async fn commit(&self, zone: &str, commit: Commit) -> Result<Version, CommitError> {
        self.sets.commit(zone, commit).await
    }

    async fn since(&self, zone: &str, version: Version) -> Result<Since, StoreError> {
        self.sets.since(zone, version).await
    }

    async fn versions(&self) -> Result<Vec<(String, Version)>, StoreError> {
        self.sets.versions().await
    }

    async fn file(&self, zone: &str) -> Result<Option<String>, StoreError> {
        self.sets.file(zone).await
    }

    async fn keep_file(&self, zone: &str, text: String) -> Result<(), StoreError> {
        self.sets.keep_file(zone, text).await
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        self.sets.forget(before).await
    }
}

#[tokio::test]
async fn keys_that_one_server_has_shown_are_taken_up_by_the_other() {
    let scene = Scene::new().await;
    let (one, other) = (scene.load().await, scene.load().await);
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let keys = ZoneKeys::from(SigningKey::from_pkcs8(&pkcs8).unwrap());
    for embedded in [&one, &other] {
        embedded.follow().await.unwrap();
        let apex = apex();
        let set = embedded.set_keys(&apex, keys.clone());
        set.await.unwrap();
        assert!(look(embedded, |zone| zone.has_keys(&keys)));
    }
    assert_eq!(records(&one), records(&other));
    let serial = look(&one, Zone::serial);
    let alice = scene.claim("alice").await;
    publish(&other, &alice).await.unwrap();
    one.follow().await.unwrap();
    assert!(look(&one, Zone::serial) > serial);
    assert_eq!(records(&one), records(&other));
}

const OTHER_DENIAL: &str =
    "[[domain]]\nname = \"example.test\"\nnameservers = [\"ns.other.test\"]\ndenial = \"nsec3\"\n";

#[tokio::test]
async fn a_server_with_another_denial_waits_and_undoes_nothing_that_others_have_published() {
    let scene = Scene::new().await;
    let (old, names) = (scene.load().await, ["alice", "bob", "carol"]);
    let new = scene.load_text(OTHER_DENIAL).await;
    let alice = scene.claim(names[0]).await;
    publish(&new, &alice).await.unwrap();
    let shown = look(&old, Zone::serial);
    let bob = scene.claim(names[1]).await;
    for _ in 0..2 {
        let error = publish(&old, &bob).await.unwrap_err();
        let text = crate::outbox::Chain(&error).to_string();
        assert!(text.contains("restarted with the configuration"), "{text}");
        assert!(old.follow().await.is_err());
    }
    assert_eq!(look(&old, Zone::serial), shown);
    assert!(old.served().faults().contains_key(&apex()));
    assert!(new.served().faults().is_empty());
    // Nothing of it has reached the other, who goes on.
    let carol = scene.claim(names[2]).await;
    publish(&new, &carol).await.unwrap();
    new.follow().await.unwrap();
    let serial = look(&new, Zone::serial);
    let restarted = scene.load_text(OTHER_DENIAL).await;
    assert_eq!(records(&restarted), records(&new));
    assert_eq!(look(&restarted, Zone::serial), serial);
    publish(&restarted, &bob).await.unwrap();
    new.follow().await.unwrap();
    for handle in [&alice, &bob, &carol] {
        assert!(look(&new, |zone| ends_at(zone, handle)).0 > NOON);
    }
}

#[tokio::test]
async fn a_server_whose_zone_can_be_read_again_follows_the_others_again() {
    let scene = Scene::new().await;
    let one = scene.load().await;
    drop(scene.load_text(OTHER_DENIAL).await);
    assert!(one.follow().await.is_err());
    // The other is set back to what it was.
    let other = scene.load().await;
    scene.set_clock(NOON + 61);
    one.follow().await.unwrap();
    assert_eq!(records(&one), records(&other));
    assert!(one.served().faults().is_empty());
}

#[tokio::test]
async fn no_serial_is_committed_that_is_not_above_the_stored_one() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let alice = scene.claim("alice").await;
    let old = look(&embedded, Zone::clone);
    publish(&embedded, &alice).await.unwrap();
    let stored = look(&embedded, Zone::serial);
    let mut next = old.clone();
    let change = next.set_txt(alice.owner_name(), "bitcoin:?lno=x", 300, UnixTime(NOON));
    assert_eq!(change.unwrap().serial, stored);
    let mut standing = embedded.standing(&apex()).await.unwrap();
    assert!(embedded.commit(&mut standing, &old, next).await.unwrap());
    drop(standing);
    assert!(look(&embedded, Zone::serial) > stored);
}

#[tokio::test]
async fn a_server_signs_no_keys_with_one_that_another_has_taken_out_of_the_zone() {
    let scene = Scene::new().await;
    let (one, other) = (scene.load().await, scene.load().await);
    let key = || {
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        Arc::new(SigningKey::from_pkcs8(&pkcs8).unwrap())
    };
    let (old, new, zone_key) = (key(), key(), key());
    let keys = |entry: &Arc<SigningKey>| {
        let (entry, zone_key) = (Arc::clone(entry), Arc::clone(&zone_key));
        ZoneKeys::new(entry, zone_key, [], payname_zones::DsRequest::None)
    };
    let set = async |embedded: &Embedded, entry| {
        embedded.set_keys(&apex(), keys(entry)).await.unwrap();
    };
    set(&one, &old).await;
    other.follow().await.unwrap();
    set(&other, &old).await;
    set(&one, &new).await;
    other.follow().await.unwrap();
    let signed_by = |embedded: &Embedded| {
        look(embedded, |zone| {
            let set = zone.record_set(&apex(), RecordType::DNSKEY).unwrap();
            set.rrsig().unwrap().input().key_tag
        })
    };
    assert_eq!(signed_by(&other), new.key_tag());
    // Due, and by a key that is not its own.
    scene.set_clock(NOON + 4 * DAY);
    other.resign().await.unwrap();
    assert_eq!(signed_by(&other), new.key_tag());
    // With the keys that are shown it signs again.
    set(&other, &new).await;
    other.resign().await.unwrap();
    let expires = look(&other, Zone::expires_at);
    assert!(lasts_a_week(NOON + 4 * DAY, expires), "{expires}");
    assert_eq!(signed_by(&other), new.key_tag());
}
