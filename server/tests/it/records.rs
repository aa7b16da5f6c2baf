//! Records from files: beside the names of the registry, exported, and signed without a server.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use payname_api::{State, codes};
use payname_resolver::hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};
use payname_server::{
    Clock, Config, Running, Server, StartError, ZoneRequest, ask_server, export_zone,
};
use payname_zones::{Denial, ZoneFile};
use reqwest::StatusCode;

use crate::scene::{Contact, DOMAIN, config_text, keys, uri};

const FIRST: &str = "\
@      300 MX 10 mail
@      300 CAA 0 issue \"ca.example\"
mail   300 A 192.0.2.25
*.wild 300 TXT \"anything\"
carol.user._bitcoin-payment 300 CNAME carol.user._bitcoin-payment.example.org.
dora.user._bitcoin-payment 300 TXT \"bitcoin:?lno=lno1\"
moved  300 DNAME example.org.
child  300 NS ns.example.org.
";

/// A server whose zone has a file of records.
struct Filed {
    directory: tempfile::TempDir,
    config: Config,
    running: Running,
}

fn config(directory: &Path) -> Config {
    let text = config_text("") + "records = \"zone\"";
    std::fs::write(directory.join("paynamed.toml"), &text).unwrap();
    Config::parse(&text, &directory.join("paynamed.toml")).unwrap()
}

impl Filed {
    async fn start(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("zone"), text).unwrap();
        let config = config(directory.path());
        let running = Server::start(config.clone(), Clock::system()).await;
        Self {
            directory,
            config,
            running: running.unwrap(),
        }
    }

    fn contact(&self) -> Contact {
        Contact {
            http: self.running.http_addr(),
            dns: self.running.dns_addr(),
            public_url: self.running.public_url().to_string(),
            client: reqwest::Client::new(),
        }
    }

    fn write(&self, text: &str) {
        write(&self.directory, text);
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("zone")
    }

    /// Asks the nameserver; the code, and the types that are in the answer.
    async fn ask(&self, owner: &str, kind: RecordType) -> (ResponseCode, Vec<RecordType>) {
        let mut query = Message::new(7, MessageType::Query, OpCode::Query);
        let owner = Name::from_ascii(format!("{owner}{DOMAIN}.")).unwrap();
        query.add_query(Query::query(owner, kind));
        query.edns = Some(Edns::new());
        let answer = self.contact().ask_udp(&query.to_vec().unwrap()).await;
        let types = answer.answers.iter().map(|record| record.record_type());
        (answer.metadata.response_code, types.collect())
    }
}

fn write(directory: &tempfile::TempDir, text: &str) {
    std::fs::write(directory.path().join("zone"), text).unwrap();
}

