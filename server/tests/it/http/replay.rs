//! Signed requests turned against their signer: sent again, elsewhere, changed, or made to do harm.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use data_encoding::BASE64;
use nostr::{
    event::{EventBuilder, FinalizeEvent as _, Kind, Tag},
    key::Keys,
    types::Timestamp,
};
use payname_api::{codes, paths};
use payname_resolver::UnixTime;
use payname_server::Clock;
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, now, uri};

/// The event in a header, as JSON.
fn event(header: &str) -> String {
    let event = header.strip_prefix("Nostr ").unwrap();
    String::from_utf8(BASE64.decode(event.as_bytes()).unwrap()).unwrap()
}

fn header(event: &str) -> String {
    format!("Nostr {}", BASE64.encode(event.as_bytes()))
}

fn body(label: &str) -> String {
    format!("{{\"uri\":\"{}\"}}", uri(label))
}

/// A header of any tags, signed well.
fn signed(keys: &Keys, tags: &[[&str; 2]], at: u64) -> String {
    let tags = tags.iter().map(|tag| Tag::parse(*tag).unwrap());
    let event = EventBuilder::new(Kind::HttpAuth, "")
        .tags(tags)
        .custom_created_at(Timestamp::from_secs(at));
    header(&event.finalize(keys).unwrap().as_json())
}

/// Sends a claim of `alice` with this header.
async fn claim(contact: &Contact, authorization: &str) -> Answer {
    contact
        .send(
            &Draft::put(contact, "alice", body("a")),
            Some(authorization),
        )
        .await
}

#[tokio::test]
async fn an_event_is_used_up_however_it_is_written() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let draft = Draft::put(&contact, "alice", body("a"));
    let authorization = draft.sign(&keys(1));
    contact.send(&draft, Some(&authorization)).await.handle();
    let json = event(&authorization);
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    let upper = |field: &str| {
        let value = parsed[field].as_str().unwrap();
        json.replace(value, &value.to_uppercase())
    };
    let spaced = serde_json::to_string_pretty(&parsed).unwrap();
    let with_more = json.replacen('{', "{\"more\":1,", 1);
    for again in [
        json.clone(),
        upper("id"),
        upper("pubkey"),
        upper("sig"),
        spaced,
        with_more,
    ] {
        let answer = contact.send(&draft, Some(&header(&again))).await;
        let code = answer.code();
        assert!(
            [
                codes::AUTH_REPLAYED,
                codes::AUTH_MALFORMED,
                codes::AUTH_SIGNATURE
            ]
            .contains(&code.as_str()),
            "{code}: {again}"
        );
    }
    let bare = authorization.trim_end_matches('=');
    assert_eq!(
        contact.send(&draft, Some(bare)).await.code(),
        codes::AUTH_REPLAYED
    );
    assert_eq!(contact.get(&draft.path).await.handle().version, 1);
}

#[tokio::test]
async fn a_second_signature_of_the_same_event_is_the_same_event() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let path = paths::handle(DOMAIN, "alice");
    let url = paths::absolute(&contact.public_url, &path);
    let digest = ring::digest::digest(&ring::digest::SHA256, body("a").as_bytes());
    let payload = data_encoding::HEXLOWER.encode(digest.as_ref());
    let tags = [["u", &url], ["method", "PUT"], ["payload", &payload]];
    let (at, owner) = (now(), keys(1));
    let (first, second) = (signed(&owner, &tags, at), signed(&owner, &tags, at));
    assert_ne!(first, second, "signed with other randomness");
    claim(&contact, &first).await.handle();
    assert_eq!(claim(&contact, &second).await.code(), codes::AUTH_REPLAYED);
}

#[tokio::test]
async fn the_public_url_is_what_counts_and_not_what_the_client_calls_the_server() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let mut alias = Draft::put(&contact, "alice", body("a"));
    alias.headers.push(("host", "alias.example".to_owned()));
    let authorization = alias.sign(&keys(1));
    contact.send(&alias, Some(&authorization)).await.handle();
    // The same event under the server's own name is no other request.
    let own = Draft::put(&contact, "alice", body("a"));
    assert_eq!(
        contact.send(&own, Some(&authorization)).await.code(),
        codes::AUTH_REPLAYED
    );
    let mut elsewhere = Draft::put(&contact, "bob", body("a"));
    elsewhere.url = format!("http://alias.example{}", elsewhere.path);
    elsewhere.headers.push(("host", "alias.example".to_owned()));
    let answer = contact
        .send(&elsewhere, Some(&elsewhere.sign(&keys(1))))
        .await;
    assert_eq!(answer.code(), codes::AUTH_URL);
}

#[tokio::test]
async fn nothing_of_the_url_can_be_changed_after_signing() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let path = paths::handle(DOMAIN, "alice");
    for other in [
        format!("{path}?force=1"),
        format!("{path}?"),
        format!("{path}/"),
        path.replace("alice", "%61lice"),
        path.replace("alice", "ALICE"),
        path.replace("/v1/", "/v1//"),
        path.replace("alice", "bob"),
    ] {
        let mut draft = Draft::put(&contact, "alice", body("a"));
        draft.path = other.clone();
        let authorization = draft.sign(&keys(1));
        let answer = contact.send(&draft, Some(&authorization)).await;
        assert!(
            answer.status == StatusCode::UNAUTHORIZED || answer.status == StatusCode::NOT_FOUND,
            "{other}: {answer:?}"
        );
    }
    assert_eq!(contact.get(&path).await.code(), codes::UNKNOWN_HANDLE);
}

