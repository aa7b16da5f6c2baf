//! One key follows another.

use super::*;

#[test]
fn a_zsk_is_replaced_by_itself_and_every_cache_knows_the_next_before_it_signs() {
    let mut scene = Scene::new(policy(Scheme::Split));
    let old = scene.tag_of(Duty::Zone);
    assert_eq!(scene.after(90 * DAY - 1), []);
    let wake = scene.step().wake_in;
    assert_eq!(wake, Some(1));
    let [KeyChange::Made(Role::Zsk, new)] = scene.after(1)[..] else {
        panic!("no new ZSK was made");
    };
    assert_eq!(scene.shown().len(), 3);
    assert_eq!(scene.step().wake_in, Some(HOLD_ZONE));
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.tag_of(Duty::Zone), old);

    scene.lingering.insert(old);
    assert_eq!(scene.after(1), [KeyChange::Signs(new)]);
    assert_eq!(
        scene.after(7 * DAY),
        [],
        "the zone still has its signatures"
    );
    scene.lingering.clear();
    assert_eq!(scene.after(0), [KeyChange::Spent(old)]);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert!(scene.shown().contains(&old));
    assert_eq!(scene.after(1), [KeyChange::Gone(old)]);
    assert!(!scene.shown().contains(&old));
}

#[test]
fn a_ksk_waits_for_the_parent_as_long_as_it_takes_and_then_for_its_caches() {
    let mut scene = Scene::new(policy(Scheme::Split));
    let old = scene.tag_of(Duty::Entry);
    scene.set.roll(Duty::Entry).unwrap();
    let made = scene.after(0);
    let new = scene.next_tag(Duty::Entry);
    assert_eq!(made, [KeyChange::Made(Role::Ksk, new)]);
    assert!(!scene.shown().contains(&new), "only its DS is announced");

    let view = ParentView {
        ds: scene.parent.clone().unwrap(),
        ttl: 86_400,
        signed_from: None,
    };
    let advice = scene.set.advice(&view);
    assert_eq!((advice.add, advice.urgent), (vec![scene.ds_of(new)], false));
    assert_eq!(scene.after(50 * DAY), []);
    scene.parent = None; // nobody answers
    assert_eq!(scene.after(DAY), []);

    scene.parent = Some(vec![scene.ds_of(old), scene.ds_of(new)]);
    assert_eq!(scene.after(0), [KeyChange::Trusted(new)]);
    scene.parent = None; // what was seen once is enough
    assert_eq!(scene.after(HOLD_PARENT - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Entered(new)]);
    assert!(scene.shown().contains(&new) && !scene.shown().contains(&old));
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Withdrawn(old)]);
    assert_eq!(
        scene.after(9 * DAY),
        [],
        "the parent has not been asked again"
    );
    scene.parent = Some(vec![scene.ds_of(old), scene.ds_of(new)]);
    assert_eq!(scene.after(DAY), []);
    scene.obey();
    assert_eq!(scene.after(DAY), [KeyChange::Gone(old)]);
    assert!(!scene.set.is_rolling());
}

#[test]
fn a_zone_that_shows_its_keys_late_is_waited_for_from_then_on() {
    let mut scene = Scene::new(policy(Scheme::Split));
    let old = scene.tag_of(Duty::Zone);
    scene.set.roll(Duty::Zone).unwrap();
    scene.stuck = true;
    let [KeyChange::Made(Role::Zsk, new)] = scene.after(0)[..] else {
        panic!("no new ZSK was made");
    };
    assert_eq!(scene.after(9 * DAY), [], "nobody could see the new key");
    assert!(scene.step().wake_in > Some(HOLD_ZONE));
    let text = scene.set.to_text();
    scene.set = KeySet::from_text(&text, policy(Scheme::Split)).unwrap();
    assert!(scene.set.is_unseen());
    scene.stuck = false;
    scene.elapsed = 0; // another process
    assert_eq!(scene.after(0), []);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(
        scene.after(1),
        [KeyChange::Signs(new), KeyChange::Spent(old)]
    );
    scene.after(HOLD_ZONE);

    // The DNSKEY records that the old KSK signed are shown although the new one is to sign.
    let old = scene.tag_of(Duty::Entry);
    scene.set.roll(Duty::Entry).unwrap();
    scene.after(0);
    scene.obey();
    scene.after(0);
    scene.stuck = true;
    let new = scene.next_tag(Duty::Entry);
    assert_eq!(scene.after(HOLD_PARENT), [KeyChange::Entered(new)]);
    assert_eq!(scene.after(9 * DAY), []);
    scene.stuck = false;
    assert_eq!(scene.after(0), []);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Withdrawn(old)]);
}

