//! Through a SOCKS proxy, and by no other way.

use std::sync::Mutex;

use tokio::io::copy_bidirectional;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::Handle;

/// What a proxy saw of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// User and password.
    pub(crate) credentials: Option<(String, String)>,
    /// The address type and the host as it was sent.
    pub(crate) host: (u8, Vec<u8>),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}

/// A proxy that connects everything to `target` and chooses `method` when it is offered.
pub(crate) async fn socks_server(target: SocketAddr, method: u8) -> (SocketAddr, Log) {
    let log = Log::default();
    let written = log.clone();
    let (address, _) = stream_server(move |stream, _| {
        let log = written.clone();
        async move {
            // A client that does not like the proxy hangs up.
            let _ = serve(stream, target, method, log).await;
        }
    })
    .await;
    (address, log)
}

async fn serve(
    mut stream: TcpStream,
    target: SocketAddr,
    method: u8,
    log: Log,
) -> std::io::Result<()> {
    assert_eq!(stream.read_u8().await?, 5);
    let offered = read_text(&mut stream).await?;
    if !offered.contains(&method) {
        return stream.write_all(&[5, 0xff]).await;
    }
    stream.write_all(&[5, method]).await?;
    let credentials = if method == 2 {
        assert_eq!(stream.read_u8().await?, 1);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let user = text(read_text(&mut stream).await?);
        let password = text(read_text(&mut stream).await?);
        stream.write_all(&[1, u8::from(user == "nobody")]).await?;
        Some((user, password))
    } else {
        None
    };
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    assert_eq!(request[..3], [5, 1, 0]);
    let host = match request[3] {
        1 => {
            let mut host = vec![0; 4];
            stream.read_exact(&mut host).await?;
            host
        }
        3 => read_text(&mut stream).await?,
        other => panic!("address type {other}"),
    };
    stream.read_u16().await?;
    let host = (request[3], host);
    log.0.lock().unwrap().push(Seen { credentials, host });
    let Ok(mut server) = TcpStream::connect(target).await else {
        return stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    };
    // The bound address as a name, which is as good as any.
    stream
        .write_all(b"\x05\x00\x00\x03\x04host\x00\x01")
        .await?;
    copy_bidirectional(&mut stream, &mut server).await?;
    Ok(())
}

async fn read_text(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut text = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut text).await?;
    Ok(text)
}

pub(crate) fn through(proxy: SocketAddr) -> Option<Proxy> {
    Some(format!("socks5://{proxy}").parse().unwrap())
}

/// A DNS over TCP server.
async fn dns_server() -> SocketAddr {
    let (server, _) =
        stream_server(|stream, _| answer_all(stream, |query| framed(&answer(query)))).await;
    server
}

#[tokio::test]
async fn every_name_has_credentials_of_its_own_and_its_questions_share_a_connection() {
    let target = dns_server().await;
    let (proxy, log) = socks_server(target, 2).await;
    let client = client_with(
        &format!("tcp://{target}"),
        &TlsRoots::default(),
        through(proxy),
    );
    for name in ["alice@example.com", "bob@example.com", "alice@example.com"] {
        let handle: Handle = name.parse().unwrap();
        // The answers hold no records, which proves nothing and is not what this is about.
        client.gather(&handle).await.unwrap_err();
    }
    let seen = log.seen();
    assert_eq!(seen.len(), 3, "one connection for each name: {seen:?}");
    let users: std::collections::HashSet<_> =
        seen.iter().map(|seen| seen.credentials.clone()).collect();
    assert_eq!(users.len(), 3, "{seen:?}");
    for seen in seen {
        let (user, password) = seen.credentials.unwrap();
        assert_eq!((user.len(), password.len()), (32, 32));
        assert_ne!(user, password);
    }
}

#[tokio::test]
async fn host_names_are_looked_up_by_the_proxy() {
    let (roots, config) = certificate("dns.example", &[b"dot"]);
    let acceptor = TlsAcceptor::from(config);
    let (target, _) = stream_server(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            answer_all(stream, |query| framed(&answer(query))).await;
        }
    })
    .await;
    let (proxy, log) = socks_server(target, 2).await;
    // No resolver of this machine knows this name.
    let client = client_with("tls://dns.example", &roots, through(proxy));
    client.exchange(&question()).await.unwrap();
    assert_eq!(log.seen()[0].host, (3, b"dns.example".to_vec()));
}

