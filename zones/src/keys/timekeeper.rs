//! Time that roll-overs can be trusted to: how long we have lived, and what time it surely is.
//!
//! A wall clock can be set. So nothing that must not be cut short is measured by it: holds count
//! the seconds that processes have lived, by a clock that only runs forward (time in which nobody
//! ran is not counted, which can only make a hold longer). And signatures begin no later than a
//! time that has surely come: the last sure time and what was lived since.

use std::time::Duration;

use payname_resolver::UnixTime;

/// How far a wall clock may be from the sure time before anybody is told.
const TOLERANCE: u64 = 600;

/// What the clocks show: the wall clock, and one that only runs forward from the process's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The time of day.
    pub wall: UnixTime,
    /// Time since some moment in this process's life.
    pub monotonic: Duration,
}

/// A moment as a [`Timekeeper`] sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time to sign for: the wall clock's, but never before a time that has surely come.
    pub now: UnixTime,
    /// Seconds lived, by which holds are measured.
    pub lived: u64,
    /// How many seconds the wall clock may be ahead of the true time, at the worst; zero when it
    /// is close to the sure time.
    ///
    /// Signatures that begin this much earlier are valid either way.
    pub doubt: u64,
    /// How many seconds the wall clock is behind a time that has surely come; zero when it is not.
    pub behind: u64,
}

/// Keeps the sure time and the seconds lived, over restarts too.
///
/// ```
/// # use std::time::Duration;
/// # use payname_resolver::UnixTime;
/// # use payname_zones::{Reading, Timekeeper};
/// let at = |wall, seconds| Reading { wall: UnixTime(wall), monotonic: Duration::from_secs(seconds) };
/// let mut time = Timekeeper::new(UnixTime(1_785_988_800));
/// time.observe(at(1_785_988_800, 0));
/// // A minute passes, and somebody sets the clock a year ahead:
/// let moment = time.observe(at(1_785_988_860 + 31_536_000, 60));
/// assert_eq!((moment.lived, moment.doubt), (60, 31_536_000));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timekeeper {
    sure: UnixTime,
    lived: u64,
    /// The last reading of the clock that runs forward; none in a process that has not looked yet.
    seen: Option<Duration>,
}

impl Timekeeper {
    /// Begins now, believing the wall clock this once.
    pub fn new(wall: UnixTime) -> Self {
        Self::resume(wall, 0)
    }

    /// Goes on in another process, from what [`Timekeeper::sure`] and [`Timekeeper::lived`] told.
    pub fn resume(sure: UnixTime, lived: u64) -> Self {
        Self {
            sure,
            lived,
            seen: None,
        }
    }

    /// Looks at the clocks.
    pub fn observe(&mut self, reading: Reading) -> Moment {
        let seen = self.seen.unwrap_or(reading.monotonic);
        // Whole seconds only; what is left over counts the next time.
        let passed = reading.monotonic.saturating_sub(seen).as_secs();
        self.seen = Some(seen.saturating_add(Duration::from_secs(passed)));
        self.lived = self.lived.saturating_add(passed);
        self.sure = self.sure.plus(passed);
        let off = |seconds: u64| if seconds > TOLERANCE { seconds } else { 0 };
        Moment {
            now: reading.wall.max(self.sure),
            lived: self.lived,
            doubt: off(reading.wall.0.saturating_sub(self.sure.0)),
            behind: off(self.sure.0.saturating_sub(reading.wall.0)),
        }
    }

    /// Takes note that this time has surely come, such as the beginning of a signature of the
    /// parent zone that was verified: nobody signs for a time before it is there.
    pub fn confirm(&mut self, time: UnixTime) {
        self.sure = self.sure.max(time);
    }

    /// Believes the wall clock, as an operator who has looked at it says.
    ///
    /// The only way for the sure time to go back. No hold is cut short by it.
    pub fn trust(&mut self, wall: UnixTime) {
        self.sure = wall;
    }

    /// A time that has surely come.
    pub fn sure(&self) -> UnixTime {
        self.sure
    }

    /// Seconds lived, in this process and those before.
    pub fn lived(&self) -> u64 {
        self.lived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_785_988_800;
    const DAY: u64 = 86_400;

    fn at(wall: u64, monotonic: u64) -> Reading {
        Reading {
            wall: UnixTime(wall),
            monotonic: Duration::from_secs(monotonic),
        }
    }

    #[test]
    fn clocks_that_agree_leave_no_doubt() {
        let mut time = Timekeeper::new(UnixTime(START));
        for day in 0..400 {
            let moment = time.observe(at(START + day * DAY, 7 + day * DAY));
            assert_eq!(moment.lived, day * DAY);
            assert_eq!(moment.now, UnixTime(START + day * DAY));
            assert_eq!((moment.doubt, moment.behind), (0, 0));
        }
    }

    #[test]
    fn a_clock_that_goes_back_takes_nothing_back() {
        let mut time = Timekeeper::new(UnixTime(START));
        time.observe(at(START, 0));
        let before = time.observe(at(START + DAY, DAY));
        let after = time.observe(at(0, DAY + 60));
        assert_eq!(after.now, before.now.plus(60));
        assert_eq!(after.lived, before.lived + 60);
        assert_eq!(after.behind, START + DAY + 60);
    }

    #[test]
    fn time_in_which_nobody_ran_is_not_lived_and_leaves_doubt_until_somebody_vouches() {
        let mut time = Timekeeper::new(UnixTime(START));
        time.observe(at(START, 0));
        time.observe(at(START + 100, 100));
        let mut time = Timekeeper::resume(time.sure(), time.lived());
        let moment = time.observe(at(START + 9 * DAY, 3));
        assert_eq!(moment.lived, 100);
        assert_eq!(moment.now, UnixTime(START + 9 * DAY));
        assert_eq!(moment.doubt, 9 * DAY - 100);
        time.confirm(UnixTime(START + 8 * DAY));
        assert_eq!(time.observe(at(START + 9 * DAY, 3)).doubt, DAY);
        time.confirm(UnixTime(START)); // an old signature takes nothing back
        assert_eq!(time.observe(at(START + 9 * DAY, 3)).doubt, DAY);
    }

    #[test]
    fn glances_within_a_second_add_up() {
        let mut time = Timekeeper::new(UnixTime(START));
        for tenth in 0..=100 {
            time.observe(Reading {
                wall: UnixTime(START),
                monotonic: Duration::from_millis(tenth * 100),
            });
        }
        assert_eq!(time.lived(), 10);
    }
}
