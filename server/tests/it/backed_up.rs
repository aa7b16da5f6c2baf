//! `paynamed backup` and `paynamed restore`: what was lost comes back, and nothing else gets in.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use payname_api::State;
use payname_resolver::{
    UnixTime,
    hickory_proto::{op::Message, rr::RData},
};
use payname_server::{Clock, Config, Passphrase, Server, back_up, restore};

use crate::{
    postgres::Cluster,
    scene::{Contact, Draft, Scene, config_text, keys, now, uri},
};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::typed(text.to_owned()).unwrap()
}

/// A server with names, its configuration in a file, and a backup of it made while it ran.
async fn backed_up() -> (Scene, PathBuf) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for user in ["alice", "bob"] {
        contact.put(&keys(1), user, &uri(user)).await.handle();
        contact.until(user, State::Published).await;
    }
    let file = scene.data().with_file_name("paynamed.toml");
    fs::write(&file, config_text("")).unwrap();
    let backup = scene.data().with_file_name("backup.age");
    let config = Config::read(&file).unwrap();
    let secret = passphrase("secret");
    let made = back_up(&file, &config, &secret, &backup, UnixTime(now()));
    made.await.unwrap();
    (scene, backup)
}

async fn start(file: &Path) -> (payname_server::Running, Contact) {
    let config = Config::read(file).unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url: running.public_url().to_string(),
        client: reqwest::Client::new(),
    };
    (running, contact)
}

async fn serial(contact: &Contact) -> u32 {
    let query = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x07example\x04test\0\0\x06\0\x01";
    let answer: Message = contact.ask_udp(query).await;
    let soa = answer.answers.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    });
    soa.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_is_gone_comes_back_with_keys_names_and_a_later_serial() {
    let (scene, backup) = backed_up().await;
    let contact = scene.contact();
    let ds = scene.running().ds_records();
    let before = serial(&contact).await;
    let directory = scene.stop().await;
    fs::remove_dir_all(directory.path().join("data")).unwrap();
    fs::remove_file(directory.path().join("paynamed.toml")).unwrap();

    let file = directory.path().join("paynamed.toml");
    let restored = restore(&backup, &passphrase("secret"), &file, UnixTime(now())).await;
    let restored = restored.unwrap();
    assert!(restored.wrote_configuration && restored.zones == ["example.test."]);
    let config = Config::read(&file).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&config.data_dir), 0o700);
    for entry in fs::read_dir(&config.data_dir).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|end| end == "key" || end == "json")
        {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "configuration, data and backup: {names:?}");

    let (running, contact) = start(&file).await;
    assert_eq!(running.ds_records(), ds);
    assert!(running.new_ds_records().is_empty());
    assert!(serial(&contact).await > before);
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("alice"));
    let stranger = contact.put(&keys(2), "bob", &uri("mine")).await;
    assert!(stranger.status.is_client_error(), "{stranger:?}");
    contact.put(&keys(1), "alice", &uri("after")).await.handle();
    contact.until("alice", State::Published).await;
    assert_eq!(contact.resolve("alice").await.unwrap().uri(), uri("after"));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_used_before_the_backup_is_not_good_again_after_it() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let body = format!(r#"{{"uri":"{}"}}"#, uri("alice"));
    let draft = Draft::put(&contact, "alice", body);
    let signed = draft.sign(&keys(1));
    contact.send(&draft, Some(&signed)).await.handle();
    let file = scene.data().with_file_name("paynamed.toml");
    fs::write(
        &file,
        config_text(&format!("public_url = \"{}\"", contact.public_url)),
    )
    .unwrap();
    let backup = scene.data().with_file_name("backup.age");
    let config = Config::read(&file).unwrap();
    let secret = passphrase("secret");
    let made = back_up(&file, &config, &secret, &backup, UnixTime(now()));
    made.await.unwrap();
    let directory = scene.stop().await;
    fs::remove_dir_all(directory.path().join("data")).unwrap();
    let restored = restore(&backup, &passphrase("secret"), &file, UnixTime(now())).await;
    assert!(!restored.unwrap().wrote_configuration);
    let (running, contact) = start(&file).await;
    assert_eq!(
        contact.send(&draft, Some(&signed)).await.code(),
        "auth_replayed"
    );
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_sqlite_is_restored_into_postgresql() {
    let (scene, backup) = backed_up().await;
    let ds = scene.running().ds_records();
    let _old = scene.stop().await;
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("paynamed.toml");
    let text = format!("{}\n[database]\nurl = \"{url}\"", config_text(""));
    fs::write(&file, text).unwrap();
    let restored = restore(&backup, &passphrase("secret"), &file, UnixTime(now())).await;
    assert!(restored.unwrap().rows > 4);
    let (running, contact) = start(&file).await;
    assert_eq!(running.ds_records(), ds);
    assert_eq!(contact.resolve("bob").await.unwrap().uri(), uri("bob"));
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_a_damaged_backup_and_a_directory_in_use_change_nothing() {
    let (scene, backup) = backed_up().await;
    let directory = scene.stop().await;
    let file = directory.path().join("paynamed.toml");
    let at = UnixTime(now());
    let refused = restore(&backup, &passphrase("secret"), &file, at)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("data is not empty"),
        "{refused}"
    );

    fs::rename(directory.path().join("data"), directory.path().join("old")).unwrap();
    let refused = restore(&backup, &passphrase("guess"), &file, at)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("passphrase does not open"),
        "{refused}"
    );
    let whole = fs::read(&backup).unwrap();
    for (spoiled, what) in [
        (whole[..whole.len() - 1].to_vec(), "cut short"),
        ([&whole[..], b"more"].concat(), "longer"),
        (vec![0; 300], "foreign"),
    ] {
        fs::write(&backup, spoiled).unwrap();
        let refused = restore(&backup, &passphrase("secret"), &file, at).await;
        assert!(refused.is_err(), "{what} is taken");
    }
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["backup.age", "old", "paynamed.toml"]);
    fs::write(&backup, whole).unwrap();
    restore(&backup, &passphrase("secret"), &file, at)
        .await
        .unwrap();
}

