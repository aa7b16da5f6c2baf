//! The chain from an anchor to a zone: keys, DS records and signatures.

use alloc::{format, string::String, vec, vec::Vec};

use hickory_proto::rr::Name;

use super::{Code, Ds, Finding, Severity};
use crate::{
    proof::{Outcome, Reason},
    time::{UnixTime, Window},
};

/// Signatures that are good for less than this are told about, in seconds: three days.
const SOON: u64 = 3 * 24 * 3600;

/// What the outcome of looking up a record of `zone` says of the chain to it.
///
/// A denial is as good as a record: both are signed.
pub fn judge_chain(zone: &Name, outcome: &Outcome) -> Vec<Finding> {
    let subject = zone.to_ascii();
    match outcome {
        Outcome::Secure(_) | Outcome::Denied(_) => Vec::new(),
        Outcome::Insecure(insecure) if insecure.zone == *zone => {
            let parent = insecure.parent.to_ascii();
            let evidence = format!("the parent, {parent}, says that it has no DS record");
            let fix = "enter the zone's DS record there";
            vec![Finding::new(Severity::Error, Code::NoDs, subject, evidence).fix(fix)]
        }
        Outcome::Insecure(insecure) if !insecure.zone.zone_of(zone) => {
            let evidence = format!(
                "an alias leads to {}, which is not signed, so nothing there can be proven",
                insecure.zone.to_ascii()
            );
            let fix = "publish the record in a signed zone";
            vec![Finding::new(Severity::Error, Code::AliasUnsigned, subject, evidence).fix(fix)]
        }
        Outcome::Insecure(insecure) => {
            let above = insecure.zone.to_ascii();
            let evidence =
                format!("{above}, above it, is not signed, so nothing below can be proven");
            let fix = format!(
                "have {above} signed: at its DNS host, then its DS record at its registrar"
            );
            vec![Finding::new(Severity::Error, Code::UnsignedAbove, subject, evidence).fix(fix)]
        }
        Outcome::Bogus(bogus) => {
            let (code, fix) = remedy(&bogus.reason);
            let evidence = format!("{}: {}", bogus.record_set, bogus.reason);
            vec![Finding::new(Severity::Error, code, subject, evidence).fix(fix)]
        }
    }
}

fn remedy(reason: &Reason) -> (Code, &'static str) {
    match reason {
        Reason::NoMatchingDs | Reason::NoSuchKey { .. } => (
            Code::StaleDs,
            "replace the parent's DS records by those of the present keys",
        ),
        Reason::Expired { .. } => (
            Code::SignatureTime,
            "have the zone signed again: is its signer running?",
        ),
        Reason::NotYetValid { .. } => (
            Code::SignatureTime,
            "set the clock of this machine or the signer's right",
        ),
        Reason::Algorithm(_) | Reason::WeakKey { .. } | Reason::DigestType => (
            Code::Algorithm,
            "sign with algorithm 13, and use a DS record of digest type 2",
        ),
        Reason::TooManyHops { .. } | Reason::Ambiguous => (
            Code::AliasUnsigned,
            "let each alias lead straight to the record, and not in a circle",
        ),
        Reason::WildcardUnproven { .. } => (
            Code::WildcardUnproven,
            "ask the DNS host: its server must deny the name itself beside the wildcard",
        ),
        Reason::TooManyIterations { .. } => (
            Code::DenialParameters,
            "use 0 iterations and no salt (RFC 9276)",
        ),
        Reason::Unsigned | Reason::Missing => (
            Code::Broken,
            "a resolver or firewall on the way may strip signatures; ask another one",
        ),
        _ => (
            Code::Broken,
            "compare what each nameserver of that zone serves",
        ),
    }
}

/// Compares the DS records that the parent serves with those that the zone wants there.
///
/// `signing` are those whose keys sign the zone's keys now: one of them has to be at the parent.
pub fn judge_parent_keys(
    zone: &Name,
    wanted: &[Ds],
    signing: &[Ds],
    parent: &[Ds],
) -> Vec<Finding> {
    let subject = zone.to_ascii();
    let missing: Vec<_> = wanted.iter().filter(|ds| !parent.contains(ds)).collect();
    let add = lines(&subject, missing.iter().copied());
    if wanted.is_empty() || signing.iter().any(|ds| parent.contains(ds)) {
        let superfluous: Vec<_> = parent.iter().filter(|ds| !wanted.contains(ds)).collect();
        if missing.is_empty() && superfluous.is_empty() {
            return Vec::new();
        }
        let remove = lines(&subject, superfluous.iter().copied());
        let evidence = "the parent's DS records are not those that the zone asks for now";
        let mut fix = Vec::new();
        if !missing.is_empty() {
            fix.push(format!("add there: {add}"));
        }
        if !superfluous.is_empty() {
            fix.push(format!("remove there: {remove}"));
        }
        let finding = Finding::new(Severity::Warning, Code::ParentBehind, subject, evidence);
        return vec![finding.fix(fix.join("; "))];
    }
    let (code, evidence) = if parent.is_empty() {
        (
            Code::NoDs,
            String::from("the parent has no DS record, so nothing in the zone can be proven"),
        )
    } else {
        let tags: Vec<_> = parent.iter().map(|ds| format!("{}", ds.key_tag)).collect();
        let tags = tags.join(", ");
        (
            Code::StaleDs,
            format!("the parent's DS records (key tag {tags}) match no key of the zone"),
        )
    };
    let what = if parent.is_empty() {
        "enter there"
    } else {
        "enter there instead"
    };
    vec![Finding::new(Severity::Error, code, subject, evidence).fix(format!("{what}: {add}"))]
}

fn lines<'a>(zone: &str, all: impl Iterator<Item = &'a Ds>) -> String {
    let lines: Vec<_> = all.map(|ds| format!("{zone} IN DS {ds}")).collect();
    lines.join(" and ")
}

/// Whether the signatures of a zone are valid now, and for long enough.
///
/// `life` is how long its signatures last when they are new, in seconds: those that have less than a
/// quarter of it (or three days) left should have been renewed.
pub fn judge_signatures(zone: &Name, window: Window, life: u64, now: UnixTime) -> Vec<Finding> {
    let subject = zone.to_ascii();
    let Window {
        valid_from,
        valid_until,
    } = window;
    if now < valid_from {
        let evidence = format!("its signatures begin at {valid_from}, and here it is {now}");
        let finding = Finding::new(Severity::Error, Code::SignatureTime, subject, evidence);
        return vec![finding.fix("set the clocks of this machine and of the signer right")];
    }
    if valid_until < now {
        let evidence = format!("its signatures ended at {valid_until}");
        let finding = Finding::new(Severity::Error, Code::SignatureTime, subject, evidence);
        return vec![finding.fix("start the server, or see in its log why it does not sign")];
    }
    let left = valid_until.0.saturating_sub(now.0);
    let enough = SOON.min(life.checked_div(4).unwrap_or(SOON));
    if left >= enough {
        return Vec::new();
    }
    let hours = left.checked_div(3600).unwrap_or(0);
    let evidence = format!("its signatures end at {valid_until}, in {hours} hours");
    let finding = Finding::new(
        Severity::Warning,
        Code::SignatureEndsSoon,
        subject,
        evidence,
    );
    vec![finding.fix("see in the server's log why it does not sign again")]
}
