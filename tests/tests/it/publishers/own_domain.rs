//! A domain of somebody's own, brought to our server by one record: DNAME, CNAME, or a delegation.

use std::time::{Duration, Instant};

use payname_api::{State, paths};
use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::net::Client;
use payname_resolver::{Handle, UnixTime};
use payname_server::publisher::Signing;
use payname_server::{Clock, Config, Running, Server};
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::secondary::{Kind, block_of};
use payname_tests::{Primary, Unbound, World};

use super::rfc2136::provider;
use crate::scene::{Contact, Draft, keys, now, uri};
use crate::secondaries::SECRET;

/// The page whose records these are.
const PAGE: &str = include_str!("../../../../docs/your-own-domain.md");
/// Whose domain is brought, served by another server.
const THEIRS: &str = "example.test";
/// Ours, which has alice.
const OURS: &str = "ours.test";

/// Their server, ours, and who resolves for the world.
struct Scene {
    world: World,
    unbound: Unbound,
    paynamed: Running,
    _primary: Primary,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// Starts both; `records` are theirs besides SOA and NS.
    async fn start(kind: Kind, paynamed: (Running, tempfile::TempDir), records: &str) -> Self {
        let (paynamed, folder) = paynamed;
        let mut world = World::empty().start().await.unwrap();
        let primary = Primary::start(kind, SECRET, records).await.unwrap();
        let signing = provider(primary.address(), SECRET, THEIRS).signs().await;
        let Signing::Signed(theirs) = signing.unwrap() else {
            panic!("{kind:?} does not sign");
        };
        let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
        world
            .register_domain(THEIRS, &theirs, primary.address())
            .unwrap();
        for ds in paynamed.ds_records() {
            let zone = ds
                .split(' ')
                .next()
                .unwrap()
                .trim_end_matches('.')
                .to_owned();
            match zone.as_str() {
                OURS => world
                    .register_domain(OURS, &[&ds], paynamed.dns_addr())
                    .unwrap(),
                // Delegated by them, not by the registry.
                _ => world.expect_zone(&zone, paynamed.dns_addr()),
            }
        }
        let unbound = world.unbound().await.unwrap();
        Self {
            world,
            unbound,
            paynamed,
            _primary: primary,
            _folder: folder,
        }
    }

    /// What a stranger proves from the root down, and what Unbound says of it.
    async fn proven(&self, handle: &str) -> Result<String, String> {
        let handle: Handle = handle.parse().unwrap();
        let client = Client::new(self.unbound.address().into()).unwrap();
        let gathered = client
            .gather(&handle)
            .await
            .map_err(|error| error.to_string())?;
        let anchors = self.world.anchors();
        let verified = gathered.proof.verify(&handle, &anchors, UnixTime(now()));
        let verified = verified.map_err(|error| error.to_string())?;
        let name = handle.owner_name().to_ascii();
        let judged = ask_validator(self.unbound.address(), &name, RecordType::TXT).await;
        assert_eq!(judged.unwrap(), Verdict::Secure, "{name}");
        Ok(verified.uri().to_owned())
    }
}

/// Our server with these tables, and a name that is registered.
async fn paynamed(domains: &str, domain: &str, uri: &str) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\n{domains}"
    );
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: running.public_url().to_string(),
        client: reqwest::Client::builder().no_proxy().build().unwrap(),
    };
    let body = serde_json::to_vec(&payname_api::PutHandle {
        uri: uri.to_owned(),
        invite: None,
        drawn: None,
    });
    let path = paths::handle(domain, "alice");
    let draft = Draft {
        url: paths::absolute(&contact.public_url, &path),
        path,
        ..Draft::put(&contact, "alice", body.unwrap())
    };
    let claimed = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert!(claimed.status.is_success(), "{claimed:?}");
    let deadline = Instant::now() + Duration::from_secs(20);
    while contact.get(&draft.path).await.handle().state != State::Published {
        assert!(Instant::now() < deadline, "alice@{domain} is not published");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (running, folder)
}

fn ours() -> String {
    format!(
        "[[domain]]\nname = \"{OURS}\"\nnameservers = [\"ns1.{OURS}\"]\naddresses = [\"127.0.0.1\"]\n"
    )
}

/// A record of the page in our private internet.
fn record(title: &str) -> String {
    let block = block_of(PAGE, title).unwrap();
    block
        .replace("theirs.example", THEIRS)
        .replace("ours.example", OURS)
}

/// Records as each make reads them.
fn records_for(kind: Kind, lines: &str) -> String {
    let lines = lines.lines().map(|line| {
        let fields: Vec<&str> = line.splitn(5, ' ').collect();
        let [owner, _ttl, _class, record_type, data] = fields[..] else {
            panic!("{line}");
        };
        let below = owner.trim_end_matches(&format!(".{THEIRS}.")).to_owned();
        match kind {
            Kind::PowerDns => {
                let data = data.trim_end_matches('.');
                format!("{below} {record_type} '{data}'\n")
            }
            _ => format!("{below} {record_type} {data}\n"),
        }
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dname_brings_a_whole_domain() {
    for kind in [Kind::Bind, Kind::Knot] {
        let paynamed = paynamed(&ours(), OURS, &uri("dname")).await;
        let records = records_for(kind, &record("one record for everybody"));
        let scene = Scene::start(kind, paynamed, &records).await;
        let proven = scene.proven(&format!("alice@{THEIRS}")).await;
        assert_eq!(proven, Ok(uri("dname")), "{kind:?}");
        assert_eq!(scene.proven(&format!("alice@{OURS}")).await, proven);
        let nobody = scene.proven(&format!("nobody@{THEIRS}")).await;
        assert!(
            nobody.unwrap_err().contains("proven not to exist"),
            "{kind:?}"
        );
        scene.paynamed.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cname_brings_one_name() {
    for kind in Primary::KINDS {
        let paynamed = paynamed(&ours(), OURS, &uri("cname")).await;
        let records = records_for(kind, &record("one record for each person"));
        let scene = Scene::start(kind, paynamed, &records).await;
        let proven = scene.proven(&format!("alice@{THEIRS}")).await;
        assert_eq!(proven, Ok(uri("cname")), "{kind:?}");
        let nobody = scene.proven(&format!("nobody@{THEIRS}")).await;
        assert!(
            nobody.unwrap_err().contains("proven not to exist"),
            "{kind:?}"
        );
        scene.paynamed.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delegating_the_part_for_payments_brings_a_domain_of_its_own() {
    for kind in Primary::KINDS {
        let delegated = record("paynamed.toml, delegated");
        let domains = format!("{}{delegated}", ours());
        let paynamed = paynamed(&domains, THEIRS, &uri("delegated")).await;
        let ds = paynamed.0.ds_records().into_iter();
        let mut ds = ds.filter(|line| line.starts_with(&format!("_bitcoin-payment.{THEIRS}.")));
        let ds = ds.next().unwrap();
        let (_, data) = ds.split_once(" DS ").unwrap();
        let records = record("delegating").replace("KEY_TAG 13 2 DIGEST", data);
        let scene = Scene::start(kind, paynamed, &records_for(kind, &records)).await;
        let proven = scene.proven(&format!("alice@{THEIRS}")).await;
        assert_eq!(proven, Ok(uri("delegated")), "{kind:?}");
        let other = scene.proven(&format!("alice@{OURS}")).await;
        assert!(
            other.unwrap_err().contains("proven not to exist"),
            "{kind:?}"
        );
        scene.paynamed.shutdown().await;
    }
}
