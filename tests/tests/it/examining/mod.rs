//! `payname doctor`: for every check a zone that brings it about, and one zone in which nothing is wrong.

mod chain;
mod places;
mod records;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use payname_resolver::doctor::Code;
use payname_resolver::hickory_proto::rr::rdata::TXT;
use payname_resolver::hickory_proto::rr::{RData, RecordType};
use payname_resolver::lightning::bitcoin::Network;
use payname_resolver::lightning::offers::offer::OfferBuilder;
use payname_tests::World;
use payname_tests::sandbox::Payname;
use payname_tests::world::Builder;
use serde_json::Value;

use crate::endpoints::Scene;

pub(super) const ALICE: &str = "alice@example.test";
pub(super) const OWNER: &str = "alice.user._bitcoin-payment.example.test.";
pub(super) const ADDRESS: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
pub(super) const SILENT: &str = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";

/// An offer that says who is paid, and one that lacks nothing else.
pub(crate) fn offer() -> String {
    let key = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let offer = OfferBuilder::new(key.parse().unwrap()).chain(Network::Bitcoin);
    offer
        .description(
            "Alice, who is paid by all who read these many words of hers, which make the URI long"
                .to_owned(),
        )
        .build()
        .unwrap()
        .to_string()
}

/// What everybody can pay.
pub(crate) fn good() -> String {
    format!("bitcoin:?lno={}&sp={SILENT}", offer())
}

/// A TXT record as it was entered, string by string.
pub(super) fn txt(strings: &[&str]) -> RData {
    RData::TXT(TXT::from_bytes(
        strings.iter().map(|text| text.as_bytes()).collect(),
    ))
}

/// A zone in which Alice has these TXT records.
pub(super) fn with_texts(records: Vec<RData>) -> Builder {
    World::with_zone("example.test").records(OWNER, RecordType::TXT, records)
}

/// A doctor on his rounds.
pub(super) struct Rounds {
    pub(super) scene: Scene,
}

impl Rounds {
    pub(super) async fn of(world: Builder) -> Self {
        Self {
            scene: Scene::of(world).await,
        }
    }

    pub(super) async fn with_texts(records: Vec<RData>) -> Self {
        Self::of(with_texts(records)).await
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.scene.world.payments_address()
    }

    pub(super) fn payname(&self) -> Payname {
        self.scene.payname(&self.scene.recursor().to_string())
    }

    /// Runs it on a name, whose zone is served where it is.
    pub(super) async fn examine(&self, name: &str) -> Diagnosis {
        self.examine_at(name, &[self.server()]).await
    }

    /// Runs it with these nameservers.
    pub(super) async fn examine_at(&self, name: &str, servers: &[SocketAddr]) -> Diagnosis {
        let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
        self.run(&["doctor", name, "--nameserver", &servers.join(",")])
            .await
    }

    pub(super) async fn run(&self, words: &[&str]) -> Diagnosis {
        let (exit, document) = self.payname().json(words).await.unwrap();
        Diagnosis { exit, document }
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Diagnosis {
    pub(super) exit: i32,
    pub(super) document: Value,
}

impl Diagnosis {
    /// The findings, each as `LEVEL CODE evidence → fix`, which all have to be complete.
    pub(super) fn findings(&self) -> Vec<String> {
        let all = self.document["findings"].as_array();
        let all = all.unwrap_or_else(|| panic!("{self:?}")).iter();
        all.map(|finding| {
            let said = |key: &str| finding[key].as_str().unwrap().to_owned();
            assert!(
                !said("subject").is_empty() && !said("evidence").is_empty(),
                "{finding}"
            );
            assert!(
                said("level") == "INFO" || !said("fix").is_empty(),
                "{finding}"
            );
            assert!(said("code").parse::<Code>().is_ok(), "{finding}");
            format!(
                "{} {} {} → {}",
                said("level"),
                said("code"),
                said("evidence"),
                said("fix")
            )
        })
        .collect()
    }

    /// The codes that are worse than good to know, with their levels.
    pub(super) fn codes(&self) -> BTreeSet<String> {
        let all = self.findings();
        let bad = all.iter().filter(|finding| !finding.starts_with("INFO"));
        bad.map(|finding| finding.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// That exactly this is found, and the exit code says how bad it is.
    pub(super) fn assert(&self, expected: &[&str]) {
        let wanted: BTreeSet<String> = expected.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(self.codes(), wanted, "{:#?}", self.findings());
        let exit = match expected {
            [] => 0,
            all if all.iter().any(|code| code.starts_with("ERROR")) => 20,
            _ => 21,
        };
        assert_eq!(self.exit, exit, "{:#?}", self.findings());
    }

    /// That this is found, with these words, whatever else is.
    pub(super) fn assert_has(&self, code: &str, words: &str) {
        let found = self.findings();
        let has = found
            .iter()
            .any(|finding| finding.starts_with(code) && finding.contains(words));
        assert!(has, "{code} with “{words}” in {found:#?}");
    }
}

#[tokio::test]
async fn in_a_healthy_zone_nothing_is_wrong_and_everybody_was_asked() {
    let rounds = Rounds::of(World::with_zone("example.test").record("alice", &good())).await;
    let diagnosis = rounds.examine("₿alice@example.test").await;
    diagnosis.assert(&[]);
    assert_eq!(
        diagnosis.findings().len(),
        1,
        "the facts of the proof alone: {diagnosis:?}"
    );
    diagnosis.assert_has("INFO D605", "the zones . test. example.test.");
    let vantages = diagnosis.document["vantages"].as_array().unwrap();
    let kinds: Vec<_> = vantages
        .iter()
        .map(|one| (one["kind"].clone(), one["saw"].clone()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("nameserver".into(), "records".into()),
            ("resolver".into(), "records".into())
        ]
    );
    assert_eq!(diagnosis.document["exit"], 0);

    // The same through the names and addresses in the zone itself, at the port of this world.
    let port = rounds.server().port().to_string();
    let found = rounds
        .run(&["doctor", ALICE, "--nameserver-port", &port])
        .await;
    found.assert(&[]);
    let told = found.document["vantages"][0]["vantage"].as_str().unwrap();
    assert!(told.starts_with("ns1.example.test. (127.0.0.1:"), "{told}");
    // And the domain without a name.
    rounds.examine("example.test").await.assert(&[]);
}

#[tokio::test]
async fn people_read_a_line_for_each_and_are_led_on() {
    let rounds = Rounds::with_texts(vec![txt(&["bitcoin:a"]), txt(&["bitcoin:b"])]).await;
    let server = rounds.server().to_string();
    let run = rounds
        .payname()
        .run(&["doctor", ALICE, "--nameserver", &server])
        .await
        .unwrap();
    assert_eq!(run.code, 20, "{run:?}");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines[0], ALICE);
    assert!(lines.iter().any(|line| line.starts_with("asked     nameserver ") && line.contains("2 TXT records")), "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("ERROR D402 ") && line.contains("  →  leave exactly one")),
        "{lines:?}"
    );
    assert!(
        lines.last().unwrap().contains("`payname explain D402`"),
        "{lines:?}"
    );
    let run = rounds.payname().run(&["explain", "d402"]).await.unwrap();
    assert!(
        run.code == 0 && run.stdout.contains("payers must refuse both"),
        "{run:?}"
    );
}
