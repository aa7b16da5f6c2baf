//! Our verdict beside that of `dnssec-prover`, a verifier that no one here wrote.

use dnssec_prover::rr::RR;
use dnssec_prover::ser::parse_rr_stream;
use dnssec_prover::validation::verify_rr_stream;
use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::proof::{ChainCache, Secure};
use payname_resolver::{Outcome, Proof, TrustAnchors, UnixTime};

use crate::raw::name_length;

/// The TXT records proven at a name: the strings of each joined, sorted.
pub type Texts = Vec<Vec<u8>>;

/// Why the two verifiers may differ on a proof, and no other reasons are allowed.
///
/// Each is decided from the proof itself, never from the fact that the verdicts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Excuse {
    /// `dnssec-prover` rejects the whole when anything in it is wrong or unknown; we judge only what
    /// the question needs. It accepts our minimised proof with the same records.
    Strays,
    /// A label has characters that `dnssec-prover` does not read (it takes `a-zA-Z0-9-._*`).
    ForeignCharacters,
    /// A TXT record holds an empty string, or none; `dnssec-prover` cannot read it.
    EmptyText,
    /// A signature uses algorithm 15 (Ed25519), which `dnssec-prover` lacks.
    Ed25519,
    /// A CNAME, DNAME or NS record has bytes behind its name, which `dnssec-prover` passes over.
    TrailingBytes,
}

