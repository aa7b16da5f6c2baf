//! An exchange under one key: what was signed last is part of what is signed next.

use std::sync::Arc;

use payname_resolver::{UnixTime, hickory_proto::rr::Name};

use super::{
    FUDGE, Key, KeyRing, Refusal,
    record::{Malformed, Record, find, push_sized, strip},
    refusal::Reason,
};

/// How many messages in a row may come without a signature (RFC 8945 §5.3.1).
const MOST_UNSIGNED: usize = 99;
/// NOTAUTH, the response code beside every TSIG error.
const NOT_AUTH: u8 = 9;

/// A query and the messages of its response, all under one key.
#[derive(Debug)]
pub(crate) struct Session {
    key: Arc<Key>,
    /// The MAC before the next one, behind its length, and whatever came unsigned since.
    pub(super) before: Vec<u8>,
    /// Whether the query is the last thing that was signed.
    is_first: bool,
    unsigned: usize,
}

/// Checks and takes off the signature of a query; `None` when it has none.
///
/// # Errors
/// A [`Refusal`] that makes the response.
pub(crate) fn check_query(
    keys: &KeyRing,
    message: &mut Vec<u8>,
    now: UnixTime,
) -> Result<Option<Session>, Refusal> {
    let found = find(message).map_err(|Malformed| Refusal::malformed())?;
    let Some((start, record)) = found else {
        return Ok(None);
    };
    let key = keys.find(&record.name).filter(|key| is_by(&record, key));
    let Some(key) = key.cloned() else {
        return Err(Refusal::new(Reason::Key, record));
    };
    let (full, got) = (key.algorithm().output(), record.mac.len());
    if got > full || got < 10.max(full / 2) {
        return Err(Refusal::malformed()); // RFC 8945 §5.2.2.1
    }
    let intact = message.clone();
    strip(message, start, &record);
    let mac = key.mac(&[message, &record.variables()]);
    if !is_prefix(&record.mac, mac.as_ref()) {
        *message = intact;
        return Err(Refusal::new(Reason::Signature, record));
    }
    let reason = if !record.is_timely(now.0) {
        Some(Reason::Time)
    } else if got < full {
        Some(Reason::Truncation)
    } else {
        None
    };
    let session = Session::after(key, &record.mac);
    match reason {
        None => Ok(Some(session)),
        Some(reason) => {
            *message = intact;
            Err(Refusal::signed(reason, record, session))
        }
    }
}

impl Session {
    /// Signs a query, and waits for the response to it.
    pub(crate) fn ask(key: Arc<Key>, message: &mut Vec<u8>, now: UnixTime) -> Self {
        let mut record = record_of(&key, message, now.0);
        record.mac = key.mac(&[message, &record.variables()]).as_ref().to_vec();
        record.append(message);
        Self::after(key, &record.mac)
    }

    fn after(key: Arc<Key>, mac: &[u8]) -> Self {
        let mut before = Vec::new();
        push_sized(&mut before, mac);
        Self {
            key,
            before,
            is_first: true,
            unsigned: 0,
        }
    }

    /// The name of the key.
    pub(crate) fn key_name(&self) -> &Name {
        self.key.name()
    }

    /// How many octets a signature adds to a message.
    pub(crate) fn overhead(&self) -> usize {
        let mut record = record_of(&self.key, &[], 0);
        record.mac = vec![0; self.key.algorithm().output()];
        let mut message = Vec::new();
        record.append(&mut message);
        message.len()
    }

    /// Whether the last message was signed, so that nothing unsigned is believed.
    pub(crate) fn is_complete(&self) -> bool {
        !self.is_first && self.unsigned == 0
    }

    /// Signs the next message of the response.
    pub(crate) fn sign(&mut self, message: &mut Vec<u8>, now: UnixTime) {
        let record = record_of(&self.key, message, now.0);
        self.sign_with(message, record);
    }

    pub(super) fn sign_with(&mut self, message: &mut Vec<u8>, mut record: Record) {
        let mac = self.next_mac(message, &record);
        record.mac = mac;
        record.append(message);
        self.advance(&record.mac);
    }

