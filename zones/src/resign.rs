//! When the signatures of a zone end, and how they are made again.

use hickory_proto::rr::RecordType;
use payname_resolver::UnixTime;
use rayon::prelude::*;

use crate::check::ZoneError;
use crate::ends::Ends;
use crate::nodes::Changed;
use crate::packed::Stored;
use crate::sign::{AT_A_TIME, Renewal, SignError};
use crate::zone::{Change, Zone};

impl Zone {
    /// When the first signature in the zone ends.
    pub fn expires_at(&self) -> UnixTime {
        let ends = [self.nodes.ends(), self.denial.ends()];
        let first = ends.into_iter().filter_map(Ends::first).min();
        first.unwrap_or(UnixTime(0))
    }

    /// How many signed record sets there are, those of the denial chain excepted; counted by the times
    /// at which signatures end, not by going through the zone.
    pub fn signed_sets_count(&self) -> u64 {
        self.nodes.ends().count() as u64
    }

    /// Whether [`Zone::resign`] would find anything to do; never where the zone is signed elsewhere.
    pub fn is_due(&self, before: UnixTime, now: UnixTime) -> bool {
        let Some(renewal) = self.renewal(before, now) else {
            return false;
        };
        self.nodes.ends().any_due(renewal) || self.denial.ends().any_due(renewal)
    }

    /// Signs again every record set whose signature ends before `before`; `None` when none does.
    ///
    /// Signatures that end later than one made `now` are made again too: they are from a time
    /// when the clock was ahead, and may not have begun. So are those of a key that no longer
    /// signs, after [`Zone::set_keys`]. Signs on all threads of the rayon pool it is called in.
    ///
    /// # Errors
    /// [`ZoneError::Sign`] when the key fails.
    pub fn resign(&mut self, before: UnixTime, now: UnixTime) -> Result<Option<Change>, ZoneError> {
        self.resign_at_most(usize::MAX, before, now)
    }

    /// The same for about so many record sets, those whose signatures end first before all others.
    ///
    /// After a long stop this lets changes in between; [`Zone::is_due`] says whether to go on.
    ///
    /// # Errors
    /// As [`Zone::resign`].
    pub fn resign_at_most(
        &mut self,
        most: usize,
        before: UnixTime,
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        let Some(mut renewal) = self
            .renewal(before, now)
            .filter(|_| self.is_due(before, now))
        else {
            return Ok(None);
        };
        if most < usize::MAX {
            let due = self.nodes.ends().due(renewal);
            renewal = renewal.at_most(most, due.chain(self.denial.ends().due(renewal)));
        }
        let (next, change) = self.renewed(renewal, now)?;
        *self = next;
        Ok(Some(change))
    }

    /// Signs again about so many record sets whose signatures begin after `sure`, a time that has surely
    /// come; `None` when there are none, or when signatures that are made `now` would begin later, too.
    ///
    /// Such signatures were made by a clock that was ahead, and nobody believes them before it is right;
    /// [`Zone::resign`] finds only those that end late, too. What costs time is to look through the zone,
    /// which is done only where such a signature was ever taken.
    ///
    /// # Errors
    /// As [`Zone::resign`].
    pub fn resign_unbegun(
        &mut self,
        most: usize,
        sure: UnixTime,
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        let ends = [self.nodes.ends(), self.denial.ends()];
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let renewal = Renewal::unbegun(keys, most, sure);
        let is_any = ends.iter().any(|ends| ends.may_begin_after(sure))
            && self.signer(now)?.begins_at() <= sure
            && self.signed_sets().any(|set| renewal.is_due(&set));
        if !is_any {
            return Ok(None);
        }
        let (next, change) = self.renewed(renewal, now)?;
        *self = next;
        Ok(Some(change))
    }

    /// The zone with the signatures made again that are due, and the SOA's.
    fn renewed(&self, renewal: Renewal<'_>, now: UnixTime) -> Result<(Self, Change), ZoneError> {
        let signer = self.signer(now)?;
        // The SOA is signed with its new serial below.
        let is_due = |set: &Stored<'_>| set.record_type() != RecordType::SOA && renewal.is_due(set);
        let sets = self
            .nodes
            .iter()
            .flat_map(|node| node.sets().map(move |set| (node.key(), set)));
        let due: Vec<_> = sets
            .filter(|(_, set)| is_due(set))
            .take(renewal.left(0))
            .collect();
        let fresh = due
            .into_par_iter()
            .with_min_len(AT_A_TIME)
            .map(|(key, stored)| {
                let mut set = stored.unpack();
                signer.sign(&self.nodes.name(key), &mut set)?;
                Ok((key, set.pack()))
            })
            .collect::<Result<Vec<_>, SignError>>()?;
        let mut next = self.clone();
        let mut changed = Changed::new(); // what exists stays the same
        for (key, set) in fresh {
            next.nodes.insert(key, &set, &mut changed);
        }
        next.denial.resign(renewal, &signer)?;
        let change = next.commit(now, signer.made(), |_, _| ())?;
        Ok((next, change))
    }

    /// None where the zone is signed elsewhere.
    fn renewal(&self, before: UnixTime, now: UnixTime) -> Option<Renewal<'_>> {
        let keys = self.keys.as_ref()?;
        Some(Renewal::new(keys, self.settings.signatures, before, now))
    }
}
