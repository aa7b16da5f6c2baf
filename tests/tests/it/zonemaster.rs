//! Zonemaster, with which registries test delegations, finds nothing wrong with zones of ours and with
//! the way in which they are answered from.
//!
//! It asks on port 53 and from the root down. So each test starts itself again in a network namespace of
//! its own (which needs no root), where the addresses of a private internet are the loopback's.

use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::rr::Name;
use payname_tests::dns::Authority;
use payname_tests::judge::{self, Remark};
use payname_tests::service::Service;
use payname_tests::tools::{own_binary, tool};
use payname_zones::{
    Denial, KeyAlgorithm, NameServer, Settings, Tree, Zone, ZoneFile, ZoneKeys, ZoneSet,
};

use crate::zone_judges::{key, split};

/// Set where a test runs in its namespace.
const INSIDE: &str = "PAYNAME_TEST_NAMESPACE";

/// Each has servers of its own.
pub(crate) const ZONES: [&str; 3] = [".", "test.", "example.test."];

/// With the times that `paynamed` has by default.
const RECORDS: &str = "\
@        3600 SOA   ns1 hostmaster 7 3600 600 1209600 60
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

/// The TLD of a zone whose servers are not in it, but for the DS records.
pub(crate) const REGISTRY: &str = "\
@           3600 SOA   ns1 hostmaster 7 3600 600 1209600 300
@           3600 NS    ns1
@           3600 NS    ns2
ns1         3600 A     9.53.1.1
ns1         3600 AAAA  2a53:1::1
ns2         3600 A     9.54.1.1
ns2         3600 AAAA  2a54:1::1
ns1.servers 3600 A     9.53.2.1
ns1.servers 3600 AAAA  2a53:2::1
ns2.servers 3600 A     9.54.2.1
ns2.servers 3600 AAAA  2a54:2::1
example     3600 NS    ns1.servers
example     3600 NS    ns2.servers
";

/// What it may mind, and why that is no fault; `docs/oracles.md` says the same.
const EXPECTED: [&str; 4] = [
    // This internet has no zones that lead from addresses to names.
    "NAMESERVER_IP_WITHOUT_REVERSE",
    // Secondaries look for changes every hour and try again after ten minutes, where Zonemaster wants
    // to be spared: a name shall be paid soon, though a NOTIFY be lost.
    "REFRESH_MINIMUM_VALUE_LOWER",
    "RETRY_MINIMUM_VALUE_LOWER",
    // That there is no name is remembered for a minute, not five: whoever registers it shall be paid soon.
    "SOA_DEFAULT_TTL_MAXIMUM_VALUE_LOWER",
];

/// The addresses of the two servers of a zone, in different networks.
pub(crate) fn addresses(zone: usize) -> [[IpAddr; 2]; 2] {
    let zone = u8::try_from(zone).unwrap();
    [0, 1].map(|server| {
        let prefix = 0x2a53 + u16::from(server);
        let v6 = Ipv6Addr::new(prefix, zone.into(), 0, 0, 0, 0, 0, 1);
        [Ipv4Addr::new(9, 53 + server, zone, 1).into(), v6.into()]
    })
}

pub(crate) fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}

pub(crate) fn plain(number: usize) -> Zone {
    let origin = Name::from_ascii(ZONES[number]).unwrap();
    let labels = ["ns1", "ns2"].into_iter().zip(addresses(number));
    let servers = labels.map(|(label, addresses)| {
        let name = origin.prepend_label(label).unwrap();
        NameServer::new(name, addresses)
    });
    let settings = Settings::new(origin.clone(), servers);
    Zone::new(settings, key(KeyAlgorithm::EcdsaP256, true), now()).unwrap()
}

pub(crate) fn read(
    number: usize,
    records: &str,
    keys: impl Into<ZoneKeys>,
    denial: Denial,
    at: UnixTime,
) -> Zone {
    let origin = Name::from_ascii(ZONES[number]).unwrap();
    let file = ZoneFile::read(records, &origin).unwrap();
    let (settings, serial) = file.settings().unwrap();
    let settings = Settings { denial, ..settings };
    let mut zone = Zone::new_after(settings, keys, serial, at).unwrap();
    zone.import(records, at).unwrap().unwrap();
    zone
}

/// The zone to be judged, signed at a time, below a TLD and a root; it asks for its DS record.
fn judged(algorithm: KeyAlgorithm, denial: Denial, at: UnixTime) -> Tree {
    let mut tree = Tree::new(plain(0));
    tree.graft(plain(1), now()).unwrap();
    let zone = read(2, RECORDS, split(algorithm), denial, at);
    tree.graft(zone, now()).unwrap();
    tree
}

/// Serves each zone on its addresses.
pub(crate) async fn serve(tree: Tree) -> Vec<Authority> {
    let mut zones = tree.into_zones();
    let mut servers = Vec::new();
    for (number, origin) in ZONES.iter().enumerate() {
        let Some(zone) = zones.remove(&Name::from_ascii(origin).unwrap()) else {
            continue; // served by another
        };
        let zone = ZoneSet::from_iter([zone]);
        for address in addresses(number).concat() {
            let address = SocketAddr::new(address, 53);
            let server = Authority::start_at(address, zone.clone()).await.unwrap();
            servers.push(server);
        }
    }
    servers
}

