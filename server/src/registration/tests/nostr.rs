//! Who may have Nostr programs find a name, and when they do.

use super::*;

fn nostr(seed: u8) -> Option<Nostr> {
    Some(Nostr {
        key: OwnerKey([seed; 32]),
        relays: vec!["wss://relay.example.com".to_owned()],
    })
}

fn told() -> Registration {
    let published = Registration {
        state: State::Published,
        published_at: Some(NOON),
        ..short_lived()
    };
    change(ALICE, What::Nostr(nostr(3))).of(&published)
}

#[test]
fn a_name_is_told_to_nostr_only_once_its_owner_says_so_and_dns_does_not_notice() {
    let present = registered("bitcoin:a");
    assert_eq!(present.nostr_at(NOON), None);
    let decision = change(ALICE, What::Nostr(nostr(3))).decide(Some(&present));
    let decision = decision.unwrap();
    assert_eq!(decision.effect, Effect::Keep(Deed::Nostr));
    let told = decision.registration;
    assert_eq!((told.version, told.uri), (2, present.uri.clone()));
    assert_eq!(told.nostr, nostr(3));
    for by in [
        change(MALLORY, What::Nostr(None)),
        operators(What::Nostr(None)),
    ] {
        let refusal = by.refused(&present);
        assert!(
            matches!(refusal, Refusal::NotOwner { .. } | Refusal::NotTheirs(_)),
            "{refusal}"
        );
    }
}

#[test]
fn the_same_again_is_no_new_version_and_off_is_off() {
    let present = told();
    let again = change(ALICE, What::Nostr(nostr(3))).decide(Some(&present));
    assert_eq!(again.unwrap().effect, Effect::Nothing);
    let off = change(ALICE, What::Nostr(None)).of(&present);
    assert_eq!((off.nostr_at(NOON), off.version), (None, 3));
    let again = change(ALICE, What::Nostr(None)).decide(Some(&off));
    assert_eq!(again.unwrap().effect, Effect::Nothing);
}

#[test]
fn a_name_that_is_hidden_or_over_is_told_to_nobody_and_comes_back_as_it_was() {
    let present = told();
    assert_eq!(present.nostr_at(NOON), nostr(3).as_ref());
    let disabled = change(ALICE, What::Disable).of(&present);
    let suspended = operators(What::Disable).of(&present);
    assert_eq!(disabled.nostr_at(NOON), None);
    assert_eq!(suspended.nostr_at(NOON), None);
    let enabled = change(ALICE, What::Enable).of(&disabled);
    assert_eq!(enabled.nostr_at(NOON), nostr(3).as_ref());
    // Its time is over before anybody has taken it out of DNS.
    let over = NOON.plus(10 * DAY);
    assert_eq!(present.nostr_at(over), None);
    let expired = Change::expiry(present.handle.clone(), over).of(&present);
    assert_eq!(expired.nostr_at(NOON), None);
    let renewed = change(ALICE, What::Renew).under(SHORT).at(over);
    assert_eq!(renewed.of(&expired).nostr_at(over), nostr(3).as_ref());
}

#[test]
fn it_is_off_once_the_name_goes_to_another_key_or_is_removed() {
    let given = change(ALICE, to(MALLORY)).of(&told());
    assert_eq!(given.nostr, None);
    let removed = change(ALICE, What::Remove).of(&told());
    assert_eq!(removed.nostr, None);
    let again = put(ALICE, "bitcoin:b").of(&removed);
    assert_eq!(again.nostr_at(NOON), None);
    let refusal = change(ALICE, What::Nostr(nostr(3))).refused(&removed);
    assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal}");
    // Of another owner, later on.
    let free = NOON.plus(15 * DAY);
    let claim = put(MALLORY, "bitcoin:c").under(SHORT).at(free);
    assert_eq!(claim.of(&told()).nostr, None);
}

#[test]
fn another_payment_leaves_it_as_it_is() {
    let present = told();
    assert_eq!(put(ALICE, "bitcoin:b").of(&present).nostr, nostr(3));
}
