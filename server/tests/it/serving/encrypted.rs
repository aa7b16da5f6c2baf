//! DNS over TLS, HTTPS and QUIC, as others speak it.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use payname_api::State;
use payname_resolver::{
    Handle, UnixTime,
    hickory_proto::{op::Message, rr::RecordType},
    net::{Client, ClientOptions, TlsRoots},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{ask_with, soa_query};
use crate::{
    scene::{DOMAIN, Scene, keys, now, uri},
    unbound::Unbound,
};

const HOST: &str = "dns.example.test";

/// A server with a certificate of its own, and a name published on it.
struct Encrypted {
    scene: Scene,
    folder: tempfile::TempDir,
    pem: String,
}

impl Encrypted {
    async fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pem = certify(folder.path());
        let path = folder.path().display();
        let keys_of_dns = format!(
            "{more}\n[dns.tls]\ncertificate = \"{path}/chain.pem\"\nkey = \"{path}/key.pem\"\n\
             dot_listen = [\"127.0.0.1:0\"]\ndoh_listen = [\"127.0.0.1:0\"]\ndoq_listen = [\"127.0.0.1:0\"]"
        );
        let scene = Scene::start_serving(&keys_of_dns).await;
        let contact = scene.contact();
        contact.put(&keys(1), "alice", &uri("a")).await.handle();
        contact.until("alice", State::Published).await;
        Self { scene, folder, pem }
    }

    fn dot(&self) -> SocketAddr {
        self.scene.running().encrypted_addrs().dot[0]
    }

    fn doh(&self) -> SocketAddr {
        self.scene.running().encrypted_addrs().doh[0]
    }

    fn doq(&self) -> SocketAddr {
        self.scene.running().encrypted_addrs().doq[0]
    }

    fn authority(&self) -> String {
        self.folder.path().join("chain.pem").display().to_string()
    }

    /// A client that believes the certificate that was there at the start.
    fn reqwest(&self) -> reqwest::Client {
        let root = reqwest::Certificate::from_pem(self.pem.as_bytes()).unwrap();
        reqwest::Client::builder()
            .add_root_certificate(root)
            .resolve(HOST, self.doh())
            .build()
            .unwrap()
    }
}

/// Writes a new certificate and its key.
fn certify(folder: &Path) -> String {
    let names = [HOST.to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = folder.join("key.pem");
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
    made.cert.pem()
}

#[tokio::test]
async fn kdig_asks_over_tls_https_and_quic_and_gets_padded_answers() {
    let server = Encrypted::start("").await;
    let (ca, host) = (
        format!("+tls-ca={}", server.authority()),
        format!("+tls-hostname={HOST}"),
    );
    let owner = "alice.user._bitcoin-payment.example.test.";
    let https = format!("+https={HOST}/dns-query");
    let by_get = "+https-get".to_owned();
    for (at, ways) in [
        (server.dot(), vec!["+tls".to_owned()]),
        (server.doh(), vec![https.clone()]),
        (server.doh(), vec![https, by_get]),
        (server.doq(), vec!["+quic".to_owned()]),
    ] {
        // What is said of TLS turns it on, and what comes later turns it into something else.
        let mut arguments = vec![ca.as_str(), host.as_str(), "+dnssec", "+padding"];
        arguments.extend(ways.iter().map(String::as_str));
        arguments.extend([owner, "TXT"]);
        let said = ask_with("kdig", at, &arguments).await;
        assert!(said.contains("status: NOERROR"), "{ways:?}: {said}");
        assert!(
            said.contains("bitcoin:") && said.contains("RRSIG"),
            "{said}"
        );
        assert!(said.contains("PADDING: "), "{ways:?}: {said}");
        assert!(!said.contains("WARNING"), "{ways:?}: {said}");
    }
}

#[tokio::test]
async fn our_own_resolver_proves_a_name_over_tls_https_and_quic() {
    let server = Encrypted::start("").await;
    let handle = Handle::new("alice", DOMAIN).unwrap();
    let anchors = server.scene.contact().anchors().await;
    for url in [
        format!("tls://{}", server.dot()),
        format!("https://{}/dns-query", server.doh()),
        format!("quic://{}", server.doq()),
    ] {
        let options = ClientOptions {
            roots: TlsRoots::from_pem(server.pem.as_bytes()).unwrap(),
            ..ClientOptions::default()
        };
        let client = Client::with_options(url.parse().unwrap(), options).unwrap();
        let gathered = client.gather(&handle).await.unwrap();
        let verified = gathered.proof.verify(&handle, &anchors, UnixTime(now()));
        assert_eq!(verified.unwrap().uri(), uri("a"), "{url}");
    }
}

#[tokio::test]
async fn an_answer_over_https_may_be_kept_as_long_as_its_smallest_ttl_says() {
    let server = Encrypted::start("").await;
    let client = server.reqwest();
    let url = format!("https://{HOST}/dns-query");
    let encoded = data_encoding::BASE64URL_NOPAD.encode(&soa_query(0));
    let by_get = client.get(format!("{url}?dns={encoded}")).send();
    let by_get = by_get.await.unwrap();
    assert_eq!(by_get.status(), 200);
    assert_eq!(by_get.version(), reqwest::Version::HTTP_2);
    assert_eq!(by_get.headers()["content-type"], "application/dns-message");
    let freshness = by_get.headers()["cache-control"].clone();
    let answer = Message::from_vec(&by_get.bytes().await.unwrap()).unwrap();
    assert_eq!(answer.answers[0].record_type(), RecordType::SOA);
    let smallest = answer.answers.iter().map(|record| record.ttl).min();
    assert_eq!(freshness, format!("max-age={}", smallest.unwrap()).as_str());

    let post = |kind: &'static str, body: Vec<u8>| {
        let request = client.post(&url).header("content-type", kind).body(body);
        async { request.send().await.unwrap() }
    };
    let mut refused = soa_query(0);
    let end = refused
        .windows(5)
        .position(|part| part == b"\x04test")
        .unwrap();
    refused[end + 1] = b'x';
    let refused = post("application/dns-message", refused).await;
    assert_eq!(refused.status(), 200);
    assert_eq!(refused.headers()["cache-control"], "no-store");
    assert_eq!(post("text/plain", soa_query(0)).await.status(), 415);
    assert_eq!(
        post("application/dns-message", vec![0; 3]).await.status(),
        400
    );
    assert_eq!(
        post("application/dns-message", vec![0; 70_000])
            .await
            .status(),
        413
    );
    let get = async |path: &str| {
        let url = format!("https://{HOST}{path}");
        client.get(url).send().await.unwrap().status()
    };
    assert_eq!(get("/dns-query?dns=*").await, 400);
    assert_eq!(get("/dns-query").await, 400);
    assert_eq!(get("/").await, 404);
}

