//! Records that are there: keys of every kind, signers, times, aliases.

use payname_resolver::hickory_proto::rr::RecordType::{CNAME, DNAME, NS, SOA, TLSA, TXT};

use super::{Difference, Scene, play};
use crate::forge::{ALICE, Key, Nsec3, Rr, World, Zone, chain, expanded, signed, txt, wire_name};

const WILDCARD: &str = "*.pay.test.";

/// `pay.test.` with one key.
fn keyed(key: Key) -> World {
    World::with_zone(Zone::with_keys("pay.test.", vec![key]))
}

/// `pay.test.` whose records are signed by a second key.
fn signing_with(key: Key) -> World {
    World::with_zone(Zone::with_keys("pay.test.", vec![Key::p256(), key]))
}

fn paid(title: &'static str, world: World, expected: &'static str) -> Scene {
    let records = world.zone.pays(ALICE);
    Scene::new(title, world, &[records], ALICE, expected)
}

fn alias(zone: &Zone, owner: &str, target: &str) -> Vec<Rr> {
    zone.set(owner, CNAME, &[wire_name(target)])
}

#[tokio::test]
async fn keys_of_every_kind() {
    let two_with_one_tag = {
        let key = Key::p256();
        let tag = key.tag();
        let stranger = (0..=u16::MAX)
            .map(|number| {
                let mut public = vec![7; 64];
                public[..2].copy_from_slice(&number.to_be_bytes());
                Key::hollow(13, public)
            })
            .find(|stranger| stranger.tag() == tag)
            .unwrap();
        Zone::with_keys("pay.test.", vec![stranger, key])
    };
    let collision = {
        // The digest and all signatures are those of the second key.
        let world = World::with_zone(two_with_one_tag);
        let key = &world.zone.keys[1];
        let rdatas: Vec<_> = world.zone.keys.iter().map(Key::rdata).collect();
        let records = [
            chain(&[&world.root, &world.tld]),
            world.tld.set(
                "pay.test.",
                super::RecordType::DS,
                &[key.ds("pay.test.", 2)],
            ),
            signed(
                "pay.test.",
                key,
                "pay.test.",
                super::RecordType::DNSKEY,
                &rdatas,
                |_| {},
            ),
            world.zone.pays(ALICE),
        ];
        Scene::bare(
            "two keys with one tag",
            world.root,
            records.concat(),
            ALICE,
            "secure",
        )
    };
    play(vec![
        paid("P-256", World::new(), "secure"),
        paid("P-384", keyed(Key::p384()), "secure"),
        paid("Ed25519", keyed(Key::ed25519()), "secure"),
        paid("RSA 2048, SHA-256", keyed(Key::rsa_2048(8)), "secure"),
        paid("RSA 2048, SHA-512", keyed(Key::rsa_2048(10)), "secure"),
        paid("RSA 1024, SHA-256", keyed(Key::rsa_1024(8)), "secure"),
        paid("RSA 512", keyed(Key::rsa_512(8)), "weak_key").but(Difference::WeakRsa),
        paid("RSA with SHA-1", keyed(Key::rsa_1024(5)), "algorithm").but(Difference::Sha1Signature),
        paid(
            "a second key signs",
            signing_with(Key::p256().flagged(256)),
            "secure",
        ),
        paid(
            "a revoked key signs",
            signing_with(Key::p256().flagged(257 | 0x80)),
            "no_such_key",
        )
        .but(Difference::RevokedKey),
        paid(
            "a revoked key is the only one",
            keyed(Key::p256().flagged(257 | 0x80)),
            "no_matching_ds",
        )
        .but(Difference::RevokedKey),
        paid(
            "no zone key",
            signing_with(Key::p256().flagged(1)),
            "no_such_key",
        ),
        collision,
    ])
    .await;
}

#[tokio::test]
async fn signers_and_times() {
    let lice = World::with_zone(Zone::new("lice.test."));
    let lice_signs = lice.zone.pays("bob.alice.test.");
    let sibling = World::new();
    let evil = Zone::new("evil.test.");
    let by_sibling = [chain(&[&sibling.tld, &evil]), evil.pays(ALICE)];
    let thief = World::new();
    let tag = thief.zone.keys[0].tag();
    let stolen = signed(
        "pay.test.",
        &Key::p256(),
        ALICE,
        TXT,
        &[txt(&["bitcoin:x"])],
        |claims| {
            claims.key_tag = tag;
        },
    );
    let stripped = World::new();
    let unsigned = stripped.zone.pays(ALICE)[..1].to_vec();
    let above = World::new();
    let by_parent = above.tld.pays(ALICE);
    let labels = World::new();
    let miscounted = labels
        .zone
        .set_with(ALICE, TXT, &[txt(&["bitcoin:x"])], |claims| {
            claims.labels = 4
        });
    let late = || {
        let world = World::new();
        let records = world.zone.pays(ALICE);
        (world, records)
    };
    let (early_world, early) = late();
    let (late_world, late) = late();
    play(vec![
        Scene::new(
            "lice.test signs for alice.test",
            lice,
            &[lice_signs],
            "bob.alice.test.",
            "foreign_signer",
        ),
        Scene::new(
            "a sibling signs",
            sibling,
            &by_sibling,
            ALICE,
            "foreign_signer",
        ),
        Scene::new("the parent signs", above, &[by_parent], ALICE, "secure"),
        Scene::new("a stolen tag", thief, &[stolen], ALICE, "wrong_signature"),
        Scene::new("no signature", stripped, &[unsigned], ALICE, "unsigned"),
        Scene::new(
            "too many labels",
            labels,
            &[miscounted],
            ALICE,
            "label_count",
        ),
        Scene::new("too early", early_world, &[early], ALICE, "not_yet_valid")
            .at(super::NOW - 7200),
        Scene::new("too late", late_world, &[late], ALICE, "expired").at(super::NOW + 2 * 86_400),
    ])
    .await;
}

