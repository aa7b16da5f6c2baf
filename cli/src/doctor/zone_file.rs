//! The TXT records of a zone file, before it is uploaded (RFC 1035 §5).
//!
//! It reads what it needs and passes the rest over: a linter must not fail at a record type it has
//! never heard of.

use std::collections::BTreeMap;

use payname_resolver::{
    Handle, Record, UnixTime,
    doctor::{
        Code, Finding, Severity, judge_look_alikes, judge_name, judge_texts, judge_ttl, judge_uri,
    },
    hickory_proto::rr::Name,
    lightning::bitcoin::Network,
};

/// The labels between user and domain.
const MIDDLE: &str = ".user._bitcoin-payment.";

/// What is wrong with the payment records of a zone file; `origin` is what names without a final dot
/// end with, unless the file says it.
///
/// # Errors
/// The file cannot be read; which line, and why.
pub(crate) fn examine(
    text: &str,
    origin: Option<&str>,
    network: Network,
    now: UnixTime,
) -> Result<(usize, Vec<Finding>), String> {
    let sets = texts(text, origin)?;
    let mut findings = Vec::new();
    let mut names = Vec::new();
    for (owner, set) in &sets {
        let shown = owner.trim_end_matches('.');
        let handle = shown
            .split_once(MIDDLE)
            .map(|(user, domain)| format!("{user}@{domain}"));
        let is_payment = |data: &Vec<u8>| Record::from_txt([data.as_slice()]).is_ok();
        let Some(text) = handle else {
            if set.data.iter().any(is_payment) {
                findings.push(misplaced(shown));
            }
            continue;
        };
        let (user, domain) = text.split_once('@').unwrap_or_default();
        if domain.len() > 1 && halves(domain) {
            let evidence = "the domain stands in it twice; was the final dot forgotten?";
            let finding = Finding::new(Severity::Error, Code::DomainDoubled, owner, evidence);
            findings.push(finding.fix("end the name with a dot, or leave the domain out"));
            continue;
        }
        if user == "*" {
            let evidence = "it is a wildcard: every name is payable, misspelt ones too";
            let finding = Finding::new(Severity::Warning, Code::Wildcard, owner, evidence);
            findings.push(finding.fix("publish each name by itself"));
        } else {
            findings.extend(judge_name(&text));
            names.extend(text.parse::<Handle>());
        }
        let Ok(name) = Name::from_ascii(owner) else {
            continue;
        };
        let wrong = judge_texts(&name, &set.data);
        let is_readable = wrong
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        findings.extend(wrong);
        if let Ok(record) = Record::from_txt(set.data.iter().map(Vec::as_slice)) {
            if is_readable {
                findings.extend(judge_uri(&text, record.uri(), network, now));
            }
            findings.extend(
                set.ttl
                    .and_then(|ttl| judge_ttl(&text, ttl, record.uri(), now)),
            );
        }
    }
    findings.extend(judge_look_alikes(&names));
    Ok((names.len(), findings))
}

fn misplaced(owner: &str) -> Finding {
    let evidence = "a payment record stands here, where nobody looks for it";
    let finding = Finding::new(Severity::Error, Code::WrongOwner, owner, evidence);
    finding.fix("move it to USER.user._bitcoin-payment.DOMAIN")
}

/// Whether a domain is the same labels twice, such as `example.com.example.com`.
fn halves(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let half = labels.len() / 2;
    let (first, second) = labels.split_at(half);
    half > 0 && first == second
}

/// The TXT records at one name.
#[derive(Default)]
struct Set {
    data: Vec<Vec<u8>>,
    ttl: Option<u32>,
}

