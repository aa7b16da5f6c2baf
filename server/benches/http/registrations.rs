//! Names registered durably over HTTP, beside the same rows committed in groups without it.

use std::time::{Duration, Instant};

use nostr::key::Keys;
use payname_api::{HandleStatus, State, paths};

use crate::{
    ROUNDS,
    client::{Connection, claim, get},
    median,
    plain::Rows,
    process::Paynamed,
};

/// How many names are registered in a round.
const NAMES: usize = 6000;
/// How many clients there are at once.
pub(crate) const CLIENTS: usize = 64;

pub(crate) async fn measure() {
    let paynamed = Paynamed::start(0).await;
    let mut told: [Vec<f64>; 6] = Default::default();
    for round in 0..ROUNDS {
        let folder = paynamed.beside();
        let rows = Rows::of((0..NAMES).map(|number| user(round, number)));
        let store = folder.join(format!("store{round}.sqlite"));
        let store = rows.by_the_store(&store, CLIENTS).await;
        let bare = folder.join(format!("bare{round}.sqlite"));
        let bare = rows.by_statements(&bare, CLIENTS);
        let names = (0..NAMES).map(|number| user(round, number));
        let requests = sign(&[&paynamed], names, CLIENTS);
        let (cpu, begun) = (paynamed.cpu(), Instant::now());
        let http = register(requests).await;
        settle(&paynamed, (0..NAMES).map(|number| user(round, number))).await;
        let proven = NAMES as f64 / begun.elapsed().as_secs_f64();
        let cpu = (paynamed.cpu() - cpu).as_secs_f64() * 1e6 / NAMES as f64;
        let ratios = [http / store, http / bare];
        let all = [http, store, bare].into_iter().chain(ratios).chain([cpu]);
        told.iter_mut().zip(all).for_each(|(of, one)| of.push(one));
        println!(
            "  round {round}: {http:.0}/s over HTTP ({proven:.0}/s until all were proven, {cpu:.0} µs of the server's CPU for each), {store:.0}/s by the store, {bare:.0}/s by bare statements"
        );
    }
    let [http, store, bare, by_store, by_bare, cpu] = told.map(median);
    println!(
        "durable registrations/s, {CLIENTS} clients: {http:.0} over HTTP; {store:.0} by the store's group commit: {:.0} %; {bare:.0} by bare statements, {CLIENTS} names a transaction: {:.0} %; CPU of the server until proven: {cpu:.0} µs for each",
        100.0 * by_store,
        100.0 * by_bare,
    );
}

fn user(round: usize, number: usize) -> String {
    format!("r{round}n{number}")
}

/// Claims, signed, for each of so many clients of each server.
pub(crate) fn sign(
    servers: &[&Paynamed],
    names: impl Iterator<Item = String>,
    clients: usize,
) -> Vec<(std::net::SocketAddr, Vec<Vec<u8>>)> {
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let places = (0..clients).flat_map(|_| servers.iter().map(|server| (server.http, Vec::new())));
    let mut requests: Vec<_> = places.collect();
    let count = requests.len();
    for (number, name) in names.enumerate() {
        let (http, requests) = &mut requests[number % count];
        requests.push(claim(*http, &name, &keys).0);
    }
    requests
}

/// Names a second over HTTP, while they are being published, too.
pub(crate) async fn register(requests: Vec<(std::net::SocketAddr, Vec<Vec<u8>>)>) -> f64 {
    let count: usize = requests.iter().map(|(_, requests)| requests.len()).sum();
    let mut clients = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for (http, requests) in requests {
        clients.spawn(async move {
            let mut connection = Connection::open(http).await.expect("a connection");
            for request in requests {
                let (status, body) = connection.ask(&request).await;
                assert_eq!(status, 202, "{}", String::from_utf8_lossy(body));
            }
        });
    }
    clients.join_all().await;
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Waits until all are published, so that the next round has the machine to itself.
pub(crate) async fn settle(paynamed: &Paynamed, names: impl Iterator<Item = String>) {
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    // The last ones first: then few others have to be asked for again.
    let names: Vec<String> = names.collect();
    for name in names.iter().rev() {
        let path = paths::handle("bench.test", name);
        loop {
            let (_, body) = connection.ask(&get(paynamed.http, &path)).await;
            let status: HandleStatus = serde_json::from_slice(body).expect("a name");
            if status.state == State::Published {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
