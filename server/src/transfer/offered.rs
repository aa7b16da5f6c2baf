//! A zone that others may fetch, and the versions of it that they have fetched.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{CatalogError, History, Offer, Zone};
use tokio::sync::watch;

use super::cataloged::Cataloged;
use crate::{
    config::{Distribution, Peer},
    publisher::{Embedded, PublishError, Served},
};

/// How many versions are kept for who is behind; they cost what has changed between them.
const VERSIONS: usize = 1000;
/// How long they are kept after a later one was given away.
const AGE: Duration = Duration::from_secs(7 * 86_400);

/// A zone that others may fetch.
pub(crate) struct Offered {
    apex: Name,
    distribution: Distribution,
    served: Served,
    /// Every version that was ever given away is in it, as far as it goes back: who has one of them
    /// gets only what has changed since.
    history: Mutex<Option<History>>,
    made_by: Maker,
}

/// Who makes the versions of a zone.
pub(super) enum Maker {
    /// The publisher.
    Embedded(Arc<Embedded>),
    /// We do, for it is the catalog.
    Catalog(Box<Cataloged>),
}

impl Offered {
    /// Offers a zone as it is made from now on.
    pub(super) fn new(
        apex: Name,
        distribution: Distribution,
        made_by: Maker,
        now: UnixTime,
    ) -> Self {
        let served = match &made_by {
            Maker::Embedded(embedded) => embedded.served(),
            Maker::Catalog(catalog) => catalog.served(),
        };
        let offered = Self {
            apex,
            distribution,
            served,
            history: Mutex::default(),
            made_by,
        };
        // Who has what was served before this start gets what changes from here on.
        offered.offer(None, now);
        offered
    }

    /// Has the zone go on above a serial that somebody has seen.
    pub(super) async fn raise_serial(&self, seen: u32, now: UnixTime) -> Result<(), RaiseError> {
        match &self.made_by {
            Maker::Embedded(embedded) => embedded.raise_serial(&self.apex, seen).await?,
            Maker::Catalog(catalog) => catalog.raise_serial(seen, now)?,
        }
        Ok(())
    }

    /// Whether only those who may fetch it get answers about it.
    pub(super) fn is_hidden(&self) -> bool {
        matches!(self.made_by, Maker::Catalog(_))
    }

    pub(super) fn apex(&self) -> &Name {
        &self.apex
    }

    pub(super) fn secondaries(&self) -> &[Peer] {
        &self.distribution.secondaries
    }

    pub(super) fn served(&self) -> &Served {
        &self.served
    }

    /// Whether a client may fetch it, with the key it has shown to have.
    pub(super) fn is_for(&self, client: IpAddr, key: Option<&Name>) -> bool {
        self.distribution.allows(client, key)
    }

    /// What lets a client fetch it, as the log may say it.
    pub(super) fn allowed_by(&self, client: IpAddr, key: Option<&Name>) -> Option<String> {
        self.distribution.allowed_by(client, key)
    }

    /// The serial that is served.
    pub(super) fn serial(&self) -> Option<u32> {
        self.served.zone(&self.apex, Zone::serial)
    }

    /// Tells of every change of any zone that is served with it.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.served.changes()
    }

    /// The version that is served, and the one that somebody has who tells its serial.
    ///
    /// Messages are made of them without the history, which others ask meanwhile.
    pub(super) fn offer(&self, serial: Option<u32>, now: UnixTime) -> Option<Offer> {
        let mut kept = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let zone = self.served.zone(&self.apex, Zone::clone)?;
        let history = match kept.take() {
            Some(mut history) => {
                if history.latest().serial() != zone.serial() {
                    history.push(zone, now);
                }
                history
            }
            None => History::new(zone, VERSIONS, AGE),
        };
        Some(kept.insert(history).offer(serial))
    }
}

/// Why a serial is not raised.
#[derive(Debug, thiserror::Error)]
pub(super) enum RaiseError {
    /// The zone cannot be changed.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The catalog cannot be made.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}
