//! Waiting for a node that is asked again and again.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::interrupt;

/// How often a node that runs elsewhere is asked.
const PAUSE: Duration = Duration::from_millis(250);

/// A wait that ends with its deadline, or when the process is asked to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    deadline: Instant,
}

impl Wait {
    /// A wait of at most `within`, beginning now.
    pub(super) fn of(within: Duration) -> Self {
        let now = Instant::now();
        Self {
            deadline: now.checked_add(within).unwrap_or(now),
        }
    }

    /// What is left of it.
    pub(super) fn left(self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether it is over.
    pub(super) fn is_over(self) -> bool {
        self.left().is_zero() || interrupt::is_requested()
    }

    /// Sleeps a little; false when the wait is over.
    pub(super) fn pause(self) -> bool {
        if !self.is_over() {
            thread::sleep(PAUSE.min(self.left()));
        }
        !self.is_over()
    }
}
