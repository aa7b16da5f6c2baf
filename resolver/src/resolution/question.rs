//! A question to a recursive resolver.

use alloc::{vec, vec::Vec};
use core::fmt;

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{
        DNSClass, Name, RecordType,
        rdata::opt::{EdnsCode, EdnsOption},
    },
    serialize::binary::BinEncodable,
};

/// The largest UDP answer asked for: what crosses nearly every path unfragmented.
const UDP_PAYLOAD: u16 = 1232;
/// The multiple of bytes that a query is padded to (RFC 8467 §4.1).
const PADDING_BLOCK: usize = 128;
/// An option's code and length (RFC 6891 §6.1.2).
const OPTION_HEAD: usize = 4;

/// A name and a type to ask a recursive resolver for, class IN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The name; compared without case.
    pub name: Name,
    /// The type.
    pub record_type: RecordType,
}

impl Question {
    /// A question for records of `record_type` at `name`.
    pub fn new(name: Name, record_type: RecordType) -> Self {
        Self { name, record_type }
    }

    /// The DNS message that asks it: recursion desired, DNSSEC records wanted (DO, RFC 3225), and
    /// checking disabled (CD), since the answer is judged here and not by the resolver.
    pub fn to_message(&self, id: u16) -> Vec<u8> {
        self.query(id).to_bytes().unwrap_or_default()
    }

    /// The same for an encrypted transport: padded to a multiple of 128 bytes (RFC 7830, RFC 8467
    /// §4.1), so that its length tells little about the name. In the clear it only costs bytes.
    ///
    /// ```
    /// use payname_resolver::{Question, hickory_proto::rr::{Name, RecordType}};
    ///
    /// let name = Name::from_ascii("alice.user._bitcoin-payment.example.com.")?;
    /// let question = Question::new(name, RecordType::TXT);
    /// assert_eq!(question.to_padded_message(0).len(), 128);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_padded_message(&self, id: u16) -> Vec<u8> {
        let bare = self.to_message(id).len().saturating_add(OPTION_HEAD);
        let whole = bare.next_multiple_of(PADDING_BLOCK);
        let zeros = vec![0; whole.saturating_sub(bare)];
        let mut query = self.query(id);
        if let Some(edns) = &mut query.edns {
            let padding = EdnsOption::Unknown(EdnsCode::Padding.into(), zeros);
            edns.options_mut().insert(padding);
        }
        query.to_bytes().unwrap_or_default()
    }

    fn query(&self, id: u16) -> Message {
        let mut query = Query::new();
        query.set_name(self.name.clone());
        query.set_query_type(self.record_type);
        query.set_query_class(DNSClass::IN);
        let mut edns = Edns::new();
        edns.set_dnssec_ok(true);
        edns.set_max_payload(UDP_PAYLOAD);
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.metadata.checking_disabled = true;
        message.add_query(query);
        message.edns = Some(edns);
        message
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name.to_ascii(), self.record_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(length: usize) -> Question {
        let labels = vec![b'a'; length]
            .chunks(63)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>();
        Question::new(Name::from_labels(labels).unwrap(), RecordType::TXT)
    }

    #[test]
    fn a_padded_query_asks_the_same_in_a_multiple_of_128_bytes() {
        let mut lengths = alloc::collections::BTreeSet::new();
        for length in 1..=240 {
            let question = question(length);
            let (plain, padded) = (question.to_message(7), question.to_padded_message(7));
            lengths.insert(padded.len());
            let padded = Message::from_vec(&padded).unwrap();
            let plain = Message::from_vec(&plain).unwrap();
            assert_eq!(padded.queries, plain.queries);
            assert_eq!(padded.metadata, plain.metadata);
            let edns = padded.edns.unwrap();
            assert_eq!(edns.flags(), plain.edns.unwrap().flags());
            let Some(EdnsOption::Unknown(12, padding)) = edns.option(EdnsCode::Padding) else {
                panic!("no padding for {length} bytes");
            };
            assert!(padding.iter().all(|byte| *byte == 0), "RFC 7830 §3");
        }
        assert_eq!(lengths, [128, 256, 384].into());
    }

    #[test]
    fn a_query_in_the_clear_has_no_padding() {
        let message = Message::from_vec(&question(9).to_message(7)).unwrap();
        assert!(message.edns.unwrap().options().as_ref().is_empty());
    }
}
