//! Denial of existence: what a zone's NSEC and NSEC3 records show together.

use alloc::rc::Rc;

use hickory_proto::rr::{Name, RecordType};

use super::{
    Bogus, DenialKind, Reason, RecordSetName,
    chain::{Chain, Zone},
    nsec::{NXNAME, Nsec},
    nsec3::{Hashes, MAX_ITERATIONS, MAX_STEPS, Nsec3},
    path::Path,
};

/// Looks for denials in one zone. Records are believed only once their signature is checked.
#[derive(Debug)]
pub(super) struct Denials<'c, 'a, 'p> {
    chain: &'c mut Chain<'a, 'p>,
    zone: Rc<Zone<'p>>,
    path: Path,
    fault: Option<Bogus>,
}

impl<'c, 'a, 'p> Denials<'c, 'a, 'p> {
    pub(super) fn new(chain: &'c mut Chain<'a, 'p>, zone: Rc<Zone<'p>>) -> Self {
        Self {
            chain,
            zone,
            path: Path::EMPTY,
            fault: None,
        }
    }

    /// What the conclusions so far rest on.
    pub(super) fn into_path(self) -> Path {
        self.path
    }

    /// Why a record that would have shown what was asked is not believed, if there was one.
    pub(super) fn into_fault(self) -> Option<Bogus> {
        self.fault
    }

    /// Shows that `name`, and with it everything below, does not exist, a wildcard left aside: what a
    /// record made from a wildcard needs (RFC 4035 §5.3.4, RFC 5155 §8.8).
    pub(super) fn next_closer(&mut self, name: &Name) -> bool {
        let zone = Rc::clone(&self.zone);
        self.nsec(|nsec| nsec.covers(&zone.name, name).then_some(()))
            .is_some()
            || self
                .nsec3(|nsec3, hashes| (!nsec3.opt_out && nsec3.covers(hashes, name)).then_some(()))
                .is_some()
    }

    /// Shows that there are no records of `record_type` at `name`, by whichever way there is.
    pub(super) fn absence(&mut self, name: &Name, record_type: RecordType) -> Option<DenialKind> {
        self.absence_by_nsec(name, record_type)
            .or_else(|| self.absence_by_nsec3(name, record_type))
    }

    /// Shows that `name` is a delegation without a DS record (RFC 4035 §5.2, RFC 5155 §8.9). Where
    /// only a name above it lies in an opt-out span, that name is to be asked about.
    pub(super) fn unsigned_delegation(&mut self, name: &Name) -> bool {
        self.nsec(|nsec| (nsec.owner == name && nsec.types.is_insecure_delegation()).then_some(()))
            .is_some()
            || self
                .nsec3(|nsec3, hashes| {
                    (nsec3.types.is_insecure_delegation() && nsec3.matches(hashes, name))
                        .then_some(())
                })
                .is_some()
            || self.opted_out(name)
    }

    /// Shows that `name` lies in an opt-out span, its parent being a name of this zone.
    fn opted_out(&mut self, name: &Name) -> bool {
        let parent = name.base_name();
        self.nsec3(|nsec3, hashes| (nsec3.opt_out && nsec3.covers(hashes, name)).then_some(()))
            .is_some()
            && self
                .nsec3(|nsec3, hashes| {
                    (!nsec3.types.ends_authority() && nsec3.matches(hashes, &parent)).then_some(())
                })
                .is_some()
    }

    fn absence_by_nsec(&mut self, name: &Name, record_type: RecordType) -> Option<DenialKind> {
        let zone = Rc::clone(&self.zone);
        let apex = &zone.name;
        let matching = self.nsec(|nsec| {
            (nsec.owner == name && nsec.types.denies(record_type, apex.is_root()))
                .then(|| nsec.denies_its_name())
        });
        if let Some(missing) = matching {
            return Some(if missing {
                DenialKind::NxDomain
            } else {
                DenialKind::NoData
            });
        }
        if self
            .nsec(|nsec| nsec.shows_empty_non_terminal(apex, name).then_some(()))
            .is_some()
        {
            return Some(DenialKind::NoData);
        }
        let encloser =
            self.nsec(|nsec| nsec.covers(apex, name).then(|| nsec.closest_encloser(name)))?;
        let wildcard = wildcard_below(&encloser)?;
        if self
            .nsec(|nsec| nsec.covers(apex, &wildcard).then_some(()))
            .is_some()
        {
            return Some(DenialKind::NxDomain);
        }
        self.nsec(|nsec| {
            (*nsec.owner == wildcard && nsec.types.denies(record_type, false)).then_some(())
        })
        .map(|()| DenialKind::NoData)
    }

