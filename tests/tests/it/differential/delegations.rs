//! Delegations: digests of every kind, and those that are proven unsigned.

use payname_resolver::hickory_proto::rr::RecordType::{A, DS, NS, SOA};

use super::{Difference, Scene, play};
use crate::forge::{ALICE, Key, Nsec3, Rr, World, Zone, chain};

const CUT: &str = "pay.test.";

/// The keys of root and `test.`, what `test.` says of `pay.test.`, and a paying `pay.test.`
fn delegated(
    title: &'static str,
    world: World,
    delegation: impl Fn(&World) -> Vec<Rr>,
    expected: &'static str,
) -> Scene {
    let records = [
        chain(&[&world.root, &world.tld]),
        delegation(&world),
        world.zone.dnskeys(),
        world.zone.pays(ALICE),
    ];
    Scene::bare(title, world.root, records.concat(), ALICE, expected)
}

/// DS records with these digest types; a type above 100 is that type less 100 with a wrong digest.
fn digests(types: &'static [u8]) -> impl Fn(&World) -> Vec<Rr> {
    move |world| {
        let key = &world.zone.keys[0];
        let digest = |digest_type: &u8| {
            let mut rdata = key.ds(
                CUT,
                if *digest_type == 9 {
                    2
                } else {
                    digest_type % 100
                },
            );
            if *digest_type > 100 {
                *rdata.last_mut().unwrap() ^= 1;
            }
            if *digest_type == 9 {
                rdata[3] = 9;
            }
            rdata
        };
        let rdatas: Vec<_> = types.iter().map(digest).collect();
        world.tld.set(CUT, DS, &rdatas)
    }
}

/// The same without anything of `pay.test.` itself: all that an unsigned zone has.
fn unsigned(
    title: &'static str,
    denial: impl Fn(&World) -> Vec<Rr>,
    expected: &'static str,
) -> Scene {
    let world = World::new();
    let payment = world.zone.pays(ALICE)[..1].to_vec();
    let records = [chain(&[&world.root, &world.tld]), denial(&world), payment];
    Scene::bare(title, world.root, records.concat(), ALICE, expected)
}

#[tokio::test]
async fn digests_of_every_kind() {
    let unknown_algorithm = {
        let mut key = Key::p256();
        key.algorithm = 200;
        World::with_zone(Zone::with_keys("pay.test.", vec![key]))
    };
    play(vec![
        delegated("SHA-256", World::new(), digests(&[2]), "secure"),
        delegated("SHA-384", World::new(), digests(&[4]), "secure"),
        delegated("SHA-1 alone", World::new(), digests(&[1]), "secure"),
        delegated(
            "SHA-1 and SHA-256",
            World::new(),
            digests(&[1, 2]),
            "secure",
        ),
        delegated(
            "SHA-1 beside a wrong SHA-256",
            World::new(),
            digests(&[1, 102]),
            "no_matching_ds",
        ),
        delegated(
            "a wrong digest",
            World::new(),
            digests(&[102]),
            "no_matching_ds",
        ),
        delegated(
            "one right, one wrong",
            World::new(),
            digests(&[2, 104]),
            "secure",
        )
        .but(Difference::OneDigestIsEnough),
        delegated(
            "an unknown digest type",
            World::new(),
            digests(&[9]),
            "digest_type",
        )
        .but(Difference::UnknownDigest),
        delegated(
            "SHA-256 and an unknown digest type",
            World::new(),
            digests(&[2, 9]),
            "secure",
        ),
        delegated(
            "an unknown algorithm",
            unknown_algorithm,
            digests(&[2]),
            "algorithm",
        )
        .but(Difference::UnknownAlgorithm),
        delegated(
            "no DS record at all",
            World::new(),
            |_| Vec::new(),
            "missing",
        ),
    ])
    .await;
}

#[tokio::test]
async fn unsigned_ones() {
    play(vec![
        unsigned(
            "NSEC without DS",
            |w| w.tld.nsec(CUT, "zebra.test.", &[NS]),
            "insecure",
        ),
        unsigned(
            "NSEC with DS",
            |w| w.tld.nsec(CUT, "zebra.test.", &[NS, DS]),
            "unsigned",
        ),
        unsigned(
            "NSEC3 without DS",
            |w| Nsec3::PLAIN.matching(&w.tld, CUT, &[NS]),
            "insecure",
        ),
        unsigned(
            "NSEC3 with DS",
            |w| Nsec3::PLAIN.matching(&w.tld, CUT, &[NS, DS]),
            "unsigned",
        ),
        unsigned(
            "an opt-out span",
            |w| {
                let apex = Nsec3::OPT_OUT.matching(&w.tld, "test.", &[NS, SOA]);
                [apex, Nsec3::OPT_OUT.covering(&w.tld, CUT)].concat()
            },
            "insecure",
        ),
        unsigned(
            "a span that does not opt out",
            |w| {
                let apex = Nsec3::PLAIN.matching(&w.tld, "test.", &[NS, SOA]);
                [apex, Nsec3::PLAIN.covering(&w.tld, CUT)].concat()
            },
            "unsigned",
        ),
        unsigned(
            "an NSEC of the root",
            |w| w.root.nsec("test.", "zebra.", &[NS, DS]),
            "unsigned",
        ),
        unsigned(
            "a name that is no delegation",
            |w| w.tld.nsec(CUT, "zebra.test.", &[A]),
            "unsigned",
        ),
        unsigned("nothing", |_| Vec::new(), "unsigned"),
    ])
    .await;
}