#[tokio::test]
async fn two_tags_or_two_headers_leave_open_which_is_meant_and_are_refused() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let path = paths::handle(DOMAIN, "alice");
    let url = paths::absolute(&contact.public_url, &path);
    let digest = ring::digest::digest(&ring::digest::SHA256, body("a").as_bytes());
    let payload = data_encoding::HEXLOWER.encode(digest.as_ref());
    let good = [["u", &*url], ["method", "PUT"], ["payload", &payload]];
    for double in [
        ["u", "https://evil.example/"],
        ["method", "DELETE"],
        ["payload", "00"],
    ] {
        for front in [true, false] {
            let mut tags = good.to_vec();
            tags.insert(if front { 0 } else { 3 }, double);
            let answer = claim(&contact, &signed(&keys(1), &tags, now())).await;
            assert_eq!(answer.code(), codes::AUTH_MALFORMED, "{double:?}");
        }
    }
    let lower = [["u", &*url], ["method", "put"], ["payload", &payload]];
    let answer = claim(&contact, &signed(&keys(1), &lower, now())).await;
    assert_eq!(answer.code(), codes::AUTH_METHOD);
    let mut twice = Draft::put(&contact, "alice", body("a"));
    twice.headers.push(("authorization", twice.sign(&keys(2))));
    let answer = contact.send(&twice, Some(&twice.sign(&keys(1)))).await;
    assert_eq!(answer.code(), codes::AUTH_MALFORMED);
}

#[tokio::test]
async fn no_event_is_good_before_its_time_or_at_the_end_of_all_times() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let url = paths::absolute(&contact.public_url, &paths::handle(DOMAIN, "alice"));
    let digest = ring::digest::digest(&ring::digest::SHA256, body("a").as_bytes());
    let payload = data_encoding::HEXLOWER.encode(digest.as_ref());
    let tags = [["u", &*url], ["method", "PUT"], ["payload", &payload]];
    for at in [0, now() - 90, now() + 90, u64::MAX / 2, i64::MAX as u64] {
        let answer = claim(&contact, &signed(&keys(1), &tags, at)).await;
        assert_eq!(answer.code(), codes::AUTH_TIME, "{at}");
    }
}

#[tokio::test]
async fn events_and_bodies_that_are_huge_deep_or_odd_are_refused_and_harm_nobody() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let deep = "[".repeat(6_000);
    let good = event(&Draft::put(&contact, "alice", body("a")).sign(&keys(1)));
    let twice = good.replacen("\"kind\":27235", "\"kind\":1,\"kind\":27235", 1);
    let huge = good.replacen(
        "\"content\":\"\"",
        &format!("\"content\":\"{}\"", "x".repeat(7_000)),
        1,
    );
    assert!(twice != good && huge != good);
    for odd in [
        deep.as_str(),
        "{}",
        "null",
        "",
        "\u{0}",
        &twice,
        &huge,
        &"9".repeat(5_000),
    ] {
        let answer = claim(&contact, &header(odd)).await;
        assert_eq!(
            answer.code(),
            codes::AUTH_MALFORMED,
            "{}",
            &odd[..odd.len().min(80)]
        );
    }
    for odd in [
        "[".repeat(16_000),
        "{\"uri\":".repeat(2_000),
        format!("{{\"uri\":{}}}", "1".repeat(9_000)),
    ] {
        let draft = Draft::put(&contact, "alice", odd);
        let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
        assert_eq!(answer.code(), codes::INVALID_BODY);
    }
    assert_eq!(contact.get(paths::READYZ).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_event_stays_used_up_when_the_clock_is_set_back() {
    let ahead = Arc::new(AtomicU64::new(0));
    let clock = {
        let ahead = Arc::clone(&ahead);
        Clock::from_fn(move || UnixTime(now() + ahead.load(Ordering::Relaxed)))
    };
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::start_in(directory, config_text(""), clock).await;
    let contact = scene.contact();
    let draft = Draft::put(&contact, "alice", body("a"));
    let authorization = draft.sign(&keys(1));
    contact.send(&draft, Some(&authorization)).await.handle();
    ahead.store(7 * 24 * 3600, Ordering::Relaxed);
    assert_eq!(
        contact.send(&draft, Some(&authorization)).await.code(),
        codes::AUTH_TIME
    );
    let mut later = Draft::put(&contact, "alice", body("b"));
    later.at = now() + 7 * 24 * 3600;
    contact
        .send(&later, Some(&later.sign(&keys(1))))
        .await
        .handle();
    ahead.store(0, Ordering::Relaxed);
    assert_eq!(
        contact.send(&draft, Some(&authorization)).await.code(),
        codes::AUTH_REPLAYED
    );
    assert_eq!(contact.get(&draft.path).await.handle().uri, uri("b"));
}
