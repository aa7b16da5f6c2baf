//! What every store does in the life of a name: disabled, given away, expired, free again, and told.

use std::time::Duration;

use payname_api::State;
use payname_resolver::UnixTime;
use payname_server::{
    OwnerKey,
    registration::{
        Author, By, Change, Decision, Deed, Effect, Refusal, Registration, Signed, Terms, What,
    },
    store::Store,
};
use tokio::task::JoinSet;

use super::super::{
    ALICE, MALLORY, NOON, Open, change, claim_name, handle, own_nameserver, put, refusal,
};

const DAY: u64 = 24 * 3600;
const SHORT: Terms = Terms {
    hold: Some(5 * DAY),
    life: Some(10 * DAY),
};

behaviours![
    a_disabled_name_leaves_dns_and_comes_back,
    what_the_operator_disables_is_told_from_what_its_owner_does,
    a_name_goes_to_another_key_without_dns_noticing,
    a_transfer_uses_up_both_signatures,
    of_a_transfer_and_a_change_that_race_both_or_one_is_made_and_never_by_a_stranger,
    names_whose_time_is_over_leave_dns_once,
    what_was_renewed_meanwhile_does_not_expire,
    a_free_name_begins_another_life,
    the_history_tells_who_did_what_and_when_in_pages,
];

fn to(key: OwnerKey, user: &str) -> What {
    What::Transfer {
        consent: consent_of(key, user),
    }
}

fn consent_of(key: OwnerKey, user: &str) -> Signed {
    let borrowed = change(user, key, What::Remove);
    let By::Key(signed) = borrowed.by else {
        panic!("a key signs");
    };
    Signed {
        json: "consent".to_owned(),
        ..signed
    }
}

fn operators(user: &str, what: What) -> Change {
    Change {
        by: By::Operator("ops".to_owned()),
        ..change(user, ALICE, what)
    }
}

fn short_lived(user: &str) -> Change {
    Change {
        terms: SHORT,
        ..put(user, user)
    }
}

async fn make(store: &dyn Store, change: Change) -> Registration {
    store.change(change).await.unwrap().registration
}

async fn find(store: &dyn Store, user: &str) -> Registration {
    store.registration(&handle(user)).await.unwrap().unwrap()
}

/// Has all tasks done.
async fn carry(store: &dyn Store) -> usize {
    let tasks = store.claim(100).await.unwrap();
    for task in &tasks {
        store.proven(task.id, own_nameserver(), NOON).await.unwrap();
    }
    tasks.len()
}

