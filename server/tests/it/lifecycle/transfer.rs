//! A name goes to another key: both sign, and no signature is good for anything else.

use payname_api::{HistoryStep, Listed, State, codes, paths};
use reqwest::StatusCode;

use super::published;
use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, keys, uri};

fn transfer(contact: &Contact, user: &str, to: u8) -> Draft {
    let to = keys(to).public_key().to_hex();
    Draft::post(contact, user, "transfer", format!("{{\"to\":\"{to}\"}}"))
}

/// Sends a transfer with these signatures.
async fn send(contact: &Contact, mut draft: Draft, owner: &str, consent: Option<&str>) -> Answer {
    if let Some(consent) = consent {
        draft.headers.push(("payname-consent", consent.to_owned()));
    }
    contact.send(&draft, Some(owner)).await
}

async fn give(contact: &Contact, user: &str, from: u8, to: u8) -> Answer {
    let draft = transfer(contact, user, to);
    let (owner, consent) = (draft.sign(&keys(from)), draft.sign(&keys(to)));
    send(contact, draft, &owner, Some(&consent)).await
}

#[tokio::test]
async fn a_name_is_given_to_a_key_that_consents_and_its_record_stays() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    let given = give(&contact, "alice", 1, 2).await;
    assert_eq!(given.status, StatusCode::OK);
    let given = given.handle();
    assert_eq!((given.state, given.version), (State::Published, 2));
    assert_eq!(given.owner, keys(2).public_key().to_hex());
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("a"));
    let proof = contact.get(&paths::proof(DOMAIN, "alice")).await;
    assert_eq!(proof.status, StatusCode::OK);

    let late = contact.put(&keys(1), "alice", &uri("b")).await;
    assert_eq!(late.code(), codes::NOT_OWNER);
    contact.put(&keys(2), "alice", &uri("b")).await.handle();
    let path = paths::below(DOMAIN, "alice", "history");
    let told = contact.look(&keys(2), &path).await;
    let told: Listed<HistoryStep> = serde_json::from_slice(&told.body).unwrap();
    let step = &told.items[1];
    assert_eq!(step.action, "transfer");
    assert_eq!(step.old_owner, Some(keys(1).public_key().to_hex()));
    assert_eq!(step.owner, keys(2).public_key().to_hex());
    let signers = step.events.iter().map(|event| {
        let event: nostr::event::Event = serde_json::from_str(event).unwrap();
        event.verify().unwrap();
        event.pubkey
    });
    assert!(signers.eq([keys(1).public_key(), keys(2).public_key()]));
}

#[tokio::test]
async fn a_key_that_did_not_consent_to_just_this_gets_nothing() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    published(&contact, "bob").await;
    let owner = || transfer(&contact, "alice", 2).sign(&keys(1));
    let put = Draft::put(&contact, "alice", format!("{{\"uri\":\"{}\"}}", uri("m")));
    let to_other = transfer(&contact, "alice", 3).sign(&keys(2));
    let of_other = transfer(&contact, "alice", 2).sign(&keys(3));
    let for_other = transfer(&contact, "bob", 2).sign(&keys(2));
    let mut late = transfer(&contact, "alice", 2);
    late.at -= 61;
    for (consent, code) in [
        (None, codes::CONSENT_MISSING),
        (Some(of_other), codes::CONSENT_KEY),
        (Some(owner()), codes::CONSENT_KEY),
        (Some(to_other), codes::AUTH_PAYLOAD),
        (Some(for_other), codes::AUTH_URL),
        (Some(put.sign(&keys(2))), codes::AUTH_URL),
        (Some(late.sign(&keys(2))), codes::AUTH_TIME),
        (Some("Nostr e30=".to_owned()), codes::AUTH_MALFORMED),
    ] {
        let draft = transfer(&contact, "alice", 2);
        let answer = send(&contact, draft, &owner(), consent.as_deref()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, code)
        );
    }
    for body in ["{\"to\":\"\"}", "{\"to\":\"00\"}", "{}", "{\"to\":1}"] {
        let draft = Draft::post(&contact, "alice", "transfer", body);
        let signed = draft.sign(&keys(1));
        let answer = send(&contact, draft, &signed, None).await;
        assert_eq!(answer.code(), codes::INVALID_BODY, "{body}");
    }
    let status = contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
    assert_eq!(
        (status.owner, status.version),
        (keys(1).public_key().to_hex(), 1)
    );
}

#[tokio::test]
async fn only_the_owner_gives_a_name_away_and_only_once() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    published(&contact, "alice").await;
    // Who is to get it cannot take it: nor does the consent work as the owner's signature.
    let taken = give(&contact, "alice", 2, 2).await;
    assert_eq!(taken.code(), codes::NOT_OWNER);
    let missing = give(&contact, "nobody", 1, 2).await;
    assert_eq!(missing.code(), codes::UNKNOWN_HANDLE);
    let draft = || transfer(&contact, "alice", 2);
    let (owner, consent) = (draft().sign(&keys(1)), draft().sign(&keys(2)));
    send(&contact, draft(), &owner, Some(&consent))
        .await
        .handle();
    // Both signatures are used up, whatever stands beside them: the name cannot be dragged about.
    let back = transfer(&contact, "alice", 1);
    let (signed, agreed) = (back.sign(&keys(2)), back.sign(&keys(1)));
    send(&contact, back, &signed, Some(&agreed)).await.handle();
    let replayed = send(&contact, draft(), &owner, Some(&consent)).await;
    assert_eq!(replayed.code(), codes::AUTH_REPLAYED);
    let fresh = draft().sign(&keys(1));
    let replayed = send(&contact, draft(), &fresh, Some(&consent)).await;
    assert_eq!(replayed.code(), codes::AUTH_REPLAYED);
    let itself = give(&contact, "alice", 1, 1).await;
    assert_eq!(itself.code(), codes::SAME_OWNER);
    let mut bound = transfer(&contact, "alice", 2);
    bound.headers.push(("if-match", "\"1\"".to_owned()));
    let (owner, consent) = (bound.sign(&keys(1)), bound.sign(&keys(2)));
    let stale = send(&contact, bound, &owner, Some(&consent)).await;
    assert_eq!(stale.code(), codes::PRECONDITION_FAILED);
}
