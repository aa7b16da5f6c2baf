//! Every transport against a server of its kind that no one here wrote.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo, Server};
use hickory_server::zone_handler::MessageResponseBuilder;
use payname_resolver::net::{
    Client, ClientOptions, CrossCheckError, Endpoints, EndpointsOptions, Timeouts, TlsRoots,
    blocking, cross_check,
};
use payname_resolver::{Handle, VerifyError};
use payname_tests::dns::{Lie, over_tcp};
use payname_tests::service::Service;
use payname_tests::{World, port, tools};
use payname_zones::Denial;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::rustls;

const ALICE: &str = "₿alice@example.test";
const NOBODY: &str = "₿nobody@example.test";
const TIMEOUTS: Timeouts = Timeouts {
    attempt: Duration::from_secs(5),
    attempts: 2,
    total: Duration::from_secs(20),
};

/// Longer than any datagram that arrives in one piece.
fn uri() -> String {
    format!("bitcoin:?lno=lno1{}", "q".repeat(1800))
}

async fn world() -> World {
    World::with_zone("example.test")
        .denial(Denial::Nsec3)
        .record("alice", &uri())
        .start()
        .await
        .unwrap()
}

/// A certificate for `dns.example` and this machine.
struct Certificate {
    roots: TlsRoots,
    pem: String,
    key_pem: String,
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Certificate {
    fn new() -> Self {
        let names = ["dns.example".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let pem = made.cert.pem();
        Self {
            roots: TlsRoots::from_pem(pem.as_bytes()).unwrap(),
            pem,
            key_pem: made.signing_key.serialize_pem(),
            chain: vec![made.cert.der().clone()],
            key: made.signing_key.serialize_der(),
        }
    }

    fn options(&self) -> ClientOptions {
        ClientOptions {
            timeouts: TIMEOUTS,
            proxy: None,
            roots: self.roots.clone(),
        }
    }
}

/// A real Unbound on UDP, TCP, TLS and HTTPS.
struct Encrypted {
    plain: SocketAddr,
    tls: SocketAddr,
    https: SocketAddr,
    certificate: Certificate,
    _service: Service,
    _folder: TempDir,
}

impl Encrypted {
    async fn start(world: &World) -> Self {
        let program = tools::tool("unbound").unwrap();
        let folder = tempfile::Builder::new()
            .prefix("payname-unbound-")
            .tempdir()
            .unwrap();
        let certificate = Certificate::new();
        fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
        fs::write(folder.path().join("cert.pem"), &certificate.pem).unwrap();
        fs::write(folder.path().join("key.pem"), &certificate.key_pem).unwrap();
        for attempt in 1.. {
            let [plain, tls, https] = [0; 3].map(|_| port::free().unwrap());
            let text = configuration(folder.path(), world, [plain, tls, https]);
            let file = folder.path().join("unbound.conf");
            fs::write(&file, text).unwrap();
            let mut command = Command::new(&program);
            command.args(["-d", "-p", "-c"]).arg(&file);
            let log = folder.path().join("unbound.log");
            let mut service = Service::start("unbound", command, &log).unwrap();
            let ready = async || TcpStream::connect(https).await.is_ok();
            match service.wait_until(Duration::from_secs(20), ready).await {
                Ok(()) => {
                    return Self {
                        plain,
                        tls,
                        https,
                        certificate,
                        _service: service,
                        _folder: folder,
                    };
                }
                Err(error) => assert!(attempt < port::ATTEMPTS, "{error:?}"),
            }
        }
        unreachable!("the last attempt panics")
    }
}

fn configuration(folder: &Path, world: &World, at: [SocketAddr; 3]) -> String {
    let folder = folder.display();
    let [plain, tls, https] = at.map(|address| address.port());
    let stubs = world.addresses().iter().map(|(zone, server)| {
        let (address, port) = (server.ip(), server.port());
        format!("stub-zone:\n  name: \"{zone}\"\n  stub-addr: {address}@{port}\n")
    });
    let stubs: String = stubs.collect();
    format!(
        r#"server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  do-ip6: no
  interface: 127.0.0.1@{plain}
  interface: 127.0.0.1@{tls}
  interface: 127.0.0.1@{https}
  tls-port: {tls}
  https-port: {https}
  tls-service-key: "{folder}/key.pem"
  tls-service-pem: "{folder}/cert.pem"
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: "{folder}/anchors"
  trust-anchor-signaling: no
  target-fetch-policy: "0 0 0 0 0"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
{stubs}"#
    )
}

/// A relay that counts the connections to a server.
struct Counter {
    address: SocketAddr,
    count: Arc<AtomicUsize>,
}

impl Counter {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut onward = TcpStream::connect(server).await.unwrap();
                    // How the connection ends is the two others' business.
                    let _ = copy_bidirectional(&mut stream, &mut onward).await;
                });
            }
        });
        Self { address, count }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// Proves a name that exists and one that does not.
