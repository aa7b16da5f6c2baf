//! Two servers on one store.

use super::*;

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
async fn keys_that_one_server_has_shown_are_taken_up_by_the_other() {
    let scene = Scene::new().await;
    let (one, other) = (scene.load().await, scene.load().await);
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
    let keys = ZoneKeys::from(SigningKey::from_pkcs8(&pkcs8).unwrap());
    for embedded in [&one, &other] {
        embedded.follow().await.unwrap();
        let apex = apex();
        let set = embedded.set_keys(&apex, keys.clone(), Duration::ZERO);
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
