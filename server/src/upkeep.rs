//! What has to be done from time to time, whether anybody asks or not.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    conditions::{LOOK, Watch},
    outbox::Chain,
    publisher::Embedded,
    registration::Change,
    store::{Store, ZoneStore},
    sure_time::SureTime,
};

/// How often signatures are looked at and what is used up is forgotten.
const CHORES: Duration = Duration::from_secs(3600);
/// How often serial numbers are looked at: as soon as the operator may wait for it.
const SERIALS: Duration = Duration::from_secs(60);
/// How often the zones are compared with the registry.
const COMPARISON: Duration = Duration::from_secs(6 * 3600);
/// How long after the start they are compared for the first time: the outbox comes first.
const OUTBOX_FIRST: Duration = Duration::from_secs(5);
/// How often it is looked whose time is over, and how many names leave DNS together.
const EXPIRY: Duration = Duration::from_secs(60);
const TOGETHER: usize = 100;
/// How often it is looked what other servers have changed, should they not be heard.
const PATROL: Duration = Duration::from_secs(1);
/// How long, in seconds, a server may be away and be told afterwards what was removed meanwhile.
const ABSENCE: u64 = 24 * 3600;

/// Looks after the zones.
#[derive(Debug, Clone)]
pub(crate) struct Upkeep {
    pub(crate) embedded: Arc<Embedded>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sets: Arc<dyn ZoneStore>,
    pub(crate) sure_time: Arc<SureTime>,
    /// Called when there is something to bring into DNS.
    pub(crate) committed: Arc<Notify>,
    /// Whether other servers may change the zones.
    pub(crate) is_shared: bool,
    /// Looks at claims that wait.
    pub(crate) watch: Watch,
}

impl Upkeep {
    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = async {
            tokio::join!(
                every(CHORES, || self.chores()),
                every(SERIALS, || self.mind_serials()),
                every(EXPIRY, || self.expire()),
                every(LOOK, || self.watch.look()),
                self.compare(),
                self.follow(),
            )
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    async fn chores(&self) {
        if let Err(error) = self.embedded.resign().await {
            tracing::error!(error = %Chain(&error), "a zone could not be signed again");
        }
        let now = self.sure_time.now();
        if let Err(error) = self.store.forget_events(now).await {
            tracing::error!(error = %Chain(&error), "used events could not be forgotten");
        }
        let before = payname_resolver::UnixTime(now.0.saturating_sub(ABSENCE));
        if let Err(error) = self.sets.forget(before).await {
            tracing::error!(error = %Chain(&error), "old changes of zones could not be forgotten");
        }
    }

    /// Takes names out of DNS whose time is over. Each is judged again where it is changed, so that what
    /// was renewed meanwhile stays, and of several servers one does it.
    pub(crate) async fn expire(&self) {
        self.sure_time.keep();
        loop {
            let now = self.sure_time.now();
            let over = match self.store.over(now, TOGETHER).await {
                Ok(over) => over,
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "whose time is over cannot be read");
                    return;
                }
            };
            for handle in &over {
                let change = Change::expiry(handle.clone(), now);
                match self.store.change(change).await {
                    Ok(_) => tracing::debug!(%handle, "expired"),
                    Err(error) => {
                        tracing::error!(%handle, error = %Chain(&error), "a name could not expire");
                        return;
                    }
                }
            }
            self.committed.notify_one();
            if over.len() < TOGETHER {
                return;
            }
        }
    }

    async fn mind_serials(&self) {
        if let Err(error) = self.embedded.mind_serials().await {
            tracing::error!(error = %Chain(&error), "a serial number could not be raised");
        }
    }

    async fn compare(&self) {
        sleep(OUTBOX_FIRST).await;
        every(COMPARISON, || async {
            if let Err(error) = self.embedded.compare().await {
                tracing::error!(error = %Chain(&error), "zones and registry could not be compared");
            }
        })
        .await;
    }

    async fn follow(&self) {
        if !self.is_shared {
            return;
        }
        let bell = self.store.bells().zones;
        let mut told = None;
        loop {
            // Told or not.
            let _ = tokio::time::timeout(PATROL, bell.notified()).await;
            let outcome = self.embedded.follow().await;
            let fault = outcome.err().map(|error| Chain(&error).to_string());
            match &fault {
                Some(error) if fault != told => {
                    tracing::error!(%error, "what other servers have changed cannot be read");
                }
                None if told.is_some() => {
                    tracing::info!("what other servers have changed can be read again");
                }
                _ => {}
            }
            told = fault;
        }
    }
}

/// Does something now, and again whenever so much time has passed.
async fn every<F: Future<Output = ()>>(pause: Duration, work: impl Fn() -> F) {
    let mut times = interval(pause);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        work().await;
    }
}
