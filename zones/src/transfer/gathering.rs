//! Records of sets, and a whole zone put together from them.

use std::hash::{BuildHasher as _, RandomState};

use hickory_proto::rr::{Name, RecordType};
use payname_resolver::UnixTime;

use super::reader::Arriving;
use crate::check::ZoneError;
use crate::names::{from_wire, presentation};
use crate::packed::{Packed, SetFault};
use crate::stored::SetChange;
use crate::zone::Zone;

/// A record of a set: whether it is a signature, its data, and its TTL.
pub(super) type Part<'r> = (bool, &'r [u8], u32);

/// Makes the set of these records, which are in order. Whether it is one is asked when a zone takes
/// it.
pub(super) fn set_of(owner: &[u8], covered: u16, parts: &[Part<'_>], now: UnixTime) -> SetChange {
    let (mut records, mut signatures) = (Vec::new(), Vec::new());
    let mut ends: Option<UnixTime> = None;
    for (is_signature, data, ttl) in parts {
        let (to, record_type) = if *is_signature {
            let end = data.get(8..).and_then(|rest| rest.first_chunk());
            let end = end.map(|end| near(u32::from_be_bytes(*end), now));
            // Served as long as all are good.
            ends = [ends, end].into_iter().flatten().min();
            (&mut signatures, RecordType::RRSIG.into())
        } else {
            (&mut records, covered)
        };
        to.extend(record_type.to_be_bytes());
        to.extend([0, 1]);
        to.extend(ttl.to_be_bytes());
        to.extend((data.len() as u16).to_be_bytes()); // as it came
        to.extend_from_slice(data);
    }
    let set = Packed::of(covered, ends.unwrap_or(UnixTime(0)), &records, &signatures);
    SetChange {
        owner: owner.to_vec(),
        record_type: RecordType::from(covered),
        set: set.stored().map(Packed::to_stored_bytes),
    }
}

/// The moment that 32 bits of it mean, not more than 68 years from now (RFC 4034 §3.1.5).
fn near(seconds: u32, now: UnixTime) -> UnixTime {
    let ahead = seconds.wrapping_sub(now.0 as u32);
    UnixTime(if ahead <= i32::MAX as u32 {
        now.0.saturating_add(u64::from(ahead))
    } else {
        now.0.saturating_sub(u64::from(ahead.wrapping_neg()))
    })
}

/// The records of a whole zone, in any order.
#[derive(Debug)]
pub(super) struct Gathering {
    /// One behind the other: length of owner, owner, covered type, whether it is a signature,
    /// TTL, length of data, data.
    octets: Vec<u8>,
    /// Where each begins, with a hash of owner and covered type.
    places: Vec<(u64, usize)>,
    hasher: RandomState,
}

/// One of them, read.
struct Gathered<'g> {
    owner: &'g [u8],
    covered: u16,
    part: Part<'g>,
}

impl Gathering {
    pub(super) fn new() -> Self {
        Self {
            octets: Vec::new(),
            places: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    /// Adds a record; none when it is a signature that covers nothing.
    pub(super) fn push(&mut self, record: &Arriving) -> Option<()> {
        let covered = record.covered()?;
        let hash = self.hasher.hash_one((&record.owner, covered));
        self.places.push((hash, self.octets.len()));
        self.octets.push(record.owner.len() as u8); // a name has at most 255 octets
        self.octets.extend_from_slice(&record.owner);
        self.octets.extend(covered.to_be_bytes());
        self.octets.push(record.is_signature().into());
        self.octets.extend(record.ttl.to_be_bytes());
        self.octets.extend((record.data.len() as u16).to_be_bytes());
        self.octets.extend_from_slice(&record.data);
        Some(())
    }

    pub(super) fn octets(&self) -> usize {
        self.octets.len()
    }

    /// The zone that these records are.
    pub(super) fn build(
        mut self,
        origin: &Name,
        is_catalog: bool,
        now: UnixTime,
    ) -> Result<Zone, ZoneError> {
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable_by(|one, other| {
            let by_hash = one.0.cmp(&other.0);
            by_hash.then_with(|| self.order(one.1).cmp(&self.order(other.1)))
        });
        let same = |one: &(u64, usize), next: &(u64, usize)| {
            one.0 == next.0 && self.set_of(one.1) == self.set_of(next.1)
        };
        let sets = places.chunk_by(same).filter_map(|places| {
            let gathered = places.iter().filter_map(|(_, at)| self.read(*at));
            let gathered: Vec<Gathered<'_>> = gathered.collect();
            let first = gathered.first()?;
            // Some servers send glue twice.
            let mut parts: Vec<Part<'_>> = gathered.iter().map(|one| one.part).collect();
            parts.dedup_by(|one, other| (one.0, one.1) == (other.0, other.1));
            Some(set_of(first.owner, first.covered, &parts, now))
        });
        if is_catalog {
            Zone::unsigned(origin, sets)
        } else {
            Zone::mirror(origin, sets)
        }
    }

    fn order(&self, at: usize) -> Option<(&[u8], u16, bool, &[u8])> {
        let Gathered {
            owner,
            covered,
            part,
        } = self.read(at)?;
        Some((owner, covered, part.0, part.1))
    }

    fn set_of(&self, at: usize) -> Option<(&[u8], u16)> {
        let Gathered { owner, covered, .. } = self.read(at)?;
        Some((owner, covered))
    }

    fn read(&self, at: usize) -> Option<Gathered<'_>> {
        let (&length, rest) = self.octets.get(at..)?.split_first()?;
        let (owner, rest) = rest.split_at_checked(length.into())?;
        let ([t1, t2, is_signature, l1, l2, l3, l4, d1, d2], rest) = rest.split_first_chunk()?;
        let data = rest.get(..u16::from_be_bytes([*d1, *d2]).into())?;
        Some(Gathered {
            owner,
            covered: u16::from_be_bytes([*t1, *t2]),
            part: (
                *is_signature == 1,
                data,
                u32::from_be_bytes([*l1, *l2, *l3, *l4]),
            ),
        })
    }
}

/// The refusal of a record, by its owner in wire form.
pub(super) fn refused(owner: &[u8], covered: u16, fault: SetFault) -> ZoneError {
    ZoneError::StoredSet {
        owner: from_wire(owner).map_or_else(String::new, |name| presentation(&name)),
        record_type: RecordType::from(covered),
        fault,
    }
}
