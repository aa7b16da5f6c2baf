//! The signature checks of one judgement: bounded, counted, and none made that is remembered.

use alloc::vec::Vec;

use super::{
    Reason, crypto,
    memo::{self, Check, Memo},
};

/// The most signature checks for one judgement. An honest proof over two chains of four zones with
/// denials needs about twenty.
const MAX_CHECKS: usize = 64;
/// The most that may fail. In an honest proof one fails where two keys share a tag by chance, and where
/// the records of both sides of a zone cut stand at one name; a flood of such (KeyTrap) ends here.
const MAX_FAILURES: usize = 8;

/// The checks asked for so far, and what came of them.
#[derive(Debug)]
pub(super) struct Checks<'a> {
    asked: usize,
    failed: usize,
    made: u64,
    /// Checks that came out well before, and those that did now.
    memo: Option<&'a Memo>,
    good: Vec<Check>,
}

/// What a judgement leaves behind for the next ones.
#[derive(Debug)]
pub(super) struct Learnt {
    /// The checks that came out well; none unless there was a memo.
    pub(super) good: Vec<Check>,
    /// How many were made, those that were remembered left out.
    pub(super) made: u64,
}

impl<'a> Checks<'a> {
    pub(super) fn new(memo: Option<&'a Memo>) -> Self {
        Self {
            asked: 0,
            failed: 0,
            made: 0,
            memo,
            good: Vec::new(),
        }
    }

    /// Asks for one more check, before anything is prepared for it. Remembered checks count, too: a
    /// verdict does not depend on what is remembered.
    pub(super) fn ask(&mut self) -> Result<(), Reason> {
        if self.asked >= MAX_CHECKS {
            return Err(Reason::TooManySignatures { limit: MAX_CHECKS });
        }
        if self.failed >= MAX_FAILURES {
            return Err(Reason::TooManyWrongSignatures {
                limit: MAX_FAILURES,
            });
        }
        self.asked = self.asked.saturating_add(1);
        Ok(())
    }

    /// Makes the check, unless it is remembered to have come out well.
    pub(super) fn check(
        &mut self,
        algorithm: u8,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        let check = self
            .memo
            .map(|memo| (memo, memo::check(algorithm, public_key, message, signature)));
        let is_remembered = check.is_some_and(|(memo, check)| memo.has(&check));
        if !is_remembered {
            self.made = self.made.saturating_add(1);
            crypto::check(algorithm, public_key, message, signature).inspect_err(|_| {
                self.failed = self.failed.saturating_add(1);
            })?;
        }
        self.good.extend(check.map(|(_, check)| check));
        Ok(())
    }

    pub(super) fn into_learnt(self) -> Learnt {
        Learnt {
            good: self.good,
            made: self.made,
        }
    }
}
