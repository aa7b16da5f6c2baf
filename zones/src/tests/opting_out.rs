//! NSEC3 as others make it: with salt, further iterations, and no links for unsigned delegations.

use std::collections::BTreeMap;

use hickory_proto::dnssec::Nsec3HashAlgorithm;
use hickory_proto::dnssec::rdata::{NSEC3, NSEC3PARAM};
use hickory_proto::op::ResponseCode;

use super::*;
use crate::denial::Hashing;
use crate::names::wire;
use crate::packed::Packed;
use crate::record_set::RecordSet;
use crate::{SetChange, ZoneError};

const SALT: [u8; 2] = [0xaa, 0xbb];

/// The sets of a zone whose chain another signer made.
struct Foreign {
    key: Zone,
    sets: Vec<SetChange>,
}

fn stored(owner: &Name, set: &RecordSet) -> SetChange {
    SetChange {
        owner: wire(owner),
        record_type: set.record_type(),
        set: set.pack().stored().map(Packed::to_stored_bytes),
    }
}

/// `example.test.` with unsigned delegations, one of them below an empty name.
fn foreign(iterations: u16, told_iterations: u16) -> Foreign {
    let mut zone = furnished_zone(Denial::Nsec3);
    let server = NameServer::new(name("ns.elsewhere.test."), []);
    zone.delegate(&name("a.ent.example.test."), &[server], &[], 60, NOW)
        .unwrap();
    let parameters = NSEC3PARAM::new(
        Nsec3HashAlgorithm::SHA1,
        false,
        told_iterations,
        SALT.to_vec(),
    );
    let parameters = RData::DNSSEC(DNSSECRData::NSEC3PARAM(parameters));
    let signer = zone.signer(NOW).unwrap();
    let mut links = BTreeMap::new();
    for (owner, node) in zone.nodes.sorted() {
        let Some(presence) = zone.nodes.presence(node.key()) else {
            continue;
        };
        let opted_out = node.is_cut() && !presence.signed;
        if opted_out || owner == name("ent.example.test.") {
            continue;
        }
        let mut types = presence.types;
        if presence.signed {
            types.push(RecordType::RRSIG);
        }
        let hash = Nsec3HashAlgorithm::SHA1
            .hash(&SALT, &owner, iterations)
            .unwrap();
        links.insert(hash.as_ref().to_vec(), types);
    }
    let hashes: Vec<Vec<u8>> = links.keys().cloned().collect();
    let mut sets: Vec<SetChange> = zone
        .stored_sets()
        .filter(|set| !matches!(set.record_type, RecordType::NSEC3 | RecordType::NSEC3PARAM))
        .collect();
    for (at, (hash, types)) in links.into_iter().enumerate() {
        let next = hashes[(at + 1) % hashes.len()].clone();
        let link = NSEC3::new(
            Nsec3HashAlgorithm::SHA1,
            true,
            iterations,
            SALT.to_vec(),
            next,
            types,
        );
        let link = RData::DNSSEC(DNSSECRData::NSEC3(link));
        let mut set = RecordSet::single(RecordType::NSEC3, 300, link);
        let label = data_encoding::BASE32_DNSSEC.encode(&hash);
        let owner = zone.origin().prepend_label(label.as_str()).unwrap();
        signer.sign(&owner, &mut set).unwrap();
        sets.push(stored(&owner, &set));
    }
    let mut set = RecordSet::single(RecordType::NSEC3PARAM, 0, parameters);
    signer.sign(zone.origin(), &mut set).unwrap();
    sets.push(stored(zone.origin(), &set));
    Foreign { key: zone, sets }
}

fn mirror(foreign: &Foreign) -> Result<Zone, ZoneError> {
    Zone::mirror(foreign.key.origin(), foreign.sets.clone())
}

/// Whether a link of the answer stands at the name's hash, and whether one covers it.
fn shown(answer: &Answer, owner: &str, iterations: u16) -> (bool, bool) {
    let hash = Nsec3HashAlgorithm::SHA1
        .hash(&SALT, &name(owner), iterations)
        .unwrap();
    let links = answer
        .authorities
        .iter()
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
                let label = record.name.iter().next().unwrap();
                let place = data_encoding::BASE32_DNSSEC.decode(label).unwrap();
                Some((place, nsec3.next_hashed_owner_name().to_vec()))
            }
            _ => None,
        });
    let hash = hash.as_ref();
    links.fold((false, false), |(at, covered), (place, next)| {
        let (after, before) = (place.as_slice() < hash, hash < next.as_slice());
        let covers = if place < next {
            after && before
        } else {
            after || before
        };
        (at || place == hash, covered || covers)
    })
}

