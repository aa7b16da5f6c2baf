//! What every store does.

use std::{collections::BTreeSet, time::Duration};

use payname_api::State;
use payname_server::{
    registration::{Precondition, Refusal, What},
    store::TaskId,
};
use tokio::task::JoinSet;

use super::{
    ALICE, Behaviour, MALLORY, NOON, Open, change, claim_name, handle, own_nameserver, put, refusal,
};

/// Names a list of behaviours.
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        /// All of them, by name.
        pub(super) const ALL: &[(&str, super::Behaviour)] =
            &[$((stringify!($name), |open| Box::pin($name(open)))),*];
    };
}

mod awaiting;
mod claims;
mod lives;
mod nostr;
mod operators;
mod requests;

/// Everything that every store does, by name.
pub(super) fn all() -> impl Iterator<Item = (&'static str, Behaviour)> {
    [
        ALL,
        awaiting::ALL,
        claims::ALL,
        lives::ALL,
        nostr::ALL,
        operators::ALL,
        requests::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

behaviours![
    what_is_acknowledged_is_there_after_the_store_is_opened_again,
    a_name_is_changed_and_removed_by_its_owner_alone,
    of_many_changes_of_one_version_one_is_made,
    of_many_who_claim_a_name_at_once_one_gets_it,
    a_signed_request_is_good_once_and_forgotten_after_a_year,
    a_refused_change_leaves_nothing_behind,
    a_task_is_given_to_one_and_a_newer_change_takes_its_place,
    a_task_that_failed_waits_and_is_called_failed_in_the_end,
    what_is_proven_is_published_or_removed,
    live_names_are_sorted_by_their_bytes_and_come_in_pages,
    serial_numbers_are_kept_for_each_zone,
    any_text_is_kept_as_it_is,
];

async fn what_is_acknowledged_is_there_after_the_store_is_opened_again(open: Open) {
    let store = open().await;
    let decision = claim_name(&*store, "alice").await;
    assert_eq!(decision.registration.state, State::Pending);
    drop(store);
    let store = open().await;
    store.ready().await.unwrap();
    let found = store.registration(&handle("alice")).await.unwrap();
    assert_eq!(found, Some(decision.registration.clone()));
    assert_eq!(store.registration(&handle("bob")).await.unwrap(), None);
    let several = [handle("bob"), handle("alice"), handle("carol")];
    let found = store.registrations(&several).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&decision.registration));
    assert!(store.registrations(&[]).await.unwrap().is_empty());
    let [task] = &store.claim(10).await.unwrap()[..] else {
        panic!("its task is there too");
    };
    assert_eq!(task.registration, decision.registration);
}

async fn a_name_is_changed_and_removed_by_its_owner_alone(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let theft = change("alice", MALLORY, What::Put { uri: "x".into() });
    let refused = refusal(store.change(theft).await);
    assert!(matches!(refused, Refusal::NotOwner { removed: false, .. }));
    let second = store.change(put("alice", "other")).await.unwrap();
    assert_eq!(second.registration.version, 2);
    let third = store.change(change("alice", ALICE, What::Remove)).await;
    let third = third.unwrap().registration;
    assert_eq!((third.version, third.uri), (3, None));
    let theft = change("alice", MALLORY, What::Put { uri: "x".into() });
    let refused = refusal(store.change(theft).await);
    assert!(matches!(refused, Refusal::NotOwner { removed: true, .. }));
    let unknown = refusal(store.change(change("bob", ALICE, What::Remove)).await);
    assert!(matches!(unknown, Refusal::Unknown(_)));
}

async fn of_many_changes_of_one_version_one_is_made(open: Open) {
    // Two openings, where the store may have them, are two servers.
    let (one, other) = (open().await, open().await);
    claim_name(&*one, "alice").await;
    for version in 1..=10 {
        let mut racing = JoinSet::new();
        for number in 0..8 {
            let store = if number % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            let mut change = put("alice", &format!("{version}-{number}"));
            change.precondition = Precondition::Version(version);
            racing.spawn(async move { store.change(change).await });
        }
        let mut made = 0;
        for outcome in racing.join_all().await {
            match outcome {
                Ok(decision) => {
                    assert_eq!(decision.registration.version, version + 1);
                    made += 1;
                }
                refused => {
                    let refused = refusal(refused);
                    assert!(matches!(refused, Refusal::Precondition { .. }), "{refused}");
                }
            }
        }
        assert_eq!(made, 1);
    }
    let tasks = one.claim(10).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].registration.version, 11);
}

