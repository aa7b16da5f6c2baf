//! What an operator asks of a running server: a file that it finds.
//!
//! A file needs no socket and no password: whoever may write the data directory may ask. It waits
//! where the server is not running.

use std::{io, path::PathBuf};

use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{Duty, KeySet, RollError};

use super::KeyFiles;
use crate::clock::Clock;

/// What can be asked about a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneRequest {
    /// A new key for a duty; with one key for all, for both.
    Roll(Duty),
    /// Keys of the configured algorithm instead of those of another.
    RollAlgorithm,
    /// CDS and CDNSKEY records by which the parent takes all DS records away (RFC 8078 §4).
    DangerForget,
    /// The opposite.
    Keep,
    /// To read the zone's file of records again.
    Reload,
    /// To believe the machine's clock although it is behind a time that has surely come, or far ahead of it.
    TrustClock,
}

impl ZoneRequest {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Roll(Duty::Entry), "roll entry"),
        (Self::Roll(Duty::Zone), "roll zone"),
        (Self::RollAlgorithm, "roll algorithm"),
        (Self::DangerForget, "forget"),
        (Self::Keep, "keep"),
        (Self::Reload, "reload"),
        (Self::TrustClock, "trust clock"),
    ];

    /// Does it to a set.
    pub(super) fn apply(self, set: &mut KeySet, clock: &Clock) -> Result<(), RollError> {
        match self {
            Self::Roll(duty) => set.roll(duty)?,
            Self::RollAlgorithm => set.roll_algorithm()?,
            Self::DangerForget => set.danger_ask_to_be_forgotten()?,
            Self::Keep => set.ask_to_be_kept(),
            Self::Reload => {} // nothing about keys
            Self::TrustClock => set.trust_clock(clock.now()),
        }
        Ok(())
    }

    /// Leaves it for the server that uses these files.
    pub(crate) fn leave(self, files: &KeyFiles, zone: &Name) -> Result<(), RequestError> {
        let path = path(files, zone);
        let word = Self::ALL.iter().find(|(request, _)| *request == self);
        let word = word.map_or("", |(_, word)| *word);
        let unfinished = path.with_extension("request.new");
        std::fs::write(&unfinished, word)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(|source| RequestError { path, source })
    }

    /// Takes what was left, if anything was.
    pub(super) fn take(files: &KeyFiles, zone: &Name) -> Option<Self> {
        let path = path(files, zone);
        let text = std::fs::read_to_string(&path).ok()?;
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::error!(%error, file = %path.display(), "a request cannot be removed, so it is not followed");
            return None;
        }
        let known = Self::ALL.iter().find(|(_, word)| *word == text.trim());
        known.map(|(request, _)| *request)
    }
}

fn path(files: &KeyFiles, zone: &Name) -> PathBuf {
    files
        .directory()
        .join(format!("{}request", zone.to_ascii()))
}

/// A request could not be left for the server.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be written to {}; run this as the user that runs paynamed", path.display())]
pub struct RequestError {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_once_and_only_by_its_zone() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let [zone, other] = ["example.test.", "other.test."].map(|z| Name::from_ascii(z).unwrap());
        for (request, _) in ZoneRequest::ALL {
            request.leave(&files, &zone).unwrap();
            assert_eq!(ZoneRequest::take(&files, &other), None);
            assert_eq!(ZoneRequest::take(&files, &zone), Some(request));
            assert_eq!(ZoneRequest::take(&files, &zone), None);
        }
    }
}
