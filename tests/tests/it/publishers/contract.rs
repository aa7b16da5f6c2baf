//! What every provider does, in one list; each runs it against the real thing, or what stands in for it.

use std::sync::Arc;

use futures_util::future::join_all;
use payname_resolver::hickory_proto::rr::Name;
use payname_server::publisher::{Edit, Found, Provider, ProviderError, Text, put};

use crate::scene::DOMAIN;

/// The name of a user.
pub(crate) fn owner(user: &str) -> Name {
    Name::from_ascii(format!("{user}.user._bitcoin-payment.{DOMAIN}.")).unwrap()
}

/// The TTL of all records; some services take none that is shorter.
pub(crate) const TTL: u32 = 3600;

/// A record of this text, in strings of 255 octets as all are made here.
pub(crate) fn text(joined: &str) -> Text {
    Text {
        strings: joined.as_bytes().chunks(255).map(<[u8]>::to_vec).collect(),
        ttl: TTL,
        id: None,
    }
}

/// A payment URI of 450 bytes, told from others by its label.
pub(crate) fn long_uri(label: &str) -> String {
    let start = format!("bitcoin:?label={label}&lno=lno1");
    let rest = "q".repeat(450 - start.len());
    format!("{start}{rest}")
}

/// What stands at a name, joined and in one order.
pub(crate) async fn shown(provider: &dyn Provider, user: &str) -> Vec<String> {
    let found = provider.look(&[owner(user)]).await.unwrap();
    texts(found[0].as_ref().unwrap())
}

fn texts(found: &Found) -> Vec<String> {
    let texts = found.texts.iter();
    let mut texts: Vec<String> = texts
        .map(|text| String::from_utf8(text.joined()).unwrap())
        .collect();
    texts.sort();
    texts
}

/// Puts these records at a name, whatever they are.
pub(crate) async fn set(provider: &dyn Provider, user: &str, records: &[&str]) {
    let before = provider.look(&[owner(user)]).await.unwrap();
    let edit = Edit {
        owner: owner(user),
        before: before[0].as_ref().unwrap().texts.clone(),
        after: records.iter().map(|record| text(record)).collect(),
        is_doubted: false,
    };
    let outcomes = provider.change(&[edit]).await.unwrap();
    for error in outcomes.into_iter().filter_map(Result::err) {
        // Who knows no conditions looks afterwards, and two are not what anybody should leave.
        assert!(matches!(*error, ProviderError::Overtaken(_)), "{error}");
    }
}

/// The whole list.
pub(crate) async fn keeps_the_contract(provider: Arc<dyn Provider>) {
    let provider = &*provider;
    a_record_is_put_changed_and_removed_and_each_twice_is_once(provider).await;
    what_others_wrote_at_the_name_stays(provider).await;
    two_payment_records_become_one(provider).await;
    a_hundred_names_and_more_go_together_and_are_listed(provider).await;
    who_changes_one_name_together_leaves_one_record(provider).await;
}

async fn a_record_is_put_changed_and_removed_and_each_twice_is_once(provider: &dyn Provider) {
    let alice = owner("alice");
    for label in ["one", "two"] {
        let wanted = text(&long_uri(label));
        for _ in 0..2 {
            put(provider, &alice, Some(&wanted)).await.unwrap();
            assert_eq!(shown(provider, "alice").await, [long_uri(label)]);
        }
    }
    for _ in 0..2 {
        put(provider, &alice, None).await.unwrap();
        assert_eq!(shown(provider, "alice").await, [""; 0]);
    }
}

async fn what_others_wrote_at_the_name_stays(provider: &dyn Provider) {
    let bob = owner("bob");
    let quoted = r#"quotes " and \ and ; stay"#;
    set(provider, "bob", &["v=other", quoted]).await;
    for label in ["one", "two"] {
        let uri = long_uri(label);
        put(provider, &bob, Some(&text(&uri))).await.unwrap();
        assert_eq!(shown(provider, "bob").await, [&uri, quoted, "v=other"]);
    }
    put(provider, &bob, None).await.unwrap();
    assert_eq!(shown(provider, "bob").await, [quoted, "v=other"]);
}

async fn two_payment_records_become_one(provider: &dyn Provider) {
    set(provider, "carol", &["bitcoin:?old", "BITCOIN:?older"]).await;
    put(provider, &owner("carol"), Some(&text("bitcoin:?new")))
        .await
        .unwrap();
    assert_eq!(shown(provider, "carol").await, ["bitcoin:?new"]);
    set(provider, "carol", &["bitcoin:?old", "Bitcoin:?older"]).await;
    put(provider, &owner("carol"), None).await.unwrap();
    assert_eq!(shown(provider, "carol").await, [""; 0]);
}

async fn a_hundred_names_and_more_go_together_and_are_listed(provider: &dyn Provider) {
    let users: Vec<String> = (0..120).map(|user| format!("user{user}")).collect();
    let owners: Vec<Name> = users.iter().map(|user| owner(user)).collect();
    let looked = provider.look(&owners).await.unwrap();
    assert_eq!(looked.len(), owners.len());
    let edits = looked.iter().zip(&users);
    let edits: Vec<Edit> = edits
        .filter_map(|(found, user)| found.as_ref().unwrap().edit(Some(&text(&long_uri(user)))))
        .collect();
    for edits in edits.chunks(provider.most_at_once()) {
        let outcomes = provider.change(edits).await.unwrap();
        assert_eq!(outcomes.len(), edits.len());
        outcomes.into_iter().for_each(|outcome| outcome.unwrap());
    }
    let listed = provider.list().await.unwrap();
    for user in &users {
        let found = listed.iter().find(|found| found.owner == owner(user));
        assert_eq!(texts(found.unwrap()), [long_uri(user)]);
    }
    let alice = listed.iter().find(|found| found.owner == owner("alice"));
    assert!(alice.is_none_or(|alice| alice.texts.is_empty()));
}

async fn who_changes_one_name_together_leaves_one_record(provider: &dyn Provider) {
    let dave = owner("dave");
    for round in 0..3 {
        let uris: Vec<String> = (0..4)
            .map(|who| long_uri(&format!("{round}-{who}")))
            .collect();
        let wanted: Vec<Text> = uris.iter().map(|uri| text(uri)).collect();
        let putting = wanted.iter().map(|text| put(provider, &dave, Some(text)));
        let outcomes = join_all(putting).await;
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        let last = shown(provider, "dave").await;
        assert!(last.len() == 1 && uris.contains(&last[0]), "{last:?}");
    }
}
