//! How a zone is changed: made on a copy, committed, then shown.
//!
//! Nothing is shown that is not durable, and nothing is committed but on top of the state it was made from.
//! Who was too late takes over what the other has committed, and makes his change again. So servers that
//! share a store need no leader (docs/adr/0014).

use std::{sync::Arc, time::Duration};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{SetChange, SignaturePolicy, Zone, ZoneError};
use tokio::{sync::MutexGuard, task::spawn_blocking};

use super::{Embedded, PublishError, SERIAL_STEP};
use crate::store::{
    StoreError,
    zones::{Commit, CommitError, Since, Version},
};

/// How long it is waited before a zone is read again that could not be read.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// What a served zone stands at in the store.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// None while nothing is stored.
    pub(super) version: Option<Version>,
    /// Whether what is stored cannot be used and is to be replaced as a whole; only at the start, before
    /// anything is served.
    pub(super) is_spoiled: bool,
    /// When it was last tried to read what another server has stored, by the clock that nobody sets, and
    /// why it could not be.
    unreadable: Option<(Duration, Arc<ZoneError>)>,
}

impl Standing {
    /// What was read or committed in this version.
    pub(super) fn at(version: Version) -> Self {
        Self {
            version: Some(version),
            ..Self::default()
        }
    }

    /// Takes note that what is stored cannot be read.
    pub(super) fn unreadable(
        &mut self,
        origin: &Name,
        lived: Duration,
        error: ZoneError,
    ) -> PublishError {
        let error = Arc::new(error);
        self.unreadable = Some((lived, Arc::clone(&error)));
        PublishError::Unreadable(origin.clone(), error)
    }

    /// Fails where what is stored could not be read a moment ago: a whole zone is not read every second.
    pub(super) fn check_readable(
        &self,
        origin: &Name,
        lived: Duration,
    ) -> Result<(), PublishError> {
        match &self.unreadable {
            Some((since, error)) if lived.saturating_sub(*since) < READ_AGAIN => {
                Err(PublishError::Unreadable(origin.clone(), Arc::clone(error)))
            }
            _ => Ok(()),
        }
    }
}

