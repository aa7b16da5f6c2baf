//! Outcomes of proofs as data: what `proof check --json` prints, and every refusal carries.

use payname_resolver::{
    Outcome, UnixTime, VerifyError, Window,
    hickory_proto::{
        rr::{Name, RData, RecordType},
        serialize::binary::{BinDecoder, Restrict},
    },
    proof::{Bogus, Denial, DenialKind, Insecure, Opinion, ResourceRecord},
    resolution::Unanswered,
};
use serde_json::{Map, Value, json};

use crate::report::fields;

/// The outcome as the fields of a JSON document; the same keys for every outcome.
pub fn outcome(outcome: &Outcome) -> Map<String, Value> {
    match outcome {
        Outcome::Secure(secure) => {
            let records: Vec<Value> = secure.records.iter().map(record).collect();
            let mut map = common("secure", None, Some(secure.window), Some(secure.cache_ttl));
            map.insert("records".to_owned(), records.into());
            map
        }
        Outcome::Denied(denial) => denied(denial),
        Outcome::Insecure(unsigned) => insecure(unsigned),
        Outcome::Bogus(broken) => bogus(broken),
    }
}

/// A proven absence.
pub fn denied(denial: &Denial) -> Map<String, Value> {
    let (kind, reason) = match denial.kind {
        DenialKind::NxDomain => (
            "nxdomain",
            format!("{} does not exist", denial.owner.to_ascii()),
        ),
        DenialKind::NoData => (
            "nodata",
            format!("{} has no records of this type", denial.owner.to_ascii()),
        ),
    };
    let mut map = common(
        "denied",
        Some(reason),
        Some(denial.window),
        Some(denial.cache_ttl),
    );
    map.extend(fields(json!({
        "denied": kind,
        "owner": denial.owner.to_ascii(),
        "zone": denial.zone.to_ascii(),
    })));
    map
}

/// A proven absence of signatures.
pub fn insecure(insecure: &Insecure) -> Map<String, Value> {
    let reason = format!(
        "the zone {} is not signed, as {} proves",
        insecure.zone.to_ascii(),
        insecure.parent.to_ascii()
    );
    let mut map = common(
        "insecure",
        Some(reason),
        Some(insecure.window),
        Some(insecure.cache_ttl),
    );
    map.extend(fields(json!({
        "zone": insecure.zone.to_ascii(),
        "parent": insecure.parent.to_ascii(),
    })));
    map
}

/// A proof that shows nothing.
pub fn bogus(bogus: &Bogus) -> Map<String, Value> {
    let mut map = common("bogus", Some(bogus.to_string()), None, None);
    map.extend(fields(json!({
        "code": bogus.reason.code(),
        "record_set": bogus.record_set.to_string(),
        "zone": bogus.zone.as_ref().map(Name::to_ascii),
    })));
    map
}

/// Bytes that are no proof at all, which shows as little as a broken one.
pub fn malformed(error: &impl ToString) -> Map<String, Value> {
    let mut map = common("bogus", Some(error.to_string()), None, None);
    map.extend(fields(
        json!({ "code": "malformed_proof", "record_set": null, "zone": null }),
    ));
    map
}

fn common(
    outcome: &str,
    reason: Option<String>,
    window: Option<Window>,
    cache_ttl: Option<u32>,
) -> Map<String, Value> {
    fields(json!({
        "outcome": outcome,
        "reason": reason,
        "valid_from": window.map(|window| window.valid_from.0),
        "valid_until": window.map(|window| window.valid_until.0),
        "cache_ttl": cache_ttl,
        "records": [],
    }))
}

/// The questions that got no usable answer, as data.
pub fn unanswered(unanswered: &[Unanswered]) -> Value {
    let each = unanswered.iter().map(|unanswered| {
        json!({
            "question": unanswered.question.to_string(),
            "cause": unanswered.cause.as_ref().map(ToString::to_string),
        })
    });
    Value::Array(each.collect())
}

/// A proven record: its RDATA as hex, as a master file would have it, and as text if it is TXT.
fn record(record: &ResourceRecord) -> Value {
    json!({
        "name": record.name().to_ascii(),
        "type": record.record_type().to_string(),
        "rdata": hex::encode(record.rdata()),
        "data": presentation(record),
        "text": txt(record),
    })
}

fn presentation(record: &ResourceRecord) -> Option<String> {
    let length = u16::try_from(record.rdata().len()).ok()?;
    let mut decoder = BinDecoder::new(record.rdata());
    let data = RData::read(&mut decoder, record.record_type(), Restrict::new(length)).ok()?;
    Some(data.to_string())
}

/// The joined strings of a TXT record, if they are text.
pub fn txt(record: &ResourceRecord) -> Option<String> {
    if record.record_type() != RecordType::TXT {
        return None;
    }
    let mut rest = record.rdata();
    let mut joined = Vec::new();
    while let Some((&length, behind)) = rest.split_first() {
        let (string, behind) = behind.split_at_checked(usize::from(length))?;
        joined.extend_from_slice(string);
        rest = behind;
    }
    String::from_utf8(joined).ok()
}

/// A refusal as people read it: what it is, and how long that holds.
pub fn refusal_text(error: &VerifyError) -> String {
    let lasting = |map: Map<String, Value>, window, cache_ttl| {
        let said = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
        let (outcome, reason) = (said("outcome"), said("reason"));
        let window = window_text(window);
        format!("{outcome:<9} {reason}\nvalid     {window}\nkeep for  {cache_ttl} s")
    };
    match error {
        VerifyError::Denied(denial) => lasting(denied(denial), denial.window, denial.cache_ttl),
        VerifyError::Insecure(unsigned) => {
            lasting(insecure(unsigned), unsigned.window, unsigned.cache_ttl)
        }
        VerifyError::Bogus(bogus) => format!("bogus     {bogus}"),
        other => format!("refused   {other}"),
    }
}

/// What a second verifier says, as a stable name.
pub fn opinion_code(opinion: Opinion) -> &'static str {
    match opinion {
        Opinion::Agrees => "agrees",
        Opinion::OtherAnchors => "other_anchors",
        _ => "lacks_algorithm",
    }
}

/// By whom a name is proven, as people read it.
pub fn opinion_text(opinion: Opinion) -> &'static str {
    match opinion {
        Opinion::Agrees => "by two verifiers that agree",
        Opinion::OtherAnchors => {
            "by one verifier; no opinion of the other, which knows IANA's trust anchors only"
        }
        _ => "by one verifier; no opinion of the other, which lacks an algorithm of the chain",
    }
}

/// A window as people read it.
pub fn window_text(window: Window) -> String {
    let UnixTime(until) = window.valid_until;
    match until {
        u64::MAX => format!("from {}", window.valid_from),
        _ => format!("{} to {}", window.valid_from, window.valid_until),
    }
}
