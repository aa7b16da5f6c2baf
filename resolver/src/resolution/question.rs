//! A question to a recursive resolver.

use alloc::vec::Vec;
use core::fmt;

use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query},
    rr::{DNSClass, Name, RecordType},
    serialize::binary::BinEncodable,
};

/// The largest UDP answer asked for: what crosses nearly every path unfragmented.
const UDP_PAYLOAD: u16 = 1232;

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
        message.to_bytes().unwrap_or_default()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.record_type)
    }
}