async fn both_names_are_judged(world: &World, client: &Client) {
    let judge = async |name: &str| {
        let handle: Handle = name.parse().unwrap();
        let gathered = client.gather(&handle).await.unwrap();
        assert_eq!(gathered.unanswered, []);
        gathered
            .proof
            .verify(&handle, &world.anchors(), world.now())
    };
    assert_eq!(judge(ALICE).await.unwrap().uri(), uri());
    let denied = judge(NOBODY).await.unwrap_err();
    assert!(matches!(denied, VerifyError::Denied(_)), "{denied}");
}

#[tokio::test]
async fn unbound_is_asked_over_udp_tcp_tls_and_https_with_one_connection_for_all_questions() {
    let world = world().await;
    let unbound = Encrypted::start(&world).await;
    let options = unbound.certificate.options();
    let udp = Client::with_options(unbound.plain.into(), options.clone()).unwrap();
    both_names_are_judged(&world, &udp).await;
    for (to, server) in [
        (unbound.plain, "tcp://ADDRESS"),
        (unbound.tls, "tls://ADDRESS"),
        (unbound.tls, "tls://ADDRESS#dns.example"),
        (unbound.https, "https://ADDRESS/dns-query"),
    ] {
        let counter = Counter::before(to).await;
        let server = server.replace("ADDRESS", &counter.address.to_string());
        let client = Client::with_options(server.parse().unwrap(), options.clone()).unwrap();
        both_names_are_judged(&world, &client).await;
        assert_eq!(counter.count(), 1, "{server}");
    }
}

#[tokio::test]
async fn unbound_with_another_certificate_than_the_one_that_is_believed_is_refused() {
    let world = world().await;
    let unbound = Encrypted::start(&world).await;
    let handle: Handle = ALICE.parse().unwrap();
    let (tls, https) = (unbound.tls, unbound.https);
    for (server, roots) in [
        (format!("tls://{tls}"), TlsRoots::default()),
        (format!("https://{https}/dns-query"), TlsRoots::default()),
        (
            format!("tls://{tls}#other.example"),
            unbound.certificate.roots.clone(),
        ),
    ] {
        let options = ClientOptions {
            timeouts: TIMEOUTS,
            roots,
            ..ClientOptions::default()
        };
        let client = Client::with_options(server.parse().unwrap(), options).unwrap();
        let error = client.gather(&handle).await.unwrap_err().to_string();
        assert!(error.contains("certificate"), "{server}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unbound_is_asked_without_a_runtime() {
    let world = world().await;
    let unbound = world.unbound().await.unwrap();
    let handle: Handle = ALICE.parse().unwrap();
    for server in [
        unbound.address().to_string(),
        format!("tcp://{}", unbound.address()),
    ] {
        let server = server.parse().unwrap();
        let asked = handle.clone();
        let gathered = std::thread::spawn(move || {
            let client = blocking::Client::with_timeouts(server, TIMEOUTS).unwrap();
            client.gather(&asked).unwrap()
        });
        let proof = tokio::task::spawn_blocking(|| gathered.join())
            .await
            .unwrap()
            .unwrap()
            .proof;
        let verified = proof.verify(&handle, &world.anchors(), world.now());
        assert_eq!(verified.unwrap().uri(), uri());
    }
}

/// Answers over QUIC with what another server answers over TCP.
struct Forward(SocketAddr);

#[async_trait::async_trait]
impl RequestHandler for Forward {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut handle: R,
    ) -> ResponseInfo {
        let answer = over_tcp(self.0, request.as_slice()).await.unwrap();
        let builder = MessageResponseBuilder::from_message_request(request);
        let response = builder.build(
            answer.metadata,
            &answer.answers,
            &answer.authorities,
            [],
            &answer.additionals,
        );
        handle.send_response(response).await.unwrap()
    }
}

#[tokio::test]
async fn hickory_is_asked_over_quic() {
    let world = world().await;
    let certificate = Certificate::new();
    let provider = rustls::crypto::ring::default_provider();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certificate.key.clone());
    let key =
        rustls::sign::CertifiedKey::from_der(certificate.chain.clone(), key.into(), &provider)
            .unwrap();
    let resolver = rustls::sign::SingleCertAndKey::from(key);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut server = Server::new(Forward(world.recursor().address()));
    server
        .register_quic_listener(socket, Duration::from_secs(5), Arc::new(resolver))
        .unwrap();
    let url = format!("quic://{address}#dns.example");
    let client = Client::with_options(url.parse().unwrap(), certificate.options()).unwrap();
    both_names_are_judged(&world, &client).await;

    let stranger = Client::with_timeouts(url.parse().unwrap(), TIMEOUTS).unwrap();
    let error = stranger.gather(&ALICE.parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    server.shutdown_gracefully().await.unwrap();
}

/// A SOCKS 5 proxy as Tor is one: any credentials, names looked up behind it.
struct Socks {
    address: SocketAddr,
    /// Credentials and host of each connection.
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Socks {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                tokio::spawn(async move {
                    // A client that gives up in between ends its connection only.
                    let _ = Self::serve(stream, target, log).await;
                });
            }
        });
        Self { address, seen }
    }

    async fn serve(
        mut stream: TcpStream,
        target: SocketAddr,
        log: Arc<Mutex<Vec<(String, String)>>>,
    ) -> std::io::Result<()> {
        async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
            let mut text = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut text).await?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        assert_eq!(stream.read_u8().await?, 5);
        assert!(text(&mut stream).await?.contains('\u{2}'));
        stream.write_all(&[5, 2]).await?;
        assert_eq!(stream.read_u8().await?, 1);
        let credentials = format!("{}:{}", text(&mut stream).await?, text(&mut stream).await?);
        stream.write_all(&[1, 0]).await?;
        let mut request = [0; 4];
        stream.read_exact(&mut request).await?;
        assert_eq!(request, [5, 1, 0, 3], "a connection to a name");
        let host = text(&mut stream).await?;
        stream.read_u16().await?;
        log.lock().unwrap().push((credentials, host));
        let mut onward = TcpStream::connect(target).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut onward).await?;
        Ok(())
    }
}

