//! The short way from a query to its response: usual questions, answered by copying.
//!
//! Most of what is asked is one record set at one name, or a name that does not exist. For these
//! nothing is taken apart that the answer does not need. Whatever is rarer (aliases, wildcards,
//! delegations, odd queries, responses that do not fit) is left to the long way, which says the
//! same in every case.

mod absence;
mod ahead;
mod query;
mod section;

use hickory_proto::rr::RecordType;

use crate::denial::{NXNAME, Next, Nsec3, compact_nsec};
use crate::edns::{Asker, CookieState, pad};
use crate::names::key_parent;
use crate::node::Node;
use crate::on_demand::OnDemand;
use crate::packed::Stored;
use crate::reply::Reply;
use crate::respond::UDP_PAYLOAD;
use crate::set::ZoneSet;
use crate::zone::Zone;
use absence::Absence;
pub(crate) use absence::Absences;
pub use ahead::look_ahead;
use query::{Asked, MAX_NAME};
use section::{pointer, write_set};

const HEADER_LENGTH: u16 = 12;
const NO_ERROR: u8 = 0;
const NX_DOMAIN: u8 = 3;

/// Writes the response to a query into an empty `out`; none when the long way is to be taken.
///
/// What `out` holds then means nothing.
pub(crate) fn respond<'z>(
    zones: &'z ZoneSet,
    query: &[u8],
    asker: &Asker<'_>,
    on_demand: &mut OnDemand,
    out: &mut Vec<u8>,
) -> Option<Reply<'z>> {
    let asked = Asked::read(query)?;
    if is_rare(asked.record_type) {
        return None;
    }
    let zone = zones.holding_wire(asked.name.wire())?; // none where it is withheld, too
    let above = zone.nodes.origin_wire().len();
    let below = asked.name.wire().len().checked_sub(above)?;
    let (key, _) = asked.name.wire().split_at_checked(below)?;
    let mut response = Response {
        asked: &asked,
        zone,
        key,
        on_demand,
        spare: asker.transport.is_udp(),
        out,
        answers: 0,
        authorities: 0,
        truncated: false,
    };
    response.open();
    let code = response.fill()?;
    let (opt, cookie) = response.close(code, asker)?;
    let edns = asked.edns.as_ref();
    let limit = asker.transport.limit(edns.map(|edns| edns.payload));
    let zone = Some(zone);
    (out.len() <= limit).then_some(Reply { zone, cookie, opt })
}

/// Questions that need more than one set: what ANY, signatures and chains show, and what lies in
/// two zones or has addresses beside it.
fn is_rare(record_type: RecordType) -> bool {
    let record_type = u16::from(record_type);
    let [ns, ds, rrsig, nsec] = [2, 43, 46, 47];
    [ns, ds, rrsig, nsec, 0, 41].contains(&record_type) || (128..=255).contains(&record_type)
}

/// A response under construction.
struct Response<'a> {
    asked: &'a Asked<'a>,
    zone: &'a Zone,
    /// The asked name without the origin (see [`crate::nodes::Nodes`]).
    key: &'a [u8],
    on_demand: &'a mut OnDemand,
    /// Whether signatures are charged to the budget.
    spare: bool,
    out: &'a mut Vec<u8>,
    answers: u16,
    authorities: u16,
    truncated: bool,
}

/// Where records are: at the asked name, at the origin, or one label below it.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Asked,
    Origin,
    Label(&'a [u8]),
}

impl<'a> Response<'a> {
    fn open(&mut self) {
        self.out.extend([0; HEADER_LENGTH as usize]);
        self.out.extend_from_slice(self.asked.question);
    }

    /// Writes the answer and authority sections; the response code.
    fn fill(&mut self) -> Option<u8> {
        let zone = self.zone;
        let mut next_closer = None;
        let mut closest = self.key;
        let node = loop {
            if let Some(next_closer) = next_closer
                && let Some(absence) = self.absence(closest)
            {
                self.deny_by(absence, next_closer)?;
                return Some(NX_DOMAIN);
            }
            if let Some(node) = zone.nodes.at(closest) {
                break node;
            }
            next_closer = Some(closest);
            closest = key_parent(closest)?;
        };
        if is_redirected(zone, closest) {
            return None;
        }
        match next_closer {
            None => self.found(node)?,
            Some(next_closer) => {
                self.missing(closest, next_closer)?;
                let compact = self.zone.denial.is_compact();
                if !compact || self.asked.compact_ok() || !self.asked.dnssec_ok() {
                    return Some(NX_DOMAIN);
                }
            }
        }
        Some(NO_ERROR)
    }

