//! Following a zone that another server signs: fetched, checked, served, kept, and given up.

use std::{io, sync::Arc, time::Duration};

use payname_resolver::{
    UnixTime,
    hickory_proto::rr::{RData, RecordType},
};
use payname_zones::{Envelope, Zone};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    fetch::{FetchError, Fetched, fetch, load},
    followed::Followed,
    kept::Kept,
    timers::{Timers, patience},
};
use crate::{clock::Clock, outbox::Chain, publisher::Served};

/// How long the disk is left alone after a zone was written: so many times as long as it took.
const REST: u32 = 20;
/// How long one transfer may take, however steadily it comes.
const LONGEST: Duration = Duration::from_secs(2 * 3600);
/// How long the primaries are left alone after they were asked, whoever says that there is news: a
/// NOTIFY is easily forged.
const PAUSE: Duration = Duration::from_millis(200);

/// Follows one zone.
pub(super) struct Follower {
    pub(super) zone: Arc<Followed>,
    pub(super) served: Served,
    pub(super) kept: Kept,
    pub(super) clock: Clock,
}

/// What a follower knows while it runs.
struct State {
    /// When a primary last said that what is served is up to date.
    fresh: UnixTime,
    next_look: Instant,
    may_look: Instant,
    /// When the zone is written, if it has changed since it was.
    next_write: Option<Instant>,
    may_write: Instant,
    failures: u32,
}

impl Follower {
    /// Follows the zone until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        let now = Instant::now();
        let mut state = State {
            fresh: self.resume().await,
            next_look: now,
            may_look: now,
            next_write: None,
            may_write: now,
            failures: 0,
        };
        loop {
            let write_at = state.next_write.unwrap_or(state.next_look);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.zone.woken() => state.next_look = state.next_look.min(state.may_look),
                () = sleep_until(state.next_look) => {
                    if stop.run_until_cancelled(self.look(&mut state)).await.is_none() {
                        break;
                    }
                }
                () = sleep_until(write_at), if state.next_write.is_some() => self.keep(&mut state).await,
            }
        }
        if state.next_write.is_some() {
            self.keep(&mut state).await;
        }
    }

    /// Serves what was kept, if it is still good; tells when that was last up to date.
    async fn resume(&self) -> UnixTime {
        let (apex, path) = (self.zone.apex(), self.kept.path().display());
        let (kept, zone) = (self.kept.clone(), apex.clone());
        let now = self.clock.now();
        let loading = spawn_blocking(move || load(&kept, &zone, now)).await;
        match loading.map_err(io::Error::other) {
            Ok(Ok(None)) => UnixTime(0),
            Ok(Ok(Some((zone, fresh)))) => {
                if Timers::of_zone(&zone).is_some_and(|timers| is_expired(timers, fresh, now)) {
                    tracing::warn!(zone = %apex, %path, "what was kept of the zone has expired");
                    return UnixTime(0);
                }
                tracing::info!(zone = %apex, serial = zone.serial(), "serves what was kept");
                self.served.show(zone);
                fresh
            }
            Ok(Err(error)) => {
                tracing::error!(zone = %apex, %path, error = %Chain(&error), "what was kept of the zone is not served");
                UnixTime(0)
            }
            Err(error) => {
                tracing::error!(zone = %apex, %path, %error, "what was kept of the zone is not served");
                UnixTime(0)
            }
        }
    }

    /// Asks the primaries in their order until one has something new; the zone is fresh if any has it.
    async fn look(&self, state: &mut State) {
        let apex = self.zone.apex();
        let base = self.served.zone(apex, Zone::clone);
        let timers = base.as_ref().and_then(Timers::of_zone);
        state.may_look = after(PAUSE);
        let mut current = None;
        for primary in self.zone.primaries() {
            // Who gives it word by word keeps nobody from seeing that the zone has expired.
            let left = timers.map_or(LONGEST, |timers| self.until_expiry(timers, state.fresh));
            let fetched = fetch(primary, apex, base.as_ref(), &self.clock);
            let fetched = timeout(left.min(LONGEST), fetched).await;
            match fetched.unwrap_or(Err(FetchError::Slow)) {
                // One that has nothing new may be behind the others.
                Ok(Fetched::Current) => current = Some(Fetched::Current),
                Ok(fetched) => return self.is_fresh(state, fetched).await,
                Err(error) => {
                    let error = Chain(&error);
                    tracing::warn!(zone = %apex, %primary, %error, "the zone was not fetched");
                }
            }
        }
        if let Some(fetched) = current {
            return self.is_fresh(state, fetched).await;
        }
        state.failures = state.failures.saturating_add(1);
        let wait = match timers {
            Some(timers) if is_expired(timers, state.fresh, self.clock.now()) => {
                tracing::error!(zone = %apex, "no primary was reached for the SOA's expire time; the zone is answered with SERVFAIL");
                self.served.withhold(apex);
                patience(state.failures)
            }
            Some(timers) => self.until_expiry(timers, state.fresh).min(timers.retry()),
            None => patience(state.failures),
        };
        state.next_look = after(wait);
    }

    async fn is_fresh(&self, state: &mut State, fetched: Fetched) {
        let apex = self.zone.apex();
        state.fresh = self.clock.now();
        state.failures = 0;
        match fetched {
            Fetched::Current => {
                let (kept, fresh) = (self.kept.clone(), state.fresh);
                // If it fails, the zone only counts as older than it is.
                let _ = spawn_blocking(move || kept.touch(fresh)).await;
            }
            Fetched::New(zone, how) => {
                tracing::info!(zone = %apex, serial = zone.serial(), how, "a new version was fetched");
                self.served.show(*zone);
                state.next_write = Some(state.may_write.max(Instant::now()));
            }
        }
        let timers = self.served.zone(apex, Timers::of_zone).flatten();
        state.next_look = after(timers.map_or(patience(0), Timers::refresh));
    }

    /// Writes the zone to disk.
    async fn keep(&self, state: &mut State) {
        state.next_write = None;
        let apex = self.zone.apex();
        let Some(zone) = self.served.zone(apex, Zone::clone) else {
            return;
        };
        let (kept, fresh, begin) = (self.kept.clone(), state.fresh, Instant::now());
        let write = move || {
            let messages = zone.axfr(&Envelope::unasked(zone.origin()));
            kept.write(messages.map_err(io::Error::other)?, fresh)
        };
        let written = spawn_blocking(write).await;
        if let Err(error) = written.unwrap_or_else(|broken_off| Err(io::Error::other(broken_off))) {
            let path = self.kept.path().display();
            tracing::error!(zone = %apex, %path, %error, "the zone is not kept; a restart without a primary will not serve it");
        }
        state.may_write = after(begin.elapsed().saturating_mul(REST));
    }

    fn until_expiry(&self, timers: Timers, fresh: UnixTime) -> Duration {
        let passed = Duration::from_secs(fresh.until(self.clock.now()));
        let left = timers.expire().saturating_sub(passed);
        left.saturating_add(Duration::from_secs(1))
    }
}

impl Timers {
    /// The times of a zone, which has a SOA if it is whole.
    fn of_zone(zone: &Zone) -> Option<Self> {
        let soa = zone.record_set(zone.origin(), RecordType::SOA)?;
        soa.data().iter().find_map(|data| match data {
            RData::SOA(soa) => Some(Self::of(soa)),
            _ => None,
        })
    }
}

fn is_expired(timers: Timers, fresh: UnixTime, now: UnixTime) -> bool {
    Duration::from_secs(fresh.until(now)) > timers.expire()
}

fn after(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}
