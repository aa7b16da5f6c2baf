//! Requests that are to be done once however often they come, and what was answered to them.

use serde::{Deserialize, Serialize};

use payname_resolver::UnixTime;

use super::StoreError;
use crate::registration::Decision;

/// How long an answer is kept, in seconds.
pub const KEPT: u64 = 24 * 3600;
/// How long a request may be under way, in seconds; after that its server is thought dead.
pub const UNDER_WAY: u64 = 60;

/// Which request it is: whoever signed it, and the key it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The signer's key.
    pub signer: [u8; 32],
    /// What the signer calls the request.
    pub key: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to the answer.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request that asks for a change, and how it is answered once the change is made.
#[derive(Debug, Clone)]
pub struct Named {
    /// Which request it is.
    pub key: RequestKey,
    /// What is answered to it. The store keeps it with the change, or neither.
    pub answer: fn(&Decision) -> Answer,
}

impl Named {
    /// The answer as it is kept.
    pub(super) fn kept(&self, decision: &Decision) -> Result<String, StoreError> {
        let answer = (self.answer)(decision);
        serde_json::to_string(&answer).map_err(|error| StoreError::Unreadable {
            column: "answer",
            value: error.to_string(),
        })
    }
}

/// What becomes of a request that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It has to be done, by whoever asks now.
    Now,
    /// Somebody is doing it.
    UnderWay,
    /// It was done before.
    Before(Answer),
    /// There was another request of this name.
    Other,
}

/// What a store remembers of a request.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) digest: Vec<u8>,
    pub(super) begun_at: UnixTime,
    /// As JSON; none while it is under way.
    pub(super) answer: Option<String>,
}

impl Remembered {
    /// What becomes of a request of this name. [`Begun::Now`] has the store remember it anew.
    pub(super) fn judge(self, digest: &[u8; 32], now: UnixTime) -> Begun {
        let age = self.begun_at.until(now);
        // Begun by a clock that was ahead and has been set back since: nobody knows when.
        let is_odd = now.until(self.begun_at) >= UNDER_WAY;
        // One that cannot be read is a newer version's; what it says is as good as lost.
        let answer = self
            .answer
            .and_then(|json| serde_json::from_str(&json).ok());
        match answer {
            _ if age >= KEPT => Begun::Now,
            _ if self.digest != digest => Begun::Other,
            Some(answer) => Begun::Before(answer),
            None if age >= UNDER_WAY || is_odd => Begun::Now,
            None => Begun::UnderWay,
        }
    }
}
