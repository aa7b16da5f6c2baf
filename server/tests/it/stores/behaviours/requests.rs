//! What every store does with requests that are to be done once.

use payname_resolver::UnixTime;
use payname_server::{
    registration::What,
    store::{ANSWERS_KEPT, Answer, Begun, Named, RequestKey, UNDER_WAY},
};
use tokio::task::JoinSet;

use super::super::{MALLORY, NOON, Open, change, put, refusal};

behaviours![
    a_request_is_done_once_and_answered_as_before_for_a_day,
    of_many_equal_requests_at_once_one_is_done,
    a_request_without_an_answer_is_begun_anew,
    a_clock_that_is_set_back_has_nothing_done_twice_and_nothing_wait_for_it,
    the_answer_to_a_change_is_kept_with_the_change_or_not_at_all,
    keys_of_different_signers_are_different,
    a_day_has_one_secret_until_it_is_forgotten,
];

async fn a_day_has_one_secret_until_it_is_forgotten(open: Open) {
    let day = NOON.0 / 86_400;
    let store = open().await;
    let secret = store.secret_of_day(day).await.unwrap();
    assert!(secret.len() >= 32);
    assert_ne!(store.secret_of_day(day + 1).await.unwrap(), secret);
    drop(store);
    let store = open().await;
    store.forget_events(NOON.plus(86_400)).await.unwrap();
    assert_eq!(store.secret_of_day(day).await.unwrap(), secret);
    store.forget_events(NOON.plus(2 * 86_400)).await.unwrap();
    assert_ne!(store.secret_of_day(day).await.unwrap(), secret);
}

fn key(signer: u8, key: &str) -> RequestKey {
    RequestKey {
        signer: [signer; 32],
        key: key.to_owned(),
    }
}

fn answer() -> Answer {
    Answer {
        status: 202,
        headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
        body: "{\"handle\":\"₿alice\"}".to_owned(),
    }
}

fn later(seconds: u64) -> UnixTime {
    NOON.plus(seconds)
}

async fn a_request_is_done_once_and_answered_as_before_for_a_day(open: Open) {
    let store = open().await;
    let first = key(1, "first");
    let begun = store.begin_request(&first, &[7; 32], NOON).await.unwrap();
    assert_eq!(begun, Begun::Now);
    let again = store
        .begin_request(&first, &[7; 32], later(1))
        .await
        .unwrap();
    assert_eq!(again, Begun::UnderWay);
    store.end_request(&first, Some(&answer())).await.unwrap();
    drop(store);
    let store = open().await;
    for at in [NOON, later(1), later(ANSWERS_KEPT - 1)] {
        let again = store.begin_request(&first, &[7; 32], at).await.unwrap();
        assert_eq!(again, Begun::Before(answer()));
        let other = store.begin_request(&first, &[8; 32], at).await.unwrap();
        assert_eq!(other, Begun::Other);
    }
    store.forget_events(later(ANSWERS_KEPT - 1)).await.unwrap();
    let again = store
        .begin_request(&first, &[7; 32], later(1))
        .await
        .unwrap();
    assert_eq!(again, Begun::Before(answer()));
    let next_day = later(ANSWERS_KEPT);
    let anew = store
        .begin_request(&first, &[8; 32], next_day)
        .await
        .unwrap();
    assert_eq!(anew, Begun::Now);
    store.end_request(&first, Some(&answer())).await.unwrap();
    store.forget_events(later(3 * ANSWERS_KEPT)).await.unwrap();
    let anew = store
        .begin_request(&first, &[9; 32], next_day)
        .await
        .unwrap();
    assert_eq!(anew, Begun::Now);
}

