//! The server's clock: a value, so that tests can set it.

use std::{fmt, sync::Arc, time::SystemTime};

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
pub struct Clock(Arc<dyn Fn() -> UnixTime + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(|| UnixTime::from(SystemTime::now()))
    }

    /// A clock that shows what `tell` returns.
    pub fn from_fn(tell: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// The time.
    pub fn now(&self) -> UnixTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