#[test]
fn one_new_csk_takes_over_both_duties_each_in_its_own_time() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let old = scene.tag_of(Duty::Zone);
    scene.set.roll(Duty::Zone).unwrap();
    scene.after(0);
    let new = scene.next_tag(Duty::Entry);
    assert_eq!(scene.next_tag(Duty::Zone), new);
    assert_eq!(scene.shown(), BTreeSet::from([old, new]));
    assert_eq!(
        scene.after(HOLD_ZONE),
        [KeyChange::Signs(new), KeyChange::Spent(old)]
    );
    assert_eq!(scene.tag_of(Duty::Entry), old);
    scene.after(HOLD_ZONE);
    assert!(
        scene.shown().contains(&old),
        "it still signs the DNSKEY records"
    );
    scene.obey();
    assert_eq!(scene.after(0), [KeyChange::Trusted(new)]);
    assert_eq!(scene.after(HOLD_PARENT), [KeyChange::Entered(new)]);
    assert_eq!(scene.shown(), BTreeSet::from([new]));
    assert_eq!(scene.after(HOLD_ZONE), [KeyChange::Withdrawn(old)]);
    scene.obey();
    assert_eq!(scene.after(0), [KeyChange::Gone(old)]);
    assert_eq!(scene.set.keys().len(), 1);
}

#[test]
fn a_csk_becomes_a_ksk_and_a_zsk_when_the_policy_says_so() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let csk = scene.tag_of(Duty::Entry);
    let text = scene.set.to_text();
    scene.set = KeySet::from_text(&text, policy(Scheme::Split)).unwrap();
    scene.set.roll(Duty::Zone).unwrap();
    scene.after(0);
    for _ in 0..3 {
        scene.after(HOLD_ZONE);
    }
    let zsk = scene.tag_of(Duty::Zone);
    assert_eq!(scene.shown(), BTreeSet::from([csk, zsk]));
    scene.set.roll(Duty::Entry).unwrap();
    for _ in 0..6 {
        scene.after(HOLD_PARENT);
        scene.obey();
    }
    let ksk = scene.tag_of(Duty::Entry);
    assert_eq!(scene.shown(), BTreeSet::from([ksk, zsk]));
    let roles: Vec<Role> = scene.set.keys().iter().map(|key| key.role).collect();
    assert_eq!(roles, [Role::Zsk, Role::Ksk]);
}

#[test]
fn a_parent_that_takes_a_ds_record_back_makes_the_next_key_wait_again() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Entry).unwrap();
    scene.after(0);
    let new = scene.next_tag(Duty::Entry);
    let before = scene.parent.clone();
    scene.obey();
    scene.after(0);
    scene.parent = before;
    assert_eq!(scene.after(HOLD_PARENT - 1), [KeyChange::Distrusted(new)]);
    scene.obey();
    assert_eq!(scene.after(HOLD_PARENT), [KeyChange::Trusted(new)]);
    assert_eq!(scene.after(HOLD_PARENT), [KeyChange::Entered(new)]);
}

