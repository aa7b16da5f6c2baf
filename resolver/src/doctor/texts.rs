//! The TXT records at a name: which one is meant, and what became of it on its way into DNS.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

use hickory_proto::rr::Name;

use super::{Code, Finding, Severity, wallets};
use crate::{Instructions, text::shown};

/// What payment records begin with, in any case.
const PREFIX: &str = "bitcoin:";
/// The longest string of a TXT record.
const STRING: usize = 255;
/// What forms and mails make of a URI, and what it was.
const MARKS: [(&str, &str); 9] = [
    ("\\", "a backslash"),
    ("\"", "a quote"),
    ("“", "a printer's quote"),
    ("”", "a printer's quote"),
    ("&amp;", "`&amp;` for `&`"),
    ("%3F", "`%3F` for `?`"),
    ("%3f", "`%3F` for `?`"),
    ("%3D", "`%3D` for `=`"),
    ("%26", "`%26` for `&`"),
];

/// What is wrong with the TXT records at the place of a payment record; each is its RDATA.
///
/// ```
/// use payname_resolver::doctor::{Code, judge_texts};
///
/// let owner = "alice.user._bitcoin-payment.example.com.".parse().unwrap();
/// let texts: [&[u8]; 2] = [b"\x09bitcoin:a", b"\x09bitcoin:b"];
/// assert_eq!(judge_texts(&owner, &texts)[0].code, Code::SeveralPaymentTexts);
/// ```
pub fn judge_texts(owner: &Name, records: &[impl AsRef<[u8]>]) -> Vec<Finding> {
    let subject = owner.to_ascii();
    let error = |code, evidence: String| Finding::new(Severity::Error, code, &*subject, evidence);
    let records: Vec<Strings> = records
        .iter()
        .map(|rdata| Strings::of(rdata.as_ref()))
        .collect();
    let is_payment = |strings: &&Strings| begins(&strings.joined);
    let payments: Vec<&Strings> = records.iter().filter(is_payment).collect();
    let others: Vec<&Strings> = records.iter().filter(|one| !is_payment(one)).collect();
    let [payment] = payments.as_slice() else {
        return match payments.is_empty() {
            true => vec![nothing(&subject, &others)],
            false => {
                let all: Vec<_> = payments.iter().map(|one| shown(&one.joined)).collect();
                let evidence = format!(
                    "{} records begin with `bitcoin:`: {}",
                    all.len(),
                    all.join(" | ")
                );
                vec![
                    error(Code::SeveralPaymentTexts, evidence)
                        .fix("leave exactly one; payers refuse several"),
                ]
            }
        };
    };
    if let Some(whole) = others.iter().find_map(|other| continued(payment, other)) {
        let evidence =
            "the URI goes on in another TXT record; payers never join records".to_owned();
        let fix = format!("enter it as one record: {}", as_strings(&whole));
        return vec![error(Code::SplitOverRecords, evidence).fix(fix)];
    }
    let mut findings = Vec::new();
    findings.extend(marked(&subject, &payment.joined));
    findings.extend(broken(&subject, payment));
    if let Some(other) = others.first() {
        let evidence = format!(
            "{} other TXT records stand here too: {}",
            others.len(),
            shown(&other.joined)
        );
        let finding = match wallets::limited(Code::OtherTexts) {
            Some(limits) => Finding::new(
                Severity::Warning,
                Code::OtherTexts,
                &*subject,
                format!("{evidence}; {limits}"),
            ),
            None => Finding::new(Severity::Info, Code::OtherTexts, &*subject, evidence),
        };
        findings.push(finding.fix("move them elsewhere if they do not have to be here"));
    }
    findings
}

/// A TXT record: its strings, and what they make.
struct Strings {
    each: Vec<String>,
    joined: String,
}

impl Strings {
    fn of(mut rdata: &[u8]) -> Self {
        let mut each = Vec::new();
        let mut all = Vec::new();
        while let Some((length, rest)) = rdata.split_first() {
            let (string, behind) = rest
                .split_at_checked(usize::from(*length))
                .unwrap_or((rest, &[]));
            each.push(String::from_utf8_lossy(string).into_owned());
            all.extend_from_slice(string);
            rdata = behind;
        }
        Self {
            each,
            joined: String::from_utf8_lossy(&all).into_owned(),
        }
    }
}

