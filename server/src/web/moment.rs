//! A time as people read it and as programs do.

use std::fmt;

use jiff::{Timestamp, tz::TimeZone};
use payname_resolver::UnixTime;

/// A second, to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) UnixTime);

impl Moment {
    /// RFC 3339, for `<time datetime>`.
    pub(super) fn machine(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = i64::try_from(self.0.0).ok();
        match seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) {
            Some(timestamp) => {
                let time = timestamp.to_zoned(TimeZone::UTC);
                write!(f, "{}", time.strftime("%-d %B %Y, %H:%M UTC"))
            }
            None => self.0.fmt(f),
        }
    }
}

/// A span such as `5 minutes`, in the greatest unit that it is a whole number of.
pub(super) fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let whole = units
        .into_iter()
        .find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    let (length, unit) = whole.unwrap_or((1, "second"));
    let count = seconds.checked_div(length).unwrap_or(seconds);
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans_are_read_without_a_calculator() {
        let moment = Moment(UnixTime(1_785_988_800));
        assert_eq!(moment.to_string(), "6 August 2026, 04:00 UTC");
        assert_eq!(moment.machine(), "2026-08-06T04:00:00Z");
        assert_eq!(
            Moment(UnixTime(u64::MAX)).to_string(),
            format!("UNIX second {}", u64::MAX)
        );
        for (seconds, text) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (300, "5 minutes"),
            (3600, "1 hour"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
