//! Several servers on one PostgreSQL: the same names, keys, serials and signatures.

mod once;

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
    time::{Duration, Instant},
};

use payname_api::State;
use payname_resolver::{
    Handle,
    hickory_proto::{
        op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
        rr::{Name, RecordType},
    },
};
use payname_server::{
    Config, PassphraseSource, Server, StartError, ZoneRequest, ask_server, reseal_shared_keys,
};
use payname_zones::Duty;

use crate::{
    crash::{Daemon, Ledger, write},
    keys::Turned,
    postgres::{Cluster, run},
    scene::{Contact, DOMAIN, config_text, keys, uri},
    unbound::Unbound,
};

/// How long anything may take: a lease and some.
const PATIENCE: Duration = Duration::from_secs(60);
const HOUR: u64 = 3600;

fn database(url: &str) -> String {
    format!("database = {{ url = \"{url}\" }}")
}

/// A question with the DO bit, so that signatures come along.
fn question(owner: &Name, record_type: RecordType) -> Vec<u8> {
    let mut query = Message::new(7, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = true;
    query.add_query(Query::query(owner.clone(), record_type));
    let mut edns = Edns::new();
    edns.set_dnssec_ok(true).set_max_payload(4096);
    query.set_edns(edns);
    query.to_vec().unwrap()
}

/// Everything in the answers of a server.
async fn answers(contact: &Contact, owner: &Name, record_type: RecordType) -> Vec<String> {
    let response = contact.ask_udp(&question(owner, record_type)).await;
    let mut answers: Vec<String> = response.answers.iter().map(ToString::to_string).collect();
    answers.sort();
    answers
}

/// Waits until two servers answer the same, byte for byte; what they answer.
async fn same(
    one: &Contact,
    other: &Contact,
    owner: &Name,
    record_type: RecordType,
) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (first, second) = tokio::join!(
            answers(one, owner, record_type),
            answers(other, owner, record_type)
        );
        if first == second && !first.is_empty() {
            return first;
        }
        assert!(Instant::now() < deadline, "{first:#?}\n{second:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An Unbound that asks one of the servers, and believes its zone.
async fn unbound_asking(server: &Contact) -> Unbound {
    let answer = server.get(&payname_api::paths::domain(DOMAIN)).await;
    let domain: payname_api::DomainInfo = serde_json::from_slice(&answer.body).unwrap();
    let stub = format!("stub-addr: 127.0.0.1@{}", server.dns.port());
    Unbound::start(&domain.ds[0], "", &stub).await
}

/// Whether a user has a record that Unbound calls secure.
async fn is_secure(unbound: &Unbound, server: &Contact, user: &str) -> bool {
    let handle = Handle::new(user, DOMAIN).unwrap();
    let contact = Contact {
        dns: unbound.address,
        ..server.clone()
    };
    let query = question(handle.owner_name(), RecordType::TXT);
    let response = contact.ask_udp(&query).await;
    response.response_code == ResponseCode::NoError
        && response.authentic_data
        && !response.answers.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_had_begun_is_finished_by_another_and_both_show_the_same() {
    let cluster = Cluster::start(false);
    let more = database(&cluster.database().await);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = Daemon::start_with(folders[0].path(), &more);
    let other = Daemon::start_with(folders[1].path(), &more);
    let ledger = Arc::new(Ledger::default());
    let mut doomed = tokio::task::JoinSet::new();
    let mut lucky = tokio::task::JoinSet::new();
    for client in 0..3 {
        let names = Arc::clone(&ledger);
        doomed.spawn(write(one.contact.clone(), format!("a{client}"), names));
        let names = Arc::clone(&ledger);
        lucky.spawn(write(other.contact.clone(), format!("b{client}"), names));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    one.kill();
    doomed.join_all().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    lucky.shutdown().await;
    let acknowledged = ledger.acknowledged.lock().unwrap().clone();
    for server in ["a", "b"] {
        let of_server = acknowledged.keys().filter(|user| user.starts_with(server));
        assert!(of_server.count() > 3, "{acknowledged:?}");
    }
    let deadline = Instant::now() + PATIENCE;
    for user in acknowledged.keys() {
        loop {
            let status = other
                .contact
                .get(&payname_api::paths::handle(DOMAIN, user))
                .await;
            if status.handle().state == State::Published {
                break;
            }
            assert!(Instant::now() < deadline, "{user}: {status:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let one = Daemon::start_with(folders[0].path(), &more);
    let apex = Name::from_ascii(format!("{DOMAIN}.")).unwrap();
    for record_type in [RecordType::SOA, RecordType::DNSKEY] {
        let answers = same(&one.contact, &other.contact, &apex, record_type).await;
        assert_eq!(answers.len(), 2, "the record and its signature");
    }
    let unbounds = [
        unbound_asking(&one.contact).await,
        unbound_asking(&other.contact).await,
    ];
    for (user, count) in &acknowledged {
        let owner = Handle::new(user, DOMAIN).unwrap();
        same(
            &one.contact,
            &other.contact,
            owner.owner_name(),
            RecordType::TXT,
        )
        .await;
        let found = one.contact.resolve(user).await.unwrap().uri().to_owned();
        let found: usize = found.rsplit('=').next().unwrap().parse().unwrap();
        assert!(found == *count || found == count + 1, "{user}: {found}");
        for unbound in &unbounds {
            assert!(is_secure(unbound, &one.contact, user).await, "{user}");
        }
    }
    // What one takes in is soon shown by the other.
    one.contact.put(&keys(1), "last", &uri("x")).await.handle();
    other.contact.until("last", State::Published).await;
    let last = Handle::new("last", DOMAIN).unwrap();
    same(
        &one.contact,
        &other.contact,
        last.owner_name(),
        RecordType::TXT,
    )
    .await;
    one.kill();
    other.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rolled_over_by_whoever_has_its_turn_and_both_prove_all_along() {
    let cluster = Cluster::start(false);
    let more = database(&cluster.database().await);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let text = config_text(&more) + "keys = \"split\"";
    let one = Turned::start_text(folders[0].path(), &text).await;
    let other = Turned::start_text(folders[1].path(), &text).await;
    let ds = one.running.ds_records();
    assert_eq!(ds, other.running.ds_records());
    assert!(
        other.running.new_ds_records().is_empty(),
        "they were made once"
    );
    let apex = Name::from_ascii(format!("{DOMAIN}.")).unwrap();
    let contacts = [&one, &other].map(|server| Contact {
        http: server.running.http_addr(),
        dns: server.running.dns_addr(),
        public_url: server.running.public_url().to_string(),
        client: reqwest::Client::new(),
    });
    let shown = async || same(&contacts[0], &contacts[1], &apex, RecordType::DNSKEY).await;
    let before = shown().await;
    ask_server(&one.config, DOMAIN, ZoneRequest::Roll(Duty::Zone)).unwrap();
    let mut most = 0;
    for round in 0..24 {
        let (first, second) = if round % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        for server in [first, second] {
            server.after(8 * HOUR).await;
        }
        most = most.max(shown().await.len());
        same(&contacts[0], &contacts[1], &apex, RecordType::SOA).await;
        for server in [&one, &other] {
            server
                .assert_proven(&format!("nobody{round}@{DOMAIN}"), &ds[0])
                .await;
        }
    }
    let after = shown().await;
    assert!(most > before.len(), "both keys stood together");
    assert_eq!(after.len(), before.len());
    assert_ne!(after, before);
    let names = |folder: &tempfile::TempDir| {
        let files = std::fs::read_dir(folder.path().join("data")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut keys: Vec<String> = names.filter(|name| name.ends_with(".key")).collect();
        keys.sort();
        keys
    };
    assert_eq!(names(&folders[0]), names(&folders[1]));
    assert_eq!(
        names(&folders[0]).len(),
        2,
        "the old private key is destroyed in both"
    );
    one.running.shutdown().await;
    other.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_that_could_not_be_shared_are_not_shown() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let text = config_text(&database(&url)) + "keys = \"split\"";
    let server = Turned::start_text(folder.path(), &text).await;
    let contact = Contact {
        http: server.running.http_addr(),
        dns: server.running.dns_addr(),
        public_url: server.running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    let apex = Name::from_ascii(format!("{DOMAIN}.")).unwrap();
    let shown = async || {
        let mut keys = answers(&contact, &apex, RecordType::DNSKEY).await;
        keys.retain(|record| record.contains("DNSKEY 25"));
        keys
    };
    server.after(0).await;
    let before = shown().await;
    assert!(!before.is_empty());
    let refuse = "ALTER TABLE key_files ADD CONSTRAINT broken CHECK (false) NOT VALID";
    run(&url, refuse).await.unwrap();
    ask_server(&server.config, DOMAIN, ZoneRequest::Roll(Duty::Zone)).unwrap();
    for _ in 0..3 {
        server.after(60).await;
        assert_eq!(shown().await, before);
    }
    let mend = "ALTER TABLE key_files DROP CONSTRAINT broken";
    run(&url, mend).await.unwrap();
    server.after(60).await;
    assert_eq!(shown().await.len(), before.len() + 1);
    server.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_keys_or_a_registry_of_its_own_does_not_join() {
    let cluster = Cluster::start(false);
    let more = database(&cluster.database().await);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = Turned::start_text(folders[0].path(), &config_text(&more)).await;
    let alone = Turned::start_text(folders[1].path(), &config_text("")).await;
    alone.running.shutdown().await;
    let file = folders[1].path().join("paynamed.toml");
    let config = Config::parse(&config_text(&more), &file).unwrap();
    let clock = payname_server::Clock::system;
    let error = Server::start(config.clone(), clock()).await.unwrap_err();
    assert!(matches!(error, StartError::TwoRegistries(_)), "{error}");
    let data = folders[1].path().join("data");
    std::fs::remove_file(data.join("registry.sqlite")).unwrap();
    let error = Server::start(config.clone(), clock()).await.unwrap_err();
    assert!(matches!(error, StartError::SharedKeys(_)), "{error}");
    assert!(error.to_string().contains("away"), "{error}");
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".key") || name.ends_with(".keys.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let second = Server::start(config, clock()).await.unwrap();
    assert_eq!(second.ds_records(), first.running.ds_records());
    second.shutdown().await;
    first.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_shared_encrypted_and_another_passphrase_is_for_all() {
    let cluster = Cluster::start(false);
    let more =
        "keys_passphrase_file = \"passphrase\"\n".to_owned() + &database(&cluster.database().await);
    let text = config_text(&more);
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let secret = |folder: &tempfile::TempDir, name: &str, word: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, word).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    };
    secret(&folders[0], "passphrase", "first");
    let server = Turned::start_text(folders[0].path(), &text).await;
    let ds = server.running.ds_records();
    let config = server.config.clone();
    server.running.shutdown().await;

    secret(&folders[0], "passphrase", "second");
    let old = PassphraseSource::File(secret(&folders[0], "old", "first"));
    assert_eq!(reseal_shared_keys(&config, Some(&old)).await.unwrap(), 1);
    let one = Turned::start_text(folders[0].path(), &text).await;
    secret(&folders[1], "passphrase", "second");
    let other = Turned::start_text(folders[1].path(), &text).await;
    assert_eq!(one.running.ds_records(), ds);
    assert_eq!(other.running.ds_records(), ds);
    secret(&folders[2], "passphrase", "first");
    let file = folders[2].path().join("paynamed.toml");
    let stranger = Config::parse(&text, &file).unwrap();
    let error = Server::start(stranger, payname_server::Clock::system())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Directory(_)), "{error}");
    one.running.shutdown().await;
    other.running.shutdown().await;
}
