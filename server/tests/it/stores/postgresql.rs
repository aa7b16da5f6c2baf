//! The contract on PostgreSQL, and what only a shared store must do.

use std::{sync::Arc, time::Duration};

use payname_server::store::{
    OperatorStore as _, Postgres, Store,
    postgres::{Database, OpenError},
};
use payname_server::{Act, registration::What};
use tokio::time::timeout;

use super::{
    MALLORY, NOON, Open, behaviours, change, claim_name, handle, own_nameserver, refusal, zones,
};
use crate::postgres::{Cluster, run};

fn opening(url: String) -> Open {
    Arc::new(move || {
        let url = url.clone();
        Box::pin(async move { Arc::new(open(&url).await.unwrap()) as Arc<dyn Store> })
    })
}

async fn open(url: &str) -> Result<Postgres, OpenError> {
    Postgres::open(&Database::parse(url, None).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_of_a_store_holds_in_postgresql() {
    let cluster = Cluster::start(false);
    for (name, behaviour) in behaviours::all() {
        println!("{name}");
        behaviour(opening(cluster.database().await)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_of_a_zone_store_holds_in_postgresql() {
    let cluster = Cluster::start(false);
    for (name, behaviour) in zones::ALL {
        println!("{name}");
        let url = cluster.database().await;
        behaviour(Arc::new(open(&url).await.unwrap())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_make_the_tables_once_and_a_newer_form_is_refused() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let starting = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { open(&url).await.map(drop) })
    });
    for started in starting.collect::<Vec<_>>() {
        started.await.unwrap().unwrap();
    }
    run(&url, "UPDATE schema_version SET version = 1000")
        .await
        .unwrap();
    let error = open(&url).await.unwrap_err();
    assert!(matches!(error, OpenError::Migration(_)), "{error}");
    assert!(error.to_string().contains("newer paynamed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_hears_of_the_changes_of_another_and_takes_over_its_tasks_when_it_is_dead() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let (one, other) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    let bell = other.bells().outbox;
    // The first sound only means that it listens.
    timeout(Duration::from_secs(10), bell.notified())
        .await
        .unwrap();
    claim_name(&one, "alice").await;
    timeout(Duration::from_secs(10), bell.notified())
        .await
        .expect("a change is told of");
    let [task] = &one.claim(10).await.unwrap()[..] else {
        panic!("one task");
    };
    drop(one);
    assert!(other.claim(10).await.unwrap().is_empty(), "it is held");
    // As if the lease had passed.
    run(
        &url,
        "UPDATE outbox SET due_at = due_at - interval '20 seconds'",
    )
    .await
    .unwrap();
    let [taken] = &other.claim(10).await.unwrap()[..] else {
        panic!("the task of the dead");
    };
    assert_eq!(taken, task);
    other
        .proven(taken.id, own_nameserver(), NOON)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_anew() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let store = open(&url).await.unwrap();
    claim_name(&store, "alice").await;
    let bell = store.bells().outbox;
    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'paynamed'";
    cluster.run("postgres", all).await.unwrap();
    // One request may meet a connection that is just being closed.
    tokio::time::sleep(Duration::from_millis(100)).await;
    store.registration(&handle("alice")).await.unwrap();
    claim_name(&store, "bob").await;
    for _ in 0..2 {
        timeout(Duration::from_secs(10), bell.notified())
            .await
            .expect("it listens again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_cannot_be_changed_and_what_is_in_the_way_is_told() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let store = open(&url).await.unwrap();
    claim_name(&store, "alice").await;
    let act = Act::by_command(NOON, "look", "something");
    store.record(act).await.unwrap();
    for crime in [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "UPDATE history SET uri = 'x'",
        "DELETE FROM history",
        "TRUNCATE history",
    ] {
        let error = run(&url, crime).await.unwrap_err();
        let told = error.as_db_error().unwrap().message();
        assert!(told.contains("append-only"), "{crime}: {told}");
    }
    let name = url.rsplit('=').next().unwrap();
    let lock = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    cluster.run("postgres", &lock).await.unwrap();
    let standby = open(&url).await;
    let error = standby.unwrap_err();
    assert!(error.to_string().contains("GRANT CREATE"), "{error}");
    let nowhere = url.replace(name, "nowhere");
    let error = open(&nowhere).await.unwrap_err();
    assert!(error.to_string().contains("is it running"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_an_earlier_form_are_compared_with_new_ones_too() {
    let cluster = Cluster::start(false);
    let url = cluster.database().await;
    let store = open(&url).await.unwrap();
    claim_name(&store, "bob").await;
    claim_name(&store, "x.y").await;
    drop(store);
    let older = "UPDATE handles SET skeleton = NULL, under = NULL";
    run(&url, older).await.unwrap();
    let opening = (0..4).map(|_| open(&url));
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap();
    }
    let store = open(&url).await.unwrap();
    for user in ["b0b", "y", "x-y"] {
        let uri = "m".to_owned();
        let claim = change(user, MALLORY, What::Put { uri });
        refusal(store.change(claim).await);
    }
}
