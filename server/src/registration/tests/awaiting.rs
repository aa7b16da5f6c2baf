//! Claims that wait: nobody's until what they wait for is so.

use super::*;

const HOUR: u64 = 3600;

fn rules() -> EntryRules {
    EntryRules {
        condition: Some(Requirement {
            condition: "approval".to_owned(),
            reserve: HOUR,
        }),
        ..EntryRules::default()
    }
}

fn demand(condition: &str) -> Option<Demand> {
    Some(Demand {
        condition: condition.to_owned(),
        text: "wait".to_owned(),
        reference: "7".to_owned(),
    })
}

/// A claim under these rules, of which this is demanded.
fn asks(owner: OwnerKey, uri: &str, demand: Option<Demand>) -> Change {
    Change {
        entry: Entry {
            rules: rules().into(),
            demand,
            ..Entry::default()
        },
        ..put(owner, uri)
    }
}

fn claim(owner: OwnerKey, uri: &str) -> Change {
    asks(owner, uri, demand("approval"))
}

fn waiting() -> Registration {
    claim(ALICE, "bitcoin:a").decide(None).unwrap().registration
}

fn fulfilled(at: UnixTime) -> Change {
    Change::fulfilled("alice@example.test".parse().unwrap(), at)
}

#[test]
fn a_claim_that_waits_reserves_the_name_and_publishes_nothing() {
    let decision = claim(ALICE, "bitcoin:a").decide(None).unwrap();
    assert_eq!(decision.effect, Effect::Record(Deed::Claim));
    assert!(decision.begins_life(), "who gets it is judged as ever");
    let waiting = decision.registration;
    assert_eq!(waiting.state, State::Awaiting);
    assert_eq!(
        (waiting.uri.as_deref(), waiting.kept.as_deref()),
        (None, Some("bitcoin:a"))
    );
    assert!(waiting.is_hidden() && !waiting.is_gone());
    assert!(!waiting.is_free(NOON) && waiting.is_free(NOON.plus(HOUR)));
    let refusal = claim(MALLORY, "bitcoin:b").refused(&waiting);
    assert!(matches!(refusal, Refusal::NotOwner { .. }), "{refusal}");
}

#[test]
fn no_claim_gets_past_a_condition_by_saying_nothing_or_something_else() {
    for demand in [None, demand("other")] {
        let refusal = asks(ALICE, "bitcoin:a", demand).decide(None).unwrap_err();
        assert!(matches!(refusal, Refusal::NotAsked(_)), "{refusal}");
    }
    // Nor by calling itself drawn, where no names are drawn.
    let mut drawn = claim(ALICE, "bitcoin:a");
    drawn.entry.drawn = true;
    let decision = drawn.decide(None).unwrap();
    assert_eq!(decision.registration.state, State::Awaiting);
    let refusal = drawn.admit(ALICE, &Facts::default()).unwrap_err();
    assert!(matches!(refusal, Refusal::NotDrawn(_)), "{refusal}");
}

#[test]
fn what_the_operator_gives_and_what_the_server_draws_waits_for_nothing() {
    let what = What::Grant {
        to: MALLORY,
        uri: "bitcoin:a".to_owned(),
    };
    let granted = Change {
        by: By::Operator("ops".to_owned()),
        what,
        ..claim(ALICE, "")
    };
    assert_eq!(
        granted.decide(None).unwrap().registration.state,
        State::Pending
    );
    let mut drawn = asks(ALICE, "bitcoin:a", None);
    drawn.entry.rules = EntryRules {
        random: true,
        ..rules()
    }
    .into();
    drawn.entry.drawn = true;
    let drawn = drawn.decide(None).unwrap();
    assert_eq!(drawn.effect, Effect::Publish(Deed::Claim));
}

