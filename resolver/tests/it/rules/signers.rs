//! Who may sign what.

use payname_resolver::hickory_proto::rr::{
    Name,
    RecordType::{DNSKEY, DS, TXT},
};

use crate::forge::{ALICE, Key, World, Zone, chain, signed, txt};

#[test]
fn a_zone_whose_letters_end_another_name_does_not_sign_it() {
    let world = World::with_zone(Zone::new("lice.test."));
    let own = world.zone.pays("bob.lice.test.");
    assert_eq!(world.verdict(&[&own], "bob.lice.test."), "secure");
    let alien = world.zone.pays("bob.alice.test.");
    assert_eq!(
        world.verdict(&[&alien], "bob.alice.test."),
        "foreign_signer"
    );
    let alien = world.zone.pays("alice.test.");
    assert_eq!(world.verdict(&[&alien], "alice.test."), "foreign_signer");
}

#[test]
fn a_label_that_holds_a_dot_is_not_two_labels() {
    let world = World::new();
    let mut records = world.zone.pays(ALICE);
    assert_eq!(world.verdict(&[&records], ALICE), "secure");
    // `x\.pay.test.` is a child of `test.`, whatever its text looks like.
    for record in &mut records {
        record.owner = "x!pay.test.".to_owned();
    }
    let mut bytes: Vec<u8> = world
        .chain()
        .iter()
        .chain(&records)
        .flat_map(|r| r.wire())
        .collect();
    for byte in bytes.iter_mut().filter(|byte| **byte == b'!') {
        *byte = b'.';
    }
    let owner = Name::from_labels([&b"x.pay"[..], b"test"]);
    let outcome = payname_resolver::Proof::parse(&bytes).unwrap().judge(
        &owner.unwrap(),
        TXT,
        &world.root.anchor(),
        payname_resolver::UnixTime(crate::forge::NOW),
    );
    assert_eq!(crate::forge::verdict(&outcome), "foreign_signer");
}

#[test]
fn siblings_and_children_do_not_sign_for_a_zone() {
    let world = World::new();
    let sibling = Zone::new("evil.test.");
    let child = Zone::new("shop.pay.test.");
    let mut keys = chain(&[&world.zone, &child]);
    keys.extend(sibling.dnskeys());
    keys.extend(world.tld.delegates(&sibling));
    let honest = world.zone.pays(ALICE);
    assert_eq!(world.verdict(&[&keys, &honest], ALICE), "secure");
    for other in [&sibling, &child] {
        let forged = other.pays(ALICE);
        assert_eq!(world.verdict(&[&keys, &forged], ALICE), "foreign_signer");
    }
}

#[test]
fn a_zone_above_may_sign_since_it_could_take_the_delegation_back_anyway() {
    let world = World::new();
    let records = world.tld.pays(ALICE);
    assert_eq!(world.verdict(&[&records], ALICE), "secure");
}

#[test]
fn a_signature_in_the_name_of_a_zone_needs_that_zone_s_key() {
    let world = World::new();
    let thief = Key::p256();
    let rdatas = [txt(&["bitcoin:?lno=forged"])];
    let forged = signed("pay.test.", &thief, ALICE, TXT, &rdatas, |_| {});
    assert_eq!(world.verdict(&[&forged], ALICE), "no_such_key");
    let tag = world.zone.keys[0].tag();
    let forged = signed("pay.test.", &thief, ALICE, TXT, &rdatas, |claims| {
        claims.key_tag = tag
    });
    assert_eq!(world.verdict(&[&forged], ALICE), "wrong_signature");
}

#[test]
fn a_stranger_s_key_beside_the_zone_s_own_needs_the_zone_s_signature() {
    let world = World::new();
    let thief = Key::p256();
    let mut records = signed(
        "pay.test.",
        &thief,
        ALICE,
        TXT,
        &[txt(&["bitcoin:x"])],
        |_| {},
    );
    records.push(thief.record("pay.test."));
    assert_eq!(world.verdict(&[&records], ALICE), "wrong_signature");
}