#[test]
fn salt_and_iterations_of_others_are_kept_to() {
    for iterations in [0, 5, 50] {
        let foreign = foreign(iterations, iterations);
        let mirror = mirror(&foreign).unwrap();
        let shown = |answer: &Answer, owner: &str| shown(answer, owner, iterations);
        let missing = mirror.answer(&name("no.wild.example.test."), RecordType::A, true);
        assert_eq!(
            missing.response_code,
            ResponseCode::NoError,
            "the wildcard stands in"
        );
        let missing = mirror.answer(&name("x.nobody.example.test."), RecordType::A, true);
        assert_eq!(missing.response_code, ResponseCode::NXDomain);
        assert!(shown(&missing, "example.test.").0);
        assert!(shown(&missing, "nobody.example.test.").1);
        assert!(shown(&missing, "*.example.test.").1);
        assert_signed(&foreign.key, &missing);
        let alice = "alice.user._bitcoin-payment.example.test.";
        let no_data = mirror.answer(&name(alice), RecordType::A, true);
        assert!(shown(&no_data, alice).0);
        assert_signed(&foreign.key, &no_data);
        let printed = mirror.master_file().to_string();
        assert!(printed.contains(&format!(" IN NSEC3 1 1 {iterations} AABB ")));
    }
}

#[test]
fn an_unsigned_delegation_without_a_link_is_shown_to_be_opted_out() {
    let foreign = foreign(5, 5);
    let mirror = mirror(&foreign).unwrap();
    let shown = |answer: &Answer, owner: &str| shown(answer, owner, 5);
    for (asked, cut, encloser) in [
        (
            "x.insecure.example.test.",
            "insecure.example.test.",
            "example.test.",
        ),
        ("a.ent.example.test.", "ent.example.test.", "example.test."),
    ] {
        let referral = mirror.answer(&name(asked), RecordType::A, true);
        assert!(!referral.authoritative && count(&referral.authorities, RecordType::NS) > 0);
        assert!(shown(&referral, encloser).0, "{asked}");
        assert!(shown(&referral, cut).1, "{asked}");
        assert_signed(&foreign.key, &referral);
    }
    // The same where nothing is, and where only such a delegation keeps a name in being.
    let missing = mirror.answer(&name("x.ent.example.test."), RecordType::A, true);
    assert_eq!(missing.response_code, ResponseCode::NXDomain);
    assert!(shown(&missing, "example.test.").0 && shown(&missing, "ent.example.test.").1);
    let empty = mirror.answer(&name("ent.example.test."), RecordType::A, true);
    assert_eq!(empty.response_code, ResponseCode::NoError);
    assert!(shown(&empty, "example.test.").0 && shown(&empty, "ent.example.test.").1);
    let signed = mirror.answer(&name("x.secure.example.test."), RecordType::A, true);
    assert_eq!(count(&signed.authorities, RecordType::NSEC3), 0);
}

#[test]
fn more_iterations_than_resolvers_bear_and_links_that_are_hashed_otherwise_are_refused() {
    let too_many = mirror(&foreign(51, 51)).unwrap_err();
    assert!(matches!(
        too_many,
        ZoneError::Iterations { iterations: 51, .. }
    ));
    let others = mirror(&foreign(5, 6)).unwrap_err();
    assert!(matches!(others, ZoneError::ChainBroken { .. }));
    let Foreign { key, mut sets } = foreign(5, 5);
    sets.retain(|set| set.record_type != RecordType::NSEC3PARAM);
    let untold = Zone::mirror(key.origin(), sets).unwrap_err();
    assert!(matches!(untold, ZoneError::Incomplete { .. }));
    assert_eq!(Hashing::PLAIN.iterations(), 0);
}

#[test]
fn a_zone_of_our_own_is_not_restored_with_the_chain_of_others() {
    let Foreign { key, sets } = foreign(5, 5);
    let keys = key.keys().unwrap().clone();
    let refused = Zone::restore(key.settings().clone(), keys, sets).unwrap_err();
    assert!(matches!(refused, ZoneError::ChainBroken { .. }));
}
