//! What the zone above says about who serves a zone.

use alloc::{format, string::String, vec::Vec};
use core::net::IpAddr;

use hickory_proto::rr::Name;

use super::{Code, Finding, Severity};

/// A delegation: nameservers, and their addresses as far as they are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Referral {
    /// The names in the NS records.
    pub nameservers: Vec<Name>,
    /// Addresses by name.
    pub addresses: Vec<(Name, IpAddr)>,
}

/// Compares what the parent serves with what it should.
///
/// Addresses are compared for the names that `wanted` has any for.
///
/// ```
/// use payname_resolver::doctor::{Code, Referral, judge_delegation};
///
/// let zone = "_bitcoin-payment.example.com.".parse().unwrap();
/// let wanted = Referral {
///     nameservers: vec!["ns1.example.com.".parse().unwrap()],
///     ..Referral::default()
/// };
/// assert!(judge_delegation(&zone, &wanted, &wanted).is_empty());
/// let findings = judge_delegation(&zone, &wanted, &Referral::default());
/// assert_eq!(findings[0].code, Code::NameServers);
/// ```
pub fn judge_delegation(zone: &Name, wanted: &Referral, seen: &Referral) -> Vec<Finding> {
    let subject = zone.to_ascii();
    let mut findings = Vec::new();
    if seen.nameservers.is_empty() {
        let evidence = "the parent does not delegate it";
        let fix = format!(
            "enter at the parent: {}",
            records(zone, &wanted.nameservers)
        );
        findings.push(Finding::new(Severity::Error, Code::NameServers, subject, evidence).fix(fix));
        return findings;
    }
    let missing = without(&wanted.nameservers, &seen.nameservers);
    if !missing.is_empty() {
        let evidence = format!("the parent does not name {}", names(&missing));
        let fix = format!("enter at the parent: {}", records(zone, &missing));
        let finding = Finding::new(Severity::Warning, Code::NameServers, &*subject, evidence);
        findings.push(finding.fix(fix));
    }
    let strange = without(&seen.nameservers, &wanted.nameservers);
    if !strange.is_empty() {
        let evidence = format!("the parent also names {}", names(&strange));
        let fix = "take it away there, or write it into `nameservers`; what it does not serve fails for some payers";
        let finding = Finding::new(Severity::Error, Code::NameServers, &*subject, evidence);
        findings.push(finding.fix(fix));
    }
    for server in &wanted.nameservers {
        let of = |referral: &Referral| -> Vec<IpAddr> {
            let all = referral.addresses.iter();
            let all = all.filter(|(name, _)| name == server);
            all.map(|(_, address)| *address).collect()
        };
        let (should, has) = (of(wanted), of(seen));
        let differs =
            should.iter().any(|ip| !has.contains(ip)) || has.iter().any(|ip| !should.contains(ip));
        if should.is_empty() || !differs {
            continue;
        }
        let evidence = match has.is_empty() {
            true => format!("{} has no address there", server.to_ascii()),
            false => format!(
                "{} has the address {} there",
                server.to_ascii(),
                addresses(&has)
            ),
        };
        let fix = format!(
            "enter {} for {} there",
            addresses(&should),
            server.to_ascii()
        );
        let finding = Finding::new(Severity::Error, Code::Addresses, &*subject, evidence);
        findings.push(finding.fix(fix));
    }
    findings
}

fn without(all: &[Name], others: &[Name]) -> Vec<Name> {
    let all = all.iter().filter(|name| !others.contains(name));
    all.cloned().collect()
}

fn names(names: &[Name]) -> String {
    let all: Vec<_> = names.iter().map(Name::to_ascii).collect();
    all.join(", ")
}

fn records(zone: &Name, servers: &[Name]) -> String {
    let zone = zone.to_ascii();
    let all: Vec<_> = servers
        .iter()
        .map(|server| format!("{zone} IN NS {}", server.to_ascii()))
        .collect();
    all.join(" and ")
}

fn addresses(all: &[IpAddr]) -> String {
    let all: Vec<_> = all.iter().map(|ip| format!("{ip}")).collect();
    all.join(", ")
}
