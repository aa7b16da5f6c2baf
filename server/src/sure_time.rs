//! The time by which names are taken from people: one that has surely come, whatever the clock says.
//!
//! A clock is set by people, by NTP and by empty batteries. What it ends cannot be taken back: a name that has
//! expired, a name that was held and goes to somebody else, evidence that is forgotten. So all of that is
//! judged by the clock only as long as it is no more than a day ahead of the time that was lived, and by the
//! time lived otherwise; until the zones' parents sign for the later time, or an operator has looked.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use payname_resolver::UnixTime;
use payname_zones::{Reading, Timekeeper};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// How far the clock may be ahead of the time lived, in seconds: as long as a server may be off, too, without
/// anybody having to say so.
const LEAP: u64 = 24 * 3600;
/// How often the time is written down.
const DIARY: Duration = Duration::from_secs(600);
/// Where it is written down, in the data directory.
const FILE: &str = "clock.json";
/// The version of the file.
const VERSION: u32 = 1;

/// Tells a time that has surely come.
#[derive(Debug)]
pub(crate) struct SureTime {
    clock: Clock,
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    keeper: Timekeeper,
    /// When it was written down, by the clock that nobody sets.
    written: Option<Duration>,
    /// Whether it was told that the clock is ahead.
    told: bool,
}

/// What is kept from one process to the next.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// Unix seconds.
    sure: u64,
}

impl SureTime {
    /// Goes on from what the last process has lived. Where nobody has written it down, from a time that the keys
    /// of the zones are sure of, and else from the clock.
    pub(crate) fn open(directory: &Path, of_keys: Option<UnixTime>, clock: Clock) -> Self {
        let path = directory.join(FILE);
        let wall = clock.now();
        let kept = read(&path).max(of_keys).unwrap_or(wall);
        // Off for a day at most, as far as anybody can know: the time passed.
        let sure = if is_leap(kept, wall) {
            kept
        } else {
            kept.max(wall)
        };
        let state = State {
            keeper: Timekeeper::resume(sure, 0),
            written: None,
            told: false,
        };
        let sure_time = Self {
            clock,
            path,
            state: Mutex::new(state),
        };
        sure_time.now();
        sure_time
    }

    /// The time by which names are taken from people; never after what the clock says.
    pub(crate) fn now(&self) -> UnixTime {
        let (sure, wall) = self.look(&mut self.state());
        if is_leap(sure, wall) { sure } else { wall }
    }

    /// By how many seconds the clock is ahead of all that can be known, if it is too many.
    pub(crate) fn leap(&self) -> Option<u64> {
        let (sure, wall) = self.look(&mut self.state());
        is_leap(sure, wall).then(|| sure.until(wall))
    }

    /// Takes note of a time that has surely come, such as one that the zone above has signed for.
    pub(crate) fn confirm(&self, time: UnixTime) {
        self.state().keeper.confirm(time);
    }

    /// Believes the clock, as an operator says who has looked at it.
    pub(crate) fn trust(&self) {
        let mut state = self.state();
        let (_, wall) = self.look(&mut state);
        state.keeper.trust(wall);
        state.written = None;
    }

    /// Writes the time down now and then, and says when the clock has leapt, and when that is over.
    pub(crate) fn keep(&self) {
        let mut state = self.state();
        let (sure, wall) = self.look(&mut state);
        let is_ahead = is_leap(sure, wall);
        match (is_ahead, state.told) {
            (true, false) => {
                let hours = sure.until(wall).checked_div(3600).unwrap_or(0);
                tracing::error!(
                    hours,
                    "the clock is ahead of the time that has surely come: no name ends by it. Set it; if it is right (the server was off for so long), run: paynamed zone trust-clock ZONE"
                );
            }
            (false, true) => tracing::info!("the clock is believed again; names end by it"),
            _ => {}
        }
        state.told = is_ahead;
        let lived = self.clock.monotonic();
        let is_due = |written: Duration| lived.saturating_sub(written) >= DIARY;
        if !state.written.is_none_or(is_due) {
            return;
        }
        match self.write(if is_ahead { sure } else { sure.max(wall) }) {
            Ok(()) => state.written = Some(lived),
            Err(error) => {
                let path = self.path.display();
                tracing::error!(%path, %error, "the time cannot be written down");
            }
        }
    }

    /// Writes the time down before the end.
    pub(crate) fn end(&self) {
        self.state().written = None;
        self.keep();
    }

    /// The sure time, and what the clock says.
    fn look(&self, state: &mut State) -> (UnixTime, UnixTime) {
        let wall = self.clock.now();
        state.keeper.observe(Reading {
            wall,
            monotonic: self.clock.monotonic(),
        });
        (state.keeper.sure(), wall)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, sure: UnixTime) -> io::Result<()> {
        let kept = Kept {
            version: VERSION,
            sure: sure.0,
        };
        let unfinished = self.path.with_extension("json.new");
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &self.path)
    }
}

