//! Servers on loopback that behave well and badly, and what the client makes of them.

mod deadlines;
mod endpoints;
mod gather;
mod https;
mod plain;
mod proof_client;
#[cfg(feature = "quic")]
mod quic;
pub(crate) mod socks;
mod stream;
mod tls;

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hickory_proto::rr::{Name, RecordType};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinHandle,
};
use tokio_rustls::rustls;

use super::*;
use crate::resolution::{Question, Response, ResponseError};

/// Waits so short that a test of silence ends soon: 3 × 150 ms for one question, 600 ms in all.
const SHORT: Timeouts = Timeouts {
    attempt: Duration::from_millis(150),
    attempts: 3,
    total: Duration::from_millis(600),
};
const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

fn client(server: impl Into<DnsServer>) -> Client {
    Client::with_timeouts(server.into(), SHORT).unwrap()
}

fn question() -> Question {
    let name = Name::from_ascii("alice.user._bitcoin-payment.example.com.").unwrap();
    Question::new(name, RecordType::TXT)
}

/// An empty answer to a query: its own bytes with the QR bit set (RFC 1035 §4.1.1).
fn answer(query: &[u8]) -> Vec<u8> {
    let mut message = query.to_vec();
    message[2] |= 0x80;
    message
}

/// As [`answer`], with the TC bit set.
fn truncated(query: &[u8]) -> Vec<u8> {
    let mut message = answer(query);
    message[2] |= 0x02;
    message
}

/// As [`answer`], with another id.
fn wrong_id(query: &[u8]) -> Vec<u8> {
    let mut message = answer(query);
    message[0] ^= 0xff;
    message
}

/// Runs a future and tells how long it took.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    (work.await, start.elapsed())
}

/// A server on UDP that answers each query with the messages that `reply` makes of it and of the
/// number of queries before.
async fn udp_server(
    mut reply: impl FnMut(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        for count in 0.. {
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            for message in reply(&buffer[..length], count) {
                socket.send_to(&message, peer).await.unwrap();
            }
        }
    });
    (address, serving)
}

/// A server on the same port of UDP, where everything is truncated, and of TCP, where each query
/// is answered with the raw bytes that `reply` makes of it.
async fn tcp_server(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
            let message = truncated(&buffer[..length]);
            socket.send_to(&message, peer).await.unwrap();
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u16().await.unwrap();
            let mut query = vec![0; usize::from(length)];
            stream.read_exact(&mut query).await.unwrap();
            // The client may hang up first: that is for the test to judge.
            let _ = stream.write_all(&reply(&query)).await;
        }
    });
    address
}

/// A message behind its length, as TCP carries it.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [length.to_be_bytes().as_slice(), message].concat()
}

/// A web server that answers each request with what `reply` makes of its body: the header lines
/// (status line first) and the body.
async fn http_server(
    reply: impl Fn(&[u8]) -> (&'static str, Vec<u8>) + Send + Sync + Clone + 'static,
) -> DnsServer {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let url = format!("http://{}/dns-query", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve_http(stream, reply.clone()));
        }
    });
    url.parse().unwrap()
}

async fn serve_http(mut stream: TcpStream, reply: impl Fn(&[u8]) -> (&'static str, Vec<u8>)) {
    let mut request = Vec::new();
    let body = loop {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.unwrap();
        assert_ne!(length, 0, "the client hung up in the middle of its request");
        request.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        assert!(head.starts_with("post /dns-query http/1.1\r\n"), "{head}");
        assert!(
            head.contains("content-type: application/dns-message"),
            "{head}"
        );
        assert!(!head.contains("user-agent"), "{head}");
        let announced = head.split("content-length: ").nth(1).unwrap();
        let announced: usize = announced.lines().next().unwrap().parse().unwrap();
        let start = request
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        if request.len() >= start + announced {
            break request[start..start + announced].to_vec();
        }
    };
    let (head, body) = reply(&body);
    let head = format!(
        "{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The client may hang up first: that is for the test to judge.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

/// How many connections a server took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn read(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A server of streams: `serve` is given each connection and how many there were before.
pub(crate) async fn stream_server<F, S>(serve: S) -> (SocketAddr, Count)
where
    F: Future<Output = ()> + Send + 'static,
    S: Fn(TcpStream, usize) -> F + Send + 'static,
{
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Count::default();
    let counted = count.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, counted.up()));
        }
    });
    (address, count)
}

/// Reads one message, or none at the end of the stream.
async fn read_message(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = stream.read_u16().await.ok()?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await.ok()?;
    Some(message)
}

/// Answers every message of a stream with the raw bytes that `reply` makes of it.
async fn answer_all(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: impl Fn(&[u8]) -> Vec<u8>,
) {
    while let Some(query) = read_message(&mut stream).await {
        if stream.write_all(&reply(&query)).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// A certificate for `name` and the settings of a server that shows it.
pub(crate) fn certificate(
    name: &str,
    protocols: &[&[u8]],
) -> (TlsRoots, Arc<rustls::ServerConfig>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let roots = TlsRoots::from_pem(made.cert.pem().as_bytes()).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    (roots, Arc::new(config))
}

/// A client that waits [`SHORT`]ly, believes `roots` and goes through `proxy`.
fn client_with(server: &str, roots: &TlsRoots, proxy: Option<Proxy>) -> Client {
    let options = ClientOptions {
        timeouts: SHORT,
        proxy,
        roots: roots.clone(),
    };
    Client::with_options(server.parse().unwrap(), options).unwrap()
}

/// Questions that differ.
fn burst(count: usize) -> Vec<Question> {
    let names = (0..count).map(|index| Name::from_ascii(format!("n{index}.example.")).unwrap());
    names
        .map(|name| Question::new(name, RecordType::TXT))
        .collect()
}

/// Asks all at once.
async fn ask_all(client: &Client, questions: &[Question]) -> Vec<Result<Response, ExchangeError>> {
    let asking = questions.iter().map(|question| client.exchange(question));
    futures_util::future::join_all(asking).await
}

/// Asks all at once and expects each to be answered.
async fn all_are_answered(client: &Client, questions: &[Question]) {
    for (question, outcome) in questions.iter().zip(ask_all(client, questions).await) {
        assert_eq!(outcome.unwrap().question(), question);
    }
}
