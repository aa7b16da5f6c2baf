//! A name is gathered over real sockets and proven.

use payname_resolver::hickory_proto::rr::rdata::CNAME;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::proof::DenialKind;
use payname_resolver::{Proof, VerifyError};
use payname_tests::World;
use payname_tests::world::ResolveError;
use payname_zones::Denial;

const ALICE: &str = "₿alice@example.test";
const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";

/// Longer than any datagram that arrives in one piece.
fn long_uri() -> String {
    format!("bitcoin:?lno=lno1{}", "q".repeat(1800))
}

#[tokio::test]
async fn a_name_is_proven_over_udp() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let verified = world.resolve(ALICE).await.unwrap();
    assert_eq!(verified.uri(), URI);
    let [udp, tcp, https] = world.recursor().asked();
    assert!(udp > 0 && tcp == 0 && https == 0, "{udp} {tcp} {https}");
}

#[tokio::test]
async fn what_does_not_fit_a_datagram_is_asked_for_again_over_tcp() {
    let uri = long_uri();
    let world = World::with_zone("example.test")
        .record("alice", &uri)
        .start()
        .await
        .unwrap();
    assert_eq!(world.resolve(ALICE).await.unwrap().uri(), uri);
    let [_, tcp, _] = world.recursor().asked();
    assert_eq!(tcp, 1, "only the long answer needs TCP");
}

#[tokio::test]
async fn a_name_is_proven_over_https() {
    let world = World::with_zone("example.test")
        .record("alice", &long_uri())
        .start()
        .await
        .unwrap();
    let server = world.recursor().doh_url().parse().unwrap();
    let verified = world
        .resolve_through(server, ALICE, world.now())
        .await
        .unwrap();
    assert_eq!(verified.uri(), long_uri());
    let [udp, tcp, https] = world.recursor().asked();
    assert!(udp == 0 && tcp == 0 && https > 0, "{udp} {tcp} {https}");
}

#[tokio::test]
async fn a_proof_verifies_again_from_its_bytes_and_for_nobody_else() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let verified = world.resolve(ALICE).await.unwrap();
    let proof = Proof::parse(&verified.proof().to_bytes()).unwrap();
    let again = proof
        .verify(verified.handle(), &world.anchors(), world.now())
        .unwrap();
    assert_eq!(again.uri(), URI);
    let bob = "bob@example.test".parse().unwrap();
    assert!(proof.verify(&bob, &world.anchors(), world.now()).is_err());
    let elsewhere = World::empty().start().await.unwrap();
    assert!(
        proof
            .verify(verified.handle(), &elsewhere.anchors(), world.now())
            .is_err()
    );
}

#[tokio::test]
async fn an_alias_into_another_zone_is_followed_and_proven() {
    let target = Name::from_ascii("alice.user._bitcoin-payment.example.test.").unwrap();
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .and_zone("shop.test")
        .records(
            "pay.user._bitcoin-payment.shop.test.",
            RecordType::CNAME,
            vec![RData::CNAME(CNAME(target))],
        )
        .start()
        .await
        .unwrap();
    assert_eq!(world.resolve("₿pay@shop.test").await.unwrap().uri(), URI);
}

#[tokio::test]
async fn a_wildcard_pays_every_name_that_has_no_record_of_its_own() {
    for denial in [Denial::Nsec3, Denial::Nsec, Denial::Compact] {
        let world = World::with_zone("example.test")
            .denial(denial)
            .record("alice", "bitcoin:?lno=lno1alice")
            .start()
            .await
            .unwrap();
        let text = payname_zones::txt(URI.as_bytes());
        let wildcard = "*.user._bitcoin-payment.example.test.";
        world
            .set_records(
                "example.test",
                wildcard,
                RecordType::TXT,
                vec![RData::TXT(text)],
            )
            .unwrap();
        assert_eq!(
            world.resolve("₿anyone@example.test").await.unwrap().uri(),
            URI
        );
        assert_eq!(
            world.resolve(ALICE).await.unwrap().uri(),
            "bitcoin:?lno=lno1alice"
        );
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_proven_not_to() {
    for denial in [Denial::Nsec3, Denial::Nsec, Denial::Compact] {
        let world = World::with_zone("example.test")
            .denial(denial)
            .record("alice", URI)
            .start()
            .await
            .unwrap();
        match world.resolve("₿nobody@example.test").await.unwrap_err() {
            ResolveError::Verify(VerifyError::Denied(denied)) => {
                assert_eq!(denied.kind, DenialKind::NxDomain);
                assert_eq!(denied.zone.to_ascii(), "example.test.");
            }
            other => panic!("{denial:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_zone_without_ds_is_proven_to_be_unsigned() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .insecure()
        .start()
        .await
        .unwrap();
    match world.resolve(ALICE).await.unwrap_err() {
        ResolveError::Verify(VerifyError::Insecure(insecure)) => {
            assert_eq!(insecure.zone.to_ascii(), "example.test.");
            assert_eq!(insecure.parent.to_ascii(), "test.");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_comes_through_a_real_recursor_is_proven_over_udp_tcp_and_https() {
    for (uri, denial) in [(URI.to_owned(), Denial::Nsec3), (long_uri(), Denial::Nsec)] {
        let world = World::with_zone("example.test")
            .denial(denial)
            .record("alice", &uri)
            .start()
            .await
            .unwrap();
        let unbound = world.unbound().await.unwrap();
        let servers = [unbound.address().into(), unbound.doh_url().parse().unwrap()];
        for server in servers {
            let verified = world.resolve_through(server, ALICE, world.now()).await;
            assert_eq!(verified.unwrap().uri(), uri);
        }
        let nobody = "₿nobody@example.test";
        let error = world
            .resolve_through(unbound.address().into(), nobody, world.now())
            .await;
        assert_eq!(error.unwrap_err().code(), "denied");
    }
}

#[tokio::test]
async fn a_new_record_replaces_the_old_one_for_whoever_asks_next() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    assert_eq!(world.resolve(ALICE).await.unwrap().uri(), URI);
    world.publish(ALICE, "bitcoin:?lno=lno1new").unwrap();
    assert_eq!(
        world.resolve(ALICE).await.unwrap().uri(),
        "bitcoin:?lno=lno1new"
    );
}
