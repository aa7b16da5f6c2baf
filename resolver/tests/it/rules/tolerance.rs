//! What is tolerated: order, duplicates, case, strays.

use payname_resolver::{
    Outcome, Proof, Record, TrustAnchors, UnixTime,
    hickory_proto::rr::{
        Name,
        RecordType::{self, A, CNAME, DNSKEY, DS, NSEC, NSEC3, RRSIG, TXT, Unknown},
    },
    proof::ResourceRecord,
};

use crate::forge::{
    ALICE, Claims, NOW, Rr, World, Zone, expanded, judge, rrsig, txt, verdict, wire_name,
};

#[test]
fn any_order_and_any_number_of_copies_prove_the_same() {
    let world = World::new();
    let mut records = [world.chain(), world.zone.pays(ALICE)].concat();
    for turn in 0..records.len() {
        records.rotate_left(turn);
        assert_eq!(world.judge(&[&records], ALICE), "secure");
    }
    let copies = [records.clone(), records.clone(), records].concat();
    assert_eq!(world.judge(&[&copies], ALICE), "secure");
}

#[test]
fn copies_with_another_ttl_or_case_are_the_same_record() {
    let world = World::new();
    let records = [world.chain(), world.zone.pays(ALICE)].concat();
    let copies: Vec<Rr> = records
        .iter()
        .map(|record| Rr {
            ttl: 1,
            ..record.at(&record.owner.to_uppercase())
        })
        .collect();
    assert_eq!(world.judge(&[&records, &copies], ALICE), "secure");
}

#[test]
fn names_compare_without_case_wherever_they_stand() {
    let zone = Zone::new("Pay.TEST.");
    let world = World::with_zone(zone);
    let bob = "BoB.pAy.test.";
    let mut alias = world
        .zone
        .set("ALICE.Pay.Test.", CNAME, &[wire_name("bob.pay.test.")]);
    alias[0].rdata = wire_name(bob);
    let records = [alias, world.zone.pays(bob)].concat();
    for owner in [ALICE, "ALICE.PAY.TEST.", "alice.pay.test", "Alice.Pay.Test"] {
        assert_eq!(world.verdict(&[&records], owner), "secure", "{owner}");
    }
}

#[test]
fn an_owner_without_its_final_dot_means_the_same_in_a_record_made_by_hand() {
    let world = World::new();
    let records: Vec<ResourceRecord> = [world.chain(), world.zone.pays(ALICE)]
        .concat()
        .iter()
        .map(|record| {
            let mut name = Name::from_ascii(&record.owner).unwrap();
            name.set_fqdn(record.owner == ".");
            ResourceRecord::new(&name, record.record_type, record.ttl, record.rdata.clone())
        })
        .collect();
    let owner = Name::from_ascii("alice.pay.test").unwrap();
    let proof = Proof::from_records(records).unwrap();
    let outcome = proof.judge(&owner, TXT, &world.root.anchor(), UnixTime(NOW));
    assert_eq!(verdict(&outcome), "secure");
}

#[test]
fn empty_strings_and_many_strings_in_txt_are_fine() {
    let world = World::new();
    for rdata in [
        txt(&[""]),
        txt(&["", "bitcoin:", "", "x"]),
        txt(&["x".repeat(255).as_str(); 20]),
        vec![],
    ] {
        let records = world.zone.set(ALICE, TXT, std::slice::from_ref(&rdata));
        let secure = world.secure(&[&records], ALICE);
        assert_eq!(secure.records[0].rdata(), rdata);
    }
}

#[test]
fn the_answer_holds_each_signed_record_once_and_nothing_else() {
    let world = World::new();
    let rdatas = [txt(&["b"]), txt(&["bitcoin:x"]), txt(&["a"])];
    let records = world.zone.set(ALICE, TXT, &rdatas);
    let other = world.zone.set("bob.pay.test.", TXT, &[txt(&["bitcoin:y"])]);
    let secure = world.secure(&[&records, &records, &other], ALICE);
    let found: Vec<&[u8]> = secure.records.iter().map(|record| record.rdata()).collect();
    assert_eq!(found, [&rdatas[2], &rdatas[0], &rdatas[1]]);
    assert_eq!(Record::from_txt(found).unwrap().uri(), "bitcoin:x");
    let again = secure.proof.judge(
        &Name::from_ascii(ALICE).unwrap(),
        TXT,
        &world.root.anchor(),
        UnixTime(NOW),
    );
    assert!(matches!(again, Outcome::Secure(again) if again.proof == secure.proof));
}

