//! Requests with an `Idempotency-Key`.

use payname_api::{HandleStatus, State, codes};
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, Draft, Scene, keys, uri};

async fn ask(contact: &Contact, seed: u8, what: &str, key: &str) -> Answer {
    let mut draft = Draft::post(contact, "alice", what, "");
    draft.headers.push(("idempotency-key", key.to_owned()));
    contact.send(&draft, Some(&draft.sign(&keys(seed)))).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer
        .headers
        .get("idempotency-replayed")
        .is_some_and(|value| value == "true")
}

async fn published() -> (Scene, Contact) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    (scene, contact)
}

fn version(answer: &Answer) -> u64 {
    serde_json::from_slice::<HandleStatus>(&answer.body)
        .unwrap()
        .version
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_before_and_not_done_again() {
    let (scene, contact) = published().await;
    let first = ask(&contact, 1, "disable", "first").await;
    assert_eq!((first.status, version(&first)), (StatusCode::ACCEPTED, 2));
    assert!(!is_replayed(&first));
    let enabled = ask(&contact, 1, "enable", "second").await;
    assert_eq!(version(&enabled), 3);
    // Signed anew, and after other things were done.
    let again = ask(&contact, 1, "disable", "first").await;
    assert!(is_replayed(&again));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers["etag"], first.headers["etag"]);
    assert_eq!(again.headers["content-type"], "application/json");
    let path = payname_api::paths::handle(crate::scene::DOMAIN, "alice");
    assert_eq!(version(&contact.get(&path).await), 3);
    // It is kept on the disk.
    let scene = scene.restart().await;
    let contact = scene.contact();
    let other = ask(&contact, 1, "disable", "third").await;
    assert_eq!(version(&other), 4);
}

#[tokio::test]
async fn the_same_key_with_another_request_is_refused_and_is_its_signers_own() {
    let (_scene, contact) = published().await;
    ask(&contact, 1, "disable", "mine").await;
    let other = ask(&contact, 1, "enable", "mine").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.code(), codes::IDEMPOTENCY_MISMATCH);
    let stranger = ask(&contact, 2, "disable", "mine").await;
    assert!(!is_replayed(&stranger));
    assert_eq!(stranger.code(), codes::NOT_OWNER);
    // A refusal is an answer too, and is told again with the id of the request that asks again.
    let again = ask(&contact, 2, "disable", "mine").await;
    assert!(is_replayed(&again));
    assert_eq!(again.code(), codes::NOT_OWNER);
    for key in ["", &"x".repeat(256), "\u{e9}"] {
        let wrong = ask(&contact, 1, "disable", key).await;
        assert_eq!(wrong.code(), codes::INVALID_HEADER, "{key}");
    }
}

#[tokio::test]
async fn the_same_key_on_another_condition_or_with_another_consent_is_another_request() {
    let (_scene, contact) = published().await;
    let on = async |what: &str, version: Option<&str>| {
        let mut draft = Draft::post(&contact, "alice", what, "");
        draft.headers.push(("idempotency-key", what.to_owned()));
        let condition = version.map(|version| ("if-match", format!("\"{version}\"")));
        draft.headers.extend(condition);
        contact.send(&draft, Some(&draft.sign(&keys(1)))).await
    };
    assert_eq!(version(&on("disable", Some("1")).await), 2);
    assert!(is_replayed(&on("disable", Some("1")).await));
    for other in [None, Some("2")] {
        let code = on("disable", other).await.code();
        assert_eq!(code, codes::IDEMPOTENCY_MISMATCH, "{other:?}");
    }
    on("enable", None).await.handle();
    let give = async |consenting: u8| {
        let to = keys(2).public_key().to_hex();
        let mut draft = Draft::post(
            &contact,
            "alice",
            "transfer",
            format!("{{\"to\":\"{to}\"}}"),
        );
        draft.headers.push(("idempotency-key", "give".to_owned()));
        let consent = draft.sign(&keys(consenting));
        draft.headers.push(("payname-consent", consent));
        contact.send(&draft, Some(&draft.sign(&keys(1)))).await
    };
    let given = give(2).await;
    assert!(
        given.status.is_success() && !is_replayed(&given),
        "{given:?}"
    );
    // The consent is signed anew each time, as it lasts a minute.
    assert!(is_replayed(&give(2).await));
    assert_eq!(give(3).await.code(), codes::IDEMPOTENCY_MISMATCH);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_each_time_and_nothing_is_kept() {
    let (_scene, contact) = published().await;
    let mut draft = Draft::post(&contact, "alice", "disable", "");
    draft.headers.push(("idempotency-key", "key".to_owned()));
    for _ in 0..2 {
        let answer = contact.send(&draft, None).await;
        assert_eq!(answer.code(), codes::AUTH_MISSING);
        assert!(!is_replayed(&answer));
    }
    let done = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!((done.status, version(&done)), (StatusCode::ACCEPTED, 2));
}

#[tokio::test]
async fn of_many_equal_requests_at_once_one_is_done() {
    let (_scene, contact) = published().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let contact = contact.clone();
        asking.spawn(async move { ask(&contact, 1, "disable", "race").await });
    }
    let answers = asking.join_all().await;
    for answer in &answers {
        if answer.status == StatusCode::CONFLICT {
            assert_eq!(answer.code(), codes::IDEMPOTENCY_UNDER_WAY);
            assert_eq!(answer.headers["retry-after"], "1");
        } else {
            assert_eq!((answer.status, version(answer)), (StatusCode::ACCEPTED, 2));
        }
    }
    let done = answers
        .iter()
        .filter(|answer| answer.status.is_success() && !is_replayed(answer));
    assert_eq!(done.count(), 1);
}
