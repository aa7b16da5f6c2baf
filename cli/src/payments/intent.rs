//! An intent to pay: what was meant, written down before it is done.

use std::{fmt, str::FromStr};

use payname_resolver::{Amount, Handle, UnixTime};

use crate::node::{Outcome, PaymentId, Settlement};

/// The name of an intent, and of its receipt: 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IntentId(String);

impl IntentId {
    /// An id made of random bytes.
    pub fn new(random: [u8; 8]) -> Self {
        Self(hex::encode(random))
    }

    /// The 16 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IntentId {
    type Err = IntentIdError;

    fn from_str(text: &str) -> Result<Self, IntentIdError> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_id {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(IntentIdError(text.to_owned())),
        }
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no payment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no payment id; it has 16 hex digits, see `payname receipt list`", .0.escape_debug())]
pub struct IntentIdError(String);

/// What is meant to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent {
    /// Its name.
    pub id: IntentId,
    /// Who is paid.
    pub handle: Handle,
    /// The signed URI, byte for byte.
    pub uri: String,
    /// The proof of it.
    pub proof: Vec<u8>,
    /// The offer in it.
    pub offer: String,
    /// How much.
    pub amount: Amount,
    /// The most that routing may cost.
    pub max_fee: Amount,
    /// The note sent along.
    pub note: Option<String>,
    /// The Bitcoin network.
    pub network: String,
    /// The identity of the node that pays; no other can say what became of it.
    pub node: String,
    /// When it was intended; the proof was valid then.
    pub intended_at: UnixTime,
}

/// An intent as it is stored, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// What is meant.
    pub meant: NewIntent,
    /// How far it came.
    pub state: State,
    /// The node's id for it, once it has one.
    pub payment_id: Option<PaymentId>,
    /// The evidence, once settled.
    pub settlement: Option<Settlement>,
    /// Why it failed, as a stable name.
    pub failure: Option<String>,
    /// When it settled or failed.
    pub ended_at: Option<UnixTime>,
}

/// How far a payment came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Written down; no node has heard of it.
    Intended,
    /// Being handed to the node: it may or may not have begun.
    Sending,
    /// The node has begun it.
    Sent,
    /// The payee has the money.
    Settled,
    /// It failed for good; no money moved.
    Failed,
    /// The node could not say in time what became of it.
    Unknown,
}

impl State {
    /// The stable name, as stored and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Intended,
            Self::Sending,
            Self::Sent,
            Self::Settled,
            Self::Failed,
            Self::Unknown,
        ]
        .into_iter()
        .find(|state| state.as_str() == name)
    }

    /// Whether nothing more can happen.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Failed)
    }
}

impl From<&Outcome> for State {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Settled(_) => Self::Settled,
            Outcome::Failed(_) => Self::Failed,
            Outcome::Unknown => Self::Unknown,
        }
    }
}
