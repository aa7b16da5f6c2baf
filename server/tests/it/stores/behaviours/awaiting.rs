//! What every store does with claims that wait.

use std::sync::Arc;

use payname_api::State;
use payname_resolver::UnixTime;
use payname_server::{
    registration::{
        Awaited, By, Change, Deed, Demand, Entry, EntryRules, Refusal, Registration, Requirement,
        What,
    },
    store::Store,
};

use super::super::{ALICE, MALLORY, NOON, Open, change, handle, own_nameserver, refusal};

const HOUR: u64 = 3600;

behaviours![
    a_claim_that_waits_is_kept_and_listed_and_has_nothing_to_publish,
    what_is_approved_is_published_and_on_record,
    what_waits_in_vain_lapses_and_another_gets_it,
    what_waits_counts_as_the_keys_until_it_is_withdrawn,
    of_an_approval_and_a_withdrawal_that_race_one_is_made,
];

fn claim(user: &str, owner: payname_server::OwnerKey) -> Change {
    let rules = EntryRules {
        condition: Some(Requirement {
            condition: "approval".to_owned(),
            reserve: HOUR,
        }),
        names_per_key: Some(2),
        ..EntryRules::default()
    };
    let demand = Demand {
        condition: "approval".to_owned(),
        text: "wait \"for\" it\n₿".to_owned(),
        reference: "r".to_owned(),
    };
    let uri = format!("bitcoin:?lno={user}");
    Change {
        entry: Entry {
            rules: Arc::new(rules),
            demand: Some(demand),
            ..Entry::default()
        },
        ..change(user, owner, What::Put { uri })
    }
}

fn approval(user: &str) -> Change {
    Change {
        by: By::Operator("ops".to_owned()),
        ..change(user, ALICE, What::Fulfil)
    }
}

async fn make(store: &dyn Store, change: Change) -> Registration {
    store.change(change).await.unwrap().registration
}

async fn waiting(store: &dyn Store, after: Option<&str>) -> Vec<String> {
    let found = store.awaiting("example.test", after, 10).await.unwrap();
    let users = found.iter().map(|found| found.handle.user().to_owned());
    users.collect()
}

async fn a_claim_that_waits_is_kept_and_listed_and_has_nothing_to_publish(open: Open) {
    let store = open().await;
    make(&*store, claim("bob", MALLORY)).await;
    let made = make(&*store, claim("alice", ALICE)).await;
    drop(store);
    let store = open().await;
    let found = store.registration(&handle("alice")).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found, made);
    let until = NOON.plus(HOUR);
    assert_eq!((found.state, found.free_at), (State::Awaiting, Some(until)));
    let Some(Awaited {
        demand,
        until: kept,
    }) = found.awaits
    else {
        panic!("it waits");
    };
    assert_eq!((demand.text.as_str(), kept), ("wait \"for\" it\n₿", until));
    assert_eq!(waiting(&*store, None).await, ["alice", "bob"]);
    assert_eq!(waiting(&*store, Some("alice")).await, ["bob"]);
    let elsewhere = store.awaiting("other.test", None, 10).await.unwrap();
    assert!(elsewhere.is_empty());
    assert!(store.claim(10).await.unwrap().is_empty());
    let live = store.live("example.test", None, 10).await.unwrap();
    assert!(live.is_empty());
}

