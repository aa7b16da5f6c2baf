//! The contract on SQLite.

use std::sync::{Arc, Weak};

use payname_server::{
    Act,
    registration::What,
    store::{OperatorStore as _, Sqlite, Store},
};

use super::{MALLORY, NOON, Open, behaviours, change, claim_name};

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_of_a_store_holds_in_sqlite() {
    for (name, behaviour) in behaviours::all() {
        println!("{name}");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("registry.sqlite");
        // The file is one process's; so while it is open, it is opened once.
        let opened: Arc<tokio::sync::Mutex<Weak<Sqlite>>> = Arc::default();
        let open: Open = Arc::new(move || {
            let (path, opened) = (path.clone(), Arc::clone(&opened));
            Box::pin(async move {
                let mut opened = opened.lock().await;
                let store = opened.upgrade().unwrap_or_else(|| {
                    let store = Arc::new(Sqlite::open(&path).unwrap());
                    *opened = Arc::downgrade(&store);
                    store
                });
                store as Arc<dyn Store>
            })
        });
        behaviour(open).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_an_earlier_form_are_compared_with_new_ones_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    let store = Sqlite::open(&path).unwrap();
    for number in 0..1001 {
        claim_name(&store, &format!("user{number}")).await;
    }
    claim_name(&store, "x.y").await;
    drop(store);
    let older = "UPDATE handles SET skeleton = NULL, under = NULL";
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(older).unwrap();
    drop(connection);
    let store = Sqlite::open(&path).unwrap();
    for user in ["user1000i", "y", "x-y", "userl000"] {
        let uri = "m".to_owned();
        let claim = change(user, MALLORY, What::Put { uri });
        let outcome = store.change(claim).await;
        assert_eq!(outcome.is_ok(), user == "user1000i", "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_history_nor_the_audit_log_can_be_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    let store = Sqlite::open(&path).unwrap();
    claim_name(&store, "alice").await;
    let act = Act::by_command(NOON, "look", "something");
    store.record(act).await.unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    for crime in [
        "UPDATE history SET uri = 'x'",
        "DELETE FROM history",
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
    ] {
        let error = connection.execute_batch(crime).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{crime}: {error}");
    }
}
