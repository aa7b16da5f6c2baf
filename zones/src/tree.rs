//! A private DNS internet: a root of one's own, and the zones below it.

use hickory_proto::rr::Name;
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::names::{parent, presentation};
use crate::set::ZoneSet;
use crate::zone::Zone;

/// A private root and the zones below it, each delegated by its parent.
///
/// For tests, demonstrations and closed networks: whoever takes [`Tree::anchor_text`] as trust
/// anchor can prove every name in it.
///
/// ```
/// # use payname_resolver::UnixTime;
/// # use payname_zones::{NameServer, Settings, SigningKey, Tree, Zone};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = UnixTime(1_785_988_800);
/// let zone = |origin: &str| -> Result<Zone, Box<dyn std::error::Error>> {
///     let pkcs8 = SigningKey::generate_pkcs8(&ring::rand::SystemRandom::new())?;
///     let server = NameServer::new("ns.test.".parse()?, ["127.0.0.1".parse()?]);
///     let settings = Settings::new(origin.parse()?, [server]);
///     Ok(Zone::new(settings, SigningKey::from_pkcs8(&pkcs8)?, now)?)
/// };
/// let mut tree = Tree::new(zone(".")?);
/// tree.graft(zone("test.")?, now)?;
/// tree.graft(zone("example.test.")?, now)?;
/// assert!(tree.anchor_text().starts_with(". 3600 IN DS "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Tree {
    zones: ZoneSet,
    top: Name,
}

impl Tree {
    /// A tree that is only its top zone, usually the root.
    pub fn new(top: Zone) -> Self {
        Self {
            top: top.origin().clone(),
            zones: ZoneSet::from_iter([top]),
        }
    }

    /// Adds a zone, delegated with its DS by the deepest zone above it.
    ///
    /// # Errors
    /// [`TreeError`] when no zone is above it, or the one above cannot delegate it.
    pub fn graft(&mut self, zone: Zone, now: UnixTime) -> Result<(), TreeError> {
        self.add(zone, true, now)
    }

    /// Adds a zone without a DS, so that it is provably insecure.
    ///
    /// # Errors
    /// As [`Tree::graft`].
    pub fn graft_insecure(&mut self, zone: Zone, now: UnixTime) -> Result<(), TreeError> {
        self.add(zone, false, now)
    }

    /// The DS record of the top zone as a master-file line: the trust anchor of the whole tree.
    pub fn anchor_text(&self) -> String {
        self.zones
            .zone(&self.top)
            .map(Zone::ds_text)
            .unwrap_or_default() // the top is never removed
    }

    /// The zones, to answer from.
    pub fn zones(&self) -> &ZoneSet {
        &self.zones
    }

    /// The zone with exactly this apex, to change it.
    pub fn zone_mut(&mut self, origin: &Name) -> Option<&mut Zone> {
        self.zones.zone_mut(origin)
    }

    /// Gives up the tree for its zones, to serve them in different places.
    pub fn into_zones(self) -> ZoneSet {
        self.zones
    }

    fn add(&mut self, zone: Zone, secure: bool, now: UnixTime) -> Result<(), TreeError> {
        let origin = zone.origin().clone();
        let above = parent(&origin)
            .and_then(|above| self.zones.holding(&above))
            .map(|above| above.origin().clone())
            .and_then(|above| self.zones.zone_mut(&above))
            .ok_or_else(|| TreeError::NothingAbove(presentation(&origin)))?;
        let ds = if secure { zone.ds() } else { Vec::new() };
        let settings = zone.settings();
        let ttl = settings.infrastructure_ttl;
        above.delegate(&origin, &settings.name_servers, &ds, ttl, now)?;
        self.zones.insert(zone);
        Ok(())
    }
}

/// Why a zone could not be added to a tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// No zone of the tree is above it.
    #[error("no zone of the tree is above {0}")]
    NothingAbove(String),
    /// The zone above could not delegate it.
    #[error(transparent)]
    Delegation(#[from] ZoneError),
}
