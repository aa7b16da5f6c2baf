//! The chain cache: less work, never another verdict.

use std::collections::BTreeSet;

use hickory_proto::rr::{Name, RecordType};
use payname_resolver::{
    Outcome, Proof, Resolution, UnixTime, hickory_proto,
    proof::{ChainCache, ResourceRecord},
};

use crate::{
    forge::{NOW, World, proof},
    vector::Vector,
};

const MATT: &str = "dnssec-prover-0.6.10-034-check_single_txt_proof";

fn judge(vector: &Vector, proof: &Proof, now: UnixTime, cache: &mut ChainCache) -> Outcome {
    proof.judge_cached(&vector.owner, RecordType::TXT, &vector.anchors, now, cache)
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts
        .iter()
        .map(|text| Name::from_ascii(text).unwrap())
        .collect()
}

#[test]
fn a_warm_cache_gives_every_recorded_proof_and_every_mutation_the_cold_verdict() {
    let mut cache = ChainCache::new(64);
    for name in [
        MATT,
        "bip353-03-wildcard-cname-xdomain",
        "bip353-05-missing-nsec3",
        "sparrow-craig",
    ] {
        let vector = Vector::load(name);
        let now = vector.inside();
        let honest = vector.judge(RecordType::TXT, now);
        assert_eq!(
            judge(&vector, &vector.proof, now, &mut cache),
            honest,
            "{name}, cold"
        );
        assert_eq!(
            judge(&vector, &vector.proof, now, &mut cache),
            honest,
            "{name}, warm"
        );
        let bytes = vector.proof.to_bytes();
        for position in (0..bytes.len()).step_by(7) {
            let mut mutated = bytes.clone();
            mutated[position] ^= 1 << (position % 8);
            let Ok(proof) = Proof::parse(&mutated) else {
                continue;
            };
            let cold = proof.judge(&vector.owner, RecordType::TXT, &vector.anchors, now);
            assert_eq!(
                judge(&vector, &proof, now, &mut cache),
                cold,
                "{name}, byte {position}"
            );
        }
        let late = UnixTime(vector.window.valid_until.0 + 1);
        let cold = vector.judge(RecordType::TXT, late);
        assert_eq!(
            judge(&vector, &vector.proof, late, &mut cache),
            cold,
            "{name}, late"
        );
    }
}

#[test]
fn a_check_is_made_once_and_only_what_is_new_costs_more() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let com = names(&["com."]).remove(0);
    let (proof, anchors) = (&vector.proof, &vector.anchors);
    let _ = proof.judge_cached(&com, RecordType::DNSKEY, anchors, now, &mut cache);
    // The signature over its keys once to establish the zone, and once because they are asked for.
    assert_eq!(cache.signature_checks(), 4);
    let _ = judge(&vector, proof, now, &mut cache);
    assert_eq!(cache.signature_checks(), 4 + 3);
    let _ = judge(&vector, proof, now, &mut cache);
    assert_eq!(cache.signature_checks(), 4 + 3);
}