    /// The set that was asked for, or the proof that the name has none of its type.
    fn found(&mut self, node: &Node) -> Option<()> {
        if let Some(set) = node.set(self.asked.record_type) {
            set.expires_at()?; // what is not signed is not simply an answer
            self.answers = self.copy(Owner::Asked, &set, u32::MAX)?;
            return Some(());
        }
        if node.has(RecordType::CNAME) {
            return None;
        }
        if self.zone.denial.is_compact() {
            return self.attest(&node.listed());
        }
        let (links, hashing) = self.zone.denial.nsec3()?;
        self.deny()?;
        let here = hashing.of_wire(&[self.asked.name.wire()]);
        self.prove(&[links.at(&here)])
    }

    /// The proof that neither the name exists nor the wildcard that could have stood in for it.
    fn missing(&mut self, closest: &[u8], next_closer: &[u8]) -> Option<()> {
        let mut wildcard = [0; MAX_NAME];
        let wildcard = beneath(&mut wildcard, closest)?;
        if self.zone.nodes.at(wildcard).is_some() {
            return None;
        }
        if self.zone.denial.is_compact() {
            return self.attest(&[RecordType::RRSIG.into(), RecordType::NSEC.into(), NXNAME]);
        }
        let (links, hashing) = self.zone.denial.nsec3()?;
        self.deny()?;
        if !self.asked.dnssec_ok() {
            return Some(());
        }
        let hash = |key| hashing.of_wire(&[key, self.zone.nodes.origin_wire()]);
        self.prove(&[
            links.at(&hash(closest)),
            links.before(&hash(next_closer)),
            links.before(&hash(wildcard)),
        ])
    }

