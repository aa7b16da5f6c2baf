//! What an operator asks of a running server: a file that it finds.
//!
//! A file needs no socket and no password: whoever may write the data directory may ask. It waits
//! where the server is not running.

use std::{fmt, io, path::PathBuf};

use data_encoding::HEXLOWER;
use payname_resolver::hickory_proto::rr::Name;
use payname_zones::{Duty, KeySet, RollError};
use ring::rand::{SecureRandom as _, SystemRandom};

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

    fn apply(self, set: &mut KeySet, clock: &Clock) -> Result<(), RollError> {
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
        let text = format!("{word}\n{}\n", new_id());
        let unfinished = path.with_extension("request.new");
        std::fs::write(&unfinished, text)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(|source| RequestError { path, source })
    }

    /// Takes what was left, if anything was; it stays on the disk until it is [`Asked::end`]ed.
    ///
    /// One that was taken before and has not ended, as when the server was killed, comes first.
    pub(super) fn take(files: &KeyFiles, zone: &Name) -> Option<Asked> {
        let waiting = path(files, zone);
        let taken = waiting.with_extension("request.taken");
        if !taken.exists()
            && let Err(error) = std::fs::rename(&waiting, &taken)
        {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::error!(%error, file = %waiting.display(), "a request cannot be taken, so it is not followed");
            }
            return None;
        }
        let text = match std::fs::read_to_string(&taken) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, file = %taken.display(), "a request cannot be read, so it is not followed");
                return None;
            }
        };
        let (word, id) = text.split_once('\n').unwrap_or((&text, ""));
        let known = Self::ALL.iter().find(|(_, known)| *known == word.trim());
        let asked = Asked {
            request: known.map(|(request, _)| *request),
            id: id.trim().to_owned(),
            file: taken,
        };
        if asked.request.is_none() {
            tracing::warn!(%zone, "a request is not known here; was it left by another release?");
            asked.end();
            return None;
        }
        Some(asked)
    }
}

/// A request that was taken, and is to be followed once.
#[derive(Debug)]
pub(super) struct Asked {
    /// None where it is not known.
    request: Option<ZoneRequest>,
    /// Tells it from all others; empty where an earlier release left it.
    id: String,
    file: PathBuf,
}

impl Asked {
    /// Whether it is this one.
    pub(super) fn is(&self, request: ZoneRequest) -> bool {
        self.request == Some(request)
    }

    /// Does it to a set; false where it was done before, and only had not ended.
    ///
    /// # Errors
    /// [`RollError`] when the set refuses it.
    pub(super) fn apply(&self, set: &mut KeySet, clock: &Clock) -> Result<bool, RollError> {
        if set.has_followed(&self.id) {
            return Ok(false);
        }
        if let Some(request) = self.request {
            request.apply(set, clock)?;
        }
        set.note_followed(&self.id);
        Ok(true)
    }

    /// Removes it: what follows from it is kept, or it was refused.
    pub(super) fn end(self) {
        if let Err(error) = std::fs::remove_file(&self.file) {
            let file = self.file.display();
            tracing::error!(%error, %file, "a request that has ended cannot be removed; until it is, no other is taken");
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut known = ZoneRequest::ALL.iter();
        let known = known.find(|(request, _)| self.is(*request));
        f.write_str(known.map_or("", |(_, word)| *word))
    }
}

/// What no other request has.
fn new_id() -> String {
    let mut id = [0; 16];
    // Where there is no chance it is followed at least once, as if an earlier release had left it.
    match SystemRandom::new().fill(&mut id) {
        Ok(()) => HEXLOWER.encode(&id),
        Err(_) => String::new(),
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
    fn a_request_stays_until_it_has_ended_and_is_taken_only_by_its_zone() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let [zone, other] = ["example.test.", "other.test."].map(|z| Name::from_ascii(z).unwrap());
        for (request, _) in ZoneRequest::ALL {
            request.leave(&files, &zone).unwrap();
            assert!(ZoneRequest::take(&files, &other).is_none());
            let first = ZoneRequest::take(&files, &zone).unwrap();
            // As when the server was killed; and another was left meanwhile.
            ZoneRequest::Keep.leave(&files, &zone).unwrap();
            let again = ZoneRequest::take(&files, &zone).unwrap();
            assert!(again.is(request) && again.id == first.id && first.id.len() == 32);
            again.end();
            let next = ZoneRequest::take(&files, &zone).unwrap();
            assert!(next.is(ZoneRequest::Keep) && next.id != first.id);
            next.end();
            assert!(ZoneRequest::take(&files, &zone).is_none());
        }
    }

    #[test]
    fn what_is_no_request_is_thrown_away_and_what_an_earlier_release_left_is_followed() {
        let directory = tempfile::tempdir().unwrap();
        let files = KeyFiles::new(directory.path());
        let zone = Name::from_ascii("example.test.").unwrap();
        std::fs::write(path(&files, &zone), "dance").unwrap();
        assert!(ZoneRequest::take(&files, &zone).is_none());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        std::fs::write(path(&files, &zone), "roll zone").unwrap();
        let asked = ZoneRequest::take(&files, &zone).unwrap();
        assert!(asked.is(ZoneRequest::Roll(Duty::Zone)) && asked.id.is_empty());
    }
}
