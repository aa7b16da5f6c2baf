//! `kill -9`, at any moment: what was acknowledged is there, and resolves.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use payname_api::State;

use crate::scene::{Contact, config_text, keys, uri};

/// How often a program is killed, unless `PAYNAME_KILLS` says otherwise (`make kill`).
const KILLS: usize = 12;

/// How often a program is killed.
pub(crate) fn kills() -> usize {
    let wanted = std::env::var("PAYNAME_KILLS").ok();
    wanted.map_or(KILLS, |wanted| {
        wanted.parse().expect("PAYNAME_KILLS is a number")
    })
}

/// How many clients write at the same time.
const CLIENTS: usize = 6;
/// The name that every server of this test goes by, whatever its port.
pub(crate) const PUBLIC_URL: &str = "https://names.test";

/// The real program, in a process of its own.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) contact: Contact,
}

impl Daemon {
    fn start(directory: &Path) -> Self {
        Self::start_with(directory, "")
    }

    /// As `start`, with more keys in its configuration.
    pub(crate) fn start_with(directory: &Path, more: &str) -> Self {
        let file = directory.join("paynamed.toml");
        let more = format!("public_url = \"{PUBLIC_URL}\"\n{more}");
        std::fs::write(&file, config_text(&more)).unwrap();
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

/// Claims names and changes them until the server is gone; notes what was acknowledged.
pub(crate) async fn write(
    contact: Contact,
    prefix: String,
    acknowledged: Arc<Mutex<BTreeMap<String, usize>>>,
) {
    for count in 0.. {
        // Every third request changes the name before.
        let user = format!("{prefix}-{}", count / 3 * 3 + (count % 3).min(1));
        let answer = contact
            .try_put(&keys(1), &user, &uri(&count.to_string()))
            .await;
        let Ok(answer) = answer else { return };
        assert!(answer.status.is_success(), "{answer:?}");
        acknowledged.lock().unwrap().insert(user, count);
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

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_server_loses_nothing_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    for round in 0..kills() {
        let daemon = Daemon::start(directory.path());
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CLIENTS {
            let prefix = format!("r{round}c{client}");
            clients.spawn(write(
                daemon.contact.clone(),
                prefix,
                Arc::clone(&acknowledged),
            ));
        }
        // From before the first commit to the middle of everything.
        let life = 7 * (round as u64 * 5 % 12).pow(2);
        tokio::time::sleep(Duration::from_millis(life)).await;
        daemon.kill();
        clients.join_all().await;
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(
        acknowledged.len() > kills() * CLIENTS,
        "only {} were written",
        acknowledged.len()
    );
    let daemon = Daemon::start(directory.path());
    for (user, count) in acknowledged {
        let status = daemon.contact.until(&user, State::Published).await;
        let verified = daemon.contact.resolve(&user).await.unwrap();
        assert_eq!(verified.uri(), status.uri);
        // A change that was committed but whose answer was lost may have come after.
        let found: usize = status.uri.rsplit('=').next().unwrap().parse().unwrap();
        assert!(
            found == count || found == count + 1,
            "{user}: {count} became {found}"
        );
    }
    daemon.kill();
}
