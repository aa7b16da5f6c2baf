//! When it was last seen that the disk takes what is written.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For how long it is believed: whoever asks often costs no more than a sync every few seconds.
const BELIEVED: Duration = Duration::from_secs(2);

/// When it was seen; not yet, to begin with.
#[derive(Debug, Default)]
pub(super) struct Written(Mutex<Option<Instant>>);

impl Written {
    /// It was seen now.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether it was seen a moment ago.
    pub(super) fn is_recent(&self) -> bool {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.is_some_and(|seen| seen.elapsed() < BELIEVED)
    }
}
