//! Which of several faults is told: the one that says most, in whatever order they are found.

use payname_resolver::hickory_proto::rr::RecordType::{DNSKEY, TXT};

use crate::forge::{ALICE, Claims, Key, Rr, World, Zone, rrsig, txt};

/// What is told of a payment record with the signatures that these lies make, in both orders.
fn told(lies: [fn(&mut Claims); 2]) -> [&'static str; 2] {
    let world = World::new();
    let rdatas = [txt(&["bitcoin:?lno=honest"])];
    let record = Rr::new(ALICE, TXT, rdatas[0].clone());
    let sign = |lie| rrsig("pay.test.", &world.zone.keys[0], ALICE, TXT, &rdatas, lie);
    let [one, other] = lies.map(sign);
    [[&one, &other], [&other, &one]].map(|signatures| {
        let records = [&record, signatures[0], signatures[1]].map(Clone::clone);
        world.verdict(&[&records], ALICE)
    })
}

#[test]
fn a_wrong_signature_says_more_than_one_that_is_not_meant_for_the_zone() {
    let wrong = |claims: &mut Claims| claims.signed_owner = "other.pay.test.".to_owned();
    let strays: [fn(&mut Claims); 4] = [
        |claims| claims.algorithm = 5,
        |claims| claims.key_tag = claims.key_tag.wrapping_add(1),
        |claims| claims.signer = "evil.test.".to_owned(),
        |claims| claims.labels = 9,
    ];
    for stray in strays {
        assert_eq!(told([wrong, stray]), ["wrong_signature"; 2]);
    }
}

#[test]
fn of_two_faults_that_say_much_the_first_is_told() {
    let wrong = |claims: &mut Claims| claims.signed_owner = "other.pay.test.".to_owned();
    let late = |claims: &mut Claims| claims.expiration = claims.inception + 1;
    assert_eq!(told([wrong, late]), ["wrong_signature", "expired"]);
}

#[test]
fn the_same_goes_for_a_zone_s_keys() {
    let world = World::with_zone(Zone::with_keys("pay.test.", vec![Key::p256(), Key::p256()]));
    let rdatas: Vec<_> = world.zone.keys.iter().map(Key::rdata).collect();
    let sign = |key: &Key, lie: fn(&mut Claims)| {
        rrsig("pay.test.", key, "pay.test.", DNSKEY, &rdatas, lie)
    };
    // The second key is not the one that the parent names.
    let stray = sign(&world.zone.keys[1], |_| {});
    let wrong = sign(&world.zone.keys[0], |claims| {
        claims.signed_owner = "other.test.".to_owned();
    });
    let keys = world.zone.dnskeys();
    let above = [
        world.root.dnskeys(),
        world.tld.dnskeys(),
        world.root.delegates(&world.tld),
        world.tld.delegates(&world.zone),
        keys[..2].to_vec(),
        world.zone.pays(ALICE),
    ]
    .concat();
    for signatures in [[&stray, &wrong], [&wrong, &stray]] {
        let signatures = signatures.map(Clone::clone);
        let verdict = world.judge(&[&above, &signatures], ALICE);
        assert_eq!(verdict, "wrong_signature");
    }
}
