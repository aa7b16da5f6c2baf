//! The nameservers of a zone, one beside the other.

use alloc::{format, string::String, vec::Vec};

use hickory_proto::rr::Name;

use super::{Code, Finding, Severity};

/// What one nameserver said when it was asked for the SOA record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The server, as it is to be told of: name and address.
    pub server: String,
    /// Its answer; why there is none.
    pub soa: Result<Soa, String>,
}

/// A zone's SOA record as a nameserver serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soa {
    /// The serial number.
    pub serial: u32,
    /// Whether a signature came with it.
    pub is_signed: bool,
    /// Whether the server speaks for the zone (AA).
    pub is_authoritative: bool,
}

/// Whether every server answers for the zone, with signatures, and all with one serial.
///
/// `expected` is the serial of the primary, where it is known; without it, the latest one is.
///
/// ```
/// use payname_resolver::doctor::{Heard, Report, Soa, judge_serials};
///
/// let zone = "_bitcoin-payment.example.com.".parse().unwrap();
/// let soa = Soa { serial: 7, is_signed: true, is_authoritative: true };
/// let heard = [
///     Heard { server: "ns1.example.com.".into(), soa: Ok(soa) },
///     Heard { server: "ns2.example.com.".into(), soa: Ok(Soa { serial: 5, ..soa }) },
/// ];
/// let report: Report = judge_serials(&zone, None, &heard).into_iter().collect();
/// assert_eq!(report.exit_code(), 21);
/// assert!(report.to_string().contains("ns2.example.com. has serial 5, not 7"));
/// ```
pub fn judge_serials(zone: &Name, expected: Option<u32>, heard: &[Heard]) -> Vec<Finding> {
    let subject = zone.to_ascii();
    let mut findings = Vec::new();
    let serials = heard.iter().filter_map(|heard| heard.soa.as_ref().ok());
    let latest = serials.map(|soa| soa.serial).reduce(later);
    let expected = expected.or(latest);
    for Heard { server, soa } in heard {
        match soa {
            Err(why) => {
                let evidence = format!("{server} does not answer: {why}");
                let fix = "is it running, and is port 53 open on UDP and TCP on every firewall before it?";
                findings
                    .push(Finding::new(Severity::Error, Code::Lame, &*subject, evidence).fix(fix));
            }
            Ok(soa) if !soa.is_authoritative => {
                let evidence = format!("{server} answers, but not for this zone");
                let fix = "configure the zone there, or take the server out of the NS records";
                findings
                    .push(Finding::new(Severity::Error, Code::Lame, &*subject, evidence).fix(fix));
            }
            Ok(soa) if !soa.is_signed => {
                let evidence = format!("{server} answers without signatures");
                let fix = "have it transfer the signed zone, and answer with DNSSEC records";
                let finding =
                    Finding::new(Severity::Error, Code::ServersDiffer, &*subject, evidence);
                findings.push(finding.fix(fix));
            }
            Ok(soa) if expected.is_some_and(|expected| soa.serial != expected) => {
                let wanted = expected.unwrap_or_default();
                let evidence = format!("{server} has serial {}, not {wanted}", soa.serial);
                let fix = "wait a minute; then see why it does not transfer: docs/secondaries.md";
                let finding =
                    Finding::new(Severity::Warning, Code::ServersDiffer, &*subject, evidence);
                findings.push(finding.fix(fix));
            }
            Ok(_) => {}
        }
    }
    findings
}

/// The later of two serials (RFC 1982).
fn later(one: u32, other: u32) -> u32 {
    let ahead = other.wrapping_sub(one);
    if (1..0x8000_0000).contains(&ahead) {
        other
    } else {
        one
    }
}
