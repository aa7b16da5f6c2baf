//! Records that are not there, shown by NSEC and NSEC3, and by those that show something else.

use payname_resolver::hickory_proto::rr::RecordType::{A, CNAME, DNAME, DS, NS, SOA, TXT};

use super::{Difference, Scene, play};
use crate::forge::{ALICE, Nsec3, Rr, World};

const APEX: &str = "pay.test.";
const WILDCARD: &str = "*.pay.test.";

fn scene(
    title: &'static str,
    denial: impl Fn(&World) -> Vec<Rr>,
    owner: &str,
    expected: &'static str,
) -> Scene {
    let world = World::new();
    let records = denial(&world);
    Scene::new(title, world, &[records], owner, expected)
}

#[tokio::test]
async fn by_nsec() {
    play(vec![
        scene(
            "no such type",
            |w| w.zone.nsec(ALICE, "b.pay.test.", &[A]),
            ALICE,
            "nodata",
        ),
        scene(
            "the type is there",
            |w| w.zone.nsec(ALICE, "b.pay.test.", &[TXT]),
            ALICE,
            "missing",
        ),
        scene(
            "a CNAME is there",
            |w| w.zone.nsec(ALICE, "b.pay.test.", &[CNAME]),
            ALICE,
            "missing",
        ),
        scene(
            "one record denies name and wildcard",
            |w| w.zone.nsec(APEX, "bob.pay.test.", &[NS, SOA]),
            ALICE,
            "nxdomain",
        ),
        scene(
            "an empty zone",
            |w| w.zone.nsec(APEX, APEX, &[NS, SOA]),
            ALICE,
            "nxdomain",
        ),
        scene(
            "two records deny name and wildcard",
            |w| {
                let name = w.zone.nsec("al.pay.test.", "b.pay.test.", &[A]);
                [name, w.zone.nsec(APEX, "al.pay.test.", &[NS, SOA])].concat()
            },
            ALICE,
            "nxdomain",
        ),
        scene(
            "the wildcard is not denied",
            |w| w.zone.nsec("al.pay.test.", "b.pay.test.", &[A]),
            ALICE,
            "missing",
        ),
        scene(
            "the wildcard has no such type",
            |w| {
                let name = w.zone.nsec("al.pay.test.", "b.pay.test.", &[A]);
                [name, w.zone.nsec(WILDCARD, "al.pay.test.", &[A])].concat()
            },
            ALICE,
            "nodata",
        ),
        scene(
            "an empty non-terminal",
            |w| w.zone.nsec("al.pay.test.", "x.alice.pay.test.", &[A]),
            ALICE,
            "nodata",
        ),
        scene(
            "the last record goes round",
            |w| {
                let last = w.zone.nsec("al.pay.test.", APEX, &[A]);
                [last, w.zone.nsec(APEX, "al.pay.test.", &[NS, SOA])].concat()
            },
            ALICE,
            "nxdomain",
        ),
        scene(
            "the parent's side of a cut",
            |w| w.tld.nsec(APEX, "zebra.test.", &[NS, DS]),
            ALICE,
            "missing",
        ),
        scene(
            "below a DNAME",
            |w| {
                w.zone
                    .nsec("pay.test.", "zebra.pay.test.", &[NS, SOA, DNAME])
            },
            ALICE,
            "missing",
        ),
        scene(
            "below a delegation",
            |w| w.zone.nsec("b.pay.test.", "zebra.pay.test.", &[NS, DS]),
            "x.b.pay.test.",
            "missing",
        ),
        scene(
            "without its signature",
            |w| w.zone.nsec(APEX, "bob.pay.test.", &[NS, SOA])[..1].to_vec(),
            ALICE,
            "missing",
        ),
    ])
    .await;
}

#[tokio::test]
async fn by_nsec3() {
    let three = |w: &World, kind: &Nsec3| {
        [
            kind.matching(&w.zone, APEX, &[NS, SOA]),
            kind.covering(&w.zone, ALICE),
            kind.covering(&w.zone, WILDCARD),
        ]
    };
    let salted = |iterations| Nsec3 {
        iterations,
        salt: vec![0xaa, 0xbb],
        ..Nsec3::PLAIN
    };
    let plain = Nsec3::PLAIN;
    play(vec![
        scene(
            "no such type",
            |w| plain.matching(&w.zone, ALICE, &[A]),
            ALICE,
            "nodata",
        ),
        scene(
            "an empty non-terminal",
            |w| plain.matching(&w.zone, ALICE, &[]),
            ALICE,
            "nodata",
        ),
        scene(
            "the type is there",
            |w| plain.matching(&w.zone, ALICE, &[TXT]),
            ALICE,
            "missing",
        ),
        scene(
            "encloser, next closer, wildcard",
            |w| three(w, &plain).concat(),
            ALICE,
            "nxdomain",
        ),
        scene(
            "150 iterations",
            |w| three(w, &salted(150)).concat(),
            ALICE,
            "nxdomain",
        ),
        scene(
            "151 iterations",
            |w| three(w, &salted(151)).concat(),
            ALICE,
            "too_many_iterations",
        )
        .but(Difference::Iterations),
        scene(
            "without the encloser",
            |w| three(w, &plain)[1..].concat(),
            ALICE,
            "missing",
        ),
        scene(
            "without the next closer",
            |w| [three(w, &plain)[0].clone(), three(w, &plain)[2].clone()].concat(),
            ALICE,
            "missing",
        ),
        scene(
            "without the wildcard",
            |w| three(w, &plain)[..2].concat(),
            ALICE,
            "missing",
        ),
        scene(
            "the wildcard has no such type",
            |w| {
                let wildcard = plain.matching(&w.zone, WILDCARD, &[A]);
                [three(w, &plain)[..2].concat(), wildcard].concat()
            },
            ALICE,
            "nodata",
        ),
        scene(
            "an encloser with a DNAME",
            |w| {
                [
                    plain.matching(&w.zone, "b.pay.test.", &[DNAME]),
                    plain.covering(&w.zone, "x.b.pay.test."),
                    plain.covering(&w.zone, "*.b.pay.test."),
                ]
                .concat()
            },
            "x.b.pay.test.",
            "missing",
        ),
        scene(
            "an unknown hash",
            |w| {
                three(
                    w,
                    &Nsec3 {
                        hash_algorithm: 2,
                        ..Nsec3::PLAIN
                    },
                )
                .concat()
            },
            ALICE,
            "missing",
        ),
        scene(
            "the next closer in an opt-out span",
            |w| {
                let [encloser, _, wildcard] = three(w, &plain);
                [encloser, Nsec3::OPT_OUT.covering(&w.zone, ALICE), wildcard].concat()
            },
            ALICE,
            "insecure",
        ),
    ])
    .await;
}
