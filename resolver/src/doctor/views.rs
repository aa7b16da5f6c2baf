//! One name as several servers show it: who has it, who has not, and who has another.

use alloc::{borrow::ToOwned, collections::BTreeSet, format, string::String, vec::Vec};

use hickory_proto::rr::Name;

use super::{Code, Finding, Seen, Severity};
use crate::text::shown;

/// A server, and what it showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The server, as it is to be told of: name and address.
    pub vantage: String,
    /// Whether it is one of the zone's own; a resolver otherwise.
    pub is_authority: bool,
    /// Its answer; why there is none.
    pub seen: Result<Seen, String>,
}

/// Compares what servers show of the TXT records at `owner`.
///
/// `negative_ttl` is how long a denial is remembered, in seconds, where it is known.
///
/// ```
/// use payname_resolver::doctor::{Code, Seen, View, judge_views};
///
/// let owner = "alice.user._bitcoin-payment.example.com.".parse().unwrap();
/// let view = |vantage: &str, data| View {
///     vantage: vantage.to_owned(),
///     is_authority: true,
///     seen: Ok(Seen { is_authoritative: true, is_signed: true, data, ..Seen::default() }),
/// };
/// let views = [view("ns1", vec![b"\x09bitcoin:a".to_vec()]), view("ns2", Vec::new())];
/// let findings = judge_views(&owner, &views, None);
/// assert_eq!(findings[0].code, Code::MissingSomewhere);
/// ```
pub fn judge_views(owner: &Name, views: &[View], negative_ttl: Option<u32>) -> Vec<Finding> {
    let subject = owner.to_ascii();
    let mut findings = Vec::new();
    let mut good: Vec<(&str, &Seen)> = Vec::new();
    for view in views.iter().filter(|view| view.is_authority) {
        match &view.seen {
            // What an alias leads to is another zone's, and its servers'.
            Ok(seen) if seen.is_alias && seen.data.is_empty() => {}
            Ok(seen) if seen.is_authoritative => good.push((&view.vantage, seen)),
            Ok(_) => {
                let evidence = format!("{} answers, but not for this zone", view.vantage);
                let fix = "configure the zone there, or take the server out of the NS records";
                findings
                    .push(Finding::new(Severity::Error, Code::Lame, &*subject, evidence).fix(fix));
            }
            Err(why) => {
                let evidence = format!("{} does not answer: {why}", view.vantage);
                let fix = "is it running, and is port 53 open on UDP and TCP on every firewall before it?";
                findings
                    .push(Finding::new(Severity::Error, Code::Lame, &*subject, evidence).fix(fix));
            }
        }
    }
    findings.extend(missing(&subject, &good));
    findings.extend(unsigned(&subject, &good));
    findings.extend(different(&subject, &good));
    let first = good.iter().find(|(_, seen)| !seen.data.is_empty());
    let authority = first.or(good.first());
    for view in views.iter().filter(|view| !view.is_authority) {
        match (&view.seen, authority) {
            (Err(why), _) => {
                let evidence = format!("{} does not answer: {why}", view.vantage);
                findings.push(
                    Finding::new(Severity::Warning, Code::NotSeen, &*subject, evidence)
                        .fix("ask another resolver"),
                );
            }
            (Ok(seen), Some((_, authority))) => findings.extend(behind(
                &subject,
                &view.vantage,
                seen,
                authority,
                negative_ttl,
            )),
            (Ok(_), None) => {}
        }
    }
    findings
}

fn names(all: &[&str]) -> String {
    all.join(", ")
}

fn missing(subject: &str, good: &[(&str, &Seen)]) -> Option<Finding> {
    let without: Vec<&str> = good
        .iter()
        .filter(|(_, seen)| seen.data.is_empty())
        .map(|(vantage, _)| *vantage)
        .collect();
    if without.is_empty() || without.len() == good.len() {
        return None;
    }
    let evidence = format!(
        "{} of {} nameservers do not have it: {}",
        without.len(),
        good.len(),
        names(&without)
    );
    let fix = "see why they do not transfer the zone, or whether they refuse underscores";
    Some(Finding::new(Severity::Error, Code::MissingSomewhere, subject, evidence).fix(fix))
}

