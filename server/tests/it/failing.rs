//! What `docs/failures.md` says about bad days, tried.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use payname_api::{State, paths};
use payname_resolver::UnixTime;
use payname_server::{Clock, Config, Init, Server};
use tokio::net::UdpSocket;

use crate::{
    crash::PUBLIC_URL,
    scene::{Contact, DOMAIN, Draft, Scene, config_text, keys, now, uri},
};

/// A server in this process whose clock can be set, as far from the true one.
async fn server_with_a_clock() -> (
    payname_server::Running,
    Contact,
    Arc<AtomicI64>,
    tempfile::TempDir,
) {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::parse(&config_text(""), &directory.path().join("paynamed.toml"));
    let off = Arc::new(AtomicI64::new(0));
    let seen = Arc::clone(&off);
    // Setting it takes no time.
    let begun = Instant::now();
    let clock = Clock::from_clocks(
        move || UnixTime(now().saturating_add_signed(seen.load(Ordering::Relaxed))),
        move || begun.elapsed(),
    );
    let running = Server::start(config.unwrap(), clock).await.unwrap();
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    (running, contact, off, directory)
}

/// A request that is signed at a time of its own.
async fn put_at(contact: &Contact, user: &str, what: &str, at: u64) -> crate::scene::Answer {
    let body = serde_json::to_vec(&payname_api::PutHandle {
        uri: uri(what),
        invite: None,
        drawn: None,
    })
    .unwrap();
    let draft = Draft {
        at,
        ..Draft::put(contact, user, body)
    };
    contact.send(&draft, Some(&draft.sign(&keys(1)))).await
}

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_back_refuses_requests_of_the_true_time_and_spoils_no_record() {
    let (running, contact, off, _directory) = server_with_a_clock().await;
    put_at(&contact, "alice", "first", now()).await.handle();
    contact.until("alice", State::Published).await;
    off.store(-DAY, Ordering::Relaxed);
    let refused = put_at(&contact, "alice", "second", now()).await;
    assert_eq!(refused.code(), "auth_time");
    // Whoever's clock is as wrong is heard. What is signed then is signed for the true time, which has
    // surely come: strangers can prove it, and only this server cannot, as long as its clock is wrong.
    let wrong = now().saturating_add_signed(-DAY);
    put_at(&contact, "alice", "second", wrong).await.handle();
    let deadline = Instant::now() + Duration::from_secs(20);
    let seen = async || {
        contact
            .resolve("alice")
            .await
            .map(|seen| seen.uri().to_owned())
    };
    while seen().await.as_deref() != Ok(uri("second").as_str()) {
        assert!(Instant::now() < deadline, "{:?}", seen().await);
    }
    let unproven = contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
    assert_ne!(unproven.state, State::Published, "{unproven:?}");
    off.store(0, Ordering::Relaxed);
    contact.until("alice", State::Published).await;
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_while_the_clock_is_ahead_is_believed_then_and_when_it_is_right_again() {
    let (running, contact, off, _directory) = server_with_a_clock().await;
    for user in ["alice", "bob"] {
        put_at(&contact, user, "first", now()).await.handle();
        contact.until(user, State::Published).await;
    }
    off.store(DAY, Ordering::Relaxed);
    let ahead = now().saturating_add_signed(DAY);
    put_at(&contact, "alice", "second", ahead).await.handle();
    contact.until("alice", State::Published).await;
    off.store(0, Ordering::Relaxed);
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("second"));
    assert_eq!(contact.resolve("bob").await.unwrap().uri(), uri("first"));
    put_at(&contact, "alice", "third", now()).await.handle();
    contact.until("alice", State::Published).await;
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("third"));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_resolver_is_gone_names_wait_and_say_why_and_are_proven_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("paynamed.toml");
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = gone.local_addr().unwrap();
    drop(gone);
    std::fs::write(directory.path().join("anchors.txt"), "").unwrap();
    let init = Init {
        file: file.clone(),
        domain: DOMAIN.to_owned(),
        zone: Some(DOMAIN.to_owned()),
        nameservers: vec!["ns1.example.test".to_owned()],
        addresses: vec!["127.0.0.1".to_owned()],
        public_url: PUBLIC_URL.to_owned(),
        dns_listen: vec!["127.0.0.1:0".to_owned()],
        http_listen: "127.0.0.1:0".to_owned(),
        network: "bitcoin".to_owned(),
        data_dir: directory.path().join("data"),
        database_url_file: None,
        keys: "single".to_owned(),
        keys_passphrase_file: None,
        resolver: None,
        anchors: None,
    };
    let delegation = init.run(UnixTime(now())).unwrap();
    let anchors: Vec<_> = delegation.ds_lines().collect();
    std::fs::write(directory.path().join("anchors.txt"), anchors.join("\n")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let text = format!("{text}\n[prove]\ndns = \"{resolver}\"\nanchors = \"anchors.txt\"\n");
    let config = Config::parse(&text, &file).unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: PUBLIC_URL.to_owned(),
        client: reqwest::Client::new(),
    };
    contact.put(&keys(1), "alice", &uri("first")).await.handle();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let waiting = contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
    assert_ne!(waiting.state, State::Published);
    assert!(waiting.error.is_some(), "{waiting:?}");
    // A changed mind meanwhile is one publication, of the last.
    contact
        .put(&keys(1), "alice", &uri("second"))
        .await
        .handle();

    let back = UdpSocket::bind(resolver).await.unwrap();
    let own = running.dns_addr();
    let relay = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, client) = back.recv_from(&mut buffer).await.unwrap();
            let ask = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            ask.send_to(&buffer[..length], own).await.unwrap();
            let length = ask.recv(&mut buffer).await.unwrap();
            back.send_to(&buffer[..length], client).await.unwrap();
        }
    });
    let published = contact.until("alice", State::Published).await;
    assert_eq!((published.uri, published.error), (uri("second"), None));
    relay.abort();
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_arrives_many_times_is_done_once_and_a_late_one_changes_nothing() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let draft = |what: &str, tag: Option<&str>| {
        let body = serde_json::to_vec(&payname_api::PutHandle {
            uri: uri(what),
            invite: None,
            drawn: None,
        })
        .unwrap();
        let mut draft = Draft::put(&contact, "alice", body);
        if let Some(tag) = tag {
            draft.headers.push(("if-match", tag.to_owned()));
        }
        draft
    };
    let first = draft("first", None);
    let signed = first.sign(&keys(1));
    let mut many = Vec::new();
    for answer in
        futures_util::future::join_all((0..8).map(|_| contact.send(&first, Some(&signed)))).await
    {
        many.push(answer.status.as_u16());
    }
    many.sort_unstable();
    assert!(
        many[0] < 300 && many[1..].iter().all(|status| *status == 401),
        "{many:?}"
    );
    let status = contact.until("alice", State::Published).await;
    assert_eq!(status.uri, uri("first"));

    // Two changes of the same state; the network turns them round.
    let tag = contact.get(&paths::handle(DOMAIN, "alice")).await;
    let tag = tag.headers["etag"].to_str().unwrap().to_owned();
    let (earlier, later) = (draft("earlier", Some(&tag)), draft("later", Some(&tag)));
    contact
        .send(&later, Some(&later.sign(&keys(1))))
        .await
        .handle();
    let refused = contact.send(&earlier, Some(&earlier.sign(&keys(1)))).await;
    assert_eq!(refused.code(), "precondition_failed");
    assert_eq!(
        contact.until("alice", State::Published).await.uri,
        uri("later")
    );
    scene.stop().await;
}
