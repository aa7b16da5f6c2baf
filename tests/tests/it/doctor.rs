//! `paynamed doctor` from a delegation that is missing to a chain that is secure.

use std::fs;

use payname_resolver::doctor::Report;
use payname_server::{Clock, Config, Doctor, Running, Server};
use payname_tests::{World, port};
use tempfile::TempDir;

const DOMAIN: &str = "example.test";
const TLD: &str = "test.";

/// A private internet, and a server that may be delegated to.
struct Scene {
    world: World,
    running: Option<Running>,
    config: Config,
    text: String,
    folder: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let mut world = World::empty().start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("anchors.txt"), world.anchors_text()).unwrap();
        let (dns, http) = (port::free().unwrap(), port::free().unwrap());
        let text = format!(
            r#"
            public_url = "http://{http}"
            data_dir = "data"
            [http]
            listen = "{http}"
            [dns]
            listen = ["{dns}"]
            [[domain]]
            name = "{DOMAIN}"
            nameservers = ["ns1.{DOMAIN}"]
            addresses = ["127.0.0.1"]
            [prove]
            dns = "{}"
            anchors = "anchors.txt"
            "#,
            world.recursor().address()
        );
        let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
        let running = Server::start(config.clone(), Clock::system())
            .await
            .unwrap();
        world.expect_zone(DOMAIN, dns);
        Self {
            world,
            running: Some(running),
            config,
            text,
            folder,
        }
    }

    /// Enters DS records at the TLD.
    fn register(&mut self, ds: &[String]) {
        let lines: Vec<&str> = ds.iter().map(String::as_str).collect();
        let server = self.config.dns_listen[0];
        self.world.register_domain(DOMAIN, &lines, server).unwrap();
    }

    fn ds(&self) -> Vec<String> {
        self.running.as_ref().unwrap().ds_records()
    }

    async fn examine(&self) -> Report {
        self.examine_as(&self.config).await
    }

    async fn examine_as(&self, config: &Config) -> Report {
        let addresses = self.world.addresses().iter();
        let mut servers = addresses.filter(|(zone, _)| zone.to_ascii() == TLD);
        let doctor = Doctor {
            port: self.config.dns_listen[0].port(),
            parent: servers.next().map(|(_, address)| *address),
        };
        doctor.examine(config, &Clock::system()).await
    }

    async fn stop(mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }
}

/// The codes, but for whether this machine's clock follows another one, which no test decides.
fn codes(report: &Report) -> Vec<&'static str> {
    let findings = report.findings().iter();
    let findings = findings.filter(|finding| finding.subject != "clock");
    findings.map(|finding| finding.code.as_str()).collect()
}

#[tokio::test]
async fn a_server_is_helped_until_its_chain_is_secure() {
    let mut scene = Scene::start().await;
    let report = scene.examine().await;
    assert_eq!(codes(&report), ["D302", "D706"], "{report}");
    assert!(report.to_string().contains(" IN DS "), "{report}");
    // Delegated, but the DS record forgotten: the most usual mistake of all.
    scene.register(&[]);
    let report = scene.examine().await;
    assert_eq!(codes(&report), ["D302"], "{report}");
    // What the report says is entered.
    let fix = &report.findings()[0].fix;
    let record = fix.strip_prefix("enter there: ").unwrap().to_owned();
    scene.register(&[record]);
    let report = scene.examine().await;
    assert_eq!(codes(&report), Vec::<&str>::new(), "{report}");
    scene.stop().await;
}

#[tokio::test]
async fn a_ds_record_of_keys_that_are_gone_is_told_with_the_one_to_put_in_its_place() {
    let mut scene = Scene::start().await;
    let stale = scene.ds()[0].rsplit_once(' ').unwrap().0.to_owned();
    scene.register(&[format!("{stale} {}", "00".repeat(32))]);
    let report = scene.examine().await;
    assert_eq!(codes(&report), ["D303"], "{report}");
    let digest = scene.ds()[0].rsplit_once(' ').unwrap().1.to_owned();
    assert!(report.findings()[0].fix.contains(&digest), "{report}");
    // One too many does no harm, and is told.
    let both = [
        scene.ds()[0].clone(),
        format!("{stale} {}", "00".repeat(32)),
    ];
    scene.register(&both);
    let report = scene.examine().await;
    assert_eq!(codes(&report), ["D317"], "{report}");
    assert_eq!(report.exit_code(), 21);
    scene.stop().await;
}

#[tokio::test]
async fn another_nameserver_or_address_at_the_parent_is_told() {
    let mut scene = Scene::start().await;
    scene.register(&scene.ds());
    let file = scene.folder.path().join("paynamed.toml");
    let moved = scene
        .text
        .replace("[\"127.0.0.1\"]", "[\"127.0.0.1\", \"127.0.0.2\"]");
    let report = scene
        .examine_as(&Config::parse(&moved, &file).unwrap())
        .await;
    assert!(codes(&report).contains(&"D707"), "{report}");
    assert!(
        report.to_string().contains("127.0.0.1, 127.0.0.2 for ns1"),
        "{report}"
    );
    let renamed = scene.text.replace("ns1.", "ns2.");
    let report = scene
        .examine_as(&Config::parse(&renamed, &file).unwrap())
        .await;
    assert_eq!(codes(&report), ["D706", "D707", "D706"], "{report}");
    scene.stop().await;
}

#[tokio::test]
async fn a_server_that_is_down_is_silent_here_and_for_everybody() {
    let mut scene = Scene::start().await;
    scene.register(&scene.ds());
    scene.running.take().unwrap().shutdown().await;
    let report = scene.examine().await;
    let codes = codes(&report);
    for code in ["D705", "D316", "D710"] {
        assert!(codes.contains(&code), "no {code}: {report}");
    }
    assert_eq!(report.exit_code(), 20);
}

#[tokio::test]
async fn a_resolver_that_does_not_answer_leaves_the_rest_to_be_seen() {
    let mut scene = Scene::start().await;
    scene.register(&scene.ds());
    let file = scene.folder.path().join("paynamed.toml");
    let recursor = scene.world.recursor().address().to_string();
    let deaf = scene.text.replace(&recursor, "127.0.0.1:1");
    let report = scene
        .examine_as(&Config::parse(&deaf, &file).unwrap())
        .await;
    assert_eq!(codes(&report), ["D711"], "{report}");
    assert_eq!(report.exit_code(), 21);
    scene.stop().await;
}
