//! A parent that polls secures a zone by itself: what RFC 9615 §4 has it check, checked.

use std::collections::BTreeSet;

use payname_resolver::{
    Outcome, TrustAnchors, UnixTime,
    hickory_proto::rr::{Name, RecordType},
    net::Client,
};
use payname_server::{Clock, Config, Running, Server, ZoneRequest, ask_server, ds_records_on_disk};
use payname_zones::Duty;

use crate::scene::{DOMAIN, config_text, now};

const CHILD: &str = "customer.example";

/// A provider's zone and, where there is a customer, a zone of his on its nameserver.
fn config(directory: &std::path::Path, has_customer: bool) -> Config {
    let customer = format!(
        "[[domain]]\nname = \"{CHILD}\"\nnameservers = [\"ns1.{DOMAIN}\", \"ns.elsewhere.test\"]\n"
    );
    let text = config_text("") + if has_customer { &customer } else { "" };
    Config::parse(&text, &directory.join("paynamed.toml")).unwrap()
}

/// What records of a name say, proven from an anchor; none where it is proven that there are none.
async fn proven(
    running: &Running,
    anchor: &str,
    name: &Name,
    kind: RecordType,
) -> Option<BTreeSet<Vec<u8>>> {
    let client = Client::new(running.dns_addr().into()).unwrap();
    let gathered = client.gather_at(name, kind).await.unwrap();
    let anchors = TrustAnchors::parse(anchor).unwrap();
    let outcome = gathered.proof.judge(name, kind, &anchors, UnixTime(now()));
    match outcome {
        Outcome::Secure(secure) => {
            let records = secure.records.iter();
            Some(records.map(|record| record.rdata().to_vec()).collect())
        }
        Outcome::Denied(_) => None,
        other => panic!("{name} {kind}: {other:?}"),
    }
}

/// What a parent would take for the DS records of a child: the child's CDS and CDNSKEY records,
/// where the zone of its nameserver, which is secure, says the same of both.
async fn accepted(running: &Running, provider: &str, own: &str) -> Option<BTreeSet<Vec<u8>>> {
    let child = Name::from_ascii(format!("{CHILD}.")).unwrap();
    let signal = format!("_dsboot.{CHILD}._signal.ns1.{DOMAIN}.");
    let signal = Name::from_ascii(signal).unwrap();
    let mut cds = None;
    for kind in [RecordType::CDNSKEY, RecordType::CDS] {
        let told = proven(running, provider, &signal, kind).await?;
        // The child's own answer, which its parent cannot verify yet.
        let asked = proven(running, own, &child, kind).await?;
        if told != asked {
            return None;
        }
        cds = Some(told);
    }
    cds
}

fn digests(lines: &[String]) -> BTreeSet<Vec<u8>> {
    let wire = |line: &String| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let tag: u16 = fields[4].parse().unwrap();
        let mut wire = tag.to_be_bytes().to_vec();
        wire.extend([fields[5].parse::<u8>().unwrap(), fields[6].parse().unwrap()]);
        let digest = fields[7].to_ascii_lowercase();
        wire.extend(data_encoding::HEXLOWER.decode(digest.as_bytes()).unwrap());
        wire
    };
    lines.iter().map(wire).collect()
}

#[tokio::test]
async fn a_parent_that_polls_takes_the_keys_of_a_zone_on_a_secure_nameserver_as_they_change() {
    let directory = tempfile::tempdir().unwrap();
    let both = config(directory.path(), true);
    let running = Server::start(both.clone(), Clock::system()).await.unwrap();
    let [provider, own] = running.ds_records().try_into().unwrap();
    let of_child = || {
        let mut lines = ds_records_on_disk(&both).unwrap();
        lines.retain(|line| line.starts_with(CHILD));
        digests(&lines)
    };
    let first = accepted(&running, &provider, &own).await;
    assert_eq!(first, Some(of_child()));

    ask_server(&both, CHILD, ZoneRequest::Roll(Duty::Entry)).unwrap();
    running.look_after_keys().await;
    let second = accepted(&running, &provider, &own).await;
    assert_eq!(second.as_ref().map(BTreeSet::len), Some(2));
    assert_eq!(second, Some(of_child()));
    running.shutdown().await;

    // The zone of the nameserver itself is not spoken for; and who has left, no more.
    let alone = config(directory.path(), false);
    let running = Server::start(alone, Clock::system()).await.unwrap();
    for child in [CHILD, DOMAIN] {
        let signal = format!("_dsboot.{child}._signal.ns1.{DOMAIN}.");
        let signal = Name::from_ascii(signal).unwrap();
        for kind in [RecordType::CDS, RecordType::CDNSKEY] {
            assert_eq!(proven(&running, &provider, &signal, kind).await, None);
        }
    }
    running.shutdown().await;
}

#[tokio::test]
async fn a_zone_that_is_to_be_forgotten_has_no_signal() {
    let directory = tempfile::tempdir().unwrap();
    let both = config(directory.path(), true);
    let running = Server::start(both.clone(), Clock::system()).await.unwrap();
    let [provider, own] = running.ds_records().try_into().unwrap();
    ask_server(&both, CHILD, ZoneRequest::DangerForget).unwrap();
    running.look_after_keys().await;
    assert_eq!(accepted(&running, &provider, &own).await, None);
    ask_server(&both, CHILD, ZoneRequest::Keep).unwrap();
    running.look_after_keys().await;
    assert!(accepted(&running, &provider, &own).await.is_some());
    running.shutdown().await;
}
