//! The worker that carries committed changes into DNS, and calls them done once they are proven.
//!
//! One loop publishes, so that the changes of a name reach DNS in their order; proving, which
//! waits for the network, goes on beside it. Delays are counted by the monotonic clock: a clock
//! that is set wrong delays nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use payname_resolver::{Handle, UnixTime};
use tokio::{
    sync::{Notify, Semaphore, oneshot},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    proof_cache::ProofCache,
    prove::{ProveError, Proven, Prover},
    publisher::{PublishError, Publisher},
    store::{LEASE, Store, StoreError, Task},
};

/// How many names are published at once, under one serial.
const TOGETHER: usize = 100;
/// How many names may be under way: while some are proven, others are published.
const UNDER_WAY: usize = 200;
/// How many names are proven at the same time.
const AT_ONCE: usize = 32;
/// How long an attempt may take: it ends while the task is still held.
const LONGEST: Duration = LEASE.saturating_sub(Duration::from_secs(5));
/// The first delay before a name is tried again; it doubles with every attempt.
const FIRST_DELAY: Duration = Duration::from_millis(50);
/// The longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// How long to wait before the outbox is looked at without a call, and after the store failed.
const PATROL: Duration = Duration::from_secs(2);

/// Everything the worker works with.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) prover: Arc<Prover>,
    pub(crate) proofs: Arc<ProofCache>,
    pub(crate) clock: Clock,
    /// Called whenever a change was committed here.
    pub(crate) committed: Arc<Notify>,
}

/// What the loop remembers between its turns; nothing that a restart would miss.
struct Progress {
    /// When tasks that were tried in vain are due again.
    again: BTreeSet<Instant>,
    under_way: JoinSet<Option<Instant>>,
    /// What others publish, each at their own pace.
    lanes: JoinSet<()>,
    proving: Arc<Semaphore>,
}

