//! How long a name is kept for who had it.

use super::*;

#[test]
fn a_removed_name_is_kept_for_good_unless_the_domain_says_for_how_long() {
    let present = registered("bitcoin:a");
    let removed = change(ALICE, What::Remove).of(&present);
    let in_a_century = NOON.plus(36_525 * DAY);
    let theft = put(MALLORY, "bitcoin:m").at(in_a_century);
    assert!(matches!(
        theft.refused(&removed),
        Refusal::NotOwner { removed: true, .. }
    ));

    let removed = change(ALICE, What::Remove).under(SHORT).of(&present);
    let early = put(MALLORY, "bitcoin:m").at(NOON.plus(5 * DAY - 1));
    assert!(matches!(early.refused(&removed), Refusal::NotOwner { .. }));
    let back = put(ALICE, "bitcoin:a").at(NOON.plus(5 * DAY - 1));
    let back = back.decide(Some(&removed)).unwrap();
    assert!(!back.begins_life());
    let back = back.registration;
    assert_eq!((back.born, back.version, back.free_at), (1, 3, None));
    // Once it is free, what has been given meanwhile may stand in her way, as in everybody's.
    let late = put(ALICE, "bitcoin:a").at(NOON.plus(5 * DAY));
    let late = late.decide(Some(&removed)).unwrap();
    assert!(late.begins_life());
    assert_eq!((late.registration.born, late.registration.version), (3, 3));
    for what in [What::Renew, What::Enable, What::Disable, to(MALLORY)] {
        let refusal = change(ALICE, what).at(NOON.plus(5 * DAY)).refused(&removed);
        assert!(matches!(refusal, Refusal::Unknown(_)), "{refusal}");
    }
    let mut in_time = early.at(NOON.plus(5 * DAY));
    in_time.precondition = Precondition::Absent;
    let taken = in_time.decide(Some(&removed)).unwrap();
    assert_eq!(taken.effect, Effect::Publish(Deed::Claim));
    let taken = taken.registration;
    assert_eq!((taken.owner, taken.version, taken.born), (MALLORY, 3, 3));
    assert_eq!(taken.created_at, NOON.plus(5 * DAY));
    let late = put(ALICE, "bitcoin:a").at(NOON.plus(30 * DAY));
    assert!(matches!(late.refused(&taken), Refusal::NotOwner { .. }));
}

#[test]
fn a_promise_that_was_made_is_kept_when_the_terms_change() {
    let removed = change(ALICE, What::Remove).of(&registered("bitcoin:a"));
    let theft = put(MALLORY, "bitcoin:m")
        .under(SHORT)
        .at(NOON.plus(99 * DAY));
    assert!(theft.decide(Some(&removed)).is_err());
    // Nor does removing it once more let anybody else in.
    let again = change(ALICE, What::Remove).under(SHORT).of(&removed);
    assert_eq!(again, removed);
}
