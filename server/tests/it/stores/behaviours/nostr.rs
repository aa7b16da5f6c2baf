//! What every store keeps of a name that Nostr programs are told of.

use payname_server::{
    OwnerKey,
    registration::{Deed, Effect, Nostr, What},
};

use super::super::{ALICE, Open, change, claim_name, handle, put};

behaviours![what_nostr_is_told_is_kept_with_the_name_and_in_its_history];

async fn what_nostr_is_told_is_kept_with_the_name_and_in_its_history(open: Open) {
    let store = open().await;
    claim_name(&*store, "alice").await;
    let nostr = Some(Nostr {
        key: OwnerKey([7; 32]),
        relays: vec!["wss://a.example".to_owned(), "wss://b.example".to_owned()],
    });
    let told = change("alice", ALICE, What::Nostr(nostr.clone()));
    let told = store.change(told).await.unwrap();
    assert_eq!(told.effect, Effect::Keep(Deed::Nostr));
    store.change(put("alice", "other")).await.unwrap();
    store
        .change(change("alice", ALICE, What::Nostr(None)))
        .await
        .unwrap();
    drop(store);
    let store = open().await;
    let found = store.registration(&handle("alice")).await.unwrap();
    assert_eq!(found.unwrap().nostr, None);
    let history = store.history(&handle("alice"), 0, 10).await.unwrap();
    let steps: Vec<_> = history.into_iter().map(|s| (s.deed, s.nostr)).collect();
    let expected = vec![
        (Deed::Claim, None),
        (Deed::Nostr, nostr.clone()),
        (Deed::Update, nostr),
        (Deed::Nostr, None),
    ];
    assert_eq!(steps, expected);
}
