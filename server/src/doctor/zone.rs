//! One zone: as our own server has it, as others serve it, and as it is seen from the anchors down.

use std::net::SocketAddr;

use payname_resolver::{
    Outcome, TrustAnchors, UnixTime,
    doctor::{
        Code, Ds, Finding, Heard, Severity, judge_chain, judge_delegation, judge_serials,
        judge_signatures,
    },
    hickory_proto::rr::{Name, RecordType},
    net::{Carrier, Client},
};
use payname_zones::{Key, KeySet};

use super::{
    Doctor,
    ask::ask_soa,
    chain::{self, Keys, taken_apart},
    delegation::{self, addresses, find_parent},
    not_seen, shown,
};
use crate::{
    config::{Config, Domain},
    keys::KeyFiles,
    outbox::Chain,
};

/// A day, in seconds.
const DAY: u64 = 24 * 3600;

/// Everything about one zone; `own` is where our own server answers.
pub(super) async fn examine(
    doctor: &Doctor,
    config: &Config,
    domain: &Domain,
    own: Option<SocketAddr>,
    now: UnixTime,
) -> Vec<Finding> {
    let zone = &domain.zone;
    let files = KeyFiles::new(&config.data_dir);
    // That they are missing has been said.
    let Ok(set) = files.look(zone, domain.keys.clone()) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut serial = None;
    if let Some(own) = own {
        findings.extend(signatures(own, domain, &set, now).await);
        serial = ask_soa(own, zone, Carrier::Udp)
            .await
            .ok()
            .map(|soa| soa.serial);
    }
    let Some(prove) = &config.prove else {
        let what = "without a [prove] table nobody can be asked whether the parent leads here";
        let fix = "add [prove] with a recursive resolver: dns = \"127.0.0.1:53\"";
        findings.push(not_seen(&shown(zone), what).fix(fix));
        findings.extend(servers(doctor, domain, None, serial).await);
        return findings;
    };
    let resolver = match Client::new(prove.dns.clone()) {
        Ok(resolver) => resolver,
        Err(why) => {
            findings.push(not_seen(&shown(zone), Chain(&why)));
            return findings;
        }
    };
    findings.extend(servers(doctor, domain, Some(&resolver), serial).await);
    findings.extend(parent(doctor, domain, &resolver).await);
    let signing = set.keys().iter().filter(|key| signs_keys(key));
    let keys = Keys {
        wanted: wanted(&set),
        signing: signing.map(|key| taken_apart(&key.ds(zone))).collect(),
    };
    findings.extend(chain::examine(prove, &resolver, zone, Some(keys), now).await);
    findings
}

/// What our own server says of the zone, proven from the zone's own keys.
async fn signatures(own: SocketAddr, domain: &Domain, set: &KeySet, now: UnixTime) -> Vec<Finding> {
    let zone = &domain.zone;
    let lines: Vec<_> = set
        .keys()
        .iter()
        .filter(|key| key.entry.is_some())
        .map(|key| format!("{} IN DS {}", zone.to_ascii(), key.ds(zone)))
        .collect();
    let (Ok(client), Ok(anchors)) = (
        Client::new(own.into()),
        TrustAnchors::parse(&lines.join("\n")),
    ) else {
        return Vec::new();
    };
    let look = async |record_type| {
        let gathered = client.gather_at(zone, record_type).await;
        gathered.map(|gathered| gathered.proof.judge(zone, record_type, &anchors, now))
    };
    let mut findings = match look(RecordType::SOA).await {
        Ok(Outcome::Secure(secure)) => {
            let life = u64::from(domain.signature_days).saturating_mul(DAY);
            judge_signatures(zone, secure.window, life, now)
        }
        Ok(outcome) => judge_chain(zone, &outcome),
        Err(why) => vec![not_seen(&shown(zone), Chain(&why))],
    };
    if let Ok(outcome) = look(RecordType::CDS).await {
        findings.extend(child_ds(zone, set, &outcome));
    }
    findings
}

/// Whether the zone asks its parent for the keys that it has (RFC 7344).
fn child_ds(zone: &Name, set: &KeySet, outcome: &Outcome) -> Option<Finding> {
    let shown_there: Vec<_> = match outcome {
        Outcome::Secure(secure) => {
            let records = secure.records.iter();
            records
                .filter_map(|record| Ds::from_rdata(record.rdata()))
                .collect()
        }
        Outcome::Denied(_) => Vec::new(),
        // The chain's own finding says it.
        Outcome::Insecure(_) | Outcome::Bogus(_) => return None,
    };
    let wanted = wanted(set);
    let same =
        wanted.iter().all(|ds| shown_there.contains(ds)) && shown_there.len() == wanted.len();
    // To be forgotten is asked for by a record of its own (RFC 8078 §4).
    let forgotten = shown_there.iter().any(|ds| ds.algorithm == 0);
    if same || forgotten {
        return None;
    }
    let evidence = format!(
        "its CDS records name {} keys, not the {} that it has",
        shown_there.len(),
        wanted.len()
    );
    let fix = "restart the server; a registrar that polls would take the wrong DS records";
    let finding = Finding::new(Severity::Warning, Code::ChildDs, shown(zone), evidence);
    Some(finding.fix(fix))
}