#[test]
fn a_parent_that_gives_the_old_key_up_too_soon_is_followed_at_once() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Entry).unwrap();
    scene.after(0);
    let new = scene.next_tag(Duty::Entry);
    scene.parent = Some(vec![scene.ds_of(new)]);
    assert_eq!(
        scene.after(0),
        [KeyChange::Trusted(new), KeyChange::EnteredEarly(new)]
    );
    assert_eq!(scene.tag_of(Duty::Entry), new);
}

#[test]
fn a_parent_without_any_ds_of_ours_is_an_urgent_matter_and_moves_nothing() {
    let mut scene = Scene::new(policy(Scheme::Single));
    for parent in [vec![], {
        let stranger = Scene::new(policy(Scheme::Single));
        vec![stranger.ds_of(stranger.tag_of(Duty::Entry))]
    }] {
        let view = ParentView {
            ds: parent.clone(),
            ttl: 300,
            signed_from: None,
        };
        let advice = scene.set.advice(&view);
        assert!(advice.urgent);
        assert_eq!(advice.add, [scene.ds_of(scene.tag_of(Duty::Entry))]);
        assert_eq!(advice.remove, parent);
        scene.parent = Some(parent);
        assert_eq!(scene.after(30 * DAY), []);
    }
}

#[test]
fn a_longer_ttl_that_the_parent_once_had_is_waited_for() {
    let mut scene = Scene::new(policy(Scheme::Split));
    let week = ParentView {
        ds: scene.parent.clone().unwrap(),
        ttl: 7 * 86_400,
        signed_from: None,
    };
    let key_use = scene.key_use();
    let reading = Reading {
        wall: START,
        monotonic: Duration::ZERO,
    };
    let random = SystemRandom::new();
    scene
        .set
        .step(reading, &key_use, Some(&week), &random)
        .unwrap();
    scene.set.roll(Duty::Entry).unwrap();
    scene.after(0);
    let new = scene.next_tag(Duty::Entry);
    scene.obey();
    scene.after(0);
    assert_eq!(scene.after(8 * DAY - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Entered(new)]);
}

#[test]
fn two_rolls_do_not_run_at_once_and_a_roll_waits_for_the_one_before() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Entry).unwrap();
    assert_eq!(scene.set.roll(Duty::Entry), Err(RollError::UnderWay));
    scene.after(0);
    assert_eq!(scene.set.roll(Duty::Zone), Err(RollError::UnderWay));
    assert_eq!(
        scene.after(200 * DAY),
        [],
        "the ZSK's time has come, but a KSK waits"
    );
    assert_eq!(scene.set.keys().len(), 3);
}

#[test]
fn being_forgotten_is_asked_for_only_between_rolls_and_can_be_taken_back() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let private = PrivateKeys::default();
    assert_eq!(
        scene.set.zone_keys(&private).unwrap_err(),
        MissingKey::Private(scene.tag_of(Duty::Entry))
    );
    let (set, made) =
        KeySet::new(&zone(), policy(Scheme::Split), START, &SystemRandom::new()).unwrap();
    let private: PrivateKeys = made.iter().map(|new| new.key.clone()).collect();
    scene.set = set;
    scene.set.danger_ask_to_be_forgotten().unwrap();
    let keys = scene.set.zone_keys(&private).unwrap();
    assert_eq!(keys.request(), &DsRequest::Delete);
    assert_eq!(scene.set.roll(Duty::Zone), Err(RollError::Deleting));
    assert_eq!(
        scene.after(200 * DAY),
        [],
        "no key is replaced in a zone on its way out"
    );
    scene.obey();
    assert_eq!(scene.parent, Some(vec![]));

    scene.set.ask_to_be_kept();
    let keys = scene.set.zone_keys(&private).unwrap();
    assert!(matches!(keys.request(), DsRequest::Keys(keys) if keys.len() == 1));
    scene.set.roll(Duty::Entry).unwrap();
    assert_eq!(
        scene.set.danger_ask_to_be_forgotten(),
        Err(RollError::UnderWay)
    );
    scene.after(0);
    assert_eq!(
        scene.set.danger_ask_to_be_forgotten(),
        Err(RollError::UnderWay)
    );
}
