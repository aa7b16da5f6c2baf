//! The way from an anchor to a payment record: what is good and yet not for everybody.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{Code, Ds, Finding, Seen, Severity, judge_signatures, wallets};
use crate::{
    proof::{Detail, Explanation, Outcome, ResourceRecord},
    time::UnixTime,
};

/// Algorithms that the small verifier of wallets and hardware signers knows (`dnssec-prover`).
const COMMON: [u8; 4] = [8, 10, 13, 14];

/// What a proven chain has that some payers do not take, or that will end soon.
///
/// ```
/// use payname_resolver::{
///     Handle, Proof, TrustAnchors, UnixTime,
///     doctor::{Code, judge_links},
///     hickory_proto::rr::RecordType,
/// };
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-02-override-cname-wild.hex").trim())?;
/// let handle: Handle = "override.x_domain_cname_wild@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let (owner, now) = (handle.owner_name(), UnixTime(1_754_700_000));
/// let chain = Proof::parse(&bytes)?.explain(owner, RecordType::TXT, &TrustAnchors::iana(), now);
/// let findings = judge_links(handle.as_str(), &chain, now);
/// assert!(findings.iter().any(|finding| finding.code == Code::ProofFacts));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge_links(subject: &str, chain: &Explanation, now: UnixTime) -> Vec<Finding> {
    let Outcome::Secure(secure) = &chain.outcome else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let warning = |code, evidence: String| Finding::new(Severity::Warning, code, subject, evidence);
    let hops = chain.links.iter().filter_map(|link| match &link.detail {
        Detail::Alias(target) => Some(format!(
            "{} leads to {}",
            link.record_set,
            target.to_ascii()
        )),
        _ => None,
    });
    let hops: Vec<String> = hops.collect();
    if !hops.is_empty() {
        let limits = wallets::limited(Code::Alias).map(|limits| format!("; {limits}"));
        let evidence = format!("{}{}", hops.join(", "), limits.unwrap_or_default());
        findings.push(
            warning(Code::Alias, evidence)
                .fix("publish the TXT record itself if such wallets matter to you"),
        );
    }
    if let Some(wildcard) = chain.links.iter().find_map(|link| link.wildcard.as_ref()) {
        let evidence = format!(
            "it is made from {}: every name is payable, misspelt ones too",
            wildcard.to_ascii()
        );
        findings.push(warning(Code::Wildcard, evidence).fix("publish each name by itself"));
    }
    let rare = chain
        .links
        .iter()
        .find(|link| !COMMON.contains(&link.algorithm));
    findings.extend(rare.map(|link| {
        let evidence = format!(
            "{} signs with algorithm {}, which small verifiers lack",
            link.zone.to_ascii(),
            link.algorithm
        );
        warning(Code::RareAlgorithm, evidence)
            .fix("sign with algorithm 13; hardware signers may not verify this")
    }));
    let sha1 = chain.links.iter().find(|link| match &link.detail {
        Detail::Delegation(digests) => digests.iter().all(|digest| digest.digest_type == 1),
        _ => false,
    });
    findings.extend(sha1.map(|link| {
        let evidence = format!(
            "the DS record of {} is a SHA-1 digest alone",
            link.record_set.owner.to_ascii()
        );
        Finding::new(Severity::Info, Code::Algorithm, subject, evidence)
            .fix("add one of digest type 2")
    }));
    if let Some(link) = chain
        .links
        .iter()
        .min_by_key(|link| link.window.valid_until)
    {
        let life = link.window.valid_from.until(link.window.valid_until);
        let mut soon = judge_signatures(&link.zone, link.window, life, now);
        let left = now.until(link.window.valid_until);
        if soon.is_empty() && left < u64::from(link.original_ttl) {
            let evidence = format!(
                "the signature of {} ends in {left} s, before its TTL of {} s",
                link.record_set, link.original_ttl
            );
            soon.push(warning(Code::SignatureEndsSoon, evidence));
        }
        findings.extend(
            soon.into_iter()
                .map(|finding| finding.fix("see whether the zone's signer runs")),
        );
    }
    findings.push(facts(
        subject,
        chain,
        secure.proof.to_bytes().len(),
        secure.cache_ttl,
    ));
    findings
}

fn facts(subject: &str, chain: &Explanation, size: usize, ttl: u32) -> Finding {
    let zones: Vec<String> = chain.zones().map(Name::to_ascii).collect();
    let mut algorithms: Vec<u8> = chain.links.iter().map(|link| link.algorithm).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let algorithms: Vec<String> = algorithms
        .iter()
        .map(|number| format!("{number}"))
        .collect();
    let end = chain.links.iter().map(|link| link.window.valid_until).min();
    let end = end
        .map(|end| format!(", good until {end}"))
        .unwrap_or_default();
    let evidence = format!(
        "the proof has {size} bytes, the zones {}, algorithms {}, may be kept for {ttl} s{end}",
        zones.join(" "),
        algorithms.join(" ")
    );
    Finding::new(Severity::Info, Code::ProofFacts, subject, evidence)
}