#[test]
fn a_delta_proof_is_completed_by_who_holds_the_upper_zones_and_proves_nothing_alone() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let Outcome::Secure(whole) = judge(&vector, &vector.proof, now, &mut cache) else {
        panic!()
    };
    let delta = whole.proof.delta(&names(&[".", "com."]));
    assert!(delta.to_bytes().len() < whole.proof.to_bytes().len() / 2 + 300);
    let owners = |proof: &Proof| -> BTreeSet<String> {
        let records = proof.records().iter();
        records.map(|record| record.name().to_string()).collect()
    };
    let owner = vector.owner.to_string();
    assert_eq!(
        owners(&delta),
        [&owner, "mattcorallo.com."].map(str::to_owned).into()
    );
    assert_eq!(whole.proof.delta(&[]), whole.proof);
    assert!(matches!(
        delta.judge(&vector.owner, RecordType::TXT, &vector.anchors, now),
        Outcome::Bogus(_)
    ));
    let completed = cache.complete(&delta, now);
    match judge(&vector, &completed, now, &mut cache) {
        Outcome::Secure(again) => {
            assert_eq!(again.records, whole.records);
            assert_eq!(again.window, whole.window);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_set_that_is_there_is_left_and_one_that_is_not_is_put_back_with_its_signature() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let Outcome::Secure(whole) = judge(&vector, &vector.proof, now, &mut cache) else {
        panic!()
    };
    // The keys of `com.` and their signature are missing; its DS records are there.
    let com = names(&["com."]).remove(0);
    let dnskey = u16::from(RecordType::DNSKEY).to_be_bytes();
    let is_key = |record: &&ResourceRecord| {
        *record.name() == com
            && (record.record_type() == RecordType::DNSKEY || record.rdata().starts_with(&dnskey))
    };
    let records = whole.proof.records().iter();
    let partial: Vec<_> = records.filter(|record| !is_key(record)).cloned().collect();
    assert!(partial.len() + 3 <= whole.proof.records().len());
    let partial = Proof::from_records(partial).unwrap();
    let completed = cache.complete(&partial, now);
    assert_eq!(completed.records().len(), whole.proof.records().len());
    match judge(&vector, &completed, now, &mut ChainCache::new(1)) {
        Outcome::Secure(again) => assert_eq!(again.records, whole.records),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_proofs_that_hold_enter() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let records = vector.proof.records().iter();
    let unsigned = records
        .filter(|record| record.record_type() != RecordType::TXT)
        .cloned()
        .collect();
    let bogus = Proof::from_records(unsigned).unwrap();
    assert!(matches!(
        judge(&vector, &bogus, now, &mut cache),
        Outcome::Bogus(_)
    ));
    assert_eq!(cache.zones().count(), 0);
    assert!(matches!(
        judge(&vector, &vector.proof, now, &mut cache),
        Outcome::Secure(_)
    ));
    let held: Vec<String> = cache.zones().map(|(zone, _)| zone.to_string()).collect();
    assert_eq!(held, [".", "com.", "mattcorallo.com."]);
}

#[test]
fn a_delegation_whose_keys_were_not_proven_does_not_enter() {
    let vector = Vector::load(MATT);
    let mut cache = ChainCache::new(64);
    let zone = names(&["mattcorallo.com."]).remove(0);
    let outcome = vector.proof.judge_cached(
        &zone,
        RecordType::DS,
        &vector.anchors,
        vector.inside(),
        &mut cache,
    );
    assert!(matches!(outcome, Outcome::Secure(_)), "{outcome:?}");
    let held: Vec<String> = cache.zones().map(|(zone, _)| zone.to_string()).collect();
    assert_eq!(held, [".", "com."]);
}

#[test]
fn only_keys_and_delegations_are_held_and_left_out_of_a_delta_though_a_zone_has_more_at_its_name() {
    let world = World::new();
    let apex = names(&["pay.test."]).remove(0);
    let now = UnixTime(NOW);
    let proof = proof(&[&world.chain(), &world.zone.pays("pay.test.")]);
    let mut cache = ChainCache::new(64);
    let outcome = proof.judge_cached(
        &apex,
        RecordType::TXT,
        &world.root.anchor(),
        now,
        &mut cache,
    );
    assert!(matches!(outcome, Outcome::Secure(_)), "{outcome:?}");
    let types = |records: &[ResourceRecord]| -> Vec<RecordType> {
        records.iter().map(ResourceRecord::record_type).collect()
    };
    let held = cache.records_of(&apex, now).unwrap();
    let (dnskey, ds, rrsig) = (RecordType::DNSKEY, RecordType::DS, RecordType::RRSIG);
    assert_eq!(types(&held), [dnskey, rrsig, ds, rrsig]);
    let zones = names(&[".", "test.", "pay.test."]);
    let delta = proof.delta(&zones);
    assert_eq!(types(delta.records()), [RecordType::TXT, rrsig]);
}

/// The proof as a resolver would have given it with this TTL left on every record.
fn with_ttl(proof: &Proof, ttl: u32) -> Proof {
    let records = proof.records().iter();
    let records = records.map(|record| {
        ResourceRecord::new(
            record.name(),
            record.record_type(),
            ttl,
            record.rdata().to_vec(),
        )
    });
    Proof::from_records(records.collect()).unwrap()
}

#[test]
fn key_sets_are_held_until_their_ttl_or_signature_ends() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let _ = judge(&vector, &with_ttl(&vector.proof, 600), now, &mut cache);
    for zone in names(&[".", "com.", "mattcorallo.com."]) {
        let until = |cache: &ChainCache| cache.zones().find(|(held, _)| **held == zone).unwrap().1;
        assert_eq!(until(&cache), now.plus(600), "{zone}");
        assert!(cache.holds(&zone, now.plus(599)) && !cache.holds(&zone, now.plus(600)));
        let records = cache.records_of(&zone, now.plus(100)).unwrap();
        assert!(records.iter().all(|record| record.ttl() == 500), "{zone}");
        // Shown again, they do not live longer.
        let _ = judge(
            &vector,
            &with_ttl(&vector.proof, 600),
            now.plus(60),
            &mut cache,
        );
        assert_eq!(until(&cache), now.plus(600), "{zone}");
    }
    // A TTL that nobody signed does not keep them beyond what was signed.
    let mut cache = ChainCache::new(64);
    let _ = judge(&vector, &with_ttl(&vector.proof, u32::MAX), now, &mut cache);
    for (zone, until) in cache.zones() {
        assert!(until <= now.plus(172_800), "{zone}");
    }
}

#[test]
fn key_sets_whose_time_is_over_or_that_changed_are_held_anew() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    for (after, ttl) in [(0, 600), (600, 600), (1300, 600), (1301, 300), (1302, 600)] {
        let now = now.plus(after);
        let _ = judge(&vector, &with_ttl(&vector.proof, ttl), now, &mut cache);
        assert_eq!(cache.zones().count(), 3);
        for (zone, until) in cache.zones() {
            assert_eq!(until, now.plus(ttl.into()), "{zone} after {after} seconds");
        }
    }
}

