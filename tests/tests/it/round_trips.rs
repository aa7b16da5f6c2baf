//! How many times one waits for the network: our gathering beside `dnssec-prover`'s.

use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::net::Client;
use payname_resolver::proof::ChainCache;
use payname_resolver::{Handle, Resolution};
use payname_tests::waves::{Cost, PATIENCE, URI, far_world, ours, theirs};

fn print(name: &str, ours: Cost, theirs: Cost) {
    println!(
        "{name}: ours {} round trips, {} ms; dnssec-prover {} round trips, {} ms",
        ours.waves,
        ours.took.as_millis(),
        theirs.waves,
        theirs.took.as_millis()
    );
}

#[tokio::test]
async fn an_ordinary_name_costs_one_round_trip() {
    let world = far_world().await;
    let handle: Handle = "₿alice@example.test".parse().unwrap();
    let (gathered, ours) = ours(&world, Resolution::start(&handle)).await;
    let verified = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    assert_eq!(verified.uri(), URI);
    let theirs = theirs(&world, &handle).await;
    print("alice@example.test", ours, theirs);
    assert_eq!(ours.waves, 1);
    assert!(theirs.waves > ours.waves, "{theirs:?}");
}

#[tokio::test]
async fn an_alias_into_another_zone_costs_two() {
    let world = far_world().await;
    let handle: Handle = "₿pay@shop.test".parse().unwrap();
    let (gathered, ours) = ours(&world, Resolution::start(&handle)).await;
    let verified = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    assert_eq!(verified.uri(), URI);
    let theirs = theirs(&world, &handle).await;
    print("pay@shop.test", ours, theirs);
    assert_eq!(ours.waves, 2);
    assert!(theirs.waves > ours.waves, "{theirs:?}");
}

#[tokio::test]
async fn that_a_name_does_not_exist_costs_one() {
    let world = far_world().await;
    let handle: Handle = "₿nobody@example.test".parse().unwrap();
    let (gathered, cost) = ours(&world, Resolution::start(&handle)).await;
    let error = gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap_err();
    assert!(
        matches!(error, payname_resolver::VerifyError::Denied(_)),
        "{error}"
    );
    assert_eq!(cost.waves, 1);
}

#[tokio::test]
async fn every_name_costs_one_once_the_chain_is_held() {
    let world = far_world().await;
    let (anchors, now) = (world.anchors(), world.now());
    let mut cache = ChainCache::new(16);
    for name in ["₿alice@example.test", "₿pay@shop.test"] {
        let handle: Handle = name.parse().unwrap();
        let (gathered, _) = ours(&world, Resolution::start(&handle)).await;
        let verified = gathered
            .proof
            .verify_cached(&handle, &anchors, now, &mut cache);
        assert_eq!(verified.unwrap().uri(), URI);
    }
    let client = Client::with_timeouts(world.recursor().address().into(), PATIENCE).unwrap();
    for name in ["₿alice@example.test", "₿pay@shop.test"] {
        let handle: Handle = name.parse().unwrap();
        let start = Resolution::start_warm(handle.owner_name(), RecordType::TXT, &cache, now);
        assert_eq!(start.1.len(), 1, "{:?}", start.1);
        let (gathered, cost) = ours(&world, start).await;
        println!(
            "{name} warm: {} round trips, {} ms",
            cost.waves,
            cost.took.as_millis()
        );
        assert_eq!(cost.waves, 1);
        let verified = gathered.proof.verify(&handle, &anchors, now);
        assert_eq!(verified.unwrap().uri(), URI);
        let gathered = client.gather_warm(&handle, &cache, now).await.unwrap();
        assert!(gathered.proof.verify(&handle, &anchors, now).is_ok());
    }
}
