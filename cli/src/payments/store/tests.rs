//! What is written is read back as it was.

use super::*;
use crate::{
    node::{FailureReason, Settlement},
    payments::State,
};

pub(crate) fn meant(id: u8) -> NewIntent {
    NewIntent {
        id: IntentId::new([id; 8]),
        handle: "alice@example.com".parse().unwrap(),
        uri: "bitcoin:?lno=lno1abc".to_owned(),
        proof: vec![1, 2, 3],
        offer: "lno1abc".to_owned(),
        amount: "25000sat".parse().unwrap(),
        max_fee: "300sat".parse().unwrap(),
        note: Some("thanks".to_owned()),
        network: "regtest".to_owned(),
        node: "fake".to_owned(),
        intended_at: UnixTime(1_786_000_000),
    }
}

#[test]
fn an_intent_comes_back_as_it_was_written_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let meant = meant(1);
    Store::open(folder.path()).unwrap().insert(&meant).unwrap();
    let store = Store::open(folder.path()).unwrap();
    let found = store.intent(&meant.id).unwrap().unwrap();
    assert_eq!((found.meant, found.state), (meant, State::Intended));
    assert_eq!(store.unfinished().unwrap().len(), 1);
}

#[test]
fn a_settled_payment_keeps_its_evidence_and_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let meant = meant(1);
    store.insert(&meant).unwrap();
    store.mark_sending(&meant.id).unwrap();
    store.mark_sent(&meant.id, &PaymentId("p".into())).unwrap();
    let settled = Settlement {
        payment_hash: "aa".into(),
        preimage: "bb".into(),
        fee_msat: Some(1_500),
    };
    store
        .finish(&meant.id, &Outcome::Settled(settled.clone()), UnixTime(9))
        .unwrap();
    let found = store.intent(&meant.id).unwrap().unwrap();
    assert_eq!(found.settlement, Some(settled));
    assert_eq!(
        (found.state, found.ended_at),
        (State::Settled, Some(UnixTime(9)))
    );
    assert!(store.unfinished().unwrap().is_empty());
}

#[test]
fn an_unknown_payment_stays_unfinished_and_a_failed_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (first, second) = (meant(1), meant(2));
    for meant in [&first, &second] {
        store.insert(meant).unwrap();
        store.mark_sending(&meant.id).unwrap();
    }
    store
        .finish(&first.id, &Outcome::Unknown, UnixTime(9))
        .unwrap();
    store
        .finish(
            &second.id,
            &Outcome::Failed(FailureReason::NoRoute),
            UnixTime(9),
        )
        .unwrap();
    let unfinished = store.unfinished().unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].meant.id, first.id);
    let failed = store.intent(&second.id).unwrap().unwrap();
    assert_eq!(failed.failure.as_deref(), Some("no_route"));
}

#[test]
fn what_is_not_there_cannot_be_changed_unnoticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.mark_sending(&IntentId::new([7; 8])).is_err());
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .connection
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    drop(store);
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreError::Newer { version: 99, .. })
    ));
}

#[test]
fn payments_of_a_time_with_one_node_are_the_embedded_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let meant = meant(1);
    let store = Store::open(folder.path()).unwrap();
    store.insert(&meant).unwrap();
    store
        .connection
        .execute_batch("ALTER TABLE intents DROP COLUMN node; PRAGMA user_version = 1")
        .unwrap();
    drop(store);
    for _ in 0..2 {
        let store = Store::open(folder.path()).unwrap();
        let found = store.intent(&meant.id).unwrap().unwrap();
        assert_eq!(found.meant.node, "embedded");
    }
}
