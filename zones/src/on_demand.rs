//! Signatures made while answering: what they may cost, and those made lately.

use std::collections::HashMap;
use std::time::Duration;

use hickory_proto::dnssec::TBS;
use hickory_proto::rr::RecordType;

use crate::keys::SigningKey;
use crate::layout::Layout;
use crate::names::key_parent;
use crate::packed::{Packed, Stored};
use crate::zone::Zone;

/// The share of a signature's life by which a remembered one may end before a new one would.
const SHARE: u64 = 4;

/// Signatures made while answering, for zones that deny names by [`crate::Denial::Compact`].
///
/// Each is worth a thousand copied answers, so who asks for random names could buy much with
/// little. Here is what they may cost: when the budget is used up, answers over UDP are truncated,
/// which costs nothing, and whoever is not spoofed asks again over TCP. What was signed lately is
/// remembered. One belongs to each thread that answers.
#[derive(Debug)]
pub struct OnDemand {
    /// Signatures per second; none without limit.
    budget: Option<u32>,
    /// Billionths of signatures that may be made now.
    credit: u128,
    /// Until when the credit is counted.
    counted: Duration,
    recent: HashMap<Vec<u8>, Packed>,
    older: HashMap<Vec<u8>, Packed>,
    room: usize,
    tally: OnDemandTally,
}

/// How many signatures were asked for while answering, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OnDemandTally {
    /// They were made.
    pub made: u64,
    /// They had been made lately.
    pub remembered: u64,
    /// The budget did not allow them.
    pub refused: u64,
}

impl OnDemandTally {
    /// What has come since it was like this.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            made: self.made.saturating_sub(earlier.made),
            remembered: self.remembered.saturating_sub(earlier.remembered),
            refused: self.refused.saturating_sub(earlier.refused),
        }
    }
}

impl OnDemand {
    /// At most so many signatures per second, a second's worth of them at once, and so many of
    /// them remembered (some 400 octets each).
    pub fn new(per_second: u32, remembered: usize) -> Self {
        Self {
            budget: Some(per_second),
            credit: u128::from(per_second).saturating_mul(BILLION),
            counted: Duration::ZERO,
            recent: HashMap::new(),
            older: HashMap::new(),
            room: remembered.div_ceil(2),
            tally: OnDemandTally::default(),
        }
    }

    /// As many as are asked for, none remembered.
    pub fn unlimited() -> Self {
        Self {
            budget: None,
            ..Self::new(0, 0)
        }
    }

    /// Grants what the budget allows until `now`, the time since any moment that stays the same.
    pub fn grant(&mut self, now: Duration) {
        let per_second = u128::from(self.budget.unwrap_or(0));
        let passed = now.saturating_sub(self.counted).as_nanos();
        let credit = self
            .credit
            .saturating_add(passed.saturating_mul(per_second));
        self.credit = credit.min(self.most());
        self.counted = now;
    }

    /// What has been asked of it so far.
    pub fn tally(&self) -> OnDemandTally {
        self.tally
    }

    /// The most credit there can be: a second's worth.
    fn most(&self) -> u128 {
        u128::from(self.budget.unwrap_or(0)).saturating_mul(BILLION)
    }

    /// Signs records that live at `owner` (lower-case wire form) as long as the zone's SOA is
    /// signed; none when the budget does not allow it.
    ///
    /// `records` are `type, class, TTL, RDLENGTH, RDATA` one after the other, all of one type.
    pub(crate) fn sign(
        &mut self,
        zone: &Zone,
        owner: &[u8],
        records: &[u8],
        spare: bool,
    ) -> Option<Packed> {
        let apex = zone.nodes.at(&[])?;
        let soa = apex.set(RecordType::SOA)?;
        let key = [owner, records].concat();
        let known = self.recent.get(&key).or_else(|| self.older.get(&key));
        if let Some(known) = known.filter(|known| is_good(known, &soa, zone)) {
            let known = known.clone();
            self.tally.remembered = self.tally.remembered.saturating_add(1);
            return Some(known);
        }
        if spare && self.budget.is_some() {
            let signers = zone.keys()?.zone_signers().count() as u128; // two at the most
            let cost = BILLION.saturating_mul(signers);
            let Some(credit) = self.credit.checked_sub(cost.min(self.most())) else {
                self.tally.refused = self.tally.refused.saturating_add(1);
                return None;
            };
            self.credit = credit;
        }
        let made = sign(zone, owner, records, &soa)?;
        self.tally.made = self.tally.made.saturating_add(1);
        self.remember(key, made.clone());
        Some(made)
    }

