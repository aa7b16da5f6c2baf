//! A zone with keys of different duties, and how it changes to others.

use std::sync::Arc;

use hickory_proto::dnssec::rdata::DNSKEY;

use super::*;
use crate::{DsRequest, KeyAlgorithm, ZoneKeys};

fn made(algorithm: KeyAlgorithm, secure_entry_point: bool) -> Arc<SigningKey> {
    let pkcs8 = algorithm.generate_pkcs8(&SystemRandom::new()).unwrap();
    Arc::new(SigningKey::load(&pkcs8, algorithm, secure_entry_point).unwrap())
}

fn zone_with(keys: impl Into<ZoneKeys>, denial: Denial) -> Zone {
    let server = NameServer::new(name("ns.example.test."), ["192.0.2.53".parse().unwrap()]);
    let settings = Settings {
        denial,
        ..Settings::new(name("example.test."), [server])
    };
    let mut zone = Zone::new(settings, keys, NOW).unwrap();
    zone.set_txt(&name("alice.example.test."), "bitcoin:", 300, NOW)
        .unwrap();
    zone
}

/// The key tags that sign the sets at the apex and below, by type.
fn signers(zone: &Zone) -> BTreeSet<(RecordType, u16)> {
    zone.signed_sets()
        .flat_map(|set| set.rrsigs().map(move |rrsig| (set.record_type(), rrsig)))
        .map(|(record_type, rrsig)| (record_type, rrsig.input().key_tag))
        .collect()
}

fn data_at_apex(zone: &Zone, record_type: RecordType) -> Vec<String> {
    let set = zone.record_set(&name("example.test."), record_type);
    let data = set.map(|set| set.data().iter().map(ToString::to_string).collect());
    data.unwrap_or_default()
}

fn assert_all_verify(zone: &Zone) {
    for (owner, node) in zone.nodes.sorted() {
        for set in node.sets() {
            let set = set.unpack();
            let records: Vec<Record> = set.records(&owner);
            assert!(!set.rrsigs().is_empty());
            for rrsig in set.rrsigs() {
                let key = zone.keys().unwrap().shown().iter().find(|key: &&DNSKEY| {
                    key.calculate_key_tag().unwrap() == rrsig.input().key_tag
                });
                key.unwrap()
                    .verify_rrsig(&owner, DNSClass::IN, rrsig, records.iter())
                    .unwrap_or_else(|error| panic!("{owner} {}: {error}", set.record_type()));
            }
        }
    }
}

#[test]
fn the_ksk_signs_what_tells_of_the_keys_and_the_zsk_everything_else() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Ed25519,
    ] {
        for denial in BOTH {
            let (ksk, zsk) = (made(algorithm, true), made(algorithm, false));
            let request = DsRequest::Keys(vec![ksk.dnskey().clone()]);
            let zone = zone_with(ZoneKeys::new(ksk.clone(), zsk.clone(), [], request), denial);
            for (record_type, key_tag) in signers(&zone) {
                let of_keys = matches!(
                    record_type,
                    RecordType::DNSKEY | RecordType::CDS | RecordType::CDNSKEY
                );
                let expected = if of_keys { &ksk } else { &zsk };
                assert_eq!(key_tag, expected.key_tag(), "{record_type}");
            }
            assert_eq!(data_at_apex(&zone, RecordType::DNSKEY).len(), 2);
            assert_all_verify(&zone);
        }
    }
}

#[test]
fn the_parent_is_asked_by_digest_and_by_key_or_to_forget_the_zone() {
    let (ksk, next) = (
        made(KeyAlgorithm::EcdsaP256, true),
        made(KeyAlgorithm::EcdsaP256, true),
    );
    let mut zone = zone_with(ksk.clone(), Denial::Nsec3);
    assert!(data_at_apex(&zone, RecordType::CDS).is_empty());

    let both = DsRequest::Keys(vec![ksk.dnskey().clone(), next.dnskey().clone()]);
    let asking = ZoneKeys::new(ksk.clone(), ksk.clone(), [], both);
    zone.set_keys(asking, NOW).unwrap().unwrap();
    let mut digests = data_at_apex(&zone, RecordType::CDS);
    digests.sort();
    let mut expected = [&ksk, &next].map(|key| key.ds(zone.origin()).to_string());
    expected.sort();
    assert_eq!(digests, expected);
    let mut keys = data_at_apex(&zone, RecordType::CDNSKEY);
    keys.sort();
    let mut expected = [&ksk, &next].map(|key| key.dnskey().to_string());
    expected.sort();
    assert_eq!(keys, expected);
    assert_eq!(zone.ds().len(), 2);
    assert_all_verify(&zone);

    let forget = ZoneKeys::new(ksk.clone(), ksk.clone(), [], DsRequest::Delete);
    zone.set_keys(forget, NOW).unwrap().unwrap();
    assert_eq!(data_at_apex(&zone, RecordType::CDS), ["0 0 0 00"]);
    assert_eq!(data_at_apex(&zone, RecordType::CDNSKEY), ["0 3 0 AA=="]);
    assert!(zone.ds().is_empty());
    assert_all_verify(&zone);

    zone.set_keys(ksk, NOW).unwrap().unwrap();
    assert!(data_at_apex(&zone, RecordType::CDS).is_empty());
    assert!(data_at_apex(&zone, RecordType::CDNSKEY).is_empty());
}