#[tokio::test]
async fn a_browser_of_old_asks_by_http_1_1_and_a_connection_has_so_many_requests() {
    let server = Encrypted::start("queries_per_connection = 2").await;
    let root = reqwest::Certificate::from_pem(server.pem.as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .add_root_certificate(root)
        .resolve(HOST, server.doh())
        .http1_only()
        .build()
        .unwrap();
    for _ in 0..5 {
        let request = client.post(format!("https://{HOST}/dns-query"));
        let request = request.header("content-type", "application/dns-message");
        let response = request.body(soa_query(0)).send().await.unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_11);
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let server = Encrypted::start("").await;
    let ask = async |pem: &str| {
        let options = ClientOptions {
            roots: TlsRoots::from_pem(pem.as_bytes()).unwrap(),
            ..ClientOptions::default()
        };
        let url = format!("tls://{}", server.dot());
        let client = Client::with_options(url.parse().unwrap(), options).unwrap();
        client.gather(&Handle::new("alice", DOMAIN).unwrap()).await
    };
    assert!(ask(&server.pem).await.is_ok());
    let new = certify(server.folder.path());
    let deadline = Instant::now() + Duration::from_secs(20);
    while ask(&new).await.is_err() {
        assert!(
            Instant::now() < deadline,
            "the new certificate is not shown"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(ask(&server.pem).await.is_err(), "the old one is gone");
}

#[tokio::test]
async fn handshakes_that_are_never_finished_keep_nobody_out() {
    let more = "exempt = []\nconnections = 40\nconnections_per_client = 20\nidle_seconds = 2";
    let server = Encrypted::start(more).await;
    let mut half = Vec::new();
    for count in 0..100 {
        for at in [server.dot(), server.doh()] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            // Nothing, the beginning of a handshake, or no handshake at all.
            let said: &[u8] = [&b""[..], &[22, 3, 1, 2, 0, 1], b"GET / HTTP/1.1\r\n"][count % 3];
            let _ = stream.write_all(said).await;
            half.push(stream);
        }
    }
    // Datagrams that could be the beginning of something.
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for octet in 0..=255 {
        let datagram = vec![octet; 1200];
        let _ = socket.send_to(&datagram, server.doq()).await;
    }
    let begun = Instant::now();
    for (at, way) in [
        (server.dot(), "+tls"),
        (server.doh(), "+https"),
        (server.doq(), "+quic"),
    ] {
        let said = ask_with("kdig", at, &[way, "example.test.", "SOA"]).await;
        assert!(said.contains("status: NOERROR"), "{way}: {said}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    // Who does not go on is sent away.
    let mut last = half.pop().unwrap();
    let reading = async { while let Ok(1..) = last.read(&mut [0; 512]).await {} };
    let ended = tokio::time::timeout(Duration::from_secs(10), reading).await;
    assert!(ended.is_ok(), "an unfinished handshake lives on");
}

#[tokio::test]
async fn unbound_validates_what_it_gets_over_tls() {
    let server = Encrypted::start("").await;
    let ds = server.scene.running().ds_records().remove(0);
    let more = format!("tls-cert-bundle: \"{}\"", server.authority());
    let stub = format!(
        "stub-addr: {}@{}#{HOST}\n stub-tls-upstream: yes",
        server.dot().ip(),
        server.dot().port()
    );
    let unbound = Unbound::start(&ds, &more, &stub).await;
    let owner = "alice.user._bitcoin-payment.example.test.";
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let asked = ["+dnssec", "+adflag", "+timeout=2", "+tries=1", owner, "TXT"];
        let said = ask_with("dig", unbound.address, &asked).await;
        if said.contains("status: NOERROR") {
            let flags = said.lines().find(|line| line.starts_with(";; flags:"));
            assert!(flags.unwrap().contains(" ad"), "{said}");
            assert!(said.contains("bitcoin:"), "{said}");
            return;
        }
        assert!(Instant::now() < deadline, "{said}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// The body of a query that never comes.
struct Never;

impl hyper::body::Body for Never {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn a_query_over_https_that_never_comes_is_given_up_though_others_of_its_connection_do() {
    let server = Encrypted::start("idle_seconds = 1").await;
    let client = server.reqwest();
    let post = || {
        let request = client.post(format!("https://{HOST}/dns-query"));
        request.header("content-type", "application/dns-message")
    };
    let ask = async || {
        let answer = post().body(soa_query(0)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    };
    ask().await; // the connection that the others share
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..50 {
            pause.tick().await;
            ask().await;
        }
    };
    let never = post().body(reqwest::Body::wrap(Never)).send();
    tokio::select! {
        answer = never => assert_eq!(answer.unwrap().status(), 408),
        () = asking => panic!("it is waited for"),
    }
}