    /// What has been written already of the proof that nothing else is below an existing name.
    fn absence(&self, closest: &[u8]) -> Option<&'a Absence> {
        let wanted = self.asked.dnssec_ok() && self.zone.denial.nsec3().is_some();
        let known = || self.zone.absences.below(self.zone, closest);
        wanted.then(known).flatten()
    }

    /// The same proof as that of [`Response::missing`], where most of it has been written already.
    fn deny_by(&mut self, absence: &Absence, next_closer: &[u8]) -> Option<()> {
        let (links, hashing) = self.zone.denial.nsec3()?;
        let hash = hashing.of_wire(&[next_closer, self.zone.nodes.origin_wire()]);
        let link = links.before(&hash)?;
        let origin = usize::from(HEADER_LENGTH).checked_add(self.key.len())?;
        self.authorities = absence.write(self.out, origin)?;
        if !absence.has(link) {
            self.add_link(link)?;
        }
        Some(())
    }

    /// The SOA, by which the absence may be cached (RFC 2308 §3).
    fn deny(&mut self) -> Option<()> {
        let apex = self.zone.nodes.at(&[])?;
        let soa = apex.set(RecordType::SOA)?;
        let max_ttl = self.zone.settings.negative_ttl;
        self.authorities = self.copy(Owner::Origin, &soa, max_ttl)?;
        Some(())
    }

    /// The SOA and an NSEC for the asked name, made on demand.
    fn attest(&mut self, types: &[u16]) -> Option<()> {
        self.deny()?;
        if !self.asked.dnssec_ok() {
            return Some(());
        }
        let (zone, owner) = (self.zone, self.asked.name.wire());
        let nsec = compact_nsec(owner, types, Next::Successor, zone.settings.negative_ttl)?;
        let Some(set) = self.on_demand.sign(zone, owner, &nsec, self.spare) else {
            self.truncate();
            return Some(());
        };
        let added = self.copy(Owner::Asked, &set.stored()?, u32::MAX)?;
        self.authorities = self.authorities.checked_add(added)?;
        Some(())
    }

    /// Takes back all but the question.
    fn truncate(&mut self) {
        let question = self.asked.question.len();
        self.out
            .truncate(question.saturating_add(usize::from(HEADER_LENGTH)));
        self.authorities = 0;
        self.truncated = true;
    }

    /// Adds denial records, each once.
    fn prove(&mut self, links: &[Option<&Nsec3>]) -> Option<()> {
        if !self.asked.dnssec_ok() {
            return Some(());
        }
        for (at, link) in links.iter().enumerate() {
            let link = (*link)?;
            let mut earlier = links.iter().take(at).flatten();
            if earlier.any(|other| other.place() == link.place()) {
                continue;
            }
            self.add_link(link)?;
        }
        Some(())
    }

    fn add_link(&mut self, link: &Nsec3) -> Option<()> {
        let label = link.place().label();
        let added = self.copy(Owner::Label(&label), &link.set()?, u32::MAX)?;
        self.authorities = self.authorities.checked_add(added)?;
        Some(())
    }

    /// Writes a set, and its signature for who wants it; how many records that were.
    fn copy(&mut self, owner: Owner<'_>, set: &Stored<'_>, max_ttl: u32) -> Option<u16> {
        let below = match owner {
            Owner::Asked => 0,
            Owner::Origin | Owner::Label(_) => self.key.len(),
        };
        let above = usize::from(HEADER_LENGTH).checked_add(below)?;
        let is_root = self.asked.name.wire().get(below..) == Some(&[0]);
        let mut first = None;
        write_set(self.out, set, max_ttl, self.asked.dnssec_ok(), |out| {
            if let Some(first) = first {
                out.extend(pointer(first)?);
                return Some(());
            }
            if let Owner::Label(label) = owner {
                first = Some(out.len());
                out.push(label.len() as u8); // 32
                out.extend_from_slice(label);
            }
            if is_root {
                out.push(0);
            } else {
                // To the name, or the end of it, in the question (RFC 1035 §4.1.4).
                out.extend(pointer(above)?);
            }
            Some(())
        })
    }

    /// Adds the OPT record with its options, and fills the header in; where the OPT record is, and what
    /// the cookie showed.
    fn close(&mut self, code: u8, asker: &Asker<'_>) -> Option<(Option<usize>, CookieState)> {
        let mut additionals = 0;
        let (mut opt, mut cookie) = (None, CookieState::Absent);
        if let Some(edns) = &self.asked.edns {
            additionals = 1;
            let here = self.out.len();
            opt = Some(here);
            let [high, low] = UDP_PAYLOAD.to_be_bytes();
            let mut flags = if self.asked.dnssec_ok() { 0x80 } else { 0 };
            if self.asked.compact_ok() && self.zone.denial.is_compact() {
                flags |= 0x40;
            }
            self.out.extend([0, 0, 41, high, low, 0, 0, flags, 0, 0, 0]);
            cookie = edns.wanted.answer(asker, self.out);
            pad(self.out, here, asker.transport)?;
        }
        let [id_high, id_low, high, low] = self.asked.id_and_flags;
        let [answers_high, answers_low] = self.answers.to_be_bytes();
        let [authorities_high, authorities_low] = self.authorities.to_be_bytes();
        let header = self.out.first_chunk_mut::<{ HEADER_LENGTH as usize }>()?;
        *header = [
            id_high,
            id_low,
            0x84 | high | if self.truncated { 0x02 } else { 0 }, // QR, AA, TC; RD as asked
            (low & 0x10) | code,
            0,
            1,
            answers_high,
            answers_low,
            authorities_high,
            authorities_low,
            0,
            additionals,
        ];
        Some((opt, cookie))
    }
}

/// Whether a name or one above it is a delegation or holds a DNAME.
fn is_redirected(zone: &Zone, key: &[u8]) -> bool {
    let mut here = Some(key).filter(|_| zone.nodes.redirect());
    while let Some(key) = here {
        if zone.nodes.at(key).is_some_and(Node::redirects) {
            return true;
        }
        here = key_parent(key);
    }
    false
}

/// The key of the wildcard directly below a name.
fn beneath<'b>(buffer: &'b mut [u8; MAX_NAME], key: &[u8]) -> Option<&'b [u8]> {
    let (wildcard, _) = buffer.split_at_mut_checked(key.len().checked_add(2)?)?;
    let (star, rest) = wildcard.split_at_mut_checked(2)?;
    star.copy_from_slice(b"\x01*");
    rest.copy_from_slice(key);
    Some(wildcard)
}
