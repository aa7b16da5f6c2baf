//! `paynamed doctor` on the machine itself: each fault by itself, and none where all is well. What is
//! seen of the zone above is tested where there is one.

use std::{
    fs::{self, Permissions},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use payname_resolver::{
    UnixTime,
    doctor::Report,
    hickory_proto::{op::Message, rr::RData},
};
use payname_server::{Clock, Config, Doctor};
use tokio::net::UdpSocket;

use crate::scene::{DOMAIN, Scene, config_text, now};

/// A server that runs, and its configuration with the ports that it has got.
struct Patient {
    scene: Scene,
    text: String,
}

impl Patient {
    async fn new() -> Self {
        let scene = Scene::start().await;
        let (http, dns) = (scene.running().http_addr(), scene.running().dns_addr());
        let text = config_text(&format!("public_url = \"http://{http}\""))
            .replacen("[\"127.0.0.1:0\"]", &format!("[\"{dns}\"]"), 1)
            .replacen("127.0.0.1:0", &http.to_string(), 1);
        Self { scene, text }
    }

    fn file(&self) -> PathBuf {
        self.scene.data().with_file_name("paynamed.toml")
    }

    async fn examine(&self) -> Report {
        self.examine_as(&self.text, &Clock::system()).await
    }

    async fn examine_as(&self, text: &str, clock: &Clock) -> Report {
        examine(
            text,
            &self.file(),
            self.scene.running().dns_addr().port(),
            clock,
        )
        .await
    }
}

async fn examine(text: &str, file: &Path, port: u16, clock: &Clock) -> Report {
    let config = Config::parse(text, file).unwrap();
    let doctor = Doctor { port, parent: None };
    doctor.examine(&config, clock).await
}

/// The codes, but for whether this machine's clock follows another one, which no test decides.
fn codes(report: &Report) -> Vec<&'static str> {
    let findings = report.findings().iter();
    let findings = findings.filter(|finding| finding.subject != "clock");
    findings.map(|finding| finding.code.as_str()).collect()
}

#[tokio::test]
async fn a_server_that_is_well_is_told_only_that_nobody_looks_from_outside() {
    let patient = Patient::new().await;
    let report = patient.examine().await;
    assert_eq!(codes(&report), ["D711"], "{report}");
    assert!(report.to_string().contains("[prove]"), "{report}");
}

#[tokio::test]
async fn files_that_others_read_and_keys_that_do_not_open_are_named() {
    let patient = Patient::new().await;
    let key = fs::read_dir(patient.scene.data()).unwrap();
    let mut keys = key.map(|entry| entry.unwrap().path());
    let key = keys.find(|path| path.extension().is_some_and(|end| end == "key"));
    let key = key.unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    let report = patient.examine().await;
    assert_eq!(codes(&report), ["D702", "D703", "D711"], "{report}");
    assert!(report.findings()[0].fix.starts_with("run: chmod go= "));

    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&key).unwrap();
    fs::write(&key, "nothing").unwrap();
    let report = patient.examine().await;
    assert_eq!(codes(&report), ["D703", "D711"], "{report}");
    fs::write(&key, whole).unwrap();
    let text = format!("keys_passphrase_command = [\"false\"]\n{}", patient.text);
    let report = patient.examine_as(&text, &Clock::system()).await;
    assert_eq!(codes(&report), ["D703", "D711"], "{report}");
}

#[tokio::test]
async fn a_server_that_was_never_started_lacks_everything() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("paynamed.toml");
    let text = config_text("").replace("127.0.0.1:0", "127.0.0.1:1");
    let report = examine(&text, &file, 1, &Clock::system()).await;
    assert_eq!(codes(&report), ["D702", "D704", "D705", "D705"], "{report}");
    assert_eq!(report.exit_code(), 20);
    assert!(
        !directory.path().join("data").exists(),
        "looking makes nothing"
    );
}

