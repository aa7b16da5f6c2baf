//! Time as DNSSEC counts it: whole seconds since 1970, always given by the caller.

use core::fmt;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Prints as RFC 3339 (`2026-08-06T04:00:00Z`).
///
/// ```
/// use payname_resolver::UnixTime;
///
/// let now = UnixTime(1_785_988_800);
/// assert_eq!(now.to_string(), "2026-08-06T04:00:00Z");
/// assert_eq!(now.until(now.plus(60)), 60);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time `seconds` later; stays at the end of time rather than wrap.
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The whole seconds from `self` to `later`, zero when `later` is not later.
    pub fn until(self, later: Self) -> u64 {
        later.0.saturating_sub(self.0)
    }

    /// The seconds from `self` to a 32-bit RRSIG time, the shorter way round (RFC 4034 §3.1.5, RFC 1982).
    pub(crate) fn distance(self, serial: u32) -> i32 {
        serial.wrapping_sub(self.0 as u32).cast_signed()
    }

    /// Reads a 32-bit RRSIG time as the moment nearest to `self`, cut where time begins and ends.
    pub(crate) fn nearest(self, serial: u32) -> Self {
        let distance = i64::from(self.distance(serial));
        Self(self.0.saturating_add_signed(distance))
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for UnixTime {
    fn from(time: std::time::SystemTime) -> Self {
        Self(
            time.duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_secs()),
        )
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = i64::try_from(self.0)
            .ok()
            .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        match timestamp {
            Some(timestamp) => timestamp.fmt(f),
            None => write!(f, "UNIX second {}", self.0),
        }
    }
}

/// The span in which every signature on a proof's path is valid, both ends included.
///
/// ```
/// use payname_resolver::{UnixTime, Window};
///
/// let window = Window { valid_from: UnixTime(100), valid_until: UnixTime(200) };
/// assert!(window.contains(UnixTime(200)));
/// assert!(!window.contains(UnixTime(201)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The latest inception on the path.
    pub valid_from: UnixTime,
    /// The earliest expiration on the path.
    pub valid_until: UnixTime,
}

impl Window {
    /// A window that is always open; narrowed as signatures join a path.
    pub(crate) const ALWAYS: Self = Self {
        valid_from: UnixTime(0),
        valid_until: UnixTime(u64::MAX),
    };

    /// Whether `now` lies inside, ends included.
    pub fn contains(&self, now: UnixTime) -> bool {
        self.valid_from <= now && now <= self.valid_until
    }

    /// The overlap of two windows.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            valid_from: self.valid_from.max(other.valid_from),
            valid_until: self.valid_until.min(other.valid_until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_rfc_3339() {
        assert_eq!(UnixTime(1_785_988_800).to_string(), "2026-08-06T04:00:00Z");
    }

    #[test]
    fn a_32_bit_time_is_read_as_the_moment_nearest_to_now() {
        let now = UnixTime(u64::from(u32::MAX) + 100);
        assert_eq!(now.nearest(50), UnixTime(u64::from(u32::MAX) + 51));
        assert_eq!(now.nearest(u32::MAX - 9), UnixTime(u64::from(u32::MAX) - 9));
    }
}
