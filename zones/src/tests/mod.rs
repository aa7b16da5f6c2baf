//! Scenes in a small signed zone, once with each kind of denial.

mod agreeing;
mod answering;
mod bulk;
mod cataloguing;
mod changing;
mod compact;
mod filing;
mod giving;
mod growing;
mod importing;
mod opting_out;
mod options;
mod refurnishing;
mod resigning;
mod responding;
mod signalling;
mod signing_keys;
mod storing;
mod taking;
mod transferring;

use std::collections::BTreeSet;

use hickory_proto::dnssec::Verifier as _;
use hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use payname_resolver::UnixTime;
use ring::rand::SystemRandom;

use crate::{Answer, Denial, NameServer, Settings, SigningKey, Tree, Zone};

const NOW: UnixTime = UnixTime(1_785_988_800);
const BOTH: [Denial; 2] = [Denial::Nsec, Denial::Nsec3];
const ALL: [Denial; 3] = [Denial::Nsec, Denial::Nsec3, Denial::Compact];

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap()).unwrap()
}

fn empty_zone(origin: &str, denial: Denial) -> Zone {
    let server = NameServer::new(name("ns.example.test."), ["192.0.2.53".parse().unwrap()]);
    let settings = Settings {
        denial,
        ..Settings::new(name(origin), [server])
    };
    Zone::new(settings, key(), NOW).unwrap()
}

fn cname(target: &str) -> Vec<RData> {
    vec![RData::CNAME(CNAME(name(target)))]
}

/// `example.test.` with payment names, a wildcard, aliases, and both kinds of child.
fn furnished_zone(denial: Denial) -> Zone {
    let mut zone = empty_zone("example.test.", denial);
    let payment = "_bitcoin-payment.example.test.";
    for user in ["alice", "bob", "a.deep"] {
        let owner = name(&format!("{user}.user.{payment}"));
        zone.set_txt(&owner, &format!("bitcoin:?lno={user}"), 600, NOW)
            .unwrap();
    }
    let wildcard = name("*.wild.example.test.");
    zone.set_txt(&wildcard, "any", 600, NOW).unwrap();
    for (owner, target) in [
        (
            "www.example.test.",
            "Alice.user._bitcoin-payment.example.test.",
        ),
        (
            "*.alias.example.test.",
            "bob.user._bitcoin-payment.example.test.",
        ),
        ("dangling.example.test.", "nothing.example.test."),
        ("away.example.test.", "www.example.org."),
        ("loop.example.test.", "loop.example.test."),
    ] {
        zone.set_records(&name(owner), RecordType::CNAME, 600, cname(target), NOW)
            .unwrap();
    }
    let (moved, target) = (
        name("moved.example.test."),
        name(&format!("user.{payment}")),
    );
    zone.set_dname(&moved, &target, 600, NOW).unwrap();

    let mut tree = Tree::new(zone);
    for child in ["secure", "insecure"] {
        let origin = name(&format!("{child}.example.test."));
        let server = NameServer::new(
            name(&format!("ns.{child}.example.test.")),
            ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        );
        let child_zone = Zone::new(Settings::new(origin, [server]), key(), NOW).unwrap();
        if child == "secure" {
            tree.graft(child_zone, NOW).unwrap();
        } else {
            tree.graft_insecure(child_zone, NOW).unwrap();
        }
    }
    tree.into_zones().remove(&name("example.test.")).unwrap()
}

fn types(section: &[Record]) -> Vec<RecordType> {
    section.iter().map(Record::record_type).collect()
}

fn count(section: &[Record], record_type: RecordType) -> usize {
    section
        .iter()
        .filter(|record| record.record_type() == record_type)
        .count()
}

/// Has hickory check every signature of an answer, and that what must be signed is signed.
fn assert_signed(zone: &Zone, answer: &Answer) {
    for section in [&answer.answers, &answer.authorities] {
        let sets: BTreeSet<(Name, RecordType)> = section
            .iter()
            .map(|record| (record.name.clone(), record.record_type()))
            .filter(|(_, record_type)| *record_type != RecordType::RRSIG)
            .collect();
        let redirected = sets
            .iter()
            .any(|(_, record_type)| *record_type == RecordType::DNAME);
        for (owner, record_type) in sets {
            let rrsig = section.iter().find_map(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::RRSIG(rrsig))
                    if record.name == owner && rrsig.input().type_covered == record_type =>
                {
                    Some(rrsig)
                }
                _ => None,
            });
            let referral = record_type == RecordType::NS && owner != *zone.origin();
            let implied = record_type == RecordType::CNAME && redirected;
            match rrsig {
                Some(rrsig) => assert_verifies(zone, &owner, section, rrsig),
                None => assert!(referral || implied, "{owner} {record_type} is not signed"),
            }
        }
    }
}

fn assert_verifies(zone: &Zone, owner: &Name, section: &[Record], rrsig: &RRSIG) {
    let key = zone.key().unwrap().dnskey();
    let verdict = key.verify_rrsig(owner, DNSClass::IN, rrsig, section.iter());
    assert!(verdict.is_ok(), "{owner} {}", rrsig.input().type_covered);
}
