//! Programs that no one here wrote find nothing wrong with whole zones that we make, whatever is in them.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_tests::World;
use payname_tests::judge::{self, drill_chase};
use payname_zones::{
    Denial, DsRequest, KeyAlgorithm, Settings, Signal, SigningKey, Zone, ZoneFile, ZoneKeys,
    payment_record,
};
use ring::rand::SystemRandom;

const ORIGIN: &str = "example.test";

/// All that a zone may hold.
const RECORDS: &str = "\
@        3600 SOA   ns1 hostmaster 7 3600 600 1209600 60
@        3600 NS    ns1
@        3600 NS    ns2.example.org.
@         300 MX    10 mail
@         300 CAA   0 issue \"ca.example\"
ns1      3600 A     127.0.0.1
ns1      3600 AAAA  ::1
mail      300 A     192.0.2.25
mail      300 TYPE65400 \\# 3 ABCDEF
*.wild    300 TXT   \"anything\"
x.*.wild  300 TXT   \"below an asterisk\"
odd\\.dot.\\200 300 TXT \"a\\\"b\\255\" \"\"
a.deep.empty.non.terminals 300 TXT \"x\"
away      300 CNAME www.example.org.
moved     300 DNAME example.org.
secure   3600 NS    ns.secure
secure   3600 DS    12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE1B4B7F3F1D1D1D1D1D1D1D1D
ns.secure 3600 A    192.0.2.53
insecure 3600 NS    ns.example.org.
alice.user._bitcoin-payment 300 TXT \"bitcoin:?lno=lno1\"
carol.user._bitcoin-payment 300 CNAME carol.user._bitcoin-payment.example.org.
_443._tcp 300 TLSA  3 1 1 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE1B4B7F3F1D1D1D1D1D1D1D1D
_x._tcp   300 SRV   1 2 443 mail
";

/// Types of which hardly anybody has any, each with names in capital letters, which are signed in lower case
/// (RFC 4034 §6.2, RFC 6840 §5.1): octets before the names, and how many names there are.
const NAMED: [(u16, usize, usize); 10] = [
    (7, 0, 1),  // MB
    (8, 0, 1),  // MG
    (9, 0, 1),  // MR
    (12, 0, 1), // PTR
    (14, 0, 2), // MINFO
    (17, 0, 2), // RP
    (18, 2, 1), // AFSDB
    (21, 2, 1), // RT
    (26, 2, 2), // PX
    (36, 2, 1), // KX
];

/// Two records of each of them, and of NAPTR, which sort otherwise before they are put into lower case.
fn named_records() -> String {
    let mut text = String::from("*.named 300 NAPTR 1 2 \"U\" \"E2U\" \"\" Host.Example.TEST.\n");
    for (record_type, before, names) in NAMED {
        for name in [b"\x01b\x04TEST\0", b"\x01A\x04Test\0"] {
            let data = [vec![0; before], name.repeat(names)].concat();
            let hex: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
            let length = data.len();
            text += &format!("n{record_type}.named 300 TYPE{record_type} \\# {length} {hex}\n");
        }
    }
    text
}

pub(crate) fn key(algorithm: KeyAlgorithm, is_entry: bool) -> Arc<SigningKey> {
    let pkcs8 = algorithm.generate_pkcs8(&SystemRandom::new()).unwrap();
    Arc::new(SigningKey::load(&pkcs8, algorithm, is_entry).unwrap())
}

/// A KSK and a ZSK, with what they ask the parent for.
pub(crate) fn split(algorithm: KeyAlgorithm) -> ZoneKeys {
    let (ksk, zsk) = (key(algorithm, true), key(algorithm, false));
    let request = DsRequest::Keys(vec![ksk.dnskey().clone()]);
    ZoneKeys::new(ksk, zsk, [], request)
}

/// The same with a CSK of another algorithm that signs everything beside them.
fn and_another(algorithm: KeyAlgorithm, other: KeyAlgorithm) -> ZoneKeys {
    let (ksk, zsk, new) = (
        key(algorithm, true),
        key(algorithm, false),
        key(other, true),
    );
    let request = DsRequest::Keys(vec![new.dnskey().clone()]);
    let shown = [new.dnskey().clone()];
    ZoneKeys::new(ksk, zsk, shown, request).beside(Some(new.clone()), Some(new))
}

fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}

/// The zone, without what it says for others.
fn zone(keys: ZoneKeys, denial: Denial) -> Zone {
    let origin = Name::from_ascii(format!("{ORIGIN}.")).unwrap();
    let file = ZoneFile::read(RECORDS, &origin).unwrap();
    let (settings, serial) = file.settings().unwrap();
    let settings = Settings { denial, ..settings };
    let mut zone = Zone::new_after(settings, keys, serial, now()).unwrap();
    let text = format!("{RECORDS}{}", named_records());
    zone.import(&text, now()).unwrap().unwrap();
    zone
}

