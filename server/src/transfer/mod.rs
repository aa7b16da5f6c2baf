//! Zone transfers: to those who carry the load, and from signers who stay the master.
//!
//! [`Desk`] answers what comes in: queries for whole zones (AXFR, IXFR), word of news (NOTIFY), and
//! whatever is signed. Beside it run the [`herald`], which tells secondaries of changes, and at the
//! start the [`floor`], which keeps serials from going backwards.

mod cataloged;
mod desk;
mod exchange;
mod fetch;
mod floor;
mod follow;
mod followed;
mod herald;
mod kept;
mod line;
mod offered;
mod question;
#[cfg(test)]
mod tests;
mod timers;
pub(crate) mod tsig;

use std::{path::PathBuf, sync::Arc, time::Duration};

use payname_zones::CatalogError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::tsig::{Key as TsigKey, KeyRing};
use self::{
    cataloged::Cataloged,
    follow::Follower,
    followed::Followed,
    kept::Kept,
    offered::{Maker, Offered},
};
pub(crate) use self::{
    desk::{Desk, Reply},
    exchange::{Exchange, ExchangeError},
    line::Line,
    question::{code, push_name, question, response_code},
    tsig::KeyError,
};
use crate::{clock::Clock, config::Config, publisher::Embedded};

/// How long a secondary that does not tell its serial at the start is left alone at first.
const PAUSE: Duration = Duration::from_secs(5);

/// Everything about transfers.
pub(crate) struct Transfers {
    embedded: Arc<Embedded>,
    offered: Vec<Arc<Offered>>,
    followed: Vec<Arc<Followed>>,
    keys: KeyRing,
    /// Where fetched zones are kept.
    directory: PathBuf,
    clock: Clock,
}

impl Transfers {
    /// Prepares the transfers of all zones.
    pub(crate) fn new(
        config: &Config,
        embedded: &Arc<Embedded>,
        clock: &Clock,
    ) -> Result<Self, CatalogError> {
        let now = clock.now();
        let domains = config.domains.iter();
        let domains = domains.filter(|domain| !domain.distribution.is_empty());
        let offered = domains.map(|domain| {
            let (apex, distribution) = (domain.zone.clone(), domain.distribution.clone());
            let maker = Maker::Embedded(Arc::clone(embedded));
            Arc::new(Offered::new(apex, distribution, maker, now))
        });
        let mut offered: Vec<_> = offered.collect();
        if let Some(table) = &config.catalog {
            let (apex, distribution) = (table.zone.clone(), table.distribution.clone());
            let zones: Vec<_> = offered.iter().map(|zone| zone.apex().clone()).collect();
            let maker = Maker::Catalog(Box::new(Cataloged::new(&apex, zones, now)?));
            offered.push(Arc::new(Offered::new(apex, distribution, maker, now)));
        }
        let followed = config.secondaries.iter().cloned();
        // Until they are there, whoever asks is to ask elsewhere.
        let served = embedded.served();
        config
            .secondaries
            .iter()
            .for_each(|zone| served.withhold(&zone.zone));
        Ok(Self {
            offered,
            followed: followed.map(|zone| Arc::new(Followed::new(zone))).collect(),
            embedded: Arc::clone(embedded),
            keys: config.tsig.clone(),
            directory: config.data_dir.join("fetched"),
            clock: clock.clone(),
        })
    }

    /// What answers for the listeners.
    pub(crate) fn desk(&self) -> Arc<Desk> {
        Arc::new(Desk::new(
            self.embedded.served(),
            self.keys.clone(),
            self.offered.iter().cloned(),
            self.followed.iter().cloned(),
            self.clock.clone(),
        ))
    }

    /// Does what has to be done without being asked, until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (mut tasks, mut following) = (JoinSet::new(), JoinSet::new());
        for zone in self.followed {
            let follower = Follower {
                kept: Kept::new(&self.directory, zone.apex()),
                zone,
                served: self.embedded.served(),
                clock: self.clock.clone(),
            };
            following.spawn(follower.run(stop.clone()));
        }
        for zone in &self.offered {
            tasks.spawn(floor::lift(Arc::clone(zone), PAUSE, self.clock.clone()));
        }
        herald::run(self.offered, self.clock, stop).await;
        // What was fetched last is written down first.
        while following.join_next().await.is_some() {}
    }
}
