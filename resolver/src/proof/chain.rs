//! The chain of trust: from an anchor through DS and DNSKEY records to any signed set (RFC 4035 §5).

use alloc::{collections::BTreeMap, rc::Rc, vec::Vec};

use hickory_proto::rr::{Name, RecordType};

use super::{
    Bogus, Reason, RecordSetName, TrustAnchors, canonical,
    checks::{Checks, Learnt},
    crypto::{self, DigestType},
    memo::Memo,
    nsec3::Hashes,
    path::Path,
    record_set::{Members, RecordSets},
    signature::{DnsKey, Ds, RrSig},
};
use crate::time::{UnixTime, Window};

/// The walk along one proof. Each zone's keys are established once, each set is checked once.
#[derive(Debug)]
pub(super) struct Chain<'a, 'p> {
    pub(super) sets: &'a RecordSets<'p>,
    anchors: &'a TrustAnchors,
    now: UnixTime,
    zones: BTreeMap<Name, Result<Rc<Zone<'p>>, Bogus>>,
    /// By owner, type, and position in the set where a record stands alone.
    judged: BTreeMap<(Name, RecordType, Option<usize>), Judged<'p>>,
    checks: Checks<'a>,
    /// For all denials together, so that their cost is bounded together.
    pub(super) hashes: Hashes,
}

type Judged<'p> = Result<Rc<Authentic<'p>>, Bogus>;

/// A zone whose keys are established.
#[derive(Debug)]
pub(super) struct Zone<'p> {
    pub(super) name: Name,
    keys: Vec<DnsKey<'p>>,
    path: Path,
}

/// A record set with a good signature.
#[derive(Debug)]
pub(super) struct Authentic<'p> {
    pub(super) zone: Rc<Zone<'p>>,
    pub(super) path: Path,
    /// The name to be denied when the records came from a wildcard (RFC 4035 §5.3.4).
    pub(super) next_closer: Option<Name>,
}

impl<'a, 'p> Chain<'a, 'p> {
    pub(super) fn new(
        sets: &'a RecordSets<'p>,
        anchors: &'a TrustAnchors,
        now: UnixTime,
        memo: Option<&'a Memo>,
    ) -> Self {
        Self {
            sets,
            anchors,
            now,
            zones: BTreeMap::new(),
            judged: BTreeMap::new(),
            checks: Checks::new(memo),
            hashes: Hashes::default(),
        }
    }

    /// What the signature checks leave behind.
    pub(super) fn into_learnt(self) -> Learnt {
        self.checks.into_learnt()
    }

