//! Servers that accept and stay silent, or answer drop by drop, over every transport; and that
//! nothing stays open behind a client that has gone.

use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::{socks::through, *};
use crate::Handle;

/// Time between two drops.
const DROP: Duration = Duration::from_millis(30);
/// For a busy machine.
const SLACK: u32 = 4;

/// A server that takes everything, says `drops` one byte after the other, and then nothing, but
/// tells when its client has gone.
struct Slow {
    address: SocketAddr,
    roots: TlsRoots,
    gone: mpsc::UnboundedReceiver<()>,
}

impl Slow {
    /// On a bare stream.
    async fn bare(drops: Vec<u8>) -> Self {
        let (told, gone) = mpsc::unbounded_channel();
        let (address, _) = stream_server(move |stream, _| {
            let (drops, told) = (drops.clone(), told.clone());
            async move {
                trickle(stream, drops).await;
                told.send(()).unwrap();
            }
        })
        .await;
        Self {
            address,
            roots: TlsRoots::default(),
            gone,
        }
    }

    /// Inside TLS.
    async fn tls(protocol: &[u8], drops: Vec<u8>) -> Self {
        let (roots, config) = certificate("127.0.0.1", &[protocol]);
        let acceptor = TlsAcceptor::from(config);
        let (told, gone) = mpsc::unbounded_channel();
        let (address, _) = stream_server(move |stream, _| {
            let (drops, told, acceptor) = (drops.clone(), told.clone(), acceptor.clone());
            async move {
                trickle(acceptor.accept(stream).await.unwrap(), drops).await;
                told.send(()).unwrap();
            }
        })
        .await;
        Self {
            address,
            roots,
            gone,
        }
    }

    async fn is_left(&mut self) {
        let left = tokio::time::timeout(Duration::from_secs(5), self.gone.recv());
        left.await.expect("the connection was closed").unwrap();
    }
}

async fn trickle(stream: impl AsyncRead + AsyncWrite, drops: Vec<u8>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let write = async {
        for byte in drops {
            tokio::time::sleep(DROP).await;
            // The reader notices that the client has gone.
            let _ = writer.write_all(&[byte]).await;
            let _ = writer.flush().await;
        }
        std::future::pending().await
    };
    let read = async {
        let mut buffer = [0; 4096];
        while matches!(reader.read(&mut buffer).await, Ok(1..)) {}
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}

/// What a client does with a server, and what the server drips.
struct Way {
    name: &'static str,
    slow: Slow,
    server: String,
    proxy: Option<Proxy>,
}

/// The head of an answer over HTTP, and the beginning of a body that never ends.
fn http_drops() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/dns-message\r\n\
                content-length: 60000\r\n\r\n";
    [head.as_bytes(), &[0; 500]].concat()
}

/// The frames that open a connection of HTTP/2 (RFC 9113 §3.4), then a frame of 16,000 bytes.
fn http2_drops() -> Vec<u8> {
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    [&settings[..], &[0, 0x3e, 0x80, 0, 0, 0, 0, 0, 1], &[0; 500]].concat()
}

async fn ways(is_silent: bool) -> Vec<Way> {
    let drops = |bytes: Vec<u8>| if is_silent { Vec::new() } else { bytes };
    // A message of 65,535 bytes.
    let message = || drops([&[0xff; 2][..], &[0; 500]].concat());
    // A record of TLS that is to be 16,384 bytes long.
    let handshake = || drops([&[22, 3, 3, 0x40, 0][..], &[0; 500]].concat());
    // A proxy that agrees to all, and gives the longest name as its own.
    let proxy = || drops([&[5, 2, 1, 0, 5, 0, 0, 3, 255][..], &[b'a'; 500]].concat());
    let way = |name, slow: Slow, server: &str, through| Way {
        name,
        server: server.replace("ADDRESS", &slow.address.to_string()),
        proxy: through,
        slow,
    };
    let mut ways = vec![
        way("TCP", Slow::bare(message()).await, "tcp://ADDRESS", None),
        way(
            "a TLS handshake",
            Slow::bare(handshake()).await,
            "tls://ADDRESS",
            None,
        ),
        way(
            "TLS",
            Slow::tls(b"dot", message()).await,
            "tls://ADDRESS",
            None,
        ),
        way(
            "HTTP",
            Slow::bare(drops(http_drops())).await,
            "http://ADDRESS/dns-query",
            None,
        ),
        way(
            "an HTTPS handshake",
            Slow::bare(handshake()).await,
            "https://ADDRESS/dns-query",
            None,
        ),
        way(
            "HTTPS",
            Slow::tls(b"h2", drops(http2_drops())).await,
            "https://ADDRESS/dns-query",
            None,
        ),
    ];
    for (name, server) in [
        ("a proxy to TCP", "tcp://127.0.0.1:1"),
        ("a proxy to TLS", "tls://dns.example"),
        ("a proxy to HTTPS", "https://dns.example/dns-query"),
    ] {
        let slow = Slow::bare(proxy()).await;
        let proxy = through(slow.address);
        ways.push(way(name, slow, server, proxy));
    }
    ways
}

