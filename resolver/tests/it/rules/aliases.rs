//! CNAME and DNAME.

use payname_resolver::{
    Outcome,
    hickory_proto::rr::RecordType::{CNAME, DNAME, NS, SOA, TXT},
};

use crate::forge::{ALICE, Rr, World, Zone, chain, judge, txt, wire_name};

fn cname(zone: &Zone, owner: &str, target: &str) -> Vec<Rr> {
    zone.set(owner, CNAME, &[wire_name(target)])
}

fn dname(zone: &Zone, owner: &str, target: &str) -> Vec<Rr> {
    zone.set(owner, DNAME, &[wire_name(target)])
}

#[test]
fn a_cname_leads_to_records_in_another_zone() {
    let world = World::new();
    let other = Zone::new("shop.test.");
    let target = "bob.shop.test.";
    let records = [
        chain(&[&world.tld, &other]),
        other.pays(target),
        cname(&world.zone, ALICE, target),
    ]
    .concat();
    assert_eq!(world.verdict(&[&records], ALICE), "secure");
    assert_eq!(world.secure(&[&records], ALICE).owner.to_string(), target);
    let unsigned = cname(&world.zone, ALICE, target).remove(0);
    let rest = [chain(&[&world.tld, &other]), other.pays(target)].concat();
    assert_eq!(world.verdict(&[&rest, &[unsigned]], ALICE), "unsigned");
}

#[test]
fn a_cname_into_an_unsigned_zone_is_insecure() {
    let world = World::new();
    let records = [
        cname(&world.zone, ALICE, "bob.shop.test."),
        world.tld.nsec("shop.test.", "zebra.test.", &[NS]),
    ]
    .concat();
    assert_eq!(world.verdict(&[&records], ALICE), "insecure");
}

#[test]
fn a_cname_to_a_name_that_is_denied_is_a_denial() {
    let world = World::new();
    let records = [
        cname(&world.zone, ALICE, "bob.pay.test."),
        world.zone.nsec(ALICE, "pay.test.", &[CNAME]),
        world.zone.nsec("pay.test.", ALICE, &[NS, SOA]),
    ]
    .concat();
    assert_eq!(world.verdict(&[&records], ALICE), "nxdomain");
}

#[test]
fn records_at_the_name_itself_win_over_a_cname_there() {
    let world = World::new();
    let records = [
        world.zone.set(ALICE, TXT, &[txt(&["bitcoin:own"])]),
        cname(&world.zone, ALICE, "bob.pay.test."),
        world.zone.pays("bob.pay.test."),
    ]
    .concat();
    let secure = world.secure(&[&records], ALICE);
    assert_eq!(secure.owner.to_string(), ALICE);
    assert_eq!(secure.records[0].rdata(), txt(&["bitcoin:own"]));
}

#[test]
fn two_cnames_at_one_name_lead_nowhere() {
    let world = World::new();
    let targets = [wire_name("bob.pay.test."), wire_name("carol.pay.test.")];
    let records = [
        world.zone.set(ALICE, CNAME, &targets),
        world.zone.pays("bob.pay.test."),
    ]
    .concat();
    assert_eq!(world.verdict(&[&records], ALICE), "ambiguous");
}

#[test]
fn a_cname_with_something_behind_its_target_is_malformed() {
    let world = World::new();
    let bob = world.zone.pays("bob.pay.test.");
    for rdata in [
        vec![],
        [wire_name("bob.pay.test."), vec![0]].concat(),
        vec![0xc0, 0],
        vec![3, b'b'],
    ] {
        let alias = world.zone.set(ALICE, CNAME, &[rdata]);
        assert_eq!(world.verdict(&[&alias, &bob], ALICE), "malformed");
    }
}

/// CNAME records from `n0` to `n{hops}`, and a TXT record at the end.
fn ladder(world: &World, hops: usize) -> Vec<Rr> {
    let name = |step| format!("n{step}.pay.test.");
    (0..hops)
        .flat_map(|step| cname(&world.zone, &name(step), &name(step + 1)))
        .chain(world.zone.pays(&name(hops)))
        .collect()
}

#[test]
fn at_most_12_aliases_are_followed() {
    let world = World::new();
    assert_eq!(
        world.verdict(&[&ladder(&world, 12)], "n0.pay.test."),
        "secure"
    );
    assert_eq!(
        world.verdict(&[&ladder(&world, 13)], "n0.pay.test."),
        "too_many_hops"
    );
}