    /// Checks the next message of the response, and takes its signature off.
    ///
    /// # Errors
    /// [`SessionError`]; nothing of the response may be believed.
    pub(crate) fn check(
        &mut self,
        message: &mut Vec<u8>,
        now: UnixTime,
    ) -> Result<(), SessionError> {
        let Some((start, record)) = find(message).map_err(|Malformed| SessionError::Malformed)?
        else {
            self.unsigned = self.unsigned.saturating_add(1);
            if self.is_first || self.unsigned > MOST_UNSIGNED {
                return Err(SessionError::Unsigned);
            }
            self.before.extend_from_slice(message);
            return Ok(());
        };
        let code = message.get(3).copied().unwrap_or_default() & 0x0f;
        if code == NOT_AUTH && matches!(record.error, 16 | 17) {
            let name = self.key.name().clone();
            return Err(SessionError::Refused(name, tell(record.error)));
        }
        if record.name != *self.key.name() || !is_by(&record, &self.key) {
            return Err(SessionError::OtherKey(record.name));
        }
        strip(message, start, &record);
        if record.mac.len() != self.key.algorithm().output()
            || !is_prefix(&record.mac, &self.next_mac(message, &record))
        {
            return Err(SessionError::BadSignature(record.name));
        }
        if record.error != 0 {
            return Err(SessionError::Refused(record.name, tell(record.error)));
        }
        if !record.is_timely(now.0) {
            return Err(SessionError::BadTime {
                signed: UnixTime(record.time),
                now,
            });
        }
        self.advance(&record.mac);
        Ok(())
    }

    fn next_mac(&self, message: &[u8], record: &Record) -> Vec<u8> {
        let beside = if self.is_first {
            record.variables()
        } else {
            record.timers()
        };
        let mac = self.key.mac(&[&self.before, message, &beside]);
        mac.as_ref().to_vec()
    }

    fn advance(&mut self, mac: &[u8]) {
        self.before.clear();
        push_sized(&mut self.before, mac);
        self.is_first = false;
        self.unsigned = 0;
    }
}

/// The record of a message that is signed now, without its MAC.
fn record_of(key: &Key, message: &[u8], time: u64) -> Record {
    let id = message.first_chunk().copied().unwrap_or_default();
    Record {
        name: key.name().clone(),
        algorithm: algorithm_name(key),
        time,
        fudge: FUDGE,
        mac: Vec::new(),
        original_id: u16::from_be_bytes(id),
        error: 0,
        other: Vec::new(),
    }
}

fn algorithm_name(key: &Key) -> Name {
    let label = key.algorithm().label();
    let mut name = Name::from_labels([label.as_bytes()]).unwrap_or_default();
    name.set_fqdn(true);
    name
}

/// Whether a record is of the algorithm of a key.
fn is_by(record: &Record, key: &Key) -> bool {
    record.algorithm == algorithm_name(key)
}

/// Compares without telling by its time how much is equal.
fn is_prefix(prefix: &[u8], whole: &[u8]) -> bool {
    let differences = prefix
        .iter()
        .zip(whole)
        .fold(0, |all, (a, b)| all | (a ^ b));
    prefix.len() <= whole.len() && std::hint::black_box(differences) == 0
}

fn tell(error: u16) -> &'static str {
    match error {
        16 => "it finds our signature wrong (BADSIG): the secrets differ",
        17 => "it does not know the key (BADKEY): name or algorithm differ",
        18 => "its clock differs too much from ours (BADTIME)",
        _ => "it refuses our signature",
    }
}

/// Why a response is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SessionError {
    /// It cannot be read.
    #[error("the response cannot be read")]
    Malformed,
    /// It is not signed where it must be.
    #[error("the response is not signed; does the other side know the key?")]
    Unsigned,
    /// The other side does not accept our signature.
    #[error("the other side refuses the key {0}: {1}")]
    Refused(Name, &'static str),
    /// It is signed with another key.
    #[error("the response is signed with the key {0}, not with the one that was asked with")]
    OtherKey(Name),
    /// The signature is wrong.
    #[error("the response's signature by the key {0} is wrong")]
    BadSignature(Name),
    /// It was signed at another time.
    #[error("the response was signed at {signed}, and now is {now}: too far apart")]
    BadTime {
        /// When it was signed.
        signed: UnixTime,
        /// What our clock shows.
        now: UnixTime,
    },
}
