//! Every transport against a server of its kind that no one here wrote.

mod hickory;
mod lists;
mod proof_server;
mod socks;
mod tor;
mod unbound;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payname_resolver::hickory_proto::rr::rdata::A;
use payname_resolver::hickory_proto::rr::{RData, RecordType};
use payname_resolver::net::{Client, ClientOptions, Timeouts};
use payname_resolver::{Handle, VerifyError};
use payname_tests::{Certificate, World};
use payname_zones::Denial;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

const ALICE: &str = "₿alice@example.test";
const NOBODY: &str = "₿nobody@example.test";
const TIMEOUTS: Timeouts = Timeouts {
    attempt: Duration::from_secs(5),
    attempts: 2,
    total: Duration::from_secs(20),
};

/// Whose certificate encrypted servers show; the world knows it to be on this machine.
const SERVER: &str = "dns.example.test";

/// Longer than any datagram that arrives in one piece.
fn uri() -> String {
    format!("bitcoin:?lno=lno1{}", "q".repeat(1800))
}

async fn world() -> World {
    let here = RData::A(A::new(127, 0, 0, 1));
    World::with_zone("example.test")
        .denial(Denial::Nsec3)
        .record("alice", &uri())
        .records("dns.example.test.", RecordType::A, vec![here])
        .start()
        .await
        .unwrap()
}

/// Believes this certificate and is patient.
fn options(certificate: &Certificate) -> ClientOptions {
    ClientOptions {
        timeouts: TIMEOUTS,
        roots: certificate.roots(),
        ..ClientOptions::default()
    }
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
