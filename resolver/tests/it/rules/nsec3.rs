//! Denials by NSEC3.

use payname_resolver::hickory_proto::rr::RecordType::{A, CNAME, DNAME, DS, NS, NSEC3, SOA, TXT};

use crate::forge::{ALICE, Nsec3, Rr, World, Zone, chain, step};

const APEX: &str = "pay.test.";
const WILDCARD: &str = "*.pay.test.";

/// The three records that deny `alice.pay.test.`
fn denial(world: &World, kind: &Nsec3) -> [Vec<Rr>; 3] {
    [
        kind.matching(&world.zone, APEX, &[NS, SOA]),
        kind.covering(&world.zone, ALICE),
        kind.covering(&world.zone, WILDCARD),
    ]
}

#[test]
fn a_name_without_the_type_is_nodata() {
    let world = World::new();
    let judged = |types: &[_]| {
        let record = Nsec3::PLAIN.matching(&world.zone, ALICE, types);
        world.verdict(&[&record], ALICE)
    };
    assert_eq!(judged(&[A]), "nodata");
    assert_eq!(judged(&[]), "nodata", "an empty non-terminal");
    for types in [&[TXT][..], &[CNAME], &[NS, DS]] {
        assert_eq!(judged(types), "missing", "{types:?}");
    }
}

#[test]
fn a_name_is_denied_by_its_encloser_next_closer_and_wildcard_together() {
    let world = World::new();
    let records = denial(&world, &Nsec3::PLAIN);
    assert_eq!(world.verdict(&[&records.concat()], ALICE), "nxdomain");
    for missing in 0..3 {
        let mut rest = records.clone();
        rest[missing].clear();
        assert_eq!(
            world.verdict(&[&rest.concat()], ALICE),
            "missing",
            "without {missing}"
        );
    }
}

#[test]
fn a_wildcard_without_the_type_makes_nodata() {
    let world = World::new();
    let [encloser, next_closer, _] = denial(&world, &Nsec3::PLAIN);
    for (types, expected) in [
        (&[A][..], "nodata"),
        (&[TXT], "missing"),
        (&[CNAME], "missing"),
    ] {
        let wildcard = Nsec3::PLAIN.matching(&world.zone, WILDCARD, types);
        let verdict = world.verdict(&[&encloser, &next_closer, &wildcard], ALICE);
        assert_eq!(verdict, expected);
    }
}

#[test]
fn an_encloser_below_which_others_rule_encloses_nothing() {
    let world = World::new();
    let owner = "x.b.pay.test.";
    for (types, expected) in [
        (&[A][..], "nxdomain"),
        (&[DNAME], "missing"),
        (&[NS, DS], "missing"),
    ] {
        let records = [
            Nsec3::PLAIN.matching(&world.zone, "b.pay.test.", types),
            Nsec3::PLAIN.covering(&world.zone, owner),
            Nsec3::PLAIN.covering(&world.zone, "*.b.pay.test."),
        ]
        .concat();
        assert_eq!(world.verdict(&[&records], owner), expected, "{types:?}");
    }
}

#[test]
fn an_opt_out_span_denies_no_name_and_shows_that_nothing_there_is_signed() {
    let world = World::new();
    let [encloser, _, wildcard] = denial(&world, &Nsec3::PLAIN);
    let opt_out = Nsec3::OPT_OUT.covering(&world.zone, ALICE);
    assert_eq!(
        world.verdict(&[&encloser, &opt_out, &wildcard], ALICE),
        "insecure"
    );
    assert_eq!(world.verdict(&[&opt_out, &wildcard], ALICE), "missing");
    let [_, next_closer, _] = denial(&world, &Nsec3::PLAIN);
    let opt_out = Nsec3::OPT_OUT.covering(&world.zone, WILDCARD);
    assert_eq!(
        world.verdict(&[&encloser, &next_closer, &opt_out], ALICE),
        "missing"
    );
}

#[test]
fn up_to_150_iterations_are_followed() {
    let world = World::new();
    let kind = |iterations| Nsec3 {
        iterations,
        salt: vec![0xaa, 0xbb],
        ..Nsec3::PLAIN
    };
    let verdict = |iterations| world.verdict(&[&denial(&world, &kind(iterations)).concat()], ALICE);
    assert_eq!(verdict(150), "nxdomain");
    assert_eq!(verdict(151), "too_many_iterations");
    assert_eq!(verdict(u16::MAX), "too_many_iterations");
}

