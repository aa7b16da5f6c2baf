//! Trust anchors: the DS or DNSKEY records that a verifier starts from.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use hickory_proto::rr::Name;
use ring::digest;

use super::signature::{DnsKey, Ds};

/// The records a chain may start from: IANA's root, or any others.
///
/// ```
/// use payname_resolver::TrustAnchors;
///
/// let private = TrustAnchors::parse(
///     ". IN DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4",
/// )?;
/// assert!(!private.are_iana());
/// # Ok::<(), payname_resolver::proof::AnchorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustAnchors {
    anchors: Vec<Anchor>,
    are_iana: bool,
}

/// One trust anchor: a key, or the digest of one, of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    zone: Name,
    kind: AnchorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum AnchorKind {
    Ds(Ds),
    /// The RDATA of a DNSKEY.
    DnsKey(Vec<u8>),
}

/// The root's DS records as IANA publishes them: key-signing keys of 2017 and 2024.
const IANA: &str = "\
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
";

impl TrustAnchors {
    /// IANA's anchors for the root of the public DNS.
    pub fn iana() -> Self {
        Self::parse(IANA).expect("the constant above is well-formed, as a test shows")
    }

    /// Whether these are IANA's anchors and no others.
    pub fn are_iana(&self) -> bool {
        self.are_iana
    }

    /// Reads DS and DNSKEY records in master-file form, as Unbound's `trust-anchor-file` holds them.
    ///
    /// One record a line: owner name, optional TTL and class, type, RDATA. Comments begin with `;`;
    /// parentheses join lines.
    ///
    /// # Errors
    /// A record is neither DS nor DNSKEY or is malformed, or there is none.
    pub fn parse(text: &str) -> Result<Self, AnchorError> {
        let anchors = Self::read(text)?;
        let iana = Self::read(IANA)?;
        let within =
            |one: &[Anchor], other: &[Anchor]| one.iter().all(|anchor| other.contains(anchor));
        Ok(Self {
            are_iana: within(&anchors, &iana) && within(&iana, &anchors),
            anchors,
        })
    }

    fn read(text: &str) -> Result<Vec<Anchor>, AnchorError> {
        let mut anchors = Vec::new();
        for (line, entry) in entries(text)? {
            let anchor = Anchor::parse(&entry).map_err(|problem| AnchorError::Record {
                line,
                text: entry.join(" "),
                problem,
            })?;
            anchors.push(anchor);
        }
        if anchors.is_empty() {
            Err(AnchorError::None)
        } else {
            Ok(anchors)
        }
    }

    /// Whether a chain may start at `zone`.
    pub(crate) fn has(&self, zone: &Name) -> bool {
        self.anchors.iter().any(|anchor| anchor.zone == *zone)
    }

    /// Whether an anchor of `zone` stands for `key`.
    pub(super) fn trusts(&self, zone: &Name, key: &DnsKey<'_>) -> bool {
        self.anchors
            .iter()
            .filter(|anchor| anchor.zone == *zone)
            .any(|anchor| match &anchor.kind {
                AnchorKind::Ds(ds) => ds.matches(zone, key),
                AnchorKind::DnsKey(rdata) => rdata == key.rdata,
            })
    }
}

impl Anchor {
    fn parse(entry: &[String]) -> Result<Self, AnchorProblem> {
        let (owner, rest) = entry.split_first().ok_or(AnchorProblem::Incomplete)?;
        let mut zone = Name::from_ascii(owner).map_err(|_| AnchorProblem::Owner)?;
        zone.set_fqdn(true);
        let mut fields = rest.iter().map(String::as_str).skip_while(|field| {
            field.eq_ignore_ascii_case("IN") || field.bytes().all(|byte| byte.is_ascii_digit())
        });
        let record_type = fields.next().ok_or(AnchorProblem::Incomplete)?;
        let kind = if record_type.eq_ignore_ascii_case("DS") {
            AnchorKind::Ds(parse_ds(fields)?)
        } else if record_type.eq_ignore_ascii_case("DNSKEY") {
            AnchorKind::DnsKey(parse_dnskey(fields)?)
        } else {
            return Err(AnchorProblem::Type(record_type.to_owned()));
        };
        Ok(Self {
            zone: zone.to_lowercase(),
            kind,
        })
    }
}

fn parse_ds<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<Ds, AnchorProblem> {
    let key_tag = number(fields.next(), "key tag")?;
    let algorithm = number(fields.next(), "algorithm")?;
    let digest_type = number(fields.next(), "digest type")?;
    let digits: String = fields.collect();
    let digest = decode_hex(&digits).ok_or(AnchorProblem::Digest)?;
    let length = match digest_type {
        1 => digest::SHA1_OUTPUT_LEN,
        2 => digest::SHA256_OUTPUT_LEN,
        4 => digest::SHA384_OUTPUT_LEN,
        _ => return Err(AnchorProblem::DigestType(digest_type)),
    };
    if digest.len() != length {
        return Err(AnchorProblem::Digest);
    }
    Ok(Ds {
        key_tag,
        algorithm,
        digest_type,
        digest,
    })
}

fn parse_dnskey<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<Vec<u8>, AnchorProblem> {
    let flags: u16 = number(fields.next(), "flags")?;
    let protocol: u8 = number(fields.next(), "protocol")?;
    let algorithm: u8 = number(fields.next(), "algorithm")?;
    let digits: String = fields.collect();
    let key = data_encoding::BASE64
        .decode(digits.as_bytes())
        .map_err(|_| AnchorProblem::Key)?;
    if key.is_empty() {
        return Err(AnchorProblem::Key);
    }
    let mut rdata = flags.to_be_bytes().to_vec();
    rdata.extend([protocol, algorithm]);
    rdata.extend(key);
    Ok(rdata)
}

