//! The messages of a transfer that was asked for, one after the other, until they are a zone.

use hickory_proto::rr::{DNSClass, Name, RecordType, SerialNumber};
use payname_resolver::UnixTime;

use super::gathering::{Gathering, refused};
use super::reader::{Arriving, MessageFault, read};
use super::refusal::IncomingError;
use super::revising::Revising;
use crate::check::ZoneError;
use crate::denial::Denial;
use crate::names::{canonical, from_wire, key_of, presentation, wire};
use crate::packed::SetFault;
use crate::zone::Zone;

/// How much a transfer may bring, so that a primary cannot use up the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferLimits {
    /// Octets of records, written out.
    pub octets: usize,
    /// Records.
    pub records: usize,
}

impl Default for TransferLimits {
    /// 4 GiB and a hundred million records: a zone of some millions of names.
    fn default() -> Self {
        Self {
            octets: 4 << 30,
            records: 100_000_000,
        }
    }
}

/// A transfer that was asked for, as its messages come in.
///
/// Each message is to be checked for its TSIG before it is fed.
#[derive(Debug)]
pub struct Incoming {
    origin: Name,
    wire: Vec<u8>,
    id: Option<u16>,
    limits: TransferLimits,
    now: UnixTime,
    /// Whether it is a catalog, which is not signed.
    is_catalog: bool,
    /// What is there already, for who asked for changes.
    base: Option<Zone>,
    state: State,
    messages: usize,
    records: usize,
}

#[derive(Debug)]
enum State {
    /// Nothing came yet.
    Begin,
    /// The SOA of the latest version came.
    First(Arriving),
    /// All records of the zone come.
    Whole(Arriving, Gathering),
    /// Records of the version with the second serial are deleted.
    Deleting(Arriving, u32, Box<Revising>),
    /// Records are added for the version with the second serial.
    Adding(Arriving, u32, Box<Revising>),
    /// The zone is there, or refused.
    Ended,
}

/// What a message made of a transfer.
#[derive(Debug)]
pub enum Received {
    /// There are more to come.
    More,
    /// What is there already is what the server has, or newer.
    Current,
    /// It is complete.
    Complete(Box<Arrived>),
}

/// A zone that has arrived, and whose signatures nobody has looked at.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub(super) zone: Zone,
    pub(super) base: Option<Zone>,
}

impl Incoming {
    /// What comes for AXFR of a zone.
    pub fn whole(origin: &Name, limits: TransferLimits, now: UnixTime) -> Self {
        let origin = canonical(origin);
        Self {
            wire: wire(&origin),
            origin,
            id: None,
            limits,
            now,
            is_catalog: false,
            base: None,
            state: State::Begin,
            messages: 0,
            records: 0,
        }
    }

    /// What comes for IXFR from who has this version: changes, the whole zone, or nothing new.
    pub fn since(base: Zone, limits: TransferLimits, now: UnixTime) -> Self {
        Self {
            is_catalog: base.settings.denial == Denial::Unsigned,
            base: Some(base.clone()),
            ..Self::whole(base.origin(), limits, now)
        }
    }

    /// What comes for AXFR of a catalog (RFC 9432), which is not signed: only its TSIG vouches for it.
    pub fn catalog(origin: &Name, limits: TransferLimits, now: UnixTime) -> Self {
        Self {
            is_catalog: true,
            ..Self::whole(origin, limits, now)
        }
    }

