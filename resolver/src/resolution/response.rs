//! A response that belongs to its question.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use hickory_proto::{
    op::{Header, MessageType, OpCode, Query, ResponseCode},
    rr::{DNSClass, Name, RecordType},
    serialize::binary::{BinDecodable, BinDecoder},
};

use crate::{
    proof::{ResourceRecord, write_name},
    resolution::Question,
};

/// A response to a [`Question`]: matched by id and question, its useful records kept raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub(super) question: Question,
    pub(super) records: Vec<ResourceRecord>,
}

impl Response {
    /// Reads a DNS message as the response to `question` asked with `id`.
    ///
    /// Records of types that no proof needs are passed over, whatever they hold. An answer that
    /// says that the name does not exist is a response too: its records may prove it.
    ///
    /// # Errors
    /// The message is malformed, is another question's, was truncated ([`ResponseError::Truncated`]:
    /// ask again over TCP), or reports a failure.
    pub fn parse(question: &Question, id: u16, message: &[u8]) -> Result<Self, ResponseError> {
        let mut decoder = BinDecoder::new(message);
        let malformed = |decoder: &BinDecoder<'_>| ResponseError::Malformed {
            question: question.clone(),
            offset: decoder.index(),
        };
        let header = Header::read(&mut decoder).map_err(|_| malformed(&decoder))?;
        let answers_this = header.metadata.id == id
            && header.metadata.message_type == MessageType::Response
            && header.metadata.op_code == OpCode::Query
            && header.counts.queries == 1;
        if !answers_this {
            return Err(ResponseError::NotAnAnswer(question.clone()));
        }
        let asked = Query::read(&mut decoder).map_err(|_| malformed(&decoder))?;
        if asked.name().to_lowercase() != question.name.to_lowercase()
            || asked.query_type() != question.record_type
            || asked.query_class() != DNSClass::IN
        {
            return Err(ResponseError::NotAnAnswer(question.clone()));
        }
        if header.metadata.truncation {
            return Err(ResponseError::Truncated(question.clone()));
        }
        match header.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => {}
            code => {
                return Err(ResponseError::Failure {
                    question: question.clone(),
                    code: code.to_str().to_owned(),
                });
            }
        }
        let count = usize::from(header.counts.answers)
            .saturating_add(usize::from(header.counts.authorities));
        let mut records = Vec::new();
        for _ in 0..count {
            let record = read_record(&mut decoder, message, question.record_type)
                .ok_or_else(|| malformed(&decoder))?;
            records.extend(record);
        }
        Ok(Self {
            question: question.clone(),
            records,
        })
    }

    /// What came back and a proof may need, of any section; nothing of it is proven.
    pub fn records(&self) -> &[ResourceRecord] {
        &self.records
    }

    /// The question that this answers.
    pub fn question(&self) -> &Question {
        &self.question
    }
}

/// Reads one record; the inner none is a record that no proof needs.
pub(crate) fn read_record(
    decoder: &mut BinDecoder<'_>,
    message: &[u8],
    asked: RecordType,
) -> Option<Option<ResourceRecord>> {
    let name = Name::read(decoder).ok()?;
    let record_type = RecordType::read(decoder).ok()?;
    let class = decoder.read_u16().ok()?.unverified();
    let ttl = decoder.read_u32().ok()?.unverified();
    let length = usize::from(decoder.read_u16().ok()?.unverified());
    let start = decoder.index();
    let rdata = decoder.read_slice(length).ok()?.unverified();
    let needed = record_type == asked
        || matches!(
            record_type,
            RecordType::CNAME
                | RecordType::DNAME
                | RecordType::DNSKEY
                | RecordType::DS
                | RecordType::NSEC
                | RecordType::NSEC3
                | RecordType::RRSIG
        );
    if !needed || class != u16::from(DNSClass::IN) {
        return Some(None);
    }
    let rdata = match record_type {
        // The only types here whose names may be compressed (RFC 3597 §4).
        RecordType::CNAME | RecordType::DNAME | RecordType::NS | RecordType::PTR => {
            let whole = message.get(..start.checked_add(length)?)?;
            let mut inner = BinDecoder::new(whole).clone(u16::try_from(start).ok()?);
            let target = Name::read(&mut inner).ok()?;
            if !inner.is_empty() {
                return None;
            }
            let mut bytes = Vec::new();
            write_name(&target, &mut bytes);
            bytes
        }
        _ => rdata.to_vec(),
    };
    Some(Some(ResourceRecord::new(&name, record_type, ttl, rdata)))
}

