//! A thousand changes, told by NOTIFY, fetched by IXFR: every make of server has the same zone.

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_tests::Unbound;
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::secondary::{Kind, Plan};

use super::rig::{Log, Rig, serial};
use crate::scene::DOMAIN;

#[tokio::test(flavor = "multi_thread")]
async fn knot_and_bind_follow_a_thousand_changes_to_the_byte_by_changes_alone() {
    let (whole, changes) = follow_a_thousand_changes(&[Kind::Knot, Kind::Bind]).await;
    assert_eq!(whole, 0);
    assert!(changes >= 8, "{changes}");
}

/// NSD fetches the zone whole when more arrives while it reloads, PowerDNS always if it is signed.
#[tokio::test(flavor = "multi_thread")]
async fn nsd_and_powerdns_follow_a_thousand_changes_to_the_byte() {
    let (whole, changes) = follow_a_thousand_changes(&[Kind::Nsd, Kind::PowerDns]).await;
    assert!(whole >= 1 && changes >= 4, "{whole}, {changes}");
}

/// Has secondaries follow, and tells how often they fetched the whole zone and what had changed.
async fn follow_a_thousand_changes(kinds: &[Kind]) -> (usize, usize) {
    let log = Log::begin();
    let mut rig = Rig::start(kinds, Plan::OneZone).await;
    rig.all_have(&rig.settled().await).await;
    let begin = log.text().len();
    rig.edit(1000).await;
    let zone = rig.settled().await;
    rig.all_have(&zone).await;
    unbound_believes_every_secondary(&rig).await;
    let text = log.text();
    let given = |how: &str| {
        let lines = text[begin..].lines();
        let theirs = lines.filter(|line| line.contains("secondary.example."));
        theirs
            .filter(|line| line.contains(&format!("given=\"{how}\"")))
            .count()
    };
    (given("AXFR"), given("IXFR"))
}

#[tokio::test(flavor = "multi_thread")]
async fn secondaries_that_were_killed_catch_up_with_a_primary_that_was_restarted() {
    let mut rig = Rig::start(&Kind::ALL, Plan::OneZone).await;
    rig.edit(25).await;
    rig.all_have(&rig.settled().await).await;
    let before = serial(rig.dns).await;
    rig.secondaries
        .iter_mut()
        .for_each(|secondary| secondary.kill());
    rig.edit(25).await;
    rig.settled().await;
    rig.stop().await;
    rig.resume().await;
    assert!(serial(rig.dns).await > before);
    rig.edit(25).await;
    let zone = rig.settled().await;
    for secondary in &mut rig.secondaries {
        secondary.resume().await.unwrap();
    }
    rig.all_have(&zone).await;
    // And they go on following.
    rig.edit(25).await;
    rig.all_have(&rig.settled().await).await;
}

async fn unbound_believes_every_secondary(rig: &Rig) {
    let anchors = rig.running().ds_records().join("\n");
    let someone = format!("{}.user._bitcoin-payment.{DOMAIN}.", rig.some_user());
    let nobody = format!("nobody.user._bitcoin-payment.{DOMAIN}.");
    for secondary in &rig.secondaries {
        let (kind, address) = (secondary.kind(), secondary.address());
        // The root is asked for nothing that matters; it only has to answer at once.
        let zones = [(DOMAIN.parse().unwrap(), address), (Name::root(), address)];
        let unbound = Unbound::start(&anchors, &zones).await.unwrap();
        let cases = [
            (&someone, RecordType::TXT, Verdict::Secure),
            (&someone, RecordType::AAAA, Verdict::SecureNoData),
            (&nobody, RecordType::TXT, Verdict::SecureNxDomain),
        ];
        for (name, record_type, expected) in cases {
            let verdict = ask_validator(unbound.address(), name, record_type)
                .await
                .unwrap();
            assert_eq!(verdict, expected, "{name} {record_type} through {kind:?}");
        }
    }
}
