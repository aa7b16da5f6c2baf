//! How often may be asked, by whom.

use payname_api::{State, codes, paths};
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, keys, uri};

/// The same server, asked from another address of this machine.
fn from(contact: &Contact, address: &str) -> Contact {
    let client = reqwest::Client::builder().local_address(Some(address.parse().unwrap()));
    Contact {
        client: client.build().unwrap(),
        ..contact.clone()
    }
}

#[track_caller]
fn assert_limited(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
    assert_eq!(answer.code(), codes::RATE_LIMITED);
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=3601).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_network_that_asks_too_often_is_told_when_to_come_back_and_others_are_served() {
    let http = "metrics_listen = \"127.0.0.1:0\"\n[http.limits]\nexempt = []\nreads_per_minute = 5\nproofs_per_minute = 2";
    let scene = Scene::start_asked(http).await;
    let contact = scene.contact();
    let path = paths::domain(DOMAIN);
    for _ in 0..5 {
        assert_eq!(contact.get(&path).await.status, StatusCode::OK);
    }
    assert_limited(&contact.get(&path).await);
    // Whatever is asked for, and from whichever address of the network.
    assert_limited(
        &from(&contact, "127.0.0.77")
            .get("/no/such/route/here")
            .await,
    );
    // What looks after the server's health comes through, and so do proofs, which have a limit of their own.
    assert_eq!(contact.get(paths::READYZ).await.status, StatusCode::OK);
    let proof = paths::proof(DOMAIN, "alice");
    for _ in 0..2 {
        assert_eq!(contact.get(&proof).await.code(), codes::UNKNOWN_HANDLE);
    }
    assert_limited(&contact.get(&proof).await);
    let stranger = from(&contact, "127.0.9.1");
    assert_eq!(stranger.get(&path).await.status, StatusCode::OK);

    let at = scene.running().metrics_addr().unwrap();
    let text = reqwest::get(format!("http://{at}/metrics")).await.unwrap();
    let text = text.text().await.unwrap();
    for sample in ["{limit=\"reads\"} 2\n", "{limit=\"proofs\"} 1\n"] {
        let sample = format!("payname_http_rate_limited_total{sample}");
        assert!(text.contains(&sample), "{text}");
    }
}

#[tokio::test]
async fn a_key_has_a_limit_wherever_it_asks_from_and_a_name_has_one_for_its_owner() {
    let limits = "[http.limits]\nexempt = []\nkey_writes_per_hour = 4\nname_writes_per_hour = 2";
    let scene = Scene::start_asked(limits).await;
    let contact = scene.contact();
    for label in ["a", "b"] {
        contact.put(&keys(1), "alice", &uri(label)).await.handle();
    }
    assert_limited(&contact.put(&keys(1), "alice", &uri("c")).await);
    contact.put(&keys(1), "alice-2", &uri("a")).await.handle();
    let elsewhere = from(&contact, "127.0.9.1");
    assert_limited(&elsewhere.put(&keys(1), "alice-3", &uri("a")).await);
    elsewhere.put(&keys(2), "bob", &uri("a")).await.handle();
    // Nothing that was refused has changed anything.
    assert_eq!(
        contact
            .get(&paths::handle(DOMAIN, "alice"))
            .await
            .handle()
            .uri,
        uri("b")
    );
    assert_eq!(
        contact.get(&paths::handle(DOMAIN, "alice-3")).await.code(),
        codes::UNKNOWN_HANDLE
    );
}

#[tokio::test]
async fn a_network_that_sends_rubbish_is_limited_before_its_signatures_are_looked_at() {
    let limits = "[http.limits]\nexempt = []\nwrites_per_minute = 3";
    let scene = Scene::start_asked(limits).await;
    let contact = scene.contact();
    let draft = Draft::put(&contact, "alice", "{}");
    for _ in 0..3 {
        let answer = contact.send(&draft, Some("Nostr AAAA")).await;
        assert_eq!(answer.code(), codes::AUTH_MALFORMED);
    }
    assert_limited(&contact.send(&draft, Some("Nostr AAAA")).await);
    assert_limited(&contact.put(&keys(1), "alice", &uri("a")).await);
    let elsewhere = from(&contact, "127.0.9.1");
    elsewhere.put(&keys(1), "alice", &uri("a")).await.handle();
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart_and_strangers_words_are_not_believed() {
    let http =
        "trusted_proxies = [\"127.0.0.0/24\"]\n[http.limits]\nexempt = []\nreads_per_minute = 2";
    let scene = Scene::start_asked(http).await;
    let proxy = scene.contact();
    let stranger = from(&proxy, "127.0.9.1");
    let ask = async |contact: &Contact, client: &str| {
        let request =
            contact
                .client
                .get(format!("http://{}{}", contact.http, paths::domain(DOMAIN)));
        let request = request.header("x-forwarded-for", client);
        request.send().await.unwrap().status().as_u16()
    };
    for client in ["192.0.2.1", "198.51.100.1", "2001:db8::1"] {
        // What a client adds in front changes nothing.
        let statuses = [
            ask(&proxy, client).await,
            ask(&proxy, &format!("10.1.1.1, {client}")).await,
            ask(&proxy, &format!("10.2.2.2, {client}")).await,
        ];
        assert_eq!(statuses, [200, 200, 429], "{client}");
    }
    let statuses = [
        ask(&stranger, "10.1.1.1").await,
        ask(&stranger, "10.2.2.2").await,
        ask(&stranger, "10.3.3.3").await,
    ];
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn a_page_for_which_a_proof_has_to_be_made_counts_as_a_proof() {
    let limits = "[http.limits]\nexempt = []\nproofs_per_minute = 2";
    let scene = Scene::start_asked(limits).await;
    let users = ["alice", "bob", "carol"];
    for user in users {
        scene
            .contact()
            .put(&keys(1), user, &uri(user))
            .await
            .handle();
    }
    for user in users {
        scene.contact().until(user, State::Published).await;
    }
    // What was proven before is kept in memory only.
    let scene = scene.restart().await;
    let contact = scene.contact();
    for page in ["/alice", "/bob.json"] {
        assert_eq!(contact.get(page).await.status, StatusCode::OK, "{page}");
    }
    for page in ["/carol", "/carol.svg", "/carol/proof"] {
        assert_limited(&contact.get(page).await);
    }
    // Those that were proven meanwhile need no further proof.
    for page in ["/alice", "/alice.svg", "/bob"] {
        assert_eq!(contact.get(page).await.status, StatusCode::OK, "{page}");
    }
    let elsewhere = from(&contact, "127.0.9.1");
    assert_eq!(elsewhere.get("/carol").await.status, StatusCode::OK);
}