#[test]
fn stray_records_of_every_type_change_nothing() {
    let world = World::new();
    let answer = world.zone.pays(ALICE);
    for number in (0..300).chain([32_768, 65_280, 65_535]) {
        let record_type = RecordType::from(number);
        for rdata in [vec![], vec![0], vec![0xff; 40], vec![0xc0, 0xc0]] {
            let stray = [
                Rr::new("stray.test.", record_type, rdata.clone()),
                Rr::new("x.alice.pay.test.", record_type, rdata),
            ];
            assert_eq!(
                world.verdict(&[&stray, &answer], ALICE),
                "secure",
                "{record_type}"
            );
        }
    }
}

#[test]
fn garbage_signatures_change_nothing() {
    let world = World::new();
    let answer = world.zone.pays(ALICE);
    let lies: [fn(&mut Claims); 8] = [
        |claims| claims.labels = 200,
        |claims| claims.algorithm = 253,
        |claims| claims.key_tag ^= 1,
        |claims| claims.signer = "other.test.".to_owned(),
        |claims| claims.signer = "x.alice.pay.test.".to_owned(),
        |claims| claims.expiration = 0,
        |claims| claims.signed_owner = "bob.pay.test.".to_owned(),
        |claims| claims.labels = 0,
    ];
    let key = &world.zone.keys[0];
    let garbage: Vec<Rr> = lies
        .into_iter()
        .map(|lie| {
            rrsig(
                "pay.test.",
                key,
                ALICE,
                TXT,
                &[txt(&["bitcoin:?lno=honest"])],
                lie,
            )
        })
        .chain([vec![], vec![0, 16], vec![0xff; 18], vec![0; 19]].map(|r| Rr::new(ALICE, RRSIG, r)))
        .collect();
    assert_eq!(world.verdict(&[&garbage, &answer], ALICE), "secure");
    let elsewhere = expanded(&garbage, "pay.test.");
    assert_eq!(
        world.verdict(&[&elsewhere, &garbage, &answer], ALICE),
        "secure"
    );
    assert_ne!(world.verdict(&[&garbage, &answer[..1]], ALICE), "secure");
}

#[test]
fn records_of_other_classes_do_not_exist() {
    let world = World::new();
    let answer = world.zone.pays(ALICE);
    let chaos = |records: &[Rr]| -> Vec<Rr> {
        records
            .iter()
            .cloned()
            .map(|record| Rr { class: 3, ..record })
            .collect()
    };
    let more = chaos(&[Rr::new(ALICE, TXT, txt(&["bitcoin:chaos"]))]);
    assert_eq!(world.verdict(&[&answer, &more], ALICE), "secure");
    assert_eq!(world.secure(&[&answer, &more], ALICE).records.len(), 1);
    assert_eq!(world.verdict(&[&chaos(&answer)], ALICE), "missing");
    for (index, _) in answer.iter().enumerate() {
        let mut mixed = answer.clone();
        mixed[index].class = 3;
        assert_ne!(world.verdict(&[&mixed], ALICE), "secure");
    }
}

#[test]
fn any_type_can_be_asked_for() {
    let world = World::new();
    for record_type in [A, TXT, Unknown(65_280)] {
        let records = world.zone.set(ALICE, record_type, &[vec![1, 2, 3, 4]]);
        let outcome = judge(&world.root, &[&world.chain(), &records], ALICE, record_type);
        assert_eq!(verdict(&outcome), "secure");
    }
    for (record_type, owner) in [(DNSKEY, "pay.test."), (DS, "pay.test."), (DNSKEY, ".")] {
        let outcome = judge(&world.root, &[&world.chain()], owner, record_type);
        assert_eq!(verdict(&outcome), "secure", "{record_type}");
    }
    for record_type in [NSEC, NSEC3, RRSIG] {
        let outcome = judge(&world.root, &[&world.chain()], ALICE, record_type);
        assert_eq!(verdict(&outcome), "missing", "{record_type}");
    }
}

#[test]
fn an_anchor_in_upper_case_and_without_its_dot_is_the_same_anchor() {
    let world = World::new();
    let key = &world.tld.keys[0];
    let digest = data_encoding::HEXUPPER.encode(&key.ds("test.", 2)[4..]);
    let text = format!("TEST 3600 IN ds {} 13 2 ( {digest} ) ; comment", key.tag());
    let anchors = TrustAnchors::parse(&text).unwrap();
    let records = [world.chain(), world.zone.pays(ALICE)].concat();
    let outcome = crate::forge::proof(&[&records]).judge(
        &Name::from_ascii(ALICE).unwrap(),
        TXT,
        &anchors,
        UnixTime(NOW),
    );
    assert_eq!(verdict(&outcome), "secure");
}