impl Embedded {
    /// Changes a zone that is served here; made again where another server was faster.
    ///
    /// None when there is no such zone. A change that leaves the serial as it is concerns only this server.
    pub(super) async fn alter<T, E, F>(
        &self,
        origin: &Name,
        make: F,
    ) -> Result<Option<T>, PublishError>
    where
        F: Fn(&mut Zone, UnixTime) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: Into<PublishError> + Send + 'static,
    {
        let Some(mut standing) = self.standing(origin).await else {
            return Ok(None);
        };
        let make = Arc::new(make);
        while let Some(base) = self.served.zone(origin, Zone::clone) {
            let ((mut next, now), make) = (self.draft(&base), Arc::clone(&make));
            let making = move || make(&mut next, now).map(|made| (next, made));
            let making = self.workshop.sign(usize::MAX, making);
            let made = making.await.map_err(PublishError::BrokenOff)?;
            let (next, made) = made.map_err(Into::into)?;
            if self.commit(&mut standing, &base, next).await? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// A copy to be changed now, whose signatures begin no later than a time that has surely come.
    pub(super) fn draft(&self, base: &Zone) -> (Zone, UnixTime) {
        let (mut next, policy) = (base.clone(), base.settings().signatures);
        let backdate = self.backdate();
        if policy.backdate != backdate {
            next.set_signature_policy(SignaturePolicy { backdate, ..policy });
        }
        (next, self.clock.now())
    }

    /// How far before the clock's time signatures begin.
    pub(super) fn backdate(&self) -> Duration {
        let backdate = SignaturePolicy::default().backdate;
        backdate.saturating_add(whole_days(self.clock.doubt()))
    }

    /// A time that has surely come.
    pub(super) fn sure_time(&self) -> UnixTime {
        let (now, doubt) = (self.clock.now(), self.clock.doubt());
        UnixTime(now.0.saturating_sub(doubt.as_secs()))
    }

    /// The right to change a zone; none when there is no such zone.
    pub(super) async fn standing(&self, origin: &Name) -> Option<MutexGuard<'_, Standing>> {
        Some(self.standings.get(origin)?.lock().await)
    }

    /// Commits a state made from `base` and shows it. False when another server was first: what it has
    /// committed is then shown, and the change is to be made again.
    pub(super) async fn commit(
        &self,
        standing: &mut Standing,
        base: &Zone,
        mut next: Zone,
    ) -> Result<bool, PublishError> {
        if next.serial() != base.serial() || standing.version.is_none() || standing.is_spoiled {
            if let Some(version) = standing.version
                && !is_above(next.serial(), version.serial)
            {
                // Whoever has fetched that version would take no later one.
                next.raise_serial(version.serial.wrapping_add(1), self.clock.now())?;
            }
            let is_whole = standing.version.is_none() || standing.is_spoiled;
            let commit = Commit {
                expected: standing.version,
                older: (!is_whole).then(|| base.clone()),
                newer: next.clone(),
                at: self.clock.now(),
            };
            let origin = next.origin().to_string();
            self.keep_ceiling(&origin, next.serial()).await?;
            match self.sets.commit(&origin, commit).await {
                Ok(version) => *standing = Standing::at(version),
                Err(CommitError::Overtaken) => {
                    self.follow_zone(next.origin(), standing).await?;
                    return Ok(false);
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        self.served.change(|zones| zones.insert(next));
        Ok(true)
    }

    /// Takes over what other servers have committed.
    ///
    /// # Errors
    /// The store fails, or what it holds makes no zone; every zone is tried.
    pub async fn follow(&self) -> Result<(), PublishError> {
        let mut outcome = Ok(());
        for (name, version) in self.sets.versions().await? {
            let Some((origin, standing)) = self
                .by_name
                .get(&name)
                .and_then(|origin| Some((origin, self.standings.get(origin)?)))
            else {
                continue; // served by others alone
            };
            let mut standing = standing.lock().await;
            if standing.version == Some(version) {
                continue;
            }
            if let Err(error) = self.follow_zone(origin, &mut standing).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    pub(super) async fn follow_zone(
        &self,
        origin: &Name,
        standing: &mut Standing,
    ) -> Result<(), PublishError> {
        if let (Some(version), Some(base)) =
            (standing.version, self.served.zone(origin, Zone::clone))
        {
            match self.sets.since(&origin.to_string(), version).await? {
                Since::Nothing => return Ok(()),
                Since::Lost => {}
                Since::Sets(version, changes) => {
                    // What came and went since is told as gone, and was never here.
                    let applying = spawn_blocking(move || {
                        let matters =
                            |change: &SetChange| change.set.is_some() || base.has_set_of(change);
                        base.apply(changes.into_iter().filter(matters))
                    });
                    match applying.await.map_err(PublishError::BrokenOff)? {
                        Ok(next) => {
                            standing.version = Some(version);
                            self.served.change(|zones| zones.insert(next));
                            return Ok(());
                        }
                        Err(error) => {
                            tracing::error!(zone = %origin, %error, "what another server has changed does not fit; the zone is read anew");
                        }
                    }
                }
            }
        }
        self.read_anew(origin, standing).await
    }

    /// Makes sure that a serial number is below the ceiling that the registry keeps: should the signed zones
    /// be lost, they begin above it.
    async fn keep_ceiling(&self, zone: &str, serial: u32) -> Result<(), StoreError> {
        let kept = self.store.serial(zone).await?;
        if kept.is_some_and(|ceiling| is_above(ceiling, serial)) {
            return Ok(());
        }
        self.store.keep_serial(zone, serial_ceiling(serial)).await
    }
}

/// The ceiling that the registry keeps for a zone that is to have at least this serial.
pub(crate) fn serial_ceiling(serial: u32) -> u32 {
    serial.wrapping_add(SERIAL_STEP)
}

/// Whether a serial is above another (RFC 1982 §3.2).
pub(super) fn is_above(serial: u32, other: u32) -> bool {
    let distance = serial.wrapping_sub(other);
    distance != 0 && distance < 1 << 31
}

/// Rounded up, so that signatures do not begin at a different time every minute.
fn whole_days(doubt: Duration) -> Duration {
    const DAY: u64 = 86_400;
    Duration::from_secs(doubt.as_secs().div_ceil(DAY).saturating_mul(DAY))
}