#[tokio::test]
async fn unbound_is_asked_over_tls_and_https_through_a_proxy_that_sees_no_two_names_together() {
    let world = world().await;
    let unbound = Encrypted::start(&world).await;
    for (to, server) in [
        (unbound.tls, "tls://dns.example"),
        (unbound.https, "https://dns.example/dns-query"),
    ] {
        let socks = Socks::to(to).await;
        let options = ClientOptions {
            proxy: Some(format!("socks5://{}", socks.address).parse().unwrap()),
            ..unbound.certificate.options()
        };
        let client = Client::with_options(server.parse().unwrap(), options).unwrap();
        both_names_are_judged(&world, &client).await;
        let seen = socks.seen.lock().unwrap().clone();
        let [(alice, host), (nobody, other)] = &seen[..] else {
            panic!("{server}: one connection for each name: {seen:?}");
        };
        assert_eq!([host.as_str(), other], ["dns.example"; 2]);
        assert_ne!(alice, nobody, "{server}");
    }
}

#[tokio::test]
async fn a_list_goes_on_from_a_resolver_that_lies_to_one_that_does_not() {
    let world = world().await;
    let handle: Handle = ALICE.parse().unwrap();
    let unbound = world.unbound().await.unwrap();
    let list = format!("{} {}", world.recursor().address(), unbound.address());
    let options = ClientOptions {
        timeouts: TIMEOUTS,
        ..ClientOptions::default()
    };
    let endpoints = Endpoints::open(
        &list.parse().unwrap(),
        &options,
        EndpointsOptions::default(),
    )
    .unwrap();
    let anchors = world.anchors();
    for lie in [Lie::ChangedText, Lie::ServerFailure, Lie::Silence] {
        world.recursor().lie(lie);
        let verified = endpoints.prove(&handle, &anchors, world.now());
        assert_eq!(verified.await.unwrap().uri(), uri());
    }
}

#[tokio::test]
async fn an_old_record_is_found_out_by_asking_two() {
    let world = world().await;
    let handle: Handle = ALICE.parse().unwrap();
    let honest = world.unbound().await.unwrap();
    let stale = Client::new(world.recursor().address().into()).unwrap();
    let fresh = Client::new(honest.address().into()).unwrap();
    let check = async || cross_check(&stale, &fresh, &handle, &world.anchors(), world.now()).await;
    // The recursor remembers what it says now.
    let gathered = stale.gather(&handle).await.unwrap();
    gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    world.publish(ALICE, "bitcoin:?lno=lno1new").unwrap();
    world.recursor().lie(Lie::Replay);
    let error = check().await.unwrap_err();
    assert!(
        matches!(error, CrossCheckError::Disagree { .. }),
        "{error:?}"
    );
    world.recursor().be_honest();
    assert_eq!(check().await.unwrap().uri(), "bitcoin:?lno=lno1new");
}