#[test]
fn only_the_zone_itself_signs_its_keys() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let honest = [chain(&[root, tld]), tld.delegates(zone), zone.pays(ALICE)].concat();
    assert_eq!(world.judge(&[&honest, &zone.dnskeys()], ALICE), "secure");
    let by_parent = tld.set("pay.test.", DNSKEY, &[zone.keys[0].rdata()]);
    assert_eq!(world.judge(&[&honest, &by_parent], ALICE), "foreign_signer");
}

#[test]
fn only_a_zone_above_signs_the_digest_of_a_zone_s_key() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let honest = [chain(&[root, tld]), zone.dnskeys(), zone.pays(ALICE)].concat();
    assert_eq!(
        world.judge(&[&honest, &tld.delegates(zone)], ALICE),
        "secure"
    );
    let by_itself = zone.set("pay.test.", DS, &[zone.keys[0].ds("pay.test.", 2)]);
    assert_eq!(world.judge(&[&honest, &by_itself], ALICE), "foreign_signer");
    let sibling = Zone::new("evil.test.");
    let by_sibling = sibling.set("pay.test.", DS, &[zone.keys[0].ds("pay.test.", 2)]);
    let sibling = [sibling.dnskeys(), tld.delegates(&sibling)].concat();
    let verdict = world.judge(&[&honest, &sibling, &by_sibling], ALICE);
    assert_eq!(verdict, "foreign_signer");
}

#[test]
fn the_keys_are_signed_by_one_that_the_parent_names() {
    let zone = Zone::with_keys("pay.test.", vec![Key::p256(), Key::p256().flagged(256)]);
    let world = World::with_zone(zone);
    let World { root, tld, zone } = &world;
    let honest = [chain(&[root, tld]), tld.delegates(zone), zone.pays(ALICE)].concat();
    assert_eq!(world.judge(&[&honest, &zone.dnskeys()], ALICE), "secure");
    let rdatas: Vec<Vec<u8>> = zone.keys.iter().map(Key::rdata).collect();
    let by_other = zone.set("pay.test.", DNSKEY, &rdatas);
    assert_eq!(world.judge(&[&honest, &by_other], ALICE), "no_such_key");
}

#[test]
fn a_record_without_a_signature_is_worth_nothing() {
    let world = World::new();
    let mut records = world.zone.pays(ALICE);
    records.pop();
    assert_eq!(world.verdict(&[&records], ALICE), "unsigned");
    let chain = world.chain();
    for missing in 0..chain.len() {
        let mut rest = chain.clone();
        rest.remove(missing);
        let verdict = world.judge(&[&rest, &world.zone.pays(ALICE)], ALICE);
        assert_ne!(verdict, "secure", "without {:?}", chain[missing]);
    }
}

#[test]
fn a_record_added_to_a_signed_set_or_taken_from_it_breaks_the_signature() {
    let world = World::new();
    let records = world
        .zone
        .set(ALICE, TXT, &[txt(&["bitcoin:a"]), txt(&["other"])]);
    assert_eq!(world.verdict(&[&records], ALICE), "secure");
    let fewer = &records[1..];
    assert_eq!(world.verdict(&[fewer], ALICE), "wrong_signature");
    let mut more = records.clone();
    more[0].rdata = txt(&["third"]);
    assert_eq!(
        world.verdict(&[&records, &more[..1]], ALICE),
        "wrong_signature"
    );
}

#[test]
fn a_signature_over_another_type_or_name_is_none_over_this() {
    let world = World::new();
    let bob = world.zone.pays("bob.pay.test.");
    let moved = crate::forge::expanded(&bob, ALICE);
    assert_eq!(world.verdict(&[&moved], ALICE), "wrong_signature");
    let records = world
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.covered = DS;
        });
    assert_eq!(world.verdict(&[&records], ALICE), "unsigned");
}
