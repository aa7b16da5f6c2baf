//! Pay pages and proofs read, beside a bare handler that returns the same bytes.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, http::header, routing::get as route};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use nostr::key::Keys;
use payname_api::paths;
use tokio::net::TcpListener;

use crate::{
    ROUNDS,
    client::{Connection, claim, get},
    median,
    process::{Paynamed, cpu_of, free_address},
    registrations::settle,
};

/// How many clients there are at once, and how long they ask.
const CLIENTS: usize = 16;
const SPAN: Duration = Duration::from_secs(3);

pub(crate) async fn measure() {
    let paynamed = Paynamed::start(0).await;
    publish(&paynamed, "read").await;
    let paths = ["/read".to_owned(), paths::proof("bench.test", "read")];
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    let mut files = Vec::new();
    for (place, path) in paths.iter().enumerate() {
        let (status, body) = connection.ask(&get(paynamed.http, path)).await;
        assert_eq!(status, 200, "{path}");
        let file = paynamed.beside().join(place.to_string());
        std::fs::write(&file, body).expect("a file");
        files.push((file, body.len()));
    }
    let bare = Bare::start(files.iter().map(|(file, _)| file.as_path())).await;
    for (place, (path, what)) in paths.iter().zip(["pay page", "cached proof"]).enumerate() {
        let length = files[place].1;
        let mut told: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            let before = cpu_of(bare.child.id());
            let other = read(bare.address, &format!("/{place}"), length).await;
            let other_cpu = cpu_of(bare.child.id()) - before;
            let before = paynamed.cpu();
            let own = read(paynamed.http, path, length).await;
            let own_cpu = paynamed.cpu() - before;
            let each = |cpu: Duration, count: f64| cpu.as_secs_f64() * 1e6 / count;
            let all = [
                own.rate(),
                other.rate(),
                own.rate() / other.rate(),
                each(own_cpu, own.count),
                each(other_cpu, other.count),
            ];
            told.iter_mut().zip(all).for_each(|(of, one)| of.push(one));
        }
        let [own, other, ratio, own_cpu, other_cpu] = told.map(median);
        println!(
            "reads/s of a {what} of {length} bytes: {own:.0}, {other:.0} by a bare handler: {:.0} %; the servers' CPU for each: {own_cpu:.1} µs and {other_cpu:.1} µs",
            100.0 * ratio
        );
    }
}

async fn publish(paynamed: &Paynamed, user: &str) {
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    let (request, _) = claim(paynamed.http, user, &keys);
    assert_eq!(connection.ask(&request).await.0, 202);
    // A page says so, once it is.
    settle(paynamed, std::iter::once(user.to_owned())).await;
}

/// What was read.
struct Read {
    count: f64,
    seconds: f64,
}

impl Read {
    fn rate(&self) -> f64 {
        self.count / self.seconds
    }
}

/// Reads as much as so many clients can.
async fn read(address: SocketAddr, path: &str, length: usize) -> Read {
    let request = get(address, path);
    let mut clients = tokio::task::JoinSet::new();
    let begun = Instant::now();
    for _ in 0..CLIENTS {
        let request = request.clone();
        clients.spawn(async move {
            let mut connection = Connection::open(address).await.expect("a connection");
            let mut count = 0_u32;
            while begun.elapsed() < SPAN {
                let (status, body) = connection.ask(&request).await;
                assert_eq!((status, body.len()), (200, length));
                count += 1;
            }
            count
        });
    }
    let count: u32 = clients.join_all().await.into_iter().sum();
    Read {
        count: f64::from(count),
        seconds: begun.elapsed().as_secs_f64(),
    }
}

/// This program, serving bytes and nothing else.
struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    async fn start(files: impl Iterator<Item = &Path>) -> Self {
        let address = free_address();
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["bare", &address.to_string()])
            .args(files)
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        while Connection::open(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { child, address }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the bytes of each file at its number, as a router with handlers does that do nothing.
pub(crate) async fn serve_bare(address: &str, files: &[&str]) {
    let mut router = Router::new();
    for (place, file) in files.iter().enumerate() {
        let bytes = Bytes::from(std::fs::read(file).expect("a file"));
        let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
        let handler = route(async move || (kind, bytes));
        router = router.route(&format!("/{place}"), handler);
    }
    let listener = TcpListener::bind(address).await.expect("a port");
    loop {
        let (stream, _) = listener.accept().await.expect("a client");
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let http = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(http);
        });
    }
}
