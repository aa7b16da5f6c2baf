//! Services over real TLS that behave well and badly.

use core::net::SocketAddr;
use std::{collections::HashSet, time::Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::net::{
    Proxy, TlsRoots,
    tests::{Count, certificate, socks, stream_server},
};

const PATIENCE: Duration = Duration::from_millis(800);

/// A service: where it is, who vouches for it, and how many connections it took.
struct Service {
    address: SocketAddr,
    roots: TlsRoots,
    count: Count,
}

impl Service {
    /// Answers as `name`, by the path that is asked for, in pieces with a pause before each.
    async fn start(name: &str, answer: fn(&str) -> Vec<Vec<u8>>, pause: Duration) -> Self {
        let (roots, config) = certificate(name, &[b"http/1.1"]);
        let acceptor = TlsAcceptor::from(config);
        let (address, count) = stream_server(move |stream, _| {
            let acceptor = acceptor.clone();
            async move {
                // Who does not believe the certificate hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                for piece in answer(text.split(' ').nth(1).unwrap()) {
                    tokio::time::sleep(pause).await;
                    // And so does who has had enough.
                    if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
                let _ = stream.shutdown().await;
            }
        })
        .await;
        Self {
            address,
            roots,
            count,
        }
    }

    async fn here(answer: fn(&str) -> Vec<Vec<u8>>) -> Self {
        Self::start("127.0.0.1", answer, Duration::ZERO).await
    }

    fn url(&self, path: &str) -> Url {
        format!("https://{}{path}", self.address).parse().unwrap()
    }

    fn fetcher(&self, proxy: Option<Proxy>) -> Fetcher {
        fetcher(&self.roots, proxy)
    }
}

fn fetcher(roots: &TlsRoots, proxy: Option<Proxy>) -> Fetcher {
    let timeouts = Timeouts {
        total: PATIENCE,
        ..Timeouts::default()
    };
    let options = ClientOptions {
        timeouts,
        proxy,
        roots: roots.clone(),
    };
    Fetcher::with_options(options).unwrap()
}

fn said(status: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
    vec![head.into_bytes(), body.to_vec()]
}

fn forwarded(to: &str) -> Vec<Vec<u8>> {
    said(&format!("302 Found\r\nlocation: {to}"), b"")
}

fn unreachable(outcome: Result<Vec<u8>, FetchError>) -> reqwest::Error {
    match outcome {
        Err(FetchError::Unreachable { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_is_fetched_whatever_its_status_from_who_has_the_certificate() {
    let service = Service::here(|_| said("400 Bad Request", b"{}")).await;
    let answer = service.fetcher(None).fetch(&service.url("/")).await;
    assert_eq!(answer.unwrap(), b"{}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_or_for_another_name_is_refused() {
    let service = Service::here(|_| said("200 OK", b"{}")).await;
    let fetcher = fetcher(&TlsRoots::default(), None);
    assert!(unreachable(fetcher.fetch(&service.url("/")).await).is_connect());

    let other = Service::start("pay.example", |_| said("200 OK", b"{}"), Duration::ZERO).await;
    let outcome = other.fetcher(None).fetch(&other.url("/")).await;
    assert!(unreachable(outcome).is_connect());
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_more_and_none_out_of_https() {
    let service = Service::here(|path| match path {
        "/0" => said("200 OK", b"{}"),
        "/1" => forwarded("/0"),
        "/2" => forwarded("/1"),
        "/3" => forwarded("/2"),
        "/4" => forwarded("/3"),
        _ => forwarded("http://127.0.0.1:1/"),
    })
    .await;
    let fetcher = service.fetcher(None);
    assert_eq!(fetcher.fetch(&service.url("/3")).await.unwrap(), b"{}");
    let error = unreachable(fetcher.fetch(&service.url("/4")).await);
    assert!(error.is_redirect(), "{error:?}");
    // Nobody listens there: whoever had tried would say so.
    let error = unreachable(fetcher.fetch(&service.url("/clear")).await);
    assert!(!error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn nothing_is_asked_without_https() {
    let service = Service::here(|_| said("200 OK", b"{}")).await;
    let url = format!("http://{}/", service.address).parse().unwrap();
    assert!(unreachable(service.fetcher(None).fetch(&url).await).is_builder());
    assert_eq!(service.count.read(), 0);
}

#[tokio::test]
async fn the_longest_answer_is_taken_and_one_without_end_is_cut_off() {
    let service = Service::here(|path| match path {
        "/fits" => said("200 OK", &vec![b'x'; MAX_BYTES]),
        _ => said("200 OK", &vec![b'x'; 40 * MAX_BYTES]),
    })
    .await;
    let fetcher = service.fetcher(None);
    let whole = fetcher.fetch(&service.url("/fits")).await.unwrap();
    assert_eq!(whole.len(), MAX_BYTES);
    let refused = fetcher.fetch(&service.url("/endless")).await;
    assert!(
        matches!(refused, Err(FetchError::TooLong { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn silence_and_an_answer_by_drops_end_in_the_time_that_is_given() {
    fn drops(_: &str) -> Vec<Vec<u8>> {
        let mut pieces = said("200 OK", b"");
        pieces.extend(vec![b"x".to_vec(); 1_000]);
        pieces
    }
    let slow = Service::start("127.0.0.1", drops, Duration::from_millis(50)).await;
    let silent = Service::start("127.0.0.1", drops, Duration::from_secs(600)).await;
    let (address, _) = stream_server(|stream, _| async move {
        let _open = stream;
        core::future::pending().await
    })
    .await;
    let without_handshake = Service {
        address,
        ..Service::here(drops).await
    };
    for service in [slow, silent, without_handshake] {
        let start = Instant::now();
        let outcome = service.fetcher(None).fetch(&service.url("/")).await;
        let error = unreachable(outcome);
        assert!(error.is_timeout(), "{error:?}");
        assert!(start.elapsed() < PATIENCE * 4);
    }
}

#[tokio::test]
async fn through_a_proxy_every_answer_has_credentials_of_its_own_and_names_are_looked_up_there() {
    let service = Service::start("pay.example", |_| said("200 OK", b"{}"), Duration::ZERO).await;
    let (proxy, log) = socks::socks_server(service.address, 2).await;
    let fetcher = service.fetcher(socks::through(proxy));
    // No resolver of this machine knows this name.
    let url = "https://pay.example/.well-known/lnurlp/alice";
    let url = url.parse().unwrap();
    for _ in 0..3 {
        assert_eq!(fetcher.fetch(&url).await.unwrap(), b"{}");
    }
    let seen = log.seen();
    let host = (3, b"pay.example".to_vec());
    assert!(seen.iter().all(|seen| seen.host == host), "{seen:?}");
    let users: HashSet<_> = seen.iter().map(|seen| &seen.credentials).collect();
    assert_eq!(users.len(), 3, "{seen:?}");
    assert!(!users.contains(&None));
}

#[tokio::test]
async fn nothing_goes_around_a_proxy_that_is_dead_or_does_not_isolate() {
    let service = Service::here(|_| said("200 OK", b"{}")).await;
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = unused.local_addr().unwrap();
    drop(unused);
    let (careless, log) = socks::socks_server(service.address, 0).await;
    for proxy in [dead, careless] {
        let fetcher = service.fetcher(socks::through(proxy));
        let error = unreachable(fetcher.fetch(&service.url("/")).await);
        assert!(error.is_connect(), "{error:?}");
    }
    assert_eq!(service.count.read(), 0);
    assert_eq!(log.seen(), [], "it is not told where to go");
}