fn number<T: core::str::FromStr>(
    field: Option<&str>,
    what: &'static str,
) -> Result<T, AnchorProblem> {
    field
        .ok_or(AnchorProblem::Incomplete)?
        .parse()
        .map_err(|_| AnchorProblem::Number(what))
}

fn decode_hex(digits: &str) -> Option<Vec<u8>> {
    data_encoding::HEXUPPER_PERMISSIVE
        .decode(digits.as_bytes())
        .ok()
}

/// Splits a master file into records of fields, each with the number of its first line.
fn entries(text: &str) -> Result<Vec<(usize, Vec<String>)>, AnchorError> {
    let mut entries = Vec::new();
    let mut current: Vec<String> = Vec::new();
    let mut first_line = 0;
    let mut open = false;
    for (number, line) in (1usize..).zip(text.lines()) {
        let content = line.split(';').next().unwrap_or_default();
        for field in content
            .replace('(', " ( ")
            .replace(')', " ) ")
            .split_whitespace()
        {
            match field {
                "(" => open = true,
                ")" => open = false,
                _ => {
                    if current.is_empty() {
                        first_line = number;
                    }
                    current.push(field.to_owned());
                }
            }
        }
        if !open && !current.is_empty() {
            entries.push((first_line, core::mem::take(&mut current)));
        }
    }
    if open {
        Err(AnchorError::Unclosed { line: first_line })
    } else {
        Ok(entries)
    }
}

/// Why a text gives no trust anchors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// It holds no record.
    #[error("there is no trust anchor; write DS or DNSKEY records in master-file form, one a line")]
    None,
    /// A record is not understood.
    #[error("line {line}, `{}`: {problem}", .text.escape_debug())]
    Record {
        /// The line on which the record begins, from 1.
        line: usize,
        /// The record.
        text: String,
        /// What is wrong with it.
        problem: AnchorProblem,
    },
    /// A parenthesis is not closed.
    #[error("the parenthesis of the record in line {line} is not closed")]
    Unclosed {
        /// The line on which the record begins, from 1.
        line: usize,
    },
}

/// What is wrong with one trust anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorProblem {
    /// Fields are missing.
    #[error("fields are missing; write `. IN DS <key tag> <algorithm> <digest type> <digest>`")]
    Incomplete,
    /// The owner is no name.
    #[error("the owner is not a DNS name")]
    Owner,
    /// The record is of another type.
    #[error("type `{}` is no trust anchor; only DS and DNSKEY are", .0.escape_debug())]
    Type(String),
    /// A field is not a number, or too large.
    #[error("the {0} is not a number of the right size")]
    Number(&'static str),
    /// The digest type is none of 1, 2 and 4.
    #[error("digest type {0} is not supported; use 2 (SHA-256) or 4 (SHA-384)")]
    DigestType(u8),
    /// The digest is not hex of the right length.
    #[error("the digest is not hex of the length its type asks for")]
    Digest,
    /// The key is not base64.
    #[error("the key is not base64")]
    Key,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iana_s_two_anchors_are_there() {
        let iana = TrustAnchors::iana();
        assert_eq!(iana.anchors.len(), 2);
        assert!(iana.has(&Name::root()) && iana.are_iana());
    }

    #[test]
    fn only_both_of_iana_s_anchors_are_iana_s_in_whatever_order() {
        let lines: Vec<&str> = IANA.lines().filter(|line| !line.is_empty()).collect();
        let are_iana = |lines: &[&str]| TrustAnchors::parse(&lines.join("\n")).unwrap().are_iana();
        assert!(are_iana(&[lines[1], lines[0], lines[1]]));
        assert!(!are_iana(&lines[..1]));
        assert!(!are_iana(&lines[1..]));
        let private =
            ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4";
        assert!(!are_iana(&[lines[0], lines[1], private]));
        assert!(!are_iana(&[private]));
    }

    #[test]
    fn the_master_file_forms_of_unbound_are_read() {
        let text = "; comment\n\
            example.test. 3600 IN DNSKEY 257 3 13 (\n  dGVzdA== ; key\n )\n\n\
            Example.TEST. DS 1 13 2 2EB6E9F2480126691594D649A5A613DE 3052E37861634641BB568746F2FFC4D4\n";
        let anchors = TrustAnchors::parse(text).unwrap();
        assert_eq!(anchors.anchors.len(), 2);
        assert!(anchors.has(&Name::from_ascii("example.test.").unwrap()));
        assert!(!anchors.has(&Name::root()));
    }

    #[test]
    fn every_malformed_anchor_names_its_line_and_its_problem() {
        let problem = |text: &str| match TrustAnchors::parse(&format!("\n{text}")) {
            Err(AnchorError::Record {
                line: 2, problem, ..
            }) => problem,
            other => panic!("{other:?}"),
        };
        assert_eq!(problem(". IN DS 1 13"), AnchorProblem::Incomplete);
        assert_eq!(problem(". IN A 1.2.3.4"), AnchorProblem::Type("A".into()));
        assert_eq!(
            problem(". IN DS 65536 13 2 00"),
            AnchorProblem::Number("key tag")
        );
        assert_eq!(problem(". IN DS 1 13 3 00"), AnchorProblem::DigestType(3));
        assert_eq!(problem(". IN DS 1 13 2 00"), AnchorProblem::Digest);
        assert_eq!(problem(". IN DNSKEY 257 3 13 !"), AnchorProblem::Key);
        assert_eq!(TrustAnchors::parse(" ; nothing\n"), Err(AnchorError::None));
        assert_eq!(
            TrustAnchors::parse(". IN DS ( 1\n"),
            Err(AnchorError::Unclosed { line: 1 })
        );
    }
}
