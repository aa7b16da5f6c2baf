//! A hidden primary, the servers that follow it, and somebody who never stops changing names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::resolution::Question;
use payname_server::{Clock, Config, Running, Server};
use payname_tests::dns::over_tcp;
use payname_tests::port;
use payname_tests::secondary::{Kind, Plan, Secondary, whole_zone};

use crate::scene::{Contact, DOMAIN, keys, uri};

/// The secret that everybody shares who is meant to.
pub(crate) const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";
/// How long a secondary may take to have what was published.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the servers of this process log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to write down what is logged; once in a process.
    pub(crate) fn begin() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    /// What was logged until now.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A `paynamed` whose zone others serve, and those others.
pub(crate) struct Rig {
    pub(crate) paynamed: Option<Running>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) dns: SocketAddr,
    pub(crate) secondaries: Vec<Secondary>,
    /// Who else may fetch the zone.
    pub(crate) permits: String,
    /// More of its configuration.
    pub(crate) more: String,
    chance: u64,
    users: BTreeMap<u64, String>,
}

impl Rig {
    /// Starts `paynamed` and servers of these kinds that follow it.
    pub(crate) async fn start(kinds: &[Kind], plan: Plan) -> Self {
        let addresses: Vec<_> = kinds
            .iter()
            .map(|_| Secondary::reserve().unwrap())
            .collect();
        let mut rig = Self::primary(&addresses).await;
        let starting = kinds
            .iter()
            .zip(&addresses)
            .map(|(kind, address)| Secondary::start(*kind, *address, rig.dns, SECRET, plan));
        let secondaries = join_all(starting).await.into_iter();
        rig.secondaries = secondaries.map(Result::unwrap).collect();
        rig
    }

    /// Starts `paynamed` alone, for secondaries at these addresses.
    pub(crate) async fn primary(secondaries: &[SocketAddr]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_secret(&folder.path().join("secondary.secret"));
        let peers = secondaries
            .iter()
            .map(|address| format!("{{ address = \"{address}\", key = \"secondary.example\" }}"));
        let peers = peers.collect::<Vec<_>>().join(", ");
        let mut rig = Self {
            paynamed: None,
            folder,
            dns: port::free().unwrap(),
            secondaries: Vec::new(),
            permits: String::new(),
            more: format!("secondaries = [{peers}]\n"),
            chance: 42,
            users: BTreeMap::new(),
        };
        rig.resume().await;
        rig
    }

    /// Starts `paynamed`, again on the same data if it ran before.
    pub(crate) async fn resume(&mut self) {
        let text = format!(
            "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n[dns]\nlisten = [\"{}\"]\n\
             [[tsig]]\nname = \"secondary.example\"\nsecret_file = \"secondary.secret\"\n\
             [[tsig]]\nname = \"reader.example\"\nsecret_file = \"secondary.secret\"\n\
             [[domain]]\nname = \"{DOMAIN}\"\nnameservers = [\"ns1.{DOMAIN}\"]\n\
             addresses = [\"127.0.0.1\"]\ntransfer = [{{ key = \"reader.example\" }}{}]\n{}",
            self.dns, self.permits, self.more
        );
        let file = self.folder.path().join("paynamed.toml");
        let config = Config::parse(&text, &file).unwrap();
        self.paynamed = Some(Server::start(config, Clock::system()).await.unwrap());
    }

    /// Starts `paynamed` on a backup that has these names.
    pub(crate) async fn resume_with_old_names(&mut self, users: BTreeMap<u64, String>) {
        self.users = users;
        self.resume().await;
    }

    /// The names that are registered.
    pub(crate) fn users(&self) -> BTreeMap<u64, String> {
        self.users.clone()
    }

    /// Stops `paynamed` in order.
    pub(crate) async fn stop(&mut self) {
        if let Some(running) = self.paynamed.take() {
            running.shutdown().await;
        }
    }

    pub(crate) fn running(&self) -> &Running {
        self.paynamed.as_ref().unwrap()
    }

