//! The rest of a name's life: disabled, given away, expired, and told to its owner alone.

mod transfer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use payname_api::{HandleStatus, HistoryStep, Listed, State, codes, paths};
use payname_resolver::{UnixTime, VerifyError};
use payname_server::Clock;
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, now, uri};

const DAY: u64 = 24 * 3600;

/// Waits until a name's owner sees it come so far.
async fn until(contact: &Contact, seed: u8, user: &str, state: State) -> HandleStatus {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found = contact
            .look(&keys(seed), &paths::handle(DOMAIN, user))
            .await;
        let found = found.handle();
        if found.state == state {
            return found;
        }
        assert!(Instant::now() < deadline, "it stays {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn published(contact: &Contact, user: &str) {
    contact.put(&keys(1), user, &uri("a")).await.handle();
    contact.until(user, State::Published).await;
}

/// All of an answer that could tell something about the name.
fn told(answer: &Answer, user: &str) -> (StatusCode, Vec<(String, String)>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "date" && *name != "x-request-id");
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| name != "content-length")
        .collect();
    headers.sort();
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let body = String::from_utf8_lossy(&answer.body);
    let body = body.replace(user, "NAME").replace(id, "ID");
    (answer.status, headers, body)
}

#[tokio::test]
async fn a_disabled_name_looks_like_a_missing_one_to_everybody_but_its_owner() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    let disabled = contact.post(&keys(1), "alice", "disable").await;
    assert_eq!(disabled.status, StatusCode::ACCEPTED);
    until(&contact, 1, "alice", State::Disabled).await;
    for what in ["", "proof", "history"] {
        let path = |user: &str| match what {
            "" => paths::handle(DOMAIN, user),
            what => paths::below(DOMAIN, user, what),
        };
        if what != "history" {
            let (hidden, missing) = (
                contact.get(&path("alice")).await,
                contact.get(&path("bob")).await,
            );
            assert_eq!(told(&hidden, "alice"), told(&missing, "bob"), "{what}");
            assert_eq!(hidden.code(), codes::UNKNOWN_HANDLE);
        }
        let (hidden, missing) = (
            contact.look(&keys(2), &path("alice")).await,
            contact.look(&keys(2), &path("bob")).await,
        );
        assert_eq!(told(&hidden, "alice"), told(&missing, "bob"), "{what}");
    }
    assert!(matches!(
        contact.resolve("alice").await,
        Err(VerifyError::Denied(_))
    ));
    let seen = until(&contact, 1, "alice", State::Disabled).await;
    let private = seen.private.unwrap();
    assert!(private.disabled && !private.suspended && seen.uri.is_empty());
    assert_eq!(private.kept_uri, Some(uri("a")));
    // Nobody else gets it meanwhile, nor can change it.
    let theft = contact.put(&keys(2), "alice", &uri("m")).await;
    assert_eq!(theft.code(), codes::NOT_OWNER);
    let theft = contact.post(&keys(2), "alice", "enable").await;
    assert_eq!(theft.code(), codes::NOT_OWNER);

    let enabled = contact.post(&keys(1), "alice", "enable").await;
    assert_eq!(enabled.status, StatusCode::ACCEPTED);
    let seen = contact.until("alice", State::Published).await;
    assert_eq!((seen.uri, seen.private), (uri("a"), None));
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("a"));
}

#[tokio::test]
async fn what_may_not_be_published_any_more_is_not_enabled() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let address = "bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    contact.put(&keys(1), "alice", address).await.handle();
    contact.post(&keys(1), "alice", "disable").await.handle();
    let strict = config_text("allow_onchain = false\n");
    let scene = Scene::start_in(scene.stop().await, strict, Clock::system()).await;
    let contact = scene.contact();
    let refused = contact.post(&keys(1), "alice", "enable").await;
    assert_eq!(refused.code(), codes::INVALID_URI);
    // Others are not even told that.
    let refused = contact.post(&keys(2), "alice", "enable").await;
    assert_eq!(refused.code(), codes::NOT_OWNER);
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.post(&keys(1), "alice", "enable").await.handle();
    contact.until("alice", State::Published).await;
}

#[tokio::test]
async fn a_signature_is_for_one_route_and_one_look() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    published(&contact, "bob").await;
    let disable = Draft::post(&contact, "alice", "disable", "");
    let signed = disable.sign(&keys(1));
    for (user, what) in [("alice", "renew"), ("alice", "enable"), ("bob", "disable")] {
        let other = Draft::post(&contact, user, what, "");
        let answer = contact.send(&other, Some(&signed)).await;
        assert_eq!(answer.code(), codes::AUTH_URL, "{user} {what}");
    }
    let look = Draft::get(&contact, &paths::below(DOMAIN, "alice", "history"));
    let looked = look.sign(&keys(1));
    let farther = Draft::get(&contact, &format!("{}?limit=9", look.path));
    assert_eq!(
        contact.send(&farther, Some(&looked)).await.code(),
        codes::AUTH_URL
    );
    let mut late = Draft::get(&contact, &look.path);
    late.at -= 61;
    let late = contact.send(&look, Some(&late.sign(&keys(1)))).await;
    assert_eq!(late.code(), codes::AUTH_TIME);
    contact.send(&disable, Some(&signed)).await.handle();
    let replayed = contact.send(&disable, Some(&signed)).await;
    assert_eq!(replayed.code(), codes::AUTH_REPLAYED);
}