/// `paynamed`, ready to serve the zone with these keys of `[[domain]]` and records on its addresses, and the DS
/// records it wants.
pub(crate) async fn paynamed(folder: &Path, keys: &str, records: &str) -> (Service, String) {
    let listen = addresses(2).concat().into_iter();
    let listen: Vec<String> = listen
        .map(|address| format!("\"{}\"", SocketAddr::new(address, 53)))
        .collect();
    let configuration = format!(
        r#"public_url = "http://127.0.0.1:8080"
data_dir = "data"
network = "regtest"

[http]
listen = "127.0.0.1:8080"

[dns]
listen = [{}]

[[domain]]
name = "example.test"
nameservers = ["ns1.servers.test", "ns2.servers.test"]
records = "records"
{keys}
"#,
        listen.join(", ")
    );
    let file = folder.join("paynamed.toml");
    fs::write(&file, configuration).unwrap();
    fs::write(folder.join("records"), records).unwrap();
    let mut command = Command::new(own_binary("paynamed").unwrap());
    command.arg("--config").arg(&file);
    let log = folder.join("paynamed.log");
    let mut service = Service::start("paynamed", command, &log).unwrap();
    let is_ready = async || match reqwest::get("http://127.0.0.1:8080/readyz").await {
        Ok(response) => response.status().is_success(),
        Err(_) => false,
    };
    let patience = Duration::from_secs(30);
    service.wait_until(patience, is_ready).await.unwrap();
    let mut command = Command::new(own_binary("paynamed").unwrap());
    let output = command.arg("--config").arg(&file).arg("ds").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    (service, String::from_utf8(output.stdout).unwrap())
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

/// It minds nothing but what is expected, and has looked at these things.
fn assert_content(remarks: &[Remark], seen: &[&str]) {
    let complaints = remarks.iter().filter(|remark| remark.is_complaint());
    let strange = complaints.filter(|remark| !EXPECTED.contains(&remark.tag.as_str()));
    let strange: Vec<&Remark> = strange.collect();
    assert!(strange.is_empty(), "{strange:#?}\nof {remarks:#?}");
    for tag in seen {
        let is_said = remarks.iter().any(|remark| remark.tag == *tag);
        assert!(is_said, "{tag}: {remarks:#?}");
    }
}

/// Whether this is the namespace; if not, the test is run in one, and must pass there.
pub(crate) fn is_inside(test: &str) -> bool {
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
        .args(["--exact", test, "--nocapture"])
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
    if !is_inside("zonemaster::zonemaster_finds_nothing_wrong_with_any_algorithm_and_denial") {
        return;
    }
    use KeyAlgorithm::{EcdsaP256, EcdsaP384, Ed25519};
    for (algorithm, denial, chain) in [
        (EcdsaP256, Denial::Nsec, "DS10_HAS_NSEC"),
        (EcdsaP384, Denial::Nsec3, "DS10_HAS_NSEC3"),
        (Ed25519, Denial::Compact, "DS10_HAS_NSEC"),
    ] {
        let _servers = serve(judged(algorithm, denial, now())).await;
        // It has seen how the zone denies, and what it asks its parent for.
        let seen = [chain, "DS15_HAS_CDS_AND_CDNSKEY"];
        assert_content(&ask_zonemaster(), &seen);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zonemaster_finds_nothing_wrong_with_paynamed() {
    if !is_inside("zonemaster::zonemaster_finds_nothing_wrong_with_paynamed") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let records = "@ 300 MX 10 mail\nmail 300 A 9.55.2.25\n@ 300 TXT \"v=spf1 mx -all\"\n";
    let (_paynamed, ds) = paynamed(folder.path(), "", records).await;
    let registry = format!("{REGISTRY}{ds}");
    let keys = key(KeyAlgorithm::EcdsaP256, true);
    let mut tree = Tree::new(plain(0));
    let tld = read(1, &registry, keys, Denial::Nsec3, now());
    tree.graft(tld, now()).unwrap();
    let _servers = serve(tree).await;
    assert_content(&ask_zonemaster(), &["DS15_HAS_CDS_AND_CDNSKEY"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn zonemaster_minds_signatures_that_have_ended() {
    if !is_inside("zonemaster::zonemaster_minds_signatures_that_have_ended") {
        return;
    }
    let long_ago = UnixTime(now().0 - 60 * 86_400);
    let tree = judged(KeyAlgorithm::EcdsaP256, Denial::Nsec, long_ago);
    let _servers = serve(tree).await;
    let remarks = ask_zonemaster();
    let is_found = |remark: &Remark| remark.is_complaint() && remark.tag == "RRSIG_EXPIRED";
    assert!(remarks.iter().any(is_found), "{remarks:#?}");
}
