//! What a restart finds, and what it makes of it.

use std::collections::BTreeMap;

use payname_zones::SetChange;

use super::*;

const DOMAIN: &str = "[[domain]]\nname = \"example.test\"\n";

/// All sets of a zone with their signatures.
fn sets(embedded: &Embedded) -> BTreeMap<(Vec<u8>, u16), Vec<u8>> {
    let key = |set: SetChange| ((set.owner, u16::from(set.record_type)), set.set.unwrap());
    look(embedded, |zone| zone.stored_sets().map(key).collect())
}

/// The types of the sets that differ.
fn differing(one: &Embedded, other: &Embedded) -> Vec<RecordType> {
    let (one, other) = (sets(one), sets(other));
    let keys = one
        .keys()
        .chain(other.keys().filter(|key| !one.contains_key(*key)));
    let mut types: Vec<RecordType> = keys
        .filter(|key| one.get(*key) != other.get(*key))
        .map(|(_, record_type)| RecordType::from(*record_type))
        .collect();
    types.sort();
    types
}

#[tokio::test]
async fn a_restart_signs_nothing_and_shows_the_same_serial() {
    let scene = Scene::new().await;
    let before = scene.load().await;
    for user in ["alice", "bob"] {
        let handle = scene.claim(user).await;
        publish(&before, &handle).await.unwrap();
    }
    let bob = Handle::new("bob", "example.test").unwrap();
    scene.change(&bob, 2, What::Remove).await;
    publish(&before, &bob).await.unwrap();
    scene.set_clock(NOON + DAY);
    let after = scene.load().await;
    assert_eq!(differing(&before, &after), []);
    assert_eq!(look(&before, Zone::serial), look(&after, Zone::serial));
    // And it goes on from there.
    let carol = scene.claim("carol").await;
    publish(&after, &carol).await.unwrap();
    assert_eq!(look(&after, Zone::serial), (NOON + DAY) as u32);
    assert_eq!(
        differing(&before, &after),
        [RecordType::SOA, RecordType::TXT]
    );
}

#[tokio::test]
async fn changed_settings_change_what_they_are_about_and_nothing_else() {
    let scene = Scene::new().await;
    let servers = "nameservers = [\"ns.example.test\"]\naddresses = [\"192.0.2.1\"]\n";
    let before = scene.load_text(&format!("{DOMAIN}{servers}")).await;
    let alice = scene.claim("alice").await;
    publish(&before, &alice).await.unwrap();
    scene.prove_all().await;
    // A new address.
    let servers = "nameservers = [\"ns.example.test\"]\naddresses = [\"2001:db8::1\"]\n";
    let after = scene.load_text(&format!("{DOMAIN}{servers}")).await;
    let other = [RecordType::A, RecordType::SOA, RecordType::AAAA];
    let mut other = other.to_vec();
    other.sort();
    assert_eq!(differing(&before, &after), other);
    assert!(look(&after, Zone::serial) > look(&before, Zone::serial));
    // Another server elsewhere, and another negative TTL.
    let servers = "nameservers = [\"ns.other.test\"]\nnegative_ttl = 30\n";
    let last = scene.load_text(&format!("{DOMAIN}{servers}")).await;
    let mut other = vec![RecordType::NS, RecordType::SOA, RecordType::AAAA];
    other.sort();
    assert_eq!(differing(&after, &last), other);
    // Another TTL of the payment records.
    let text = format!("{DOMAIN}{servers}ttl = 600\n");
    let slow = scene.load_text(&text).await;
    assert_eq!(differing(&last, &slow), []);
    assert_eq!(slow.compare().await.unwrap(), 1);
    assert_eq!(differing(&last, &slow), [RecordType::SOA, RecordType::TXT]);
    assert_eq!(slow.compare().await.unwrap(), 0);
}