#[tokio::test]
async fn the_history_is_its_owners_and_comes_in_pages() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for label in ["a", "b", "c", "d", "e"] {
        contact.put(&keys(1), "alice", &uri(label)).await.handle();
    }
    let path = paths::below(DOMAIN, "alice", "history");
    assert_eq!(contact.get(&path).await.code(), codes::AUTH_MISSING);
    let foreign = contact.look(&keys(2), &path).await;
    assert_eq!(
        (foreign.status, foreign.code().as_str()),
        (StatusCode::FORBIDDEN, codes::NOT_OWNER)
    );
    let wrong = contact.look(&keys(1), &format!("{path}?limit=0")).await;
    assert_eq!(wrong.code(), codes::INVALID_QUERY);
    let (mut next, mut steps) = (String::new(), Vec::new());
    loop {
        let part = format!("{path}?limit=2{next}");
        let answer = contact.look(&keys(1), &part).await;
        let listed: Listed<HistoryStep> = serde_json::from_slice(&answer.body).unwrap();
        assert!(listed.items.len() <= 2);
        steps.extend(listed.items);
        let Some(cursor) = listed.next else { break };
        next = format!("&cursor={cursor}");
    }
    let versions: Vec<u64> = steps.iter().map(|step| step.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    assert_eq!(steps[0].action, "claim");
    assert_eq!(steps[4].old_uri, Some(uri("d")));
    assert_eq!(steps[4].uri, Some(uri("e")));
    assert_eq!(steps[4].signer, Some(keys(1).public_key().to_hex()));
    let event: nostr::event::Event = serde_json::from_str(&steps[4].events[0]).unwrap();
    event.verify().unwrap();
    assert_eq!(event.pubkey, keys(1).public_key());
}

/// A server whose clock is ahead by as many days as one says.
async fn start_ahead(directory: tempfile::TempDir, ahead: &Arc<AtomicU64>) -> Scene {
    let ahead = Arc::clone(ahead);
    let clock = Clock::from_fn(move || UnixTime(now() + DAY * ahead.load(Ordering::Relaxed)));
    let policy = "ttl = 300\n[domain.policy]\nexpire_days = 5\nhold_days = 3\n";
    let text = config_text("").replace("ttl = 300", policy);
    Scene::start_in(directory, text, clock).await
}

#[tokio::test]
async fn a_name_that_nobody_renews_leaves_dns_and_is_free_in_the_end() {
    let days = Arc::new(AtomicU64::new(0));
    let ahead = |method: &str, user: &str, contact: &Contact, body: String| {
        let mut draft = match method {
            "PUT" => Draft::put(contact, user, body),
            "GET" => Draft::get(contact, &paths::handle(DOMAIN, user)),
            what => Draft::post(contact, user, what, body),
        };
        draft.at += DAY * days.load(Ordering::Relaxed);
        draft
    };
    let put = |label: &str| format!("{{\"uri\":\"{}\"}}", uri(label));
    let scene = start_ahead(tempfile::tempdir().unwrap(), &days).await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    published(&contact, "bob").await;

    days.store(6, Ordering::Relaxed);
    // The sweep begins with the server.
    let scene = start_ahead(scene.stop().await, &days).await;
    let contact = scene.contact();
    let deadline = Instant::now() + Duration::from_secs(20);
    let state = async |user: &str| {
        let draft = ahead("GET", user, &contact, String::new());
        contact
            .send(&draft, Some(&draft.sign(&keys(1))))
            .await
            .handle()
            .state
    };
    while (state("alice").await, state("bob").await) != (State::Expired, State::Expired) {
        assert!(Instant::now() < deadline, "they do not expire");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hidden = contact.get(&paths::handle(DOMAIN, "alice")).await;
    let missing = contact.get(&paths::handle(DOMAIN, "carol")).await;
    assert_eq!(told(&hidden, "alice"), told(&missing, "carol"));
    let early = ahead("PUT", "alice", &contact, put("m"));
    let early = contact.send(&early, Some(&early.sign(&keys(2)))).await;
    assert_eq!(early.code(), codes::NOT_OWNER);
    let renew = ahead("renew", "bob", &contact, String::new());
    let renewed = contact.send(&renew, Some(&renew.sign(&keys(1)))).await;
    assert_eq!(renewed.status, StatusCode::ACCEPTED);
    let renewed = renewed.handle();
    assert_eq!(renewed.uri, uri("a"));

    days.store(9, Ordering::Relaxed);
    let scene = start_ahead(scene.stop().await, &days).await;
    let contact = scene.contact();
    let claim = |user: &str| ahead("PUT", user, &contact, put("m"));
    let taken = claim("alice");
    let taken = contact.send(&taken, Some(&taken.sign(&keys(2)))).await;
    assert_eq!(taken.handle().owner, keys(2).public_key().to_hex());
    let held = claim("bob");
    let held = contact.send(&held, Some(&held.sign(&keys(2)))).await;
    assert_eq!(held.code(), codes::NOT_OWNER);
    // What the former owner did is not told to the new one.
    let mut draft = Draft::get(&contact, &paths::below(DOMAIN, "alice", "history"));
    draft.at += 9 * DAY;
    let told = contact.send(&draft, Some(&draft.sign(&keys(2)))).await;
    let told: Listed<HistoryStep> = serde_json::from_slice(&told.body).unwrap();
    let versions: Vec<u64> = told.items.iter().map(|step| step.version).collect();
    assert_eq!(versions, [3]);
    let stranger = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!(stranger.code(), codes::NOT_OWNER);
}
