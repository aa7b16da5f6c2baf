//! A domain that somebody else serves (`[domain.publish]`): whether its provider lets us in, whether it signs,
//! whether its name servers answer, and whether the zone is proven from the anchors down.

use std::{net::SocketAddr, sync::Arc};

use payname_resolver::{
    UnixTime,
    doctor::{Code, Ds, Finding, Heard, Severity, judge_serials},
    hickory_proto::rr::Name,
    net::{Carrier, Client},
};

use super::{
    Doctor,
    ask::ask_soa,
    chain::{self, Keys},
    delegation::{addresses, name_servers},
    not_seen, shown,
};
use crate::{
    clock::Clock,
    config::{Config, ProvidedDomain},
    outbox::Chain,
    publisher::{Provider, ProviderError, Signing},
};

/// Everything about one domain; nothing is changed there.
pub(super) async fn examine(
    doctor: &Doctor,
    config: &Config,
    provided: &ProvidedDomain,
    clock: &Clock,
) -> Vec<Finding> {
    let zone = &provided.domain.zone;
    let mut findings = Vec::new();
    let told = match signing(provided, clock).await {
        Ok(told) => told,
        Err(finding) => {
            findings.push(finding);
            Vec::new()
        }
    };
    let Some(prove) = &config.prove else {
        return findings; // not for a configuration that was taken
    };
    match Client::new(prove.dns.clone()) {
        Ok(resolver) => {
            findings.extend(servers(doctor, zone, &resolver).await);
            let keys = (!told.is_empty()).then(|| Keys::told(told));
            let now: UnixTime = clock.now();
            findings.extend(chain::examine(prove, &resolver, zone, keys, now).await);
        }
        Err(why) => findings.push(not_seen(&shown(zone), Chain(&why))),
    }
    findings
}

/// What the provider says of signatures: the DS records, as far as it tells them.
async fn signing(provided: &ProvidedDomain, clock: &Clock) -> Result<Vec<Ds>, Finding> {
    let zone = shown(&provided.domain.zone);
    let provider: Arc<dyn Provider> = match provided.open(clock) {
        Ok(Some(provider)) => provider,
        Ok(None) => return Ok(Vec::new()), // by hand
        Err(why) => {
            let finding = Finding::new(
                Severity::Error,
                Code::Provider,
                zone,
                Chain(&why).to_string(),
            );
            return Err(finding.fix("correct [domain.publish]: docs/publishers.md"));
        }
    };
    match provider.signs().await {
        Ok(Signing::Signed(lines)) => Ok(lines.iter().filter_map(|line| ds(line)).collect()),
        Ok(Signing::Unknown) => Ok(Vec::new()),
        Ok(Signing::Unsigned) => {
            let evidence = format!("{} does not sign the zone", provider.place());
            let finding = Finding::new(Severity::Error, Code::ProviderUnsigned, zone, evidence);
            Err(finding
                .fix("turn DNSSEC on for it there, then enter the DS record at the registrar"))
        }
        Err(why @ (ProviderError::NoAnswer { .. } | ProviderError::Limited { .. })) => {
            Err(not_seen(&zone, Chain(&why)))
        }
        Err(why) => {
            let evidence = Chain(&why).to_string();
            let finding = Finding::new(Severity::Error, Code::Provider, zone, evidence);
            Err(finding.fix("see docs/publishers.md for what the provider needs"))
        }
    }
}

/// The data of a line like `example.com. 3600 IN DS 2371 13 2 ABCDEF`.
fn ds(line: &str) -> Option<Ds> {
    let (_, data) = line.split_once(" DS ")?;
    data.parse().ok()
}

/// Whether the name servers that the world is told of serve the zone, with signatures.
async fn servers(doctor: &Doctor, zone: &Name, resolver: &Client) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut heard = Vec::new();
    let servers = match name_servers(resolver, zone).await {
        Ok(servers) => servers,
        Err(why) => return vec![not_seen(&shown(zone), why)],
    };
    for server in servers {
        // Each in one place: who serves for others has many.
        let first = match addresses(resolver, &server).await {
            Ok(found) => found.first().copied(),
            Err(why) => {
                findings.push(not_seen(&server.to_ascii(), why));
                continue;
            }
        };
        let Some(ip) = first else {
            let evidence = format!("the nameserver {} has no address", server.to_ascii());
            let finding = Finding::new(Severity::Error, Code::Addresses, shown(zone), evidence);
            findings
                .push(finding.fix("see at the provider which nameservers the domain is to have"));
            continue;
        };
        let address = SocketAddr::new(ip, doctor.port);
        let soa = ask_soa(address, zone, Carrier::Udp).await;
        heard.push(Heard {
            server: format!("{} ({address})", server.to_ascii()),
            soa: soa.map_err(|why| why.to_string()),
        });
    }
    let judged = judge_serials(zone, None, &heard).into_iter();
    // Which serial each of their servers has is their affair.
    findings.extend(judged.filter(|finding| finding.severity == Severity::Error));
    findings
}
