//! Lists of servers, and the comparison of two.

use payname_resolver::net::{CrossCheckError, Endpoints, EndpointsOptions, cross_check};
use payname_tests::dns::Lie;

use super::*;

#[tokio::test]
async fn a_list_goes_on_from_a_resolver_that_lies_to_one_that_does_not() {
    let world = world().await;
    let handle: Handle = ALICE.parse().unwrap();
    let unbound = world.unbound().await.unwrap();
    let list = format!("{} {}", world.recursor().address(), unbound.address());
    let options = ClientOptions {
        timeouts: TIMEOUTS,
        ..ClientOptions::default()
    };
    let endpoints = Endpoints::open(
        &list.parse().unwrap(),
        &options,
        EndpointsOptions::default(),
    )
    .unwrap();
    let anchors = world.anchors();
    for lie in [Lie::ChangedText, Lie::ServerFailure, Lie::Silence] {
        world.recursor().lie(lie);
        let verified = endpoints.prove(&handle, &anchors, world.now());
        assert_eq!(verified.await.unwrap().uri(), uri());
    }
}

#[tokio::test]
async fn an_old_record_is_found_out_by_asking_two() {
    let world = world().await;
    let handle: Handle = ALICE.parse().unwrap();
    let honest = world.unbound().await.unwrap();
    let stale = Client::new(world.recursor().address().into()).unwrap();
    let fresh = Client::new(honest.address().into()).unwrap();
    let check = async || cross_check(&stale, &fresh, &handle, &world.anchors(), world.now()).await;
    // The recursor remembers what it says now.
    let gathered = stale.gather(&handle).await.unwrap();
    gathered
        .proof
        .verify(&handle, &world.anchors(), world.now())
        .unwrap();
    world.publish(ALICE, "bitcoin:?lno=lno1new").unwrap();
    world.recursor().lie(Lie::Replay);
    let error = check().await.unwrap_err();
    assert!(
        matches!(error, CrossCheckError::Disagree { .. }),
        "{error:?}"
    );
    world.recursor().be_honest();
    assert_eq!(check().await.unwrap().uri(), "bitcoin:?lno=lno1new");
}
