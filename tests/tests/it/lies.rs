//! A recursor that lies is found out: no lie ever yields a record.

use std::time::Duration;

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_tests::dns::Lie;
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::{Unbound, World};
use payname_zones::txt;

const ALICE: &str = "₿alice@alice.test";
const OWNER: &str = "alice.user._bitcoin-payment.alice.test.";
const MALLORY: &str = "mallory.user._bitcoin-payment.alice.test.";
const HONEST: &str = "bitcoin:?lno=lno1qqqqhonest";
const EVIL: &str = "bitcoin:?lno=lno1qqqqevil";
const DAY: u64 = 86_400;

/// Alice's zone, where Mallory has a name too, and `lice.test`, which is all Mallory's.
async fn world() -> World {
    World::with_zone("alice.test")
        .record("alice", HONEST)
        .record("mallory", EVIL)
        .and_zone("lice.test")
        .record("alice", EVIL)
        .start()
        .await
        .unwrap()
}

fn evil() -> Vec<RData> {
    vec![RData::TXT(txt(EVIL.as_bytes()))]
}

fn owner() -> Name {
    Name::from_ascii(OWNER).unwrap()
}

/// The code of the refusal; panics if a record comes out.
async fn refusal(world: &World, lie: Lie) -> &'static str {
    let told = format!("{lie:?}");
    world.recursor().lie(lie);
    match world.resolve(ALICE).await {
        Ok(verified) => panic!("{told} yielded {}", verified.uri()),
        Err(error) => error.code(),
    }
}

#[tokio::test]
async fn the_record_of_another_name_is_not_the_record_asked_for() {
    let world = world().await;
    let mallory = Name::from_ascii(MALLORY).unwrap();
    assert_eq!(
        refusal(&world, Lie::AnotherNamesRecord(mallory.clone())).await,
        "missing"
    );
    assert_eq!(
        refusal(&world, Lie::RenamedRecord(mallory)).await,
        "wrong_signature"
    );
}

#[tokio::test]
async fn a_changed_text_does_not_match_its_signature() {
    assert_eq!(
        refusal(&world().await, Lie::ChangedText).await,
        "wrong_signature"
    );
}

#[tokio::test]
async fn records_without_signatures_are_refused() {
    let code = refusal(&world().await, Lie::StrippedSignatures).await;
    assert!(["unsigned", "missing"].contains(&code), "{code}");
}

#[tokio::test]
async fn a_sibling_zone_cannot_sign_for_a_name_that_ends_like_its_own() {
    let world = world().await;
    let forger = world.forger("lice.test");
    let forged = forger.sign(&owner(), evil(), world.now()).unwrap();
    assert_eq!(refusal(&world, Lie::Forged(forged)).await, "foreign_signer");
}

#[tokio::test]
async fn a_key_that_no_ds_leads_to_cannot_sign_in_the_name_of_the_zone() {
    let world = world().await;
    let forger = world.forger("lice.test");
    let zone = Name::from_ascii("alice.test.").unwrap();
    let forged = forger
        .sign_as(&zone, &owner(), evil(), world.now())
        .unwrap();
    let code = refusal(&world, Lie::Forged(forged.clone())).await;
    assert_eq!(code, "no_such_key");

    // Not even when the key is slipped into the zone's key set.
    let mut key = forger.dnskey().unwrap();
    key.name = zone;
    world
        .recursor()
        .lie(Lie::Added([forged, vec![key]].concat()));
    let outcome = world.resolve(ALICE).await;
    assert!(outcome.is_err(), "{outcome:?}");
}

#[tokio::test]
async fn a_zone_above_may_sign_since_it_could_replace_the_keys_below_anyway() {
    // Not how an honest zone looks (RFC 4035 §2.2), and not more than the parent's DS allows it.
    let world = world().await;
    let forged = world
        .forger("test")
        .sign(&owner(), evil(), world.now())
        .unwrap();
    world.recursor().lie(Lie::Forged(forged));
    assert_eq!(world.resolve(ALICE).await.unwrap().uri(), EVIL);
    let unbound = Unbound::start_behind(world.anchors_text(), world.recursor().address()).await;
    let verdict = ask_validator(unbound.unwrap().address(), OWNER, RecordType::TXT).await;
    assert_eq!(
        verdict.unwrap(),
        Verdict::Secure,
        "Unbound sees it the same way"
    );
}