#[test]
fn aliases_in_a_circle_end() {
    let world = World::new();
    let to_itself = cname(&world.zone, ALICE, ALICE);
    assert_eq!(world.verdict(&[&to_itself], ALICE), "too_many_hops");
    let pair = [
        cname(&world.zone, ALICE, "bob.pay.test."),
        cname(&world.zone, "bob.pay.test.", ALICE),
    ]
    .concat();
    assert_eq!(world.verdict(&[&pair], ALICE), "too_many_hops");
    let growing = dname(&world.zone, "b.pay.test.", "a.b.pay.test.");
    assert_eq!(world.verdict(&[&growing], "x.b.pay.test."), "too_many_hops");
    let circle = dname(&world.zone, "b.pay.test.", "b.pay.test.");
    assert_eq!(world.verdict(&[&circle], "x.b.pay.test."), "too_many_hops");
}

#[test]
fn a_dname_replaces_whole_labels() {
    let world = World::new();
    let records = [
        dname(&world.zone, "example.pay.test.", "shop.pay.test."),
        world.zone.pays("alice.shop.pay.test."),
        world.zone.pays("alice.xshop.pay.test."),
        world.zone.pays("shop.pay.test."),
    ]
    .concat();
    assert_eq!(
        world.verdict(&[&records], "alice.example.pay.test."),
        "secure"
    );
    assert_eq!(
        world.verdict(&[&records], "alice.xexample.pay.test."),
        "missing"
    );
    assert_eq!(world.verdict(&[&records], "xexample.pay.test."), "missing");
    assert_eq!(world.verdict(&[&records], "example.pay.test."), "missing");
}

#[test]
fn a_dname_speaks_of_what_is_below_its_owner_only() {
    let world = World::new();
    let records = [
        dname(&world.zone, "b.pay.test.", "c.pay.test."),
        world.zone.pays("b.pay.test."),
    ]
    .concat();
    assert_eq!(
        world.secure(&[&records], "b.pay.test.").owner.to_string(),
        "b.pay.test."
    );
}

#[test]
fn the_cname_that_a_server_makes_from_a_dname_needs_no_signature() {
    let world = World::new();
    let owner = "alice.b.pay.test.";
    let records = [
        dname(&world.zone, "b.pay.test.", "c.pay.test."),
        vec![Rr::new(owner, CNAME, wire_name("mallory.pay.test."))],
        world.zone.pays("alice.c.pay.test."),
        world.zone.pays("mallory.pay.test."),
    ]
    .concat();
    let secure = world.secure(&[&records], owner);
    assert_eq!(secure.owner.to_string(), "alice.c.pay.test.");
}

#[test]
fn a_dname_that_makes_a_name_too_long_leads_nowhere() {
    let world = World::new();
    let label = "x".repeat(63);
    let target = format!("{label}.{label}.{label}.pay.test.");
    let records = dname(&world.zone, "b.pay.test.", &target);
    assert_eq!(
        world.verdict(&[&records], &format!("{label}.b.pay.test.")),
        "ambiguous"
    );
    let short = world.zone.pays(&format!("a.{target}"));
    assert_eq!(
        world.verdict(&[&records, &short], "a.b.pay.test."),
        "secure"
    );
}

#[test]
fn the_window_and_the_ttl_cover_every_alias_on_the_way() {
    let world = World::new();
    let alias = world
        .zone
        .set_with(ALICE, CNAME, &[wire_name("bob.pay.test.")], |claims| {
            claims.expiration -= 1000;
            claims.original_ttl = 7;
        });
    let records = [alias, world.zone.pays("bob.pay.test.")].concat();
    match judge(&world.root, &[&world.chain(), &records], ALICE, TXT) {
        Outcome::Secure(secure) => {
            assert_eq!(
                secure.window.valid_until.0,
                crate::forge::NOW + 86_400 - 1000
            );
            assert_eq!(secure.cache_ttl, 7);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_that_nobody_signed_do_not_hide_an_alias() {
    let world = World::new();
    let unsigned = world.zone.pays(ALICE)[..1].to_vec();
    let forged = world
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.signed_owner = "other.pay.test.".to_owned();
        });
    let target = world.zone.pays("bob.pay.test.");
    let by_cname = cname(&world.zone, ALICE, "bob.pay.test.");
    let by_dname = [
        dname(&world.zone, "pay.test.", "test."),
        world.tld.pays("alice.test."),
    ]
    .concat();
    for stray in [&unsigned, &forged] {
        let verdict = world.verdict(&[stray, &by_cname, &target], ALICE);
        assert_eq!(verdict, "secure");
        let verdict = world.verdict(&[stray, &by_dname], ALICE);
        assert_eq!(verdict, "secure");
    }
    let stray = &by_dname[..1];
    let verdict = world.verdict(&[stray, &by_cname, &target], ALICE);
    assert_eq!(verdict, "secure", "a DNAME that nobody signed");
    assert_eq!(world.verdict(&[stray], ALICE), "unsigned");
    // What is wrong with the records is told where the alias does not hold either.
    let verdict = world.verdict(&[&unsigned, &by_cname[..1], &target], ALICE);
    assert_eq!(verdict, "unsigned");
    assert_eq!(world.verdict(&[&forged, &target], ALICE), "wrong_signature");
}