fn paynamed(file: &Path, words: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_paynamed"));
    let child = child.arg("--config").arg(file).args(words);
    child.stdin(Stdio::null()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_passphrase_comes_from_a_file_or_a_program_and_nothing_is_overwritten() {
    let (scene, first) = backed_up().await;
    let file = scene.data().with_file_name("paynamed.toml");
    let secret = scene.data().with_file_name("secret");
    fs::write(&secret, "from a file\n").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let second = scene.data().with_file_name("second.age");
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    let secret = secret.to_str().unwrap();
    let said = |output: Output| String::from_utf8(output.stderr).unwrap();
    let asked = tokio::task::block_in_place(|| paynamed(&file, &["backup", second]));
    assert!(!asked.status.success());
    assert!(said(asked).contains("--passphrase-file or --passphrase-command"));
    let done = tokio::task::block_in_place(|| {
        paynamed(&file, &["backup", second, "--passphrase-file", secret])
    });
    assert!(done.status.success(), "{done:?}");
    let mode = fs::metadata(second).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(first).unwrap();
    let refused = tokio::task::block_in_place(|| {
        paynamed(&file, &["backup", first, "--passphrase-file", secret])
    });
    assert!(said(refused).contains("exists already"));
    assert_eq!(fs::read(first).unwrap(), before);

    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("paynamed.toml");
    let words = [
        "restore",
        second,
        "--passphrase-command",
        "printf from\\040a\\040file",
    ];
    let restored = tokio::task::block_in_place(|| paynamed(&elsewhere, &words));
    assert!(restored.status.success(), "{restored:?}");
    assert!(said(restored).contains("restored 1 zones"));
    assert!(place.path().join("data/registry.sqlite").exists());
    scene.stop().await;
}

/// The real age asks on a terminal, which util-linux's `script` is.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_tool_age_opens_a_backup_and_tar_lists_what_is_in_it() {
    use crate::serving::tool;
    use std::io::Write as _;

    let (scene, backup) = backed_up().await;
    let directory = scene.stop().await;
    let opened = directory.path().join("opened.tar");
    let age = tool("age").display().to_string();
    let command = format!(
        "{age} --decrypt --output {} {}",
        opened.display(),
        backup.display()
    );
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    let ended = tokio::task::block_in_place(|| {
        // Typed again until it has been read: what comes before the question is thrown away.
        for _ in 0..100 {
            if let Some(status) = terminal.try_wait().unwrap() {
                return status;
            }
            let _ = keyboard.write_all(b"secret\n");
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        terminal.kill().unwrap();
        terminal.wait().unwrap()
    });
    assert!(ended.success(), "{ended}");
    let listed = Command::new("tar")
        .arg("--list")
        .arg("--file")
        .arg(&opened)
        .output()
        .unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<_> = names.lines().collect();
    assert_eq!(names[..2], ["manifest.json", "paynamed.toml"]);
    assert_eq!(names.last(), Some(&"registry.ndjson"));
    let keys = names
        .iter()
        .filter(|name| name.starts_with("data/example.test."));
    assert_eq!(keys.count(), 2, "{names:?}");
    assert!(
        !names
            .iter()
            .any(|name| name.contains("sqlite") || name.ends_with("lock")),
        "{names:?}"
    );
}
