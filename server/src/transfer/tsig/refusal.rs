//! What is answered to a signature that is not accepted (RFC 8945 §5.2).

use std::fmt;

use payname_resolver::UnixTime;

use super::{Session, record::Record};
use crate::transfer::question::head;

/// A query whose signature is not accepted.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// None: the message cannot be read.
    about: Option<(Reason, Record)>,
    /// Where the signature itself was right, the response is signed too.
    session: Option<Session>,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Key,
    Signature,
    Time,
    Truncation,
}

impl Refusal {
    pub(super) fn malformed() -> Self {
        Self {
            about: None,
            session: None,
        }
    }

    pub(super) fn new(reason: Reason, record: Record) -> Self {
        Self {
            about: Some((reason, record)),
            session: None,
        }
    }

    pub(super) fn signed(reason: Reason, record: Record, session: Session) -> Self {
        Self {
            about: Some((reason, record)),
            session: Some(session),
        }
    }

    /// The response to `query`, which must be as it came.
    pub(crate) fn response(self, query: &[u8], now: UnixTime) -> Vec<u8> {
        let code = if self.about.is_some() { 9 } else { 1 };
        let mut response = head(query, code);
        let Some((reason, record)) = self.about else {
            return response;
        };
        let mut answer = Record {
            error: reason.code(),
            mac: Vec::new(),
            other: Vec::new(),
            ..record
        };
        match (reason, self.session) {
            (Reason::Time, Some(mut session)) => {
                answer.other = now.0.to_be_bytes().iter().skip(2).copied().collect();
                session.sign_with(&mut response, answer);
            }
            (_, Some(mut session)) => {
                answer.time = now.0;
                session.sign_with(&mut response, answer);
            }
            (_, None) => answer.append(&mut response),
        }
        response
    }
}

impl Reason {
    fn code(self) -> u16 {
        match self {
            Self::Signature => 16,
            Self::Key => 17,
            Self::Time => 18,
            Self::Truncation => 22,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((reason, record)) = &self.about else {
            return f.write_str("the message or its TSIG record cannot be read");
        };
        let name = record.name.to_ascii();
        let name = name.escape_debug();
        match reason {
            Reason::Key => {
                let algorithm = record.algorithm.to_ascii();
                let algorithm = algorithm.escape_debug();
                write!(
                    f,
                    "no key {name} with algorithm {algorithm} is known here (BADKEY)"
                )
            }
            Reason::Signature => {
                write!(
                    f,
                    "the signature by the key {name} is wrong (BADSIG): the secrets differ"
                )
            }
            Reason::Time => {
                let time = UnixTime(record.time);
                write!(
                    f,
                    "signed by the key {name} at {time}, too far from now (BADTIME): set the clocks"
                )
            }
            Reason::Truncation => {
                write!(
                    f,
                    "the signature by the key {name} is cut short, which is not taken (BADTRUNC)"
                )
            }
        }
    }
}