async fn what_is_approved_is_published_and_on_record(open: Open) {
    let store = open().await;
    make(&*store, claim("alice", ALICE)).await;
    let by_claimer = change("alice", ALICE, What::Fulfil);
    let refused = refusal(store.change(by_claimer).await);
    assert!(matches!(refused, Refusal::NotTheirs(_)), "{refused}");
    make(&*store, approval("alice")).await;
    assert!(waiting(&*store, None).await.is_empty());
    let tasks = store.claim(10).await.unwrap();
    let uri = tasks[0].registration.uri.as_deref();
    assert_eq!(uri, Some("bitcoin:?lno=alice"));
    store
        .proven(tasks[0].id, own_nameserver(), NOON)
        .await
        .unwrap();
    let found = store.registration(&handle("alice")).await.unwrap().unwrap();
    assert_eq!((found.state, found.awaits), (State::Published, None));
    let history = store.history(&handle("alice"), 0, 10).await.unwrap();
    let deeds: Vec<_> = history.iter().map(|step| step.deed).collect();
    assert_eq!(deeds, [Deed::Claim, Deed::Fulfil]);
    let acts = store.acts(0, 10).await.unwrap();
    let [(_, act)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!((act.actor.as_str(), act.deed.as_str()), ("ops", "fulfil"));
}

async fn what_waits_in_vain_lapses_and_another_gets_it(open: Open) {
    let store = open().await;
    make(&*store, claim("alice", ALICE)).await;
    let late = NOON.plus(HOUR);
    assert!(
        store
            .over(UnixTime(late.0 - 1), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let over = store.over(late, 10).await.unwrap();
    assert_eq!(over, [handle("alice")]);
    let refused = refusal(store.change(claim("alice", MALLORY)).await);
    assert!(matches!(refused, Refusal::NotOwner { .. }), "{refused}");
    make(&*store, Change::expiry(handle("alice"), late)).await;
    assert!(store.over(late, 10).await.unwrap().is_empty());
    let lapsed = store.registration(&handle("alice")).await.unwrap().unwrap();
    assert_eq!((lapsed.state, lapsed.is_hidden()), (State::Removed, true));
    assert!(
        store.claim(10).await.unwrap().is_empty(),
        "DNS never had it"
    );
    let next = Change {
        at: late,
        sure: late,
        ..claim("alice", MALLORY)
    };
    let next = make(&*store, next).await;
    assert_eq!(
        (next.owner, next.state, next.version, next.born),
        (MALLORY, State::Awaiting, 3, 3)
    );
    let found = store.registration(&handle("alice")).await.unwrap();
    assert_eq!(found, Some(next));
    let history = store.history(&handle("alice"), 0, 10).await.unwrap();
    let deeds: Vec<_> = history.iter().map(|step| step.deed).collect();
    assert_eq!(deeds, [Deed::Claim, Deed::Lapse, Deed::Claim]);
}

async fn what_waits_counts_as_the_keys_until_it_is_withdrawn(open: Open) {
    let store = open().await;
    for user in ["one", "two"] {
        make(&*store, claim(user, ALICE)).await;
    }
    let refused = refusal(store.change(claim("three", ALICE)).await);
    assert!(
        matches!(refused, Refusal::TooManyNames { most: 2 }),
        "{refused}"
    );
    let refused = refusal(store.change(claim("0ne", MALLORY)).await);
    assert!(matches!(refused, Refusal::Confusable(_)), "{refused}");
    make(&*store, change("one", ALICE, What::Remove)).await;
    make(&*store, claim("three", ALICE)).await;
    make(&*store, claim("0ne", MALLORY)).await;
    // Those that lapse count no longer either.
    let later = Change {
        at: NOON.plus(HOUR),
        sure: NOON.plus(HOUR),
        ..claim("four", ALICE)
    };
    make(&*store, later).await;
}

async fn of_an_approval_and_a_withdrawal_that_race_one_is_made(open: Open) {
    let store = open().await;
    for round in 0..8 {
        let user = format!("user{round}x");
        let owner = payname_server::OwnerKey([round + 1; 32]);
        make(&*store, claim(&user, owner)).await;
        let (approved, withdrawn) = tokio::join!(
            store.change(approval(&user)),
            store.change(change(&user, owner, What::Remove))
        );
        let found = store.registration(&handle(&user)).await.unwrap().unwrap();
        withdrawn.unwrap();
        match approved {
            // Given, and then removed as any name.
            Ok(_) => assert_eq!((found.state, found.version), (State::Removing, 3)),
            Err(_) => assert_eq!((found.state, found.version), (State::Removed, 2)),
        }
    }
}
