//! Which digests of keys a delegation may rest on.

use payname_resolver::hickory_proto::rr::RecordType::{DS, TXT};

use crate::forge::{ALICE, Key, World, Zone, chain};

/// The verdict where `test.` says these DS records of `pay.test.`
fn verdict(world: &World, rdatas: &[Vec<u8>]) -> &'static str {
    let World { root, tld, zone } = world;
    let records = [
        chain(&[root, tld]),
        zone.dnskeys(),
        tld.set("pay.test.", DS, rdatas),
        zone.pays(ALICE),
    ];
    world.judge(&[&records.concat()], ALICE)
}

fn ds(world: &World, digest_type: u8) -> Vec<u8> {
    world.zone.keys[0].ds("pay.test.", digest_type)
}

#[test]
fn sha_256_and_sha_384_are_accepted_and_sha_1_when_alone() {
    let world = World::new();
    for digest_type in [1, 2, 4] {
        assert_eq!(verdict(&world, &[ds(&world, digest_type)]), "secure");
    }
    let all = [ds(&world, 1), ds(&world, 2), ds(&world, 4)];
    assert_eq!(verdict(&world, &all), "secure");
}

#[test]
fn sha_1_does_not_count_beside_a_better_digest() {
    let world = World::new();
    for better in [2, 4] {
        let mut wrong = ds(&world, better);
        *wrong.last_mut().unwrap() ^= 1;
        assert_eq!(verdict(&world, &[ds(&world, 1), wrong]), "no_matching_ds");
    }
}

#[test]
fn sha_1_counts_beside_a_digest_type_that_nobody_knows() {
    let world = World::new();
    let mut unknown = ds(&world, 2);
    unknown[3] = 3;
    assert_eq!(verdict(&world, &[unknown.clone()]), "digest_type");
    assert_eq!(verdict(&world, &[unknown, ds(&world, 1)]), "secure");
}

#[test]
fn a_digest_counts_only_whole_and_only_for_its_own_key_and_zone() {
    let world = World::new();
    let good = ds(&world, 2);
    assert_eq!(verdict(&world, std::slice::from_ref(&good)), "secure");
    let mut wrong_tag = good.clone();
    wrong_tag[1] ^= 1;
    let mut wrong_algorithm = good.clone();
    wrong_algorithm[2] = 14;
    let mut longer = good.clone();
    longer.push(0);
    let other_zone = world.zone.keys[0].ds("pay.tests.", 2);
    let bare = good[..4].to_vec();
    let part = good[..20].to_vec();
    for rdata in [wrong_tag, wrong_algorithm, longer, other_zone, bare, part] {
        assert_eq!(
            verdict(&world, std::slice::from_ref(&rdata)),
            "no_matching_ds",
            "{rdata:?}"
        );
        assert_eq!(verdict(&world, &[rdata, good.clone()]), "secure");
    }
}

#[test]
fn a_delegation_to_algorithms_that_are_not_accepted_is_not_mistaken_for_an_unsigned_one() {
    let zone = Zone::with_keys("pay.test.", vec![Key::hollow(16, vec![1; 57])]);
    let world = World::with_zone(zone);
    assert_eq!(verdict(&world, &[ds(&world, 2)]), "algorithm");
}

#[test]
fn a_trust_anchor_may_be_any_zone_and_nothing_beside_or_above_it_is_trusted() {
    let world = World::new();
    let records = [
        world.chain(),
        world.zone.pays(ALICE),
        world.tld.pays("bob.test."),
    ]
    .concat();
    let judge = |anchor: &Zone, owner: &str| {
        let outcome = crate::forge::judge(anchor, &[&records], owner, TXT);
        crate::forge::verdict(&outcome)
    };
    for anchor in [&world.root, &world.tld, &world.zone] {
        assert_eq!(judge(anchor, ALICE), "secure");
    }
    assert_eq!(judge(&world.tld, "bob.test."), "secure");
    assert_eq!(judge(&world.zone, "bob.test."), "no_anchor");
    assert_eq!(judge(&Zone::new("."), ALICE), "no_matching_ds");
    assert_eq!(judge(&Zone::new("other."), ALICE), "no_anchor");
}
