//! What is kept in memory for those who read is never what it was before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use payname_api::{State, paths};
use payname_resolver::UnixTime;
use payname_server::Clock;
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, DOMAIN, Scene, config_text, keys, uri};

/// How often the name is changed.
const CHANGES: usize = 12;
/// Stands for the name's removal: later than every change.
const REMOVED: usize = usize::MAX;

/// Which change an answer shows; none when it shows no record.
fn shown(answer: &Answer) -> Option<usize> {
    if answer.status != StatusCode::OK {
        return None;
    }
    let mark = b"label=c";
    let place = answer
        .body
        .windows(mark.len())
        .position(|window| window == mark)
        .unwrap_or_else(|| panic!("{answer:?}"));
    let digits = answer.body[place + mark.len()..].iter();
    let digits = digits.take_while(|digit| digit.is_ascii_digit());
    let digits: Vec<u8> = digits.copied().collect();
    Some(String::from_utf8(digits).unwrap().parse().unwrap())
}

/// Reads without pause until the name is gone; how often it saw a record.
async fn read(contact: Contact, path: String, acknowledged: Arc<AtomicUsize>) -> usize {
    let mut seen = 0;
    loop {
        let least = acknowledged.load(Ordering::SeqCst);
        let answer = contact.get(&path).await;
        if let Some(change) = shown(&answer) {
            assert!(
                least != REMOVED && change >= least,
                "{path}: {change} after {least}"
            );
            seen += 1;
        }
        if least == REMOVED {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_asks_after_a_change_or_a_removal_was_acknowledged_is_shown_what_was_before() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let put = async |change: usize| {
        let uri = uri(&format!("c{change}x"));
        contact.put(&keys(1), "alice", &uri).await.handle()
    };
    put(0).await;
    contact.until("alice", State::Published).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut readers = tokio::task::JoinSet::new();
    for path in ["/alice".to_owned(), paths::proof(DOMAIN, "alice")] {
        for _ in 0..2 {
            readers.spawn(read(contact.clone(), path.clone(), acknowledged.clone()));
        }
    }
    for change in 1..=CHANGES {
        put(change).await;
        acknowledged.store(change, Ordering::SeqCst);
        // So that each is proven, and kept, before the next.
        contact.until("alice", State::Published).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    contact.delete(&keys(1), "alice").await.handle();
    acknowledged.store(REMOVED, Ordering::SeqCst);
    for seen in readers.join_all().await {
        assert!(seen > CHANGES, "a reader saw it only {seen} times");
    }
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_has_no_page_from_the_acknowledgement_on() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("c0x")).await.handle();
    contact.until("alice", State::Published).await;
    let proof = paths::proof(DOMAIN, "alice");
    for path in ["/alice", &proof] {
        assert_eq!(contact.get(path).await.status, StatusCode::OK);
    }
    contact.post(&keys(1), "alice", "disable").await.handle();
    for path in ["/alice", &proof] {
        assert_eq!(contact.get(path).await.status, StatusCode::NOT_FOUND);
    }
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_passed_on_until_its_lifetime_ends_and_then_looked_up_anew() {
    let later = Arc::new(AtomicU64::new(0));
    let offset = Arc::clone(&later);
    let clock =
        Clock::from_fn(move || UnixTime(Clock::system().now().0 + offset.load(Ordering::SeqCst)));
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::start_in(folder, config_text(""), clock).await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("c0x")).await.handle();
    contact.until("alice", State::Published).await;
    let path = paths::proof(DOMAIN, "alice");
    let lifetime = async || {
        let answer = contact.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let cache = answer.headers["cache-control"].to_str().unwrap();
        let age = cache.strip_prefix("public, max-age=").unwrap();
        age.parse::<u64>().unwrap()
    };
    let first = lifetime().await;
    assert!((200..=300).contains(&first), "{first}");
    later.fetch_add(first - 100, Ordering::SeqCst);
    let rest = lifetime().await;
    assert!(rest <= 100, "it was kept, with {rest} seconds left");
    later.fetch_add(100, Ordering::SeqCst);
    let renewed = lifetime().await;
    assert!(renewed > 200, "it was looked up anew: {renewed}");
    scene.stop().await;
}
