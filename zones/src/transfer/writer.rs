//! Records packed into messages, as many as fit each.

use super::envelope::Envelope;
use crate::names::key_parent;

/// Where the origin is: in the question of every message.
const ORIGIN: u16 = 12;
/// A pointer has 14 bits (RFC 1035 §4.1.4).
const REACH: usize = 0x4000;
/// How many names are remembered that others may end in; users have few parents.
const REMEMBERED: usize = 8;

/// Packs records into messages.
#[derive(Debug)]
pub(super) struct Writer {
    head: Vec<u8>,
    limit: usize,
    /// Whether the origin is the root, which is shorter than a pointer to it.
    is_root: bool,
    message: Vec<u8>,
    count: u16,
    /// Names in this message that others may end in, as keys, and where they are.
    known: Vec<(Vec<u8>, u16)>,
    /// The owner of the last record, and where it is.
    last: Option<(Vec<u8>, u16)>,
}

impl Writer {
    pub(super) fn new(envelope: &Envelope, origin: &[u8]) -> Self {
        let head = envelope.head();
        Self {
            limit: envelope.limit(),
            is_root: origin == [0],
            message: head.clone(),
            head,
            count: 0,
            known: Vec::new(),
            last: None,
        }
    }

    /// Adds a record: the owner's key, and `type, class, TTL, RDLENGTH, RDATA`. A message that has
    /// no room for it is done.
    pub(super) fn push(&mut self, key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        let before = self.message.len();
        self.write(key, body);
        let fits = self.message.len() <= self.limit && self.count < u16::MAX;
        if fits || self.count == 0 {
            self.count = self.count.saturating_add(1);
            return None;
        }
        self.message.truncate(before);
        let full = self.finish();
        self.write(key, body);
        self.count = 1;
        Some(full)
    }

    /// The message with what it has, and begins another.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut next = Vec::with_capacity(self.message.capacity());
        next.extend_from_slice(&self.head);
        let mut full = std::mem::replace(&mut self.message, next);
        let count = self.count.to_be_bytes();
        full.iter_mut()
            .skip(6)
            .zip(count)
            .for_each(|(to, from)| *to = from);
        self.count = 0;
        self.known.clear();
        self.last = None;
        full
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn write(&mut self, key: &[u8], body: &[u8]) {
        self.write_owner(key);
        self.message.extend_from_slice(body);
    }

    fn write_owner(&mut self, key: &[u8]) {
        if let Some((_, at)) = self.last.as_ref().filter(|(last, _)| last == key) {
            let at = *at;
            return self.point(at);
        }
        let at = self.message.len();
        self.write_labels(key);
        self.last = match &mut self.last {
            _ if at >= REACH || key.is_empty() => None,
            Some((last, _)) => {
                let mut last = std::mem::take(last);
                last.clear();
                last.extend_from_slice(key);
                Some((last, at as u16))
            }
            None => Some((key.to_vec(), at as u16)),
        };
    }

    /// Writes labels up to a name that is in the message.
    fn write_labels(&mut self, mut key: &[u8]) {
        let whole = key;
        while let Some(above) = key_parent(key) {
            let here = self.known.iter().find(|(known, _)| known == key);
            if let Some((_, at)) = here {
                let at = *at;
                return self.point(at);
            }
            let at = self.message.len();
            // The name itself is not likely to be met again, but for the next record.
            if at < REACH && key.len() < whole.len() && self.known.len() < REMEMBERED {
                self.known.push((key.to_vec(), at as u16));
            }
            let length = key.len().saturating_sub(above.len());
            self.message
                .extend_from_slice(key.get(..length).unwrap_or_default());
            key = above;
        }
        if self.is_root {
            self.message.push(0);
        } else {
            self.point(ORIGIN);
        }
    }

    fn point(&mut self, at: u16) {
        self.message.extend((0xc000 | at).to_be_bytes());
    }
}
