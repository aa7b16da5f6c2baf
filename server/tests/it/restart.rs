//! What is kept from one start to the next.

use std::{
    net::{SocketAddr, UdpSocket},
    path::Path,
    sync::Arc,
};

use payname_api::{DomainInfo, ProvenBy, State, paths};
use payname_resolver::{Handle, TrustAnchors, UnixTime, VerifyError, net::Client};
use payname_server::{Clock, Config, Running, Server, StartError};
use tokio::sync::Notify;

use crate::scene::{Contact, DOMAIN, Scene, config_text, keys, now, uri};

async fn serial(contact: &Contact) -> u32 {
    let answer = contact.get(&paths::domain(DOMAIN)).await;
    serde_json::from_slice::<DomainInfo>(&answer.body)
        .unwrap()
        .serial
        .unwrap()
}

#[tokio::test]
async fn names_keys_and_history_survive_and_the_serial_never_falls() {
    let mut scene = Scene::start().await;
    assert_eq!(
        scene.running().new_ds_records(),
        scene.running().ds_records()
    );
    let ds = scene.running().ds_records();
    for round in 0..3 {
        let contact = scene.contact();
        let user = format!("user{round}");
        contact.put(&keys(1), &user, &uri("a")).await.handle();
        contact.until(&user, State::Published).await;
        let before = serial(&contact).await;
        scene = scene.restart().await;
        let contact = scene.contact();
        assert_eq!(serial(&contact).await, before, "nothing was signed");
        assert_eq!(scene.running().ds_records(), ds);
        assert!(scene.running().new_ds_records().is_empty());
        for round in 0..=round {
            let user = format!("user{round}");
            assert_eq!(contact.resolve(&user).await.unwrap().uri(), uri("a"));
            let status = contact.get(&paths::handle(DOMAIN, &user)).await.handle();
            assert_eq!(status.state, State::Published);
        }
    }
}

#[tokio::test]
async fn a_zone_whose_key_is_lost_is_not_given_a_new_one() {
    let scene = Scene::start().await;
    let data = scene.data();
    let directory = scene.stop().await;
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".key") || name.ends_with(".keys.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let file = directory.path().join("paynamed.toml");
    let config = Config::parse(&config_text(""), &file).unwrap();
    let error = Server::start(config, Clock::system()).await.unwrap_err();
    assert!(matches!(error, StartError::KeyLost(_)), "{error}");
    assert!(error.to_string().contains("backup"));
}

#[tokio::test]
async fn a_registry_that_is_lost_is_not_taken_for_an_empty_one() {
    let scene = Scene::start().await;
    let directory = scene.stop().await;
    let database = directory.path().join("data").join("registry.sqlite");
    std::fs::remove_file(&database).unwrap();
    let file = directory.path().join("paynamed.toml");
    let config = Config::parse(&config_text(""), &file).unwrap();
    let error = Server::start(config.clone(), Clock::system())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::RegistryLost { .. }), "{error}");
    assert!(error.to_string().contains("registry.sqlite") && error.to_string().contains("backup"));
    assert!(!database.exists());
    // Nor is one that is broken.
    std::fs::write(&database, "x".repeat(5000)).unwrap();
    let error = Server::start(config.clone(), Clock::system())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Open { .. }), "{error}");
    assert!(error.to_string().contains("registry.sqlite") && error.to_string().contains("backup"));
    // An empty one can be wanted, as the message says.
    std::fs::write(&database, "").unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    running.shutdown().await;
}

#[tokio::test]
async fn a_first_start_that_finds_its_port_taken_makes_no_keys() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = config_text("").replacen("127.0.0.1:0", &address, 1);
    let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
    let error = Server::start(config.clone(), Clock::system())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("http.listen"), "{error}");
    drop(taken);
    let running = Server::start(config, Clock::system()).await.unwrap();
    assert_eq!(running.new_ds_records(), running.ds_records());
    running.shutdown().await;
}

