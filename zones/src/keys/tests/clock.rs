//! Clocks that are set while keys are replaced.

use super::*;

#[test]
fn a_clock_set_ahead_shortens_no_hold_and_one_set_back_undoes_nothing() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Zone).unwrap();
    scene.after(0);
    let new = scene.next_tag(Duty::Zone);
    let at = |wall, monotonic| Reading {
        wall,
        monotonic: Duration::from_secs(monotonic),
    };
    let ahead = scene.step_at(at(START.plus(400 * DAY), 60));
    assert_eq!(ahead.changes, []);
    assert_eq!(ahead.wake_in, Some(HOLD_ZONE - 60));
    assert_eq!(ahead.moment.doubt, 400 * DAY - 60);
    let back = scene.step_at(at(UnixTime(0), HOLD_ZONE));
    assert_eq!(back.changes, [KeyChange::Signs(new)]);
    assert_eq!(back.moment.now, START.plus(HOLD_ZONE));
    let right = scene.step_at(at(START.plus(HOLD_ZONE + 60), HOLD_ZONE + 60));
    assert_eq!((right.moment.doubt, right.moment.behind), (0, 0));
    assert_eq!(scene.tag_of(Duty::Zone), new);
}

#[test]
fn a_server_that_was_off_goes_on_where_it_was() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Zone).unwrap();
    scene.after(0);
    let before = scene.set.next(Duty::Zone).cloned();
    scene.after(HOUR);
    scene.set = KeySet::from_text(&scene.set.to_text(), policy(Scheme::Split)).unwrap();
    let restarted = Reading {
        wall: START.plus(200 * DAY),
        monotonic: Duration::from_secs(5),
    };
    let step = scene.step_at(restarted);
    assert_eq!(step.changes, []);
    assert_eq!(step.wake_in, Some(HOLD_ZONE - HOUR));
    assert_eq!(scene.set.next(Duty::Zone).cloned(), before);
}

#[test]
fn a_verified_signature_of_the_parent_removes_doubt() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let view = ParentView {
        ds: scene.parent.clone().unwrap(),
        ttl: 3600,
        signed_from: Some(START.plus(100 * DAY)),
    };
    let key_use = scene.key_use();
    let reading = Reading {
        wall: START.plus(101 * DAY),
        monotonic: Duration::from_secs(60),
    };
    let step = scene
        .set
        .step(reading, &key_use, Some(&view), &SystemRandom::new())
        .unwrap();
    assert!(step.moment.doubt <= DAY, "{:?}", step.moment);
}
