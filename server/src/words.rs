//! Names that are drawn: an adjective and an animal, from randomness that is given.

/// How many octets of randomness a name takes.
pub(crate) const OCTETS: usize = 8;

/// Easily spelled, none of them unkind, none alike in UTS 39's sense.
const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "azure", "bold", "brave", "brisk", "bright", "busy", "calm",
    "candid", "clear", "clever", "coral", "cosy", "crisp", "daring", "deft", "eager", "early",
    "fair", "fancy", "fleet", "fond", "fresh", "gentle", "glad", "golden", "grand", "happy",
    "hardy", "honest", "humble", "jolly", "keen", "kind", "lively", "loyal", "lucky", "mellow",
    "merry", "mighty", "neat", "noble", "patient", "placid", "plucky", "polite", "proud", "quick",
    "quiet", "rapid", "ready", "royal", "silver", "smart", "snowy", "steady", "sunny", "swift",
    "tidy", "vivid", "warm", "wise",
];
const ANIMALS: [&str; 64] = [
    "badger", "bear", "beaver", "bee", "bison", "camel", "cat", "cobra", "crane", "cricket",
    "crow", "deer", "dingo", "dolphin", "dove", "duck", "eagle", "falcon", "ferret", "finch",
    "fox", "frog", "gecko", "goat", "goose", "hare", "hawk", "hedgehog", "heron", "horse", "ibex",
    "jackal", "jaguar", "koala", "lark", "lemur", "lion", "lizard", "llama", "lynx", "magpie",
    "marten", "mole", "moose", "newt", "orca", "otter", "owl", "panda", "parrot", "pelican",
    "puffin", "quail", "rabbit", "raven", "robin", "salmon", "seal", "stork", "swan", "tiger",
    "turtle", "walrus", "zebra",
];

/// A name such as `brave-otter`; with a number behind it where those without are hard to find.
///
/// The separator is no dot: `brave.otter` would lie under `otter` in DNS.
pub(crate) fn draw(random: [u8; OCTETS], numbered: bool) -> String {
    let [one, two, rest @ ..] = random;
    let word = |words: &[&'static str; 64], octet: u8| {
        let place = usize::from(octet & 63);
        words.get(place).copied().unwrap_or_default()
    };
    let (adjective, animal) = (word(&ADJECTIVES, one), word(&ANIMALS, two));
    if !numbered {
        return format!("{adjective}-{animal}");
    }
    let number = rest.iter().fold(0_u64, |number, octet| {
        number.wrapping_mul(256).wrapping_add(u64::from(*octet))
    });
    format!(
        "{adjective}-{animal}-{}",
        number.checked_rem(1_000_000).unwrap_or(0)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::registration::{NameRules, skeleton_of};

    #[test]
    fn every_name_that_can_be_drawn_may_be_given_and_none_looks_like_another() {
        let rules = NameRules::reserving([]);
        let mut seen = BTreeSet::new();
        for one in 0..64 {
            for two in 0..64 {
                let name = draw([one, two, 0, 0, 0, 0, 0, 0], false);
                rules.check_form(&name).unwrap();
                assert!(!rules.is_reserved(&name), "{name}");
                assert!(seen.insert(skeleton_of(&name)), "{name}");
            }
        }
        assert_eq!(draw([64, 128, 0, 0, 0, 0, 1, 0], true), "able-badger-256");
        let long = draw([255; OCTETS], true);
        rules.check_form(&long).unwrap();
    }
}