async fn of_many_who_claim_a_name_at_once_one_gets_it(open: Open) {
    let (one, other) = (open().await, open().await);
    for round in 0..10 {
        let user = format!("user{round}");
        let mut racing = JoinSet::new();
        for number in 0..8 {
            let (store, owner) = if number % 2 == 0 {
                (one.clone(), ALICE)
            } else {
                (other.clone(), MALLORY)
            };
            let uri = format!("bitcoin:?lno={number}");
            let mut change = change(&user, owner, What::Put { uri });
            change.precondition = Precondition::Absent;
            racing.spawn(async move { store.change(change).await });
        }
        let outcomes = racing.join_all().await;
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1, "{made:?}");
        let found = one.registration(&handle(&user)).await.unwrap();
        assert_eq!(
            found,
            made.into_iter()
                .flatten()
                .next()
                .map(|one| one.registration)
        );
        refused
            .into_iter()
            .for_each(|outcome| drop(refusal(outcome)));
    }
}

async fn a_signed_request_is_good_once_and_forgotten_after_a_year(open: Open) {
    let (one, other) = (open().await, open().await);
    let change = put("alice", "x");
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        let change = change.clone();
        racing.spawn(async move { store.change(change).await });
    }
    let outcomes = racing.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for outcome in refused {
        assert_eq!(refusal(outcome), Refusal::Replayed);
    }
    let day = 24 * 3600;
    one.forget_events(NOON.plus(300 * day)).await.unwrap();
    assert_eq!(refusal(one.change(change.clone()).await), Refusal::Replayed);
    one.forget_events(NOON.plus(400 * day)).await.unwrap();
    one.change(change).await.unwrap();
}

async fn a_refused_change_leaves_nothing_behind(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let [task] = &store.claim(10).await.unwrap()[..] else {
        panic!("one task");
    };
    let mut refused = put("alice", "other");
    refused.precondition = Precondition::Version(7);
    refusal(store.change(refused.clone()).await);
    assert!(store.claim(10).await.unwrap().is_empty(), "no new task");
    let found = store.registration(&handle("alice")).await.unwrap();
    assert_eq!(found.as_ref(), Some(&task.registration));
    // Not even its event is used up, since nothing came of it.
    refused.precondition = Precondition::None;
    store.change(refused).await.unwrap();
}

async fn a_task_is_given_to_one_and_a_newer_change_takes_its_place(open: Open) {
    let (one, other) = (open().await, open().await);
    for number in 0..50 {
        claim_name(&*one, &format!("user{number:02}")).await;
    }
    let shared = std::sync::Arc::ptr_eq(&one, &other);
    let (first, second) = tokio::join!(one.claim(20), other.claim(20));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(
        first.len() + second.len(),
        40,
        "both found work; shared: {shared}"
    );
    let rest = one.claim(20).await.unwrap();
    let taken: BTreeSet<TaskId> = [&first, &second, &rest]
        .into_iter()
        .flatten()
        .map(|task| task.id)
        .collect();
    assert_eq!(taken.len(), 50, "none was given twice");
    assert!(other.claim(20).await.unwrap().is_empty());
    let old = &first[0];
    let user = old.registration.handle.user().to_owned();
    store_put(&*other, &user, "newer").await;
    let [new] = &one.claim(20).await.unwrap()[..] else {
        panic!("the newer task");
    };
    assert!(new.id > old.id && new.registration.version == 2);
    // Whoever still carries the old one can end neither.
    one.proven(old.id, own_nameserver(), NOON).await.unwrap();
    one.attempt_failed(old.id, "late".to_owned(), Duration::ZERO)
        .await
        .unwrap();
    let found = one.registration(&handle(&user)).await.unwrap().unwrap();
    assert_eq!((found.state, found.error), (State::Pending, None));
}