/// What it says for a zone on its nameserver (RFC 9615).
fn signal(keys: &ZoneKeys) -> Signal {
    let child = Name::from_ascii("customer.example.").unwrap();
    let server = Name::from_ascii("ns1.example.test.").unwrap();
    let request = DsRequest::Keys(vec![keys.entry().dnskey().clone()]);
    Signal::new(&child, &server, &request).unwrap()
}

/// What those who read zone files say of one where they mind anything.
fn complaints(folder: &Path, zone: &str) -> Vec<String> {
    let verdicts = [
        judge::named_checkzone(folder, ORIGIN, zone),
        judge::ldns_verify_zone(folder, zone),
        judge::dnssec_verify(folder, ORIGIN, zone),
    ];
    let complaints = verdicts.into_iter().filter_map(Result::err);
    complaints.map(|error| error.to_string()).collect()
}

#[test]
fn zone_checkers_find_nothing_wrong_with_any_kind_of_record_algorithm_and_denial() {
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519};
    let folder = tempfile::tempdir().unwrap();
    let keys = [
        split(EcdsaP256),
        split(EcdsaP384),
        split(Ed25519),
        ZoneKeys::from(key(EcdsaP256, true)),
        and_another(EcdsaP256, Ed25519),
    ];
    for keys in keys {
        for denial in [Denial::Nsec, Denial::Nsec3, Denial::Compact] {
            let mut zone = zone(keys.clone(), denial);
            if denial == Denial::Compact {
                // It has no chain to be checked until it is written for others.
                zone.set_denial(Denial::Nsec3, now()).unwrap();
            }
            let text = zone.master_file().to_string();
            let mut found = complaints(folder.path(), &text);
            let knot = judge::kzonecheck(folder.path(), ORIGIN, &text);
            found.extend(knot.err().map(|error| error.to_string()));
            assert!(found.is_empty(), "{denial:?} {found:#?}\n{text}");

            // `kzonecheck` takes every CDS record for one of the name where it stands.
            zone.set_signals(&[signal(&keys)], now()).unwrap().unwrap();
            let text = zone.master_file().to_string();
            let found = complaints(folder.path(), &text);
            assert!(found.is_empty(), "{denial:?} {found:#?}\n{text}");
        }
    }
}

#[test]
fn zone_checkers_find_nothing_wrong_with_a_thousand_names_that_were_published_together() {
    let folder = tempfile::tempdir().unwrap();
    let record = |number: u32| {
        let below = ["", "sub.", "deep.sub."][number as usize % 3];
        let handle = format!("user{number}@{below}{ORIGIN}").parse().unwrap();
        payment_record(&handle, &format!("bitcoin:?lno=lno1{number}")).unwrap()
    };
    let keys = and_another(KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519);
    for denial in [Denial::Nsec, Denial::Nsec3] {
        let mut zone = zone(keys.clone(), denial);
        // Then many into a zone that has some, and some of them again.
        for range in [0..1000, 900..1200] {
            let records: Vec<_> = range.map(record).collect();
            let records = records.iter().map(|record| (record, 300));
            zone.publish_all(records, now()).unwrap();
        }
        let text = zone.master_file().to_string();
        assert!(text.contains("user1199.user._bitcoin-payment.deep.sub.example.test."));
        let found = complaints(folder.path(), &text);
        assert!(found.is_empty(), "{denial:?} {found:#?}");
    }
}

#[test]
fn every_zone_checker_minds_a_record_that_was_changed_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for denial in [Denial::Nsec, Denial::Nsec3] {
        let zone = zone(split(KeyAlgorithm::EcdsaP256), denial);
        let text = zone.master_file().to_string();
        let changed = text.replacen("lno=lno1", "lno=lno2", 1);
        assert_ne!(changed, text);
        judge::ldns_verify_zone(folder.path(), &changed).unwrap_err();
        judge::dnssec_verify(folder.path(), ORIGIN, &changed).unwrap_err();
        judge::kzonecheck(folder.path(), ORIGIN, &changed).unwrap_err();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_chases_the_signatures_of_what_there_is_up_to_the_root() {
    for denial in [Denial::Nsec, Denial::Nsec3, Denial::Compact] {
        let world = World::with_zone(ORIGIN)
            .denial(denial)
            .record("alice", "bitcoin:?lno=lno1")
            .start()
            .await
            .unwrap();
        let name = format!("alice.user._bitcoin-payment.{ORIGIN}.");
        let server = world.recursor().address();
        let found = drill_chase(server, world.anchors_text(), &name, RecordType::TXT);
        found.unwrap();
    }
}
