//! Proofs read, beside a bare handler that returns the same bytes.

use std::{
    net::SocketAddr,
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
    process::{Paynamed, free_address},
};

/// How many clients there are at once, and how long they ask.
const CLIENTS: usize = 16;
const SPAN: Duration = Duration::from_secs(4);

pub(crate) async fn measure(paynamed: &Paynamed) {
    let path = paths::proof("bench.test", "read");
    let proof = publish(paynamed, &path).await;
    let file = paynamed.beside().join("proof");
    std::fs::write(&file, &proof).expect("a file");
    let bare = Bare::start(file.to_str().expect("text")).await;
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let other = read(bare.address, &path, proof.len()).await;
        let own = read(paynamed.http, &path, proof.len()).await;
        ratios.push(own / other);
        ours.push(own);
        theirs.push(other);
    }
    println!(
        "reads/s of a proof of {} bytes: {:.0}, {:.0} by a bare handler: {:.0} %",
        proof.len(),
        median(ours),
        median(theirs),
        100.0 * median(ratios)
    );
}

async fn publish(paynamed: &Paynamed, path: &str) -> Vec<u8> {
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    let (request, _) = claim(paynamed.http, "read", &keys);
    assert_eq!(connection.ask(&request).await.0, 202);
    loop {
        let (status, body) = connection.ask(&get(paynamed.http, path)).await;
        if status == 200 {
            return body.to_vec();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Responses a second.
async fn read(address: SocketAddr, path: &str, length: usize) -> f64 {
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
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// This program, serving bytes and nothing else.
struct Bare {
    child: Child,
    address: SocketAddr,
}

impl Bare {
    async fn start(file: &str) -> Self {
        let address = free_address();
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["bare", &format!("{address}={file}")])
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

/// Serves the bytes of a file at the address before the `=`, as a router with one handler does.
pub(crate) async fn serve_bare(what: &str) {
    let (address, file) = what.split_once('=').expect("address=file");
    let bytes = Bytes::from(std::fs::read(file).expect("a file"));
    let handler =
        route(async move || ([(header::CONTENT_TYPE, "application/octet-stream")], bytes));
    let router = Router::new().route(paths::PROOF, handler);
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
