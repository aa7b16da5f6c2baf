//! Disks that are full, read-only or broken: what was published is served, and changes wait for the disk.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use payname_api::{State, paths};

use crate::{
    crash::{PUBLIC_URL, contact_of},
    scene::{Answer, Contact, DOMAIN, config_text, keys, uri},
};

/// How long it may take until the state of the disk is seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server whose data directory is a file system of its own, in memory.
struct Cramped {
    child: Child,
    contact: Contact,
    directory: tempfile::TempDir,
}

impl Cramped {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut child = mounted(directory.path(), "size=4m", "")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let contact = contact_of(&mut child);
        Self {
            child,
            contact,
            directory,
        }
    }

    /// A file on the server's own file system, seen from outside.
    fn filler(&self) -> PathBuf {
        let inside = self.directory.path().join("data/filler");
        let inside = inside.strip_prefix("/").unwrap().to_owned();
        Path::new("/proc")
            .join(self.child.id().to_string())
            .join("root")
            .join(inside)
    }

    fn fill(&self) {
        let full = std::fs::write(self.filler(), vec![0; 8 << 20]).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
    }
}

impl Drop for Cramped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program in a namespace in which its data directory is mounted.
fn mounted(directory: &Path, options: &str, afterwards: &str) -> Command {
    let file = directory.join("paynamed.toml");
    let text = config_text(&format!("public_url = \"{PUBLIC_URL}\""));
    std::fs::write(&file, text).unwrap();
    let data = directory.join("data");
    std::fs::create_dir(&data).unwrap();
    let script = format!(
        "mount -t tmpfs -o {options},mode=0700 tmpfs \"$1\" && {afterwards} exec \"$2\" --config \"$3\""
    );
    let mut command = Command::new(crate::serving::tool("unshare"));
    command
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            &script,
            "sh",
        ])
        .args([&data, Path::new(env!("CARGO_BIN_EXE_paynamed")), &file])
        .stdin(Stdio::null())
        .env("PAYNAMED_LOG", "info");
    command
}

/// A refusal that says when to come again.
#[track_caller]
fn assert_refused_for_now(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 503, "{answer:?}");
    assert_eq!(answer.code(), "unavailable");
    assert_eq!(answer.headers["retry-after"], "30");
}

