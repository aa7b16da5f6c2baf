//! `kill -9` while a backup is written or restored: what is there afterwards is whole, and nobody else can read
//! what is left.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use payname_api::State;
use payname_server::{Clock, Config, Server};

use crate::{
    crash::kills,
    postgres::Cluster,
    scene::{Contact, Scene, config_text, keys, uri},
};

/// How often each program is killed; a run takes seconds.
fn rounds() -> usize {
    kills().div_ceil(2)
}

/// How many names there are.
const NAMES: usize = 30;

/// When a program is killed.
enum Moment {
    /// After so long.
    After(Duration),
    /// So long after this has appeared.
    Seen(PathBuf, Duration),
}

impl Moment {
    /// One of many: all through the time that a run takes, and close to each of its steps.
    fn of_round(round: usize, whole: Duration, steps: &[PathBuf]) -> Self {
        let part = u32::try_from(round * 7 % 20).unwrap();
        match steps.get(round % (steps.len() + 1)) {
            None => Self::After(whole * part / 18),
            Some(step) => Self::Seen(step.clone(), Duration::from_micros(u64::from(part) * 700)),
        }
    }

    /// Waits for it, or for the end of the program.
    fn wait(&self, child: &mut Child) {
        let begun = Instant::now();
        match self {
            Self::After(pause) => std::thread::sleep(*pause),
            Self::Seen(path, pause) => {
                while !path.exists() && child.try_wait().unwrap().is_none() {
                    assert!(begun.elapsed() < Duration::from_secs(120));
                    std::thread::yield_now();
                }
                std::thread::sleep(*pause);
            }
        }
    }
}

fn paynamed(config: &Path, words: &[&str]) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_paynamed"));
    program.arg("--config").arg(config).args(words);
    let quiet = program.stdin(Stdio::null()).stdout(Stdio::null());
    quiet.stderr(Stdio::null()).spawn().unwrap()
}

/// Runs the program and kills it at a moment; whether it came to its end before.
fn run_killed(config: &Path, words: &[&str], moment: &Moment) -> bool {
    let mut child = paynamed(config, words);
    moment.wait(&mut child);
    let _ = child.kill();
    child.wait().unwrap().success()
}

/// How long the program takes if nobody kills it.
fn run_whole(config: &Path, words: &[&str]) -> Duration {
    let begun = Instant::now();
    assert!(
        paynamed(config, words).wait().unwrap().success(),
        "{words:?}"
    );
    begun.elapsed()
}

/// Everything below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| [vec![path.clone()], below(&path)].concat())
        .collect()
}

/// Whether nobody but us can reach what is in a file or directory.
fn assert_closed(path: &Path) {
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
}

fn holds(path: &Path, secrets: &[Vec<u8>]) -> bool {
    let bytes = fs::read(path).unwrap_or_default();
    let found = |secret: &Vec<u8>| bytes.windows(secret.len()).any(|window| window == secret);
    secrets.iter().any(found)
}

/// A server's directory with names, its configuration and a passphrase; stopped.
async fn estate() -> (tempfile::TempDir, Vec<String>) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for count in 0..NAMES {
        let user = format!("user{count}");
        contact.put(&keys(1), &user, &uri(&user)).await.handle();
    }
    contact.until("user0", State::Published).await;
    let ds = scene.running().ds_records();
    let directory = scene.stop().await;
    fs::write(directory.path().join("paynamed.toml"), config_text("")).unwrap();
    let secret = directory.path().join("secret");
    fs::write(&secret, "a passphrase\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    (directory, ds)
}

fn private_keys(data: &Path) -> Vec<Vec<u8>> {
    let files = below(data).into_iter();
    let keys = files.filter(|path| path.extension().is_some_and(|end| end == "key"));
    keys.map(|path| fs::read(path).unwrap()).collect()
}