/// Whether all nameservers and secondaries serve the zone as we do.
async fn servers(
    doctor: &Doctor,
    domain: &Domain,
    resolver: Option<&Client>,
    serial: Option<u32>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ask: Vec<(String, SocketAddr)> = Vec::new();
    for server in &domain.nameservers {
        let mut found = match resolver {
            _ if domain.zone.zone_of(server) => domain.addresses.clone(),
            None => domain.addresses.clone(),
            Some(resolver) => match addresses(resolver, server).await {
                Ok(found) => found,
                Err(why) => {
                    findings.push(not_seen(&server.to_ascii(), why));
                    continue;
                }
            },
        };
        found.dedup();
        if found.is_empty() {
            let evidence = format!("the nameserver {} has no address", server.to_ascii());
            let finding = Finding::new(
                Severity::Error,
                Code::Addresses,
                shown(&domain.zone),
                evidence,
            );
            findings.push(finding.fix("enter its A or AAAA record in the zone that it lies in"));
        }
        for ip in found {
            let address = SocketAddr::new(ip, doctor.port);
            ask.push((format!("{} ({address})", server.to_ascii()), address));
        }
    }
    for peer in &domain.distribution.secondaries {
        if !ask.iter().any(|(_, known)| *known == peer.address) {
            ask.push((format!("the secondary {}", peer.address), peer.address));
        }
    }
    let mut heard = Vec::new();
    for (server, address) in ask {
        let soa = ask_soa(address, &domain.zone, Carrier::Udp).await;
        let soa = soa.map_err(|why| why.to_string());
        heard.push(Heard { server, soa });
    }
    findings.extend(judge_serials(&domain.zone, serial, &heard));
    findings
}

/// What the zone above says about who serves the zone.
async fn parent(doctor: &Doctor, domain: &Domain, resolver: &Client) -> Vec<Finding> {
    let found = match doctor.parent {
        Some(parent) => Ok(parent),
        None => find_parent(resolver, &domain.zone, 53).await,
    };
    let seen = match found {
        Ok(parent) => delegation::seen(parent, &domain.zone).await,
        Err(why) => Err(why),
    };
    match seen {
        Ok(seen) => judge_delegation(&domain.zone, &delegation::wanted(domain), &seen),
        Err(why) => vec![not_seen(&shown(&domain.zone), why)],
    }
}

/// What the parent is asked for.
fn wanted(set: &KeySet) -> Vec<Ds> {
    let asked = set.keys().iter().filter(|key| key.is_asked_for());
    asked.map(|key| taken_apart(&key.ds(set.zone()))).collect()
}

fn signs_keys(key: &Key) -> bool {
    use payname_zones::EntryStage::{Active, Joined, Named, Requested, Superseded};
    matches!(
        key.entry_stage(),
        Some(Active | Requested | Named | Joined | Superseded)
    )
}

#[cfg(test)]
mod tests {
    use payname_resolver::{
        Proof, Window,
        proof::{Bogus, Denial, DenialKind, Reason, RecordSetName},
    };
    use payname_zones::KeyPolicy;
    use ring::rand::SystemRandom;

    use super::*;

    const NOW: UnixTime = UnixTime(1_785_988_800);

    /// One is part of every denial; nothing here looks into it.
    fn any_proof() -> Proof {
        let vector = include_str!("../../../resolver/vectors/rfc9102-denial-nsec.hex");
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(vector.trim().as_bytes());
        Proof::parse(&bytes.unwrap()).unwrap()
    }

    #[test]
    fn a_zone_that_does_not_ask_for_its_keys_is_told_once() {
        let zone = Name::from_ascii("example.test.").unwrap();
        let made = KeySet::new(&zone, KeyPolicy::default(), NOW, &SystemRandom::new());
        let (set, _) = made.unwrap();
        let denied = Outcome::Denied(Denial {
            kind: DenialKind::NoData,
            owner: zone.clone(),
            zone: zone.clone(),
            window: Window {
                valid_from: NOW,
                valid_until: NOW,
            },
            cache_ttl: 0,
            proof: any_proof(),
        });
        let finding = child_ds(&zone, &set, &denied).unwrap();
        assert_eq!(finding.code, Code::ChildDs);
        assert!(finding.evidence.contains("0 keys, not the 1"), "{finding}");
        let broken = Outcome::Bogus(Bogus {
            record_set: RecordSetName {
                owner: zone.clone(),
                record_type: RecordType::CDS,
            },
            zone: None,
            reason: Reason::Unsigned,
        });
        assert_eq!(child_ds(&zone, &set, &broken), None);
    }
}
