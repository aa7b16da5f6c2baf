//! Denials by NSEC.

use payname_resolver::hickory_proto::rr::RecordType::{
    A, CNAME, DNAME, DS, NS, NSEC, RRSIG, SOA, TXT, Unknown,
};

use crate::forge::{ALICE, World, Zone, chain, judge, verdict};

#[test]
fn a_name_without_the_type_is_nodata() {
    let world = World::new();
    let judged =
        |types: &[_]| world.verdict(&[&world.zone.nsec(ALICE, "b.pay.test.", types)], ALICE);
    assert_eq!(judged(&[A, RRSIG, NSEC]), "nodata");
    assert_eq!(judged(&[TXT, RRSIG, NSEC]), "missing");
    assert_eq!(judged(&[CNAME, RRSIG, NSEC]), "missing");
}

#[test]
fn a_name_is_denied_only_together_with_its_wildcard() {
    let world = World::new();
    let name = world.zone.nsec("al.pay.test.", "b.pay.test.", &[A]);
    let wildcard = |types| world.zone.nsec("*.pay.test.", "al.pay.test.", types);
    let apex = world.zone.nsec("pay.test.", "al.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&name, &apex], ALICE), "nxdomain");
    assert_eq!(world.verdict(&[&name], ALICE), "missing");
    assert_eq!(world.verdict(&[&apex], ALICE), "missing");
    assert_eq!(world.verdict(&[&name, &wildcard(&[A])], ALICE), "nodata");
    assert_eq!(world.verdict(&[&name, &wildcard(&[TXT])], ALICE), "missing");
    assert_eq!(
        world.verdict(&[&name, &wildcard(&[CNAME])], ALICE),
        "missing"
    );
}

#[test]
fn one_record_may_deny_both_the_name_and_its_wildcard() {
    let world = World::new();
    let apex = world.zone.nsec("pay.test.", "bob.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&apex], ALICE), "nxdomain");
    let alone = world.zone.nsec("pay.test.", "pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&alone], ALICE), "nxdomain");
}

#[test]
fn the_wildcard_that_counts_is_the_one_at_the_closest_encloser() {
    let world = World::new();
    let owner = "x.y.b.pay.test.";
    let name = world.zone.nsec("a.b.pay.test.", "c.pay.test.", &[A]);
    let right = world.zone.nsec("b.pay.test.", "a.b.pay.test.", &[A]);
    assert_eq!(world.verdict(&[&name, &right], owner), "nxdomain");
    let wrong = world.zone.nsec("pay.test.", "a.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&name, &wrong], owner), "missing");
}

#[test]
fn a_name_below_which_something_exists_is_nodata_not_nxdomain() {
    let world = World::new();
    let record = world.zone.nsec("al.pay.test.", "x.alice.pay.test.", &[A]);
    let apex = world.zone.nsec("pay.test.", "al.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&record, &apex], ALICE), "nodata");
}

#[test]
fn a_record_of_the_parent_denies_nothing_in_the_child() {
    let world = World::new();
    let cut = world.tld.nsec("pay.test.", "zebra.test.", &[NS, DS]);
    assert_eq!(world.verdict(&[&cut], ALICE), "missing");
    assert_eq!(world.verdict(&[&cut], "pay.test."), "missing");
    let apex = world.zone.nsec("pay.test.", "zebra.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&apex], "pay.test."), "nodata");
}

#[test]
fn a_record_at_a_dname_denies_nothing_below_it() {
    let world = World::new();
    let owner = "x.b.pay.test.";
    let below = |types| {
        let record = world.zone.nsec("b.pay.test.", "d.pay.test.", types);
        world.verdict(&[&record], owner)
    };
    assert_eq!(below(&[A]), "nxdomain");
    assert_eq!(below(&[DNAME]), "missing");
    assert_eq!(below(&[NS, DS]), "missing");
}

#[test]
fn a_child_and_a_sibling_deny_nothing_outside_themselves() {
    let world = World::new();
    let others = [Zone::new("a.pay.test."), Zone::new("a.test.")];
    let keys = [
        chain(&[&world.zone, &others[0]]),
        chain(&[&world.tld, &others[1]]),
    ]
    .concat();
    for other in &others {
        let apex = other.nsec(&other.name, "zebra.pay.test.", &[NS, SOA]);
        assert_eq!(world.verdict(&[&keys, &apex], ALICE), "missing");
        let inside = other.nsec("al.pay.test.", "b.pay.test.", &[A]);
        let wildcard = other.nsec("pay.test.", "al.pay.test.", &[A]);
        let matching = other.nsec(ALICE, "b.pay.test.", &[A]);
        let verdict = world.verdict(&[&keys, &inside, &wildcard, &matching], ALICE);
        assert_eq!(verdict, "missing");
    }
}

#[test]
fn the_zone_itself_does_not_deny_its_own_ds_record() {
    let world = World::new();
    let records = [
        world.zone.dnskeys(),
        world.zone.nsec("pay.test.", "b.pay.test.", &[NS, SOA]),
        world.zone.nsec("b.pay.test.", "pay.test.", &[A]),
    ]
    .concat();
    let ds_of = |owner| verdict(&judge(&world.zone, &[&records], owner, DS));
    assert_eq!(ds_of("b.pay.test."), "nodata");
    assert_eq!(ds_of("pay.test."), "missing");
    let records = [world.root.dnskeys(), world.root.nsec(".", "b.", &[NS, SOA])].concat();
    assert_eq!(verdict(&judge(&world.root, &[&records], ".", DS)), "nodata");
}

#[test]
fn a_compact_denial_says_whether_the_name_exists() {
    let world = World::new();
    let next = "\\000.alice.pay.test.";
    let record = world.zone.nsec(ALICE, next, &[RRSIG, NSEC, Unknown(128)]);
    assert_eq!(world.verdict(&[&record], ALICE), "nxdomain");
    let record = world.zone.nsec(ALICE, next, &[RRSIG, NSEC]);
    assert_eq!(world.verdict(&[&record], ALICE), "nodata");
}

#[test]
fn a_name_that_is_said_to_be_missing_and_to_have_records_is_there() {
    let world = World::new();
    let next = "\\000.alice.pay.test.";
    for beside in [A, SOA, Unknown(257)] {
        let types = [beside, RRSIG, NSEC, Unknown(128)];
        let record = world.zone.nsec(ALICE, next, &types);
        assert_eq!(world.verdict(&[&record], ALICE), "nodata", "{beside}");
    }
    let record = world
        .zone
        .nsec(ALICE, next, &[TXT, RRSIG, NSEC, Unknown(128)]);
    assert_eq!(world.verdict(&[&record], ALICE), "missing");
}

#[test]
fn a_compact_denial_speaks_of_its_own_name_alone() {
    let world = World::new();
    let types = [RRSIG, NSEC, Unknown(128)];
    let bob = format!("bob{}", ALICE.trim_start_matches("alice"));
    for (owner, next) in [
        (bob.clone(), format!("\\000.{bob}")),
        (format!("\\000.{ALICE}"), format!("\\000.\\000.{ALICE}")),
        ("pay.test.".to_owned(), "\\000.pay.test.".to_owned()),
    ] {
        let record = world.zone.nsec(&owner, &next, &types);
        assert_eq!(world.verdict(&[&record], ALICE), "missing", "{owner}");
    }
}

#[test]
fn compact_denials_of_several_types_at_one_name_do_not_spoil_each_other() {
    let world = World::new();
    let next = "\\000.alice.pay.test.";
    let without_txt = world.zone.nsec(ALICE, next, &[A, DS, RRSIG, NSEC]);
    let without_ds = world.zone.nsec(ALICE, next, &[A, TXT, RRSIG, NSEC]);
    assert_eq!(world.verdict(&[&without_ds, &without_txt], ALICE), "nodata");
    assert_eq!(world.verdict(&[&without_txt, &without_ds], ALICE), "nodata");
    assert_eq!(world.verdict(&[&without_ds], ALICE), "missing");
}

#[test]
fn parent_and_child_may_both_speak_about_the_apex() {
    let world = World::new();
    let parent = world.tld.nsec("pay.test.", "zebra.test.", &[NS, DS]);
    let child = world.zone.nsec("pay.test.", "zebra.pay.test.", &[NS, SOA]);
    assert_eq!(world.verdict(&[&parent, &child], ALICE), "nxdomain");
    assert_eq!(world.verdict(&[&child, &parent], ALICE), "nxdomain");
}

#[test]
fn a_denial_without_a_good_signature_is_not_believed() {
    let world = World::new();
    let honest = world.zone.nsec(ALICE, "b.pay.test.", &[A]);
    assert_eq!(world.verdict(&[&honest], ALICE), "nodata");
    assert_eq!(world.verdict(&[&honest[..1]], ALICE), "missing");
    let mut forged = honest.clone();
    *forged[1].rdata.last_mut().unwrap() ^= 1;
    assert_eq!(world.verdict(&[&forged], ALICE), "wrong_signature");
    let mut changed = honest;
    changed[0].rdata = crate::forge::nsec("c.pay.test.", &[A]);
    assert_eq!(world.verdict(&[&changed], ALICE), "wrong_signature");
}

#[test]
fn records_that_exist_win_over_a_denial_of_them() {
    let world = World::new();
    let denial = world.zone.nsec(ALICE, "b.pay.test.", &[A]);
    assert_eq!(
        world.verdict(&[&denial, &world.zone.pays(ALICE)], ALICE),
        "secure"
    );
}
