//! The worker that carries committed changes into DNS, and calls them done once they are proven.
//!
//! One loop publishes, so that the changes of a name reach DNS in their order; proving, which
//! waits for the network, goes on beside it. Delays are counted by the monotonic clock: a clock
//! that is set wrong delays nothing.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use payname_resolver::UnixTime;
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    proof_cache::ProofCache,
    prove::{ProveError, Proven, Prover},
    publisher::{PublishError, Publisher},
    store::{Store, StoreError, Task, TaskId},
};

/// How many names are proven at the same time.
const AT_ONCE: usize = 32;
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
    /// Called whenever a change was committed.
    pub(crate) committed: Arc<Notify>,
}

/// What the loop remembers between its turns; nothing that a restart would miss.
#[derive(Default)]
struct Progress {
    /// The last task that was taken up.
    seen: TaskId,
    /// Tasks to be tried again, by time.
    waiting: BTreeSet<(Instant, TaskId)>,
    proving: JoinSet<Next>,
}

impl Worker {
    /// Works until told to stop. What is under way then is taken up again at the next start.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut progress = Progress::default();
        let worker = Arc::new(self);
        loop {
            if let Err(error) = worker.take_up(&mut progress).await {
                tracing::error!(error = %Chain(&error), "the outbox cannot be read");
            }
            let next = progress.waiting.first().map(|(at, _)| *at);
            let patrol = Instant::now().checked_add(PATROL);
            let wake = next
                .into_iter()
                .chain(patrol)
                .min()
                .unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => return,
                () = worker.committed.notified() => {}
                Some(ended) = progress.proving.join_next() => progress.note(ended),
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Publishes what is new and what is due again, as long as there is room to prove it.
    async fn take_up(self: &Arc<Self>, progress: &mut Progress) -> Result<(), StoreError> {
        while progress.proving.len() < AT_ONCE {
            let Some(task) = self.next(progress).await? else {
                break;
            };
            let published = self.publish(&task).await;
            let worker = Arc::clone(self);
            progress.proving.spawn(async move {
                let outcome = match published {
                    Ok(()) => worker.prove(&task).await,
                    Err(error) => Err(error.into()),
                };
                worker.record(&task, outcome).await
            });
        }
        Ok(())
    }

    /// The next task to do now. One that a newer change has replaced is passed over.
    async fn next(&self, progress: &mut Progress) -> Result<Option<Task>, StoreError> {
        if let Some(task) = self.store.outbox(progress.seen, 1).await?.pop() {
            progress.seen = task.id;
            return Ok(Some(task));
        }
        while let Some(&(at, id)) = progress.waiting.first() {
            if at > Instant::now() {
                break;
            }
            let task = self.store.task(id).await?;
            progress.waiting.remove(&(at, id));
            if task.is_some() {
                return Ok(task);
            }
        }
        Ok(None)
    }

    async fn publish(&self, task: &Task) -> Result<(), PublishError> {
        let registration = &task.registration;
        match &registration.uri {
            Some(uri) => self.publisher.put(&registration.handle, uri).await,
            None => self.publisher.remove(&registration.handle).await,
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
                self.proofs
                    .keep(&registration.handle, registration.version, evidence);
                Ok(())
            }
            (Some(_), Proven::Nothing) => Err(AttemptError::NotYet),
            (_, Proven::Uri(evidence)) => Err(AttemptError::Stale {
                until: evidence.fresh_until,
            }),
        }
    }

    /// Records how an attempt ended. Attempts that end together share a commit.
    async fn record(&self, task: &Task, outcome: Result<(), AttemptError>) -> Next {
        let handle = &task.registration.handle;
        let recorded = match outcome {
            Ok(()) => {
                let (by, at) = (self.prover.by().clone(), self.clock.now());
                let recorded = self.store.proven(task.id, by, at).await;
                if recorded.is_ok() {
                    tracing::info!(%handle, "proven");
                    return Next::Done;
                }
                recorded
            }
            Err(error) => {
                let (attempts, error) = (task.attempts, Chain(&error).to_string());
                tracing::warn!(%handle, attempts, error, "not proven yet");
                self.store.attempt_failed(task.id, error).await
            }
        };
        if let Err(error) = recorded {
            tracing::error!(%handle, error = %Chain(&error), "an attempt could not be recorded");
        }
        Next::Again {
            id: task.id,
            delay: delay_after(task.attempts),
        }
    }
}

/// What an attempt leaves to be done.
enum Next {
    Done,
    Again { id: TaskId, delay: Duration },
}

impl Progress {
    /// Notes what an attempt leaves to be done.
    fn note(&mut self, ended: Result<Next, JoinError>) {
        match ended {
            Ok(Next::Done) => {}
            Ok(Next::Again { id, delay }) => {
                let at = Instant::now();
                self.waiting
                    .insert((at.checked_add(delay).unwrap_or(at), id));
            }
            Err(_) => {
                // Only a bug panics here. Everything is taken up anew, so that no name is left lying.
                tracing::error!("an attempt broke off; all pending names are tried again");
                self.seen = TaskId::default();
            }
        }
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
    #[error("DNS still shows that there is no record; resolvers may remember that for a while")]
    NotYet,
    #[error("DNS still shows an earlier record, which resolvers may remember until {until}")]
    Stale { until: UnixTime },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_end_at_a_minute() {
        assert_eq!(delay_after(0), Duration::from_millis(50));
        assert_eq!(delay_after(3), Duration::from_millis(400));
        assert_eq!(delay_after(u32::MAX), LONGEST_DELAY);
    }
}