#[test]
fn a_cache_holds_as_many_zones_as_it_was_made_for() {
    let vector = Vector::load(MATT);
    for (room, expected) in [
        (3, &[".", "com.", "mattcorallo.com."][..]),
        (2, &[".", "com."]),
        (1, &["."]),
        (0, &["."]),
    ] {
        let mut cache = ChainCache::new(room);
        let _ = judge(&vector, &vector.proof, vector.inside(), &mut cache);
        let held: Vec<String> = cache.zones().map(|(zone, _)| zone.to_string()).collect();
        assert_eq!(held, expected);
    }
}

#[test]
fn a_full_cache_forgets_what_was_used_longest_ago_and_the_root_last() {
    let mut cache = ChainCache::new(4);
    for name in [MATT, "bip353-01-simple", "sparrow-craig"] {
        let vector = Vector::load(name);
        let _ = judge(&vector, &vector.proof, vector.inside(), &mut cache);
        assert!(cache.zones().count() <= 4);
        assert!(cache.zones().any(|(zone, _)| zone.is_root()), "{name}");
    }
    assert!(
        !cache
            .zones()
            .any(|(zone, _)| zone.to_string() == "mattcorallo.com.")
    );
}

#[test]
fn a_resolution_with_a_warm_cache_asks_only_for_what_is_not_held() {
    let vector = Vector::load(MATT);
    let now = vector.inside();
    let mut cache = ChainCache::new(64);
    let _ = judge(&vector, &with_ttl(&vector.proof, 600), now, &mut cache);
    let questions = |owner: &str, now| {
        let owner = Name::from_ascii(owner).unwrap();
        let (_, questions) = Resolution::start_warm(&owner, RecordType::TXT, &cache, now);
        questions
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let matt = "matt.user._bitcoin-payment.mattcorallo.com.";
    assert_eq!(questions(matt, now), [format!("{matt} TXT")]);
    let other = "alice.user._bitcoin-payment.example.com.";
    assert_eq!(
        questions(other, now),
        [
            format!("{other} TXT"),
            "example.com. DNSKEY".into(),
            "example.com. DS".into()
        ]
    );
    assert_eq!(questions(matt, now.plus(600)).len(), 6);
}