#[test]
fn new_keys_show_at_once_and_sign_what_is_there_when_it_is_next_looked_at() {
    for denial in BOTH {
        let (old, new) = (
            made(KeyAlgorithm::EcdsaP256, true),
            made(KeyAlgorithm::EcdsaP256, true),
        );
        let mut zone = zone_with(old.clone(), denial);
        let swapped = ZoneKeys::new(
            new.clone(),
            new.clone(),
            [old.dnskey().clone()],
            DsRequest::None,
        );
        let change = zone.set_keys(swapped.clone(), NOW).unwrap().unwrap();
        assert!(change.signatures <= 3, "{change:?}");
        assert!(signers(&zone).contains(&(RecordType::TXT, old.key_tag())));
        assert!(signers(&zone).contains(&(RecordType::DNSKEY, new.key_tag())));
        assert_eq!(zone.set_keys(swapped, NOW).unwrap(), None);

        assert!(zone.is_due(NOW, NOW));
        zone.resign(NOW, NOW).unwrap().unwrap();
        let tags: BTreeSet<u16> = signers(&zone).into_iter().map(|(_, tag)| tag).collect();
        assert_eq!(tags, BTreeSet::from([new.key_tag()]));
        assert!(!zone.is_due(NOW, NOW));
        assert_all_verify(&zone);
    }
}

/// The keys of a zone, and one of another algorithm that signs everything beside them.
pub(super) fn and_ed25519(keys: &ZoneKeys) -> ZoneKeys {
    let new = made(KeyAlgorithm::Ed25519, true);
    let (entry, zone) = (Arc::clone(keys.entry()), Arc::clone(keys.zone()));
    ZoneKeys::new(entry, zone, [new.dnskey().clone()], DsRequest::None)
        .beside(Some(new.clone()), Some(new))
}

#[test]
fn two_algorithms_sign_every_record_set_until_one_of_them_leaves() {
    for denial in BOTH {
        let old = made(KeyAlgorithm::EcdsaP256, true);
        let mut zone = zone_with(old.clone(), denial);
        let both = and_ed25519(zone.keys().unwrap());
        zone.set_keys(both.clone(), NOW).unwrap().unwrap();
        assert_eq!(zone.key_use().complete, BTreeSet::from([old.key_tag()]));
        zone.resign(NOW, NOW).unwrap().unwrap();
        assert!(!zone.is_due(NOW, NOW));
        assert_eq!(zone.key_use().complete.len(), 2);
        let bob = name("bob.example.test.");
        zone.set_txt(&bob, "bitcoin:", 300, NOW).unwrap();
        let signatures = zone.signed_sets().map(|set| set.rrsigs().count());
        assert_eq!(signatures.collect::<BTreeSet<_>>(), BTreeSet::from([2]));
        assert_eq!(zone.key_use().complete.len(), 2);
        assert_all_verify(&zone);

        let new = both.zone_signers().last().unwrap().key_tag();
        zone.set_keys(old.clone(), NOW).unwrap().unwrap();
        assert!(signers(&zone).contains(&(RecordType::TXT, new)));
        zone.resign(NOW, NOW).unwrap().unwrap();
        let tags: BTreeSet<u16> = signers(&zone).into_iter().map(|(_, tag)| tag).collect();
        assert_eq!(tags, BTreeSet::from([old.key_tag()]));
        assert_all_verify(&zone);
    }
}

#[test]
fn what_is_asked_of_the_parent_cannot_be_set_by_hand() {
    let mut zone = empty_zone("example.test.", Denial::Nsec3);
    for record_type in [RecordType::CDS, RecordType::CDNSKEY] {
        let error = zone.set_records(&name("example.test."), record_type, 300, vec![], NOW);
        assert!(matches!(error, Err(crate::ZoneError::OwnedByZone { .. })));
    }
}