impl Worker {
    /// Works until told to stop. What is under way then is taken up again, here or elsewhere.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut progress = Progress {
            again: BTreeSet::new(),
            under_way: JoinSet::new(),
            lanes: JoinSet::new(),
            proving: Arc::new(Semaphore::new(AT_ONCE)),
        };
        let bell = self.store.bells().outbox;
        let worker = Arc::new(self);
        loop {
            if let Err(error) = worker.take_up(&mut progress).await {
                tracing::error!(error = %Chain(&error), "the outbox cannot be read");
            }
            let next = progress.again.first().copied();
            let patrol = Instant::now().checked_add(PATROL);
            let wake = next
                .into_iter()
                .chain(patrol)
                .min()
                .unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => return,
                () = worker.committed.notified() => {}
                () = bell.notified() => {}
                Some(ended) = progress.under_way.join_next() => progress.note(ended),
                () = sleep_until(wake) => {}
            }
            while let Some(ended) = progress.under_way.try_join_next() {
                progress.note(ended);
            }
            while progress.lanes.try_join_next().is_some() {}
        }
    }

    /// Publishes what is new and what is due again, as long as there is room to prove it.
    async fn take_up(self: &Arc<Self>, progress: &mut Progress) -> Result<(), StoreError> {
        progress.forget_past(Instant::now());
        loop {
            let room = UNDER_WAY.saturating_sub(progress.under_way.len());
            if room == 0 {
                return Ok(());
            }
            let tasks = self.store.claim(room.min(TOGETHER)).await?;
            if tasks.is_empty() {
                return Ok(());
            }
            let deadline = Instant::now().checked_add(LONGEST);
            let deadline = deadline.unwrap_or_else(Instant::now);
            let mut lanes: BTreeMap<Option<String>, Vec<Task>> = BTreeMap::new();
            for task in tasks {
                let lane = self.publisher.lane(task.registration.handle.domain());
                lanes.entry(lane.map(str::to_owned)).or_default().push(task);
            }
            // The others' first: those that are published here are waited for.
            for (lane, tasks) in lanes.into_iter().rev() {
                self.publish(lane, tasks, deadline, progress).await;
            }
        }
    }

    /// Publishes names and has each proven; those of another lane are not waited for.
    async fn publish(
        self: &Arc<Self>,
        lane: Option<String>,
        tasks: Vec<Task>,
        deadline: Instant,
        progress: &mut Progress,
    ) {
        let handles = tasks.iter().map(|task| task.registration.handle.clone());
        let handles: Vec<Handle> = handles.collect();
        let mut tell = Vec::new();
        for task in tasks {
            let (worker, proving) = (Arc::clone(self), Arc::clone(&progress.proving));
            let (told, published) = oneshot::channel::<Result<(), PublishError>>();
            tell.push(told);
            progress.under_way.spawn(async move {
                // Whose turn does not come in time is given out again when its lease ends.
                let Ok(published) = timeout_at(deadline, published).await else {
                    return worker.record(&task, Err(AttemptError::NotTaken)).await;
                };
                match published.ok()? {
                    Err(error) => worker.record(&task, Err(error.into())).await,
                    Ok(()) => {
                        let _turn = timeout_at(deadline, proving.acquire()).await.ok()?;
                        let proven = timeout_at(deadline, worker.prove(&task)).await;
                        let outcome = proven.unwrap_or(Err(AttemptError::TooSlow));
                        worker.record(&task, outcome).await
                    }
                }
            });
        }
        let publisher = Arc::clone(&self.publisher);
        let publishing = async move {
            let published = publisher.publish(&handles).await;
            for (told, outcome) in tell.into_iter().zip(published) {
                // Who does not listen any more has been given out again.
                let _ = told.send(outcome);
            }
        };
        match lane {
            None => publishing.await,
            Some(_) => drop(progress.lanes.spawn(publishing)),
        }
    }

    /// Looks whether DNS shows just what the task wanted.
    async fn prove(&self, task: &Task) -> Result<(), AttemptError> {
        let registration = &task.registration;
        let found = self
            .prover
            .prove(&registration.handle, self.clock.now())
            .await?;
        match (&registration.uri, found) {
            (None, Proven::Nothing) => {
                self.proofs.forget(&registration.handle);
                Ok(())
            }
            (Some(wanted), Proven::Uri(evidence)) if *wanted == evidence.uri => {
                self.proofs.keep(
                    &registration.handle,
                    registration.version,
                    Arc::new(evidence),
                );
                Ok(())
            }
            (_, found) => Err(match (self.publisher.by_hand(registration), found) {
                (Some(what), _) => AttemptError::ByHand(what),
                (None, Proven::Nothing) => AttemptError::NotYet,
                (None, Proven::Uri(evidence)) => AttemptError::Stale {
                    until: evidence.fresh_until,
                },
            }),
        }
    }

    /// Records how an attempt ended, and says when there is to be another. Attempts that end
    /// together share a commit.
    async fn record(&self, task: &Task, outcome: Result<(), AttemptError>) -> Option<Instant> {
        let handle = &task.registration.handle;
        let delay = delay_after(task.attempts);
        let recorded = match outcome {
            Ok(()) => {
                let (by, at) = (self.prover.by().clone(), self.clock.now());
                let recorded = self.store.proven(task.id, by, at).await;
                if recorded.is_ok() {
                    tracing::debug!(%handle, "proven");
                    return None;
                }
                recorded
            }
            Err(error) => {
                let (attempts, error) = (task.attempts, Chain(&error).to_string());
                tracing::warn!(%handle, attempts, error, "not proven yet");
                self.store.attempt_failed(task.id, error, delay).await
            }
        };
        if let Err(error) = recorded {
            // Its lease ends by itself.
            tracing::error!(%handle, error = %Chain(&error), "an attempt could not be recorded");
        }
        Instant::now().checked_add(delay)
    }
}

impl Progress {
    /// Notes when an attempt is to be made again.
    fn note(&mut self, ended: Result<Option<Instant>, JoinError>) {
        match ended {
            Ok(again) => self.again.extend(again),
            // Only a bug panics here. The task is given out anew when its lease ends.
            Err(_) => tracing::error!("an attempt broke off; it is made again"),
        }
    }

    fn forget_past(&mut self, now: Instant) {
        self.again = self.again.split_off(&now);
    }
}

/// Doubles from [`FIRST_DELAY`] to [`LONGEST_DELAY`].
fn delay_after(attempts: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempts.min(16));
    FIRST_DELAY.saturating_mul(factor).min(LONGEST_DELAY)
}

/// An error and its causes on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn std::error::Error + Send + Sync + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// Why an attempt to bring a name into DNS did not succeed.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Prove(#[from] ProveError),
    #[error("publishing it took too long; is its provider reachable?")]
    NotTaken,
    #[error("looking it up took too long; is the resolver reachable?")]
    TooSlow,
    #[error("{0}")]
    ByHand(String),
    #[error("DNS still shows that there is no record; resolvers may remember that for a while")]
    NotYet,
    #[error("DNS still shows an earlier record, which resolvers may remember until {until}")]
    Stale { until: UnixTime },
}

#[cfg(test)]
mod tests;