    /// Keeps two generations: what is not asked for again is forgotten with the older one.
    fn remember(&mut self, key: Vec<u8>, set: Packed) {
        if self.room == 0 {
            return;
        }
        if self.recent.len() >= self.room {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, set);
    }
}

const BILLION: u128 = 1_000_000_000;

/// Whether a remembered set may be served still: signed by the keys that sign now, and about as
/// long as the SOA, which is always signed in time.
fn is_good(known: &Packed, soa: &Stored<'_>, zone: &Zone) -> bool {
    let ends = |set: Stored<'_>| set.expires_at().map_or(0, |end| end.0);
    let (Some(known), soa_ends) = (known.stored(), ends(*soa)) else {
        return false;
    };
    let slack = zone.settings.signatures.validity.as_secs() / SHARE;
    let known_ends = ends(known);
    known.key_tags() == zone.keys().and_then(|keys| keys.tags_for(false))
        && known_ends <= soa_ends
        && soa_ends <= known_ends.saturating_add(slack)
}

/// Signs as RFC 4034 §3.1.8.1 has it, from the bytes.
fn sign(zone: &Zone, owner: &[u8], records: &[u8], soa: &Stored<'_>) -> Option<Packed> {
    let (record_type, _) = records.split_first_chunk::<2>()?;
    let bodies = canonical_bodies(records, Layout::of(u16::from_be_bytes(*record_type)));
    let mut signatures = Vec::with_capacity(300);
    for key in zone.keys()?.zone_signers() {
        signatures.append(&mut signature(key, zone, owner, &bodies, soa)?);
    }
    let ends = soa.expires_at()?;
    let record_type = u16::from_be_bytes(*record_type);
    Some(Packed::of(record_type, ends, records, &signatures))
}

/// Records in canonical form and order, each once (RFC 4034 §6.2, §6.3).
fn canonical_bodies(records: &[u8], layout: Layout) -> Vec<Vec<u8>> {
    let bodies = crate::packed::bodies(records).filter_map(|body| {
        let (head, data) = body.split_at_checked(10)?; // type, class, TTL and length
        Some([head, &layout.canonical(data.to_vec())].concat())
    });
    let mut bodies: Vec<Vec<u8>> = bodies.collect();
    bodies.sort_by(|one, other| one.get(10..).cmp(&other.get(10..)));
    bodies.dedup();
    bodies
}

/// One key's signature over records in canonical form and order, as it is stored.
fn signature(
    key: &SigningKey,
    zone: &Zone,
    owner: &[u8],
    bodies: &[Vec<u8>],
    soa: &Stored<'_>,
) -> Option<Vec<u8>> {
    let (record_type, rest) = bodies.first()?.split_first_chunk::<2>()?;
    let ttl = rest.get(2..6)?;
    // Expiration and inception of the SOA's signature.
    let times = soa.signatures().next()?.get(18..26)?;

    let mut rrsig = Vec::with_capacity(300);
    rrsig.extend(record_type);
    rrsig.push(u8::from(key.algorithm().in_records()));
    rrsig.push(label_count(owner));
    rrsig.extend(ttl);
    rrsig.extend(times);
    rrsig.extend(key.key_tag().to_be_bytes());
    rrsig.extend(zone.nodes.origin_wire());

    let mut signed = rrsig.clone();
    for body in bodies {
        signed.extend_from_slice(owner);
        signed.extend_from_slice(body);
    }
    rrsig.extend(key.sign(&TBS::from(signed.as_slice())).ok()?);

    let mut signature = Vec::with_capacity(rrsig.len().saturating_add(10));
    signature.extend(u16::from(RecordType::RRSIG).to_be_bytes());
    signature.extend([0, 1]);
    signature.extend(ttl);
    signature.extend((rrsig.len() as u16).to_be_bytes());
    signature.append(&mut rrsig);
    Some(signature)
}

/// The labels of a name in wire form, a leading `*` and the root left out (RFC 4034 §3.1.3).
fn label_count(owner: &[u8]) -> u8 {
    let names = std::iter::successors(Some(owner), |name| key_parent(name));
    let labels = names.filter(|name| !matches!(name, [] | [0])).count();
    let wildcard = usize::from(owner.starts_with(b"\x01*"));
    labels.saturating_sub(wildcard) as u8 // a name has at most 127 labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_counted_without_root_and_wildcard() {
        for (owner, count) in [
            (&b"\0"[..], 0),
            (b"\x01a\x04test\0", 2),
            (b"\x01*\x04test\0", 1),
        ] {
            assert_eq!(label_count(owner), count);
        }
    }
}