async fn of_many_equal_requests_at_once_one_is_done(open: Open) {
    let mut asking = JoinSet::new();
    for _ in 0..16 {
        let store = open().await;
        asking.spawn(async move { store.begin_request(&key(1, "race"), &[7; 32], NOON).await });
    }
    let begun = asking.join_all().await;
    let now = begun.iter().filter(|begun| matches!(begun, Ok(Begun::Now)));
    assert_eq!(now.count(), 1, "{begun:?}");
    assert!(
        begun
            .iter()
            .all(|begun| matches!(begun, Ok(Begun::Now | Begun::UnderWay)))
    );
    // Whoever did it has died; of those that ask again, one does it.
    let mut asking = JoinSet::new();
    for _ in 0..16 {
        let store = open().await;
        let at = later(UNDER_WAY);
        asking.spawn(async move { store.begin_request(&key(1, "race"), &[7; 32], at).await });
    }
    let begun = asking.join_all().await;
    let now = begun.iter().filter(|begun| matches!(begun, Ok(Begun::Now)));
    assert_eq!(now.count(), 1, "{begun:?}");
}

async fn a_request_without_an_answer_is_begun_anew(open: Open) {
    let store = open().await;
    let lost = key(1, "lost");
    for _ in 0..2 {
        let begun = store.begin_request(&lost, &[7; 32], NOON).await.unwrap();
        assert_eq!(begun, Begun::Now);
        store.end_request(&lost, None).await.unwrap();
    }
}

async fn a_clock_that_is_set_back_has_nothing_done_twice_and_nothing_wait_for_it(open: Open) {
    let store = open().await;
    let ahead = later(30 * ANSWERS_KEPT);
    for name in ["done", "lost"] {
        let begun = store.begin_request(&key(1, name), &[7; 32], ahead).await;
        assert_eq!(begun.unwrap(), Begun::Now);
    }
    let done = key(1, "done");
    store.end_request(&done, Some(&answer())).await.unwrap();
    let again = store.begin_request(&done, &[7; 32], NOON).await.unwrap();
    assert_eq!(again, Begun::Before(answer()));
    // Whoever began it in a time that has not come yet does it no more.
    let lost = store.begin_request(&key(1, "lost"), &[7; 32], NOON).await;
    assert_eq!(lost.unwrap(), Begun::Now);
    // A few seconds are between any two servers.
    let begun = store
        .begin_request(&key(2, "skewed"), &[7; 32], later(5))
        .await;
    assert_eq!(begun.unwrap(), Begun::Now);
    let here = store.begin_request(&key(2, "skewed"), &[7; 32], NOON).await;
    assert_eq!(here.unwrap(), Begun::UnderWay);
}

async fn the_answer_to_a_change_is_kept_with_the_change_or_not_at_all(open: Open) {
    let store = open().await;
    let named = |name: &str| Named {
        key: key(1, name),
        answer: |decision| Answer {
            body: decision.registration.version.to_string(),
            ..answer()
        },
    };
    for name in ["claim", "theft"] {
        let begun = store.begin_request(&key(1, name), &[7; 32], NOON).await;
        assert_eq!(begun.unwrap(), Begun::Now);
    }
    let claim = put("alice", "bitcoin:?lno=a");
    store
        .change_named(claim, Some(named("claim")))
        .await
        .unwrap();
    let theft = change("alice", MALLORY, What::Put { uri: "x".into() });
    refusal(store.change_named(theft, Some(named("theft"))).await);
    // The process ends here, before anybody could say what was answered.
    drop(store);
    let store = open().await;
    let at = later(UNDER_WAY);
    let again = store.begin_request(&key(1, "claim"), &[7; 32], at).await;
    let kept = Answer {
        body: "1".to_owned(),
        ..answer()
    };
    assert_eq!(again.unwrap(), Begun::Before(kept));
    let anew = store.begin_request(&key(1, "theft"), &[7; 32], at).await;
    assert_eq!(anew.unwrap(), Begun::Now);
}

async fn keys_of_different_signers_are_different(open: Open) {
    let store = open().await;
    for signer in [1, 2] {
        let begun = store
            .begin_request(&key(signer, "same"), &[signer; 32], NOON)
            .await;
        assert_eq!(begun.unwrap(), Begun::Now);
    }
}
