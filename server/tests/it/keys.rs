//! Keys that are replaced while the server runs, restarts and is asked.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use payname_resolver::{
    Handle, Question, TrustAnchors, UnixTime, VerifyError,
    hickory_proto::{
        dnssec::rdata::DNSSECRData,
        op::Message,
        rr::{Name, RData, RecordType},
    },
    net::Client,
};
use payname_server::{
    Clock, Config, Running, Server, ZoneRequest, ask_server, ds_records_on_disk, key_reports,
};
use payname_zones::Duty;

use crate::scene::{DOMAIN, config_text, now};

const HOUR: u64 = 3600;

/// A server whose clock can be turned.
pub(crate) struct Turned {
    pub(crate) config: Config,
    ahead: Arc<AtomicU64>,
    pub(crate) running: Running,
}

impl Turned {
    async fn start(directory: &Path, more: &str) -> Self {
        Self::start_text(directory, &(config_text("") + more)).await
    }

    /// As `start`, with the whole text of a configuration.
    pub(crate) async fn start_text(directory: &Path, text: &str) -> Self {
        let config = Config::parse(text, &directory.join("paynamed.toml")).unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let running = start(&config, &ahead).await;
        Self {
            config,
            ahead,
            running,
        }
    }

    async fn restart(self) -> Self {
        let config = self.config.clone();
        self.restart_with(config).await
    }

    async fn restart_with(self, config: Config) -> Self {
        self.running.shutdown().await;
        let running = start(&config, &self.ahead).await;
        Self {
            running,
            config,
            ..self
        }
    }

    /// Lets time pass; keys and signatures are looked after then.
    pub(crate) async fn after(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
        self.running.look_after_keys().await;
        self.running.renew_signatures().await.unwrap();
    }

    fn now(&self) -> UnixTime {
        UnixTime(now() + self.ahead.load(Ordering::Relaxed))
    }

    async fn report(&self) -> String {
        let reports = key_reports(&self.config).await.unwrap();
        reports.iter().map(ToString::to_string).collect()
    }

    /// Proves from a DS record that nobody has this name.
    pub(crate) async fn assert_proven(&self, name: &str, ds: &str) {
        let handle: Handle = name.parse().unwrap();
        let client = Client::new(self.running.dns_addr().into()).unwrap();
        let gathered = client.gather(&handle).await.unwrap();
        let anchors = TrustAnchors::parse(ds).unwrap();
        let verdict = gathered.proof.verify(&handle, &anchors, self.now());
        let report = self.report().await;
        assert!(
            matches!(verdict, Err(VerifyError::Denied(_))),
            "{verdict:?}\n{report}"
        );
    }
}

async fn start(config: &Config, ahead: &Arc<AtomicU64>) -> Running {
    let ahead = Arc::clone(ahead);
    let clock = Clock::from_fn(move || UnixTime(now() + ahead.load(Ordering::Relaxed)));
    Server::start(config.clone(), clock).await.unwrap()
}

#[tokio::test]
async fn a_zone_below_another_one_of_ours_is_rolled_over_without_anybodys_help() {
    let directory = tempfile::tempdir().unwrap();
    let inner = format!(
        "[[domain]]\nname = \"shop.{DOMAIN}\"\nnameservers = [\"ns1.{DOMAIN}\"]\nttl = 300"
    );
    let mut server = Turned::start(directory.path(), &inner).await;
    let shop = format!("shop.{DOMAIN}");
    let before = ds_records_on_disk(&server.config).unwrap();
    ask_server(&server.config, &shop, ZoneRequest::Roll(Duty::Entry)).unwrap();
    let mut most = 0;
    for round in 0..40 {
        server.after(4 * HOUR).await;
        most = most.max(ds_records_on_disk(&server.config).unwrap().len());
        let outer = server.running.ds_records()[0].clone();
        server.assert_proven(&format!("alice@{shop}"), &outer).await;
        if round == 5 {
            server = server.restart().await;
        }
    }
    let after = ds_records_on_disk(&server.config).unwrap();
    assert_eq!(
        (most, after.len()),
        (3, 2),
        "both DS records stood together"
    );
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    let files = std::fs::read_dir(directory.path().join("data")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let keys = names.filter(|name| name.ends_with(".key")).count();
    assert_eq!(keys, 2, "the old private key is destroyed");
    server.running.shutdown().await;
}

#[tokio::test]
async fn a_zone_goes_to_another_algorithm_and_is_provable_all_along() {
    let directory = tempfile::tempdir().unwrap();
    let inner = format!(
        "[[domain]]\nname = \"shop.{DOMAIN}\"\nnameservers = [\"ns1.{DOMAIN}\"]\nttl = 300"
    );
    let server = Turned::start(directory.path(), &inner).await;
    let shop = format!("shop.{DOMAIN}");
    let request = ZoneRequest::RollAlgorithm;
    ask_server(&server.config, &shop, request).unwrap();
    server.after(HOUR).await; // refused: it has the algorithm that is configured
    assert!(!server.report().await.contains("algorithm 15"));

    let other = config_text("") + &inner + "\nalgorithm = 15\nkeys = \"split\"";
    let other = Config::parse(&other, &directory.path().join("paynamed.toml")).unwrap();
    let mut server = server.restart_with(other).await;
    ask_server(&server.config, &shop, request).unwrap();
    let mut reports = Vec::new();
    for round in 0..40 {
        server.after(2 * HOUR).await;
        reports.push(server.report().await);
        let outer = server.running.ds_records()[0].clone();
        server.assert_proven(&format!("alice@{shop}"), &outer).await;
        if round % 9 == 0 {
            server = server.restart().await;
        }
    }
    let asked = ds_records_on_disk(&server.config).unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains(" 15 2 "), "{asked:?}");
    let last = reports.last().unwrap();
    assert!(last.contains("KSK") && last.contains("ZSK"), "{last}");
    assert_eq!(last.matches("algorithm 13").count(), 1, "{last}");
    for stage in [
        "waits until every cache",
        "its signatures are on their way into all caches",
        "signs the DNSKEY records beside the algorithm before",
        "in place of the other",
        "until its DNSKEY record has left all caches",
    ] {
        let seen = reports.iter().any(|report| report.contains(stage));
        assert!(seen, "{stage}: {reports:#?}");
    }
    server.running.shutdown().await;
}