    /// Accepts only messages with the id of the query.
    pub fn with_id(self, id: u16) -> Self {
        Self {
            id: Some(id),
            ..self
        }
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// [`IncomingError`] tells where and why it is refused; so is all that follows.
    pub fn feed(&mut self, message: &[u8]) -> Result<Received, IncomingError> {
        let fed = self.take(message);
        if fed.is_err() {
            self.state = State::Ended;
        }
        fed
    }

    fn take(&mut self, message: &[u8]) -> Result<Received, IncomingError> {
        let number = self.messages.saturating_add(1);
        self.messages = number;
        let at_message = |fault| IncomingError::Message {
            message: number,
            fault,
        };
        let records = read(message, self.id, &self.wire).map_err(at_message)?;
        let (mut complete, before) = (None, self.records);
        for record in records {
            let record = record.map_err(at_message)?;
            self.records = self.records.saturating_add(1);
            self.check(&record)?;
            if complete.is_some() {
                return Err(IncomingError::Behind(number));
            }
            complete = self.step(record)?;
            self.check_size()?;
        }
        if let Some(zone) = complete {
            let base = self.base.take();
            return Ok(Received::Complete(Box::new(Arrived { zone, base })));
        }
        if self.records == before {
            return Err(at_message(MessageFault::Empty)); // or it could go on forever
        }
        let State::First(soa) = &self.state else {
            return Ok(Received::More);
        };
        let base = self.base.as_ref().map(Zone::serial);
        match base.zip(soa.serial()) {
            Some((from, to)) if from == to => {
                self.state = State::Ended;
                Ok(Received::Current)
            }
            // Whoever is behind has nothing to say of whether the zone is fresh.
            Some((from, to)) if !rises(from, to) => Err(IncomingError::Backwards { from, to }),
            _ => Ok(Received::More),
        }
    }

    /// Takes a record; the zone when it is the last.
    fn step(&mut self, record: Arriving) -> Result<Option<Zone>, IncomingError> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => Err(IncomingError::Behind(self.messages)),
            State::Begin => {
                if record.serial().is_none() {
                    return Err(IncomingError::NoSoa(presentation(&self.origin)));
                }
                self.state = State::First(record);
                Ok(None)
            }
            State::First(soa) => self.begin(soa, record),
            State::Whole(soa, mut gathering) => {
                if record.record_type == u16::from(RecordType::SOA) {
                    check_last(&soa, &record)?;
                    return Ok(Some(gathering.build(
                        &self.origin,
                        self.is_catalog,
                        self.now,
                    )?));
                }
                gather(&mut gathering, &record)?;
                self.state = State::Whole(soa, gathering);
                Ok(None)
            }
            State::Deleting(soa, from, mut revising) => {
                if let Some(to) = record.serial() {
                    if !rises(from, to) {
                        return Err(IncomingError::Backwards { from, to });
                    }
                    revising.add(&record)?;
                    self.state = State::Adding(soa, to, revising);
                    return Ok(None);
                }
                revising.delete(&record)?;
                self.state = State::Deleting(soa, from, revising);
                Ok(None)
            }
            State::Adding(soa, to, mut revising) => {
                let Some(serial) = record.serial() else {
                    revising.add(&record)?;
                    self.state = State::Adding(soa, to, revising);
                    return Ok(None);
                };
                if soa.serial() == Some(to) {
                    check_last(&soa, &record)?;
                    return Ok(Some(revising.build(self.now)?));
                }
                if serial != to {
                    return Err(IncomingError::Gap {
                        from: to,
                        to: serial,
                    });
                }
                revising.delete(&record)?;
                self.state = State::Deleting(soa, to, revising);
                Ok(None)
            }
        }
    }

    /// The second record tells whether changes come or the whole zone.
    fn begin(&mut self, soa: Arriving, record: Arriving) -> Result<Option<Zone>, IncomingError> {
        let latest = soa.serial().unwrap_or_default(); // the first has one
        if let Some(base) = &self.base
            && !rises(base.serial(), latest)
        {
            let (from, to) = (base.serial(), latest);
            return Err(IncomingError::Backwards { from, to });
        }
        match (record.serial(), &self.base) {
            (Some(serial), Some(base)) if serial != latest => {
                if serial != base.serial() {
                    let from = base.serial();
                    return Err(IncomingError::Gap { from, to: serial });
                }
                if !base.is_mirror() {
                    return Err(IncomingError::SignedHere(presentation(&self.origin)));
                }
                let mut revising = Revising::new(base.clone());
                revising.delete(&record)?;
                self.state = State::Deleting(soa, serial, Box::new(revising));
                Ok(None)
            }
            _ => {
                self.base = None;
                let mut gathering = Gathering::new();
                gather(&mut gathering, &soa)?;
                self.state = State::Whole(soa, gathering);
                self.step(record)
            }
        }
    }

    /// Refuses what cannot be in a zone at all.
    fn check(&self, record: &Arriving) -> Result<(), IncomingError> {
        let refuse = |fault| Err(refused(&record.owner, record.record_type, fault).into());
        if record.class != u16::from(DNSClass::IN)
            || matches!(record.record_type, 0 | 41 | 128..=255)
        {
            return refuse(SetFault::Kind);
        }
        if key_of(&record.owner, &self.wire).is_none() {
            let owner = from_wire(&record.owner);
            return Err(IncomingError::Zone(ZoneError::NotInZone {
                owner: owner.map_or_else(String::new, |owner| presentation(&owner)),
                origin: presentation(&self.origin),
            }));
        }
        let is_soa = record.record_type == u16::from(RecordType::SOA);
        if is_soa && (record.owner != self.wire || record.serial().is_none()) {
            return refuse(SetFault::Data);
        }
        Ok(())
    }

    fn check_size(&self) -> Result<(), IncomingError> {
        let octets = match &self.state {
            State::Whole(_, gathering) => gathering.octets(),
            State::Deleting(_, _, revising) | State::Adding(_, _, revising) => revising.octets(),
            State::Begin | State::First(_) | State::Ended => 0,
        };
        if octets > self.limits.octets || self.records > self.limits.records {
            return Err(IncomingError::TooLarge {
                origin: presentation(&self.origin),
                records: self.records,
                octets,
            });
        }
        Ok(())
    }
}

fn gather(gathering: &mut Gathering, record: &Arriving) -> Result<(), IncomingError> {
    let kind = record.record_type;
    let pushed = gathering.push(record);
    Ok(pushed.ok_or_else(|| refused(&record.owner, kind, SetFault::Signature))?)
}

/// The SOA that ends a transfer is the one that began it.
fn check_last(first: &Arriving, last: &Arriving) -> Result<(), IncomingError> {
    let is_same = first.data.eq_ignore_ascii_case(&last.data);
    is_same.then_some(()).ok_or(IncomingError::OtherEnd {
        first: first.serial().unwrap_or_default(),
        last: last.serial().unwrap_or_default(),
    })
}

/// Whether a serial is above another (RFC 1982).
fn rises(from: u32, to: u32) -> bool {
    SerialNumber::new(to) > SerialNumber::new(from)
}