#[tokio::test]
async fn a_domain_in_another_one_is_proven_from_the_outer_ones_key_alone() {
    let directory = tempfile::tempdir().unwrap();
    let inner = format!(
        "[[domain]]\nname = \"shop.{DOMAIN}\"\nnameservers = [\"ns1.{DOMAIN}\"]\nttl = 300"
    );
    let text = config_text("") + &inner;
    let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    let [outer] = &running.new_ds_records()[..] else {
        panic!("one DS record is for the registrar");
    };
    let handle = Handle::new("alice", &format!("shop.{DOMAIN}")).unwrap();
    let gathered = Client::new(running.dns_addr().into())
        .unwrap()
        .gather(&handle)
        .await
        .unwrap();
    let anchors = TrustAnchors::parse(outer).unwrap();
    let verdict = gathered.proof.verify(&handle, &anchors, UnixTime(now()));
    assert!(
        matches!(verdict, Err(VerifyError::Denied(_))),
        "{verdict:?}"
    );
    running.shutdown().await;
}

#[tokio::test]
async fn a_name_that_cannot_be_proven_says_why_and_is_not_called_published() {
    // Nobody listens there: bound for a moment to find a port, then closed.
    let nobody = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let prove = format!("prove = {{ dns = \"{nobody}\" }}");
    let scene = Scene::start_with(&prove).await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let path = paths::handle(DOMAIN, "alice");
    let status = loop {
        let status = contact.get(&path).await.handle();
        if status.error.is_some() {
            break status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(matches!(status.state, State::Pending | State::Failed));
    assert!(status.error.unwrap().contains("DNS server"));
    assert_eq!(
        contact
            .get(&paths::proof(DOMAIN, "alice"))
            .await
            .status
            .as_u16(),
        409
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_it_accepted() {
    let scene = Scene::start_with("public_url = \"https://names.test\"").await;
    let contact = scene.contact();
    let mut clients = tokio::task::JoinSet::new();
    let first = Arc::new(Notify::new());
    for client in 0..24 {
        let (contact, first) = (contact.clone(), Arc::clone(&first));
        clients.spawn(async move {
            let user = format!("user{client}");
            let answer = contact.try_put(&keys(1), &user, &uri("a")).await;
            first.notify_one();
            answer.ok().map(|answer| answer.handle()).map(|_| user)
        });
    }
    first.notified().await;
    let scene = scene.restart().await;
    let contact = scene.contact();
    let acknowledged: Vec<String> = clients.join_all().await.into_iter().flatten().collect();
    assert!(!acknowledged.is_empty());
    for user in acknowledged {
        contact.until(&user, State::Published).await;
    }
}

#[tokio::test]
async fn a_name_is_proven_through_the_resolver_and_the_anchors_that_the_operator_names() {
    let scene = Scene::start().await;
    let ds = scene.running().ds_records().join("\n");
    let directory = scene.stop().await;
    std::fs::write(directory.path().join("anchors.txt"), ds).unwrap();
    let (free, running) = start_as_its_own_resolver(directory.path()).await;
    let contact = Contact {
        http: running.http_addr(),
        dns: free,
        public_url: running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let status = contact.until("alice", State::Published).await;
    assert_eq!(
        status.proven_by,
        Some(ProvenBy::Resolver {
            dns: free.to_string()
        })
    );
    running.shutdown().await;
}

/// Starts a server whose nameserver also plays the resolver, at a port that is known before. Should
/// another test be quicker at taking the port, another port is taken.
async fn start_as_its_own_resolver(directory: &Path) -> (SocketAddr, Running) {
    let mut refusal = String::new();
    for _ in 0..5 {
        let free = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let more = format!("prove = {{ dns = \"{free}\", anchors = \"anchors.txt\" }}");
        let text = config_text(&more).replace(
            "[dns]\n        listen = [\"127.0.0.1:0\"]",
            &format!("[dns]\n        listen = [\"{free}\"]"),
        );
        let config = Config::parse(&text, &directory.join("paynamed.toml")).unwrap();
        match Server::start(config, Clock::system()).await {
            Ok(running) => {
                assert_eq!(running.dns_addr(), free);
                return (free, running);
            }
            Err(error) => refusal = format!("{error:#}"),
        }
    }
    panic!("no server started: {refusal}");
}
