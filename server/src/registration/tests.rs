//! The law, case by case.

use super::*;

mod awaiting;
mod clock;
mod holds;
mod nostr;

const ALICE: OwnerKey = OwnerKey([1; 32]);
const MALLORY: OwnerKey = OwnerKey([2; 32]);
const NOON: UnixTime = UnixTime(1_785_931_200);
const DAY: u64 = 24 * 3600;
/// A domain in which names last ten days and are kept for five more.
const SHORT: Terms = Terms {
    hold: Some(5 * DAY),
    life: Some(10 * DAY),
};

fn signed(owner: OwnerKey) -> Signed {
    Signed {
        owner,
        event: EventId([0; 32]),
        json: String::new(),
        lapses_at: NOON.plus(60),
    }
}

fn change(owner: OwnerKey, what: What) -> Change {
    let handle = "alice@example.test".parse().unwrap();
    Change::signed(handle, what, signed(owner), NOON)
}

fn put(owner: OwnerKey, uri: &str) -> Change {
    let uri = uri.to_owned();
    change(owner, What::Put { uri })
}

fn operators(what: What) -> Change {
    Change {
        by: By::Operator("ops".to_owned()),
        ..change(ALICE, what)
    }
}

fn to(key: OwnerKey) -> What {
    What::Transfer {
        consent: signed(key),
    }
}