#[tokio::test]
async fn private_keys_are_encrypted_on_the_disk_where_there_is_a_passphrase() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    let write = |word: &str| {
        std::fs::write(&secret, word).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("correct horse\n");
    let text = config_text("keys_passphrase_file = \"secret\"");
    let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
    let ahead = Arc::new(AtomicU64::new(0));
    let running = start(&config, &ahead).await;
    let ds = running.ds_records();
    ask_server(&config, DOMAIN, ZoneRequest::Roll(Duty::Zone)).unwrap();
    running.look_after_keys().await; // another key is made
    running.shutdown().await;
    let files = std::fs::read_dir(directory.path().join("data")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let keys = paths.filter(|path| path.extension() == Some("key".as_ref()));
    let keys: Vec<Vec<u8>> = keys.map(|path| std::fs::read(path).unwrap()).collect();
    assert_eq!(keys.len(), 2);
    let pbes2 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"; // 1.2.840.113549.1.5.13
    for key in keys {
        assert!(key.windows(pbes2.len()).any(|window| window == pbes2));
    }
    let running = start(&config, &ahead).await;
    assert_eq!(running.ds_records(), ds);
    running.shutdown().await;

    write("wrong\n");
    let refused = Server::start(config.clone(), Clock::system()).await;
    let error = refused.unwrap_err().to_string();
    assert!(
        error.contains("example.test.13.") && error.contains("passphrase"),
        "{error}"
    );
    // What needs no private key works without one.
    assert_eq!(key_reports(&config).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_registrar_is_told_names_of_other_scripts_as_dns_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let inner = "\n[[domain]]\nname = \"xn--mnchen-3ya.test\"\nnameservers = [\"ns.other.test\"]\n";
    let server = Turned::start(directory.path(), inner).await;
    let lines = ds_records_on_disk(&server.config).unwrap();
    assert!(
        lines[1].starts_with("xn--mnchen-3ya.test. 3600 IN DS "),
        "{lines:?}"
    );
    assert!(server.running.ds_records().concat().is_ascii());
    assert!(server.report().await.contains("\nxn--mnchen-3ya.test.\n"));
    server.running.shutdown().await;
}

#[tokio::test]
async fn a_new_key_signs_the_zone_by_itself_and_waits_for_the_registrar_over_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let server = Turned::start(directory.path(), "").await;
    let anchor = ds_records_on_disk(&server.config).unwrap().join("\n");
    ask_server(
        &server.config,
        "Example.Test.",
        ZoneRequest::Roll(Duty::Zone),
    )
    .unwrap();
    server.after(60).await;
    assert_eq!(server.report().await.matches("CSK").count(), 2);
    server.after(2 * HOUR).await;
    assert!(
        server
            .report()
            .await
            .contains("is on its way into all caches")
    );
    server.after(2 * HOUR).await;
    let report = server.report().await;
    assert!(
        report.contains("its DS record (for 4 hours), signs the zone"),
        "{report}"
    );
    server
        .assert_proven(&format!("alice@{DOMAIN}"), &anchor)
        .await;

    let server = server.restart().await;
    server.after(4 * HOUR).await;
    server
        .assert_proven(&format!("alice@{DOMAIN}"), &anchor)
        .await;
    let report = server.report().await;
    assert!(report.contains("is asked for its DS record"), "{report}");
    assert!(report.contains("[prove]"), "{report}");
    let asked = ds_records_on_disk(&server.config).unwrap();
    assert_eq!(asked.len(), 2);
    assert!(asked.join("\n").contains(&anchor));
    server.running.shutdown().await;
}

#[tokio::test]
async fn a_request_stays_until_its_outcome_is_kept_and_is_followed_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = Turned::start(directory.path(), "\nkeys = \"split\"\n").await;
    let file = |name: &str| directory.path().join("data").join(name);
    let in_the_way = file("example.test.keys.json.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let request = ZoneRequest::Roll(Duty::Zone);
    ask_server(&server.config, DOMAIN, request).unwrap();
    let asked = std::fs::read(file("example.test.request")).unwrap();
    server.after(60).await;
    assert_eq!(server.report().await.matches("ZSK").count(), 1);

    let mut server = server.restart().await;
    std::fs::remove_dir(&in_the_way).unwrap();
    server.after(60).await;
    assert_eq!(server.report().await.matches("ZSK").count(), 2);
    let taken = file("example.test.request.taken");
    assert!(!taken.exists() && !file("example.test.request").exists());
    for _ in 0..6 {
        server.after(4 * HOUR).await;
    }
    assert_eq!(server.report().await.matches("ZSK").count(), 1);

    // As when the process had been killed between keeping the state and removing the request.
    std::fs::write(&taken, asked).unwrap();
    server = server.restart().await;
    server.after(60).await;
    assert!(!taken.exists());
    assert_eq!(server.report().await.matches("ZSK").count(), 1);
    server.running.shutdown().await;
}

#[tokio::test]
async fn that_the_zone_was_seen_to_show_a_key_is_on_the_disk_at_the_next_look() {
    let directory = tempfile::tempdir().unwrap();
    let server = Turned::start(directory.path(), "\nkeys = \"split\"\n").await;
    let state = directory.path().join("data/example.test.keys.json");
    let is_unseen = || std::fs::read_to_string(&state).unwrap().contains("unseen");
    server.after(1).await; // the look that begins with the server is over
    ask_server(&server.config, DOMAIN, ZoneRequest::Roll(Duty::Zone)).unwrap();
    server.after(1).await;
    assert!(is_unseen(), "it is kept before it is shown");
    server.after(1).await;
    assert!(!is_unseen());
    server.running.shutdown().await;
}

/// When the signature of a zone's DNSKEY records begins.
async fn keys_are_signed_from(server: &Turned, zone: &str) -> u64 {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let question = Question::new(Name::from_ascii(zone).unwrap(), RecordType::DNSKEY);
    let query = question.to_message(7);
    socket
        .send_to(&query, server.running.dns_addr())
        .await
        .unwrap();
    let mut response = [0; 4096];
    let length = socket.recv(&mut response).await.unwrap();
    let message = Message::from_vec(&response[..length]).unwrap();
    let mut data = message.answers.iter().map(|record| &record.data);
    let begin = data.find_map(|data| match data {
        RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => Some(rrsig.input().sig_inception.get()),
        _ => None,
    });
    begin.unwrap().into()
}

#[tokio::test]
async fn nothing_is_signed_before_a_time_that_the_keys_of_any_zone_are_sure_of() {
    const DAY: u64 = 24 * HOUR;
    let directory = tempfile::tempdir().unwrap();
    // Neither lies in the other: they know nothing of one another.
    let other = format!("[[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.{DOMAIN}\"]");
    let server = Turned::start(directory.path(), &other).await;
    server.running.shutdown().await;
    // The clock has been set back by a month since the keys of one of them were kept.
    let state = directory.path().join("data/example.test.keys.json");
    let text = std::fs::read_to_string(&state).unwrap();
    let line = text.lines().find(|line| line.contains("sure_time"));
    let later = format!("\"sure_time\": {},", now() + 30 * DAY);
    std::fs::write(&state, text.replace(line.unwrap(), &later)).unwrap();
    let server = Turned::start(directory.path(), &other).await;
    server.after(60).await;
    for zone in [DOMAIN.to_owned(), "other.test".to_owned()] {
        ask_server(&server.config, &zone, ZoneRequest::Roll(Duty::Zone)).unwrap();
        server.after(60).await;
        let begin = keys_are_signed_from(&server, &format!("{zone}.")).await;
        assert!(begin > now() + 29 * DAY, "{zone}: {begin}");
    }
    server.running.shutdown().await;
}

#[tokio::test]
async fn nothing_is_asked_about_a_zone_that_is_not_configured() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::parse(&config_text(""), &directory.path().join("x.toml")).unwrap();
    let error = ask_server(&config, "elsewhere.test", ZoneRequest::Keep).unwrap_err();
    assert!(error.to_string().contains("elsewhere.test"), "{error}");
}
