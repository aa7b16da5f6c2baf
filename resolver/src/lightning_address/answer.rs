//! The JSON that services answer with, and their refusals (LUD-06).

use alloc::string::String;

use serde::{Deserialize, de::DeserializeOwned};

use crate::text::shown;

/// The most bytes an answer may have; images in the metadata make some large.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// A refusal.
#[derive(Deserialize)]
struct Refusal {
    status: String,
    #[serde(default)]
    reason: String,
}

/// Reads an answer; a refusal is an error.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, AnswerError> {
    if body.len() > MAX_BYTES {
        return Err(AnswerError::TooLong { length: body.len() });
    }
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(body)
        && refusal.status.eq_ignore_ascii_case("error")
    {
        return Err(AnswerError::Refused(refusal.reason));
    }
    serde_json::from_slice(body).map_err(|error| AnswerError::Malformed {
        line: error.line(),
        column: error.column(),
    })
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is longer than any answer needs to be.
    #[error("the service answered with {length} bytes, which is too long")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The service says no, in its own words.
    #[error("the service refuses: {}", shown(.0))]
    Refused(String),
    /// It is not the JSON that is due.
    #[error(
        "the service answered with something else than LNURL asks for (at line {line}, column {column})"
    )]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}
