//! Every way in which a payee may come back.

use alloc::{collections::BTreeSet, format, string::String, vec, vec::Vec};

use super::*;
use crate::{Instructions, Method, UnixTime};

const OFFER: &str = "lno=lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
const OTHER: &str = "lno=lno1pgqpvggzfyqv8gg09k4q35tc5mkmzr7re2nm20gw5qp5d08r3w5s6zzu4t5q";
const SILENT: &str = "sp=sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
const ADDRESS: &str = "bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
const FIRST: UnixTime = UnixTime(1_786_000_000);
const LATER: UnixTime = UnixTime(1_787_000_000);

fn methods(parts: &[&str]) -> Vec<Method> {
    let uri = format!("bitcoin:?{}", parts.join("&"));
    Instructions::parse(&uri).unwrap().methods().to_vec()
}

fn identity(parts: &[&str], zone: &str) -> Identity {
    Identity {
        pins: methods(parts).iter().filter_map(Pin::of).collect(),
        zone_keys: BTreeSet::from([String::from(zone)]),
    }
}

/// What is said when these were met first, and those are now, of which the first is chosen.
fn again(before: &[&str], after: &[&str]) -> Recognition {
    let known = KnownPayee::first_met(&identity(before, "zone"), FIRST);
    known.recognise(&identity(after, "zone"), methods(after).first())
}

#[test]
fn a_payee_is_known_by_the_key_that_is_paid() {
    assert_eq!(again(&[OFFER], &[OFFER]), Recognition::Same);
    assert_eq!(again(&[OFFER, SILENT], &[OFFER]), Recognition::Same);
    assert_eq!(again(&[OFFER], &[OFFER, SILENT]), Recognition::Same);
    // An address beside the offer that is known may change as it likes.
    assert_eq!(again(&[OFFER], &[ADDRESS, OFFER]), Recognition::Same);
    assert_eq!(again(&[ADDRESS], &[ADDRESS]), Recognition::Unrecognisable);
    assert_eq!(again(&[ADDRESS], &[OFFER]), Recognition::Learned);
}

#[test]
fn another_key_or_none_at_all_is_a_change() {
    let pins = |parts: &[&str]| identity(parts, "").pins;
    for (before, after, gone, kept) in [
        (vec![OFFER], vec![OTHER], vec![OFFER], vec![]),
        (vec![OFFER], vec![SILENT], vec![OFFER], vec![]),
        (vec![OFFER], vec![ADDRESS], vec![OFFER], vec![]),
        (
            vec![OFFER, SILENT],
            vec![OTHER, SILENT],
            vec![OFFER],
            vec![SILENT],
        ),
        // Somebody puts his offer before the one that is known.
        (vec![OFFER], vec![OTHER, OFFER], vec![], vec![OFFER]),
    ] {
        let Recognition::Changed(change) = again(&before, &after) else {
            panic!("{before:?} {after:?}");
        };
        let now = methods(&after).first().and_then(Pin::of);
        assert_eq!(
            (change.now, change.gone, change.kept),
            (now, pins_of(&gone, pins), pins_of(&kept, pins))
        );
        assert_eq!(
            (change.known_since, change.zone_keys_changed),
            (FIRST, false)
        );
    }
}

fn pins_of(parts: &[&str], pins: impl Fn(&[&str]) -> BTreeSet<Pin>) -> BTreeSet<Pin> {
    match parts {
        [] => BTreeSet::new(),
        parts => pins(parts),
    }
}

#[test]
fn keys_of_the_zone_are_told_with_a_change_and_are_none_by_themselves() {
    let known = KnownPayee::first_met(&identity(&[OFFER], "one"), FIRST);
    let same = identity(&[OFFER], "two");
    assert_eq!(
        known.recognise(&same, methods(&[OFFER]).first()),
        Recognition::Same
    );
    assert!(known.has_other_zone_keys(&same));
    let other = identity(&[OTHER], "two");
    let Recognition::Changed(change) = known.recognise(&other, methods(&[OTHER]).first()) else {
        panic!();
    };
    assert!(change.zone_keys_changed);
}

#[test]
fn what_was_accepted_is_known_from_then_on() {
    let mut known = KnownPayee::first_met(&identity(&[OFFER], "one"), FIRST);
    known.met_again(&identity(&[OFFER, SILENT], "one"), LATER);
    assert_eq!((known.keys_since, known.last_seen), (FIRST, LATER));
    known.met_again(&identity(&[OTHER], "two"), LATER);
    assert_eq!((known.first_seen, known.keys_since), (FIRST, LATER));
    let back = identity(&[OFFER], "one");
    assert!(matches!(
        known.recognise(&back, methods(&[OFFER]).first()),
        Recognition::Changed(_)
    ));
}

#[test]
fn a_pin_is_read_as_it_is_printed_and_nothing_else_is() {
    for pin in identity(&[OFFER, SILENT], "").pins {
        assert_eq!(format!("{pin}").parse::<Pin>().unwrap(), pin);
    }
    for text in [
        "",
        "offer_issuer",
        "offer_issuer:",
        "other:02",
        "node:0 2",
        "node:\u{202e}",
    ] {
        assert!(text.parse::<Pin>().is_err(), "{text}");
    }
}
