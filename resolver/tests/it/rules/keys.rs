//! Which keys and algorithms are accepted.

use payname_resolver::hickory_proto::rr::RecordType::TXT;

use crate::forge::{ALICE, Key, Rr, World, Zone, rrsig, signed, txt};

/// A world whose `pay.test.` signs its records with a second key.
fn signing_with(key: Key) -> World {
    World::with_zone(Zone::with_keys("pay.test.", vec![Key::p256(), key]))
}

fn verdict(world: &World) -> &'static str {
    world.verdict(&[&world.zone.pays(ALICE)], ALICE)
}

#[test]
fn algorithms_8_10_13_14_and_15_are_accepted_for_records_and_for_keys() {
    let keys: [fn() -> Key; 7] = [
        || Key::rsa_1024(8),
        || Key::rsa_2048(8),
        || Key::rsa_1024(10),
        || Key::rsa_2048(10),
        Key::p256,
        Key::p384,
        Key::ed25519,
    ];
    for key in keys {
        let algorithm = key().algorithm;
        assert_eq!(
            verdict(&signing_with(key().flagged(256))),
            "secure",
            "{algorithm}"
        );
        let alone = World::with_zone(Zone::with_keys("pay.test.", vec![key()]));
        assert_eq!(verdict(&alone), "secure", "{algorithm}");
    }
}

#[test]
fn an_rsa_key_of_512_bits_is_refused_though_its_signature_is_right() {
    assert_eq!(verdict(&signing_with(Key::rsa_1024(8))), "secure");
    assert_eq!(verdict(&signing_with(Key::rsa_512(8))), "weak_key");
    let alone = World::with_zone(Zone::with_keys("pay.test.", vec![Key::rsa_512(8)]));
    assert_eq!(verdict(&alone), "weak_key");
}

#[test]
fn zeros_in_front_do_not_make_a_weak_rsa_key_strong() {
    let mut key = Key::rsa_512(8);
    key.public.splice(4..4, [0; 64]);
    assert_eq!(verdict(&signing_with(key)), "weak_key");
}

#[test]
fn sha_1_signatures_are_refused_though_they_are_right() {
    for algorithm in [5, 7] {
        assert_eq!(
            verdict(&signing_with(Key::rsa_1024(algorithm))),
            "algorithm"
        );
        let alone = Zone::with_keys("pay.test.", vec![Key::rsa_1024(algorithm)]);
        assert_eq!(verdict(&World::with_zone(alone)), "algorithm");
    }
}

#[test]
fn a_signature_that_calls_its_key_by_another_algorithm_is_refused() {
    let world = signing_with(Key::rsa_1024(5));
    let records = world
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.algorithm = 8;
        });
    assert_eq!(world.verdict(&[&records], ALICE), "no_such_key");
}

#[test]
fn a_revoked_key_signs_nothing() {
    assert_eq!(verdict(&signing_with(Key::p256().flagged(257))), "secure");
    assert_eq!(
        verdict(&signing_with(Key::p256().flagged(257 | 0x80))),
        "no_such_key"
    );
    let alone = Zone::with_keys("pay.test.", vec![Key::p256().flagged(257 | 0x80)]);
    assert_eq!(verdict(&World::with_zone(alone)), "no_matching_ds");
}

#[test]
fn a_revoked_trust_anchor_starts_no_chain() {
    let mut world = World::new();
    world.root = Zone::with_keys(".", vec![Key::p256().flagged(257 | 0x80)]);
    assert_eq!(verdict(&world), "no_matching_ds");
}

#[test]
fn a_key_without_the_zone_flag_signs_nothing() {
    assert_eq!(verdict(&signing_with(Key::p256().flagged(0x100))), "secure");
    assert_eq!(
        verdict(&signing_with(Key::p256().flagged(1))),
        "no_such_key"
    );
    let alone = Zone::with_keys("pay.test.", vec![Key::p256().flagged(1)]);
    assert_eq!(verdict(&World::with_zone(alone)), "no_matching_ds");
}

#[test]
fn flags_without_a_meaning_are_ignored() {
    assert_eq!(
        verdict(&signing_with(Key::p256().flagged(0xff7f))),
        "secure"
    );
}

#[test]
fn a_key_of_another_protocol_than_3_signs_nothing() {
    for protocol in [0, 1, 2, 4, 255] {
        let mut key = Key::p256();
        key.protocol = protocol;
        assert_eq!(verdict(&signing_with(key)), "no_such_key");
    }
}

#[test]
fn keys_of_the_wrong_length_are_malformed() {
    for key in [Key::p256(), Key::p384()] {
        let mut key = key;
        key.public.push(0);
        assert_eq!(verdict(&signing_with(key)), "malformed");
    }
    let mut key = Key::ed25519();
    key.public.pop();
    assert_eq!(verdict(&signing_with(key)), "wrong_signature");
}

#[test]
fn among_keys_with_one_tag_the_right_one_is_found_unless_eight_others_are_tried_before() {
    let behind = |others: u8| {
        let right = Key::p256();
        let tag = right.tag();
        let mut keys = vec![Key::p256()];
        keys.extend((0..others).map(|seed| Key::with_tag(13, 64, seed, tag)));
        keys.push(right);
        assert!(keys[1..].iter().all(|key| key.tag() == tag));
        verdict(&World::with_zone(Zone::with_keys("pay.test.", keys)))
    };
    assert_eq!(behind(7), "secure");
    assert_eq!(behind(8), "too_many_wrong_signatures");
}

#[test]
fn a_signature_by_an_unusable_key_does_not_spoil_one_by_a_good_key() {
    let world = signing_with(Key::p256());
    let rdatas = [txt(&["bitcoin:x"])];
    let sha_1 = rrsig("pay.test.", &Key::rsa_1024(5), ALICE, TXT, &rdatas, |_| {});
    let rolled = rrsig("pay.test.", &Key::p256(), ALICE, TXT, &rdatas, |_| {});
    let good = signed(
        "pay.test.",
        &world.zone.keys[1],
        ALICE,
        TXT,
        &rdatas,
        |_| {},
    );
    let records: Vec<Rr> = [vec![sha_1, rolled], good].concat();
    assert_eq!(world.verdict(&[&records], ALICE), "secure");
}
