//! When signatures are valid, and how long answers keep.

use payname_resolver::hickory_proto::rr::RecordType::{DS, TXT};

use crate::forge::{ALICE, Claims, NOW, Rr, World, Zone, chain, judge_at, txt, verdict};

fn pays_with(world: &World, lie: impl FnOnce(&mut Claims)) -> Vec<Rr> {
    world.zone.set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], lie)
}

#[test]
fn a_signature_is_valid_from_its_first_to_its_last_second() {
    let world = World::new();
    let records = [world.chain(), world.zone.pays(ALICE)].concat();
    let at = |now| verdict(&judge_at(&world.root, &[&records], ALICE, TXT, now));
    assert_eq!(at(NOW - 3600), "secure");
    assert_eq!(at(NOW + 86_400), "secure");
    assert_eq!(at(NOW - 3601), "not_yet_valid");
    assert_eq!(at(NOW + 86_401), "expired");
}

#[test]
fn every_signature_on_the_path_must_be_valid() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let past = |claims: &mut Claims| claims.expiration = (NOW - 1) as u32;
    let future = |claims: &mut Claims| claims.inception = (NOW + 1) as u32;
    let answer = zone.pays(ALICE);
    let good_keys = chain(&[root, tld]);
    let delegation = tld.delegates(zone);
    for (lie, expected) in [
        (&past as &dyn Fn(&mut Claims), "expired"),
        (&future, "not_yet_valid"),
    ] {
        assert_eq!(world.verdict(&[&pays_with(&world, lie)], ALICE), expected);
        let keys = zone.dnskeys_with(lie);
        assert_eq!(
            world.judge(&[&good_keys, &delegation, &keys, &answer], ALICE),
            expected
        );
        let stale = tld.set_with(
            "pay.test.",
            delegation[0].record_type,
            &[delegation[0].rdata.clone()],
            lie,
        );
        let verdict = world.judge(&[&good_keys, &stale, &zone.dnskeys(), &answer], ALICE);
        assert_eq!(verdict, expected);
    }
}

#[test]
fn a_signature_that_ends_before_it_begins_is_never_valid() {
    let world = World::new();
    let records = pays_with(&world, |claims| {
        claims.inception = (NOW + 10) as u32;
        claims.expiration = (NOW - 10) as u32;
    });
    assert_eq!(world.verdict(&[&records], ALICE), "empty_window");
    let half_the_circle = pays_with(&world, |claims| {
        claims.inception = (NOW as u32).wrapping_sub(1 << 30);
        claims.expiration = (NOW as u32).wrapping_add(1 << 30);
    });
    assert_eq!(world.verdict(&[&half_the_circle], ALICE), "empty_window");
    let one_second = pays_with(&world, |claims| {
        claims.inception = NOW as u32;
        claims.expiration = NOW as u32;
    });
    assert_eq!(world.verdict(&[&one_second], ALICE), "secure");
}

#[test]
fn times_go_round_in_2106() {
    let world = World::new();
    // 2106-02-07T06:28:16Z, where 32 bits end.
    let end = 1u64 << 32;
    let around = |claims: &mut Claims| {
        claims.inception = u32::MAX - 1000;
        claims.expiration = 1000;
    };
    let World { root, tld, zone } = &world;
    let key_of = |child: &Zone| child.keys[0].ds(&child.name, 2);
    let records = [
        root.dnskeys_with(around),
        tld.dnskeys_with(around),
        zone.dnskeys_with(around),
        root.set_with("test.", DS, &[key_of(tld)], around),
        tld.set_with("pay.test.", DS, &[key_of(zone)], around),
        pays_with(&world, around),
    ]
    .concat();
    let at = |now| verdict(&judge_at(root, &[&records], ALICE, TXT, now));
    for now in [end - 1001, end - 1, end, end + 1000] {
        assert_eq!(at(now), "secure", "{now}");
    }
    assert_eq!(at(end - 1002), "not_yet_valid");
    assert_eq!(at(end + 1001), "expired");
    assert_ne!(
        at(500),
        "not_yet_valid",
        "1970 is as near to 1000 as 2106 is"
    );
}

#[test]
fn the_window_is_where_all_signatures_overlap() {
    let world = World::new();
    let records = pays_with(&world, |claims| {
        claims.inception = (NOW - 5) as u32;
        claims.expiration = (NOW + 50) as u32;
    });
    let secure = world.secure(&[&records], ALICE);
    assert_eq!(secure.window.valid_from.0, NOW - 5);
    assert_eq!(secure.window.valid_until.0, NOW + 50);
    assert_eq!(secure.cache_ttl, 50);
}

#[test]
fn the_signed_ttl_counts_and_the_received_one_neither_breaks_nor_stretches_it() {
    let world = World::new();
    let mut records = pays_with(&world, |claims| claims.original_ttl = 300);
    for received in [0, 1, 299, 300, u32::MAX] {
        records[0].ttl = received;
        assert_eq!(world.secure(&[&records], ALICE).cache_ttl, 300);
    }
}

#[test]
fn the_lowest_ttl_of_the_whole_chain_counts_and_that_of_strays_does_not() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let records = [
        chain(&[root, tld]),
        tld.delegates(zone),
        zone.dnskeys_with(|claims| claims.original_ttl = 60),
        zone.pays(ALICE),
        zone.set_with("stray.pay.test.", TXT, &[txt(&["x"])], |claims| {
            claims.original_ttl = 1;
            claims.expiration = (NOW - 1) as u32;
        }),
    ]
    .concat();
    match judge_at(root, &[&records], ALICE, TXT, NOW) {
        payname_resolver::Outcome::Secure(secure) => assert_eq!(secure.cache_ttl, 60),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_time_overflows() {
    let world = World::new();
    let records = [world.chain(), world.zone.pays(ALICE)].concat();
    for now in [0, 1, u64::from(u32::MAX), 1 << 32, 1 << 63, u64::MAX] {
        let outcome = judge_at(&world.root, &[&records], ALICE, TXT, now);
        assert_ne!(verdict(&outcome), "secure", "{now}");
    }
}
