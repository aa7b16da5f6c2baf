//! One algorithm follows another.

use super::*;

fn to(scheme: Scheme, algorithm: KeyAlgorithm) -> KeyPolicy {
    KeyPolicy {
        algorithm,
        ..policy(scheme)
    }
}

impl Scene {
    /// The same keys, under another policy.
    fn adopt(&mut self, policy: KeyPolicy) {
        self.set = KeySet::from_text(&self.set.to_text(), policy).unwrap();
    }

    fn algorithms(&self, of: impl Fn(&Key) -> bool) -> Vec<u8> {
        let keys = self.set.keys().iter().filter(|key| of(key));
        keys.map(|key| key.algorithm.number()).collect()
    }

    /// Algorithms that sign, that are shown, and whose DS records the parent is asked for.
    fn stand(&self) -> [Vec<u8>; 3] {
        [
            self.algorithms(|key| key.does(Duty::Zone) || key.assists(Duty::Zone)),
            self.algorithms(|key| key.is_shown() && key.signs_keys()),
            self.algorithms(Key::is_asked_for),
        ]
    }
}

#[test]
fn signatures_come_before_keys_and_keys_before_ds_records_and_they_leave_the_other_way_round() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let old = scene.tag_of(Duty::Zone);
    scene.adopt(to(Scheme::Single, KeyAlgorithm::Ed25519));
    assert!(scene.set.is_of_another_algorithm());
    scene.set.roll_algorithm().unwrap();
    scene.adopt(to(Scheme::Single, KeyAlgorithm::Ed25519)); // a restart forgets nothing
    scene.signed = false;
    let [KeyChange::Made(Role::Csk, new)] = scene.after(0)[..] else {
        panic!("no new key was made");
    };
    assert_eq!(scene.stand(), [vec![13, 15], vec![13], vec![13]]);
    assert_eq!(
        scene.after(30 * DAY),
        [],
        "some records have only the old signature"
    );

    scene.signed = true;
    assert_eq!(scene.step().wake_in, Some(HOLD_ZONE));
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Joined(new)]);
    assert_eq!(scene.stand(), [vec![13, 15], vec![13, 15], vec![13]]);
    assert_eq!(scene.tag_of(Duty::Entry), old);

    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Requested(new)]);
    assert_eq!(scene.stand(), [vec![13, 15], vec![13, 15], vec![15]]);
    assert_eq!(scene.after(50 * DAY), [], "the parent has not done it");

    scene.obey();
    assert_eq!(scene.parent, Some(vec![scene.ds_of(new)]));
    assert_eq!(scene.after(0), [KeyChange::Trusted(new)]);
    assert_eq!(scene.after(HOLD_PARENT - 1), []);
    assert_eq!(scene.tag_of(Duty::Zone), old);
    assert_eq!(
        scene.after(1),
        [KeyChange::Entered(new), KeyChange::Signs(new)]
    );
    assert_eq!(scene.stand(), [vec![13, 15], vec![15], vec![15]]);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Gone(old)]);
    assert_eq!(scene.stand(), [vec![15], vec![15], vec![15]]);
    assert!(!scene.set.is_rolling() && !scene.set.is_of_another_algorithm());
}

#[test]
fn keys_that_join_or_leave_late_are_waited_for_from_then_on() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let old = scene.tag_of(Duty::Zone);
    scene.adopt(to(Scheme::Single, KeyAlgorithm::Ed25519));
    scene.set.roll_algorithm().unwrap();
    scene.after(0);
    scene.stuck = true;
    let joined = scene.after(HOLD_ZONE);
    let [KeyChange::Joined(new)] = joined[..] else {
        panic!("{joined:?}");
    };
    assert_eq!(scene.after(9 * DAY), [], "they are not shown");
    scene.stuck = false;
    assert_eq!(scene.after(0), []);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Requested(new)]);
    scene.obey();
    scene.after(0);
    scene.stuck = true;
    assert_eq!(scene.after(HOLD_PARENT).len(), 2);
    assert_eq!(scene.after(9 * DAY), [], "the old ones are still shown");
    scene.stuck = false;
    assert_eq!(scene.after(0), []);
    assert_eq!(scene.after(HOLD_ZONE - 1), []);
    assert_eq!(scene.after(1), [KeyChange::Gone(old)]);
}

