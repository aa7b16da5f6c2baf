//! Clocks that are ahead.

use payname_resolver::hickory_proto::rr::Name;

use super::*;
use crate::signing_time::SigningTime;

const DOMAIN: &str =
    "[[domain]]\nname = \"example.test\"\nnameservers = [\"ns.other.test\"]\ndenial = \"nsec\"\n";

impl Scene {
    /// A clock that somebody sets, while no time passes that a process would live.
    fn doubted(&self, sure: Option<u64>) -> (Clock, Arc<SigningTime>) {
        let time = Arc::clone(&self.time);
        let wall = move || UnixTime(time.load(Ordering::Relaxed));
        let clock = Clock::from_clocks(wall, || Duration::ZERO);
        let signing = Arc::new(SigningTime::open(clock.clone(), sure.map(UnixTime)));
        let doubting = Arc::clone(&signing);
        (clock.doubted(move || doubting.doubt()), signing)
    }
}

/// When the latest signature of these sets begins, of all that were made.
fn begins_at(embedded: &Embedded, names: &[&Name]) -> u64 {
    let types = [
        RecordType::SOA,
        RecordType::NS,
        RecordType::DNSKEY,
        RecordType::TXT,
        RecordType::NSEC,
    ];
    let of = |zone: &Zone| {
        let sets = names.iter().flat_map(|name| {
            types
                .iter()
                .filter_map(|record_type| zone.record_set(name, *record_type))
        });
        let begins = sets.filter_map(|set| Some(set.rrsig()?.input().sig_inception.get()));
        begins.max().unwrap()
    };
    look(embedded, of).into()
}

#[tokio::test]
async fn what_is_signed_right_after_the_clock_was_set_ahead_does_not_begin_in_the_future() {
    let scene = Scene::new().await;
    let (clock, signing) = scene.doubted(None);
    let embedded = scene.load_by(DOMAIN, clock).await;
    assert_eq!(begins_at(&embedded, &[&apex()]), NOON - 3600);
    let alice = scene.claim("alice").await;
    scene.set_clock(NOON + 365 * DAY);
    publish(&embedded, &alice).await.unwrap();
    embedded.resign().await.unwrap();
    let names = [&apex(), alice.owner_name()];
    assert_eq!(begins_at(&embedded, &names), NOON - 3600);
    // The operator has looked, and it is right.
    signing.trust();
    let bob = scene.claim("bob").await;
    publish(&embedded, &bob).await.unwrap();
    let begin = NOON + 365 * DAY - 3600;
    assert_eq!(begins_at(&embedded, &[bob.owner_name()]), begin);
}

#[tokio::test]
async fn a_start_with_a_clock_that_is_ahead_signs_nothing_for_the_future() {
    let scene = Scene::new().await;
    drop(scene.load_text(DOMAIN).await);
    scene.set_clock(NOON + 30 * DAY);
    let (clock, _signing) = scene.doubted(Some(NOON));
    let anew = DOMAIN.replace("\"nsec\"", "\"nsec3\"");
    for text in [DOMAIN, &anew] {
        let embedded = scene.load_by(text, clock.clone()).await;
        embedded.resign().await.unwrap();
        assert_eq!(begins_at(&embedded, &[&apex()]), NOON - 3600);
    }
}

#[tokio::test]
async fn a_zone_that_was_signed_from_the_future_is_signed_again_at_the_start() {
    let scene = Scene::new().await;
    scene.set_clock(NOON + 3 * 3600);
    // A release that believed its clock, and served a name by it.
    let embedded = scene.load_text(DOMAIN).await;
    let alice = scene.claim("alice").await;
    publish(&embedded, &alice).await.unwrap();
    let names = [&apex(), alice.owner_name()];
    assert_eq!(begins_at(&embedded, &names), NOON + 2 * 3600);
    drop(embedded);
    scene.set_clock(NOON);
    let (clock, _signing) = scene.doubted(Some(NOON));
    let embedded = scene.load_by(DOMAIN, clock).await;
    embedded.resign().await.unwrap();
    assert_eq!(begins_at(&embedded, &names), NOON - 3600);
}

#[tokio::test]
async fn what_a_zone_above_signed_here_says_of_the_time_is_not_believed() {
    let scene = Scene::new().await;
    scene.set_clock(NOON + 365 * DAY);
    let embedded = scene
        .load_domains(&["example.test", "shop.example.test"])
        .await;
    let shop = Name::from_ascii("shop.example.test.").unwrap();
    let view = embedded.parent_view(&shop).unwrap();
    assert_eq!((view.ds.len(), view.signed_from), (1, None));
}