fn unsigned(subject: &str, good: &[(&str, &Seen)]) -> Option<Finding> {
    let without: Vec<&str> = good
        .iter()
        .filter(|(_, seen)| !seen.is_signed)
        .map(|(vantage, _)| *vantage)
        .collect();
    if without.is_empty() || without.len() == good.len() {
        return None;
    }
    let evidence = format!("without signatures answers: {}", names(&without));
    let fix = "have it transfer the signed zone, and answer with DNSSEC records";
    Some(Finding::new(Severity::Error, Code::ServersDiffer, subject, evidence).fix(fix))
}

fn different(subject: &str, good: &[(&str, &Seen)]) -> Option<Finding> {
    let mut with = good.iter().filter(|(_, seen)| !seen.data.is_empty());
    let (first, one) = with.next()?;
    let (other, differing) = with.find(|(_, seen)| set(seen) != set(one))?;
    let (code, what, fix) = difference(one, differing);
    let evidence = format!("{first} and {other} have {what}");
    Some(Finding::new(Severity::Error, code, subject, evidence).fix(fix))
}

/// The records as a set, since their order means nothing.
fn set(seen: &Seen) -> BTreeSet<&Vec<u8>> {
    seen.data.iter().collect()
}

fn difference(one: &Seen, other: &Seen) -> (Code, String, &'static str) {
    if strings(one) == strings(other) {
        let what = "the strings of the record in another order".to_owned();
        (
            Code::Order,
            what,
            "tell the DNS host; strings of a TXT record have an order",
        )
    } else {
        let (one, other) = (told(one), told(other));
        let what = format!("other records: {one}, and {other}");
        (
            Code::ServersDiffer,
            what,
            "see why they do not transfer the zone",
        )
    }
}

/// All strings of all records, sorted.
fn strings(seen: &Seen) -> Vec<&[u8]> {
    let mut all = Vec::new();
    for mut rdata in seen.data.iter().map(Vec::as_slice) {
        while let Some((length, rest)) = rdata.split_first() {
            let (string, behind) = rest
                .split_at_checked(usize::from(*length))
                .unwrap_or((rest, &[]));
            all.push(string);
            rdata = behind;
        }
    }
    all.sort_unstable();
    all
}

fn told(seen: &Seen) -> String {
    match seen.payment() {
        Some(uri) => shown(&String::from_utf8_lossy(&uri)),
        None => format!("{} records that are no payment record", seen.data.len()),
    }
}

/// A resolver that remembers something else than the nameservers have.
fn behind(
    subject: &str,
    vantage: &str,
    seen: &Seen,
    authority: &Seen,
    negative_ttl: Option<u32>,
) -> Option<Finding> {
    let warning = |code, evidence: String| Finding::new(Severity::Warning, code, subject, evidence);
    match (seen.data.is_empty(), authority.data.is_empty()) {
        (true, false) => {
            let wait = negative_ttl.map_or_else(
                || "an hour or so".to_owned(),
                |ttl| format!("at most {ttl} s"),
            );
            let evidence = format!(
                "the nameservers have the record, and {vantage} still says that there is none"
            );
            Some(
                warning(Code::DenialCached, evidence)
                    .fix(format!("try again later: it forgets within {wait}")),
            )
        }
        (false, true) => {
            let evidence = format!(
                "the nameservers have no record, and {vantage} still has one for {} s",
                seen.ttl
            );
            Some(warning(Code::OldElsewhere, evidence).fix("wait until it has forgotten it"))
        }
        (false, false) if set(seen) != set(authority) => {
            if strings(seen) == strings(authority) {
                let evidence = format!("{vantage} has the strings of the record in another order");
                return Some(
                    warning(Code::Order, evidence)
                        .fix("ask another resolver; this one breaks the record"),
                );
            }
            let evidence = format!(
                "{vantage} still has another record for {} s: {}",
                seen.ttl,
                told(seen)
            );
            Some(warning(Code::OldElsewhere, evidence).fix("keep the old offer alive until then"))
        }
        _ => None,
    }
}