fn paynamed(config: Option<&Path>, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paynamed"));
    command.env_remove("PAYNAMED_CONFIG");
    if let Some(config) = config {
        command.arg("--config").arg(config.join("paynamed.toml"));
    }
    command.args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn sets(text: &str) -> Vec<String> {
    let zone = Name::from_ascii(format!("{DOMAIN}.")).unwrap();
    let file = ZoneFile::read(text, &zone).unwrap();
    let sets = file
        .sets()
        .map(|(owner, kind, _)| format!("{owner} {kind}"));
    sets.collect()
}

#[tokio::test]
async fn a_file_of_records_is_served_beside_the_names_and_read_again_when_asked() {
    let server = Filed::start(FIRST).await;
    let contact = server.contact();
    contact.put(&keys(1), "alice", &uri("a")).await;
    contact.until("alice", State::Published).await;
    for (owner, kind, found) in [
        ("", RecordType::MX, RecordType::MX),
        ("mail.", RecordType::A, RecordType::A),
        ("x.wild.", RecordType::TXT, RecordType::TXT),
        (
            "carol.user._bitcoin-payment.",
            RecordType::TXT,
            RecordType::CNAME,
        ),
        (
            "dora.user._bitcoin-payment.",
            RecordType::TXT,
            RecordType::TXT,
        ),
        ("x.moved.", RecordType::A, RecordType::DNAME),
    ] {
        let (code, types) = server.ask(owner, kind).await;
        assert_eq!(code, ResponseCode::NoError, "{owner}");
        assert_eq!(types.first(), Some(&found), "{owner}");
    }

    server.write(&FIRST.replace("@      300 MX 10 mail\n", "@ 300 TXT new\n"));
    ask_server(&server.config, DOMAIN, ZoneRequest::Reload).unwrap();
    server.running.look_after_keys().await;
    assert_eq!(server.ask("", RecordType::MX).await.1, []);
    assert_eq!(server.ask("", RecordType::TXT).await.1.len(), 1);
    contact.resolve("alice").await.unwrap();

    server.write("");
    server.running.reload_records().await;
    assert_eq!(server.ask("", RecordType::TXT).await.1, []);
    let dora = server
        .ask("dora.user._bitcoin-payment.", RecordType::TXT)
        .await;
    assert_eq!(dora, (ResponseCode::NXDomain, vec![]));
    contact.resolve("alice").await.unwrap();
    server.running.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_wrong_is_refused_with_line_and_reason_and_the_zone_stays_as_it_was() {
    let server = Filed::start(FIRST).await;
    server.write("@ 300 MX 10 mail\nmail 300 A 192.0.2\n");
    let error = ask_server(&server.config, DOMAIN, ZoneRequest::Reload).unwrap_err();
    let error = format!("{:#}", anyhow::Error::new(error));
    assert!(
        error.contains("line 2") && error.contains("IPv4"),
        "{error}"
    );
    server.running.reload_records().await;
    assert_eq!(server.ask("mail.", RecordType::A).await.1.len(), 1);
    assert_eq!(server.ask("x.wild.", RecordType::TXT).await.1.len(), 1);

    let told = paynamed(Some(server.directory.path()), &["--check"]);
    assert_eq!(told.status.code(), Some(2));
    assert!(text(&told.stderr).contains("line 2"), "{told:?}");
    server.running.shutdown().await;
    let started = Server::start(server.config.clone(), Clock::system()).await;
    let error = format!("{:#}", anyhow::Error::new(started.unwrap_err()));
    assert!(error.contains("line 2"), "{error}");
}

#[tokio::test]
async fn the_registry_and_the_file_cannot_speak_for_the_same_name() {
    let server = Filed::start(FIRST).await;
    let contact = server.contact();
    for user in ["carol", "dora"] {
        let answer = contact.put(&keys(1), user, &uri("c")).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(answer.code(), codes::RESERVED);
    }
    contact.put(&keys(1), "alice", &uri("a")).await;
    contact.until("alice", State::Published).await;
    for (record, reason) in [
        ("alice.user._bitcoin-payment 60 TXT x", "is registered"),
        ("alice.user._bitcoin-payment 60 CNAME x", "is registered"),
        ("user._bitcoin-payment 60 DNAME x", "redirected"),
        ("_bitcoin-payment 60 NS ns.example.org.", "delegated"),
    ] {
        let before = server.running.ds_records();
        server.write(&format!("ok 60 TXT x\n{record}\n"));
        server.running.reload_records().await; // refused: the log says why
        assert_eq!(server.ask("ok.", RecordType::TXT).await.1, [], "{record}");
        contact.resolve("alice").await.unwrap();
        assert_eq!(server.running.ds_records(), before);
        // A name that was reserved before is so still.
        assert_eq!(
            contact.put(&keys(1), "dora", &uri("d")).await.code(),
            codes::RESERVED
        );
        let config = config(server.directory.path());
        let exported = export_zone(&config, DOMAIN, Denial::Nsec3, &Clock::system()).await;
        assert!(exported.is_err() || reason == "is registered", "{record}");
    }
    // What the owner gives up, the file can have; what the file gives up, anybody.
    contact.delete(&keys(1), "alice").await;
    contact.until("alice", State::Removed).await;
    server.write("alice.user._bitcoin-payment 60 TXT mine\n");
    server.running.reload_records().await;
    let alice = "alice.user._bitcoin-payment.";
    assert_eq!(server.ask(alice, RecordType::TXT).await.1.len(), 1);
    contact.put(&keys(1), "dora", &uri("d")).await;
    contact.until("dora", State::Published).await;
    let Filed {
        directory,
        config,
        running,
    } = server;
    running.shutdown().await;
    let again = Server::start(config.clone(), Clock::system()).await;
    again.unwrap().shutdown().await;

    // A start refuses it too.
    write(&directory, "dora.user._bitcoin-payment 60 TXT x\n");
    let started = Server::start(config, Clock::system()).await;
    let error = started.unwrap_err();
    assert!(matches!(error, StartError::Zone(_)), "{error:?}");
    let error = format!("{:#}", anyhow::Error::new(error));
    assert!(
        error.contains("line 1") && error.contains("dora"),
        "{error}"
    );
}

#[tokio::test]
async fn a_zone_is_exported_whole_while_it_is_served_and_can_be_signed_again_from_that() {
    let server = Filed::start(FIRST).await;
    let contact = server.contact();
    contact.put(&keys(1), "alice", &uri("a")).await;
    contact.until("alice", State::Published).await;
    let exported = paynamed(Some(server.directory.path()), &["zone", "export", DOMAIN]);
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    let exported = text(&exported.stdout);
    for part in [
        "alice.user._bitcoin-payment.example.test. 300 IN TXT \"bitcoin:?lno=",
        "example.test. 300 IN MX 10 mail.example.test.",
        " IN NSEC3 1 0 0 - ",
        " IN RRSIG TXT 13 5 300 ",
        "moved.example.test. 300 IN DNAME example.org.",
    ] {
        assert!(exported.contains(part), "{part}\n{exported}");
    }
    let serial = |text: &str| -> u32 {
        let (_, rest) = text.split_once(" IN SOA ").unwrap();
        rest.split_whitespace().nth(2).unwrap().parse().unwrap()
    };
    let mut query = Message::new(7, MessageType::Query, OpCode::Query);
    let origin = Name::from_ascii(format!("{DOMAIN}.")).unwrap();
    query.add_query(Query::query(origin, RecordType::SOA));
    let answer = contact.ask_udp(&query.to_vec().unwrap()).await;
    let served = answer.answers[0].data.to_string();
    let served: u32 = served.split_whitespace().nth(2).unwrap().parse().unwrap();
    assert!(serial(&exported) >= served, "{served} {exported}");

    // Signed again by the same keys, without the server: nothing but times differs.
    let file = server.directory.path().join("exported");
    std::fs::write(&file, &exported).unwrap();
    let file = file.to_str().unwrap();
    let data = server.directory.path().join("data");
    for denial in ["nsec", "nsec3"] {
        let keys = data.to_str().unwrap();
        let signed = paynamed(
            None,
            &["zone", "sign", file, "--keys", keys, "--denial", denial],
        );
        assert!(signed.status.success(), "{}", text(&signed.stderr));
        let signed = text(&signed.stdout);
        let plain = |text: &str| {
            let mut sets = sets(text);
            sets.retain(|set| !set.contains(" NSEC"));
            sets.retain(|set| !set.contains("RRSIG"));
            sets
        };
        assert_eq!(plain(&signed), plain(&exported));
        assert!(serial(&signed) > serial(&exported));
    }
    server.running.shutdown().await;
}

#[test]
fn a_master_file_is_signed_with_keys_that_are_made_for_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let zone =
        "$ORIGIN plain.test.\n@ 300 SOA ns host 5 1 1 1 60\n@ 300 NS ns\nns 300 A 192.0.2.1\n";
    std::fs::write(path("zone"), zone).unwrap();
    std::fs::create_dir(path("keys")).unwrap();
    let sign = |more: &[&str]| {
        let arguments = [
            &["zone", "sign", &path("zone"), "--keys", &path("keys")],
            more,
        ];
        paynamed(None, &arguments.concat())
    };
    let refused = sign(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--make-keys"));
    let out = path("signed");
    let signed = sign(&["--make-keys", "--algorithm", "15", "-o", &out]);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    let first = std::fs::read_to_string(&out).unwrap();
    let key = |text: &str| {
        let mut lines = text.lines().filter(|line| line.contains(" IN DNSKEY "));
        lines.next().unwrap().to_owned()
    };
    assert!(key(&first).contains(" 257 3 15 "), "{first}");
    assert_eq!(
        key(&text(&sign(&[]).stdout)),
        key(&first),
        "the same key again"
    );

    std::fs::write(path("zone"), zone.replace("192.0.2.1", "192.0.2")).unwrap();
    let refused = sign(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("line 4"), "{refused:?}");
    std::fs::write(path("zone"), "x 300 A 192.0.2.1\n").unwrap();
    assert!(text(&sign(&[]).stderr).contains("--zone"));
    let named = sign(&["--zone", "plain.test"]);
    assert!(text(&named.stderr).contains("no SOA record"), "{named:?}");
}

#[tokio::test]
async fn a_file_is_imported_only_where_there_is_a_place_for_it() {
    let server = Filed::start(FIRST).await;
    let new = server.directory.path().join("new");
    std::fs::write(&new, "x 300 TXT y\n").unwrap();
    let import = |file: &Path| {
        let file = file.to_str().unwrap();
        paynamed(
            Some(server.directory.path()),
            &["zone", "import", DOMAIN, file],
        )
    };
    let imported = import(&new);
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    assert_eq!(
        std::fs::read_to_string(server.file()).unwrap(),
        "x 300 TXT y\n"
    );
    server.running.look_after_keys().await;
    assert_eq!(server.ask("x.", RecordType::TXT).await.1.len(), 1);

    std::fs::write(&new, "x 300 TXT (\n").unwrap();
    let refused = import(&new);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        std::fs::read_to_string(server.file()).unwrap(),
        "x 300 TXT y\n"
    );
    server.running.shutdown().await;

    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("paynamed.toml"), config_text("")).unwrap();
    let file = new.to_str().unwrap();
    let refused = paynamed(Some(other.path()), &["zone", "import", DOMAIN, file]);
    assert!(text(&refused.stderr).contains("records ="), "{refused:?}");
}
