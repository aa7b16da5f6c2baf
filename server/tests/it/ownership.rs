//! A name's life: claimed, published, changed, removed, claimed again.

use payname_api::{ProvenBy, State, codes, paths};
use payname_resolver::{Handle, Proof, UnixTime, VerifyError};
use reqwest::StatusCode;

use crate::scene::{DOMAIN, Draft, Scene, keys, now, uri};

#[tokio::test]
async fn a_claimed_name_is_committed_then_published_and_anyone_can_prove_it() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let answer = contact.put(&keys(1), "alice", &uri("a")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.headers["etag"], "\"1\"");
    let status = answer.handle();
    assert_eq!((status.state, status.version), (State::Pending, 1));
    assert_eq!(
        status.owner_name,
        "alice.user._bitcoin-payment.example.test."
    );
    assert_eq!(status.txt.concat(), uri("a"));
    assert!(status.txt.len() == 2 && status.txt.iter().all(|string| string.len() <= 255));

    let status = contact.until("alice", State::Published).await;
    assert_eq!(status.proven_by, Some(ProvenBy::OwnNameserver));
    assert_eq!(status.owner, keys(1).public_key().to_hex());
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("a"));

    let proof = contact.get(&paths::proof(DOMAIN, "alice")).await;
    assert_eq!(proof.headers["content-type"], "application/octet-stream");
    assert!(
        proof.headers["cache-control"]
            .to_str()
            .unwrap()
            .starts_with("public, max-age=")
    );
    let handle = Handle::new("alice", DOMAIN).unwrap();
    let proof = Proof::parse(&proof.body).unwrap();
    let verified = proof
        .verify(&handle, &contact.anchors().await, UnixTime(now()))
        .unwrap();
    assert_eq!(verified.uri(), uri("a"));
}

#[tokio::test]
async fn a_proof_that_the_client_has_is_not_sent_again() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let path = paths::proof(DOMAIN, "alice");
    let first = contact.get(&path).await;
    let request = contact.client.get(format!("http://{}{path}", contact.http));
    let again = request
        .header("if-none-match", first.headers["etag"].clone())
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn only_the_owner_changes_a_name_and_a_change_is_published_anew() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;

    let foreign = contact.put(&keys(2), "alice", &uri("mallory")).await;
    assert_eq!(
        (foreign.status, foreign.code().as_str()),
        (StatusCode::FORBIDDEN, codes::NOT_OWNER)
    );
    assert_eq!(
        contact.delete(&keys(2), "alice").await.code(),
        codes::NOT_OWNER
    );
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("a"));

    let same = contact.put(&keys(1), "alice", &uri("a")).await;
    assert_eq!((same.status, same.handle().version), (StatusCode::OK, 1));
    let changed = contact.put(&keys(1), "alice", &uri("b")).await;
    assert_eq!(
        (changed.status, changed.handle().version),
        (StatusCode::ACCEPTED, 2)
    );
    contact.until("alice", State::Published).await;
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("b"));
}

#[tokio::test]
async fn a_removed_name_is_proven_absent_and_kept_for_its_owner() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;

    let removed = contact.delete(&keys(1), "alice").await;
    assert_eq!(
        (removed.status, removed.handle().state),
        (StatusCode::ACCEPTED, State::Removing)
    );
    let status = contact.until("alice", State::Removed).await;
    assert!(status.uri.is_empty() && status.txt.is_empty());
    assert!(matches!(
        contact.resolve("alice").await,
        Err(VerifyError::Denied(_))
    ));
    let proof = contact.get(&paths::proof(DOMAIN, "alice")).await;
    assert_eq!(proof.code(), codes::UNKNOWN_HANDLE);

    assert_eq!(
        contact.put(&keys(2), "alice", &uri("b")).await.code(),
        codes::NOT_OWNER
    );
    let again = contact.delete(&keys(1), "alice").await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(
        contact
            .put(&keys(1), "alice", &uri("c"))
            .await
            .handle()
            .version,
        3
    );
    contact.until("alice", State::Published).await;
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("c"));
}

#[tokio::test]
async fn a_change_can_be_bound_to_what_was_seen() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let attempt = async |header: &'static str, value: &str, label: &str| {
        let body = format!("{{\"uri\":\"{}\"}}", uri(label));
        let mut draft = Draft::put(&contact, "alice", body);
        draft.headers.push((header, value.to_owned()));
        contact.send(&draft, Some(&draft.sign(&keys(1)))).await
    };
    assert_eq!(
        attempt("if-match", "\"1\"", "a").await.code(),
        codes::PRECONDITION_FAILED
    );
    assert_eq!(attempt("if-none-match", "*", "a").await.handle().version, 1);
    assert_eq!(
        attempt("if-none-match", "*", "b").await.code(),
        codes::PRECONDITION_FAILED
    );
    assert_eq!(attempt("if-match", "\"1\"", "b").await.handle().version, 2);
    let late = attempt("if-match", "\"1\"", "c").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        attempt("if-match", "1", "c").await.code(),
        codes::INVALID_HEADER
    );
    assert_eq!(
        contact
            .get(&paths::handle(DOMAIN, "alice"))
            .await
            .handle()
            .uri,
        uri("b")
    );
}

#[tokio::test]
async fn many_who_want_one_name_at_once_leave_it_to_exactly_one() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let mut attempts = tokio::task::JoinSet::new();
    for seed in 1..=16 {
        let contact = contact.clone();
        attempts.spawn(async move { contact.put(&keys(seed), "alice", &uri("a")).await.status });
    }
    let outcomes = attempts.join_all().await;
    let won = outcomes.iter().filter(|status| status.is_success()).count();
    let lost = outcomes
        .iter()
        .filter(|status| **status == StatusCode::FORBIDDEN)
        .count();
    assert_eq!((won, lost), (1, 15));
}