#[tokio::test]
async fn signed_zones_that_are_damaged_or_gone_are_made_anew_with_a_higher_serial() {
    let mut scene = Scene::new().await;
    let before = scene.load().await;
    let alice = scene.claim("alice").await;
    publish(&before, &alice).await.unwrap();
    let serial = look(&before, Zone::serial);
    let path = scene.directory.path().join("zones.sqlite");
    let spoil = rusqlite::Connection::open(&path).unwrap();
    spoil
        .execute("UPDATE sets SET bytes = x'00' WHERE type = 16", [])
        .unwrap();
    let after = scene.load().await;
    let again = look(&after, Zone::serial);
    assert!(again > serial);
    assert!(look(&after, |zone| ends_at(zone, &alice)).0 > NOON);
    assert_eq!(look(&scene.load().await, Zone::serial), again);
    scene.sets = Arc::new(SqliteZones::open(&scene.directory.path().join("new.sqlite")).unwrap());
    scene.set_clock(NOON - DAY);
    let anew = look(&scene.load().await, Zone::serial);
    assert!(anew > again, "{anew} after {again}");
}

#[tokio::test]
async fn the_operator_can_raise_a_serial() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let serial = look(&embedded, Zone::serial);
    embedded.mind_serials().await.unwrap();
    assert_eq!(look(&embedded, Zone::serial), serial);
    let wanted = serial + 1_000_000;
    let ceiling = wanted + SERIAL_STEP;
    scene
        .store
        .keep_serial("example.test.", ceiling)
        .await
        .unwrap();
    embedded.mind_serials().await.unwrap();
    let raised = look(&embedded, Zone::serial);
    assert!(raised >= wanted);
    // Once, not again and again; and a restart stays there.
    embedded.mind_serials().await.unwrap();
    assert_eq!(look(&embedded, Zone::serial), raised);
    assert_eq!(look(&scene.load().await, Zone::serial), raised);
}

#[tokio::test]
async fn what_zone_and_registry_do_not_share_is_repaired_unless_it_is_too_much() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let alice = scene.claim("alice").await;
    let dotted = scene.claim("bob.shop").await;
    publish(&embedded, &alice).await.unwrap();
    scene.prove_all().await;
    // Names that were never registered, and one that lies elsewhere and is nobody's business.
    let strange = |count: usize| {
        move |zone: &mut Zone, now| {
            let own = Name::from_ascii("example.test.").unwrap();
            zone.set_txt(&own, "v=spf1 -all", 300, now)?;
            for count in 0..count {
                let user = format!("mallory{count}");
                let handle = Handle::new(&user, "example.test").unwrap();
                zone.set_txt(handle.owner_name(), "bitcoin:?lno=x", 300, now)?;
            }
            Ok::<_, payname_zones::ZoneError>(())
        }
    };
    embedded.alter(&apex(), strange(3)).await.unwrap();
    assert_eq!(embedded.compare().await.unwrap(), 1 + 3);
    let text = |handle: &Handle| look(&embedded, |zone| ends_at(zone, handle));
    assert!(text(&alice).0 > NOON && text(&dotted).0 > NOON);
    assert_eq!(embedded.compare().await.unwrap(), 0);
    embedded.alter(&apex(), strange(30)).await.unwrap();
    assert_eq!(embedded.compare().await.unwrap(), 0);
}

#[tokio::test]
async fn names_that_wait_in_the_outbox_are_no_drift_and_are_left_to_their_tasks() {
    let scene = Scene::new().await;
    let embedded = scene.load().await;
    let shown = scene.claim("shown").await;
    publish(&embedded, &shown).await.unwrap();
    scene.prove_all().await;
    let serial = look(&embedded, Zone::serial);
    // A burst: claimed, changed and removed, and nothing of it published yet.
    for count in 0..50 {
        scene.claim(&format!("user{count}")).await;
    }
    scene.change(&shown, 2, What::Remove).await;
    assert_eq!(embedded.compare().await.unwrap(), 0);
    assert_eq!(look(&embedded, Zone::serial), serial, "nothing was touched");
    // Once they count as proven and are not there, they are repaired.
    scene.prove_all().await;
    assert_eq!(embedded.compare().await.unwrap(), 50 + 1);
}
