//! Clocks that are plainly wrong.
//!
//! Keys begin with what the clock says, this once; all time that is sure later comes from there.

use payname_resolver::UnixTime;

use crate::data_dir::DataDirError;

/// No clock that is right shows an earlier time: when this program was built, where its builder says so
/// (`SOURCE_DATE_EPOCH`), and else the fifth of August 2026, when there was nothing of it yet.
pub(super) const MADE: UnixTime = {
    const WRITTEN: u64 = 1_785_888_000;
    UnixTime(match option_env!("SOURCE_DATE_EPOCH") {
        Some(text) => match u64::from_str_radix(text, 10) {
            Ok(built) if built > WRITTEN => built,
            _ => WRITTEN,
        },
        None => WRITTEN,
    })
};

/// Refuses a clock that shows a time before this program was made.
pub(super) fn refuse_past(now: UnixTime) -> Result<(), DataDirError> {
    match now < MADE {
        true => Err(DataDirError::Past { now, made: MADE }),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use payname_resolver::hickory_proto::rr::Name;
    use payname_zones::{KeyPolicy, SigningKey};
    use ring::rand::SystemRandom;

    use super::*;
    use crate::keys::KeyFiles;

    #[test]
    fn by_a_clock_that_is_plainly_wrong_no_key_is_made_or_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let (zone, policy) = (
            Name::from_ascii("example.test.").unwrap(),
            KeyPolicy::default,
        );
        // A machine without a battery begins here.
        for wrong in [0, MADE.0 - 1] {
            let made = files.make(&zone, policy(), UnixTime(wrong), &SystemRandom::new());
            let error = made.unwrap_err();
            assert!(matches!(error, DataDirError::Past { .. }), "{error}");
            assert!(error.to_string().contains("set the clock"), "{error}");
            assert!(!files.has(&zone));
        }
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let old = directory.path().join("example.test.key");
        files.write(&old, &pkcs8).unwrap();
        let taken = files.load(&zone, policy(), UnixTime(0));
        assert!(matches!(taken, Err(DataDirError::Past { .. })) && old.exists());
        files.load(&zone, policy(), MADE).unwrap();
        // Keys that are there know what time has surely come.
        files.load(&zone, policy(), UnixTime(0)).unwrap();
    }
}
