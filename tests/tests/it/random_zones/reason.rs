//! Why hickory may call an answer bogus that is none; each is told in docs/oracles.md.

use payname_resolver::hickory_proto::dnssec::rdata::DNSSECRData;
use payname_resolver::hickory_proto::op::Message;
use payname_resolver::hickory_proto::rr::{RData, Record, RecordType};
use payname_resolver::resolution::Question;

/// Read off the records, not off the verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    AliasToNothing,
    Wildcard,
    AtDname,
    Synthesized,
    KeysOfUnsigned,
}

impl Reason {
    pub(crate) const ALL: [Self; 5] = [
        Self::AliasToNothing,
        Self::Wildcard,
        Self::AtDname,
        Self::Synthesized,
        Self::KeysOfUnsigned,
    ];

    /// In the words of docs/oracles.md.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::AliasToNothing => {
                "it looks for the denial of the name that was asked for, not of where the alias leads"
            }
            Self::Wildcard => {
                "it does not always find what shows that a wildcard may stand in for a name"
            }
            Self::AtDname => {
                "it takes no denial from the owner of a DNAME, not even about that name itself"
            }
            Self::Synthesized => {
                "it wants a signature on the CNAME that a DNAME stands for, which has none (RFC 6672 §5.3.1)"
            }
            Self::KeysOfUnsigned => {
                "it looks for DS records above the keys of a zone that has none"
            }
        }
    }

    /// The reason that a response holds, if any.
    pub(crate) fn of(question: &Question, response: &Message) -> Option<Self> {
        let answers = &response.answers;
        let is_wanted = |record: &Record| record.record_type() == question.record_type;
        if answers.iter().any(is_alias) && !answers.iter().any(is_wanted) {
            Some(Self::AliasToNothing)
        } else if answers.iter().any(is_expanded) {
            Some(Self::Wildcard)
        } else if response.authorities.iter().any(lists_dname) {
            Some(Self::AtDname)
        } else if answers.iter().any(is_dname) {
            Some(Self::Synthesized)
        } else if answers.iter().any(is_key) && !response.metadata.authentic_data {
            Some(Self::KeysOfUnsigned)
        } else {
            None
        }
    }
}

fn is_dname(record: &Record) -> bool {
    record.record_type() == RecordType::DNAME
}

fn is_key(record: &Record) -> bool {
    record.record_type() == RecordType::DNSKEY
}

fn is_alias(record: &Record) -> bool {
    record.record_type() == RecordType::CNAME || is_dname(record)
}

fn is_expanded(record: &Record) -> bool {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(rrsig)) => {
            rrsig.input().num_labels < record.name.num_labels()
        }
        _ => false,
    }
}

fn lists_dname(record: &Record) -> bool {
    let is_dname = |listed: RecordType| listed == RecordType::DNAME;
    match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => nsec.type_bit_maps().any(is_dname),
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => nsec3.type_bit_maps().any(is_dname),
        _ => false,
    }
}