/// Waits until `/readyz` says so.
async fn until_ready(contact: &Contact, is_ready: bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = contact.get(paths::READYZ).await;
        if answer.status.is_success() == is_ready {
            if !is_ready {
                assert_eq!(answer.code(), "unavailable");
                let said = String::from_utf8(answer.body).unwrap();
                assert!(said.contains("the disk is full, read-only"), "{said}");
            }
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A server whose disk can be made to take nothing more: every write to a file then fails, as on a disk that has
/// turned read-only under it. (One that is mounted read-only while files are open for writing is refused by Linux.)
struct Barred {
    child: Child,
    contact: Contact,
}

impl Barred {
    fn start(directory: &Path) -> Self {
        let file = directory.join("paynamed.toml");
        let text = config_text(&format!("public_url = \"{PUBLIC_URL}\""));
        std::fs::write(&file, text).unwrap();
        // The signal that comes with the refusal of a write would end the program.
        let script = "trap '' XFSZ; exec \"$1\" --config \"$2\"";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args([Path::new(env!("CARGO_BIN_EXE_paynamed")), &file])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .env("PAYNAMED_LOG", "info")
            .spawn()
            .unwrap();
        let contact = contact_of(&mut child);
        Self { child, contact }
    }

    /// Lets files grow to this length and be written below it alone; everything else goes on.
    fn allow(&self, most: &str) {
        let set = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--fsize={most}:unlimited"))
            .status();
        assert!(set.expect("prlimit of util-linux").success());
    }
}

impl Drop for Barred {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_more_refuses_changes_and_nothing_else_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let server = Barred::start(directory.path());
    let contact = &server.contact;
    contact.put(&keys(1), "alice", &uri("first")).await.handle();
    contact.until("alice", State::Published).await;
    until_ready(contact, true).await;
    server.allow("0");
    for round in 0..3 {
        for (user, what) in [("alice", "second"), ("bob", "x")] {
            assert_refused_for_now(&contact.put(&keys(1), user, &uri(what)).await);
        }
        assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("first"));
        let shown = contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
        assert_eq!((shown.uri, shown.version), (uri("first"), 1), "{round}");
        let proof = contact.get(&paths::proof(DOMAIN, "alice")).await;
        assert!(proof.status.is_success(), "{proof:?}");
        let unknown = contact.get(&paths::handle(DOMAIN, "bob")).await;
        assert_eq!(unknown.status.as_u16(), 404, "{unknown:?}");
        until_ready(contact, false).await;
    }
    assert!(contact.get(paths::LIVEZ).await.status.is_success());
    server.allow("unlimited");
    until_ready(contact, true).await;
    for (user, what) in [("alice", "second"), ("bob", "x")] {
        contact.put(&keys(1), user, &uri(what)).await.handle();
        contact.until(user, State::Published).await;
        assert_eq!(contact.resolve(user).await.unwrap().uri(), uri(what));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_before_the_disk_broke_is_published_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let server = Barred::start(directory.path());
    let contact = &server.contact;
    let mut accepted = Vec::new();
    let mut asking = tokio::task::JoinSet::new();
    for client in 0..40 {
        let contact = contact.clone();
        asking.spawn(async move {
            let user = format!("user{client}");
            let answer = contact.put(&keys(1), &user, &uri("x")).await;
            answer.status.is_success().then_some(user)
        });
        // In the middle of the burst, with names committed and not published yet.
        if client == 30 {
            if let Some(Ok(first)) = asking.join_next().await {
                accepted.extend(first);
            }
            server.allow("0");
        }
    }
    accepted.extend(asking.join_all().await.into_iter().flatten());
    assert!(!accepted.is_empty());
    until_ready(contact, false).await;
    server.allow("unlimited");
    for user in accepted {
        contact.until(&user, State::Published).await;
        assert_eq!(contact.resolve(&user).await.unwrap().uri(), uri("x"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_names_are_refused_whole_and_served_as_ever_and_then_it_goes_on() {
    let server = Cramped::start();
    let contact = &server.contact;
    contact.put(&keys(1), "alice", &uri("first")).await.handle();
    contact.until("alice", State::Published).await;
    server.fill();
    let mut accepted = Vec::new();
    let mut refused = None;
    for number in 0..400 {
        let user = format!("user{number}");
        let answer = contact.put(&keys(1), &user, &uri("x")).await;
        if !answer.status.is_success() {
            assert_refused_for_now(&answer);
            refused = Some(user);
            break;
        }
        accepted.push(user);
    }
    let refused = refused.expect("the disk was full, and nothing was refused");
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("first"));
    contact.until("alice", State::Published).await;
    let answer = contact.get(&paths::handle(DOMAIN, &refused)).await;
    assert_eq!(answer.status.as_u16(), 404, "{answer:?}");
    until_ready(contact, false).await;

    std::fs::remove_file(server.filler()).unwrap();
    until_ready(contact, true).await;
    contact
        .put(&keys(1), &refused, &uri("again"))
        .await
        .handle();
    accepted.push(refused);
    for user in accepted {
        contact.until(&user, State::Published).await;
        assert!(
            contact.resolve(&user).await.is_ok(),
            "{user} was acknowledged"
        );
    }
}

#[test]
fn on_a_read_only_disk_the_server_does_not_start_and_says_where() {
    let directory = tempfile::tempdir().unwrap();
    let ended: Output = mounted(directory.path(), "size=4m", "mount -o remount,ro \"$1\" &&")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let error = String::from_utf8(ended.stderr).unwrap();
    let data = directory.path().join("data");
    assert!(error.contains(data.to_str().unwrap()), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}
