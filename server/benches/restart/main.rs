//! How long a server with many names takes to answer again, and to publish one name durably.
//!
//! `make bench-restart`, or `cargo bench -p payname-server --bench restart -- [names] [database URL]`. The
//! registry is filled, the zone is made from it once, and then read as a restart reads it. Last, `dnsperf`
//! asks for names while others are published by the hundred. Without a URL
//! the stores are SQLite's, in a temporary directory (`$TMPDIR` says on which disk).
#![allow(clippy::expect_used, clippy::arithmetic_side_effects, clippy::panic)]

mod bulk;
mod fill;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use payname_resolver::{
    Handle, UnixTime,
    hickory_proto::{
        op::{Message, MessageType, OpCode, Query},
        rr::RecordType,
    },
};
use payname_server::{
    Clock, Config, EventId, OwnerKey,
    config::Domain,
    publisher::{Embedded, Neighbours, PublishError, Publisher as _},
    registration::{Change, Signed, What},
    store::{Postgres, Sqlite, SqliteZones, Store, ZoneStore, postgres::Database},
};
use payname_zones::{SigningKey, Transport};
use ring::rand::SystemRandom;

/// How many names are published one by one, and how many batches.
const ALONE: u32 = 1000;
const BATCHES: u32 = 20;
const TOGETHER: u32 = 100;

struct Stores(Arc<dyn Store>, Arc<dyn ZoneStore>);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words = arguments.iter().filter(|word| !word.starts_with("--"));
    let names: u32 = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(100_000);
    let url = words.next();
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Makes the tables.
    drop(open(folder.path(), url).await);
    match url {
        None => fill::sqlite(&folder.path().join("registry.sqlite"), names),
        Some(url) => fill::postgres(url, names).await,
    }
    println!("{names} names, {}", url.map_or("SQLite", |_| "PostgreSQL"));
    let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).expect("randomness");
    let stores = open(folder.path(), url).await;
    let began = Instant::now();
    let embedded = load(&stores, &pkcs8).await;
    println!("made, signed and stored: {:?}", began.elapsed());
    answer(&embedded, "user1");
    drop((embedded, stores));

    let before = memory();
    let began = Instant::now();
    let stores = open(folder.path(), url).await;
    let embedded = load(&stores, &pkcs8).await;
    answer(&embedded, "user1");
    println!("restart to first answer: {:?}", began.elapsed());
    println!(
        "memory: {before} MB before, {} MB after, {} MB at most",
        memory(),
        peak()
    );

    let mut times = Vec::new();
    for number in 0..ALONE {
        let handle = register(&stores, number).await;
        let began = Instant::now();
        publish(&embedded, &[handle]).await;
        times.push(began.elapsed());
    }
    tell("one name published", &mut times);
    let mut times = Vec::new();
    for batch in 0..BATCHES {
        let mut handles = Vec::new();
        for number in 0..TOGETHER {
            handles.push(register(&stores, ALONE + batch * TOGETHER + number).await);
        }
        let began = Instant::now();
        publish(&embedded, &handles).await;
        times.push(began.elapsed());
    }
    tell("a hundred names published together", &mut times);
    let began = Instant::now();
    let repaired = embedded.compare().await.expect("a good store");
    println!(
        "compared with the registry: {:?}, {repaired} repaired",
        began.elapsed()
    );
    if url.is_none() {
        let registry = folder.path().join("registry.sqlite");
        bulk::measure(&embedded, &registry, folder.path(), names).await;
    }
}

async fn open(folder: &Path, url: Option<&String>) -> Stores {
    match url {
        None => {
            let registry = Sqlite::open(&folder.join("registry.sqlite")).expect("a new file");
            let zones = SqliteZones::open(&folder.join("zones.sqlite")).expect("a new file");
            Stores(Arc::new(registry), Arc::new(zones))
        }
        Some(url) => {
            let database = Database::parse(url, None).expect("a URL");
            let store = Postgres::open(&database).await.expect("an empty database");
            let store = Arc::new(store);
            Stores(store.clone(), store)
        }
    }
}

async fn load(Stores(store, sets): &Stores, pkcs8: &[u8]) -> Embedded {
    let text = "data_dir = \"x\"\n[[domain]]\nname = \"bench.test\"\nnameservers = [\"ns.example.org\"]\nttl = 1800";
    let config = Config::parse(text, "paynamed.toml".as_ref()).expect("a good configuration");
    let key = |_: &Domain| -> Result<_, PublishError> {
        Ok(SigningKey::from_pkcs8(pkcs8).expect("the key that was made"))
    };
    let (store, sets) = (Arc::clone(store), Arc::clone(sets));
    let (clock, alone) = (Clock::system(), Neighbours::default());
    Embedded::load(&config.domains, key, store, sets, clock, alone)
        .await
        .expect("a zone")
}

/// Asks for a name that is there.
fn answer(embedded: &Embedded, user: &str) {
    let handle = Handle::new(user, "bench.test").expect("a handle");
    let mut query = Message::new(7, MessageType::Query, OpCode::Query);
    query.add_query(Query::query(handle.owner_name().clone(), RecordType::TXT));
    let query = query.to_vec().expect("a small message");
    let response = embedded.served().respond(&query, Transport::Tcp);
    let response = Message::from_vec(&response.expect("an answer")).expect("a message");
    assert_eq!(response.answers.len(), 1, "{user} is there");
}

async fn register(Stores(store, _): &Stores, number: u32) -> Handle {
    let handle = Handle::new(&format!("new{number}"), "bench.test").expect("a handle");
    let mut event = [0; 32];
    event[..4].copy_from_slice(&number.to_be_bytes());
    let now = UnixTime::from(std::time::SystemTime::now());
    let signed = Signed {
        owner: OwnerKey([1; 32]),
        event: EventId(event),
        json: "{}".to_owned(),
        lapses_at: now,
    };
    let uri = fill::uri(number);
    let change = Change::signed(handle.clone(), What::Put { uri }, signed, now);
    store.change(change).await.expect("a good store");
    handle
}

async fn publish(embedded: &Embedded, handles: &[Handle]) {
    for outcome in embedded.publish(handles).await {
        outcome.expect("it is published");
    }
}

fn tell(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).expect("some");
    println!("{what}: median {:?}, p99 {:?}", at(50), at(99));
}

fn memory() -> u64 {
    status("VmRSS:")
}

fn peak() -> u64 {
    status("VmHWM:")
}

/// A line of what Linux says of this process, in MB.
fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) >> 10
}