/// Why a message is not the response to a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// It does not fit into the datagram.
    #[error("the answer to {0} is truncated; ask again over TCP")]
    Truncated(Question),
    /// It is no well-formed DNS message.
    #[error("the answer to {question} is malformed at byte {offset}")]
    Malformed {
        /// What was asked.
        question: Question,
        /// Where reading stopped.
        offset: usize,
    },
    /// It answers something else: a late or forged message, to be ignored on UDP.
    #[error("a message arrived that does not answer {0}")]
    NotAnAnswer(Question),
    /// The resolver could not or would not answer.
    #[error("the resolver answered {question} with `{code}`")]
    Failure {
        /// What was asked.
        question: Question,
        /// The response code, such as `Server Failure`.
        code: String,
    },
}

#[cfg(test)]
mod tests {
    use hickory_proto::{
        op::Message,
        rr::{
            RData, Record,
            rdata::{CNAME, TXT},
        },
        serialize::binary::BinEncodable,
    };

    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn question() -> Question {
        Question::new(name("alice.example."), RecordType::TXT)
    }

    /// A response message to [`question`] with id 7, shaped by `change`.
    fn message(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Response, OpCode::Query);
        let mut query = Query::new();
        query.set_name(name("ALICE.example."));
        query.set_query_type(RecordType::TXT);
        message.add_query(query);
        change(&mut message);
        message.to_bytes().unwrap()
    }

    fn txt(text: &str) -> RData {
        RData::TXT(TXT::new(vec![text.to_owned()]))
    }

    #[test]
    fn compressed_names_are_written_out() {
        let bytes = message(|message| {
            let target = RData::CNAME(CNAME(name("bob.example.")));
            message.add_answer(Record::from_rdata(name("alice.example."), 60, target));
            message.add_answer(Record::from_rdata(
                name("bob.example."),
                60,
                txt("bitcoin:"),
            ));
        });
        let response = Response::parse(&question(), 7, &bytes).unwrap();
        let [alias, text] = response.records.as_slice() else {
            panic!()
        };
        assert_eq!(alias.rdata(), b"\x03bob\x07example\x00");
        assert_eq!(
            (text.name(), text.rdata()),
            (&name("bob.example."), &b"\x08bitcoin:"[..])
        );
    }

    #[test]
    fn another_id_another_name_another_type_and_a_query_are_not_answers() {
        let ours = question();
        let honest = message(|_| {});
        let is_foreign = |result| matches!(result, Err(ResponseError::NotAnAnswer(_)));
        assert!(is_foreign(Response::parse(&ours, 8, &honest)));
        let other = Question::new(name("bob.example."), RecordType::TXT);
        assert!(is_foreign(Response::parse(&other, 7, &honest)));
        let other = Question::new(name("alice.example."), RecordType::A);
        assert!(is_foreign(Response::parse(&other, 7, &honest)));
        let query = message(|message| message.metadata.message_type = MessageType::Query);
        assert!(is_foreign(Response::parse(&ours, 7, &query)));
        assert!(Response::parse(&ours, 7, &honest).is_ok());
    }

    #[test]
    fn truncation_and_failure_are_told_apart() {
        let truncated = message(|message| message.metadata.truncation = true);
        assert!(matches!(
            Response::parse(&question(), 7, &truncated),
            Err(ResponseError::Truncated(_))
        ));
        let failed = message(|message| message.metadata.response_code = ResponseCode::ServFail);
        assert!(matches!(
            Response::parse(&question(), 7, &failed),
            Err(ResponseError::Failure { .. })
        ));
    }

    #[test]
    fn records_that_no_proof_needs_may_hold_anything() {
        let bytes = message(|message| {
            let odd = RData::Unknown {
                code: RecordType::Unknown(65_400),
                rdata: hickory_proto::rr::rdata::NULL::with(vec![0xff; 40]),
            };
            message.add_answer(Record::from_rdata(name("alice.example."), 60, odd));
            message.add_answer(Record::from_rdata(
                name("alice.example."),
                60,
                txt("bitcoin:"),
            ));
        });
        assert_eq!(
            Response::parse(&question(), 7, &bytes)
                .unwrap()
                .records
                .len(),
            1
        );
    }

    #[test]
    fn no_prefix_and_no_flipped_byte_of_a_message_panics() {
        let bytes = message(|message| {
            message.add_answer(Record::from_rdata(
                name("alice.example."),
                60,
                txt("bitcoin:x"),
            ));
        });
        for end in 0..bytes.len() {
            assert!(Response::parse(&question(), 7, &bytes[..end]).is_err());
            let mut flipped = bytes.clone();
            flipped[end] ^= 0xff;
            let _ = Response::parse(&question(), 7, &flipped);
        }
    }
}
