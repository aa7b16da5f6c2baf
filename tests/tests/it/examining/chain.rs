//! The chain of DNSSEC: what breaks it, and what only some can follow.

use std::time::SystemTime;

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::dnssec::rdata::{CDS, DNSSECRData};
use payname_resolver::hickory_proto::dnssec::{Algorithm, DigestType};
use payname_resolver::hickory_proto::rr::rdata::CNAME;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_tests::World;
use payname_tests::dns::{Authority, Lie};
use payname_tests::world::Builder;
use payname_zones::{
    Denial, KeyAlgorithm, NameServer, Settings, SigningKey, Zone, ZoneSet, payment_record,
};

use super::{ADDRESS, ALICE, OWNER, Rounds, good, txt};

fn healthy() -> Builder {
    World::with_zone("example.test").record("alice", &good())
}

fn now() -> UnixTime {
    SystemTime::now().into()
}

#[tokio::test]
async fn a_zone_without_signatures_or_without_a_ds_record_is_told_what_to_enter() {
    let rounds = Rounds::of(healthy().insecure()).await;
    let found = rounds.examine(ALICE).await;
    found.assert(&["ERROR D302"]);
    found.assert_has("ERROR D302", "enter at the registrar: example.test. IN DS ");

    let above = World::with_zone("example.test")
        .insecure()
        .and_zone("sub.example.test")
        .record("alice", &good());
    let found = Rounds::of(above)
        .await
        .examine("alice@sub.example.test")
        .await;
    found.assert(&["ERROR D301"]);
}

#[tokio::test]
async fn what_is_told_as_a_ds_record_makes_the_chain_whole() {
    let mut rounds = Rounds::of(healthy().insecure()).await;
    let found = rounds.examine(ALICE).await;
    let fix = found.document["findings"][0]["fix"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, line) = fix.split_once(": ").unwrap();
    let server = rounds.server();
    rounds
        .scene
        .world
        .register_domain("example.test", &[line], server)
        .unwrap();
    rounds.examine(ALICE).await.assert(&[]);
}

#[tokio::test]
async fn ds_records_that_match_nothing_or_are_too_weak_are_told() {
    for (ds, code) in [
        (
            "example.test. IN DS 12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766",
            "ERROR D303",
        ),
        (
            "example.test. IN DS 12345 13 3 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766",
            "ERROR D306",
        ),
    ] {
        let mut rounds = Rounds::of(healthy()).await;
        let server = rounds.server();
        rounds
            .scene
            .world
            .register_domain("example.test", &[ds], server)
            .unwrap();
        rounds.examine(ALICE).await.assert(&[code]);
    }
}

#[tokio::test]
async fn signatures_that_ended_or_will_soon_are_told() {
    let ended = UnixTime(now().0 - 3600);
    Rounds::of(healthy().signed_until(ended))
        .await
        .examine(ALICE)
        .await
        .assert(&["ERROR D304"]);
    let soon = UnixTime(now().0 + 7200);
    let found = Rounds::of(healthy().signed_until(soon))
        .await
        .examine(ALICE)
        .await;
    found.assert(&["WARN D305"]);
    found.assert_has("WARN D305", "its signatures end at");
}

#[tokio::test]
async fn an_algorithm_that_small_verifiers_lack_is_told() {
    let mut rounds = Rounds::of(World::empty()).await;
    let name = Name::from_ascii("example.test.").unwrap();
    let pkcs8 = KeyAlgorithm::Ed25519
        .generate_pkcs8(&ring::rand::SystemRandom::new())
        .unwrap();
    let key = SigningKey::load(&pkcs8, KeyAlgorithm::Ed25519, true).unwrap();
    let ds = format!("example.test. IN DS {}", key.ds(&name));
    let server = NameServer::new(
        Name::from_ascii("ns1.example.test.").unwrap(),
        ["127.0.0.1".parse().unwrap()],
    );
    let mut zone = Zone::new(Settings::new(name, [server]), key, now()).unwrap();
    zone.publish(
        &payment_record(&ALICE.parse().unwrap(), &good()).unwrap(),
        300,
        now(),
    )
    .unwrap();
    let authority = Authority::start([zone].into_iter().collect::<ZoneSet>())
        .await
        .unwrap();
    rounds
        .scene
        .world
        .register_domain("example.test", &[&ds], authority.address())
        .unwrap();
    let found = rounds.examine_at(ALICE, &[authority.address()]).await;
    found.assert(&["WARN D307"]);
}

