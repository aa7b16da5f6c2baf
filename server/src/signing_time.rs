//! The time that zones are signed for, and how much of it may not have come yet.
//!
//! Whatever is signed begins no later than a time that has surely come. So it is asked for with every change:
//! a clock that was set ahead a moment ago, or while nobody ran, is nobody's word yet.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use payname_resolver::UnixTime;
use payname_zones::{Reading, Timekeeper};

use crate::clock::Clock;

/// Measures a clock against the time that was surely lived.
#[derive(Debug)]
pub(crate) struct SigningTime {
    clock: Clock,
    keeper: Mutex<Timekeeper>,
}

impl SigningTime {
    /// Goes on from the latest time that the keys are sure of; where there is none, believes the clock this once.
    pub(crate) fn open(clock: Clock, sure: Option<UnixTime>) -> Self {
        let keeper = Timekeeper::resume(sure.unwrap_or_else(|| clock.now()), 0);
        let time = Self {
            clock,
            keeper: Mutex::new(keeper),
        };
        time.doubt();
        time
    }

    /// How far the clock may be ahead of the true time; signatures begin at least that much earlier.
    pub(crate) fn doubt(&self) -> Duration {
        let moment = self.keeper().observe(Reading {
            wall: self.clock.now(),
            monotonic: self.clock.monotonic(),
        });
        Duration::from_secs(moment.doubt)
    }

    /// Takes note of a time that has surely come, such as one that the zone above has signed for.
    pub(crate) fn confirm(&self, time: UnixTime) {
        self.keeper().confirm(time);
    }

    /// Believes the clock, as an operator says who has looked at it.
    pub(crate) fn trust(&self) {
        self.keeper().trust(self.clock.now());
    }

    fn keeper(&self) -> MutexGuard<'_, Timekeeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