#[tokio::test]
async fn an_expired_signature_is_refused_whoever_vouches_for_it() {
    let now = UnixTime::from(std::time::SystemTime::now());
    let world = World::with_zone("alice.test")
        .record("alice", HONEST)
        .signed_until(UnixTime(now.0 - DAY))
        .start()
        .await
        .unwrap();
    let error = world.resolve(ALICE).await.unwrap_err();
    assert_eq!(error.code(), "expired", "{error}");
}

#[tokio::test]
async fn a_replayed_record_is_good_until_its_signature_ends_and_not_a_second_longer() {
    let world = world().await;
    let first = world.resolve(ALICE).await.unwrap();
    world.publish(ALICE, "bitcoin:?lno=lno1new").unwrap();
    world.recursor().lie(Lie::Replay);
    // DNSSEC has no revocation: within its window an old record is as good as a new one.
    let end = first.window().valid_until;
    let replayed = world.resolve_at(ALICE, end).await.unwrap();
    assert_eq!(replayed.uri(), HONEST);
    let error = world.resolve_at(ALICE, end.plus(1)).await.unwrap_err();
    assert_eq!(error.code(), "expired", "{error}");
}

#[tokio::test]
async fn a_name_is_not_missing_because_the_recursor_says_so() {
    let world = world().await;
    let code = refusal(&world, Lie::NameErrorWithoutProof).await;
    assert_ne!(code, "denied");

    // Nor when a true denial of another name is borrowed for it.
    world.recursor().be_honest();
    world.recursor().lie(Lie::StrippedDenial);
    let outcome = world.resolve("₿nobody@alice.test").await;
    assert_ne!(
        outcome.unwrap_err().code(),
        "denied",
        "the denial was stripped"
    );
}

#[tokio::test]
async fn garbage_yields_nothing_over_any_transport() {
    let world = world().await;
    for lie in [Lie::Garbage, Lie::Flood] {
        assert_eq!(refusal(&world, lie.clone()).await, "nothing_gathered");
        let https = world.recursor().doh_url().parse().unwrap();
        let outcome = world.resolve_through(https, ALICE, world.now()).await;
        assert_eq!(
            outcome.unwrap_err().code(),
            "nothing_gathered",
            "{lie:?} over HTTP"
        );
    }
}

#[tokio::test]
async fn sixty_four_kib_of_garbage_over_tcp_yield_nothing() {
    // A long record drives the client to TCP, where the flood waits.
    let uri = format!("bitcoin:?lno=lno1{}", "q".repeat(1800));
    let world = World::with_zone("alice.test")
        .record("alice", &uri)
        .start()
        .await
        .unwrap();
    world.recursor().lie(Lie::FloodOverTcp);
    let outcome = world.resolve(ALICE).await;
    assert_eq!(outcome.unwrap_err().code(), "nothing_gathered");
    let [_, tcp, _] = world.recursor().asked();
    assert!(tcp > 0, "the flood was never met");
}

#[tokio::test]
async fn silence_failure_and_endless_truncation_end_in_time_with_an_error() {
    let world = world().await;
    for lie in [Lie::Silence, Lie::ServerFailure, Lie::AlwaysTruncated] {
        let asked = refusal(&world, lie.clone());
        let code = tokio::time::timeout(Duration::from_secs(8), asked).await;
        assert_eq!(code.unwrap_or("hung"), "nothing_gathered", "{lie:?}");
    }
}

#[tokio::test]
async fn an_answer_to_another_question_or_with_another_id_is_no_answer() {
    let world = world().await;
    for lie in [Lie::AnotherId, Lie::AnotherQuestion] {
        assert_eq!(
            refusal(&world, lie.clone()).await,
            "nothing_gathered",
            "{lie:?}"
        );
    }
}

#[tokio::test]
async fn a_slow_recursor_is_waited_for() {
    let world = world().await;
    world.recursor().lie(Lie::Slow(Duration::from_millis(300)));
    assert_eq!(world.resolve(ALICE).await.unwrap().uri(), HONEST);
}

#[tokio::test]
async fn stray_records_beside_the_honest_ones_change_nothing() {
    let world = world().await;
    let forger = world.forger("lice.test");
    let stray = forger.sign(&owner(), evil(), world.now()).unwrap();
    world
        .recursor()
        .lie(Lie::Added(vec![forger.dnskey().unwrap()]));
    assert_eq!(world.resolve(ALICE).await.unwrap().uri(), HONEST);
    // A second TXT record joins the set, which no signature covers any more.
    assert_ne!(refusal(&world, Lie::Added(stray)).await, "denied");
}