async fn a_disabled_name_leaves_dns_and_comes_back(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    carry(&*store).await;
    let disabled = make(&*store, change("alice", ALICE, What::Disable)).await;
    assert_eq!(find(&*store, "alice").await, disabled);
    assert_eq!((&disabled.uri, disabled.disabled), (&None, true));
    assert_eq!(disabled.kept.as_deref(), Some("bitcoin:?lno=alice"));
    assert!(
        store
            .live("example.test", None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    // A task that fails does not make it anything else.
    let [task] = &store.claim(10).await.unwrap()[..] else {
        panic!("one task");
    };
    for _ in 0..8 {
        let failing = store.attempt_failed(task.id, "no".to_owned(), Duration::ZERO);
        failing.await.unwrap();
    }
    assert_eq!(find(&*store, "alice").await.state, State::Disabling);
    assert_eq!(carry(&*store).await, 1);
    assert_eq!(find(&*store, "alice").await.state, State::Disabled);
    let again = store.change(change("alice", ALICE, What::Disable)).await;
    assert_eq!(again.unwrap().effect, Effect::Nothing);
    let enabled = make(&*store, change("alice", ALICE, What::Enable)).await;
    assert_eq!((enabled.state, enabled.kept), (State::Pending, None));
    assert_eq!(carry(&*store).await, 1);
    let found = find(&*store, "alice").await;
    assert_eq!((found.state, found.version), (State::Published, 3));
    assert_eq!(store.live("example.test", None, 9).await.unwrap().len(), 1);
}

async fn what_the_operator_disables_is_told_from_what_its_owner_does(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let suspended = make(&*store, operators("alice", What::Disable)).await;
    assert!(suspended.suspended && !suspended.disabled);
    assert_eq!(find(&*store, "alice").await, suspended);
    let refused = refusal(store.change(change("alice", ALICE, What::Enable)).await);
    assert!(matches!(refused, Refusal::Suspended(_)), "{refused}");
    let removed = make(&*store, change("alice", ALICE, What::Remove)).await;
    assert!(removed.suspended);
    let refused = refusal(store.change(put("alice", "again")).await);
    assert!(matches!(refused, Refusal::Suspended(_)), "{refused}");
}

async fn a_name_goes_to_another_key_without_dns_noticing(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    carry(&*store).await;
    let before = find(&*store, "alice").await;
    let given = store
        .change(change("alice", ALICE, to(MALLORY, "alice")))
        .await;
    assert_eq!(given.unwrap().effect, Effect::Keep(Deed::Transfer));
    assert_eq!(carry(&*store).await, 0, "nothing to do in DNS");
    let after = find(&*store, "alice").await;
    let expected = Registration {
        owner: MALLORY,
        version: 2,
        ..before
    };
    assert_eq!(after, expected);
    let refused = refusal(store.change(put("alice", "mine")).await);
    assert!(matches!(refused, Refusal::NotOwner { .. }), "{refused}");
    // What is still on its way stays on its way.
    claim_name(&*store, "bob").await;
    make(&*store, change("bob", ALICE, to(MALLORY, "bob"))).await;
    assert_eq!(find(&*store, "bob").await.state, State::Pending);
    assert_eq!(carry(&*store).await, 1);
    assert_eq!(find(&*store, "bob").await.state, State::Published);
}

async fn a_transfer_uses_up_both_signatures(open: Open) {
    let store = open().await;
    for user in ["alice", "bob"] {
        claim_name(&*store, user).await;
    }
    let consent = consent_of(MALLORY, "alice");
    let what = || What::Transfer {
        consent: consent.clone(),
    };
    let transfer = change("alice", ALICE, what());
    make(&*store, transfer.clone()).await;
    let refused = refusal(store.change(transfer).await);
    assert_eq!(refused, Refusal::Replayed);
    // Neither for another name, nor as the signature of a change, whoever else signs.
    let refused = refusal(store.change(change("bob", ALICE, what())).await);
    assert_eq!(refused, Refusal::Replayed);
    let uri = "bitcoin:stolen".to_owned();
    let replay = Change::signed(handle("alice"), What::Put { uri }, consent, NOON);
    assert_eq!(refusal(store.change(replay).await), Refusal::Replayed);
    assert_eq!(find(&*store, "bob").await.owner, ALICE);
}

async fn of_a_transfer_and_a_change_that_race_both_or_one_is_made_and_never_by_a_stranger(
    open: Open,
) {
    let (one, other) = (open().await, open().await);
    for round in 0..10 {
        let user = format!("user{round}");
        claim_name(&*one, &user).await;
        let mut racing = JoinSet::new();
        let changes = [
            change(&user, ALICE, to(MALLORY, &user)),
            put(&user, "alices"),
            change(&user, MALLORY, What::Put { uri: "m".into() }),
            change(&user, ALICE, to(OwnerKey([3; 32]), &user)),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let store = if number % 2 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            racing.spawn(async move { (number, store.change(change).await) });
        }
        let made: Vec<(usize, Decision)> = racing
            .join_all()
            .await
            .into_iter()
            .filter_map(|(number, outcome)| outcome.ok().map(|made| (number, made)))
            .collect();
        let transfers = made.iter().filter(|(number, _)| number % 3 == 0).count();
        assert_eq!(transfers, 1, "the name goes to one of two");
        let found = find(&*one, &user).await;
        assert_eq!(found.version, 1 + u64::try_from(made.len()).unwrap());
        // Every step was signed by whose the name was just then.
        let steps = one.history(&handle(&user), 1, 9).await.unwrap();
        for step in steps {
            assert_eq!(Some(step.author), step.old_owner.map(Author::Key));
        }
    }
}

async fn names_whose_time_is_over_leave_dns_once(open: Open) {
    let (one, other) = (open().await, open().await);
    for user in ["alice", "bob", "carol"] {
        make(&*one, short_lived(user)).await;
    }
    claim_name(&*one, "forever").await;
    make(&*one, change("carol", ALICE, What::Remove)).await;
    carry(&*one).await;
    let end = NOON.plus(10 * DAY);
    let early = one.over(UnixTime(end.0 - 1), 9).await.unwrap();
    assert!(early.is_empty(), "{early:?}");
    assert_eq!(one.over(end, 1).await.unwrap().len(), 1);
    let over = other.over(end, 9).await.unwrap();
    assert_eq!(over.len(), 2, "{over:?}");
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        let over = over.clone();
        racing.spawn(async move {
            let mut made = 0;
            for handle in over {
                let decision = store.change(Change::expiry(handle, end)).await.unwrap();
                made += usize::from(decision.effect == Effect::Publish(Deed::Expire));
            }
            made
        });
    }
    let made: usize = racing.join_all().await.into_iter().sum();
    assert_eq!(made, 2, "each once, whoever does it");
    assert!(one.over(end, 9).await.unwrap().is_empty());
    let found = find(&*one, "alice").await;
    assert_eq!((found.state, found.version), (State::Expiring, 2));
    assert_eq!(carry(&*one).await, 2);
    assert_eq!(find(&*one, "alice").await.state, State::Expired);
    let renewal = Change {
        terms: SHORT,
        at: end,
        sure: end,
        ..change("alice", ALICE, What::Renew)
    };
    let renewed = make(&*one, renewal).await;
    assert_eq!(renewed.uri.as_deref(), Some("bitcoin:?lno=alice"));
    assert_eq!(find(&*one, "alice").await, renewed);
}

async fn what_was_renewed_meanwhile_does_not_expire(open: Open) {
    let store = open().await;
    make(&*store, short_lived("alice")).await;
    carry(&*store).await;
    let end = NOON.plus(10 * DAY);
    let over = store.over(end, 9).await.unwrap();
    assert_eq!(over.len(), 1);
    let renewal = Change {
        terms: SHORT,
        at: end,
        sure: end,
        ..change("alice", ALICE, What::Renew)
    };
    let renewed = store.change(renewal).await.unwrap();
    assert_eq!(renewed.effect, Effect::Keep(Deed::Renew));
    let expiry = Change::expiry(handle("alice"), end);
    let kept = store.change(expiry).await.unwrap();
    assert_eq!(kept.effect, Effect::Nothing);
    let found = find(&*store, "alice").await;
    assert_eq!((found.state, found.version), (State::Published, 2));
    assert_eq!(found.expires_at, Some(NOON.plus(20 * DAY)));
}

async fn a_free_name_begins_another_life(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let removal = Change {
        terms: SHORT,
        ..change("alice", ALICE, What::Remove)
    };
    make(&*store, removal).await;
    let claim = |at| Change {
        at,
        sure: at,
        ..change("alice", MALLORY, What::Put { uri: "m".into() })
    };
    let free = NOON.plus(5 * DAY);
    let early = refusal(store.change(claim(UnixTime(free.0 - 1))).await);
    assert!(matches!(early, Refusal::NotOwner { removed: true, .. }));
    let taken = make(&*store, claim(free)).await;
    assert_eq!((taken.owner, taken.version, taken.born), (MALLORY, 3, 3));
    assert_eq!(find(&*store, "alice").await, taken);
    assert_eq!(taken.created_at, free);
}

async fn the_history_tells_who_did_what_and_when_in_pages(open: Open) {
    let store = open().await;
    let unknown = store.history(&handle("nobody"), 0, 9).await.unwrap();
    assert!(unknown.is_empty());
    make(&*store, short_lived("alice")).await;
    for change in [
        put("alice", "new"),
        change("alice", ALICE, What::Disable),
        put("alice", "newer"),
        change("alice", ALICE, to(MALLORY, "alice")),
        change("alice", MALLORY, What::Enable),
        operators("alice", What::Disable),
        operators("alice", What::Enable),
        change("alice", MALLORY, What::Remove),
    ] {
        make(&*store, change).await;
    }
    make(&*store, put("bob", "other")).await;
    let steps = store.history(&handle("alice"), 0, 99).await.unwrap();
    let deeds: Vec<&str> = steps.iter().map(|step| step.deed.word()).collect();
    assert_eq!(
        deeds,
        [
            "claim", "update", "disable", "update", "transfer", "enable", "disable", "enable",
            "remove"
        ]
    );
    let uris: Vec<Option<&str>> = steps.iter().map(|step| step.uri.as_deref()).collect();
    let (old, new, newer) = (
        Some("bitcoin:?lno=alice"),
        Some("bitcoin:?lno=new"),
        Some("bitcoin:?lno=newer"),
    );
    assert_eq!(uris, [old, new, None, None, None, newer, None, newer, None]);
    assert_eq!(steps[1].old_uri.as_deref(), old);
    assert_eq!(steps[3].kept.as_deref(), newer);
    for (place, step) in steps.iter().enumerate() {
        assert_eq!(step.version, u64::try_from(place).unwrap() + 1);
        let past = place.checked_sub(1).map(|past| &steps[past]);
        assert_eq!(step.old_owner, past.map(|past| past.owner));
        assert_eq!(step.old_uri, past.and_then(|past| past.uri.clone()));
    }
    let given = &steps[4];
    assert_eq!((given.old_owner, given.owner), (Some(ALICE), MALLORY));
    assert_eq!(given.author, Author::Key(ALICE));
    assert_eq!(given.events, ["{}", "consent"]);
    assert_eq!(steps[6].author, Author::Operator("ops".to_owned()));
    assert!(steps[6].events.is_empty());
    let mut paged = Vec::new();
    while let Some(page) = Some(
        store
            .history(&handle("alice"), paged.len() as u64, 4)
            .await
            .unwrap(),
    )
    .filter(|page| !page.is_empty())
    {
        assert!(page.len() <= 4);
        paged.extend(page);
    }
    assert_eq!(paged, steps);
}