    /// Finds a good signature over a record set, its zone's keys included.
    pub(super) fn authenticate(&mut self, owner: &Name, record_type: RecordType) -> Judged<'p> {
        self.authenticate_once(owner, record_type, None)
    }

    /// Finds a good signature over one record of a set, as if it were the whole.
    pub(super) fn authenticate_alone(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        position: usize,
    ) -> Judged<'p> {
        self.authenticate_once(owner, record_type, Some(position))
    }

    fn authenticate_once(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        position: Option<usize>,
    ) -> Judged<'p> {
        let key = (owner.clone(), record_type, position);
        if let Some(known) = self.judged.get(&key) {
            return known.clone();
        }
        let judged = self.look_for_signature(owner, record_type, position);
        let judged = judged.map(Rc::new);
        self.judged.insert(key, judged.clone());
        judged
    }

    fn look_for_signature(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        position: Option<usize>,
    ) -> Result<Authentic<'p>, Bogus> {
        let sets = self.sets;
        let bogus = |zone: Option<&Name>, reason| Bogus {
            record_set: RecordSetName {
                owner: owner.clone(),
                record_type,
            },
            zone: zone.cloned(),
            reason,
        };
        let found = sets.get(owner, record_type).and_then(|set| {
            let members = position.map_or(Some(set.whole()), |position| set.alone(position))?;
            Some((set, members))
        });
        let Some((set, members)) = found else {
            return Err(bogus(None, Reason::Missing));
        };
        let mut fault: Option<Bogus> = None;
        for (index, signature) in &set.signatures {
            let result = self
                .check_claims(owner, record_type, signature)
                .map_err(|reason| bogus(Some(&signature.signer), reason))
                .and_then(|window| Ok((window, self.zone(&signature.signer)?)))
                .and_then(|(window, zone)| {
                    self.check_signature(owner, record_type, members, signature, &zone.keys)
                        .map_err(|reason| bogus(Some(&zone.name), reason))?;
                    Ok((window, zone))
                });
            match result {
                Ok((window, zone)) => {
                    let mut path = zone.path.clone();
                    path.join(&Path::of(window, members, *index, signature));
                    let labels = usize::from(signature.labels);
                    let next_closer = (labels < canonical::label_count(owner))
                        .then(|| owner.trim_to(labels.saturating_add(1)));
                    return Ok(Authentic {
                        zone,
                        path,
                        next_closer,
                    });
                }
                Err(new) => match &fault {
                    Some(old) if !says_little(&old.reason) => {}
                    _ => fault = Some(new),
                },
            }
        }
        Err(fault.unwrap_or_else(|| {
            let reason = if set.malformed_signature {
                Reason::Malformed(RecordType::RRSIG)
            } else {
                Reason::Unsigned
            };
            bogus(None, reason)
        }))
    }

    /// The keys of a zone: vouched for by an anchor, or by the parent's DS records.
    pub(super) fn zone(&mut self, name: &Name) -> Result<Rc<Zone<'p>>, Bogus> {
        if let Some(known) = self.zones.get(name) {
            return known.clone();
        }
        // A DS record's signer is strictly above the zone, so this ends at the root.
        let zone = self.establish(name).map(Rc::new);
        self.zones.insert(name.clone(), zone.clone());
        zone
    }

    fn establish(&mut self, name: &Name) -> Result<Zone<'p>, Bogus> {
        let sets = self.sets;
        let bogus = |record_type, reason| Bogus {
            record_set: RecordSetName {
                owner: name.clone(),
                record_type,
            },
            zone: Some(name.clone()),
            reason,
        };
        let anchored = self.anchors.has(name);
        if name.is_root() && !anchored {
            return Err(bogus(RecordType::DNSKEY, Reason::NoAnchor));
        }
        let (mut path, digests) = if anchored {
            (Path::EMPTY, Vec::new())
        } else {
            let authentic = self.authenticate(name, RecordType::DS)?;
            let digests = self
                .delegation(name)
                .map_err(|reason| bogus(RecordType::DS, reason))?;
            (authentic.path.clone(), digests)
        };
        let Some(set) = sets.get(name, RecordType::DNSKEY) else {
            return Err(bogus(RecordType::DNSKEY, Reason::Missing));
        };
        let keys: Vec<DnsKey<'p>> = sets
            .records(set)
            .filter_map(|record| DnsKey::read(record.rdata()))
            .filter(DnsKey::may_sign)
            .collect();
        let trusted: Vec<DnsKey<'p>> = keys
            .iter()
            .filter(|key| {
                if anchored {
                    self.anchors.trusts(name, key)
                } else {
                    Ds::any_matches(&digests, name, key)
                }
            })
            .copied()
            .collect();
        if trusted.is_empty() {
            return Err(bogus(RecordType::DNSKEY, Reason::NoMatchingDs));
        }
        let mut fault = None;
        for (index, signature) in &set.signatures {
            let checked = self
                .check_claims(name, RecordType::DNSKEY, signature)
                .and_then(|window| {
                    let members = set.whole();
                    self.check_signature(name, RecordType::DNSKEY, members, signature, &trusted)?;
                    Ok(window)
                });
            match checked {
                Ok(window) => {
                    path.join(&Path::of(window, set.whole(), *index, signature));
                    return Ok(Zone {
                        name: name.clone(),
                        keys,
                        path,
                    });
                }
                Err(reason) => match &fault {
                    Some(old) if !says_little(old) => {}
                    _ => fault = Some(reason),
                },
            }
        }
        Err(bogus(RecordType::DNSKEY, fault.unwrap_or(Reason::Unsigned)))
    }

    /// The DS records of a zone that may be used: SHA-1 digests only when there are no others.
    fn delegation(&self, name: &Name) -> Result<Vec<Ds>, Reason> {
        let Some(set) = self.sets.get(name, RecordType::DS) else {
            return Err(Reason::Missing);
        };
        let mut digests: Vec<(DigestType, Ds)> = self
            .sets
            .records(set)
            .map(|record| Ds::read(record.rdata()).ok_or(Reason::Malformed(RecordType::DS)))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .filter_map(|ds| Some((DigestType::of(ds.digest_type)?, ds)))
            .collect();
        if digests
            .iter()
            .any(|(digest_type, _)| *digest_type != DigestType::Sha1)
        {
            digests.retain(|(digest_type, _)| *digest_type != DigestType::Sha1);
        }
        let Some((_, first)) = digests.first() else {
            return Err(Reason::DigestType);
        };
        let algorithm = first.algorithm;
        digests.retain(|(_, ds)| crypto::accepts(ds.algorithm));
        if digests.is_empty() {
            return Err(Reason::Algorithm(algorithm));
        }
        Ok(digests.into_iter().map(|(_, ds)| ds).collect())
    }

    /// Checks all that a signature says about itself (RFC 4035 §5.3.1).
    fn check_claims(
        &self,
        owner: &Name,
        record_type: RecordType,
        signature: &RrSig<'_>,
    ) -> Result<Window, Reason> {
        let signer = &signature.signer;
        let may_sign = match record_type {
            // A DS record is the parent's word about the zone, a DNSKEY record the zone's own.
            RecordType::DS => signer.zone_of(owner) && signer != owner,
            RecordType::DNSKEY => signer == owner,
            _ => signer.zone_of(owner),
        };
        if !may_sign {
            return Err(Reason::ForeignSigner {
                signer: signer.clone(),
            });
        }
        let labels = canonical::label_count(owner);
        if usize::from(signature.labels) > labels {
            return Err(Reason::LabelCount);
        }
        let from_wildcard = usize::from(signature.labels) < labels;
        if from_wildcard && !may_be_wildcard(record_type) {
            return Err(Reason::WildcardForbidden);
        }
        // The wildcard itself stands in the signer's zone.
        if usize::from(signature.labels) < signer.iter().count() {
            return Err(Reason::LabelCount);
        }
        if !crypto::accepts(signature.algorithm) {
            return Err(Reason::Algorithm(signature.algorithm));
        }
        signature.check_time(self.now)
    }

    /// Checks the signature itself with whichever of `keys` it names.
    fn check_signature(
        &mut self,
        owner: &Name,
        record_type: RecordType,
        members: Members<'_>,
        signature: &RrSig<'_>,
        keys: &[DnsKey<'_>],
    ) -> Result<(), Reason> {
        let RrSig {
            key_tag, algorithm, ..
        } = *signature;
        let mut result = Err(Reason::NoSuchKey { key_tag, algorithm });
        let mut message = None;
        for key in keys
            .iter()
            .filter(|key| key.tag == key_tag && key.algorithm == algorithm)
        {
            self.checks.ask()?;
            let message = message.get_or_insert_with(|| {
                canonical::signed_bytes(signature, owner, record_type, members)
            });
            let key = key.public_key();
            result = self
                .checks
                .check(algorithm, key, message, signature.signature);
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

/// Whether records of this type may be made from a wildcard: not those that hold a zone together.
fn may_be_wildcard(record_type: RecordType) -> bool {
    !matches!(
        record_type,
        RecordType::DS
            | RecordType::DNSKEY
            | RecordType::NSEC
            | RecordType::NSEC3
            | RecordType::DNAME
            | RecordType::SOA
            | RecordType::NS
    )
}

/// Whether a fault may be that of a stray signature, or of one by a key on its way in or out: any
/// other signature's fault says more.
fn says_little(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Algorithm(_)
            | Reason::NoSuchKey { .. }
            | Reason::ForeignSigner { .. }
            | Reason::LabelCount
            | Reason::WildcardForbidden
    )
}
