//! `kill -9`, at any moment: what was acknowledged is there, and resolves; nothing is there by halves.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use payname_api::{DomainInfo, HandleStatus, State, codes, paths};
use payname_resolver::VerifyError;
use reqwest::{Method, StatusCode};

use crate::{
    postgres::Cluster,
    scene::{Answer, Contact, DOMAIN, Draft, config_text, keys, uri},
};

/// How often a program is killed, unless `PAYNAME_KILLS` says otherwise (`make kill`).
const KILLS: usize = 12;
/// How many clients write at the same time.
const CLIENTS: usize = 6;
/// Whose names are drawn by requests that are to be done once.
const DRAWER: u8 = 9;
/// The name that every server of this test goes by, whatever its port.
pub(crate) const PUBLIC_URL: &str = "https://names.test";
/// How long anything may take that waits for nobody but us.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a program is killed.
pub(crate) fn kills() -> usize {
    wanted().unwrap_or(KILLS)
}

fn wanted() -> Option<usize> {
    let wanted = std::env::var("PAYNAME_KILLS").ok()?;
    Some(wanted.parse().expect("PAYNAME_KILLS is a number"))
}

/// The real program, in a process of its own.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) contact: Contact,
}

impl Daemon {
    /// With more keys in its configuration.
    pub(crate) fn start_with(directory: &Path, more: &str) -> Self {
        let file = directory.join("paynamed.toml");
        let more = format!("public_url = \"{PUBLIC_URL}\"\n{more}");
        let policy = "[domain.policy]\nrandom_names = true\n";
        std::fs::write(&file, format!("{}\n{policy}", config_text(&more))).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .arg("--config")
            .arg(&file)
            .env("PAYNAMED_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let contact = contact_of(&mut child);
        Self { child, contact }
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What clients asked for, and what was acknowledged.
#[derive(Default)]
pub(crate) struct Ledger {
    /// The last change of every name that was asked for.
    asked: Mutex<BTreeMap<String, usize>>,
    /// The last one that was acknowledged.
    pub(crate) acknowledged: Mutex<BTreeMap<String, usize>>,
    /// Requests that are to be done once, by their keys, and the name that each was answered with.
    drawn: Mutex<BTreeMap<String, Option<String>>>,
    /// The highest serial number of the zone that anybody has seen.
    serial: AtomicU32,
}

impl Ledger {
    /// Looks at the serial number until the server is gone: it is never below one that was seen.
    async fn watch(self: Arc<Self>, contact: Contact) {
        loop {
            let before = self.serial.load(Ordering::Relaxed);
            let Some(serial) = serial(&contact).await else {
                return;
            };
            assert!(serial >= before, "{serial} after {before}");
            self.serial.fetch_max(serial, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Has names drawn, each request under a key of its own, until the server is gone.
    async fn draw(self: Arc<Self>, contact: Contact, prefix: String) {
        for count in 0.. {
            let key = format!("{prefix}-{count}");
            self.drawn.lock().unwrap().insert(key.clone(), None);
            let Ok(answer) = draw(&contact, &key).await else {
                return;
            };
            let name = answer.handle().handle;
            self.drawn.lock().unwrap().insert(key, Some(name));
        }
    }

    /// Looks at every name and every request that was to be done once.
    async fn judge(&self, contact: &Contact) {
        let asked = self.asked.lock().unwrap().clone();
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        for (user, last) in &asked {
            let least = acknowledged.get(user);
            let Some(status) = settled(contact, user).await else {
                assert_eq!(least, None, "{user} was acknowledged and is gone");
                let shown = contact.resolve(user).await;
                assert!(
                    matches!(shown, Err(VerifyError::Denied(_))),
                    "{user}: {shown:?}"
                );
                continue;
            };
            let found: usize = status.uri.rsplit('=').next().unwrap().parse().unwrap();
            // A change that was committed but whose answer was lost may have come after.
            let least = least.copied().unwrap_or_default();
            assert!(
                (least..=*last).contains(&found),
                "{user}: {least} became {found}"
            );
            let verified = contact.resolve(user).await.unwrap();
            assert_eq!(verified.uri(), status.uri, "{user}");
        }
        let drawn = self.drawn.lock().unwrap().clone();
        let mut names = BTreeMap::new();
        for (key, told) in drawn {
            let [first, second] = [answered(contact, &key).await, answered(contact, &key).await];
            assert!(
                second.headers.contains_key("idempotency-replayed"),
                "{second:?}"
            );
            assert_eq!(first.body, second.body);
            let name = first.handle().handle;
            if let Some(told) = told {
                assert!(
                    first.headers.contains_key("idempotency-replayed"),
                    "{key}: {first:?}"
                );
                assert_eq!(name, told, "{key} was answered otherwise");
            }
            if let Some(other) = names.insert(name, key.clone()) {
                panic!("{key} and {other} were given one name");
            }
        }
        // Nothing was drawn for nobody: a request that broke off was not done, or is known to be done.
        for (name, key) in &names {
            let user = name.trim_start_matches('₿').split('@').next().unwrap();
            let status = settled(contact, user).await;
            assert!(status.is_some(), "{key}: {name} is gone");
        }
    }
}

/// How many names a registry in a file has of those that were drawn.
fn drawn_in(directory: &Path) -> usize {
    let registry = directory.join("data/registry.sqlite");
    let connection = rusqlite::Connection::open(registry).unwrap();
    let owner = keys(DRAWER).public_key().to_bytes();
    let sql = "SELECT count(*) FROM handles WHERE owner = ?1";
    connection
        .query_row(sql, [owner], |row| row.get(0))
        .unwrap()
}

async fn serial(contact: &Contact) -> Option<u32> {
    let url = format!("http://{}{}", contact.http, paths::domain(DOMAIN));
    let answer = contact.client.get(url).send().await.ok()?;
    let domain: DomainInfo = serde_json::from_slice(&answer.bytes().await.ok()?).unwrap();
    domain.serial
}

async fn draw(contact: &Contact, key: &str) -> Result<Answer, reqwest::Error> {
    let body = format!("{{\"uri\":\"{}\"}}", uri("drawn"));
    let path = paths::handles(DOMAIN);
    let mut draft = Draft {
        method: Method::POST,
        url: paths::absolute(&contact.public_url, &path),
        path,
        ..Draft::put(contact, "nobody", body)
    };
    draft.headers.push(("idempotency-key", key.to_owned()));
    contact
        .try_send(&draft, Some(&draft.sign(&keys(DRAWER))))
        .await
}

/// The answer to a request that is to be done once; whoever else has begun it is thought dead after a minute.
async fn answered(contact: &Contact, key: &str) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = draw(contact, key).await.unwrap();
        if answer.status != StatusCode::CONFLICT {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
            return answer;
        }
        assert_eq!(answer.code(), codes::IDEMPOTENCY_UNDER_WAY);
        assert!(Instant::now() < deadline, "{key} stays under way");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A name once DNS has come to it; none that was never claimed.
async fn settled(contact: &Contact, user: &str) -> Option<HandleStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = contact.get(&paths::handle(DOMAIN, user)).await;
        if answer.status == StatusCode::NOT_FOUND {
            return None;
        }
        let status = answer.handle();
        if status.state == State::Published {
            return Some(status);
        }
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Claims names and changes them until the server is gone; notes what was asked and what was acknowledged.
pub(crate) async fn write(contact: Contact, prefix: String, ledger: Arc<Ledger>) {
    for count in 0.. {
        // Every third request changes the name before.
        let user = format!("{prefix}-{}", count / 3 * 3 + (count % 3).min(1));
        ledger.asked.lock().unwrap().insert(user.clone(), count);
        let answer = contact
            .try_put(&keys(1), &user, &uri(&count.to_string()))
            .await;
        let Ok(answer) = answer else { return };
        assert!(answer.status.is_success(), "{answer:?}");
        ledger.acknowledged.lock().unwrap().insert(user, count);
    }
}

/// Waits until a server has said where it is reached; the rest of what it says is read away.
pub(crate) fn contact_of(child: &mut Child) -> Contact {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("serving") {
        line.clear();
        assert!(
            log.read_line(&mut line).unwrap() > 0,
            "paynamed stopped at once"
        );
    }
    let field = |name: &str| {
        let (_, rest) = line.split_once(name).unwrap();
        rest.split([' ', ']']).next().unwrap().parse().unwrap()
    };
    let contact = Contact {
        http: field(" http="),
        dns: field(" dns=["),
        public_url: PUBLIC_URL.to_owned(),
        client: reqwest::Client::new(),
    };
    // The pipe must be emptied, or the server would wait for it.
    std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
    contact
}

/// From before the first commit to the middle of everything, in milliseconds.
fn life(round: usize) -> Duration {
    Duration::from_millis(7 * (round as u64 * 5 % 12).pow(2))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_server_loses_nothing_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::default());
    for round in 0..kills() {
        let daemon = Daemon::start_with(directory.path(), "");
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            let prefix = format!("r{round}c{client}");
            clients.spawn(write(daemon.contact.clone(), prefix, Arc::clone(&ledger)));
        }
        let prefix = format!("r{round}");
        clients.spawn(Arc::clone(&ledger).draw(daemon.contact.clone(), prefix));
        clients.spawn(Arc::clone(&ledger).watch(daemon.contact.clone()));
        tokio::time::sleep(life(round)).await;
        daemon.kill();
        clients.join_all().await;
    }
    let written = ledger.acknowledged.lock().unwrap().len();
    assert!(written > kills() * CLIENTS, "only {written} were written");
    let daemon = Daemon::start_with(directory.path(), "");
    let serial = serial(&daemon.contact).await.unwrap();
    assert!(serial >= ledger.serial.load(Ordering::Relaxed));
    ledger.judge(&daemon.contact).await;
    daemon.kill();
    let requests = ledger.drawn.lock().unwrap().len();
    assert_eq!(drawn_in(directory.path()), requests, "each was done once");
    println!("{} kills, {written} names, {requests} drawn", kills());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_on_one_database_either_may_be_killed_at_any_moment() {
    let cluster = Cluster::start(false);
    let more = format!("database = {{ url = \"{}\" }}", cluster.database().await);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let start = |which: usize| Daemon::start_with(folders[which].path(), &more);
    let ledger = Arc::new(Ledger::default());
    let mut servers = [Some(start(0)), Some(start(1))];
    let rounds = wanted().unwrap_or(4);
    for round in 0..rounds {
        let mut doomed = tokio::task::JoinSet::new();
        let mut lucky = tokio::task::JoinSet::new();
        let victim = round % 2;
        for (which, server) in servers.iter().enumerate() {
            let contact = &server.as_ref().unwrap().contact;
            let clients = if which == victim {
                &mut doomed
            } else {
                &mut lucky
            };
            for client in 0..CLIENTS / 2 {
                let prefix = format!("r{round}s{which}c{client}");
                clients.spawn(write(contact.clone(), prefix, Arc::clone(&ledger)));
            }
            let prefix = format!("r{round}s{which}");
            clients.spawn(Arc::clone(&ledger).draw(contact.clone(), prefix));
        }
        tokio::time::sleep(life(round)).await;
        servers[victim].take().unwrap().kill();
        doomed.join_all().await;
        // The other goes on meanwhile.
        servers[victim] = Some(start(victim));
        lucky.shutdown().await;
    }
    let [one, other] = servers.map(Option::unwrap);
    ledger.judge(&one.contact).await;
    // The other one shows the same, and asked for the same answers as before.
    ledger.judge(&other.contact).await;
    let written = ledger.acknowledged.lock().unwrap().len();
    assert!(written > rounds * CLIENTS, "only {written} were written");
    println!("{rounds} kills of one of two, {written} names");
    one.kill();
    other.kill();
}
