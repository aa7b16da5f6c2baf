//! Names as Nostr identifiers (NIP-05): who is told of, at which host, and who is not.

use payname_api::{HistoryStep, Listed, NostrNames, State, codes, paths};
use reqwest::{Method, StatusCode, header::HOST};

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, uri};

const RELAY: &str = "wss://relay.example.com";

/// A server of a domain that is told to Nostr, and of one that is not.
async fn start() -> (Scene, Contact) {
    let root = keys(9).public_key().to_hex();
    let text = format!(
        "{}\n[domain.nostr]\nenabled = true\nroot = \"{root}\"\nroot_relays = [\"{RELAY}\"]\n\
         [[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.other.test\"]\naddresses = [\"127.0.0.1\"]",
        config_text("")
    );
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::start_in(directory, text, payname_server::Clock::system()).await;
    let contact = scene.contact();
    (scene, contact)
}

impl Contact {
    async fn set_nostr(&self, seed: u8, user: &str, body: &str) -> Answer {
        let draft = Draft {
            method: Method::PUT,
            ..Draft::post(self, user, "nostr", body)
        };
        self.send(&draft, Some(&draft.sign(&keys(seed)))).await
    }

    async fn unset_nostr(&self, seed: u8, user: &str) -> Answer {
        let draft = Draft {
            method: Method::DELETE,
            ..Draft::post(self, user, "nostr", "")
        };
        self.send(&draft, Some(&draft.sign(&keys(seed)))).await
    }

    /// What a Nostr program is answered.
    async fn asks_nostr(&self, host: &str, query: &str) -> reqwest::Response {
        let url = format!("http://{}{}{query}", self.http, paths::NOSTR_NAMES);
        let request = self.client.get(url).header(HOST, host);
        request
            .header("origin", "https://client.example")
            .send()
            .await
            .unwrap()
    }

