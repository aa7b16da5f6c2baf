//! What is shipped beside the program: the unit that systemd starts it by, and the file of a container.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use crate::{scene::config_text, serving::tool};

/// How long the server may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

fn unit() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    fs::read_to_string(folder.join("paynamed.service")).unwrap()
}

fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let mut lines = unit.lines().filter_map(|line| line.split_once('='));
    lines.find(|(name, _)| *name == key).unwrap().1
}

#[test]
fn the_line_of_the_unit_starts_the_server_which_says_that_it_serves_lives_and_stops() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("paynamed.toml");
    fs::write(&file, config_text("")).unwrap();
    let socket = directory.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = || {
        let mut buffer = [0; 256];
        let length = systemd.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };

    let unit = unit();
    let line = value(&unit, "ExecStart")
        .replace("/usr/local/bin/paynamed", env!("CARGO_BIN_EXE_paynamed"))
        .replace("/etc/payname/paynamed.toml", file.to_str().unwrap());
    let words: Vec<_> = line.split(' ').collect();
    let mut server = Command::new(words[0])
        .args(&words[1..])
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "200000")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(heard().trim(), "READY=1");
    for _ in 0..3 {
        assert_eq!(heard().trim(), "WATCHDOG=1");
    }
    let asked = Command::new("kill").arg(server.id().to_string()).status();
    assert!(asked.unwrap().success());
    let mut last = heard();
    while last.trim() == "WATCHDOG=1" {
        last = heard();
    }
    assert_eq!(last.trim(), "STOPPING=1");
    assert!(server.wait().unwrap().success());
}

/// Building the container needs base images and so a network; what the page says of it is held to it here.
#[test]
fn the_page_prepares_a_container_as_its_file_makes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let file = fs::read_to_string(root.join("packaging/Containerfile")).unwrap();
    let page = fs::read_to_string(root.join("docs/run.md")).unwrap();
    let (_, user) = file.split_once("--uid ").unwrap();
    let user = user.split(' ').next().unwrap();
    assert!(page.contains(&format!(
        "--owner={user} --group={user} --mode=0755 /etc/payname"
    )));
    assert!(file.contains(&format!("groupadd --gid {user} payname")));
    let port = "8080";
    assert!(file.contains(&format!("{port}/tcp")) && file.contains(&format!("/{port} &&")));
    assert!(page.contains(&format!("init --http-listen 0.0.0.0:{port}")));
    let stages = file.split("\nFROM ").nth(2).unwrap();
    let before = stages.split("\nENTRYPOINT").next().unwrap();
    assert!(before.contains("\nUSER payname\n"), "it would run as root");
    // What is not in the repository is not in the context either.
    let ignored = fs::read_to_string(root.join(".dockerignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "target"));
}

/// systemd's own judgement, where there is a systemd.
#[cfg(target_os = "linux")]
#[test]
fn systemd_takes_the_unit_and_finds_little_exposed() {
    let directory = tempfile::tempdir().unwrap();
    let unit = unit();
    for needed in [
        "ProtectSystem=strict",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
        "NoNewPrivileges=yes",
        "StateDirectoryMode=0700",
    ] {
        assert!(unit.lines().any(|line| line == needed), "no {needed}");
    }
    // Only the program must be where the unit says.
    let unit = unit.replace("/usr/local/bin/paynamed", env!("CARGO_BIN_EXE_paynamed"));
    let file = directory.path().join("paynamed.service");
    fs::write(&file, unit).unwrap();
    let analyze = |words: &[&str]| {
        let output = Command::new(tool("systemd-analyze"))
            .args(words)
            .arg(&file)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{words:?}: {text}");
        text
    };
    let said = analyze(&["verify", "--man=no", "--recursive-errors=no"]);
    let about_it = said
        .lines()
        .filter(|line| line.contains("paynamed.service"));
    assert_eq!(about_it.count(), 0, "{said}");
    // In tenths: 20 is 2.0, "OK"; a service without any of it has 9.6.
    analyze(&["security", "--offline=yes", "--no-pager", "--threshold=20"]);
}
