//! The server's clock: a value, so that tests can set it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use payname_resolver::UnixTime;

/// Tells the time. Everything that judges, signs or stamps asks the one clock it was given.
///
/// ```
/// use payname_resolver::UnixTime;
/// use payname_server::Clock;
///
/// let noon = Clock::from_fn(|| UnixTime(1_785_931_200));
/// assert_eq!(noon.now(), UnixTime(1_785_931_200));
/// ```
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> UnixTime + Send + Sync>,
    monotonic: Arc<dyn Fn() -> Duration + Send + Sync>,
    doubt: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        let start = Instant::now();
        Self {
            wall: Arc::new(|| UnixTime::from(SystemTime::now())),
            monotonic: Arc::new(move || start.elapsed()),
            doubt: None,
        }
    }

    /// A clock that shows what `tell` returns, and measures by it how long the process has run.
    pub fn from_fn(tell: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        let tell = Arc::new(tell);
        let (start, later) = (tell(), Arc::clone(&tell));
        Self {
            wall: tell,
            monotonic: Arc::new(move || Duration::from_secs(start.until(later()))),
            doubt: None,
        }
    }

    /// A clock that shows what `wall` returns, and measures by `monotonic` how long the process has run.
    pub fn from_clocks(
        wall: impl Fn() -> UnixTime + Send + Sync + 'static,
        monotonic: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        Self {
            wall: Arc::new(wall),
            monotonic: Arc::new(monotonic),
            doubt: None,
        }
    }

    /// The time.
    pub fn now(&self) -> UnixTime {
        (self.wall)()
    }

    /// How long the process has run, by a clock that nobody sets.
    pub fn monotonic(&self) -> Duration {
        (self.monotonic)()
    }

    /// This clock, but never before a time that may rise, in seconds since 1970.
    pub(crate) fn not_before(&self, floor: Arc<AtomicU64>) -> Self {
        let wall = Arc::clone(&self.wall);
        Self {
            wall: Arc::new(move || wall().max(UnixTime(floor.load(Ordering::Relaxed)))),
            monotonic: Arc::clone(&self.monotonic),
            doubt: self.doubt.clone(),
        }
    }

    /// How far this clock may be ahead of the true time, as far as somebody measures it.
    pub(crate) fn doubt(&self) -> Duration {
        self.doubt.as_ref().map_or(Duration::ZERO, |doubt| doubt())
    }

    /// This clock, measured by `doubt`.
    pub(crate) fn doubted(self, doubt: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self {
            doubt: Some(Arc::new(doubt)),
            ..self
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
