//! `paynamed init`, and the server that it has set up.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use payname_api::State;
use payname_resolver::TrustAnchors;
use payname_server::{Clock, Config, Server};
use payname_zones::Scheme;

use crate::scene::{Contact, DOMAIN, keys, uri};

fn init(directory: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .current_dir(directory)
        .arg("init")
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FLAGS: [&str; 18] = [
    "--domain",
    DOMAIN,
    "--nameserver",
    "ns1.example.test",
    "--nameserver",
    "ns.elsewhere.test",
    "--address",
    "192.0.2.53",
    "--address",
    "2001:db8::53",
    "--public-url",
    "https://names.example.test/",
    "--dns-listen",
    "127.0.0.1:0",
    "--http-listen",
    "127.0.0.1:0",
    "--data-dir",
    "data",
];

#[tokio::test]
async fn a_server_is_set_up_in_one_command_and_its_first_name_is_proven() {
    let directory = tempfile::tempdir().unwrap();
    let done = init(directory.path(), &FLAGS);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let file = directory.path().join("paynamed.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    let example = include_str!("../../paynamed.example.toml");
    let comments = |text: &str| text.lines().filter(|line| line.starts_with("# ")).count();
    assert_eq!(comments(&written), comments(example), "{written}");

    let config = Config::read(&file).unwrap();
    let domain = &config.domains[0];
    assert_eq!(domain.name, DOMAIN);
    assert_eq!(domain.zone.to_string(), "_bitcoin-payment.example.test.");
    assert_eq!(domain.nameservers.len(), 2);
    assert_eq!(domain.addresses.len(), 2);
    assert_eq!(domain.keys.scheme, Scheme::Single);
    assert_eq!(
        config.data_dir,
        directory.path().canonicalize().unwrap().join("data")
    );
    for entry in std::fs::read_dir(&config.data_dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().contains("key") {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name:?}");
        }
    }

    let public_url = config.public_url.as_ref().unwrap().to_string();
    let running = Server::start(config, Clock::system()).await.unwrap();
    assert!(running.new_ds_records().is_empty(), "init has told them");
    let told = text(&done.stdout);
    let anchor = told.lines().find(|line| line.contains(" IN DS ")).unwrap();
    assert_eq!(running.ds_records(), [anchor.trim()]);
    TrustAnchors::parse(anchor.trim()).unwrap();
    let contact = Contact {
        http: running.http_addr(),
        dns: running.dns_addr(),
        public_url,
        client: reqwest::Client::new(),
    };
    contact.put(&keys(7), "alice", &uri("first")).await.handle();
    contact.until("alice", State::Published).await;
    let verified = contact.resolve("alice").await.unwrap();
    assert_eq!(verified.uri(), uri("first"));
    running.shutdown().await;
}

#[test]
fn the_parent_is_told_in_each_form_and_told_again() {
    let directory = tempfile::tempdir().unwrap();
    let done = init(directory.path(), &FLAGS);
    let told = text(&done.stdout);
    for line in [
        "In the zone of example.test (where its other records are), enter:",
        "_bitcoin-payment.example.test. 3600 IN NS ns1.example.test.",
        "_bitcoin-payment.example.test. 3600 IN NS ns.elsewhere.test.",
        "ns1.example.test. 3600 IN A 192.0.2.53",
        "ns1.example.test. 3600 IN AAAA 2001:db8::53",
        "algorithm    13 (ECDSAP256SHA256)",
        "digest type  2 (SHA-256)",
        "flags        257 (KSK)",
    ] {
        assert!(told.contains(line), "no `{line}` in {told}");
    }
    assert!(!told.contains("elsewhere.test. 3600 IN A"), "{told}");
    let field = |name: &str| {
        let line = told.lines().find(|line| line.trim().starts_with(name));
        line.unwrap()
            .split_whitespace()
            .next_back()
            .unwrap()
            .to_owned()
    };
    let (tag, digest) = (field("key tag"), field("digest  "));
    assert!(
        told.contains(&format!("IN DS {tag} 13 2 {digest}")),
        "{told}"
    );
    let again = Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .args(["--config", "paynamed.toml", "ds", "--for-registrar"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(text(&again.stdout), told);
}

#[test]
fn a_whole_domain_has_glue_and_the_key_that_a_registrar_asks_for_makes_its_ds_record() {
    let directory = tempfile::tempdir().unwrap();
    let whole = [&FLAGS[..], &["--zone", DOMAIN, "--keys", "split"]].concat();
    let told = text(&init(directory.path(), &whole).stdout);
    assert!(told.contains("At the registrar of example.test"), "{told}");
    assert!(told.contains("(glue, or host records)"), "{told}");
    let line = |head: &str| {
        let line = told.lines().find(|line| line.trim().starts_with(head));
        line.unwrap()
            .trim()
            .trim_start_matches(head)
            .trim()
            .to_owned()
    };
    // RFC 4034 §5.1.4: the digest is over the owner and the DNSKEY's fields.
    let mut input = b"\x07example\x04test\x00\x01\x01\x03\x0d".to_vec();
    input.extend(
        data_encoding::BASE64
            .decode(line("public key").as_bytes())
            .unwrap(),
    );
    let digest = ring::digest::digest(&ring::digest::SHA256, &input);
    assert_eq!(
        line("digest  "),
        data_encoding::HEXUPPER.encode(digest.as_ref())
    );
}

#[test]
fn nothing_is_overwritten_and_a_refused_answer_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = [&FLAGS[..], &["--zone", "example.net"]].concat();
    let refused = init(directory.path(), &wrong);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("`domain.zone`"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);

    assert!(init(directory.path(), &FLAGS).status.success());
    let file = directory.path().join("paynamed.toml");
    let before = std::fs::read(&file).unwrap();
    let refused = init(directory.path(), &FLAGS);
    assert!(
        text(&refused.stderr).contains("paynamed.toml exists already"),
        "{refused:?}"
    );
    std::fs::remove_file(&file).unwrap();
    let refused = init(directory.path(), &FLAGS);
    assert!(
        text(&refused.stderr).contains("data exists already"),
        "{refused:?}"
    );
    assert!(!file.exists() && !before.is_empty());
}

#[test]
fn without_a_terminal_the_missing_flags_are_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let refused = init(directory.path(), &["--domain", DOMAIN]);
    assert_eq!(refused.status.code(), Some(1));
    let error = text(&refused.stderr);
    assert!(error.contains("--nameserver --public-url"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