/// The TXT records of the file, by owner name with its final dot, in lower case.
fn texts(text: &str, origin: Option<&str>) -> Result<BTreeMap<String, Set>, String> {
    let mut origin = origin.map(|origin| format!("{}.", origin.trim_end_matches('.')));
    let mut sets: BTreeMap<String, Set> = BTreeMap::new();
    let (mut owner, mut default_ttl) = (None, None);
    for Entry {
        line,
        begins_at_margin,
        words,
    } in entries(text)?
    {
        let mut rest = words.as_slice();
        if begins_at_margin && let Some((first, behind)) = rest.split_first() {
            rest = behind;
            match (first.text.to_ascii_uppercase().as_str(), behind.first()) {
                ("$ORIGIN", Some(name)) => {
                    origin = Some(absolute(&name.text, origin.as_deref(), line)?);
                    continue;
                }
                ("$TTL", Some(value)) => {
                    default_ttl = ttl(&value.text);
                    continue;
                }
                (directive, _) if directive.starts_with('$') => {
                    return Err(format!(
                        "line {line}: {} is not followed; put the records into one file",
                        first.text
                    ));
                }
                _ => owner = Some(absolute(&first.text, origin.as_deref(), line)?),
            }
        }
        let mut own_ttl = None;
        while let Some((word, behind)) = rest.split_first() {
            match (ttl(&word.text), word.text.eq_ignore_ascii_case("IN")) {
                (Some(value), _) => own_ttl = Some(value),
                (None, true) => {}
                (None, false) => break,
            }
            rest = behind;
        }
        let Some((kind, strings)) = rest.split_first() else {
            continue;
        };
        if !kind.text.eq_ignore_ascii_case("TXT") {
            continue;
        }
        let owner = owner
            .clone()
            .ok_or_else(|| format!("line {line}: a record without a name"))?;
        let mut rdata = Vec::new();
        for string in strings {
            let length = u8::try_from(string.bytes.len()).map_err(|_| {
                format!("line {line}: a string of {} bytes; at most 255 fit, so split it into several in quotes", string.bytes.len())
            })?;
            rdata.push(length);
            rdata.extend_from_slice(&string.bytes);
        }
        let set = sets.entry(owner.to_ascii_lowercase()).or_default();
        set.data.push(rdata);
        set.ttl = own_ttl.or(default_ttl).or(set.ttl);
    }
    Ok(sets)
}

fn absolute(name: &str, origin: Option<&str>, line: usize) -> Result<String, String> {
    let missing = || {
        format!(
            "line {line}: `{name}` has no final dot, and there is no $ORIGIN; name one with --origin"
        )
    };
    match name {
        "@" => origin.map(str::to_owned).ok_or_else(missing),
        name if name.ends_with('.') => Ok(name.to_owned()),
        name => origin
            .map(|origin| format!("{name}.{origin}"))
            .ok_or_else(missing),
    }
}

/// A TTL in seconds or units (`1h30m`, as BIND writes it).
fn ttl(text: &str) -> Option<u32> {
    let mut total = 0_u32;
    let mut number = None;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(
                number
                    .unwrap_or(0_u32)
                    .checked_mul(10)?
                    .checked_add(digit)?,
            );
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    match number {
        Some(rest) => total.checked_add(rest),
        None if text.is_empty() => None,
        None => Some(total),
    }
}

/// One entry of the file, parentheses undone.
struct Entry {
    line: usize,
    begins_at_margin: bool,
    words: Vec<Word>,
}

/// A word: as bytes with escapes undone, and as text.
struct Word {
    bytes: Vec<u8>,
    text: String,
}

fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut depth = 0_usize;
    let mut current: Option<Entry> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        if depth == 0 {
            entries.extend(current.take());
            let begins_at_margin = line.starts_with(|c: char| !c.is_whitespace());
            current = Some(Entry {
                line: number,
                begins_at_margin,
                words: Vec::new(),
            });
        }
        let Some(entry) = &mut current else { continue };
        let mut bytes = line.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b';' => break,
                b'(' => depth = depth.saturating_add(1),
                b')' => depth = depth.saturating_sub(1),
                b' ' | b'\t' | b'\r' => {}
                first => {
                    let is_quoted = first == b'"';
                    let mut word = Vec::new();
                    let mut next = if is_quoted { bytes.next() } else { Some(first) };
                    loop {
                        match next {
                            Some(b'"') if is_quoted => break,
                            Some(b'\\') => word.push(escaped(&mut bytes)),
                            Some(byte) => word.push(byte),
                            None if is_quoted => {
                                return Err(format!("line {number}: a quote is not closed"));
                            }
                            None => break,
                        }
                        if !is_quoted
                            && bytes.peek().is_none_or(|next| b" \t\r;()\"".contains(next))
                        {
                            break;
                        }
                        next = bytes.next();
                    }
                    let text = String::from_utf8_lossy(&word).into_owned();
                    entry.words.push(Word { bytes: word, text });
                }
            }
        }
    }
    entries.extend(current);
    entries.retain(|entry| !entry.words.is_empty());
    Ok(entries)
}

