//! What arrived is checked before anybody is answered from it: every signature that is new.
//!
//! What is signed is put together here from the bytes that came, by other code than signs our own
//! zones, and as strictly as a resolver does it (RFC 4035 §5.3).

use hickory_proto::dnssec::rdata::DNSKEY;
use hickory_proto::dnssec::{Algorithm, PublicKey as _};
use hickory_proto::rr::{Name, RecordType};
use payname_resolver::UnixTime;
use rayon::prelude::*;

use super::incoming::Arrived;
use super::refusal::IncomingError;
use crate::denial::Denial;
use crate::layout::Layout;
use crate::names::{from_wire, name_length, presentation, suffixes};
use crate::node::Node;
use crate::packed::Stored;
use crate::zone::Zone;

/// How many signatures and keys are tried for one set; more would be an attack (CVE-2023-50387).
const MOST_TRIED: usize = 8;
/// How many sets one core takes at a time.
const AT_A_TIME: usize = 64;

impl Arrived {
    /// The zone, if every record set that is new in it is signed by its keys, now.
    ///
    /// Costs one check of a signature for each, on all cores: for changes, those that changed; for
    /// a whole zone, all. A catalog has no signatures. Whether the keys are those that the parent vouches for is not asked.
    ///
    /// # Errors
    /// [`IncomingError::Signature`] tells the first set that is not signed as it must be.
    pub fn check(self, now: UnixTime) -> Result<Zone, IncomingError> {
        let Self { zone, base } = self;
        if zone.settings.denial == Denial::Unsigned {
            return Ok(zone);
        }
        let check = Check::new(&zone, now);
        match &base {
            Some(base) if check.trusts_what_stayed(base) => check.changes(base)?,
            _ => check.all()?,
        }
        Ok(zone)
    }

    /// The zone without a look at its signatures: for what was checked before it was kept.
    pub fn danger_accept_unchecked(self) -> Zone {
        self.zone
    }

    /// The serial that it has.
    pub fn serial(&self) -> u32 {
        self.zone.serial()
    }

    /// Whether changes arrived, rather than the whole zone.
    pub fn is_changes(&self) -> bool {
        self.base.is_some()
    }
}

/// A zone whose signatures are checked at one moment.
struct Check<'z> {
    zone: &'z Zone,
    /// With their tags.
    keys: Vec<(u16, DNSKEY)>,
    now: UnixTime,
}

impl<'z> Check<'z> {
    fn new(zone: &'z Zone, now: UnixTime) -> Self {
        Self {
            zone,
            keys: tagged_keys(zone),
            now,
        }
    }

    /// Whether the keys that signed what has not changed are all there still.
    fn trusts_what_stayed(&self, base: &Zone) -> bool {
        let before = tagged_keys(base);
        before.iter().all(|(tag, key)| {
            let stays = self.keys.iter().any(|(_, other)| other == key);
            stays || !self.zone.is_signed_by(*tag)
        })
    }

    fn all(&self) -> Result<(), IncomingError> {
        let nodes: Vec<&Node> = self.zone.nodes.iter().collect();
        let nodes = nodes.into_par_iter().with_min_len(AT_A_TIME);
        nodes.try_for_each(|node| self.node(node))?;
        let links: Vec<_> = self.zone.denial.all().collect();
        let links = links.into_par_iter().with_min_len(AT_A_TIME);
        links.try_for_each(|(owner, _, set, _)| self.set(&owner, set))
    }

    fn changes(&self, base: &Zone) -> Result<(), IncomingError> {
        for (owner, record_type, newer, _) in self.zone.set_differences(base) {
            let Some(name) = from_wire(&owner) else {
                continue; // no stored owner
            };
            let is_link = matches!(record_type, RecordType::NSEC | RecordType::NSEC3);
            if is_link || self.must_be_signed(&name, record_type) {
                self.set(&owner, newer)?;
            }
            // What was glue below a delegation is the zone's own now.
            if record_type == RecordType::NS && newer.is_none() {
                let nodes = self.zone.nodes.below(&name);
                let nodes = nodes.iter().chain([&name]);
                let nodes = nodes.filter_map(|name| self.zone.nodes.get(name));
                nodes.into_iter().try_for_each(|node| self.node(node))?;
            }
        }
        Ok(())
    }

    fn node(&self, node: &Node) -> Result<(), IncomingError> {
        let name = self.zone.nodes.name(node.key());
        let owner = crate::names::wire(&name);
        node.sets()
            .filter(|set| self.must_be_signed(&name, set.record_type()))
            .try_for_each(|set| self.set(&owner, Some(set)))
    }

    /// Whether a set is the zone's own: not a child's NS records, nor addresses at or below it.
    fn must_be_signed(&self, owner: &Name, record_type: RecordType) -> bool {
        let nodes = &self.zone.nodes;
        if !nodes.redirect() {
            return true;
        }
        let at_cut = nodes.get(owner).is_some_and(Node::is_cut);
        (!at_cut || record_type == RecordType::DS) && nodes.cut_above(owner).is_none()
    }

