//! Times on the command line: UNIX seconds or RFC 3339.

use std::time::SystemTime;

use payname_resolver::UnixTime;

/// The time now, by the system's clock.
pub fn now() -> UnixTime {
    SystemTime::now().into()
}

/// Reads `1786000000` or `2026-08-06T04:00:00Z`.
///
/// # Errors
/// It is neither, or before 1970.
pub fn parse(text: &str) -> Result<UnixTime, TimeError> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(UnixTime(seconds));
    }
    let wrong = || TimeError(text.to_owned());
    let timestamp: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
    let seconds = timestamp.as_second();
    u64::try_from(seconds).map(UnixTime).map_err(|_| wrong())
}

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no time; write a UNIX second such as 1786000000, or 2026-08-06T04:00:00Z", .0.escape_debug())]
pub struct TimeError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_second() {
        assert_eq!(parse("1785988800"), Ok(UnixTime(1_785_988_800)));
        assert_eq!(parse("2026-08-06T04:00:00Z"), Ok(UnixTime(1_785_988_800)));
        assert_eq!(
            parse("2026-08-06T06:00:00+02:00"),
            Ok(UnixTime(1_785_988_800))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "yesterday",
            "-5",
            "1960-01-01T00:00:00Z",
            "2026-08-06",
            "1e9",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
