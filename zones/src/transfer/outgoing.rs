//! A zone as the messages of a transfer.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use hickory_proto::rr::RecordType;

use super::envelope::{Envelope, TransferError};
use super::writer::Writer;
use crate::denial::Denial;
use crate::names::presentation;
use crate::node::Node;
use crate::packed::{Packed, Stored};
use crate::zone::Zone;

/// The messages of a transfer, one after the other, each ready to be signed and sent.
///
/// They hold the versions they are made of, so that the zone may change meanwhile, and of what these
/// hold a page at a time: a transfer takes the memory of a few messages, however large the zone is.
/// The first message takes the time to compare the versions.
pub struct Messages {
    steps: Steps,
    writer: Writer,
    ready: VecDeque<Vec<u8>>,
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}

/// What is written, one after the other.
type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// What is written next.
enum Step {
    /// The SOA record that begins or ends a part.
    Soa(Packed),
    /// The records that the newer version has and the older has not, but for the SOA.
    Put(Piece),
    /// Those that only the older has.
    Take(Piece),
}

/// A name, or a link of the denial chain at the name with this key, in two versions.
enum Piece {
    Name(Option<Node>, Option<Node>),
    Link(Vec<u8>, Option<Packed>, Option<Packed>),
}

impl Zone {
    /// The whole zone (AXFR, RFC 5936).
    ///
    /// # Errors
    /// [`TransferError`] when the zone denies names on demand, or another was asked for.
    pub fn axfr(&self, envelope: &Envelope) -> Result<Messages, TransferError> {
        self.check_transferable(envelope)?;
        let zone = self.clone();
        Ok(self.messages(envelope, move || zone.whole()))
    }

    /// What has changed since an older version, in one piece (IXFR, RFC 1995); the whole zone where
    /// that would be shorter, and the SOA alone where nothing has changed.
    ///
    /// # Errors
    /// As [`Zone::axfr`].
    pub fn ixfr(&self, older: &Self, envelope: &Envelope) -> Result<Messages, TransferError> {
        self.check_transferable(envelope)?;
        if older.serial() == self.serial() {
            return Ok(self.soa_alone(envelope));
        }
        let (zone, older) = (self.clone(), older.clone());
        Ok(self.messages(envelope, move || zone.changes(&older)))
    }

    /// Only the SOA: what a client has is current, or it should ask over TCP (RFC 1995 §2).
    pub(super) fn soa_alone(&self, envelope: &Envelope) -> Messages {
        let soa = self.packed_soa();
        self.messages(envelope, move || Box::new(soa.map(Step::Soa).into_iter()))
    }

    pub(super) fn check_transferable(&self, envelope: &Envelope) -> Result<(), TransferError> {
        if self.denial.is_compact() {
            return Err(TransferError::Compact(presentation(self.origin())));
        }
        envelope.check(self)
    }

    /// All of it between its SOA and its SOA.
    fn whole(&self) -> Steps {
        let names = self.nodes.owned().map(|node| Piece::Name(Some(node), None));
        let links = self.denial.owned();
        let links = links.map(|(key, set)| Piece::Link(key, Some(set), None));
        let soa = || self.packed_soa().map(Step::Soa).into_iter();
        Box::new(soa().chain(names.chain(links).map(Step::Put)).chain(soa()))
    }

    /// What has changed, or all of it where that is shorter.
    fn changes(&self, older: &Self) -> Steps {
        // They are counted, and then gone through once for each part: nothing is remembered of them.
        let names = self.nodes.differences(&older.nodes).map(|_| ());
        let links = self.denial.differences(&older.denial);
        let links = links.filter(|(_, _, newer, older)| newer != older);
        let enough = self.signatures().saturating_add(1);
        if names.chain(links.map(|_| ())).take(enough).count() == enough {
            return self.whole();
        }
        let soa = |zone: &Self| zone.packed_soa().map(Step::Soa).into_iter();
        let steps = soa(self).chain(soa(older));
        let steps = steps.chain(self.pieces(older).map(Step::Take));
        let steps = steps.chain(soa(self));
        let steps = steps.chain(self.pieces(older).map(Step::Put));
        Box::new(steps.chain(soa(self)))
    }