    /// Checks that one of the signatures of a set is good.
    fn set(&self, owner: &[u8], set: Option<Stored<'_>>) -> Result<(), IncomingError> {
        let Some(set) = set else {
            return Ok(());
        };
        let mut fault = SignatureFault::Missing;
        for signature in set.signatures().take(MOST_TRIED) {
            let data = signature.get(10..).unwrap_or_default();
            match self.signature(owner, set, data) {
                Ok(()) => return Ok(()),
                Err(found) => fault = fault.max(found),
            }
        }
        Err(IncomingError::Signature {
            owner: from_wire(owner).map_or_else(String::new, |name| presentation(&name)),
            record_type: set.record_type(),
            fault,
        })
    }

    fn signature(&self, owner: &[u8], set: Stored<'_>, data: &[u8]) -> Result<(), SignatureFault> {
        let malformed = SignatureFault::Malformed;
        let (fixed, rest) = data.split_first_chunk::<18>().ok_or(malformed)?;
        let [
            _,
            _,
            algorithm,
            labels,
            t1,
            t2,
            t3,
            t4,
            e1,
            e2,
            e3,
            e4,
            i1,
            i2,
            i3,
            i4,
            k1,
            k2,
        ] = *fixed;
        let signer = name_length(rest).ok_or(malformed)?;
        let (signer, signature) = rest.split_at_checked(signer).ok_or(malformed)?;
        let original_ttl = u32::from_be_bytes([t1, t2, t3, t4]);
        // A stored set is never a wildcard's expansion.
        if label_count(owner) != usize::from(labels) || set.ttl() > original_ttl {
            return Err(malformed);
        }
        let now = self.now.0 as u32;
        if is_after(now, u32::from_be_bytes([e1, e2, e3, e4])) {
            return Err(SignatureFault::Expired);
        }
        if is_after(u32::from_be_bytes([i1, i2, i3, i4]), now) {
            return Err(SignatureFault::NotYet);
        }
        let mut signed = fixed.to_vec();
        signed.extend(signer.to_ascii_lowercase());
        write_signed(&mut signed, owner, set, original_ttl);
        let tag = u16::from_be_bytes([k1, k2]);
        let keys = self.keys.iter().filter(|(other, key)| {
            *other == tag && u8::from(key.public_key().algorithm()) == algorithm
        });
        let mut fault = SignatureFault::UnknownKey;
        for (_, key) in keys.take(MOST_TRIED) {
            if key.public_key().verify(&signed, signature).is_ok() {
                return Ok(());
            }
            fault = SignatureFault::Forged;
        }
        Err(fault)
    }
}

/// The records as they are signed (RFC 4034 §3.1.8.1, §6).
fn write_signed(to: &mut Vec<u8>, owner: &[u8], set: Stored<'_>, original_ttl: u32) {
    let layout = Layout::of(set.record_type().into());
    let data = set
        .records()
        .map(|body| layout.canonical(body.get(10..).unwrap_or_default().to_vec()));
    let mut data: Vec<Vec<u8>> = data.collect();
    data.sort();
    data.dedup();
    for data in data {
        to.extend_from_slice(owner);
        to.extend(u16::from(set.record_type()).to_be_bytes());
        to.extend([0, 1]);
        to.extend(original_ttl.to_be_bytes());
        to.extend((data.len() as u16).to_be_bytes()); // as it came
        to.extend(data);
    }
}

impl Zone {
    /// Whether any signature may have this tag.
    fn is_signed_by(&self, tag: u16) -> bool {
        let ends = [self.nodes.ends(), self.denial.ends()];
        ends.into_iter().any(|ends| ends.are_of(tag))
    }
}

/// The keys that may sign, with their tags: those of the zone, of algorithms that are secure.
fn tagged_keys(zone: &Zone) -> Vec<(u16, DNSKEY)> {
    let keys = zone.shown_keys().into_iter();
    let secure = |key: &DNSKEY| {
        let algorithm = key.public_key().algorithm();
        key.zone_key()
            && matches!(
                algorithm,
                Algorithm::RSASHA256
                    | Algorithm::RSASHA512
                    | Algorithm::ECDSAP256SHA256
                    | Algorithm::ECDSAP384SHA384
                    | Algorithm::ED25519
            )
    };
    keys.filter(secure)
        .filter_map(|key| Some((key.calculate_key_tag().ok()?, key)))
        .collect()
}

/// Whether a time of 32 bits is after another (RFC 1982).
fn is_after(time: u32, other: u32) -> bool {
    let ahead = time.wrapping_sub(other);
    ahead != 0 && ahead <= i32::MAX as u32
}

/// The labels of a name in wire form, a leading `*` and the root left out (RFC 4034 §3.1.3).
fn label_count(owner: &[u8]) -> usize {
    let labels = suffixes(owner).count().saturating_sub(1);
    labels.saturating_sub(usize::from(owner.starts_with(b"\x01*")))
}

/// What is wrong with the signature of a record set; of several, the one that tells most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// There is none.
    #[error("they are not signed")]
    Missing,
    /// It is none for this set.
    #[error("their signature is malformed")]
    Malformed,
    /// The key is not among the zone's.
    #[error(
        "the key that signed them is not among the DNSKEY records, or of an algorithm that is not secure"
    )]
    UnknownKey,
    /// It has ended.
    #[error("their signature has expired; the primary has not signed them again")]
    Expired,
    /// It has not begun.
    #[error("their signature is not valid yet; is the clock right?")]
    NotYet,
    /// It is not one of these records.
    #[error("their signature does not fit them")]
    Forged,
}