impl Excuse {
    /// All of them, with why each is right.
    pub const TABLE: [(Self, &'static str); 5] = [
        (
            Self::Strays,
            "RFC 9102 asks for a chain that proves the answer, and a record beside it proves nothing \
             either way; judging strays would let anybody spoil a proof, and it costs signature checks",
        ),
        (
            Self::ForeignCharacters,
            "names are bytes (RFC 2181 §11); handles themselves allow only what both read",
        ),
        (
            Self::EmptyText,
            "RFC 1035 §3.3.14 allows empty strings, and a zone may have them beside the payment record",
        ),
        (
            Self::Ed25519,
            "RFC 8624 §3.1 recommends it for validation; before money moves this is reported as \
             `LacksAlgorithm`, not as agreement",
        ),
        (
            Self::TrailingBytes,
            "`dnssec-prover` passes over bytes behind the name in a CNAME, DNAME or NS record, though \
             no signature covers them; for us the record is not the one that was signed",
        ),
    ];
}

/// The TXT records that `dnssec-prover` proves at a name, if there are any at this time.
pub fn theirs(bytes: &[u8], owner: &Name, now: UnixTime) -> Option<Texts> {
    let records = parse_rr_stream(bytes).ok()?;
    let verified = verify_rr_stream(&records).ok()?;
    if !(verified.valid_from..=verified.expires).contains(&now.0) {
        return None;
    }
    let name = owner.to_ascii().as_str().try_into().ok()?;
    let mut texts: Texts = verified
        .resolve_name(&name)
        .into_iter()
        .filter_map(|record| match record {
            RR::Txt(text) => Some(text.data.as_vec()),
            _ => None,
        })
        .collect();
    texts.sort();
    (!texts.is_empty()).then_some(texts)
}

/// The TXT records that we prove under IANA's anchors, and the proof of just them.
pub fn ours(bytes: &[u8], owner: &Name, now: UnixTime) -> Option<(Texts, Proof)> {
    let proof = Proof::parse(bytes).ok()?;
    match proof.judge(owner, RecordType::TXT, &TrustAnchors::iana(), now) {
        Outcome::Secure(secure) => Some((texts(&secure), secure.proof)),
        Outcome::Denied(_) | Outcome::Insecure(_) | Outcome::Bogus(_) => None,
    }
}

/// Sees that our verdict is the same with a warm cache, and on the minimised proof.
///
/// # Panics
/// It is not.
pub fn agree_with_ourselves(bytes: &[u8], owner: &Name, now: UnixTime, mut cache: ChainCache) {
    let Ok(proof) = Proof::parse(bytes) else {
        return;
    };
    let anchors = TrustAnchors::iana();
    let outcome = proof.judge(owner, RecordType::TXT, &anchors, now);
    let cached = proof.judge_cached(owner, RecordType::TXT, &anchors, now, &mut cache);
    assert_eq!(cached, outcome, "a warm cache changes the verdict");
    let minimised = match &outcome {
        Outcome::Secure(secure) => {
            assert!(secure.window.contains(now), "secure outside of its window");
            &secure.proof
        }
        Outcome::Denied(denial) => &denial.proof,
        Outcome::Insecure(_) | Outcome::Bogus(_) => return,
    };
    let again = minimised.judge(owner, RecordType::TXT, &anchors, now);
    assert_eq!(again, outcome, "the minimised proof shows something else");
}

/// Compares the two on one proof: agreement, a difference with an excuse, or what is wrong.
///
/// # Errors
/// One accepts what the other rejects, or they prove different records, and nothing excuses it.
pub fn compare(bytes: &[u8], owner: &Name, now: UnixTime) -> Result<Option<Excuse>, String> {
    let theirs_on_all = theirs(bytes, owner, now);
    match (ours(bytes, owner, now), theirs_on_all) {
        (None, None) => Ok(None),
        (Some((ours, _)), Some(theirs)) if ours == theirs => Ok(None),
        (Some((ours, minimised)), on_all) => {
            let minimised_bytes = minimised.to_bytes();
            match theirs(&minimised_bytes, owner, now) {
                Some(theirs) if theirs == ours => Ok(Some(Excuse::Strays)),
                None => excuse(&minimised).map(Some).ok_or_else(|| {
                    format!("we prove {owner}, dnssec-prover does not: {minimised:?}")
                }),
                Some(theirs) => Err(format!(
                    "we prove {ours:?}, dnssec-prover {theirs:?} (and {on_all:?} of all records)"
                )),
            }
        }
        (None, Some(theirs)) => match Proof::parse(bytes) {
            Ok(proof) if has_trailing_bytes(&proof) => Ok(Some(Excuse::TrailingBytes)),
            parsed => {
                let outcome = parsed
                    .map(|proof| proof.judge(owner, RecordType::TXT, &TrustAnchors::iana(), now));
                Err(format!(
                    "dnssec-prover proves {theirs:?} at {owner}, we nothing: {outcome:?}"
                ))
            }
        },
    }
}

/// What in a proof `dnssec-prover` cannot follow.
fn excuse(proof: &Proof) -> Option<Excuse> {
    let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_*".contains(byte);
    for record in proof.records() {
        if !record.name().iter().all(|label| label.iter().all(is_known)) {
            return Some(Excuse::ForeignCharacters);
        }
        match (record.record_type(), record.rdata()) {
            (RecordType::TXT, rdata) if has_empty_string(rdata) => return Some(Excuse::EmptyText),
            (RecordType::RRSIG, [_, _, 15, ..]) => return Some(Excuse::Ed25519),
            _ => {}
        }
    }
    None
}

/// Whether a record that holds one name, and should hold nothing else, holds more.
fn has_trailing_bytes(proof: &Proof) -> bool {
    let is_one_name = |kind| matches!(kind, RecordType::CNAME | RecordType::DNAME | RecordType::NS);
    let names = proof.records().iter();
    let mut names = names.filter(|record| is_one_name(record.record_type()));
    names.any(|record| name_length(record.rdata()) < record.rdata().len())
}

fn has_empty_string(rdata: &[u8]) -> bool {
    let mut rest = rdata;
    while let Some((&length, behind)) = rest.split_first() {
        if length == 0 {
            return true;
        }
        rest = behind.get(usize::from(length)..).unwrap_or_default();
    }
    rdata.is_empty()
}

fn texts(secure: &Secure) -> Texts {
    let joined = |rdata: &[u8]| {
        let mut rest = rdata;
        let mut text = Vec::new();
        while let Some((&length, behind)) = rest.split_first() {
            let end = usize::from(length).min(behind.len());
            text.extend_from_slice(&behind[..end]);
            rest = &behind[end..];
        }
        text
    };
    let mut texts: Texts = secure
        .records
        .iter()
        .map(|record| joined(record.rdata()))
        .collect();
    texts.sort();
    texts
}