    fn absence_by_nsec3(&mut self, name: &Name, record_type: RecordType) -> Option<DenialKind> {
        let apex = self.zone.name.clone();
        let matching = self.nsec3(|nsec3, hashes| {
            (nsec3.types.denies(record_type, apex.is_root()) && nsec3.matches(hashes, name))
                .then(|| nsec3.types.is_exactly(&[NXNAME])) // RFC 9824 §4
        });
        if let Some(missing) = matching {
            return Some(if missing {
                DenialKind::NxDomain
            } else {
                DenialKind::NoData
            });
        }
        let wildcard = wildcard_below(&self.encloser(&apex, name)?)?;
        let uncovered = self.nsec3(|nsec3, hashes| {
            (!nsec3.opt_out && nsec3.covers(hashes, &wildcard)).then_some(())
        });
        if uncovered.is_some() {
            return Some(DenialKind::NxDomain);
        }
        self.nsec3(|nsec3, hashes| {
            (nsec3.types.denies(record_type, false) && nsec3.matches(hashes, &wildcard))
                .then_some(())
        })
        .map(|()| DenialKind::NoData)
    }

    /// The closest encloser proof (RFC 5155 §8.3): the longest ancestor of `name` that exists, the
    /// name one label longer being covered, and not by an opt-out span.
    fn encloser(&mut self, apex: &Name, name: &Name) -> Option<Name> {
        let mut next_closer = name.clone();
        while apex.zone_of(&next_closer) && next_closer != *apex {
            let candidate = next_closer.base_name();
            let exists = self.nsec3(|nsec3, hashes| {
                (!nsec3.types.ends_authority() && nsec3.matches(hashes, &candidate)).then_some(())
            });
            if exists.is_some() {
                return self
                    .nsec3(|nsec3, hashes| {
                        (!nsec3.opt_out && nsec3.covers(hashes, &next_closer)).then_some(())
                    })
                    .map(|()| candidate);
            }
            next_closer = candidate;
        }
        None
    }

    /// The first signed NSEC record of the zone that shows what is asked.
    fn nsec<T>(&mut self, show: impl Fn(&Nsec<'_>) -> Option<T>) -> Option<T> {
        let zone = Rc::clone(&self.zone);
        self.search(RecordType::NSEC, |owner, rdata, _| {
            let nsec = Nsec::read(owner, rdata).filter(|_| zone.name.zone_of(owner));
            Ok(nsec.and_then(|nsec| show(&nsec)))
        })
    }

    /// The first signed NSEC3 record of the zone that shows what is asked.
    fn nsec3<T>(&mut self, show: impl Fn(&Nsec3<'_>, &mut Hashes) -> Option<T>) -> Option<T> {
        let zone = Rc::clone(&self.zone);
        self.search(RecordType::NSEC3, |owner, rdata, hashes| match Nsec3::read(
            &zone.name, owner, rdata,
        ) {
            Some(Nsec3 { iterations, .. }) if iterations > MAX_ITERATIONS => {
                Err(Reason::TooManyIterations {
                    iterations,
                    limit: MAX_ITERATIONS,
                })
            }
            nsec3 => Ok(nsec3.and_then(|nsec3| show(&nsec3, hashes))),
        })
    }

    /// The first record that shows what is asked and that this very zone signed; its evidence joins
    /// the path.
    fn search<T>(
        &mut self,
        record_type: RecordType,
        show: impl Fn(&Name, &[u8], &mut Hashes) -> Result<Option<T>, Reason>,
    ) -> Option<T> {
        let sets = self.chain.sets;
        for (owner, position, rdata) in sets.denials(record_type) {
            if !self.chain.hashes.step() {
                let limit = MAX_STEPS;
                self.blame(owner, record_type, Reason::TooManyDenials { limit });
                return None;
            }
            let detail = match show(owner, rdata, &mut self.chain.hashes) {
                Ok(Some(detail)) => detail,
                Ok(None) => continue,
                Err(reason) => {
                    self.blame(owner, record_type, reason);
                    continue;
                }
            };
            match self.chain.authenticate_alone(owner, record_type, position) {
                Ok(authentic) if authentic.zone.name == self.zone.name => {
                    self.path.join(&authentic.path);
                    return Some(detail);
                }
                Ok(_) => {}
                Err(bogus) => self.fault = self.fault.take().or(Some(bogus)),
            }
        }
        None
    }

    fn blame(&mut self, owner: &Name, record_type: RecordType, reason: Reason) {
        self.fault.get_or_insert_with(|| Bogus {
            record_set: RecordSetName {
                owner: owner.clone(),
                record_type,
            },
            zone: Some(self.zone.name.clone()),
            reason,
        });
    }
}

/// `*.` in front of a name; none when that is too long for DNS, and so cannot exist.
fn wildcard_below(name: &Name) -> Option<Name> {
    name.prepend_label("*").ok()
}