    fn pieces(&self, older: &Self) -> impl Iterator<Item = Piece> + Send + use<> {
        let names = self.nodes.owned_differences(&older.nodes);
        let names = names.map(|(newer, older)| Piece::Name(newer, older));
        let links = self.denial.owned_differences(&older.denial);
        names.chain(links.map(|(key, newer, older)| Piece::Link(key, newer, older)))
    }

    /// Messages of steps that are not thought of before the first message is asked for.
    fn messages(
        &self,
        envelope: &Envelope,
        steps: impl FnOnce() -> Steps + Send + 'static,
    ) -> Messages {
        Messages {
            steps: Box::new(std::iter::once_with(steps).flatten()),
            writer: Writer::new(envelope, self.nodes.origin_wire()),
            ready: VecDeque::new(),
        }
    }

    fn packed_soa(&self) -> Option<Packed> {
        let soa = self.nodes.set(self.origin(), RecordType::SOA)?;
        Some(soa.pack())
    }

    /// How many sets there are, about.
    fn signatures(&self) -> usize {
        if self.settings.denial == Denial::Unsigned {
            return self.nodes.iter().count();
        }
        let ends = [self.nodes.ends(), self.denial.ends()];
        ends.iter()
            .map(|ends| ends.count())
            .fold(0, usize::saturating_add)
    }
}

impl Iterator for Messages {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            match self.steps.next() {
                Some(step) => self.write(&step),
                None if self.writer.is_empty() => return None,
                None => return Some(self.writer.finish()),
            }
        }
    }
}

impl Messages {
    fn write(&mut self, step: &Step) {
        match step {
            Step::Soa(soa) => {
                let soa = soa.stored();
                for body in soa.iter().flat_map(Stored::records) {
                    self.push(&[], body);
                }
            }
            Step::Put(piece) => self.write_new(piece.key(), piece.newer(), piece.older()),
            Step::Take(piece) => self.write_new(piece.key(), piece.older(), piece.newer()),
        }
    }

    /// Writes the records of some sets that the others do not have.
    fn write_new<'p>(
        &mut self,
        key: &[u8],
        sets: impl Iterator<Item = Stored<'p>>,
        others: impl Iterator<Item = Stored<'p>>,
    ) {
        let others: Vec<Stored<'p>> = others.collect();
        for set in sets {
            let record_type = set.record_type();
            let other = others
                .iter()
                .find(|other| other.record_type() == record_type);
            if other == Some(&set) {
                continue;
            }
            let known: HashSet<&[u8]> = other.iter().flat_map(|other| other.bodies()).collect();
            let is_soa = record_type == RecordType::SOA;
            // An SOA has its own places; its signature is a record like any other.
            let records = set.records().filter(|_| !is_soa);
            for body in records.chain(set.signatures()) {
                if !known.contains(body) {
                    self.push(key, body);
                }
            }
        }
    }

    fn push(&mut self, key: &[u8], body: &[u8]) {
        self.ready.extend(self.writer.push(key, body));
    }
}

impl Piece {
    fn key(&self) -> &[u8] {
        match self {
            Self::Name(newer, older) => newer.as_ref().or(older.as_ref()).map_or(&[], Node::key),
            Self::Link(key, ..) => key,
        }
    }

    fn newer(&self) -> Box<dyn Iterator<Item = Stored<'_>> + '_> {
        match self {
            Self::Name(newer, _) => Box::new(newer.iter().flat_map(Node::sets)),
            Self::Link(_, newer, _) => Box::new(newer.iter().filter_map(Packed::stored)),
        }
    }

    fn older(&self) -> Box<dyn Iterator<Item = Stored<'_>> + '_> {
        match self {
            Self::Name(_, older) => Box::new(older.iter().flat_map(Node::sets)),
            Self::Link(_, _, older) => Box::new(older.iter().filter_map(Packed::stored)),
        }
    }
}