#[tokio::test]
async fn aliases_and_wildcards() {
    let wild = |title, denial: fn(&World) -> Vec<Rr>, expected| {
        let world = World::new();
        let records = [expanded(&world.zone.pays(WILDCARD), ALICE), denial(&world)];
        Scene::new(title, world, &records, ALICE, expected)
    };
    let cname = World::new();
    let shop = Zone::new("shop.test.");
    let across = [
        chain(&[&cname.tld, &shop]),
        shop.pays("bob.shop.test."),
        alias(&cname.zone, ALICE, "bob.shop.test."),
    ];
    let dname = World::new();
    let other = Zone::new("shop.test.");
    let moved = [
        chain(&[&dname.tld, &other]),
        other.pays("alice.shop.test."),
        dname
            .zone
            .set("pay.test.", DNAME, &[wire_name("shop.test.")]),
    ];
    let circle = World::new();
    let round = [
        alias(&circle.zone, ALICE, "bob.pay.test."),
        alias(&circle.zone, "bob.pay.test.", ALICE),
    ];
    let denied = World::new();
    let to_nothing = [
        alias(&denied.zone, ALICE, "bob.pay.test."),
        denied.zone.nsec(ALICE, "pay.test.", &[CNAME]),
        denied.zone.nsec("pay.test.", ALICE, &[NS, SOA]),
    ];
    let unsigned = World::new();
    let bare = alias(&unsigned.zone, ALICE, "bob.pay.test.")[..1].to_vec();
    let bare = [bare, unsigned.zone.pays("bob.pay.test.")];
    let tlsa = World::new();
    let certificate = tlsa
        .zone
        .set("_443._tcp.pay.test.", TLSA, &[vec![3, 1, 1, 7, 7, 7]]);
    let wildcard_alias = World::new();
    let wild_cname = [
        expanded(
            &alias(&wildcard_alias.zone, WILDCARD, "bob.pay.test."),
            ALICE,
        ),
        wildcard_alias.zone.pays("bob.pay.test."),
        wildcard_alias.zone.nsec(WILDCARD, "b.pay.test.", &[CNAME]),
    ];
    play(vec![
        wild(
            "a wildcard with NSEC",
            |world| world.zone.nsec(WILDCARD, "zebra.pay.test.", &[TXT]),
            "secure",
        ),
        wild(
            "a wildcard with NSEC3",
            |world| Nsec3::PLAIN.covering(&world.zone, ALICE),
            "secure",
        ),
        wild(
            "a wildcard with NSEC3 that opts out",
            |world| Nsec3::OPT_OUT.covering(&world.zone, ALICE),
            "wildcard_unproven",
        )
        .but(Difference::OptOutBesideWildcard),
        wild("a wildcard alone", |_| Vec::new(), "wildcard_unproven"),
        wild(
            "a wildcard and an NSEC that matches",
            |world| world.zone.nsec(ALICE, "zebra.pay.test.", &[TXT]),
            "wildcard_unproven",
        ),
        wild(
            "a wildcard and the last NSEC",
            |world| world.zone.nsec("al.pay.test.", "pay.test.", &[TXT]),
            "secure",
        ),
        wild(
            "a wildcard and an NSEC that goes round to nowhere",
            |world| world.zone.nsec("zebra.pay.test.", "b.pay.test.", &[TXT]),
            "wildcard_unproven",
        ),
        wild(
            "a wildcard and the parent's NSEC",
            |world| world.tld.nsec("a.test.", "z.test.", &[TXT]),
            "wildcard_unproven",
        ),
        Scene::new("a CNAME across zones", cname, &across, ALICE, "secure"),
        Scene::new("a DNAME across zones", dname, &moved, ALICE, "secure"),
        Scene::new("CNAMEs in a circle", circle, &round, ALICE, "too_many_hops"),
        Scene::new(
            "a CNAME to a name that is denied",
            denied,
            &to_nothing,
            ALICE,
            "nxdomain",
        ),
        Scene::new("an unsigned CNAME", unsigned, &bare, ALICE, "unsigned"),
        Scene::new(
            "a CNAME from a wildcard",
            wildcard_alias,
            &wild_cname,
            ALICE,
            "secure",
        ),
        Scene::new(
            "a TLSA record",
            tlsa,
            &[certificate],
            "_443._tcp.pay.test.",
            "secure",
        )
        .asked_for(TLSA),
    ])
    .await;
}
