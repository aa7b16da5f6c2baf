//! Looking after the keys while the server runs.
//!
//! Every minute each zone's set takes a step; what changed is on the disk before any resolver can
//! see it. The parent is asked every quarter of an hour, or every minute while somebody waits for it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};
use payname_zones::{
    KeyChange, KeyError, KeyPolicy, KeySet, MissingKey, ParentView, Reading, Zone,
};
use ring::rand::SystemRandom;
use tokio::{sync::Mutex, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{
    KeyFiles, Keys, ParentWatcher, SharedKeys, SharedKeysError, ZoneRequest, report::advice_lines,
    request::Asked, shared::Turn,
};
use crate::{
    clock::Clock,
    data_dir::DataDirError,
    outbox::Chain,
    publisher::{Embedded, PublishError},
    signing_time::SigningTime,
    sure_time::SureTime,
};

/// How often every set takes a step.
const PATROL: Duration = Duration::from_secs(60);
/// How often the parent is asked while nobody waits for it.
const PARENT: Duration = Duration::from_secs(900);
/// How often the time lived is written down when nothing else is.
const DIARY: Duration = Duration::from_secs(900);

/// Moves the keys of all zones on.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) files: KeyFiles,
    pub(crate) embedded: Arc<Embedded>,
    /// None where there is nobody to ask.
    pub(crate) parent: Option<ParentWatcher>,
    pub(crate) clock: Clock,
    /// Learns what the zones above have signed, and what an operator says of the clock.
    pub(crate) sure_time: Arc<SureTime>,
    /// Learns the same; asked with everything that is signed.
    pub(crate) signing_time: Arc<SigningTime>,
    /// Before which nothing is signed, whatever the clock says; shared with the signer's clock. The latest time
    /// that the keys of any zone are sure of.
    pub(crate) floor: Arc<AtomicU64>,
    pub(crate) keys: Mutex<BTreeMap<Name, Kept>>,
    /// None where this server signs alone.
    pub(crate) shared: Option<SharedKeys>,
    pub(crate) policies: BTreeMap<Name, KeyPolicy>,
}

/// One zone's keys, and what was last heard of its parent.
#[derive(Debug)]
pub(crate) struct Kept {
    keys: Keys,
    /// When, by the clock that nobody sets.
    asked: Option<Duration>,
    written: Duration,
    /// Whether waits have begun since, which a restart would begin again.
    unwritten: bool,
    told: Vec<String>,
}

impl Kept {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            asked: None,
            written: Duration::ZERO,
            unwritten: false,
            told: Vec::new(),
        }
    }
}

