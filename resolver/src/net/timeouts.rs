//! How long to wait.

use std::time::Duration;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the answer to one datagram. Connections get the time of all attempts together.
    pub attempt: Duration,
    /// How often a question is sent over UDP.
    pub attempts: u32,
    /// For everything that one proof takes.
    pub total: Duration,
}

impl Timeouts {
    /// The longest that one question takes over one transport.
    pub(super) fn exchange(self) -> Duration {
        self.attempt
            .saturating_mul(self.attempts.max(1))
            .min(self.total)
    }
}

impl Default for Timeouts {
    /// Three attempts of 1.5 seconds; 10 seconds in all.
    fn default() -> Self {
        Self {
            attempt: Duration::from_millis(1_500),
            attempts: 3,
            total: Duration::from_secs(10),
        }
    }
}
