//! The command asks whom it is told to ask: lists, every transport, a proxy.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use payname_tests::World;
use payname_tests::dns::Lie;
use payname_tests::sandbox::{Finished, Payname};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::socks::Socks;

pub(super) const ALICE: &str = "₿alice@example.test";
pub(super) const URI: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";

/// A world, and a folder in which `payname` runs with the world's trust anchors.
pub(super) struct Scene {
    pub(super) world: World,
    folder: TempDir,
}

impl Scene {
    pub(super) async fn of(world: payname_tests::world::Builder) -> Self {
        let world = world.start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
        Self { world, folder }
    }

    pub(super) async fn with_alice() -> Self {
        Self::of(World::with_zone("example.test").record("alice", URI)).await
    }

    /// Writes a file and gives its path.
    pub(super) fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub(super) fn payname(&self, dns: &str) -> Payname {
        let anchors = self.folder.path().join("anchors");
        Payname::new(&self.folder.path().join("data"))
            .with("PAYNAME_ANCHORS", anchors.display().to_string())
            .with("PAYNAME_DNS", dns)
    }

    pub(super) fn recursor(&self) -> SocketAddr {
        self.world.recursor().address()
    }
}

fn assert_proven(run: &Finished) {
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains(URI), "{run:?}");
}

/// Ends TLS before a server, as `dns.example`; gives its address and its certificate.
pub(super) async fn tls_before(server: SocketAddr, name: &str) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not believe the certificate hangs up.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut onward = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut onward).await;
                }
            });
        }
    });
    (address, made.cert.pem())
}

#[tokio::test]
async fn beside_an_endpoint_that_is_silent_the_next_is_asked_before_time_is_up() {
    let scene = Scene::with_alice().await;
    // Bound, and never answering.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let list = format!("{},{}", silent.local_addr().unwrap(), scene.recursor());
    let run = scene.payname(&list).run(&["resolve", ALICE]).await.unwrap();
    assert_proven(&run);
    let hedged = Duration::from_millis(800)..Duration::from_millis(4_500);
    assert!(hedged.contains(&run.took), "{run:?}");
}

#[tokio::test]
async fn a_resolver_that_lies_is_passed_over_for_one_that_does_not() {
    let scene = Scene::with_alice().await;
    let unbound = scene.world.unbound().await.unwrap();
    let repeated = [
        "resolve",
        ALICE,
        "--dns",
        &scene.recursor().to_string(),
        "--dns",
        &unbound.address().to_string(),
    ];
    for lie in [Lie::ChangedText, Lie::ServerFailure, Lie::Garbage] {
        scene.world.recursor().lie(lie);
        // What is said on the command line goes before the environment.
        let payname = scene.payname("127.0.0.1:9");
        let run = payname.run(&repeated).await.unwrap();
        assert_proven(&run);
    }
    // Where none has a proof, all are named.
    scene.world.recursor().lie(Lie::ChangedText);
    let nobody = payname_tests::port::free().unwrap();
    let payname = scene.payname(&format!("{},{nobody}", scene.recursor()));
    let run = payname.run(&["verify", ALICE]).await.unwrap();
    assert_eq!(run.code, 4, "{run:?}");
    for endpoint in [scene.recursor(), nobody] {
        assert!(
            run.stdout.contains(&format!("asked {endpoint}: ")),
            "{run:?}"
        );
    }
    // Alone, it proves nothing, and the command says so.
    scene.world.recursor().lie(Lie::ChangedText);
    let run = scene.payname(&scene.recursor().to_string());
    let (code, told) = run.json(&["resolve", ALICE]).await.unwrap();
    assert_eq!((code, &told["code"]), (4, &"wrong_signature".into()));
    assert_eq!(told["unanswered"], serde_json::json!([]), "{told}");
}

#[tokio::test]
async fn a_name_is_proven_over_tcp_tls_and_https() {
    let scene = Scene::with_alice().await;
    let (tls, pem) = tls_before(scene.recursor(), "dns.example").await;
    let roots = scene.file("roots.pem", &pem);
    for dns in [
        format!("tcp://{}", scene.recursor()),
        format!("tls://{tls}#dns.example"),
        scene.world.recursor().doh_url(),
    ] {
        let payname = scene.payname(&dns).with("PAYNAME_TLS_ROOTS", &roots);
        assert_proven(&payname.run(&["resolve", ALICE]).await.unwrap());
    }
    // Without the file nobody vouches for the certificate.
    let payname = scene.payname(&format!("tls://{tls}#dns.example"));
    let (code, told) = payname.json(&["resolve", ALICE]).await.unwrap();
    assert_eq!(code, 9, "{told}");
    assert!(told.to_string().contains("certificate"), "{told}");
}

#[tokio::test]
async fn a_proxy_sees_servers_by_name_and_every_name_with_other_credentials() {
    let scene = Scene::with_alice().await;
    let (tls, pem) = tls_before(scene.recursor(), "dns.example").await;
    let socks = Socks::to(tls).await;
    let payname = scene
        .payname("tls://dns.example")
        .with("PAYNAME_TLS_ROOTS", scene.file("roots.pem", &pem))
        .with("PAYNAME_PROXY", format!("socks5://{}", socks.address));
    assert_proven(&payname.run(&["resolve", ALICE]).await.unwrap());
    let nobody = ["verify", "₿nobody@example.test"];
    assert_eq!(payname.run(&nobody).await.unwrap().code, 3);
    let seen = socks.seen();
    let [(alice, host), (nobody, other)] = &seen[..] else {
        panic!("one connection for each name: {seen:?}");
    };
    assert_eq!([host.as_str(), other], ["dns.example"; 2]);
    assert_ne!(alice, nobody);
}