#[test]
fn its_claimer_may_change_or_withdraw_it_and_nothing_else() {
    let present = waiting();
    for what in [What::Disable, What::Enable, What::Renew, to(MALLORY)] {
        let refusal = change(ALICE, what).refused(&present);
        assert!(matches!(refusal, Refusal::Awaiting { .. }), "{refusal}");
    }
    let refusal = change(ALICE, What::Nostr(None)).refused(&present);
    assert!(matches!(refusal, Refusal::Awaiting { .. }), "{refusal}");
    let refusal = change(ALICE, What::Fulfil).refused(&present);
    assert!(matches!(refusal, Refusal::NotTheirs(_)), "{refusal}");
    let same = put(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
    assert_eq!(same.effect, Effect::Nothing);
    let other = put(ALICE, "bitcoin:b").decide(Some(&present)).unwrap();
    assert_eq!(other.effect, Effect::Record(Deed::Update));
    let other = other.registration;
    assert_eq!(
        (other.state, other.free_at),
        (State::Awaiting, present.free_at)
    );
    assert_eq!(
        (other.uri, other.kept.as_deref()),
        (None, Some("bitcoin:b"))
    );
    let refusal = operators(What::Disable).refused(&present);
    assert!(matches!(refusal, Refusal::Awaiting { .. }), "{refusal}");
}

#[test]
fn once_it_is_so_the_name_is_given_for_the_domains_terms() {
    for by in [
        fulfilled(NOON.plus(60)),
        operators(What::Fulfil).at(NOON.plus(60)),
    ] {
        let decision = by.under(SHORT).decide(Some(&waiting())).unwrap();
        assert_eq!(decision.effect, Effect::Publish(Deed::Fulfil));
        let given = decision.registration;
        assert_eq!((given.state, given.version), (State::Pending, 2));
        assert_eq!(
            (given.uri.as_deref(), given.kept.as_deref()),
            (Some("bitcoin:a"), None)
        );
        assert_eq!(given.awaits, None);
        assert_eq!(given.expires_at, Some(NOON.plus(60 + 10 * DAY)));
        assert!(!given.is_hidden());
        let again = fulfilled(NOON.plus(61)).decide(Some(&given)).unwrap();
        assert_eq!(again.effect, Effect::Nothing);
    }
    let refusal = fulfilled(NOON).decide(None).unwrap_err();
    assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal}");
}

#[test]
fn what_waited_in_vain_lapses_and_is_anybodys() {
    let late = NOON.plus(HOUR);
    let early = Change::expiry(waiting().handle, UnixTime(late.0 - 1));
    let early = early.decide(Some(&waiting())).unwrap();
    assert_eq!(early.effect, Effect::Nothing);
    let decision = Change::expiry(waiting().handle, late)
        .decide(Some(&waiting()))
        .unwrap();
    assert_eq!(decision.effect, Effect::Record(Deed::Lapse));
    let lapsed = decision.registration;
    assert_eq!((lapsed.state, lapsed.kept.clone()), (State::Removed, None));
    // Whether the server has noticed or not.
    for present in [waiting(), lapsed] {
        let refusal = fulfilled(late).refused(&present);
        assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal}");
        let refusal = change(ALICE, What::Renew).at(late).refused(&present);
        assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal}");
        let next = claim(MALLORY, "bitcoin:b").at(late).decide(Some(&present));
        let next = next.unwrap();
        assert!(next.begins_life());
        assert_eq!(next.registration.owner, MALLORY);
        assert_eq!(next.registration.state, State::Awaiting);
    }
}

#[test]
fn who_withdrew_or_was_refused_waits_again_like_anybody_else() {
    let withdrawn = change(ALICE, What::Remove).decide(Some(&waiting()));
    let withdrawn = withdrawn.unwrap();
    assert_eq!(withdrawn.effect, Effect::Record(Deed::Remove));
    let refused = operators(What::Remove).of(&waiting());
    for present in [withdrawn.registration, refused] {
        assert!(present.is_free(NOON), "nobody has ever paid by it");
        assert!(present.is_hidden(), "nobody is told that it was wanted");
        let again = claim(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
        assert_eq!(again.effect, Effect::Record(Deed::Claim));
        assert_eq!(again.registration.born, again.registration.version);
        let refusal = asks(ALICE, "bitcoin:a", None).refused(&present);
        assert!(matches!(refusal, Refusal::NotAsked(_)), "{refusal}");
    }
}

#[test]
fn who_has_the_name_already_waits_for_nothing() {
    let owned = registered("bitcoin:a");
    let removed = change(ALICE, What::Remove).of(&owned);
    for present in [owned, removed] {
        let decision = asks(ALICE, "bitcoin:b", None).decide(Some(&present));
        assert_eq!(decision.unwrap().registration.state, State::Pending);
    }
}

#[test]
fn a_claim_that_waits_has_nothing_to_be_published_again() {
    assert_eq!(waiting().again().effect, Effect::Nothing);
}
