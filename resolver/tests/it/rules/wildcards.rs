//! Records made from wildcards: believed only with the denial of the next closer name.

use payname_resolver::hickory_proto::rr::RecordType::{CNAME, DNAME, DS, NS, SOA, TXT};

use crate::forge::{ALICE, Nsec3, Rr, World, Zone, chain, expanded, step, txt, wire_name};

const WILDCARD: &str = "*.pay.test.";

/// The wildcard's payment record as an answer for `owner`.
fn wildcard(world: &World, owner: &str) -> Vec<Rr> {
    expanded(&world.zone.pays(WILDCARD), owner)
}

#[test]
fn a_wildcard_needs_the_denial_of_the_name_itself() {
    let world = World::new();
    let answer = wildcard(&world, ALICE);
    let denial = world.zone.nsec(WILDCARD, "zebra.pay.test.", &[TXT]);
    assert_eq!(world.verdict(&[&answer, &denial], ALICE), "secure");
    assert_eq!(world.verdict(&[&answer], ALICE), "wildcard_unproven");
    assert_eq!(world.verdict(&[&answer, &denial[..1]], ALICE), "unsigned");
}

#[test]
fn the_wildcard_itself_may_be_asked_for() {
    let world = World::new();
    assert_eq!(
        world.verdict(&[&world.zone.pays(WILDCARD)], WILDCARD),
        "secure"
    );
}

#[test]
fn an_nsec_that_matches_the_name_does_not_deny_it() {
    let world = World::new();
    let answer = wildcard(&world, ALICE);
    for (owner, next) in [(ALICE, "zebra.pay.test."), (WILDCARD, ALICE)] {
        let denial = world.zone.nsec(owner, next, &[TXT]);
        assert_eq!(
            world.verdict(&[&answer, &denial], ALICE),
            "wildcard_unproven"
        );
    }
}

#[test]
fn the_next_closer_name_is_what_must_not_exist() {
    let world = World::new();
    let owner = "a.b.pay.test.";
    let answer = wildcard(&world, owner);
    let honest = world.zone.nsec("apple.pay.test.", "c.pay.test.", &[TXT]);
    assert_eq!(world.verdict(&[&answer, &honest], owner), "secure");
    // `a.b` lies in between, and `b` exists: the wildcard below `pay.test.` is out of reach.
    let exists = world.zone.nsec("b.pay.test.", "c.pay.test.", &[TXT]);
    assert_eq!(
        world.verdict(&[&answer, &exists], owner),
        "wildcard_unproven"
    );
    let empty_non_terminal = world.zone.nsec("apple.pay.test.", "x.b.pay.test.", &[TXT]);
    assert_eq!(
        world.verdict(&[&answer, &empty_non_terminal], owner),
        "wildcard_unproven"
    );
}

#[test]
fn the_denial_must_be_the_word_of_the_same_zone() {
    let world = World::new();
    let owner = "c.pay.test.";
    let answer = wildcard(&world, owner);
    let child = Zone::new("b.pay.test.");
    let keys = chain(&[&world.zone, &child]);
    let spanning = ["z.b.pay.test.", "z.pay.test."];
    let honest = world.zone.nsec(spanning[0], spanning[1], &[TXT]);
    assert_eq!(world.verdict(&[&answer, &keys, &honest], owner), "secure");
    let by_child = child.nsec(spanning[0], spanning[1], &[TXT]);
    assert_eq!(
        world.verdict(&[&answer, &keys, &by_child], owner),
        "wildcard_unproven"
    );
    let by_parent = world.tld.nsec(spanning[0], spanning[1], &[TXT]);
    assert_eq!(
        world.verdict(&[&answer, &keys, &by_parent], owner),
        "wildcard_unproven"
    );
    let hashed = Nsec3::PLAIN.covering(&world.zone, owner);
    assert_eq!(world.verdict(&[&answer, &hashed], owner), "secure");
    for other in [&child, &world.tld] {
        let hashed = Nsec3::PLAIN.covering(other, owner);
        assert_eq!(
            world.verdict(&[&answer, &keys, &hashed], owner),
            "wildcard_unproven"
        );
    }
}

#[test]
fn the_last_nsec_goes_round_to_the_apex_and_nowhere_else() {
    let world = World::new();
    let answer = wildcard(&world, ALICE);
    let last = world.zone.nsec("a.pay.test.", "pay.test.", &[TXT]);
    assert_eq!(world.verdict(&[&answer, &last], ALICE), "secure");
    for (owner, next) in [
        ("b.pay.test.", "pay.test."),
        (ALICE, "pay.test."),
        ("b.pay.test.", "a.pay.test."),
        ("a.pay.test.", "a.pay.test."),
        ("a.pay.test.", "test."),
    ] {
        let denial = world.zone.nsec(owner, next, &[TXT]);
        assert_eq!(
            world.verdict(&[&answer, &denial], ALICE),
            "wildcard_unproven",
            "{owner} {next}"
        );
    }
}

#[test]
fn an_nsec_that_was_itself_made_from_a_wildcard_denies_nothing() {
    let world = World::new();
    let answer = wildcard(&world, ALICE);
    let honest = world.zone.nsec(WILDCARD, "zebra.pay.test.", &[TXT]);
    assert_eq!(world.verdict(&[&answer, &honest], ALICE), "secure");
    let elsewhere = world.zone.nsec(WILDCARD, "bob.pay.test.", &[TXT]);
    let moved = expanded(&elsewhere, "alex.pay.test.");
    assert_eq!(
        world.verdict(&[&answer, &moved], ALICE),
        "wildcard_forbidden"
    );
}

