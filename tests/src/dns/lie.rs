//! The ways in which a recursor can lie.

use std::time::Duration;

use payname_resolver::hickory_proto::op::{Message, ResponseCode};
use payname_resolver::hickory_proto::rr::{Name, Record, RecordType};

/// A way to lie, applied to every question that it can be applied to.
#[derive(Debug, Clone)]
pub enum Lie {
    /// Gives the TXT records of another name, just as they are.
    AnotherNamesRecord(Name),
    /// Gives the TXT records of another name, with the owner renamed to what was asked for.
    RenamedRecord(Name),
    /// Gives these records instead of the TXT records asked for, such as ones signed by the wrong zone.
    Forged(Vec<Record>),
    /// Adds these records to every answer that is otherwise honest.
    Added(Vec<Record>),
    /// Says that the name asked for a TXT record does not exist, with no or borrowed denial.
    NameErrorWithoutProof,
    /// Takes every RRSIG away.
    StrippedSignatures,
    /// Takes every NSEC and NSEC3 away, and their signatures.
    StrippedDenial,
    /// Changes the letters of every TXT record and leaves its signature as it is.
    ChangedText,
    /// Answers every question as it did the first time it was asked.
    Replay,
    /// Answers with bytes that are no DNS message.
    Garbage,
    /// Answers with 65,535 bytes of it over TCP and more over HTTP; 8 KiB over UDP.
    Flood,
    /// Honest over UDP, 65,535 bytes of garbage over TCP.
    FloodOverTcp,
    /// Does not answer at all.
    Silence,
    /// Says that the answer is truncated, over TCP too.
    AlwaysTruncated,
    /// Says that it could not find out.
    ServerFailure,
    /// Answers a question that was not asked.
    AnotherQuestion,
    /// Answers with another message id.
    AnotherId,
    /// Answers honestly, after this long.
    Slow(Duration),
}

impl Lie {
    /// What the lie makes of an honest response.
    pub(super) fn twist(&self, honest: &mut Message) {
        match self {
            Self::Forged(records) if asks_for_text(honest) => {
                honest.answers.clone_from(records);
                honest.authorities.clear();
                honest.metadata.response_code = ResponseCode::NoError;
            }
            Self::Added(records) => honest.answers.extend(records.iter().cloned()),
            Self::NameErrorWithoutProof if asks_for_text(honest) => {
                honest.answers.clear();
                honest.metadata.response_code = ResponseCode::NXDomain;
            }
            Self::StrippedSignatures => {
                retain(honest, |record| record.record_type() != RecordType::RRSIG);
            }
            Self::StrippedDenial => retain(honest, |record| {
                let covered = super::recursor::covered_type(record);
                !matches!(covered, RecordType::NSEC | RecordType::NSEC3)
            }),
            Self::ChangedText => change_text(honest),
            Self::AlwaysTruncated => {
                honest.metadata.truncation = true;
                retain(honest, |_| false);
            }
            Self::ServerFailure => {
                honest.metadata.response_code = ResponseCode::ServFail;
                retain(honest, |_| false);
            }
            Self::AnotherQuestion => {
                for query in &mut honest.queries {
                    query.set_name(Name::root());
                }
            }
            Self::AnotherId => honest.metadata.id = honest.metadata.id.wrapping_add(1),
            _ => {}
        }
    }
}

/// Whether the question is the one for a payment record.
pub(super) fn asks_for_text(message: &Message) -> bool {
    message
        .queries
        .iter()
        .any(|query| query.query_type() == RecordType::TXT)
}

fn retain(message: &mut Message, keep: impl Fn(&Record) -> bool) {
    message.answers.retain(&keep);
    message.authorities.retain(&keep);
    message.additionals.retain(&keep);
}

/// Makes `lno1` of another payee out of the signed one: every `q` becomes a `p`.
fn change_text(message: &mut Message) {
    use payname_resolver::hickory_proto::rr::RData;
    use payname_resolver::hickory_proto::rr::rdata::TXT;
    for record in &mut message.answers {
        if let RData::TXT(text) = &record.data {
            let strings: Vec<Vec<u8>> = text
                .txt_data
                .iter()
                .map(|string| {
                    string
                        .iter()
                        .map(|&b| if b == b'q' { b'p' } else { b })
                        .collect()
                })
                .collect();
            let strings = strings.iter().map(Vec::as_slice).collect();
            record.data = RData::TXT(TXT::from_bytes(strings));
        }
    }
}