/// What stands behind a backslash: a character, or the number of a byte.
fn escaped(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> u8 {
    let mut ahead = bytes.clone();
    let digits: Vec<u32> = ahead
        .by_ref()
        .take(3)
        .filter_map(|byte| char::from(byte).to_digit(10))
        .collect();
    let number = digits.iter().fold(0_u32, |number, digit| {
        number.saturating_mul(10).saturating_add(*digit)
    });
    match (digits.len(), u8::try_from(number)) {
        (3, Ok(byte)) => {
            *bytes = ahead;
            byte
        }
        _ => bytes.next().unwrap_or(b'\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_786_000_000);

    fn codes(text: &str) -> Vec<&'static str> {
        let (_, findings) = examine(text, Some("example.com"), Network::Bitcoin, NOW).unwrap();
        findings
            .iter()
            .map(|finding| finding.code.as_str())
            .collect()
    }

    #[test]
    fn every_way_to_write_a_record_is_read_alike() {
        let sp = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
        let one = format!("$TTL 1h\nalice.user._bitcoin-payment TXT \"bitcoin:?sp={sp}\"");
        let two = format!(
            "$ORIGIN example.com.\n@ 3600 IN SOA ns1 host ( 1 2 ; serial\n 3 4 5 )\n\
            ALICE.user._bitcoin-payment.example.com. IN 300 TXT ( \"bitcoin\" ; begins\n \\058?sp={sp} )\n\tMX 10 mail"
        );
        for text in [one, two] {
            assert_eq!(codes(&text), ["D508"], "{text}");
        }
    }

    #[test]
    fn what_stands_in_the_wrong_place_twice_or_for_everybody_is_told() {
        let address = "\"bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l\"";
        for (owner, code) in [
            ("alice._bitcoin-payment", "D201"),
            ("@", "D201"),
            ("alice.user._bitcoin-payment.example.com", "D202"),
            ("*.user._bitcoin-payment", "D312"),
            ("admin.user._bitcoin-payment", "D106"),
        ] {
            let found = codes(&format!("{owner} 300 TXT {address}"));
            assert_eq!(found.first(), Some(&code), "{owner}: {found:?}");
        }
        let twins = format!(
            "paypal.user._bitcoin-payment TXT {address}\npaypa1.user._bitcoin-payment TXT {address}"
        );
        assert!(codes(&twins).contains(&"D106"));
        let other = "mail TXT \"v=spf1 -all\"\nalice.user._bitcoin-payment TXT \"v=spf1\"";
        assert_eq!(codes(other), ["D401"]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_with_its_line() {
        for (text, line) in [
            ("a TXT \"x", "line 1: a quote"),
            ("\n$INCLUDE more\n", "line 2: $INCLUDE"),
            ("\n\n 300 TXT x", "line 3: a record without"),
        ] {
            let error = examine(text, Some("a.test"), Network::Bitcoin, NOW).unwrap_err();
            assert!(error.starts_with(line), "{error}");
        }
        let error = examine("a TXT x", None, Network::Bitcoin, NOW).unwrap_err();
        assert!(error.contains("--origin"), "{error}");
        let long = format!("a TXT \"{}\"", "x".repeat(256));
        let error = examine(&long, Some("a.test"), Network::Bitcoin, NOW).unwrap_err();
        assert!(error.contains("256 bytes"), "{error}");
    }
}
