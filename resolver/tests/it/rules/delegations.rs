//! Unsigned delegations: proven by the parent or not at all, since the answer opens a weaker way.

use payname_resolver::{
    Outcome,
    hickory_proto::rr::RecordType::{A, DS, NS, SOA, TXT},
};

use crate::forge::{ALICE, Nsec3, Rr, World, Zone, chain, judge};

const CUT: &str = "pay.test.";

/// The keys of root and `test.`, and nothing about `pay.test.`
fn above(world: &World) -> Vec<Rr> {
    chain(&[&world.root, &world.tld])
}

#[test]
fn a_delegation_without_ds_is_proven_unsigned_by_nsec() {
    let world = World::new();
    let judged = |types: &[_]| {
        let record = world.tld.nsec(CUT, "zebra.test.", types);
        world.judge(&[&above(&world), &record], ALICE)
    };
    assert_eq!(judged(&[NS]), "insecure");
    assert_eq!(judged(&[NS, A]), "insecure");
    assert_eq!(judged(&[NS, DS]), "missing");
}

#[test]
fn a_delegation_without_ds_is_proven_unsigned_by_nsec3() {
    let world = World::new();
    let judged = |types: &[_]| {
        let record = Nsec3::PLAIN.matching(&world.tld, CUT, types);
        world.judge(&[&above(&world), &record], ALICE)
    };
    assert_eq!(judged(&[NS]), "insecure");
    for types in [&[NS, DS][..], &[NS, SOA], &[A], &[]] {
        assert_eq!(judged(types), "missing", "{types:?}");
    }
}

#[test]
fn a_delegation_in_an_opt_out_span_is_unsigned() {
    let world = World::new();
    let apex = Nsec3::OPT_OUT.matching(&world.tld, "test.", &[NS, SOA]);
    let span = Nsec3::OPT_OUT.covering(&world.tld, CUT);
    assert_eq!(
        world.judge(&[&above(&world), &apex, &span], ALICE),
        "insecure"
    );
    assert_eq!(world.judge(&[&above(&world), &span], ALICE), "missing");
    let not_opted_out = Nsec3::PLAIN.covering(&world.tld, CUT);
    let verdict = world.judge(&[&above(&world), &apex, &not_opted_out], ALICE);
    assert_eq!(verdict, "missing");
    let other_name = Nsec3::OPT_OUT.covering(&world.tld, "other.test.");
    assert_eq!(
        world.judge(&[&above(&world), &apex, &other_name], ALICE),
        "missing"
    );
    let below = Nsec3::OPT_OUT.covering(&world.tld, ALICE);
    let cut = Nsec3::OPT_OUT.matching(&world.tld, CUT, &[NS, DS]);
    let verdict = world.judge(&[&above(&world), &apex, &cut, &below], ALICE);
    assert_eq!(
        verdict, "missing",
        "below a signed delegation the parent has no say"
    );
}

#[test]
fn whoever_is_not_the_parent_cannot_call_a_zone_unsigned() {
    let world = World::new();
    let sibling = Zone::new("evil.test.");
    let keys = chain(&[&world.tld, &sibling]);
    for types in [&[NS][..], &[NS, SOA]] {
        let by_itself = world.zone.nsec(CUT, "zebra.test.", types);
        let base = above(&world);
        assert_ne!(world.judge(&[&base, &by_itself], ALICE), "insecure");
        let keys = world.zone.dnskeys();
        assert_ne!(world.judge(&[&base, &keys, &by_itself], ALICE), "insecure");
    }
    let by_sibling = sibling.nsec(CUT, "zebra.test.", &[NS]);
    let verdict = world.judge(&[&above(&world), &keys, &by_sibling], ALICE);
    assert_eq!(verdict, "missing");
    let mut forged = world.tld.nsec(CUT, "zebra.test.", &[NS, DS]);
    forged[0].rdata = crate::forge::nsec("zebra.test.", &[NS]);
    assert_eq!(
        world.judge(&[&above(&world), &forged], ALICE),
        "wrong_signature"
    );
}

#[test]
fn a_signed_zone_whose_chain_breaks_is_bogus_and_not_unsigned() {
    let world = World::new();
    let apex = world.zone.nsec(CUT, "zebra.pay.test.", &[NS, SOA]);
    let mut answer = world.zone.pays(ALICE);
    answer[0].rdata = crate::forge::txt(&["bitcoin:?lno=forged"]);
    assert_eq!(world.verdict(&[&apex, &answer], ALICE), "wrong_signature");
    let cut = world.tld.nsec(CUT, "zebra.test.", &[NS, DS]);
    assert_eq!(world.verdict(&[&cut, &answer], ALICE), "wrong_signature");
    assert_eq!(world.verdict(&[&cut, &answer[..1]], ALICE), "unsigned");
}

#[test]
fn unsigned_records_below_an_unsigned_delegation_are_insecure_not_forged() {
    let world = World::new();
    let cut = world.tld.nsec(CUT, "zebra.test.", &[NS]);
    let answer = world.zone.pays(ALICE);
    let verdict = world.judge(&[&above(&world), &cut, &answer[..1]], ALICE);
    assert_eq!(verdict, "insecure");
}

#[test]
fn a_zone_signed_without_its_parent_knowing_is_insecure_whatever_it_says_itself() {
    let world = World::new();
    let cut = world.tld.nsec(CUT, "zebra.test.", &[NS]);
    let keys = world.zone.dnskeys();
    let answer = world.zone.pays(ALICE);
    let base = above(&world);
    assert_eq!(
        world.judge(&[&base, &cut, &keys, &answer], ALICE),
        "insecure"
    );
    let own = world.zone.nsec(CUT, "zebra.pay.test.", &[NS, SOA]);
    assert_eq!(world.judge(&[&base, &cut, &keys, &own], ALICE), "insecure");
}

#[test]
fn the_unsigned_zone_and_its_parent_are_named() {
    let world = World::new();
    let cut = world.tld.nsec(CUT, "zebra.test.", &[NS]);
    match judge(&world.root, &[&above(&world), &cut], ALICE, TXT) {
        Outcome::Insecure(insecure) => {
            assert_eq!(insecure.zone.to_string(), CUT);
            assert_eq!(insecure.parent.to_string(), "test.");
            assert_eq!(insecure.cache_ttl, 3600);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secure_answer_stays_secure_beside_an_unsigned_delegation_elsewhere() {
    let world = World::new();
    let elsewhere = world.tld.nsec("other.test.", "zebra.test.", &[NS]);
    let below = world.zone.nsec("x.alice.pay.test.", "b.pay.test.", &[NS]);
    let answer = world.zone.pays(ALICE);
    assert_eq!(
        world.verdict(&[&elsewhere, &below, &answer], ALICE),
        "secure"
    );
}