    pub(crate) fn contact(&self) -> Contact {
        Contact {
            http: self.running().http_addr(),
            dns: self.dns,
            public_url: self.running().public_url().to_string(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// Registers, changes and removes names, so many times in all, 25 at a time.
    pub(crate) async fn edit(&mut self, times: usize) {
        let contact = self.contact();
        let owner = keys(1);
        let mut left = times;
        while left > 0 {
            let mut edits = BTreeSet::new();
            while edits.len() < left.min(25) {
                edits.insert(self.random() % 200);
            }
            left -= edits.len();
            let edits: Vec<_> = edits
                .into_iter()
                .map(|user| {
                    let removes =
                        self.random().is_multiple_of(3) && self.users.remove(&user).is_some();
                    let put = (!removes).then(|| self.random().to_string());
                    if let Some(label) = &put {
                        self.users.insert(user, label.clone());
                    }
                    (format!("user{user}"), put.as_deref().map(uri))
                })
                .collect();
            let edits = edits.iter().map(async |(user, uri)| {
                let answer = match uri {
                    Some(uri) => contact.put(&owner, user, uri).await,
                    None => contact.delete(&owner, user).await,
                };
                assert!(answer.status.is_success(), "{user}: {answer:?}");
            });
            join_all(edits).await;
        }
    }

    /// A number that is the same in every run.
    fn random(&mut self) -> u64 {
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.chance >> 33
    }

    /// Some name that is registered.
    pub(crate) fn some_user(&self) -> String {
        format!("user{}", self.users.keys().next().unwrap())
    }

    /// Waits until all names are published, and gives the zone as `paynamed` gives it away.
    pub(crate) async fn settled(&self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let zone = whole_zone(self.dns, DOMAIN, Some(("reader.example", SECRET))).unwrap();
            let published = zone.iter().filter(|line| line.contains(" TXT \"bitcoin:"));
            let published: Vec<_> = published.collect();
            // Each as it was put last: changes are acknowledged before they are published.
            let is_shown = |(user, label): (&u64, &String)| {
                let (name, end) = (format!("user{user}."), format!("{label}\""));
                let mut lines = published.iter();
                lines.any(|line| line.starts_with(&name) && line.ends_with(&end))
            };
            if published.len() == self.users.len() && self.users.iter().all(is_shown) {
                return zone;
            }
            assert!(Instant::now() < deadline, "not everything is published");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until every secondary gives away exactly this zone.
    pub(crate) async fn all_have(&self, zone: &[String]) {
        for secondary in &self.secondaries {
            follows(secondary, zone).await;
        }
    }
}

/// Waits until a secondary gives away exactly this zone.
pub(crate) async fn follows(secondary: &Secondary, zone: &[String]) {
    let deadline = Instant::now() + PATIENCE;
    let zone = as_kept(secondary.kind(), zone);
    loop {
        let theirs = secondary
            .zone(DOMAIN)
            .map(|theirs| as_kept(secondary.kind(), &theirs));
        if theirs.as_ref().is_ok_and(|theirs| *theirs == zone) {
            return;
        }
        if Instant::now() > deadline {
            let theirs = theirs.unwrap_or_default();
            let missing: Vec<_> = zone
                .iter()
                .filter(|line| !theirs.contains(line))
                .take(5)
                .collect();
            let surplus: Vec<_> = theirs
                .iter()
                .filter(|line| !zone.contains(line))
                .take(5)
                .collect();
            let (kind, log) = (secondary.kind(), secondary.log_tail());
            panic!(
                "{kind:?} does not follow.\nmissing: {missing:#?}\nsurplus: {surplus:#?}\n{log}"
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A zone as a kind of server can give it away: PowerDNS makes the NSEC3PARAM record itself, with a
/// TTL of its own, which nobody who validates looks at.
pub(crate) fn as_kept(kind: Kind, zone: &[String]) -> Vec<String> {
    let without_ttl = |line: &String| match line.split_once(" IN NSEC3PARAM ") {
        Some((_, data)) if kind == Kind::PowerDns => format!("NSEC3PARAM {data}"),
        _ => line.clone(),
    };
    let mut zone: Vec<_> = zone.iter().map(without_ttl).collect();
    zone.sort();
    zone
}

/// The serial that a server tells.
pub(crate) async fn serial(server: SocketAddr) -> u32 {
    let question = Question::new(Name::from_ascii(DOMAIN).unwrap(), RecordType::SOA);
    let answer = over_tcp(server, &question.to_message(1)).await.unwrap();
    let soa = answer.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    });
    soa.unwrap()
}

pub(crate) fn write_secret(path: &Path) {
    fs::write(path, SECRET).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
