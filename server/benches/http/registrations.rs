//! Names registered durably, beside the same rows committed in groups by the same store without HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use nostr::key::Keys;
use payname_api::{HandleStatus, State, paths};
use payname_resolver::{Handle, UnixTime};
use payname_server::{
    EventId, OwnerKey,
    registration::{Change, Signed, What},
    store::{Sqlite, Store as _},
};

use crate::{
    ROUNDS,
    client::{Connection, claim, get, uri},
    median,
    process::Paynamed,
};

/// How many names are registered in a round.
const NAMES: usize = 4000;
/// How many clients there are at once.
const CLIENTS: usize = 64;

pub(crate) async fn measure(paynamed: &Paynamed) {
    let (mut ratios, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let plain = commit(paynamed, round).await;
        let http = register(paynamed, round).await;
        settle(paynamed, round).await;
        ratios.push(http / plain);
        with.push(http);
        without.push(plain);
    }
    println!(
        "durable registrations/s: {:.0} over HTTP, {:.0} by group commit alone: {:.0} %",
        median(with),
        median(without),
        100.0 * median(ratios)
    );
}

fn user(round: usize, number: usize) -> String {
    format!("r{round}n{number}")
}

/// Names a second over HTTP, while they are being published, too.
async fn register(paynamed: &Paynamed, round: usize) -> f64 {
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let mut requests: Vec<Vec<Vec<u8>>> = vec![Vec::new(); CLIENTS];
    for number in 0..NAMES {
        let (request, _) = claim(paynamed.http, &user(round, number), &keys);
        requests[number % CLIENTS].push(request);
    }
    let mut clients = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for requests in requests {
        let http = paynamed.http;
        clients.spawn(async move {
            let mut connection = Connection::open(http).await.expect("a connection");
            for request in requests {
                let (status, body) = connection.ask(&request).await;
                assert_eq!(status, 202, "{}", String::from_utf8_lossy(body));
            }
        });
    }
    clients.join_all().await;
    NAMES as f64 / begun.elapsed().as_secs_f64()
}

/// Waits until all is published, so that the next round has the machine to itself.
async fn settle(paynamed: &Paynamed, round: usize) {
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    for number in [0, NAMES / 2, NAMES - 1] {
        let path = paths::handle("bench.test", &user(round, number));
        loop {
            let (_, body) = connection.ask(&get(paynamed.http, &path)).await;
            let status: HandleStatus = serde_json::from_slice(body).expect("a name");
            if status.state == State::Published {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Names a second by the store alone, on the same disk.
async fn commit(paynamed: &Paynamed, round: usize) -> f64 {
    let folder = paynamed.beside();
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(format!("{round}.sqlite"));
    let store = Arc::new(Sqlite::open(&file).expect("a new file"));
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let mut changes: Vec<Vec<Change>> = (0..CLIENTS).map(|_| Vec::new()).collect();
    for number in 0..NAMES {
        let name = user(round, number);
        let (_, json) = claim(paynamed.http, &name, &keys);
        let mut event = [0; 32];
        event[..8].copy_from_slice(&number.to_be_bytes());
        let at = UnixTime::from(std::time::SystemTime::now());
        let signed = Signed {
            owner: OwnerKey([1; 32]),
            event: EventId(event),
            json,
            lapses_at: at,
        };
        let handle = Handle::new(&name, "bench.test").expect("a name");
        let change = Change::signed(handle, What::Put { uri: uri() }, signed, at);
        changes[number % CLIENTS].push(change);
    }
    let mut clients = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for changes in changes {
        let store = Arc::clone(&store);
        clients.spawn(async move {
            for change in changes {
                store.change(change).await.expect("a good store");
            }
        });
    }
    clients.join_all().await;
    NAMES as f64 / begun.elapsed().as_secs_f64()
}