#[tokio::test]
async fn a_public_url_that_leads_elsewhere_is_told() {
    let patient = Patient::new().await;
    let text = patient.text.replacen(
        "public_url = \"http://",
        "public_url = \"http://127.0.0.1:1/",
        1,
    );
    let report = patient.examine_as(&text, &Clock::system()).await;
    assert_eq!(codes(&report), ["D710", "D711"], "{report}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_shows_in_the_signatures_and_in_what_has_surely_come() {
    let patient = Patient::new().await;
    let years = 3 * 365 * 86_400;
    let early = Clock::from_fn(move || UnixTime(now() - years));
    let report = patient.examine_as(&patient.text, &early).await;
    assert!(codes(&report).starts_with(&["D304", "D708"]), "{report}");
    let late = Clock::from_fn(move || UnixTime(now() + years));
    let report = patient.examine_as(&patient.text, &late).await;
    assert_eq!(codes(&report), ["D304", "D708", "D711"], "{report}");
}

#[tokio::test]
async fn a_clock_that_leapt_is_told_with_how_far_it_is_ahead_and_what_to_do() {
    let patient = Patient::new().await;
    let (day, leapt) = (86_400, 86_400 * 5 / 2);
    let late = Clock::from_fn(move || UnixTime(now() + leapt));
    let report = patient.examine_as(&patient.text, &late).await;
    assert_eq!(codes(&report), ["D708", "D711"], "{report}");
    let finding = &report.findings()[0];
    let hours = ["59 hours ahead", "60 hours ahead"];
    assert!(
        hours.iter().any(|hours| finding.evidence.contains(hours)),
        "{report}"
    );
    assert!(finding.fix.contains("zone trust-clock"), "{report}");
    // As far as it is believed by a server, it is by whoever examines one.
    let late = Clock::from_fn(move || UnixTime(now() + day / 2));
    let report = patient.examine_as(&patient.text, &late).await;
    assert_eq!(codes(&report), ["D711"], "{report}");
}

#[tokio::test]
async fn a_secondary_that_has_another_serial_is_told() {
    let patient = Patient::new().await;
    let stale = stale_secondary(patient.scene.running().dns_addr()).await;
    let peer = format!("secondaries = [{{ address = \"{stale}\" }}]\ndenial = \"nsec3\"");
    let text = patient
        .text
        .replacen("ttl = 300", &format!("ttl = 300\n{peer}"), 1);
    let report = patient.examine_as(&text, &Clock::system()).await;
    assert_eq!(codes(&report), ["D308", "D711"], "{report}");
    assert!(report.to_string().contains(&stale.to_string()), "{report}");
}

/// A server that serves what the primary does under the serial before.
async fn stale_secondary(primary: SocketAddr) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let ask = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            ask.send_to(&buffer[..length], primary).await.unwrap();
            let length = ask.recv(&mut buffer).await.unwrap();
            let mut answer = Message::from_vec(&buffer[..length]).unwrap();
            for record in &mut answer.answers {
                if let RData::SOA(soa) = &mut record.data {
                    soa.serial -= 1;
                }
            }
            let answer = answer.to_vec().unwrap();
            socket.send_to(&answer, client).await.unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_the_same_in_json_with_the_exit_code() {
    let patient = Patient::new().await;
    let port = patient.scene.running().dns_addr().port().to_string();
    let doctor = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .arg("--config")
            .arg(patient.file())
            .args(["doctor", "--nameserver-port", &port])
            .args(more)
            .output()
            .unwrap()
    };
    fs::write(patient.file(), &patient.text).unwrap();
    let told = tokio::task::block_in_place(|| doctor(&["--json"]));
    assert_eq!(told.status.code(), Some(21), "{told:?}");
    let report: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(report["exit_code"], 21);
    let findings = report["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["code"] == "D711")
        .unwrap();
    assert_eq!(finding["level"], "WARN");
    assert_eq!(finding["subject"], format!("{DOMAIN}."));

    fs::write(patient.file(), patient.text.replace("ttl = 300", "ttl = 0")).unwrap();
    let told = tokio::task::block_in_place(|| doctor(&[]));
    assert_eq!(told.status.code(), Some(20), "{told:?}");
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(
        text.starts_with("ERROR D701 ") && text.contains("`domain.ttl`"),
        "{text}"
    );
}
