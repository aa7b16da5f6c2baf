//! The judgement on one name and type: along CNAME and DNAME to records, or to their denial.

use alloc::{collections::BTreeSet, rc::Rc, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{
    Bogus, Denial, Insecure, Outcome, Proof, Reason, RecordSetName, ResourceRecord, Secure,
    TrustAnchors,
    cache::ChainCache,
    chain::{Chain, Zone},
    checks::Learnt,
    denial::Denials,
    memo::Memo,
    name_from_wire,
    path::Path,
    record_set::RecordSets,
};
use crate::time::UnixTime;

/// The most CNAME and DNAME records that are followed.
const MAX_HOPS: usize = 12;

/// [`Proof::judge`].
pub(super) fn judge(
    proof: &Proof,
    owner: &Name,
    record_type: RecordType,
    anchors: &TrustAnchors,
    now: UnixTime,
) -> Outcome {
    search(proof, owner, record_type, anchors, now, None).0
}

/// [`Proof::judge_cached`].
pub(super) fn judge_cached(
    proof: &Proof,
    owner: &Name,
    record_type: RecordType,
    anchors: &TrustAnchors,
    now: UnixTime,
    cache: &mut ChainCache,
) -> Outcome {
    let (outcome, learnt) = search(proof, owner, record_type, anchors, now, Some(cache.memo()));
    cache.learn(&outcome, learnt, now);
    outcome
}

/// The outcome, and what its signature checks leave behind.
fn search(
    proof: &Proof,
    owner: &Name,
    record_type: RecordType,
    anchors: &TrustAnchors,
    now: UnixTime,
    memo: Option<&Memo>,
) -> (Outcome, Learnt) {
    let sets = RecordSets::of(proof);
    let mut search = Search {
        proof,
        chain: Chain::new(&sets, anchors, now, memo),
        record_type,
        now,
        path: Path::EMPTY,
        fault: None,
    };
    let mut owner = owner.to_lowercase();
    owner.set_fqdn(true);
    let outcome = search.run(owner).unwrap_or_else(Outcome::Bogus);
    (outcome, search.chain.into_learnt())
}

/// A search under way: the path so far, through all names passed.
struct Search<'a, 'p> {
    proof: &'p Proof,
    chain: Chain<'a, 'p>,
    record_type: RecordType,
    now: UnixTime,
    path: Path,
    /// The first denial on the way that is not believed: what to tell when nothing else is found.
    fault: Option<Bogus>,
}

impl<'p> Search<'_, 'p> {
    fn run(&mut self, mut name: Name) -> Result<Outcome, Bogus> {
        let mut passed = BTreeSet::new();
        loop {
            if passed.len() > MAX_HOPS || !passed.insert(name.clone()) {
                return Err(self.bogus(
                    &name,
                    RecordType::CNAME,
                    Reason::TooManyHops { limit: MAX_HOPS },
                ));
            }
            match self.step(&name) {
                Ok(Found::Records(records)) => return Ok(self.secure(name, records)),
                Ok(Found::Alias(target)) => name = target,
                Ok(Found::Nothing) => return self.without_records(&name),
                // Below a delegation proven unsigned nothing can be proven, and nothing is forged.
                Err(bogus) => return self.insecure(&name).map(Outcome::Insecure).ok_or(bogus),
            }
        }
    }

    /// Looks at one name: the records asked for, a CNAME, a DNAME above it, or none of these.
    fn step(&mut self, name: &Name) -> Result<Found, Bogus> {
        if self.chain.sets.get(name, self.record_type).is_none() {
            return self.alias(name);
        }
        match self.authenticate(name, self.record_type) {
            Ok(()) => Ok(Found::Records(self.records(name, self.record_type))),
            // Where there is an alias there are no records: these are strays, and anybody can add some.
            Err(bogus) => match self.alias(name) {
                Ok(Found::Alias(target)) => Ok(Found::Alias(target)),
                _ => Err(bogus),
            },
        }
    }

    /// Looks for a DNAME above a name, or a CNAME at it.
    fn alias(&mut self, name: &Name) -> Result<Found, Bogus> {
        let fault = match self.follow_dname(name) {
            Some(Ok(target)) => return Ok(Found::Alias(target)),
            Some(Err(bogus)) => Some(bogus),
            None => None,
        };
        let is_cname = self.record_type != RecordType::CNAME
            && self.chain.sets.get(name, RecordType::CNAME).is_some();
        if is_cname {
            match self.authenticate(name, RecordType::CNAME) {
                Ok(()) => {
                    return self
                        .single_target(name, RecordType::CNAME)
                        .map(Found::Alias);
                }
                Err(bogus) => return Err(fault.unwrap_or(bogus)),
            }
        }
        fault.map_or(Ok(Found::Nothing), Err)
    }

    /// Where the nearest DNAME above a name leads it, if there is one.
    fn follow_dname(&mut self, name: &Name) -> Option<Result<Name, Bogus>> {
        let dname = self.dname_above(name)?;
        Some(
            self.chain
                .authenticate(&dname, RecordType::DNAME)
                .and_then(|authentic| {
                    let target = self.single_target(&dname, RecordType::DNAME)?;
                    self.path.join(&authentic.path);
                    substitute(name, &dname, &target)
                        .ok_or_else(|| self.bogus(&dname, RecordType::DNAME, Reason::Ambiguous))
                }),
        )
    }

    /// Authenticates a set; one made from a wildcard needs the denial of the name itself.
    fn authenticate(&mut self, owner: &Name, record_type: RecordType) -> Result<(), Bogus> {
        let authentic = self.chain.authenticate(owner, record_type)?;
        if let Some(next_closer) = authentic.next_closer.clone() {
            let mut denials = Denials::new(&mut self.chain, Rc::clone(&authentic.zone));
            if !denials.next_closer(&next_closer) {
                let unproven = || Bogus {
                    record_set: RecordSetName {
                        owner: owner.clone(),
                        record_type,
                    },
                    zone: Some(authentic.zone.name.clone()),
                    reason: Reason::WildcardUnproven { next_closer },
                };
                return Err(denials.into_fault().unwrap_or_else(unproven));
            }
            self.path.join(&denials.into_path());
        }
        self.path.join(&authentic.path);
        Ok(())
    }

    /// A denial, or an unsigned delegation, or nothing at all.
    fn without_records(&mut self, name: &Name) -> Result<Outcome, Bogus> {
        for zone in self.denying_zones(name) {
            let mut denials = Denials::new(&mut self.chain, Rc::clone(&zone));
            if let Some(kind) = denials.absence(name, self.record_type) {
                self.path.join(&denials.into_path());
                return Ok(Outcome::Denied(Denial {
                    kind,
                    owner: name.clone(),
                    zone: zone.name.clone(),
                    window: self.path.window,
                    cache_ttl: self.cache_ttl(),
                    proof: self.minimised(),
                }));
            }
            self.fault = self.fault.take().or(denials.into_fault());
        }
        if let Some(insecure) = self.insecure(name) {
            return Ok(Outcome::Insecure(insecure));
        }
        let missing = self.bogus(name, self.record_type, Reason::Missing);
        Err(self.fault.take().unwrap_or(missing))
    }

    /// The unsigned delegation nearest to the root on the way to `name`, if one is proven.
    fn insecure(&mut self, name: &Name) -> Option<Insecure> {
        let mut zones = self.denying_zones(name);
        zones.reverse();
        for zone in zones {
            let depth = zone.name.iter().count();
            for labels in depth.saturating_add(1)..=name.iter().count() {
                let cut = name.trim_to(labels);
                let mut denials = Denials::new(&mut self.chain, Rc::clone(&zone));
                if denials.unsigned_delegation(&cut) {
                    self.path.join(&denials.into_path());
                    return Some(Insecure {
                        zone: cut,
                        parent: zone.name.clone(),
                        window: self.path.window,
                        cache_ttl: self.cache_ttl(),
                        proof: self.minimised(),
                    });
                }
                self.fault = self.fault.take().or(denials.into_fault());
            }
        }
        None
    }

    /// The zones above `name` that signed any denial and whose keys can be established, deepest
    /// first.
    fn denying_zones(&mut self, name: &Name) -> Vec<Rc<Zone<'p>>> {
        let sets = self.chain.sets;
        let signers: BTreeSet<(usize, &Name)> = sets
            .denial_signers()
            // Whether a zone has a DS record is its parent's to say.
            .filter(|signer| {
                signer.zone_of(name)
                    && (self.record_type != RecordType::DS || *signer != name || name.is_root())
            })
            .map(|signer| (signer.iter().count(), signer))
            .collect();
        let mut zones = Vec::new();
        for (_, signer) in signers.iter().rev() {
            match self.chain.zone(signer) {
                Ok(zone) => zones.push(zone),
                Err(bogus) => self.fault = self.fault.take().or(Some(bogus)),
            }
        }
        zones
    }

    /// The nearest DNAME strictly above a name.
    fn dname_above(&self, name: &Name) -> Option<Name> {
        let mut above = name.clone();
        while !above.is_root() {
            above = above.base_name();
            if self.chain.sets.get(&above, RecordType::DNAME).is_some() {
                return Some(above);
            }
        }
        None
    }

    /// The name that the single CNAME or DNAME record at `owner` points to.
    fn single_target(&self, owner: &Name, record_type: RecordType) -> Result<Name, Bogus> {
        match self.records(owner, record_type).as_slice() {
            [record] => name_from_wire(record.rdata())
                .ok_or_else(|| self.bogus(owner, record_type, Reason::Malformed(record_type))),
            _ => Err(self.bogus(owner, record_type, Reason::Ambiguous)),
        }
    }

    fn records(&self, owner: &Name, record_type: RecordType) -> Vec<ResourceRecord> {
        let sets = self.chain.sets;
        sets.get(owner, record_type)
            .map(|set| sets.records(set).cloned().collect())
            .unwrap_or_default()
    }

    fn secure(&self, owner: Name, records: Vec<ResourceRecord>) -> Outcome {
        Outcome::Secure(Secure {
            owner,
            records,
            window: self.path.window,
            cache_ttl: self.cache_ttl(),
            proof: self.minimised(),
        })
    }

    /// The lowest signed TTL on the path, cut at the end of the window (RFC 4035 §5.3.3).
    fn cache_ttl(&self) -> u32 {
        let left = self.now.until(self.path.window.valid_until);
        self.path.ttl.min(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// The records on the path, in the order of the proof.
    fn minimised(&self) -> Proof {
        let used = self
            .path
            .used
            .iter()
            .filter_map(|index| self.proof.records().get(*index));
        Proof {
            records: used.cloned().collect(),
        }
    }

    fn bogus(&self, owner: &Name, record_type: RecordType, reason: Reason) -> Bogus {
        Bogus {
            record_set: RecordSetName {
                owner: owner.clone(),
                record_type,
            },
            zone: None,
            reason,
        }
    }
}

/// What stands at a name.
enum Found {
    Records(Vec<ResourceRecord>),
    Alias(Name),
    Nothing,
}

/// Replaces the end of a name (RFC 6672 §2.2): whole labels, and nothing where it grows too long.
fn substitute(name: &Name, dname: &Name, target: &Name) -> Option<Name> {
    let kept = name.iter().count().checked_sub(dname.iter().count())?;
    let prefix = Name::from_labels(name.iter().take(kept)).ok()?;
    prefix.append_domain(target).ok()
}

#[cfg(test)]
mod tests;
