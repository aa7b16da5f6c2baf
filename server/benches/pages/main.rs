//! How fast a pay page and a proof are read, beside a bare handler that returns the same bytes.
//!
//! All over one loopback, from the same clients, in turns; what counts is the ratio.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

// Not all of the tests' scene is needed here.
#[allow(dead_code)]
#[path = "../../tests/it/scene.rs"]
mod scene;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, http::header, routing::get};
use payname_api::State;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use self::scene::{Scene, keys, uri};

/// How many clients ask at a time, each over a connection of its own.
const CLIENTS: usize = 16;
/// How long each is asked, each of the rounds.
const LENGTH: Duration = Duration::from_secs(2);
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    for path in ["/alice", "/alice/proof"] {
        let answer = contact.get(path).await;
        let bare = bare(Bytes::from(answer.body.clone())).await;
        let (mut ours, mut theirs) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            ours += rate(contact.http, path).await / ROUNDS as f64;
            theirs += rate(bare, "/").await / ROUNDS as f64;
        }
        println!(
            "{path}: {ours:.0} reads/s of {} bytes; a bare handler {theirs:.0}; {:.0} %",
            answer.body.len(),
            100.0 * ours / theirs
        );
    }
    scene.stop().await;
}

/// A handler that does nothing but return bytes.
async fn bare(body: Bytes) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let media_type = [(header::CONTENT_TYPE, "application/octet-stream")];
    let handler = async move || (media_type, body);
    let router = Router::new().route("/", get(handler));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Answers in a second.
async fn rate(address: SocketAddr, path: &'static str) -> f64 {
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|_| tokio::spawn(ask(address, path)));
    let mut answers = 0;
    for client in clients.collect::<Vec<_>>() {
        answers += client.await.unwrap();
    }
    f64::from(answers) / begun.elapsed().as_secs_f64()
}

async fn ask(address: SocketAddr, path: &'static str) -> u32 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: example.test\r\naccept: text/html\r\n\r\n");
    let (mut buffer, mut answers) = (vec![0; 128 * 1024], 0);
    let begun = Instant::now();
    while begun.elapsed() < LENGTH {
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut read, mut whole) = (0, usize::MAX);
        while read < whole {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "the connection was closed");
            read += more;
            if whole == usize::MAX {
                whole = length_of(&buffer[..read]).unwrap_or(usize::MAX);
            }
        }
        answers += 1;
    }
    answers
}

/// How long an answer is with its header, once the header is there; it must be a success.
fn length_of(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let header = std::str::from_utf8(&answer[..end])
        .unwrap()
        .to_ascii_lowercase();
    assert!(header.starts_with("http/1.1 200"), "{header}");
    let length = header.split("content-length: ").nth(1).unwrap();
    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
    Some(end + length)
}
