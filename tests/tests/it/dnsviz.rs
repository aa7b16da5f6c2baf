//! DNSViz, with which operators look at a chain, finds nothing wrong with what `paynamed` answers.
//!
//! As Zonemaster it goes from the root down, in a network namespace of its own.

use payname_tests::judge;
use payname_zones::{Denial, KeyAlgorithm, Tree};
use serde_json::Value;

use crate::zone_judges::key;
use crate::zonemaster::{REGISTRY, addresses, is_inside, now, paynamed, plain, read, serve};

/// No MX record: DNSViz 0.11 breaks off where one leads into the zone itself.
const RECORDS: &str = "\
@      300 TXT   \"v=spf1 -all\"
www    300 A     9.55.2.80
alias  300 CNAME www
*.wild 300 TXT   \"anything\"
alice.user._bitcoin-payment 300 TXT \"bitcoin:?lno=lno1\"
";

/// The apex, a payment name, an alias, a wildcard, and a name that is not there.
const NAMES: [&str; 5] = [
    "example.test",
    "alice.user._bitcoin-payment.example.test",
    "alias.example.test",
    "anyone.wild.example.test",
    "nobody.user._bitcoin-payment.example.test",
];

/// What it says of a zone of `paynamed` with such denials, whose DS record the TLD has as `ds` makes it.
async fn ask_dnsviz(denial: &str, ds: impl Fn(String) -> String) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let denial = format!("denial = \"{denial}\"");
    let (_paynamed, record) = paynamed(folder.path(), &denial, RECORDS).await;
    let root = plain(0);
    let anchor = root.keys().unwrap().entry().dnskey().to_string();
    let registry = format!("{REGISTRY}{}", ds(record));
    let keys = key(KeyAlgorithm::EcdsaP256, true);
    let mut tree = Tree::new(root);
    let tld = read(1, &registry, keys, Denial::Nsec3, now());
    tree.graft(tld, now()).unwrap();
    let _servers = serve(tree).await;
    let servers = ["ns1", "ns2"].into_iter().zip(addresses(0));
    let servers = servers.map(|(name, [v4, v6])| format!("{name}={v4},{name}=[{v6}]"));
    let servers: Vec<String> = servers.collect();
    let anchor = format!(". 3600 IN DNSKEY {anchor}");
    judge::dnsviz(folder.path(), &servers.join(","), &anchor, &NAMES).unwrap()
}

/// Every error and warning in what it says, wherever it stands.
fn complaints(said: &Value) -> Vec<&Value> {
    match said {
        Value::Array(all) => all.iter().flat_map(complaints).collect(),
        Value::Object(fields) => {
            let of_field = |(name, value)| match name {
                "errors" | "warnings" => vec![value],
                _ => complaints(value),
            };
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value));
            fields.flat_map(of_field).collect()
        }
        _ => Vec::new(),
    }
}

fn assert_content(said: &Value) {
    let complaints = complaints(said);
    assert!(complaints.is_empty(), "{complaints:#?}");
    for zone in ["test.", "example.test."] {
        let status = &said[zone]["delegation"]["status"];
        assert_eq!(status, "SECURE", "{zone}: {said:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dnsviz_finds_nothing_wrong_with_compact_denials() {
    if is_inside("dnsviz::dnsviz_finds_nothing_wrong_with_compact_denials") {
        assert_content(&ask_dnsviz("compact", |ds| ds).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dnsviz_finds_nothing_wrong_with_nsec3() {
    if is_inside("dnsviz::dnsviz_finds_nothing_wrong_with_nsec3") {
        assert_content(&ask_dnsviz("nsec3", |ds| ds).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dnsviz_minds_a_ds_record_of_another_key() {
    if !is_inside("dnsviz::dnsviz_minds_a_ds_record_of_another_key") {
        return;
    }
    let other = |ds: String| {
        let (rest, digest) = ds.trim_end().rsplit_once(' ').unwrap();
        format!("{rest} {}\n", digest.chars().rev().collect::<String>())
    };
    let said = ask_dnsviz("compact", other).await;
    assert!(!complaints(&said).is_empty(), "{said:#}");
}
