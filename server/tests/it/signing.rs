//! Requests that are not signed as they must be change nothing.

use payname_api::{codes, paths};
use reqwest::StatusCode;

use crate::scene::{Contact, DOMAIN, Draft, Scene, keys, now, uri};

fn draft(contact: &Contact) -> Draft {
    Draft::put(contact, "alice", format!("{{\"uri\":\"{}\"}}", uri("a")))
}

#[tokio::test]
async fn each_way_of_signing_wrongly_has_its_code_and_changes_nothing() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let path = paths::handle(DOMAIN, "alice");
    let good = || draft(&contact);
    let cases = [
        (
            Draft {
                url: format!("https://elsewhere.test{path}"),
                ..good()
            },
            codes::AUTH_URL,
        ),
        (
            Draft {
                url: format!("http://{}{path}x", contact.http),
                ..good()
            },
            codes::AUTH_URL,
        ),
        (
            Draft {
                at: now() - 120,
                ..good()
            },
            codes::AUTH_TIME,
        ),
        (
            Draft {
                at: now() + 120,
                ..good()
            },
            codes::AUTH_TIME,
        ),
        (
            Draft {
                signed_body: b"{}".to_vec(),
                ..good()
            },
            codes::AUTH_PAYLOAD,
        ),
        (
            Draft {
                signed_body: Vec::new(),
                ..good()
            },
            codes::AUTH_PAYLOAD,
        ),
    ];
    for (draft, code) in cases {
        let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, code)
        );
        assert_eq!(answer.headers["www-authenticate"], "Nostr");
    }
    let unsigned = contact.send(&good(), None).await;
    assert_eq!(unsigned.code(), codes::AUTH_MISSING);
    let deletion = Draft::delete(&contact, "alice").sign(&keys(1));
    assert_eq!(
        contact.send(&good(), Some(&deletion)).await.code(),
        codes::AUTH_METHOD
    );
    assert_eq!(contact.get(&path).await.code(), codes::UNKNOWN_HANDLE);
}

#[tokio::test]
async fn a_signed_request_is_good_for_once_and_a_restart_does_not_forget_it() {
    let scene = Scene::start_with("public_url = \"https://names.test\"").await;
    let contact = scene.contact();
    let first = draft(&contact);
    let authorization = first.sign(&keys(1));
    assert_eq!(
        contact.send(&first, Some(&authorization)).await.status,
        StatusCode::ACCEPTED
    );
    let replayed = contact.send(&first, Some(&authorization)).await;
    assert_eq!(
        (replayed.status, replayed.code().as_str()),
        (StatusCode::UNAUTHORIZED, codes::AUTH_REPLAYED)
    );

    let scene = scene.restart().await;
    let replayed = scene.contact().send(&first, Some(&authorization)).await;
    assert_eq!(replayed.code(), codes::AUTH_REPLAYED);
}

#[tokio::test]
async fn a_request_that_was_refused_does_not_use_its_signature_up() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let mut draft = draft(&contact);
    let authorization = draft.sign(&keys(1));
    draft.headers.push(("if-match", "\"7\"".to_owned()));
    assert_eq!(
        contact.send(&draft, Some(&authorization)).await.code(),
        codes::PRECONDITION_FAILED
    );
    draft.headers.pop();
    assert_eq!(
        contact.send(&draft, Some(&authorization)).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn the_public_url_counts_and_not_the_host_that_the_client_connected_to() {
    let scene = Scene::start_with("public_url = \"https://Names.Test:443/pay/\"").await;
    let contact = scene.contact();
    let mut by_address = draft(&contact);
    by_address.url = format!("http://{}{}", contact.http, by_address.path);
    let answer = contact
        .send(&by_address, Some(&by_address.sign(&keys(1))))
        .await;
    assert_eq!(answer.code(), codes::AUTH_URL);
    let mut by_name = draft(&contact);
    by_name.url = format!("https://names.test/pay{}", by_name.path);
    let answer = contact.send(&by_name, Some(&by_name.sign(&keys(1)))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_condition_that_is_signed_for_cannot_be_changed_or_taken_away_on_the_way() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("first")).await.handle();
    let mut change = draft(&contact);
    change.headers.push(("if-match", "\"1\"".to_owned()));
    let signed = change.sign(&keys(1));
    for header in [None, Some("\"2\""), Some("*")] {
        let mut carried = draft(&contact);
        let header = header.map(|value| ("if-match", value.to_owned()));
        carried.headers.extend(header);
        let answer = contact.send(&carried, Some(&signed)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, codes::AUTH_HEADER)
        );
    }
    let done = contact.send(&change, Some(&signed)).await.handle();
    assert_eq!(done.version, 2);
}

#[tokio::test]
async fn a_request_that_is_to_be_done_once_cannot_lose_its_name_on_the_way() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("first")).await.handle();
    let mut named = Draft::post(&contact, "alice", "disable", "");
    named.headers.push(("idempotency-key", "one".to_owned()));
    let signed = named.sign(&keys(1));
    let bare = Draft::post(&contact, "alice", "disable", "");
    let answer = contact.send(&bare, Some(&signed)).await;
    assert_eq!(answer.code(), codes::AUTH_HEADER);
    let mut renamed = Draft::post(&contact, "alice", "disable", "");
    renamed
        .headers
        .push(("idempotency-key", "other".to_owned()));
    let answer = contact.send(&renamed, Some(&signed)).await;
    assert_eq!(answer.code(), codes::AUTH_HEADER);
    assert!(
        contact
            .send(&named, Some(&signed))
            .await
            .status
            .is_success()
    );
}