#[test]
fn the_parent_side_of_a_cut_and_a_dname_deny_nothing_below_them() {
    let world = World::new();
    let owner = "x.b.pay.test.";
    let answer = expanded(&world.zone.pays("*.b.pay.test."), owner);
    let honest = world.zone.nsec("b.pay.test.", "d.pay.test.", &[TXT]);
    assert_eq!(world.verdict(&[&answer, &honest], owner), "secure");
    for types in [&[NS, DS][..], &[DNAME]] {
        let denial = world.zone.nsec("b.pay.test.", "d.pay.test.", types);
        assert_eq!(
            world.verdict(&[&answer, &denial], owner),
            "wildcard_unproven"
        );
    }
}

#[test]
fn a_signature_with_more_labels_than_the_name_is_refused() {
    let world = World::new();
    let records = world
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.labels = 4;
        });
    assert_eq!(world.verdict(&[&records], ALICE), "label_count");
}

#[test]
fn a_signature_with_fewer_labels_than_its_zone_is_refused() {
    let world = World::new();
    let denial = world.zone.nsec(WILDCARD, "zebra.pay.test.", &[TXT]);
    let above = world.zone.nsec("pay.test.", "zebra.test.", &[NS, SOA]);
    for (labels, signed_owner) in [(1, "*.test."), (0, "*.")] {
        let records = world
            .zone
            .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
                claims.labels = labels;
                claims.signed_owner = signed_owner.to_owned();
            });
        assert_eq!(
            world.verdict(&[&records, &denial, &above], ALICE),
            "label_count"
        );
    }
}

#[test]
fn a_lie_about_the_labels_alone_breaks_the_signature() {
    let world = World::new();
    let denial = world.zone.nsec(WILDCARD, "zebra.pay.test.", &[TXT]);
    let records = world
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.labels = 2;
        });
    assert_eq!(
        world.verdict(&[&records, &denial], ALICE),
        "wrong_signature"
    );
}

#[test]
fn records_that_hold_zones_together_never_come_from_a_wildcard() {
    let world = World::new();
    let World { root, tld, zone } = &world;
    let ds = zone.keys[0].ds("pay.test.", 2);
    let rest = [chain(&[root, tld]), zone.dnskeys(), zone.pays(ALICE)].concat();
    let denial = tld.nsec("*.test.", "zebra.test.", &[DS]);
    let moved = expanded(&tld.set("*.test.", DS, &[ds]), "pay.test.");
    assert_eq!(
        world.judge(&[&rest, &moved, &denial], ALICE),
        "wildcard_forbidden"
    );
    let dname = zone.set(WILDCARD, DNAME, &[wire_name("shop.pay.test.")]);
    let moved = expanded(&dname, "x.pay.test.");
    let denial = zone.nsec(WILDCARD, "zebra.pay.test.", &[DNAME]);
    let target = zone.pays("bob.shop.pay.test.");
    let verdict = world.verdict(&[&moved, &denial, &target], "bob.x.pay.test.");
    assert_eq!(verdict, "wildcard_forbidden");
}

#[test]
fn a_cname_made_from_a_wildcard_needs_its_denial_too() {
    let world = World::new();
    let bob = world.zone.pays("bob.pay.test.");
    let alias = world
        .zone
        .set(WILDCARD, CNAME, &[wire_name("bob.pay.test.")]);
    let alias = expanded(&alias, ALICE);
    let denial = world.zone.nsec(WILDCARD, "bob.pay.test.", &[CNAME]);
    assert_eq!(world.verdict(&[&alias, &bob, &denial], ALICE), "secure");
    assert_eq!(world.verdict(&[&alias, &bob], ALICE), "wildcard_unproven");
}

#[test]
fn an_nsec3_must_cover_the_next_closer_name_and_not_opt_out() {
    let world = World::new();
    let answer = wildcard(&world, ALICE);
    let honest = Nsec3::PLAIN.covering(&world.zone, ALICE);
    assert_eq!(world.verdict(&[&answer, &honest], ALICE), "secure");
    let opt_out = Nsec3::OPT_OUT.covering(&world.zone, ALICE);
    assert_eq!(
        world.verdict(&[&answer, &opt_out], ALICE),
        "wildcard_unproven"
    );
    let hash = Nsec3::PLAIN.hash(ALICE);
    for (from, to) in [
        (hash, step(hash, true)),
        (hash, [0; 20]),
        (step(hash, false), hash),
        ([0xff; 20], hash),
    ] {
        let matching = Nsec3::PLAIN.record(&world.zone, from, to, &[]);
        assert_eq!(
            world.verdict(&[&answer, &matching], ALICE),
            "wildcard_unproven"
        );
    }
    let moved = expanded(
        &world
            .zone
            .set(WILDCARD, honest[0].record_type, &[honest[0].rdata.clone()]),
        &honest[0].owner,
    );
    assert_eq!(
        world.verdict(&[&answer, &moved], ALICE),
        "wildcard_forbidden"
    );
}