/// A zone that is proven to have no DS record: what to do depends on whether it has keys.
///
/// `keys` is the RDATA of its DNSKEY records, as its servers have them.
///
/// ```
/// use payname_resolver::doctor::{Code, judge_unsigned};
///
/// let zone = "example.com.".parse().unwrap();
/// assert_eq!(judge_unsigned(&zone, &[]).code, Code::UnsignedAbove);
/// let key = [&[1, 1, 3, 13][..], &[7; 64]].concat();
/// let finding = judge_unsigned(&zone, &[key]);
/// assert_eq!(finding.code, Code::NoDs);
/// assert!(finding.fix.contains("example.com. IN DS "));
/// ```
pub fn judge_unsigned(zone: &Name, keys: &[Vec<u8>]) -> Finding {
    let subject = zone.to_ascii();
    // Keys that sign keys (RFC 4034 §2.1.1); those of zones with one key alone have the flag too.
    let entries = keys
        .iter()
        .filter(|key| key.get(1).is_some_and(|low| low & 1 == 1));
    let lines: Vec<_> = entries
        .map(|key| format!("{subject} IN DS {}", Ds::of_key(zone, key)))
        .collect();
    if lines.is_empty() {
        let evidence = "the zone is not signed, so nothing in it can be proven";
        let fix = "switch DNSSEC on at its DNS host, then enter the DS record at the registrar";
        return Finding::new(Severity::Error, Code::UnsignedAbove, subject, evidence).fix(fix);
    }
    let evidence = "the zone is signed, but its parent has no DS record";
    let fix = format!("enter at the registrar: {}", lines.join(" and "));
    Finding::new(Severity::Error, Code::NoDs, subject, evidence).fix(fix)
}

/// How a nameserver denies a name that does not exist, and one that only names lie below.
///
/// `missing` is its answer for a made-up name in the zone, `parameters` the RDATA of its NSEC3PARAM record, `above` its
/// answer for `user._bitcoin-payment.DOMAIN`, below which there is a record.
///
/// ```
/// use payname_resolver::doctor::{Code, Seen, judge_denials};
///
/// let zone = "example.com.".parse().unwrap();
/// let denied = Seen { is_name_error: true, ..Seen::default() };
/// // NSEC3 with SHA-1, ten iterations and no salt.
/// let findings = judge_denials(&zone, &denied, Some(&[1, 0, 0, 10, 0]), Some(&denied));
/// let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
/// assert_eq!(codes, [Code::DenialParameters, Code::EmptyNonTerminal]);
/// ```
pub fn judge_denials(
    zone: &Name,
    missing: &Seen,
    parameters: Option<&[u8]>,
    above: Option<&Seen>,
) -> Vec<Finding> {
    let subject = zone.to_ascii();
    let mut findings = Vec::new();
    if let Some([_, _, high, low, ..]) = parameters {
        let iterations = u16::from_be_bytes([*high, *low]);
        if iterations > 0 {
            let evidence = format!("names are denied by NSEC3 with {iterations} iterations");
            let finding = Finding::new(
                Severity::Warning,
                Code::DenialParameters,
                &*subject,
                evidence,
            );
            findings.push(finding.fix("use 0 iterations and no salt (RFC 9276)"));
        }
    }
    let opts_out = |record: &ResourceRecord| {
        record.record_type() == RecordType::NSEC3
            && record.rdata().get(1).is_some_and(|flags| flags & 1 == 1)
    };
    if missing.records.iter().any(opts_out) {
        let evidence = "names are denied by NSEC3 with opt-out, which leaves gaps".to_owned();
        let finding = Finding::new(
            Severity::Warning,
            Code::DenialParameters,
            &*subject,
            evidence,
        );
        findings.push(finding.fix("switch opt-out off; few zones but registries need it"));
    }
    if let Some(owner) = missing.walkable() {
        let evidence = format!(
            "names are denied by NSEC, so anybody can list all users (beginning at {})",
            owner.to_ascii()
        );
        let finding = Finding::new(Severity::Info, Code::DenialParameters, &*subject, evidence);
        findings.push(
            finding
                .fix("use NSEC3, or a server that makes compact denials, if users are not public"),
        );
    }
    if above.is_some_and(|above| above.is_name_error) {
        let evidence =
            "user._bitcoin-payment is said not to exist, though there is a record below it"
                .to_owned();
        let finding = Finding::new(
            Severity::Warning,
            Code::EmptyNonTerminal,
            &*subject,
            evidence,
        );
        findings
            .push(finding.fix("ask the DNS host; until then publish any TXT record at that name"));
    }
    findings
}
