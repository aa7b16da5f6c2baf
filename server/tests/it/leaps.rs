//! A clock that leaps ahead ends nothing that cannot be taken back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use payname_api::{State, codes, paths};
use payname_resolver::UnixTime;
use payname_server::{Clock, Config, ZoneRequest, ask_server};

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, now, uri};

const DAY: u64 = 86_400;

fn text() -> String {
    let policy = "ttl = 300\n[domain.policy]\nexpire_days = 5\nhold_days = 3\n";
    config_text("").replace("ttl = 300", policy)
}

/// A server whose clock is ahead by so many days, of which it has lived none.
async fn start(directory: tempfile::TempDir, ahead: &Arc<AtomicU64>) -> Scene {
    let (ahead, begun) = (Arc::clone(ahead), Instant::now());
    let clock = Clock::from_clocks(
        move || UnixTime(now() + DAY * ahead.load(Ordering::Relaxed)),
        move || begun.elapsed(),
    );
    Scene::start_in(directory, text(), clock).await
}

/// A claim of a name, or a look at it, at the time that the server thinks it is.
async fn ask(contact: &Contact, seed: u8, user: &str, claims: bool, days: u64) -> Answer {
    let body = format!("{{\"uri\":\"{}\"}}", uri("m"));
    let mut draft = match claims {
        true => Draft::put(contact, user, body),
        false => Draft::get(contact, &paths::handle(DOMAIN, user)),
    };
    draft.at += days * DAY;
    contact.send(&draft, Some(&draft.sign(&keys(seed)))).await
}

async fn readiness(contact: &Contact) -> String {
    let answer = contact.get(paths::READYZ).await;
    assert!(answer.status.is_success(), "{answer:?}");
    String::from_utf8(answer.body).unwrap()
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_ends_no_name_until_it_is_right_or_somebody_says_so() {
    let days = Arc::new(AtomicU64::new(0));
    let scene = start(tempfile::tempdir().unwrap(), &days).await;
    let contact = scene.contact();
    for user in ["alice", "bob"] {
        contact.put(&keys(1), user, &uri("a")).await.handle();
        contact.until(user, State::Published).await;
    }
    contact.delete(&keys(1), "bob").await.handle();
    contact.until("bob", State::Removed).await;
    assert_eq!(readiness(&contact).await, "ready\n");

    days.store(300, Ordering::Relaxed);
    scene.running().end_names().await;
    let taken = ask(&contact, 2, "bob", true, 300).await;
    assert_eq!(taken.code(), codes::NOT_OWNER, "it is held");
    let alice = ask(&contact, 1, "alice", false, 300).await.handle();
    assert_eq!(alice.state, State::Published);
    let said = readiness(&contact).await;
    assert!(
        said.contains("hours ahead") && said.contains("no name ends"),
        "{said}"
    );
    // New names are given meanwhile, and others are changed.
    ask(&contact, 2, "carol", true, 300).await.handle();

    // Nor does a restart make it true.
    let scene = start(scene.stop().await, &days).await;
    let contact = scene.contact();
    scene.running().end_names().await;
    let taken = ask(&contact, 2, "bob", true, 300).await;
    assert_eq!(taken.code(), codes::NOT_OWNER, "it is held");
    let alice = ask(&contact, 1, "alice", false, 300).await.handle();
    assert_eq!(alice.state, State::Published);

    // Set right, nothing has happened.
    days.store(0, Ordering::Relaxed);
    scene.running().end_names().await;
    assert_eq!(readiness(&contact).await, "ready\n");
    let alice = ask(&contact, 1, "alice", false, 0).await.handle();
    assert_eq!(alice.state, State::Published);

    // Ahead again, and an operator says that it is right.
    days.store(6, Ordering::Relaxed);
    scene.running().end_names().await;
    let alice = ask(&contact, 1, "alice", false, 6).await.handle();
    assert_eq!(alice.state, State::Published);
    let file = scene.data().with_file_name("paynamed.toml");
    let config = Config::parse(&text(), &file).unwrap();
    ask_server(&config, DOMAIN, ZoneRequest::TrustClock).unwrap();
    scene.running().look_after_keys().await;
    scene.running().end_names().await;
    assert_eq!(readiness(&contact).await, "ready\n");
    let alice = ask(&contact, 1, "alice", false, 6).await.handle();
    assert!(
        matches!(alice.state, State::Expiring | State::Expired),
        "{alice:?}"
    );
    ask(&contact, 2, "bob", true, 6).await.handle();
    scene.stop().await;
}
