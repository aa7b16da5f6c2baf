//! What every store keeps for operators: tokens, the audit log, all names and all of their history.

use payname_server::{
    Act, OperatorToken, Scope, TokenHash,
    registration::{By, Change, Refusal, What},
    store::Store,
};

use super::super::{ALICE, MALLORY, NOON, Open, change, claim_name, handle, put, refusal};

behaviours![
    a_token_is_found_by_its_hash_until_it_is_taken_back,
    a_tokens_last_use_is_kept_to_a_minute,
    what_operators_change_is_in_the_audit_log_and_what_was_refused_is_not,
    the_audit_log_comes_in_pages,
    all_names_are_listed_in_pages_the_hidden_too,
    all_history_is_told_in_pages,
];

fn token(name: &str) -> OperatorToken {
    OperatorToken {
        name: name.to_owned(),
        hash: TokenHash::of(name),
        scopes: vec![Scope::Read, Scope::Grant],
        domain: Some("example.test".to_owned()),
        created_at: NOON,
        expires_at: Some(NOON.plus(1000)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn act(deed: &str) -> Act {
    Act::by_command(NOON, deed, "something")
}

fn operators(user: &str, what: What) -> Change {
    Change {
        by: By::Operator("ops".to_owned()),
        ..change(user, ALICE, what)
    }
}

async fn log(store: &dyn Store) -> Vec<(String, String, String)> {
    let acts = store.acts(0, 99).await.unwrap().into_iter();
    acts.map(|(_, act)| (act.actor, act.deed, act.subject))
        .collect()
}

async fn a_token_is_found_by_its_hash_until_it_is_taken_back(open: Open) {
    let store = open().await;
    assert!(store.add_token(token("ops"), act("create")).await.unwrap());
    assert!(
        store
            .add_token(token("other"), act("create"))
            .await
            .unwrap()
    );
    // Nobody gets the name of another token, so that the log stays true.
    let twin = OperatorToken {
        hash: TokenHash::of("new"),
        ..token("ops")
    };
    assert!(!store.add_token(twin, act("create")).await.unwrap());
    let unknown = store.use_token(TokenHash::of("new"), NOON).await.unwrap();
    assert_eq!(unknown, None);
    let found = store.use_token(TokenHash::of("ops"), NOON).await.unwrap();
    assert_eq!(found, Some(token("ops")));
    assert!(store.revoke_token("ops", act("revoke")).await.unwrap());
    assert!(!store.revoke_token("ops", act("revoke")).await.unwrap());
    assert!(!store.revoke_token("nobody", act("revoke")).await.unwrap());
    let revoked = store.use_token(TokenHash::of("ops"), NOON).await.unwrap();
    assert!(!revoked.unwrap().is_good(NOON));
    let names: Vec<String> = store
        .tokens()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["ops", "other"]);
    let deeds: Vec<String> = log(&*store).await.into_iter().map(|one| one.1).collect();
    assert_eq!(deeds, ["create", "create", "revoke"]);
}

async fn a_tokens_last_use_is_kept_to_a_minute(open: Open) {
    let store = open().await;
    store.add_token(token("ops"), act("create")).await.unwrap();
    let last = async || store.tokens().await.unwrap()[0].last_used_at;
    let hash = TokenHash::of("ops");
    for (after, expected) in [
        (0, 0),
        (59, 0),
        (60, 60),
        (100, 60),
        (999, 999),
        (1000, 999),
    ] {
        store.use_token(hash, NOON.plus(after)).await.unwrap();
        assert_eq!(last().await, Some(NOON.plus(expected)), "{after}");
    }
}

async fn what_operators_change_is_in_the_audit_log_and_what_was_refused_is_not(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    store
        .change(operators("alice", What::Disable))
        .await
        .unwrap();
    store
        .change(operators("alice", What::Disable))
        .await
        .unwrap();
    let renewal = store.change(operators("alice", What::Renew)).await;
    assert!(matches!(refusal(renewal), Refusal::NotTheirs(_)));
    store
        .change(operators("alice", What::Enable))
        .await
        .unwrap();
    store.change(put("alice", "hers")).await.unwrap();
    store
        .change(operators("alice", What::Remove))
        .await
        .unwrap();
    store.record(act("look")).await.unwrap();
    let subject = handle("alice").to_string();
    let done = |deed: &str| ("ops".to_owned(), deed.to_owned(), subject.clone());
    let looked = (
        "paynamed".to_owned(),
        "look".to_owned(),
        "something".to_owned(),
    );
    let expected = [done("disable"), done("enable"), done("remove"), looked];
    assert_eq!(log(&*store).await, expected);
}

async fn the_audit_log_comes_in_pages(open: Open) {
    let store = open().await;
    for number in 0..7 {
        store.record(act(&number.to_string())).await.unwrap();
    }
    let (mut after, mut deeds) = (0, Vec::new());
    loop {
        let page = store.acts(after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some((last, _)) = page.last() else { break };
        assert!(*last > after);
        after = *last;
        deeds.extend(page.into_iter().map(|(_, act)| act.deed));
    }
    assert_eq!(deeds.concat(), "0123456");
}

async fn all_names_are_listed_in_pages_the_hidden_too(open: Open) {
    let store = open().await;
    for user in ["b", "a-b", "a", "c"] {
        claim_name(&*store, user).await;
    }
    store
        .change(change("a", ALICE, What::Disable))
        .await
        .unwrap();
    store
        .change(change("c", ALICE, What::Remove))
        .await
        .unwrap();
    let mut users = Vec::new();
    loop {
        let after: Option<&String> = users.last();
        let page = store
            .names("example.test", after.map(String::as_str), 3)
            .await;
        let page = page.unwrap();
        if page.is_empty() {
            break;
        }
        users.extend(page.into_iter().map(|one| one.handle.user().to_owned()));
    }
    assert_eq!(users, ["a", "a-b", "b", "c"]);
    assert!(store.names("other.test", None, 3).await.unwrap().is_empty());
}

async fn all_history_is_told_in_pages(open: Open) {
    let store = open().await;
    for user in ["b", "a"] {
        claim_name(&*store, user).await;
        store.change(put(user, "more")).await.unwrap();
        store
            .change(change(user, ALICE, What::Remove))
            .await
            .unwrap();
    }
    refusal(store.change(change("a", MALLORY, What::Remove)).await);
    let (mut after, mut told) = ((String::new(), 0), Vec::new());
    loop {
        let page = store
            .all_history("example.test", (&after.0, after.1), 4)
            .await;
        let page = page.unwrap();
        let Some((last, step)) = page.last() else {
            break;
        };
        after = (last.user().to_owned(), step.version);
        told.extend(page);
    }
    let steps = told
        .iter()
        .map(|(handle, step)| (handle.user(), step.version));
    let expected = [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)];
    assert!(steps.eq(expected));
    let one: Vec<_> = told
        .into_iter()
        .filter(|(one, _)| one.user() == "a")
        .map(|(_, step)| step)
        .collect();
    assert_eq!(one, store.history(&handle("a"), 0, 9).await.unwrap());
}
