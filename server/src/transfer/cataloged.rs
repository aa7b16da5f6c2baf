//! The catalog: a zone that lists the domains' zones, for secondaries alone (RFC 9432).

use std::sync::{Mutex, PoisonError};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{Catalog, CatalogError, Member, ZoneSet};

use crate::publisher::Served;

/// The catalog, beside the zones that everybody may ask for.
pub(crate) struct Cataloged {
    members: Vec<Member>,
    catalog: Mutex<Catalog>,
    served: Served,
}

impl Cataloged {
    /// A catalog of these zones.
    pub(crate) fn new(
        apex: &Name,
        zones: impl IntoIterator<Item = Name>,
        now: UnixTime,
    ) -> Result<Self, CatalogError> {
        let members: Vec<Member> = zones.into_iter().map(Member::new).collect();
        let mut catalog = Catalog::new(apex, now)?;
        catalog.set_members(members.clone(), now)?;
        let served = Served::from(ZoneSet::from_iter([catalog.zone().clone()]));
        Ok(Self {
            members,
            catalog: Mutex::new(catalog),
            served,
        })
    }

    /// Where it is answered from.
    pub(super) fn served(&self) -> Served {
        self.served.clone()
    }

    /// Has it go on above a serial that somebody has seen.
    pub(super) fn raise_serial(&self, seen: u32, now: UnixTime) -> Result<(), CatalogError> {
        let mut catalog = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        let apex = catalog.zone().origin().clone();
        let mut next = Catalog::new_after(&apex, seen, now)?;
        next.set_members(self.members.clone(), now)?;
        self.served.show(next.zone().clone());
        *catalog = next;
        Ok(())
    }
}