async fn store_put(store: &dyn payname_server::store::Store, user: &str, uri: &str) {
    store.change(put(user, uri)).await.unwrap();
}

async fn a_task_that_failed_waits_and_is_called_failed_in_the_end(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let delay = Duration::from_millis(150);
    for attempt in 0..8 {
        let [task] = &store.claim(10).await.unwrap()[..] else {
            panic!("it is due again: {attempt}");
        };
        assert_eq!(task.attempts, attempt);
        store
            .attempt_failed(task.id, format!("no. {attempt}"), delay)
            .await
            .unwrap();
        let found = store.registration(&handle("alice")).await.unwrap().unwrap();
        assert_eq!(found.error, Some(format!("no. {attempt}")));
        let failed = attempt == 7;
        assert_eq!(found.state == State::Failed, failed, "{attempt}");
        assert!(store.claim(10).await.unwrap().is_empty(), "it waits");
        tokio::time::sleep(delay).await;
    }
    // Asked for again, it is tried at once and counts anew.
    let wanted = "alice";
    store_put(&*store, wanted, wanted).await;
    let [task] = &store.claim(10).await.unwrap()[..] else {
        panic!("only the newest task");
    };
    assert_eq!(task.attempts, 0);
}

async fn what_is_proven_is_published_or_removed(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    for (what, state) in [
        (None, State::Published),
        (Some(What::Remove), State::Removed),
    ] {
        if let Some(what) = what {
            store.change(change("alice", ALICE, what)).await.unwrap();
        }
        let [task] = &store.claim(10).await.unwrap()[..] else {
            panic!("one task");
        };
        let later = NOON.plus(5);
        store
            .proven(task.id, own_nameserver(), later)
            .await
            .unwrap();
        let found = store.registration(&handle("alice")).await.unwrap().unwrap();
        assert_eq!(found.state, state);
        assert_eq!(found.published_at, Some(later));
        assert_eq!(found.proven_by, Some(own_nameserver()));
        assert!(store.claim(10).await.unwrap().is_empty());
    }
}

async fn live_names_are_sorted_by_their_bytes_and_come_in_pages(open: Open) {
    let store = open().await;
    let mut users = vec!["b", "a-b", "ab", "a.b", "a_b", "a", "ba", "a1", "zz"];
    for user in &users {
        claim_name(&*store, user).await;
    }
    store
        .change(change("zz", ALICE, What::Remove))
        .await
        .unwrap();
    users.pop();
    users.sort_unstable();
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store
            .live("example.test", after.as_deref(), 3)
            .await
            .unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.handle.user().to_owned());
        found.extend(page.into_iter().map(|one| one.handle.user().to_owned()));
    }
    assert_eq!(found, users);
    assert!(store.live("other.test", None, 3).await.unwrap().is_empty());
}

async fn serial_numbers_are_kept_for_each_zone(open: Open) {
    let store = open().await;
    assert_eq!(store.serial("example.test.").await.unwrap(), None);
    for serial in [1, u32::MAX, 7] {
        store.keep_serial("example.test.", serial).await.unwrap();
        let kept = open().await.serial("example.test.").await.unwrap();
        assert_eq!(kept, Some(serial));
    }
    assert_eq!(store.serial("other.test.").await.unwrap(), None);
}

async fn any_text_is_kept_as_it_is(open: Open) {
    let store = open().await;
    let odd = "bitcoin:?label='; DROP TABLE handles; --\"\u{1f468}\u{200d}\u{1f469} $1 ?1 %s \\";
    let what = What::Put {
        uri: odd.to_owned(),
    };
    store.change(change("alice", ALICE, what)).await.unwrap();
    let [task] = &store.claim(1).await.unwrap()[..] else {
        panic!("one task");
    };
    assert_eq!(task.registration.uri.as_deref(), Some(odd));
    let error = format!("{odd}\0\n");
    store
        .attempt_failed(task.id, error, Duration::ZERO)
        .await
        .unwrap();
    let found = store.registration(&handle("alice")).await.unwrap().unwrap();
    assert!(found.error.unwrap().starts_with(odd));
}
