//! A whole year of a zone's keys, in seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use payname_zones::{Duty, KeyAlgorithm, KeyChange, KeyPolicy, Scheme};

use crate::caches::Caches;
use crate::operated::{DAY, HOUR, Operated};

const ALICE: &str = "alice.user._bitcoin-payment.example.test.";
const WILD: &str = "anyone.wild.example.test.";

/// How often something happened.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    made: usize,
    signs: usize,
    entered: usize,
    gone: usize,
    /// Combinations of old and new records that were verified.
    verified: usize,
}

impl Tally {
    fn count(&mut self, changes: &[KeyChange]) {
        for change in changes {
            match change {
                KeyChange::Made(..) => self.made += 1,
                KeyChange::Signs(_) => self.signs += 1,
                KeyChange::Entered(_) => self.entered += 1,
                KeyChange::Gone(_) => self.gone += 1,
                _ => {}
            }
        }
    }
}

/// Lives `days`, looking every hour; `meddle` is called before each hour.
fn live(scene: &mut Operated, days: u64, mut meddle: impl FnMut(&mut Operated, u64)) -> Tally {
    // Names that exist and names that a wildcard stands in for, which need denials too.
    let owner = if days > 100 { ALICE } else { WILD };
    let mut caches = Caches::new(scene, owner);
    let mut tally = Tally::default();
    for hour in 0..days * 24 {
        meddle(scene, hour);
        tally.count(&scene.after(HOUR));
        // Between what is new and what is forgotten, once a day is enough.
        if caches.look(scene, HOUR) || hour % 24 == 0 {
            tally.verified += caches.verify_all(scene).len();
        }
    }
    tally
}

fn days(days: u64) -> Option<Duration> {
    Some(Duration::from_secs(days * DAY))
}

#[test]
fn a_year_of_ksks_and_zsks_validates_at_every_step_whatever_a_cache_remembers() {
    let policy = KeyPolicy {
        scheme: Scheme::Split,
        zsk_lifetime: days(30),
        entry_lifetime: days(100),
        ..KeyPolicy::default()
    };
    let mut scene = Operated::new(policy, 0);
    let tally = live(&mut scene, 365, |scene, hour| {
        if hour % 100 == 50 {
            scene.restart();
        }
    });
    assert!(tally.signs >= 10 && tally.entered >= 3, "{tally:?}");
    assert!(
        tally.gone >= tally.made - 2 && tally.verified > 500,
        "{tally:?}"
    );
}

#[test]
fn a_year_of_csks_of_every_algorithm_validates_at_every_step_whatever_a_cache_remembers() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
    ] {
        let policy = KeyPolicy {
            algorithm,
            entry_lifetime: days(60),
            ..KeyPolicy::default()
        };
        let mut scene = Operated::new(policy, 5 * DAY);
        let length = if algorithm == KeyAlgorithm::EcdsaP256 {
            365
        } else {
            100
        };
        let tally = live(&mut scene, length, |_, _| {});
        let rolls = usize::try_from(length / 80).unwrap();
        assert!(tally.signs >= rolls && tally.entered >= rolls, "{tally:?}");
    }
}

#[test]
fn the_way_through_every_algorithm_validates_at_every_step_for_strict_validators_too() {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519};
    use Scheme::{Single, Split};
    for (first, then) in [
        (
            Single,
            [(Ed25519, Single), (EcdsaP384, Split), (EcdsaP256, Single)],
        ),
        (
            Split,
            [(EcdsaP384, Split), (EcdsaP256, Single), (Ed25519, Split)],
        ),
    ] {
        let policy = KeyPolicy {
            scheme: first,
            zsk_lifetime: days(40),
            ..KeyPolicy::default()
        };
        // Once all goes as fast as it can, once it takes hours to sign and days to be done above.
        let is_slow = first == Split;
        let mut scene = Operated::new(policy, if is_slow { 2 * DAY } else { 0 });
        if is_slow {
            scene.at_once = 3;
            scene.step_by_step = true;
        }
        let mut changes = then.into_iter();
        let tally = live(&mut scene, 100, |scene, hour| {
            if hour % (30 * 24) == 5 * 24
                && let Some((algorithm, scheme)) = changes.next()
            {
                scene.change_algorithm(algorithm, scheme);
            }
            if hour % 50 == 25 {
                scene.restart();
            }
        });
        assert!(tally.entered >= 3 && tally.verified > 300, "{tally:?}");
        assert!(changes.next().is_none() && !scene.set.is_of_another_algorithm());
    }
}

#[test]
fn clocks_set_far_ahead_and_back_in_the_middle_of_rolls_break_no_proof() {
    let policy = KeyPolicy {
        scheme: Scheme::Split,
        zsk_lifetime: days(20),
        entry_lifetime: days(60),
        ..KeyPolicy::default()
    };
    let mut scene = Operated::new(policy, DAY);
    let year = 365 * i64::try_from(DAY).unwrap();
    let errors = BTreeMap::from([
        (21 * 24, year),
        (22 * 24, 0),
        (41 * 24 + 1, -year),
        (43 * 24, 0),
        (61 * 24, 3 * 86_400),
        (75 * 24, 0),
    ]);
    let tally = live(&mut scene, 120, |scene, hour| {
        if let Some(error) = errors.get(&hour) {
            scene.clock_error = *error;
        }
    });
    assert!(tally.signs >= 4 && tally.entered >= 1, "{tally:?}");
}

#[test]
fn a_server_that_was_off_for_weeks_in_the_middle_of_a_roll_is_right_from_the_first_moment() {
    for (duty, scheme) in [
        (Duty::Zone, Scheme::Split),
        (Duty::Entry, Scheme::Split),
        (Duty::Zone, Scheme::Single),
    ] {
        for off_after in [1, 4, 30, 80, 200] {
            let policy = KeyPolicy {
                scheme,
                ..KeyPolicy::default()
            };
            let mut scene = Operated::new(policy, DAY);
            scene.after(HOUR);
            scene.set.roll(duty).unwrap();
            live(&mut scene, 1, |_, _| {});
            for _ in 0..off_after {
                scene.after(HOUR);
            }
            scene.elapsed += 30 * DAY;
            scene.restart();
            scene.after(0);
            let tally = live(&mut scene, 12, |_, _| {});
            assert!(tally.verified > 0);
            assert!(!scene.set.is_rolling(), "{scheme:?} {off_after}");
        }
    }
}