/// By how many seconds a clock is ahead of the time that was written down in a data directory, or that the keys are
/// sure of, if it is too many for a server to believe it; and that time.
pub(crate) fn leap_of(
    directory: &Path,
    of_keys: Option<UnixTime>,
    wall: UnixTime,
) -> Option<(u64, UnixTime)> {
    let sure = read(&directory.join(FILE)).max(of_keys)?;
    is_leap(sure, wall).then(|| (sure.until(wall), sure))
}

/// What was written down; nothing that cannot be read is.
fn read(path: &Path) -> Option<UnixTime> {
    let bytes = fs::read(path).ok()?;
    let kept: Kept = serde_json::from_slice(&bytes).ok()?;
    (kept.version == VERSION).then_some(UnixTime(kept.sure))
}

/// Whether a clock is so far ahead that it is not believed.
fn is_leap(sure: UnixTime, wall: UnixTime) -> bool {
    sure.until(wall) > LEAP
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    const NOON: u64 = 1_785_931_200;
    const DAY: u64 = 86_400;

    /// Two clocks that can be set, and a directory.
    struct Scene {
        wall: Arc<AtomicU64>,
        lived: Arc<AtomicU64>,
        directory: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                wall: Arc::new(AtomicU64::new(NOON)),
                lived: Arc::default(),
                directory: tempfile::tempdir().unwrap(),
            }
        }

        fn open(&self, of_keys: Option<u64>) -> SureTime {
            let (wall, lived) = (Arc::clone(&self.wall), Arc::clone(&self.lived));
            let clock = Clock::from_clocks(
                move || UnixTime(wall.load(Ordering::Relaxed)),
                move || Duration::from_secs(lived.load(Ordering::Relaxed)),
            );
            let sure = SureTime::open(self.directory.path(), of_keys.map(UnixTime), clock);
            sure.keep();
            sure
        }

        fn pass(&self, seconds: u64) {
            self.leap(seconds);
            self.lived.fetch_add(seconds, Ordering::Relaxed);
        }

        fn leap(&self, seconds: u64) {
            self.wall.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    #[test]
    fn time_that_passes_is_believed_and_a_leap_is_not_until_somebody_else_says_so() {
        let scene = Scene::new();
        let sure = scene.open(None);
        scene.pass(400 * DAY);
        assert_eq!(
            (sure.now(), sure.leap()),
            (UnixTime(NOON + 400 * DAY), None)
        );
        scene.leap(30 * DAY);
        scene.pass(60);
        assert_eq!(sure.now(), UnixTime(NOON + 400 * DAY + 60));
        assert_eq!(sure.leap(), Some(30 * DAY));
        // The parent has signed at a time half way: that much is sure.
        sure.confirm(UnixTime(NOON + 415 * DAY));
        assert_eq!(sure.now(), UnixTime(NOON + 415 * DAY));
        sure.confirm(UnixTime(NOON + 430 * DAY - 1));
        assert_eq!(
            (sure.now(), sure.leap()),
            (UnixTime(NOON + 430 * DAY + 60), None)
        );
        scene.leap(30 * DAY);
        sure.trust();
        assert_eq!(
            (sure.now(), sure.leap()),
            (UnixTime(NOON + 460 * DAY + 60), None)
        );
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed_and_one_that_is_set_right_is_believed() {
        let scene = Scene::new();
        let sure = scene.open(None);
        scene.pass(DAY);
        scene.wall.store(NOON, Ordering::Relaxed);
        assert_eq!(sure.now(), UnixTime(NOON));
        scene.wall.store(NOON + 9 * DAY, Ordering::Relaxed);
        assert_eq!(sure.now(), UnixTime(NOON + DAY));
        scene.wall.store(NOON + DAY + 5, Ordering::Relaxed);
        assert_eq!((sure.now(), sure.leap()), (UnixTime(NOON + DAY + 5), None));
    }

    #[test]
    fn a_server_may_be_off_for_a_day_and_a_leap_outlives_a_restart() {
        let scene = Scene::new();
        drop(scene.open(None));
        scene.leap(DAY);
        let sure = scene.open(None);
        assert_eq!((sure.now(), sure.leap()), (UnixTime(NOON + DAY), None));
        scene.leap(365 * DAY);
        for _ in 0..3 {
            let sure = scene.open(None);
            sure.end();
            assert_eq!(sure.now(), UnixTime(NOON + DAY));
        }
        // What keys that are shared know counts, too; and where nothing is known, the clock.
        let sure = scene.open(Some(NOON + 365 * DAY));
        assert_eq!(sure.leap(), None);
        let sure = Scene::new().open(Some(NOON - 9 * DAY));
        assert_eq!(sure.now(), UnixTime(NOON - 9 * DAY));
        assert_eq!(Scene::new().open(None).now(), UnixTime(NOON));
    }
}
