//! Versions of one zone by serial, so that a secondary gets only what it lacks.

use std::collections::VecDeque;
use std::time::Duration;

use hickory_proto::rr::SerialNumber;
use payname_resolver::UnixTime;

use super::envelope::{Envelope, TransferError};
use super::outgoing::Messages;
use crate::zone::Zone;

/// Versions of one zone by serial.
///
/// They share all they have in common: a version costs some kilobytes for each name that
/// changed, not a zone.
#[derive(Debug, Clone)]
pub struct History {
    latest: Zone,
    /// Oldest first, with the moment each was replaced.
    older: VecDeque<(UnixTime, Zone)>,
    most: usize,
    longest: Duration,
}

impl History {
    /// A history of one version; it will keep at most so many older ones, each for so long after
    /// it was replaced.
    pub fn new(zone: Zone, most: usize, longest: Duration) -> Self {
        Self {
            latest: zone,
            older: VecDeque::new(),
            most,
            longest,
        }
    }

    /// Adds a version.
    ///
    /// One of the same serial takes the place of the latest. Where the serial goes back, or the
    /// zone is another, what was before is forgotten: nobody could follow.
    pub fn push(&mut self, zone: Zone, now: UnixTime) {
        let rises = SerialNumber::new(zone.serial()) > SerialNumber::new(self.latest.serial());
        let is_same = zone.serial() == self.latest.serial();
        let follows = zone.origin() == self.latest.origin() && (rises || is_same);
        let before = std::mem::replace(&mut self.latest, zone);
        if !follows {
            self.older.clear();
        } else if rises {
            self.older.push_back((now, before));
        }
        self.forget(now);
    }

    /// Forgets the versions that are too old or too many.
    pub fn forget(&mut self, now: UnixTime) {
        let too_many = self.older.len().saturating_sub(self.most);
        self.older.drain(..too_many);
        let longest = self.longest.as_secs();
        self.older
            .retain(|(replaced, _)| replaced.plus(longest) >= now);
    }

    /// The latest version.
    pub fn latest(&self) -> &Zone {
        &self.latest
    }

    /// The version with this serial, if it is still there.
    pub fn since(&self, serial: u32) -> Option<&Zone> {
        let older = self.older.iter().map(|(_, zone)| zone);
        let mut all = older.chain([&self.latest]);
        all.find(|zone| zone.serial() == serial)
    }

    /// How many versions there are.
    pub fn versions(&self) -> usize {
        self.older.len().saturating_add(1)
    }

    /// What is needed to answer who asks for all of the zone, or, with the serial that he has, for
    /// what he lacks (RFC 1995). It costs nothing, so that whoever guards the history can let go of it
    /// before messages are made.
    pub fn offer(&self, serial: Option<u32>) -> Offer {
        let known = serial.and_then(|serial| self.since(serial));
        Offer {
            latest: self.latest.clone(),
            serial,
            older: known.cloned(),
        }
    }
}

/// The latest version of a zone, and the one that somebody has.
#[derive(Debug, Clone)]
pub struct Offer {
    latest: Zone,
    /// What he has, if he says so.
    serial: Option<u32>,
    /// The version of that serial, if it is known.
    older: Option<Zone>,
}

impl Offer {
    /// Whether he gets the whole zone, since he asks for it or what he has is not known any more.
    pub fn is_whole(&self) -> bool {
        self.older.is_none() && !self.is_current()
    }

    /// Whether what he has is the latest version, or ahead of it.
    fn is_current(&self) -> bool {
        let latest = SerialNumber::new(self.latest.serial());
        let theirs = self.serial.map(SerialNumber::new);
        theirs.is_some_and(|theirs| theirs >= latest)
    }

    /// The messages over TCP.
    ///
    /// The SOA alone when he lacks nothing, or his serial is ahead; the whole zone when his version is
    /// not known any more, or the changes would be longer.
    ///
    /// # Errors
    /// As [`Zone::axfr`].
    pub fn messages(&self, envelope: &Envelope) -> Result<Messages, TransferError> {
        match &self.older {
            _ if self.is_current() => self.soa(envelope),
            Some(older) => self.latest.ixfr(older, envelope),
            None => self.latest.axfr(envelope),
        }
    }

    /// The SOA alone, for who asks for IXFR over UDP: he comes again over TCP (RFC 1995 §2).
    ///
    /// # Errors
    /// As [`Zone::axfr`].
    pub fn soa(&self, envelope: &Envelope) -> Result<Messages, TransferError> {
        self.latest.check_transferable(envelope)?;
        Ok(self.latest.soa_alone(envelope))
    }
}