impl Keeper {
    /// Works until told to stop.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut times = tokio::time::interval(PATROL);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = times.tick() => {}
            }
            self.patrol().await;
        }
    }

    /// Lets every set take a step.
    pub(crate) async fn patrol(&self) {
        let mut all = self.keys.lock().await;
        let zones: Vec<Name> = all.keys().cloned().collect();
        for zone in &zones {
            let others = all.iter().filter(|(other, _)| *other != zone);
            let elsewhere = others.map(|(_, kept)| kept.keys.set.time().sure()).max();
            let Some(kept) = all.get_mut(zone) else {
                continue;
            };
            if let Err(error) = self.look_after(zone, kept, elsewhere).await {
                let error = Chain(&error);
                tracing::error!(%zone, %error, "the keys of a zone cannot be looked after");
            }
        }
    }

    /// `elsewhere` is the latest time that the keys of the other zones are sure of.
    async fn look_after(
        &self,
        zone: &Name,
        kept: &mut Kept,
        elsewhere: Option<UnixTime>,
    ) -> Result<(), KeeperError> {
        let turn = self.take_turn(zone, kept).await?;
        if turn.as_ref().is_some_and(|turn| !turn.is_ours()) {
            return Ok(()); // another server is just at it
        }
        let mut asked = ZoneRequest::take(&self.files, zone);
        if let Some(reload) = asked.take_if(|asked| asked.is(ZoneRequest::Reload)) {
            self.reload(zone).await;
            reload.end();
        }
        let view = self.look_at_parent(zone, kept).await;
        let Some(key_use) = self.embedded.served().zone(zone, Zone::key_use) else {
            return Ok(());
        };
        let mut set = kept.keys.set.clone();
        let asked = asked.and_then(|asked| self.follow(zone, asked, &mut set));
        let reading = self.reading();
        let step = set.step(reading, &key_use, view.as_ref(), &SystemRandom::new())?;
        let trusts = asked
            .as_ref()
            .is_some_and(|asked| asked.is(ZoneRequest::TrustClock));
        if step.moment.behind > 0 {
            let seconds = step.moment.behind;
            tracing::error!(%zone, seconds, "the clock is behind a time that has surely come; set it, or if it is right run: paynamed zone trust-clock");
        }
        let is_due = reading.monotonic.saturating_sub(kept.written) >= DIARY;
        // A change is one of them, or that the zone was seen to show what it had not shown yet.
        kept.unwritten |= set.keys() != kept.keys.set.keys();
        let is_kept = is_due || asked.is_some() || kept.unwritten || !step.changes.is_empty();
        if trusts {
            self.sure_time.trust();
            self.sure_time.keep();
            self.signing_time.trust();
        }
        if is_kept {
            self.files.keep(&set, &step.made)?;
        }
        let mut keys = Keys {
            set,
            private: kept.keys.private.clone(),
        };
        for new in step.made {
            keys.private.insert(new.key);
        }
        if let (Some(shared), Some(turn)) = (&self.shared, turn) {
            // What is not shared is not shown: the step is taken again.
            shared.end(zone, turn, is_kept.then_some(&keys)).await?;
        }
        if is_kept {
            (kept.written, kept.unwritten) = (reading.monotonic, false);
        }
        self.move_floor(keys.set.time().sure(), trusts.then_some(elsewhere));
        // What follows from it is durable: it would not be followed again.
        if let Some(asked) = asked {
            tracing::info!(%zone, request = %asked, "the operator's request is followed");
            asked.end();
        }
        kept.keys = keys;
        let zone_keys = kept.keys.set.zone_keys(&kept.keys.private)?;
        self.embedded.set_keys(zone, zone_keys).await?;
        kept.unwritten = self.see(zone, &mut kept.keys.set);
        for change in &step.changes {
            tracing::info!(%zone, ?change, "keys");
            if let KeyChange::Gone(tag) = change {
                kept.keys.private.remove(*tag);
                self.files.destroy(zone, *tag)?;
            }
        }
        // Another key signs, or one more, or one less.
        if !step.changes.is_empty() {
            self.embedded.resign().await?;
        }
        if let Some(view) = view {
            self.tell(zone, kept, &view);
        }
        Ok(())
    }

    /// Begins the waits for what the zone shows now; whether any has begun.
    fn see(&self, zone: &Name, set: &mut KeySet) -> bool {
        if !set.is_unseen() {
            return false;
        }
        let before = set.keys().to_vec();
        if let Some(key_use) = self.embedded.served().zone(zone, Zone::key_use) {
            set.see(self.reading(), &key_use);
        }
        set.keys() != before
    }

    fn reading(&self) -> Reading {
        Reading {
            wall: self.clock.now(),
            monotonic: self.clock.monotonic(),
        }
    }

    /// Nothing is signed before a time that is sure. It goes back only where an operator has said that the clock is
    /// right, and then no further than the keys of the other zones know, if there are any.
    fn move_floor(&self, sure: UnixTime, trusted: Option<Option<UnixTime>>) {
        match trusted {
            None => _ = self.floor.fetch_max(sure.0, Ordering::Relaxed),
            Some(elsewhere) => {
                let floor = elsewhere.map_or(sure, |elsewhere| sure.max(elsewhere));
                self.floor.store(floor.0, Ordering::Relaxed);
            }
        }
    }

    /// Does to a set what the operator asks; the request, if what follows from it is to be kept first.
    fn follow(&self, zone: &Name, asked: Asked, set: &mut KeySet) -> Option<Asked> {
        match asked.apply(set, &self.clock) {
            Ok(true) => return Some(asked),
            Ok(false) => {} // the process ended when it had been kept
            Err(error) => {
                tracing::warn!(%zone, request = %asked, %error, "the operator's request is refused");
            }
        }
        asked.end();
        None
    }

    /// The right to take a step, where keys are shared, and what others have made of them.
    async fn take_turn(&self, zone: &Name, kept: &mut Kept) -> Result<Option<Turn>, KeeperError> {
        let Some(shared) = &self.shared else {
            return Ok(None);
        };
        let policy = self.policies.get(zone).cloned().unwrap_or_default();
        let mut turn = shared.turn(zone, policy, self.clock.now()).await?;
        if let Some(keys) = turn.newer.take() {
            tracing::info!(%zone, "another server has moved the keys on");
            kept.keys = keys;
        }
        // What its signatures are from is looked at next.
        self.embedded.follow().await?;
        Ok(Some(turn))
    }

    async fn reload(&self, zone: &Name) {
        match self.embedded.reload(zone).await {
            Ok(true) => tracing::info!(%zone, "the zone has the records of its file"),
            Ok(false) => tracing::info!(%zone, "the file of records says what it said"),
            Err(error) => {
                let error = Chain(&error);
                tracing::error!(%zone, %error, "the file of records is refused; the zone stays as it is");
            }
        }
    }

    /// Reads the files of records of all zones again.
    pub(crate) async fn reload_all(&self) {
        let zones: Vec<Name> = self.keys.lock().await.keys().cloned().collect();
        for zone in zones {
            self.reload(&zone).await;
        }
    }

    /// What the parent serves, if it is time to look.
    async fn look_at_parent(&self, zone: &Name, kept: &mut Kept) -> Option<ParentView> {
        if let Some(view) = self.embedded.parent_view(zone) {
            return Some(view); // it is served here
        }
        let watcher = self.parent.as_ref()?;
        let is_waiting = kept.keys.set.is_rolling() || !kept.told.is_empty();
        let pause = if is_waiting { PATROL } else { PARENT };
        let now = self.clock.monotonic();
        if kept
            .asked
            .is_some_and(|asked| now < asked.saturating_add(pause))
        {
            return None;
        }
        kept.asked = Some(now);
        match watcher.look(zone, self.clock.now()).await {
            Ok(view) => {
                if let Some(time) = view.signed_from {
                    self.sure_time.confirm(time);
                    self.signing_time.confirm(time);
                }
                Some(view)
            }
            Err(error) => {
                let error = Chain(&error);
                tracing::warn!(%zone, %error, "the DS records of a zone cannot be seen");
                None
            }
        }
    }

    /// Says what is to be done at the parent, once.
    fn tell(&self, zone: &Name, kept: &mut Kept, view: &ParentView) {
        let set = &kept.keys.set;
        let is_needed = !set.advice(view).is_empty();
        let lines = if is_needed {
            advice_lines(set, view)
        } else {
            Vec::new()
        };
        if lines == kept.told {
            return;
        }
        if lines.is_empty() {
            tracing::info!(%zone, "the parent has the right DS records");
        }
        for line in &lines {
            tracing::warn!(%zone, "{line}");
        }
        kept.told = lines;
    }
}

/// Why the keys of a zone cannot be looked after this time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeeperError {
    /// A file.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// Keys that are shared.
    #[error(transparent)]
    Shared(#[from] SharedKeysError),
    /// A key.
    #[error("no new key can be made")]
    Key(#[from] KeyError),
    /// A key that is not at hand.
    #[error(transparent)]
    Missing(#[from] MissingKey),
    /// The zone.
    #[error(transparent)]
    Zone(#[from] PublishError),
}
