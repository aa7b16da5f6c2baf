//! What outlives a restart, and what is forgotten.

use super::*;
use crate::{
    key::{EventId, OwnerKey},
    registration::{Precondition, Signed, What},
};

#[tokio::test]
async fn a_closed_database_is_one_whole_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    for round in 0..20 {
        let store = Sqlite::open(&path).unwrap();
        store.keep_serial("example.test.", round).await.unwrap();
        store.serial("example.test.").await.unwrap();
        drop(store);
        let files = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(files, 1, "a backup of the one file would miss something");
    }
}

#[tokio::test]
async fn a_used_event_is_remembered_for_longer_than_clocks_go_wrong() {
    let day = 24 * 3600;
    let signed_at = UnixTime(1_785_931_200);
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&directory.path().join("registry.sqlite")).unwrap();
    let change = Change {
        handle: "alice@example.test".parse().unwrap(),
        what: What::Put {
            uri: "bitcoin:?lno=x".to_owned(),
        },
        precondition: Precondition::None,
        signed: Signed {
            owner: OwnerKey([1; 32]),
            event: EventId([2; 32]),
            json: String::new(),
            lapses_at: signed_at.plus(60),
        },
        at: signed_at,
    };
    store.change(change.clone()).await.unwrap();
    store
        .forget_events(signed_at.plus(300 * day))
        .await
        .unwrap();
    assert!(matches!(
        store.change(change.clone()).await,
        Err(ChangeError::Refused(Refusal::Replayed))
    ));
    store
        .forget_events(signed_at.plus(400 * day))
        .await
        .unwrap();
    store.change(change).await.unwrap();
}