#[tokio::test]
async fn silence_and_drops_end_in_the_time_of_a_question_and_of_a_name() {
    let handle: Handle = "alice@example.com".parse().unwrap();
    for is_silent in [true, false] {
        for way in ways(is_silent).await {
            let name = way.name;
            let client = client_with(&way.server, &way.slow.roots, way.proxy);
            let (outcome, took) = timed(client.exchange(&question())).await;
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, ExchangeError::Timeout { .. }),
                "{name}: {error}"
            );
            assert!(took >= SHORT.attempt, "{name}: {took:?}: {error}");
            assert!(took < SHORT.exchange() * SLACK, "{name}: {took:?}");
            let (outcome, took) = timed(client.gather(&handle)).await;
            outcome.unwrap_err();
            assert!(took < SHORT.total * SLACK, "{name}: {took:?}");
        }
    }
}

#[tokio::test]
async fn a_proof_server_that_is_silent_or_drips_is_given_up() {
    let handle: Handle = "alice@example.com".parse().unwrap();
    for drops in [Vec::new(), http_drops()] {
        let mut slow = Slow::bare(drops).await;
        let options = ClientOptions {
            timeouts: SHORT,
            ..ClientOptions::default()
        };
        let server = format!("payname+http://{}", slow.address).parse().unwrap();
        let client = ProofClient::with_options(server, options).unwrap();
        let (outcome, took) = timed(client.gather(&handle)).await;
        let Err(ProofClientError::Http { source, .. }) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(source.is_timeout(), "{source:?}");
        assert!(took < SHORT.exchange() * SLACK, "{took:?}");
        slow.is_left().await;
    }
}

#[tokio::test]
async fn a_question_that_is_dropped_with_its_client_leaves_no_connection_behind() {
    for mut way in ways(true).await {
        let client = client_with(&way.server, &way.slow.roots, way.proxy);
        let question = question();
        let asking = tokio::time::timeout(Duration::from_millis(100), client.exchange(&question));
        asking.await.unwrap_err();
        drop(client);
        way.slow.is_left().await;
    }
}

#[tokio::test]
async fn a_name_that_is_dropped_leaves_no_circuit_behind_though_the_client_stays() {
    let handle: Handle = "alice@example.com".parse().unwrap();
    for mut way in ways(true).await {
        if way.proxy.is_none() {
            continue;
        }
        let client = client_with(&way.server, &way.slow.roots, way.proxy);
        let asking = tokio::time::timeout(Duration::from_millis(100), client.gather(&handle));
        asking.await.unwrap_err();
        way.slow.is_left().await;
    }
}

#[cfg(feature = "quic")]
#[tokio::test]
async fn over_quic_drops_end_in_time_and_a_client_that_has_gone_says_so() {
    use quinn::crypto::rustls::QuicServerConfig;

    let (roots, config) = certificate("dns.example", &[b"doq"]);
    let crypto = QuicServerConfig::try_from((*config).clone()).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, LOOPBACK.into()).unwrap();
    let server = format!("quic://{}#dns.example", endpoint.local_addr().unwrap());
    let (told, mut gone) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            let connection = incoming.await.unwrap();
            let told = told.clone();
            tokio::spawn(async move {
                let (mut sender, _receiver) = connection.accept_bi().await.unwrap();
                let drip = async {
                    loop {
                        tokio::time::sleep(DROP).await;
                        let _ = sender.write_all(&[0xff]).await;
                    }
                };
                tokio::select! {
                    () = drip => {}
                    reason = connection.closed() => told.send(reason).unwrap(),
                }
            });
        }
    });
    let client = client_with(&server, &roots, None);
    let (outcome, took) = timed(client.exchange(&question())).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, ExchangeError::Timeout { .. }), "{error}");
    assert!(took < SHORT.exchange() * SLACK, "{took:?}");
    drop(client);
    let left = tokio::time::timeout(Duration::from_secs(5), gone.recv());
    left.await.expect("the connection was closed").unwrap();

    let client = client_with(&server, &roots, None);
    let question = question();
    let asking = tokio::time::timeout(Duration::from_millis(150), client.exchange(&question));
    asking.await.unwrap_err();
    drop(client);
    let left = tokio::time::timeout(Duration::from_secs(5), gone.recv());
    left.await.expect("the connection was closed").unwrap();
}
