//! A zone that changed step by step equals one that was made in its final state.

use std::collections::BTreeMap;

use super::*;

/// A short-period generator: the same names in every run.
struct Dice(u32);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 16) % sides
    }
}

/// The zone without what differs by nature: signatures, keys, serials.
fn skeleton(zone: &Zone) -> BTreeSet<String> {
    let file = zone.master_file().to_string();
    file.lines()
        .filter(|line| !line.contains(" IN SOA ") && !line.contains(" IN DNSKEY "))
        .map(|line| match line.split_once(" IN RRSIG ") {
            Some((owner, rest)) => {
                let covered = rest.split_whitespace().take(4).collect::<Vec<_>>();
                format!("{owner} RRSIG {covered:?}")
            }
            None => line.to_owned(),
        })
        .collect()
}

#[test]
fn a_thousand_random_edits_leave_exactly_the_zone_that_a_fresh_start_would_make() {
    for denial in BOTH {
        let mut dice = Dice(353);
        let mut zone = empty_zone("example.test.", denial);
        let mut present = BTreeMap::new();
        for step in 0..1000 {
            let labels = dice.roll(3) + 1;
            let path: String = (0..labels).map(|_| format!("n{}.", dice.roll(5))).collect();
            let owner = name(&format!("{path}example.test."));
            if dice.roll(2) == 0 {
                zone.remove(&owner, RecordType::TXT, NOW).unwrap();
                present.remove(&owner);
            } else {
                let text = format!("step {step}");
                zone.set_txt(&owner, &text, 60, NOW).unwrap();
                present.insert(owner, text);
            }
        }
        let mut fresh = empty_zone("example.test.", denial);
        for (owner, text) in &present {
            fresh.set_txt(owner, text, 60, NOW).unwrap();
        }
        assert!(present.len() > 20);
        assert_eq!(skeleton(&zone), skeleton(&fresh));
        for owner in present.keys() {
            assert_signed(&zone, &zone.answer(owner, RecordType::TXT, true));
            assert_signed(&zone, &zone.answer(owner, RecordType::A, true));
        }
    }
}