#[test]
fn a_parent_that_replaces_step_by_step_or_takes_it_back_is_waited_for_again() {
    let mut scene = Scene::new(policy(Scheme::Split));
    let old = scene.parent.clone().unwrap();
    scene.adopt(to(Scheme::Split, KeyAlgorithm::EcdsaP384));
    scene.set.roll_algorithm().unwrap();
    scene.after(0);
    for _ in 0..2 {
        scene.after(HOLD_ZONE);
    }
    let new = scene.tag_of(Duty::Entry);
    let both = [old.clone(), vec![scene.ds_of(new)]].concat();
    scene.parent = Some(both.clone());
    assert_eq!(scene.after(9 * DAY), [], "the old one is still there");
    scene.obey();
    assert_eq!(scene.after(0), [KeyChange::Trusted(new)]);
    for back in [both, old, vec![]] {
        scene.parent = Some(back);
        assert_eq!(scene.after(HOLD_PARENT - 1), [KeyChange::Distrusted(new)]);
        scene.obey();
        assert_eq!(scene.after(0), [KeyChange::Trusted(new)]);
    }
    scene.parent = None; // what was seen once is enough
    let changes = scene.after(HOLD_PARENT);
    assert_eq!(changes[0], KeyChange::Entered(new));
}

#[test]
fn while_both_sign_the_ds_record_of_either_proves_the_zone() {
    let mut scene = Scene::new(policy(Scheme::Single));
    let old = scene.parent.clone().unwrap();
    scene.adopt(to(Scheme::Single, KeyAlgorithm::Ed25519));
    scene.set.roll_algorithm().unwrap();
    scene.after(0);
    for _ in 0..2 {
        scene.after(HOLD_ZONE);
    }
    let new = vec![scene.ds_of(scene.tag_of(Duty::Entry))];
    let advice = |ds: &[DS]| {
        scene.set.advice(&ParentView {
            ds: ds.to_vec(),
            ttl: 300,
            signed_from: None,
        })
    };
    let before = advice(&old);
    assert_eq!((&before.add, &before.remove), (&new, &old));
    assert!(!before.urgent && !advice(&new).urgent && advice(&[]).urgent);
    assert!(advice(&new).is_empty());
}

#[test]
fn a_change_of_algorithm_may_also_change_how_many_keys_there_are() {
    let mut scene = Scene::new(policy(Scheme::Single));
    scene.adopt(to(Scheme::Split, KeyAlgorithm::Ed25519));
    scene.set.roll_algorithm().unwrap();
    for _ in 0..6 {
        scene.after(HOLD_PARENT);
        scene.obey();
    }
    let roles: Vec<Role> = scene.set.keys().iter().map(|key| key.role).collect();
    assert_eq!(roles, [Role::Ksk, Role::Zsk]);
    scene.adopt(policy(Scheme::Single));
    scene.set.roll_algorithm().unwrap();
    for _ in 0..6 {
        scene.after(HOLD_PARENT);
        scene.obey();
    }
    assert_eq!(scene.stand(), [vec![13], vec![13], vec![13]]);
    assert_eq!(scene.set.keys().len(), 1);
}

#[test]
fn a_change_of_algorithm_is_refused_where_there_is_none_or_a_roll_is_under_way() {
    let mut scene = Scene::new(policy(Scheme::Split));
    assert_eq!(
        scene.set.roll_algorithm(),
        Err(RollError::SameAlgorithm(KeyAlgorithm::EcdsaP256))
    );
    scene.adopt(to(Scheme::Split, KeyAlgorithm::Ed25519));
    scene.set.roll(Duty::Zone).unwrap();
    assert_eq!(scene.set.roll_algorithm(), Err(RollError::UnderWay));
    scene.after(0);
    assert_eq!(scene.set.roll_algorithm(), Err(RollError::UnderWay));
    assert_eq!(
        scene.algorithms(|_| true),
        [13, 13, 13],
        "a key that is replaced keeps its algorithm"
    );
    for _ in 0..3 {
        scene.after(HOLD_ZONE);
    }
    scene.set.roll_algorithm().unwrap();
    assert_eq!(scene.set.roll(Duty::Zone), Err(RollError::UnderWay));
    assert_eq!(
        scene.set.danger_ask_to_be_forgotten(),
        Err(RollError::UnderWay)
    );
    scene.adopt(policy(Scheme::Split)); // the configuration is changed back before it begins
    assert_eq!(scene.after(0), []);
    assert_eq!(scene.set.roll(Duty::Zone), Ok(()));
}