#[tokio::test]
async fn https_goes_through_the_proxy_too_with_credentials_for_each_name() {
    let (roots, config) = certificate("dns.example", &[b"h2"]);
    let acceptor = TlsAcceptor::from(config);
    let (target, _) = stream_server(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let _handshake = acceptor.accept(stream).await;
        }
    })
    .await;
    let (proxy, log) = socks_server(target, 2).await;
    let client = client_with("https://dns.example/dns-query", &roots, through(proxy));
    for _ in 0..2 {
        // The server hangs up after the handshake.
        client.exchange(&question()).await.unwrap_err();
    }
    let seen = log.seen();
    assert!(seen.len() >= 2, "{seen:?}");
    for seen in &seen {
        assert_eq!(seen.host, (3, b"dns.example".to_vec()));
        assert!(seen.credentials.is_some());
    }
    let users: std::collections::HashSet<_> = seen.iter().map(|seen| &seen.credentials).collect();
    assert_eq!(users.len(), 2, "{seen:?}");
}

#[tokio::test]
async fn credentials_that_are_given_are_used_for_all_names() {
    let target = dns_server().await;
    let (proxy, log) = socks_server(target, 2).await;
    let proxy = format!("socks5://me:secret@{proxy}").parse().unwrap();
    let client = client_with(
        &format!("tcp://{target}"),
        &TlsRoots::default(),
        Some(proxy),
    );
    all_are_answered(&client, &burst(4)).await;
    let expected = Some(("me".to_owned(), "secret".to_owned()));
    let [seen] = &log.seen()[..] else { panic!() };
    assert_eq!(seen.credentials, expected);
}

#[tokio::test]
async fn credentials_that_the_proxy_does_not_take_are_told() {
    let (proxy, _) = socks_server(dns_server().await, 2).await;
    let proxy = format!("socks5://nobody:secret@{proxy}").parse().unwrap();
    let client = client_with("tcp://127.0.0.1:1", &TlsRoots::default(), Some(proxy));
    let error = client.exchange(&question()).await.unwrap_err();
    let ExchangeError::Proxy { source, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(matches!(source, SocksError::Credentials), "{source}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_proxy_that_takes_no_credentials_serves_only_those_who_want_no_isolation() {
    let target = dns_server().await;
    let (address, log) = socks_server(target, 0).await;
    let server = format!("tcp://{target}");
    let isolating = client_with(&server, &TlsRoots::default(), through(address));
    let error = isolating.exchange(&question()).await.unwrap_err();
    assert!(
        matches!(
            error,
            ExchangeError::Proxy {
                source: SocksError::Method,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(log.seen(), []);
    let Some(Proxy::Socks5 { host, port, .. }) = through(address) else {
        panic!()
    };
    let plain = Proxy::Socks5 {
        host,
        port,
        isolation: Isolation::None,
    };
    let client = client_with(&server, &TlsRoots::default(), Some(plain));
    client.exchange(&question()).await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_fails_is_told_and_nothing_goes_around_it() {
    let (target, count) =
        stream_server(|stream, _| answer_all(stream, |query| framed(&answer(query)))).await;
    let unused = TcpListener::bind(LOOPBACK)
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (refusing, _) = socks_server(unused, 2).await;
    let (rude, _) = stream_server(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let (abrupt, _) = stream_server(|_, _| async {}).await;
    for proxy in [unused, refusing, rude, abrupt] {
        let server = format!("tcp://{target}");
        let client = client_with(&server, &TlsRoots::default(), through(proxy));
        let error = client.exchange(&question()).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Proxy { .. }), "{error:?}");
    }
    assert_eq!(count.read(), 0);
}

#[test]
fn a_server_that_is_asked_by_datagrams_is_refused_before_anything_is_sent() {
    for server in ["9.9.9.9", "quic://dns.example"] {
        let options = ClientOptions {
            proxy: Some("socks5://127.0.0.1:9050".parse().unwrap()),
            ..ClientOptions::default()
        };
        let error = Client::with_options(server.parse().unwrap(), options).unwrap_err();
        assert!(
            matches!(error, ClientError::NotThroughProxy { .. }),
            "{error:?}"
        );
    }
}
