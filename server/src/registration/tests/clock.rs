//! Clocks that are wrong.

use super::*;

#[test]
fn what_is_taken_from_anybody_is_taken_by_a_time_that_has_surely_come() {
    let removed = change(ALICE, What::Remove)
        .under(SHORT)
        .of(&registered("bitcoin:a"));
    let late = NOON.plus(9 * DAY);
    let leapt = put(MALLORY, "bitcoin:m").at(late).surely(NOON);
    assert!(matches!(leapt.refused(&removed), Refusal::NotOwner { .. }));
    let taken = put(MALLORY, "bitcoin:m")
        .at(late)
        .surely(NOON.plus(5 * DAY));
    assert_eq!(taken.of(&removed).owner, MALLORY);
    let renewed = put(ALICE, "bitcoin:b")
        .under(SHORT)
        .of(&registered("bitcoin:a"));
    let end = renewed.expires_at.unwrap();
    let expiry = |sure| Change::expiry(renewed.handle.clone(), end.plus(DAY)).surely(sure);
    let kept = expiry(NOON).decide(Some(&renewed)).unwrap();
    assert_eq!(kept.effect, Effect::Nothing);
    assert_eq!(expiry(end).of(&renewed).state, State::Expiring);
}
