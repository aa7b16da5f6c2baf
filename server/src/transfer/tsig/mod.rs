//! Messages signed with a secret that both sides know (TSIG, RFC 8945).
//!
//! Works on messages as bytes, because it is bytes that are signed: whatever stands in a message,
//! known here or not, is covered as it came. Names are read by `hickory-proto` and MACs made by
//! `ring`; the TSIG of `hickory-proto` panics at messages with certain counts, and that of `domain`
//! answers a wrong MAC with FORMERR and signs the time in BADTIME in a form nobody else verifies.
//!
//! SHA-1 and MD5 are refused, truncated MACs too.

mod key;
mod record;
mod refusal;
mod session;
#[cfg(test)]
mod tests;

pub use self::key::{Key, KeyRing};
pub(crate) use self::{
    key::KeyError,
    refusal::Refusal,
    session::{Session, SessionError, check_query},
};

/// By how many seconds the clocks of both sides may differ (RFC 8945 §10).
const FUDGE: u16 = 300;
