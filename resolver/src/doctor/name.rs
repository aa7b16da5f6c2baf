//! A name as somebody wrote it, and names beside each other.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use unicode_security::skeleton;

use super::{Code, Finding, Severity};
use crate::{Handle, HandleError, text::shown};

/// Names that make people believe that the domain itself speaks (RFC 2142, and usual roles).
const OFFICES: [&str; 14] = [
    "abuse",
    "admin",
    "administrator",
    "billing",
    "help",
    "hostmaster",
    "info",
    "noreply",
    "postmaster",
    "root",
    "security",
    "support",
    "sysadmin",
    "webmaster",
];

/// What is wrong with a name as it is written, with or without the `₿`.
///
/// ```
/// use payname_resolver::doctor::{Code, judge_name};
///
/// assert!(judge_name("₿alice@example.com").is_empty());
/// let findings = judge_name("alice.example.com");
/// assert_eq!(findings[0].code, Code::NotAName);
/// assert!(findings[0].fix.contains("alice@example.com"));
/// ```
pub fn judge_name(text: &str) -> Vec<Finding> {
    let bare = text.strip_prefix('₿').unwrap_or(text);
    let handle = match bare.parse::<Handle>() {
        Ok(handle) => handle,
        Err(error) => return vec![refused(bare, &error)],
    };
    let mut findings = Vec::new();
    let mut found = |severity, code, evidence: String, fix: String| {
        findings.push(Finding::new(severity, code, handle.as_str(), evidence).fix(fix));
    };
    if bare != handle.as_str() && bare.chars().any(|c| c.is_ascii_uppercase()) {
        let evidence = "it is written with upper case, which DNS does not tell apart".to_string();
        let fix = format!("write {}", handle.as_str());
        found(Severity::Warning, Code::UpperCase, evidence, fix);
    }
    let labels = handle.as_str().split(['@', '.']);
    if let Some(label) = labels.into_iter().find(|label| label.starts_with("xn--")) {
        let readable = handle.readable();
        let evidence =
            format!("`{label}` is of another script; some wallets show it as it is here");
        let fix = format!("offer a name in plain ASCII beside {readable}");
        found(Severity::Warning, Code::OtherScript, evidence, fix);
    }
    if OFFICES.contains(&handle.user()) {
        let evidence = format!("`{}` is taken for the domain itself", handle.user());
        let fix = "give it to nobody but yourself".to_string();
        found(Severity::Warning, Code::LookAlike, evidence, fix);
    }
    if handle.user().contains('.') {
        let (first, above) = handle.user().split_once('.').unwrap_or_default();
        let evidence = format!(
            "in DNS `{first}` lies below `{above}`; a wildcard or delegation there applies to it too"
        );
        found(Severity::Info, Code::Dotted, evidence, String::new());
    }
    findings
}

fn refused(bare: &str, error: &HandleError) -> Finding {
    let (code, fix) = match error {
        HandleError::MissingAt(_) => {
            let guess = bare
                .split_once('.')
                .map(|(user, domain)| format!("{user}@{domain}"));
            let guess = guess.filter(|guess| guess.parse::<Handle>().is_ok());
            let guess = guess.unwrap_or_else(|| "alice@example.com".to_string());
            (Code::NotAName, format!("write it as {guess}"))
        }
        HandleError::SeveralAt(_) => (Code::NotAName, "write it as alice@example.com".to_string()),
        HandleError::EmptyLabel(_) if bare.starts_with('@') || bare.ends_with('@') => {
            (Code::NotAName, "write it as alice@example.com".to_string())
        }
        HandleError::EmptyLabel(_) => (
            Code::Characters,
            "leave out dots at either end and beside each other".to_string(),
        ),
        HandleError::LabelTooLong { .. } | HandleError::NameTooLong { .. } => {
            (Code::TooLong, "choose a shorter name".to_string())
        }
        HandleError::NotAscii { .. } | HandleError::Doubtful { .. } => {
            let ascii = Handle::from_unicode(bare).ok();
            let fix = ascii.map_or_else(
                || "choose a name in plain ASCII".to_string(),
                |ascii| {
                    format!(
                        "publish {}, and offer a name in plain ASCII beside it",
                        ascii.as_str()
                    )
                },
            );
            let severity = match Handle::from_unicode(bare) {
                Ok(_) => Severity::Warning,
                Err(_) => Severity::Error,
            };
            return Finding::new(severity, Code::OtherScript, shown(bare), error.to_string())
                .fix(fix);
        }
        _ => {
            let fix = "choose a name of letters, digits, `-`, `_` and `.`".to_string();
            (Code::Characters, fix)
        }
    };
    Finding::new(Severity::Error, code, shown(bare), error.to_string()).fix(fix)
}

/// Names of one domain that can be mistaken for each other (UTS 39 §4); an `i` counts as an `l`.
///
/// ```
/// use payname_resolver::{Handle, doctor::judge_look_alikes};
///
/// let names = ["paypal@a.test", "paypa1@a.test", "bob@a.test"];
/// let names: Vec<Handle> = names.iter().map(|name| name.parse().unwrap()).collect();
/// let findings = judge_look_alikes(&names);
/// assert_eq!(findings.len(), 1);
/// assert!(findings[0].evidence.contains("paypal, paypa1"));
/// ```
pub fn judge_look_alikes(names: &[Handle]) -> Vec<Finding> {
    let mut alike: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for name in names {
        let key = (seen_as(name.user()), name.domain());
        let all = alike.entry(key).or_default();
        if !all.contains(&name.user()) {
            all.push(name.user());
        }
    }
    let several = alike.into_iter().filter(|(_, users)| users.len() > 1);
    let each = several.map(|((_, domain), users)| {
        let evidence = format!("these look alike: {}", users.join(", "));
        let finding = Finding::new(Severity::Warning, Code::LookAlike, domain, evidence);
        finding.fix("keep one of them, or have them all pay the same")
    });
    each.collect()
}

fn seen_as(user: &str) -> String {
    let written: String = user
        .chars()
        .map(|c| if c == 'i' { 'I' } else { c })
        .collect();
    let seen: String = skeleton(&written).collect();
    seen.to_lowercase()
}