#[test]
fn unknown_flags_and_hash_algorithms_are_no_evidence() {
    let world = World::new();
    for (hash_algorithm, flags, expected) in [
        (1, 0, "nxdomain"),
        (1, 2, "missing"),
        (1, 0x80, "missing"),
        (0, 0, "missing"),
        (2, 0, "missing"),
    ] {
        let kind = Nsec3 {
            hash_algorithm,
            flags,
            ..Nsec3::PLAIN
        };
        let records = denial(&world, &kind).concat();
        assert_eq!(world.verdict(&[&records], ALICE), expected);
    }
}

#[test]
fn hashes_of_another_zone_are_no_evidence() {
    let world = World::new();
    let child = Zone::new("shop.pay.test.");
    let keys = chain(&[&world.zone, &child]);
    let kind = Nsec3::PLAIN;
    let records = [
        kind.matching(&child, APEX, &[NS, SOA]),
        kind.covering(&child, ALICE),
        kind.covering(&child, WILDCARD),
    ]
    .concat();
    assert_eq!(world.verdict(&[&keys, &records], ALICE), "missing");
    // What the parent says of the cut and of the names around it.
    let records = [
        kind.matching(&world.tld, APEX, &[NS, DS]),
        kind.covering(&world.tld, ALICE),
        kind.covering(&world.tld, WILDCARD),
    ]
    .concat();
    assert_eq!(world.verdict(&[&records], ALICE), "missing");
    // Owned by the right zone, signed by the one above.
    let records: Vec<Rr> = denial(&world, &kind)
        .concat()
        .iter()
        .filter(|record| record.record_type == NSEC3)
        .flat_map(|record| {
            world
                .tld
                .set(&record.owner, NSEC3, std::slice::from_ref(&record.rdata))
        })
        .collect();
    assert_eq!(world.verdict(&[&records], ALICE), "missing");
}

#[test]
fn the_last_hash_goes_round() {
    let world = World::new();
    let kind = Nsec3::PLAIN;
    let [encloser, _, wildcard] = denial(&world, &kind);
    let hash = kind.hash(ALICE);
    let judged = |from, to| {
        let last = kind.record(&world.zone, from, to, &[A]);
        world.verdict(&[&encloser, &wildcard, &last], ALICE)
    };
    assert_eq!(judged(step(hash, false), [0; 20]), "nxdomain");
    assert_eq!(judged([0xff; 20], step(hash, true)), "nxdomain");
    assert_eq!(judged(step(hash, true), step(hash, false)), "missing");
    assert_eq!(judged(step(hash, true), hash), "missing");
}

#[test]
fn a_record_with_its_own_hash_as_next_is_alone_in_its_zone() {
    let world = World::new();
    let kind = Nsec3::PLAIN;
    let apex = kind.hash(APEX);
    let alone = kind.record(&world.zone, apex, apex, &[NS, SOA]);
    assert_eq!(world.verdict(&[&alone], ALICE), "nxdomain");
    assert_eq!(world.verdict(&[&alone], APEX), "nodata");
}

#[test]
fn malformed_records_are_no_evidence() {
    let world = World::new();
    let [encloser, next_closer, wildcard] = denial(&world, &Nsec3::PLAIN);
    for cut in 0..next_closer[0].rdata.len() {
        let rdata = next_closer[0].rdata[..cut].to_vec();
        let short = world.zone.set(&next_closer[0].owner, NSEC3, &[rdata]);
        let verdict = world.verdict(&[&encloser, &short, &wildcard], ALICE);
        // Cut behind the hashes it still covers: it only lacks its types.
        let expected = if cut == 26 { "nxdomain" } else { "missing" };
        assert_eq!(verdict, expected, "{cut} bytes");
    }
}

#[test]
fn a_sibling_s_hash_of_somebody_s_name_denies_nothing_and_unsigns_nothing() {
    let world = World::new();
    let evil = Zone::new("evil.test.");
    let keys = chain(&[&world.tld, &evil]);
    let own = Nsec3::PLAIN.matching(&evil, "alice.evil.test.", &[A]);
    assert_eq!(world.verdict(&[&keys, &own], "alice.evil.test."), "nodata");
    // The hash is of the whole name, so nothing in the record says that it is not below its zone.
    let alien = Nsec3::PLAIN.matching(&evil, ALICE, &[A]);
    assert_eq!(world.verdict(&[&keys, &alien], ALICE), "missing");
    for cut in [APEX, ALICE] {
        let unsigned = Nsec3::PLAIN.matching(&evil, cut, &[NS]);
        assert_eq!(
            world.verdict(&[&keys, &unsigned], ALICE),
            "missing",
            "{cut}"
        );
    }
}