impl Change {
    fn under(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    fn at(self, at: UnixTime) -> Self {
        let sure = at;
        Self { at, sure, ..self }
    }

    /// As [`Self::at`] by a clock that has leapt: only this has surely come.
    fn surely(self, sure: UnixTime) -> Self {
        Self { sure, ..self }
    }

    /// What becomes of a name, where that is allowed.
    #[track_caller]
    fn of(&self, present: &Registration) -> Registration {
        self.decide(Some(present)).unwrap().registration
    }

    #[track_caller]
    fn refused(&self, present: &Registration) -> Refusal {
        self.decide(Some(present)).unwrap_err()
    }
}

fn registered(uri: &str) -> Registration {
    put(ALICE, uri).decide(None).unwrap().registration
}

fn short_lived() -> Registration {
    let claim = put(ALICE, "bitcoin:a").under(SHORT);
    claim.decide(None).unwrap().registration
}

#[test]
fn a_free_name_goes_to_whoever_asks_first() {
    let decision = put(ALICE, "bitcoin:a").decide(None).unwrap();
    assert_eq!(decision.effect, Effect::Publish(Deed::Claim));
    assert_eq!(decision.registration.owner, ALICE);
    assert_eq!(decision.registration.version, 1);
    assert_eq!(decision.registration.state, State::Pending);
    assert_eq!(decision.registration.free_at, None);
}

#[test]
fn another_key_can_do_nothing_to_a_name_in_any_state() {
    let present = registered("bitcoin:a");
    let removed = change(ALICE, What::Remove).of(&present);
    let disabled = change(ALICE, What::Disable).of(&present);
    let over = NOON.plus(20 * DAY);
    let expired = Change::expiry(present.handle.clone(), over).of(&Registration {
        expires_at: Some(over),
        ..present.clone()
    });
    assert_eq!(expired.state, State::Expiring);
    for present in [present, removed, disabled, expired] {
        for what in [
            What::Remove,
            What::Disable,
            What::Enable,
            What::Renew,
            What::Expire,
            to(MALLORY),
            What::Put {
                uri: "bitcoin:b".to_owned(),
            },
        ] {
            let refusal = change(MALLORY, what).at(over).refused(&present);
            assert!(matches!(refusal, Refusal::NotOwner { .. }), "{refusal}");
        }
    }
}

#[test]
fn asking_for_the_same_again_makes_no_new_version() {
    let mut present = registered("bitcoin:a");
    let again = put(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
    assert_eq!(
        (again.effect, again.registration.version),
        (Effect::Retry, 1)
    );
    present.state = State::Published;
    let again = put(ALICE, "bitcoin:a").decide(Some(&present)).unwrap();
    assert_eq!(again.effect, Effect::Nothing);
}

#[test]
fn a_removed_name_comes_back_to_its_owner_with_a_higher_version() {
    let present = registered("bitcoin:a");
    let removed = change(ALICE, What::Remove).of(&present);
    assert_eq!(
        (removed.state, removed.uri.as_deref()),
        (State::Removing, None)
    );
    let mut claim = put(ALICE, "bitcoin:a");
    claim.precondition = Precondition::Absent;
    let back = claim.of(&removed);
    assert_eq!((back.version, back.created_at), (3, present.created_at));
}

#[test]
fn preconditions_bind_to_the_version_and_to_absence() {
    let present = registered("bitcoin:a");
    let mut update = put(ALICE, "bitcoin:b");
    update.precondition = Precondition::Version(2);
    let refusal = update.refused(&present);
    let version = Some(1);
    assert!(matches!(refusal, Refusal::Precondition { version: found, .. } if found == version));
    update.precondition = Precondition::Version(1);
    assert_eq!(update.of(&present).version, 2);
    update.precondition = Precondition::Absent;
    assert!(update.decide(Some(&present)).is_err());
    update.precondition = Precondition::Present;
    assert!(update.decide(None).is_err());
}

#[test]
fn what_was_never_there_cannot_be_changed() {
    for what in [
        What::Remove,
        What::Disable,
        What::Enable,
        What::Renew,
        to(MALLORY),
    ] {
        let refusal = change(ALICE, what).decide(None).unwrap_err();
        assert!(matches!(refusal, Refusal::Unknown(_)));
    }
}

#[test]
fn a_disabled_name_leaves_dns_and_comes_back_as_it_was() {
    let present = registered("bitcoin:a");
    let disabled = change(ALICE, What::Disable).of(&present);
    assert_eq!(
        (disabled.uri.as_deref(), disabled.kept.as_deref()),
        (None, Some("bitcoin:a"))
    );
    assert!(disabled.is_hidden() && !disabled.is_gone());
    assert_eq!(disabled.state, State::Disabling);
    // It can be changed meanwhile without being shown.
    let changed = put(ALICE, "bitcoin:b").of(&disabled);
    assert_eq!(
        (changed.uri.as_deref(), changed.kept.as_deref()),
        (None, Some("bitcoin:b"))
    );
    assert_eq!(changed.state, State::Disabling);
    let same = put(ALICE, "bitcoin:b").of(&changed);
    assert_eq!(same.version, changed.version);
    let enabled = change(ALICE, What::Enable).of(&changed);
    assert_eq!(
        (enabled.uri.as_deref(), enabled.kept.as_deref()),
        (Some("bitcoin:b"), None)
    );
    assert_eq!((enabled.state, enabled.version), (State::Pending, 4));
    assert_eq!(change(ALICE, What::Enable).of(&enabled).version, 4);
}

#[test]
fn what_the_operator_has_disabled_only_the_operator_enables() {
    let present = registered("bitcoin:a");
    let suspended = operators(What::Disable).of(&present);
    assert!(suspended.suspended && suspended.is_hidden() && suspended.uri.is_none());
    let uri = "bitcoin:b".to_owned();
    for what in [What::Enable, What::Renew, to(MALLORY), What::Put { uri }] {
        let refusal = change(ALICE, what).refused(&suspended);
        assert!(matches!(refusal, Refusal::Suspended(_)), "{refusal}");
    }
    // Not by the detour of a removal either, for nobody and at no time.
    let removed = change(ALICE, What::Remove).under(SHORT).of(&suspended);
    for owner in [ALICE, MALLORY] {
        let claim = put(owner, "bitcoin:b").at(NOON.plus(99 * DAY));
        assert!(claim.decide(Some(&removed)).is_err());
    }
    let disabled_too = change(ALICE, What::Disable).of(&suspended);
    let enabled = operators(What::Enable).of(&disabled_too);
    assert!(enabled.uri.is_none(), "its owner had disabled it too");
    let enabled = operators(What::Enable).of(&suspended);
    assert_eq!(enabled.uri.as_deref(), Some("bitcoin:a"));
}

#[test]
fn the_operator_neither_claims_nor_gives_away_by_a_change_of_an_owner() {
    let uri = "bitcoin:b".to_owned();
    for what in [What::Put { uri }, to(MALLORY), What::Renew, What::Expire] {
        let refusal = operators(what).refused(&registered("bitcoin:a"));
        assert!(matches!(refusal, Refusal::NotTheirs(_)), "{refusal}");
    }
}

#[test]
fn a_name_goes_to_the_key_that_consented_and_dns_does_not_notice() {
    let present = Registration {
        state: State::Published,
        published_at: Some(NOON),
        ..registered("bitcoin:a")
    };
    let decision = change(ALICE, to(MALLORY)).decide(Some(&present)).unwrap();
    assert_eq!(decision.effect, Effect::Keep(Deed::Transfer));
    let given = decision.registration;
    assert_eq!((given.owner, given.version, given.born), (MALLORY, 2, 1));
    assert_eq!(
        (given.state, given.published_at),
        (State::Published, Some(NOON))
    );
    assert!(matches!(
        put(ALICE, "bitcoin:b").refused(&given),
        Refusal::NotOwner { .. }
    ));
    assert_eq!(put(MALLORY, "bitcoin:b").of(&given).version, 3);
    let same = change(ALICE, to(ALICE)).refused(&present);
    assert!(matches!(same, Refusal::SameOwner(_)));
}

#[test]
fn a_name_expires_when_its_time_is_over_and_is_held_for_its_owner() {
    let present = short_lived();
    assert_eq!(present.expires_at, Some(NOON.plus(10 * DAY)));
    assert_eq!(present.free_at, Some(NOON.plus(15 * DAY)));
    let expiry = |days: u64| Change::expiry(present.handle.clone(), NOON.plus(days * DAY));
    let early = expiry(9).decide(Some(&present)).unwrap();
    assert_eq!(
        (early.effect, &early.registration),
        (Effect::Nothing, &present)
    );
    let expired = expiry(10).decide(Some(&present)).unwrap();
    assert_eq!(expired.effect, Effect::Publish(Deed::Expire));
    let expired = expired.registration;
    assert_eq!(
        (expired.state, expired.uri.as_ref()),
        (State::Expiring, None)
    );
    let again = expiry(11).decide(Some(&expired)).unwrap();
    assert_eq!(again.effect, Effect::Nothing);

    let renewal = change(ALICE, What::Renew)
        .under(SHORT)
        .at(NOON.plus(14 * DAY));
    let renewed = renewal.of(&expired);
    assert_eq!(
        (renewed.uri.as_deref(), renewed.state),
        (Some("bitcoin:a"), State::Pending)
    );
    assert_eq!(renewed.expires_at, Some(NOON.plus(24 * DAY)));
    let refusal = change(ALICE, What::Enable).refused(&expired);
    assert!(matches!(refusal, Refusal::Expired { .. }));
    let claim = |days: u64| put(MALLORY, "bitcoin:m").at(NOON.plus(days * DAY));
    assert!(claim(14).decide(Some(&expired)).is_err());
    assert_eq!(claim(15).of(&expired).owner, MALLORY);
    // Whether or not the server has come round to taking it out of DNS.
    assert!(claim(14).decide(Some(&present)).is_err());
    assert_eq!(claim(15).of(&present).owner, MALLORY);
}

#[test]
fn any_change_of_its_owner_puts_off_the_end_and_the_same_again_does_not() {
    let present = short_lived();
    let later = put(ALICE, "bitcoin:b")
        .under(SHORT)
        .at(NOON.plus(DAY))
        .of(&present);
    assert_eq!(later.expires_at, Some(NOON.plus(11 * DAY)));
    let same = |days: u64| {
        put(ALICE, "bitcoin:a")
            .under(SHORT)
            .at(NOON.plus(days * DAY))
    };
    let soon = same(1).decide(Some(&present)).unwrap();
    assert_eq!((soon.effect, soon.registration.version), (Effect::Retry, 1));
    let renewed = same(2).decide(Some(&present)).unwrap();
    assert_eq!(renewed.effect, Effect::Keep(Deed::Renew));
    assert_eq!(renewed.registration.expires_at, Some(NOON.plus(12 * DAY)));
    let forever = put(ALICE, "bitcoin:a").of(&present);
    assert_eq!(
        forever.expires_at, None,
        "the domain has given up on expiry"
    );
}

#[test]
fn a_clock_that_was_set_back_takes_nothing_and_shortens_nothing() {
    let present = Registration {
        updated_at: NOON.plus(3 * DAY),
        ..short_lived()
    };
    let removed = change(ALICE, What::Remove).under(SHORT).of(&present);
    assert_eq!(removed.free_at, Some(NOON.plus(8 * DAY)));
    assert_eq!(removed.updated_at, present.updated_at);
    let back = UnixTime(1);
    assert!(
        put(MALLORY, "bitcoin:m")
            .at(back)
            .decide(Some(&removed))
            .is_err()
    );
    let expiry = Change::expiry(present.handle.clone(), back);
    assert_eq!(
        expiry.decide(Some(&present)).unwrap().effect,
        Effect::Nothing
    );
    let renewed = change(ALICE, What::Renew)
        .under(SHORT)
        .at(back)
        .of(&present);
    assert_eq!(renewed.expires_at, Some(NOON.plus(13 * DAY)));
}