fn alias(target: &str) -> Vec<RData> {
    vec![RData::CNAME(CNAME(Name::from_ascii(target).unwrap()))]
}

#[tokio::test]
async fn aliases_are_followed_and_what_they_lead_to_is_judged() {
    let target = "bob.user._bitcoin-payment.other.test.";
    let world = World::with_zone("example.test").records(OWNER, RecordType::CNAME, alias(target));
    let found = Rounds::of(world.and_zone("other.test").record("bob", &good()))
        .await
        .examine(ALICE)
        .await;
    found.assert(&["WARN D310"]);
    found.assert_has("WARN D310", "Phoenix");

    let world = World::with_zone("example.test").records(OWNER, RecordType::CNAME, alias(target));
    let found = Rounds::of(
        world
            .and_zone("other.test")
            .insecure()
            .record("bob", &good()),
    )
    .await
    .examine(ALICE)
    .await;
    found.assert(&["ERROR D309"]);
}

#[tokio::test]
async fn wildcards_are_told_and_need_their_denial() {
    let wild = || {
        World::with_zone("example.test").records(
            "*.user._bitcoin-payment.example.test.",
            RecordType::TXT,
            vec![txt(&[ADDRESS])],
        )
    };
    let found = Rounds::of(wild()).await.examine(ALICE).await;
    found.assert(&["WARN D312", "WARN D504", "WARN D508"]);

    let rounds = Rounds::of(wild()).await;
    rounds.scene.world.recursor().lie(Lie::StrippedDenial);
    rounds
        .examine(ALICE)
        .await
        .assert_has("ERROR D311", "wildcard");
    // A domain is told of its wildcard without a name.
    rounds.scene.world.recursor().be_honest();
    rounds.examine("example.test").await.assert(&["WARN D312"]);
}

#[tokio::test]
async fn how_names_are_denied_is_told_where_it_lists_them() {
    let listed = Rounds::of(healthy().denial(Denial::Nsec))
        .await
        .examine(ALICE)
        .await;
    listed.assert(&[]);
    listed.assert_has("INFO D314", "anybody can list all users");
    let hidden = Rounds::of(healthy().denial(Denial::Compact))
        .await
        .examine(ALICE)
        .await;
    assert!(
        !hidden
            .findings()
            .iter()
            .any(|finding| finding.contains("D314")),
        "{hidden:?}"
    );
}

#[tokio::test]
async fn a_zone_that_asks_for_other_ds_records_is_told() {
    let rounds = Rounds::of(healthy()).await;
    let zone = Name::from_ascii("example.test.").unwrap();
    let asked = CDS::new(
        7,
        Some(Algorithm::ECDSAP256SHA256),
        DigestType::SHA256,
        vec![7; 32],
    );
    let asked = vec![RData::DNSSEC(DNSSECRData::CDS(asked))];
    let world = &rounds.scene.world;
    let signed = world.forger("example.test").sign(&zone, asked, now());
    world.recursor().lie(Lie::Added(signed.unwrap()));
    let found = rounds.examine(ALICE).await;
    found.assert(&["WARN D317"]);
    found.assert_has("WARN D317", "example.test. IN DS 7 13 2");
}

#[tokio::test]
async fn a_resolver_that_strips_signatures_is_no_fault_of_the_zone() {
    let rounds = Rounds::of(healthy()).await;
    rounds.scene.world.recursor().lie(Lie::StrippedSignatures);
    rounds
        .examine(ALICE)
        .await
        .assert_has("ERROR D318", "ask another one");
}
