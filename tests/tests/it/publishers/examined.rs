//! `paynamed doctor` about domains whose zones others serve.

use std::fs;

use payname_resolver::doctor::Report;
use payname_server::{Clock, Config, Doctor};
use payname_tests::secondary::{Kind, block_of};
use payname_tests::{Primary, World};

use super::hosted::desec::Desec;
use super::hosted::service::{Fault, Service, configuration};
use crate::scene::DOMAIN;
use crate::secondaries::{SECRET, write_secret};

/// What is said of the domain's zone.
fn codes(report: &Report) -> Vec<&'static str> {
    let zone = format!("{DOMAIN}.");
    let findings = report.findings().iter();
    let findings = findings.filter(|finding| finding.subject == zone);
    findings.map(|finding| finding.code.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_another_server_signs_is_helped_until_its_chain_is_secure() {
    let mut world = World::empty().start().await.unwrap();
    let primary = Primary::start(Kind::Knot, SECRET, "").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    write_secret(&folder.path().join("paynamed.secret"));
    fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
    let page = block_of(payname_tests::primary::PAGE, "paynamed.toml, rfc2136").unwrap();
    let page = page
        .replace("example.com", DOMAIN)
        .replace("192.0.2.1:53", &primary.address().to_string())
        .replace("9.9.9.9:53", &world.recursor().address().to_string());
    let text = format!("data_dir = \"data\"\n{page}anchors = \"anchors\"\n");
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    let doctor = Doctor {
        port: primary.address().port(),
        parent: None,
    };
    let examine = async || doctor.examine(&config, &Clock::system()).await;
    world
        .register_domain(DOMAIN, &[], primary.address())
        .unwrap();
    let report = examine().await;
    assert!(codes(&report).contains(&"D302"), "{report}");
    // What the report says is entered.
    let findings = report.findings().iter();
    let mut fixes = findings.filter_map(|finding| finding.fix.strip_prefix("enter there: "));
    let record = fixes.next().unwrap();
    world
        .register_domain(DOMAIN, &[record], primary.address())
        .unwrap();
    let report = examine().await;
    assert_eq!(codes(&report), Vec::<&str>::new(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_us_or_does_not_sign_is_told_and_one_that_is_away_is_not_judged() {
    let service = Service::start(|_| Desec::default()).await;
    let examine = async |token| {
        let url = service.url("/api/v1/");
        let (_folder, config) = configuration("desec", &url, &[("desec.token", token)]);
        Doctor::default().examine(&config, &Clock::system()).await
    };
    let report = examine("wrong").await;
    assert_eq!(codes(&report)[0], "D712", "{report}");
    let text = report.to_string();
    assert!(
        text.contains("Invalid token") && text.contains("must be a token"),
        "{text}"
    );
    service.fail_next(Fault::Broken, false);
    let report = examine("right").await;
    assert!(
        codes(&report).iter().all(|code| *code == "D711"),
        "{report}"
    );
    assert!(
        report.to_string().contains("deSEC gives no answer"),
        "{report}"
    );
    service.unsign();
    let report = examine("right").await;
    assert_eq!(codes(&report)[0], "D713", "{report}");
}
