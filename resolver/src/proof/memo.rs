//! Signatures found good before, so that nobody pays for the same one twice.

use alloc::collections::BTreeSet;

use ring::digest::{Context, SHA256};

/// The digest of one signature check: algorithm, key, message and signature.
pub(super) type Check = [u8; 32];

/// A bounded set of checks that came out well.
///
/// That a signature fits a key and a message is a fact of arithmetic: it holds under any anchors and
/// at any time, so remembering it cannot widen what is accepted. Everything else (times, names,
/// delegations, denials) is judged anew each time.
#[derive(Debug, Clone)]
pub(super) struct Memo {
    capacity: usize,
    recent: BTreeSet<Check>,
    older: BTreeSet<Check>,
}

impl Memo {
    /// Room for at least `capacity` checks, and for less than twice as many.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            recent: BTreeSet::new(),
            older: BTreeSet::new(),
        }
    }

    pub(super) fn has(&self, check: &Check) -> bool {
        self.recent.contains(check) || self.older.contains(check)
    }

    /// Notes a check that came out well, or that was useful again. What is not noted for long is
    /// forgotten.
    pub(super) fn note(&mut self, check: Check) {
        if self.recent.len() >= self.capacity && !self.recent.contains(&check) {
            self.older = core::mem::take(&mut self.recent);
        }
        self.recent.insert(check);
    }
}

/// Names a check; each part is told apart by its length.
pub(super) fn check(algorithm: u8, public_key: &[u8], message: &[u8], signature: &[u8]) -> Check {
    let mut context = Context::new(&SHA256);
    context.update(&[algorithm]);
    for part in [public_key, message, signature] {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut check = [0; 32];
    check.copy_from_slice(context.finish().as_ref());
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut memo = Memo::new(2);
        let [kept, lost, other, another] = [1, 2, 3, 4].map(|byte| [byte; 32]);
        memo.note(kept);
        memo.note(lost);
        for check in [other, kept, another, kept] {
            memo.note(check);
        }
        assert!(memo.has(&kept) && memo.has(&other) && memo.has(&another));
        assert!(!memo.has(&lost));
        assert!(memo.recent.len() + memo.older.len() <= 4);
    }

    #[test]
    fn no_two_checks_share_a_name_by_moving_a_byte_between_their_parts() {
        assert_ne!(check(13, b"ab", b"c", b""), check(13, b"a", b"bc", b""));
        assert_ne!(check(13, b"a", b"b", b"c"), check(8, b"a", b"b", b"c"));
    }
}
