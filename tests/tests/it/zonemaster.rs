//! Zonemaster, with which registries test delegations, finds nothing wrong with zones of ours and with
//! the way in which they are answered from.
//!
//! It asks on port 53 and from the root down. So each test starts itself again in a network namespace of
//! its own (which needs no root), where the addresses of a private internet are the loopback's.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Command;
use std::time::SystemTime;

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::rr::Name;
use payname_tests::dns::Authority;
use payname_tests::judge::{self, Remark};
use payname_tests::tools::tool;
use payname_zones::{Denial, KeyAlgorithm, NameServer, Settings, Tree, Zone, ZoneFile, ZoneSet};

use crate::zone_judges::{key, split};

/// Set where a test runs in its namespace.
const INSIDE: &str = "PAYNAME_TEST_NAMESPACE";

/// Each has servers of its own.
const ZONES: [&str; 3] = [".", "test.", "example.test."];

const RECORDS: &str = "\
@        3600 SOA   ns1 hostmaster 7 3600 600 1209600 300
@        3600 NS    ns1
@        3600 NS    ns2
ns1      3600 A     9.53.2.1
ns1      3600 AAAA  2a53:2::1
ns2      3600 A     9.54.2.1
ns2      3600 AAAA  2a54:2::1
@         300 MX    10 mail
@         300 TXT   \"v=spf1 mx -all\"
mail      300 A     9.55.2.25
*.wild    300 TXT   \"anything\"
a.deep.empty.non.terminals 300 TXT \"x\"
moved     300 DNAME example.org.
insecure 3600 NS    ns.example.org.
alice.user._bitcoin-payment 300 TXT \"bitcoin:?lno=lno1\"
carol.user._bitcoin-payment 300 CNAME alice.user._bitcoin-payment
";

/// What it may mind, and why that is no fault; `docs/oracles.md` says the same.
const EXPECTED: [&str; 3] = [
    // This internet has no zones that lead from addresses to names.
    "NAMESERVER_IP_WITHOUT_REVERSE",
    // Secondaries look for changes every hour and try again after ten minutes, where Zonemaster wants
    // to be spared: a name shall be paid soon, though a NOTIFY be lost.
    "REFRESH_MINIMUM_VALUE_LOWER",
    "RETRY_MINIMUM_VALUE_LOWER",
];

/// The addresses of the two servers of a zone, in different networks.
fn addresses(zone: usize) -> [[IpAddr; 2]; 2] {
    let zone = u8::try_from(zone).unwrap();
    [0, 1].map(|server| {
        let prefix = 0x2a53 + u16::from(server);
        let v6 = Ipv6Addr::new(prefix, zone.into(), 0, 0, 0, 0, 0, 1);
        [Ipv4Addr::new(9, 53 + server, zone, 1).into(), v6.into()]
    })
}

fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}

fn plain(number: usize) -> Zone {
    let origin = Name::from_ascii(ZONES[number]).unwrap();
    let labels = ["ns1", "ns2"].into_iter().zip(addresses(number));
    let servers = labels.map(|(label, addresses)| {
        let name = origin.prepend_label(label).unwrap();
        NameServer::new(name, addresses)
    });
    let settings = Settings::new(origin.clone(), servers);
    Zone::new(settings, key(KeyAlgorithm::EcdsaP256, true), now()).unwrap()
}

/// The zone to be judged, signed at a time; it asks for its DS record.
fn judged(algorithm: KeyAlgorithm, denial: Denial, at: UnixTime) -> Zone {
    let origin = Name::from_ascii(ZONES[2]).unwrap();
    let file = ZoneFile::read(RECORDS, &origin).unwrap();
    let (settings, serial) = file.settings().unwrap();
    let settings = Settings { denial, ..settings };
    let mut zone = Zone::new_after(settings, split(algorithm), serial, at).unwrap();
    zone.import(RECORDS, at).unwrap().unwrap();
    zone
}

/// Serves the zone below a TLD and a root.
async fn serve(zone: Zone) -> Vec<Authority> {
    let mut tree = Tree::new(plain(0));
    tree.graft(plain(1), now()).unwrap();
    tree.graft(zone, now()).unwrap();
    let mut zones = tree.into_zones();
    let mut servers = Vec::new();
    for (number, origin) in ZONES.iter().enumerate() {
        let zone = zones.remove(&Name::from_ascii(origin).unwrap()).unwrap();
        let zone = ZoneSet::from_iter([zone]);
        for address in addresses(number).concat() {
            let address = SocketAddr::new(address, 53);
            let server = Authority::start_at(address, zone.clone()).await.unwrap();
            servers.push(server);
        }
    }
    servers
}

/// The root's servers, as Zonemaster reads them.
fn hints() -> String {
    let servers = ["ns1.", "ns2."].into_iter().zip(addresses(0));
    let lines = servers.map(|(name, [v4, v6])| {
        format!(". 3600000 NS {name}\n{name} 3600000 A {v4}\n{name} 3600000 AAAA {v6}\n")
    });
    lines.collect()
}

fn ask_zonemaster() -> Vec<Remark> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hints");
    fs::write(&file, hints()).unwrap();
    judge::zonemaster(&file, ZONES[2]).unwrap()
}

/// Whether this is the namespace; if not, the test is run in one, and must pass there.
fn is_inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut script = "\"$0\" link set lo up".to_owned();
    for address in (0..ZONES.len()).flat_map(|number| addresses(number).concat()) {
        script += &format!(" && \"$0\" address add {address} dev lo");
    }
    script += " && exec \"$@\"";
    let output = Command::new(tool("unshare").unwrap())
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .arg(tool("ip").unwrap())
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("zonemaster::{test}"), "--nocapture"])
        .env(INSIDE, "yes")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let has_passed = output.status.success() && text.contains("1 passed");
    assert!(has_passed, "in a network namespace: {text}");
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn zonemaster_finds_nothing_wrong_with_any_algorithm_and_denial() {
    if !is_inside("zonemaster_finds_nothing_wrong_with_any_algorithm_and_denial") {
        return;
    }
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519};
    for (algorithm, denial, chain) in [
        (EcdsaP256, Denial::Nsec, "DS10_HAS_NSEC"),
        (EcdsaP384, Denial::Nsec3, "DS10_HAS_NSEC3"),
        (Ed25519, Denial::Compact, "DS10_HAS_NSEC"),
    ] {
        let _servers = serve(judged(algorithm, denial, now())).await;
        let remarks = ask_zonemaster();
        let complaints = remarks.iter().filter(|remark| remark.is_complaint());
        let minded: BTreeSet<&str> = complaints.map(|remark| remark.tag.as_str()).collect();
        assert_eq!(minded, EXPECTED.into(), "{denial:?} {remarks:#?}");
        // It has seen how the zone denies, and what it asks its parent for.
        for tag in [chain, "DS15_HAS_CDS_AND_CDNSKEY"] {
            let is_said = remarks.iter().any(|remark| remark.tag == tag);
            assert!(is_said, "{tag} {denial:?} {remarks:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zonemaster_minds_signatures_that_have_ended() {
    if !is_inside("zonemaster_minds_signatures_that_have_ended") {
        return;
    }
    let long_ago = UnixTime(now().0 - 60 * 86_400);
    let zone = judged(KeyAlgorithm::EcdsaP256, Denial::Nsec, long_ago);
    let _servers = serve(zone).await;
    let remarks = ask_zonemaster();
    let is_found = |remark: &Remark| remark.is_complaint() && remark.tag == "RRSIG_EXPIRED";
    assert!(remarks.iter().any(is_found), "{remarks:#?}");
}