fn begins(text: &str) -> bool {
    text.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// No record begins as it should: which one was meant?
fn nothing(subject: &str, others: &[&Strings]) -> Finding {
    let error = |code, evidence: String| Finding::new(Severity::Error, code, subject, evidence);
    for Strings { joined, .. } in others {
        let bare = joined.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        if begins(bare) {
            let evidence = format!(
                "what should begin with `bitcoin:` begins with other characters: {}",
                shown(joined)
            );
            let bare = bare.trim_end_matches(['"', '”', '\\', ' ']);
            return error(Code::Escaped, evidence).fix(format!("enter it as {}", as_strings(bare)));
        }
        let lower = bare.to_ascii_lowercase();
        let code = lower.strip_prefix("lightning:").unwrap_or(&lower);
        if ["lno1", "lnbc1", "lnbc", "b12=", "lnurl1"]
            .iter()
            .any(|start| code.starts_with(start))
            || lower.starts_with("lightning:")
        {
            let evidence = format!("it is no `bitcoin:` URI: {}", shown(joined));
            let fix = match code.strip_prefix("b12=").unwrap_or(code) {
                offer if offer.starts_with("lno1") => format!(
                    "enter it as {}",
                    as_strings(&format!("bitcoin:?lno={offer}"))
                ),
                _ => "make a BOLT 12 offer and enter bitcoin:?lno=lno1…".to_owned(),
            };
            return error(Code::NotBip321, evidence).fix(fix);
        }
    }
    let evidence = match others {
        [] => "there is no TXT record".to_owned(),
        all => {
            let all: Vec<_> = all.iter().map(|one| shown(&one.joined)).collect();
            format!(
                "no TXT record begins with `bitcoin:`; there is: {}",
                all.join(" | ")
            )
        }
    };
    error(Code::NoPaymentText, evidence)
        .fix("enter the payment URI, such as bitcoin:?lno=lno1…, as a TXT record there")
}

/// The whole, if `other` is the end of what `payment` begins.
fn continued(payment: &Strings, other: &Strings) -> Option<String> {
    let is_whole =
        |uri: &str| Instructions::parse(uri).is_ok_and(|read| read.rejected().is_empty());
    let whole = format!("{}{}", payment.joined, other.joined);
    (!is_whole(&payment.joined) && is_whole(&whole)).then_some(whole)
}

/// Marks of a form inside the URI.
fn marked(subject: &str, uri: &str) -> Option<Finding> {
    // In a label, `%26` is right; what reads as a payment URI throughout was not encoded twice.
    let reads = Instructions::parse(uri).is_ok_and(|read| read.rejected().is_empty());
    let mut marks = MARKS
        .iter()
        .filter(|(mark, _)| !reads || !mark.starts_with('%'));
    let (mark, what) = marks.find(|(mark, _)| uri.contains(mark))?;
    let evidence = format!("there is {what} in it: {}", shown(around(uri, mark)));
    let mut clean = uri
        .replace("\\\"", "")
        .replace("\\;", ";")
        .replace("&amp;", "&");
    for (mark, by) in [
        ("\\", ""),
        ("\"", ""),
        ("“", ""),
        ("”", ""),
        ("%3F", "?"),
        ("%3f", "?"),
        ("%3D", "="),
        ("%26", "&"),
    ] {
        clean = clean.replace(mark, by);
    }
    let fix = format!("enter the URI alone: {}", as_strings(&clean));
    Some(Finding::new(Severity::Error, Code::Escaped, subject, evidence).fix(fix))
}

fn around<'a>(text: &'a str, mark: &str) -> &'a str {
    let at = text.find(mark).unwrap_or(0);
    let from = text
        .char_indices()
        .map(|(index, _)| index)
        .take_while(|index| *index <= at);
    let from = from.collect::<Vec<_>>();
    let start = from.iter().rev().nth(8).copied().unwrap_or(0);
    text.get(start..).unwrap_or(text)
}

/// White space or a cut where the strings meet.
fn broken(subject: &str, payment: &Strings) -> Option<Finding> {
    let ends: Vec<&String> = payment
        .each
        .iter()
        .filter(|string| !string.is_empty())
        .collect();
    let meets = ends.windows(2).any(|two| {
        let [one, other] = two else { return false };
        one.ends_with(char::is_whitespace) || other.starts_with(char::is_whitespace)
    });
    let clean: String = payment.joined.split_whitespace().collect();
    let fix = format!("enter it as {}", as_strings(&clean));
    if meets || payment.joined != payment.joined.trim() {
        let evidence = "there is white space where its strings meet or end".to_owned();
        return Some(Finding::new(Severity::Error, Code::Spaced, subject, evidence).fix(fix));
    }
    let is_cut = payment.joined.len() == STRING
        && !Instructions::parse(&payment.joined).is_ok_and(|read| read.rejected().is_empty());
    is_cut.then(|| {
        let evidence =
            "it ends after exactly 255 bytes, in the middle of a code: the rest was cut off"
                .to_owned();
        let fix = "enter it again as several strings of at most 255 bytes in one record";
        Finding::new(Severity::Error, Code::Spaced, subject, evidence).fix(fix)
    })
}

/// A text as the strings of one TXT record.
fn as_strings(text: &str) -> String {
    let mut strings = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(STRING);
        while !rest.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let (string, behind) = rest.split_at(end);
        strings.push(format!("\"{string}\""));
        rest = behind;
    }
    strings.join(" ")
}