/// A server on a restored directory has all of it.
async fn assert_whole(config: &Path, ds: &[String], round: usize) {
    let config = Config::read(config).unwrap();
    let mark = config.data_dir.join("restored");
    let running = Server::start(config, Clock::system()).await.unwrap();
    assert!(
        !mark.exists(),
        "serials are raised by the start at the latest"
    );
    assert_eq!(running.ds_records(), ds);
    assert!(running.new_ds_records().is_empty());
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    for count in [0, NAMES - 1, round % NAMES] {
        let user = format!("user{count}");
        contact.until(&user, State::Published).await;
        assert_eq!(contact.resolve(&user).await.unwrap().uri(), uri(&user));
    }
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_is_whole_or_not_there_and_shows_no_key() {
    let (directory, ds) = estate().await;
    let path = |name: &str| directory.path().join(name);
    let config = path("paynamed.toml");
    let secret = path("secret").display().to_string();
    let secrets = private_keys(&path("data"));
    assert!(!secrets.is_empty());
    let first = path("first.age");
    let words = |to: &Path| {
        let to = to.display().to_string();
        ["backup", &to, "--passphrase-file", &secret].map(str::to_owned)
    };
    fn borrowed(words: &[String; 4]) -> [&str; 4] {
        [&words[0], &words[1], &words[2], &words[3]]
    }
    let whole = run_whole(&config, &borrowed(&words(&first)));
    let before = below(&path("data"));
    let first_bytes = fs::read(&first).unwrap();
    let mut made = Vec::new();
    for round in 0..rounds() {
        let to = path(&format!("{round}.age"));
        let unfinished = path(&format!("{round}.age.new"));
        let moment = Moment::of_round(round, whole, &[unfinished.clone(), to.clone()]);
        let ended = run_killed(&config, &borrowed(&words(&to)), &moment);
        for left in [&to, &unfinished].into_iter().filter(|left| left.exists()) {
            assert_closed(left);
            assert!(!holds(left, &secrets), "{}", left.display());
        }
        assert!(!ended || to.exists());
        // What it read it left as it was; the registry's rows never had a name for long, nor anything in it.
        for new in below(&path("data"))
            .iter()
            .filter(|path| !before.contains(path))
        {
            assert_closed(new);
            assert_eq!(fs::metadata(new).unwrap().len(), 0, "{}", new.display());
        }
        if to.exists() {
            made.push(to);
        }
    }
    // One that was killed after its end is a second name of the unfinished one; the next writes over neither.
    let moved = path("moved.age");
    fs::hard_link(&first, path("first.age.new")).unwrap();
    fs::rename(&first, &moved).unwrap();
    run_whole(&config, &borrowed(&words(&first)));
    assert_eq!(fs::read(&moved).unwrap(), first_bytes);
    assert!(!path("first.age.new").exists());
    for (round, backup) in [first, moved].into_iter().chain(made).take(6).enumerate() {
        let place = tempfile::tempdir().unwrap();
        let config = place.path().join("paynamed.toml");
        let backup = backup.display().to_string();
        run_whole(&config, &["restore", &backup, "--passphrase-file", &secret]);
        assert_whole(&config, &ds, round).await;
    }
}

/// Kills restores and gives them again. `prepare` makes a place for each, with or without a configuration.
async fn kill_restores<F: Future<Output = tempfile::TempDir>>(
    rounds: usize,
    prepare: impl Fn() -> F,
) {
    let (directory, ds) = estate().await;
    let path = |name: &str| directory.path().join(name);
    let secret = path("secret").display().to_string();
    let backup = path("backup.age").display().to_string();
    let (backup, secret) = (backup.as_str(), secret.as_str());
    let words = |what: &'static str| [what, backup, "--passphrase-file", secret];
    run_whole(&path("paynamed.toml"), &words("backup"));
    let place = prepare().await;
    let whole = run_whole(&place.path().join("paynamed.toml"), &words("restore"));
    let mut halves = 0;
    for round in 0..rounds {
        let place = prepare().await;
        let given = below(place.path());
        let at = |name: &str| place.path().join(name);
        let (config, data) = (at("paynamed.toml"), at("data"));
        let steps = [
            at("data.restoring"),
            at("data.restoring/restored"),
            data.clone(),
        ];
        run_killed(
            &config,
            &words("restore"),
            &Moment::of_round(round, whole, &steps),
        );
        for left in below(place.path()) {
            // SQLite's files are closed by their directory.
            let end = left.extension();
            let is_key = end.is_some_and(|end| end == "key" || end == "json");
            let is_new = left.parent() == Some(place.path()) && !given.contains(&left);
            if is_key || is_new {
                assert_closed(&left);
            }
        }
        if !data.exists() {
            halves += 1;
            run_whole(&config, &words("restore"));
        }
        assert!(config.exists() && !at("data.restoring").exists());
        assert_whole(&config, &ds, round).await;
        let mut names: Vec<_> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["data", "paynamed.toml"]);
    }
    assert!(halves > 0, "none was killed in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_has_restored_all_or_nothing_and_can_be_given_again() {
    kill_restores(rounds(), async || tempfile::tempdir().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_has_one_into_postgresql_whose_rows_are_there_already() {
    let cluster = Cluster::start(false);
    let prepare = async || {
        let place = tempfile::tempdir().unwrap();
        let url = cluster.database().await;
        let text = format!("{}\n[database]\nurl = \"{url}\"", config_text(""));
        fs::write(place.path().join("paynamed.toml"), text).unwrap();
        place
    };
    kill_restores(rounds().div_ceil(2), prepare).await;
}
