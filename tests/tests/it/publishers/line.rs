//! The whole line: registered here, served by another server, proven from the root down.

use std::fs;

use futures_util::future::join_all;
use payname_api::{DomainInfo, ProvenBy, State, paths};
use payname_resolver::net::Client;
use payname_resolver::{Handle, UnixTime};
use payname_server::publisher::Signing;
use payname_server::{Clock, Config, Running, Server};
use payname_tests::secondary::{Kind, block_of};
use payname_tests::{Primary, World};

use super::rfc2136::provider;
use crate::scene::{Contact, DOMAIN, keys, now, uri};
use crate::secondaries::{SECRET, write_secret};

/// A `paynamed` that publishes elsewhere, and the internet it is proven on.
pub(crate) struct Line {
    pub(crate) world: World,
    primary: Primary,
    folder: tempfile::TempDir,
    config: Config,
    running: Running,
}

impl Line {
    /// Starts a name server, delegates a domain to it, and has `paynamed` publish there as the page says.
    pub(crate) async fn start(kind: Kind) -> Self {
        Self::start_with(kind, "").await
    }

    /// The same, with more in the configuration.
    pub(crate) async fn start_with(kind: Kind, more: &str) -> Self {
        let mut world = World::empty().start().await.unwrap();
        let primary = Primary::start(kind, SECRET, "").await.unwrap();
        let signing = provider(primary.address(), SECRET, DOMAIN).signs().await;
        let Signing::Signed(ds) = signing.unwrap() else {
            panic!("{kind:?} does not sign");
        };
        let ds: Vec<&str> = ds.iter().map(String::as_str).collect();
        world
            .register_domain(DOMAIN, &ds, primary.address())
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_secret(&folder.path().join("paynamed.secret"));
        fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
        let page = block_of(payname_tests::primary::PAGE, "paynamed.toml, rfc2136").unwrap();
        let page = page
            .replace("example.com", DOMAIN)
            .replace("192.0.2.1:53", &primary.address().to_string())
            .replace("9.9.9.9:53", &world.recursor().address().to_string());
        let text = format!(
            "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
             metrics_listen = \"127.0.0.1:0\"\n{page}anchors = \"anchors\"\n{more}"
        );
        let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
        let running = Server::start(config.clone(), Clock::system())
            .await
            .unwrap();
        Self {
            world,
            primary,
            folder,
            config,
            running,
        }
    }

    /// Stops `paynamed` and starts it on the same data.
    pub(crate) async fn restart(mut self) -> Self {
        self.running.shutdown().await;
        let starting = Server::start(self.config.clone(), Clock::system());
        self.running = starting.await.unwrap();
        self
    }

    /// Kills the name server, and has it let nobody fetch the zone when it comes back (BIND).
    pub(crate) async fn refuse_transfers(&mut self) {
        self.primary.kill();
        let path = self.primary.folder().join("named.conf");
        let text = fs::read_to_string(&path).unwrap();
        let allowed = "allow-transfer { key \"paynamed.example\"; };";
        assert!(text.contains(allowed), "{text}");
        fs::write(path, text.replace(allowed, "allow-transfer { none; };")).unwrap();
        self.primary.resume().await.unwrap();
    }

    /// Kills the name server, as a power cut would.
    pub(crate) fn kill_primary(&mut self) {
        self.primary.kill();
    }

    /// Starts the name server again.
    pub(crate) async fn resume_primary(&mut self) {
        self.primary.resume().await.unwrap();
    }

    /// Stops `paynamed` in order.
    pub(crate) async fn stop(self) {
        self.running.shutdown().await;
        drop((self.primary, self.folder));
    }

    /// What is told to who watches.
    pub(crate) async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.running.metrics_addr().unwrap());
        let answer = self.contact().client.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Where the name server is.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.primary.address()
    }

    pub(crate) fn contact(&self) -> Contact {
        Contact {
            http: self.running.http_addr(),
            dns: self.world.recursor().address(),
            public_url: self.running.public_url().to_string(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// What a stranger proves of a name.
    pub(crate) async fn proven(&self, handle: &str) -> Result<String, String> {
        let handle: Handle = handle.parse().unwrap();
        let recursor = self.world.recursor().address();
        let client = Client::new(recursor.into()).unwrap();
        let gathered = client
            .gather(&handle)
            .await
            .map_err(|error| error.to_string())?;
        let anchors = self.world.anchors();
        let verified = gathered.proof.verify(&handle, &anchors, UnixTime(now()));
        let verified = verified.map_err(|error| error.to_string())?;
        Ok(verified.uri().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_registered_changed_and_removed_at_bind_knot_and_powerdns() {
    for kind in Primary::KINDS {
        let line = Line::start(kind).await;
        let (contact, owner) = (line.contact(), keys(1));
        assert!(
            line.running.dns_addrs().is_empty(),
            "there is no zone to serve"
        );
        let info = contact.get(&paths::domain(DOMAIN)).await;
        let info: DomainInfo = serde_json::from_slice(&info.body).unwrap();
        assert_eq!((info.serial, info.ttl), (None, 300));
        let users: Vec<String> = (0..25).map(|user| format!("user{user}")).collect();
        let claiming = users
            .iter()
            .map(async |user| contact.put(&owner, user, &uri("one")).await);
        for answer in join_all(claiming).await {
            assert!(answer.status.is_success(), "{kind:?}: {answer:?}");
        }
        for user in &users {
            let status = contact.until(user, State::Published).await;
            assert!(matches!(status.proven_by, Some(ProvenBy::Resolver { .. })));
            assert_eq!(
                status.uri,
                line.proven(&format!("{user}@{DOMAIN}")).await.unwrap()
            );
        }
        contact.put(&owner, "user3", &uri("two")).await;
        contact.until("user3", State::Published).await;
        let proven = line.proven(&format!("user3@{DOMAIN}")).await;
        assert_eq!(proven.unwrap(), uri("two"), "{kind:?}");
        contact.delete(&owner, "user4").await;
        contact.until("user4", State::Removed).await;
        let proven = line.proven(&format!("user4@{DOMAIN}")).await;
        assert!(proven.unwrap_err().contains("proven"), "{kind:?}");
        line.stop().await;
    }
}
