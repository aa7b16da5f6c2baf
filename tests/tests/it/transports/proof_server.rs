//! The real `paynamed` as a proof server, beside one that lies and one that stalls.

use std::time::Instant;

use payname_resolver::net::{
    EndpointFault, Endpoints, EndpointsError, EndpointsOptions, ProofClient, ProveError,
};
use payname_resolver::{Record, Verified};
use payname_tests::sandbox::{DOMAIN, Folder, Internet, Payname, Paynamed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// `paynamed` with alice's name, behind Unbound.
struct Registered {
    internet: Internet,
    paynamed: Paynamed,
    uri: String,
    // Last: the others live in it.
    _folder: Folder,
}

impl Registered {
    async fn start() -> Self {
        let folder = Folder::new().unwrap();
        let mut internet = Internet::start(&folder).await.unwrap();
        let paynamed = Paynamed::start(&folder, &internet).await.unwrap();
        let ds = paynamed.ds_records().unwrap();
        internet.register_domain(&ds).unwrap();
        let payname = Payname::new(&folder.room("alice").unwrap())
            .with("PAYNAME_DNS", internet.unbound.address().to_string())
            .with("PAYNAME_ANCHORS", internet.anchors().display().to_string())
            .with("PAYNAME_SERVER", paynamed.url())
            .with("PAYNAME_NETWORK", "regtest");
        assert_eq!(payname.run(&["keys", "new"]).await.unwrap().code, 0);
        let offer = crate::line::offer();
        let (code, status) = payname
            .json(&["register", ALICE, "--offer", &offer])
            .await
            .unwrap();
        assert_eq!(
            (code, &status["state"]),
            (0, &"published".into()),
            "{status}"
        );
        Self {
            internet,
            paynamed,
            uri: format!("bitcoin:?lno={offer}"),
            _folder: folder,
        }
    }

    /// Proves alice's name by a list of sources.
    async fn prove(&self, list: &str) -> Result<Verified<Record>, ProveError> {
        let client = ClientOptions {
            timeouts: TIMEOUTS,
            ..ClientOptions::default()
        };
        let options = EndpointsOptions {
            hedge: Duration::from_millis(300),
            attempt: Duration::from_secs(3),
            ..EndpointsOptions::default()
        };
        let endpoints = Endpoints::open(&list.parse().unwrap(), &client, options).unwrap();
        let (world, alice) = (&self.internet.world, ALICE.parse().unwrap());
        endpoints.prove(&alice, &world.anchors(), now()).await
    }
}

/// The zone of `paynamed` is signed later than the world.
fn now() -> payname_resolver::UnixTime {
    std::time::SystemTime::now().into()
}

/// A web server that sends `body` to whoever asks, `pause` before each 16 KiB, and how many bytes
/// it got rid of.
async fn web(body: Vec<u8>, pause: Duration) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (body, counted) = (body.clone(), counted.clone());
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
                for chunk in body.chunks(16 * 1024) {
                    tokio::time::sleep(pause).await;
                    // Whoever has had enough hangs up.
                    if stream.write_all(chunk).await.is_err() {
                        return;
                    }
                    counted.fetch_add(chunk.len(), Ordering::Relaxed);
                }
            });
        }
    });
    (address, sent)
}

#[tokio::test]
async fn paynamed_proves_its_own_names_and_others_in_both_forms() {
    let registered = Registered::start().await;
    let server = registered.paynamed.url();
    let anchors = registered.internet.world.anchors();
    let [alice, nobody]: [Handle; 2] = [ALICE, NOBODY].map(|name| name.parse().unwrap());
    for kind in ["payname", "dnssecproof"] {
        let server = format!("{kind}+{server}").parse().unwrap();
        let client = ProofClient::new(server).unwrap();
        let gathered = client.gather(&alice).await.unwrap();
        assert!(
            (1..=300).contains(&gathered.ttl),
            "{kind}: {}",
            gathered.ttl
        );
        let verified = gathered.proof.verify(&alice, &anchors, now()).unwrap();
        assert_eq!(verified.uri(), registered.uri);
        // The proof says whose it is, not the one who was asked.
        let mistaken = gathered.proof.verify(&nobody, &anchors, now());
        assert!(mistaken.is_err(), "{kind}");
    }
    assert_eq!(DOMAIN, alice.domain());
}

#[tokio::test]
async fn what_a_proof_server_sends_never_changes_the_verdict_and_the_next_is_asked() {
    let registered = Registered::start().await;
    let (paynamed, unbound) = (
        registered.paynamed.url(),
        registered.internet.unbound.address(),
    );
    let good = format!("dnssecproof+{paynamed}").parse().unwrap();
    let honest = ProofClient::new(good).unwrap();
    let alice = ALICE.parse().unwrap();
    let proof = honest.gather(&alice).await.unwrap().proof.to_bytes();
    // The same length and the same shape, with another key to pay to.
    let at = proof.windows(4).position(|four| four == b"lno=").unwrap();
    let mut forged = proof.clone();
    forged[at + 10] ^= 1;

    let none = Duration::ZERO;
    let (lies, _) = web(forged, none).await;
    let (stalls, _) = web(proof.clone(), Duration::from_secs(3600)).await;
    let (drips, _) = web(vec![0; 1 << 20], Duration::from_millis(200)).await;
    let (floods, sent) = web(vec![0; 10_000_000], none).await;
    for bad in [lies, stalls, drips, floods] {
        for kind in ["payname", "dnssecproof"] {
            for good in [
                unbound.to_string(),
                format!("tcp://{unbound}"),
                format!("payname+{paynamed}"),
                format!("dnssecproof+{paynamed}"),
            ] {
                let start = Instant::now();
                let proven = registered
                    .prove(&format!("{kind}+http://{bad} {good}"))
                    .await;
                assert_eq!(proven.unwrap().uri(), registered.uri, "{kind} {good}");
                assert!(start.elapsed() < Duration::from_secs(5), "{kind} {good}");
            }
            let alone = registered.prove(&format!("{kind}+http://{bad}")).await;
            let Err(ProveError::Endpoints(EndpointsError::AllFailed(failures))) = alone else {
                panic!("{kind}: {alone:?}");
            };
            let is_bogus = matches!(failures[0].fault, EndpointFault::Bogus(_));
            assert_eq!(is_bogus, bad == lies, "{failures:?}");
        }
    }
    assert!(
        sent.load(Ordering::Relaxed) < 10 * 10_000_000 / 2,
        "nobody reads 10 MB for a proof"
    );
}