    /// The key that a name stands for.
    async fn nostr_of(&self, user: &str) -> Option<String> {
        let answer = self.asks_nostr(DOMAIN, &format!("?name={user}")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        let told: NostrNames = answer.json().await.unwrap();
        assert!(told.names.keys().all(|name| name == user), "{told:?}");
        told.names.get(user).cloned()
    }
}

#[tokio::test]
async fn a_name_is_found_in_nostr_from_when_its_owner_says_so_until_he_says_no() {
    let (_scene, contact) = start().await;
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.put(&keys(2), "bob", &uri("b")).await.handle();
    contact.until("alice", State::Published).await;
    assert_eq!(contact.nostr_of("alice").await, None);
    let own = keys(1).public_key().to_hex();
    let set = contact.set_nostr(1, "alice", "{}").await.handle();
    assert_eq!((set.version, set.state), (2, State::Published));
    assert_eq!(set.private.unwrap().nostr.unwrap().key, Some(own.clone()));
    assert_eq!(contact.nostr_of("alice").await, Some(own.clone()));
    assert_eq!(contact.nostr_of("ALICE").await, Some(own));
    assert_eq!(contact.nostr_of("bob").await, None, "nobody else is listed");
    // Another key, and where it writes.
    let other = keys(5).public_key().to_hex();
    let body = format!(r#"{{"key":"{other}","relays":["{RELAY}"]}}"#);
    contact.set_nostr(1, "alice", &body).await.handle();
    let answer = contact.asks_nostr(DOMAIN, "?name=alice").await;
    let told = answer.text().await.unwrap();
    let expected =
        format!(r#"{{"names":{{"alice":"{other}"}},"relays":{{"{other}":["{RELAY}"]}}}}"#);
    assert_eq!(told, expected);
    contact.unset_nostr(1, "alice").await.handle();
    assert_eq!(contact.nostr_of("alice").await, None);
    let path = paths::below(DOMAIN, "alice", "history");
    let history = contact.look(&keys(1), &path).await;
    let history: Listed<HistoryStep> = serde_json::from_slice(&history.body).unwrap();
    let steps = history.items.iter();
    let told: Vec<_> = steps
        .map(|step| (step.action.as_str(), step.nostr.is_some()))
        .collect();
    let expected = [
        ("claim", false),
        ("nostr", true),
        ("nostr", true),
        ("nostr", false),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn strangers_broken_keys_and_domains_that_do_not_want_it_are_refused() {
    let (_scene, contact) = start().await;
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let code = |answer: Answer| answer.code();
    assert_eq!(
        code(contact.set_nostr(2, "alice", "{}").await),
        codes::NOT_OWNER
    );
    assert_eq!(
        code(contact.unset_nostr(2, "alice").await),
        codes::NOT_OWNER
    );
    assert_eq!(
        code(contact.set_nostr(1, "nobody", "{}").await),
        codes::UNKNOWN_HANDLE
    );
    let no_point = format!(r#"{{"key":"{}"}}"#, "f".repeat(64));
    for body in [
        r#"{"key":"npub1x"}"#,
        &no_point,
        r#"{"relays":["https://relay.example.com"]}"#,
        r#"{"keys":[]}"#,
        "",
    ] {
        let answer = contact.set_nostr(1, "alice", body).await;
        assert_eq!(code(answer), codes::INVALID_BODY, "{body}");
    }
    let path = format!("{}/nostr", paths::handle("other.test", "alice"));
    let draft = Draft {
        method: Method::PUT,
        url: paths::absolute(&contact.public_url, &path),
        path,
        ..Draft::put(&contact, "alice", "{}")
    };
    let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!(code(answer), codes::NOSTR_OFF);
    assert_eq!(contact.nostr_of("alice").await, None);
}

#[tokio::test]
async fn only_the_domain_itself_answers_and_only_what_is_asked() {
    let (_scene, contact) = start().await;
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.set_nostr(1, "alice", "{}").await.handle();
    let root = keys(9).public_key().to_hex();
    assert_eq!(contact.nostr_of("_").await, Some(root.clone()));
    let answer = contact.asks_nostr(DOMAIN, "?name=_").await;
    assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
    let told: NostrNames = answer.json().await.unwrap();
    assert_eq!(told.relays[&root], [RELAY]);
    for host in [
        "example.test:8443",
        "EXAMPLE.test.",
        "other.test",
        "names.example.test",
        "localhost",
    ] {
        let answer = contact.asks_nostr(host, "?name=alice").await;
        let is_it = host.to_lowercase().starts_with("example.test");
        assert_eq!(answer.status().as_u16(), if is_it { 200 } else { 404 });
    }
    for query in [
        "",
        "?name=",
        "?name=a&name=b",
        "?name=a%20b",
        "?name=%E2%82%BFa",
        "?user=alice",
    ] {
        let answer = contact.asks_nostr(DOMAIN, query).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains(&keys(1).public_key().to_hex()), "{text}");
    }
    assert_eq!(contact.nostr_of(&"a".repeat(300)).await, None);
}

#[tokio::test]
async fn a_name_that_is_off_removed_or_given_away_is_not_found() {
    let (_scene, contact) = start().await;
    for user in ["off", "gone", "given"] {
        contact.put(&keys(1), user, &uri(user)).await.handle();
        contact.set_nostr(1, user, "{}").await.handle();
        assert!(contact.nostr_of(user).await.is_some(), "{user}");
    }
    contact.post(&keys(1), "off", "disable").await.handle();
    assert_eq!(contact.nostr_of("off").await, None);
    contact.post(&keys(1), "off", "enable").await.handle();
    assert!(contact.nostr_of("off").await.is_some());
    contact.delete(&keys(1), "gone").await.handle();
    assert_eq!(contact.nostr_of("gone").await, None);
    let to = keys(2).public_key().to_hex();
    let mut draft = Draft::post(
        &contact,
        "given",
        "transfer",
        format!("{{\"to\":\"{to}\"}}"),
    );
    let consent = draft.sign(&keys(2));
    draft.headers.push((payname_api::CONSENT_HEADER, consent));
    let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert!(answer.handle().private.unwrap().nostr.is_none());
    assert_eq!(contact.nostr_of("given").await, None);
}
