//! Which tasks are held and until when, where one process has the store for itself.
//!
//! Kept in memory: when the process ends, so do its claims. Times are those of the monotonic clock, so
//! that a clock that is set wrong delays nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{LEASE, TaskId};

/// The claims of one process.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    /// The last task that was taken for the first time; those after it are new.
    seen: TaskId,
    until: BTreeMap<TaskId, Instant>,
    by_time: BTreeSet<(Instant, TaskId)>,
}

impl Claims {
    /// The last task that was ever taken.
    pub(super) fn seen(&self) -> TaskId {
        self.held().seen
    }

    /// Lets go of up to `limit` tasks whose time has come.
    pub(super) fn due(&self, limit: usize) -> Vec<TaskId> {
        let (mut held, now) = (self.held(), Instant::now());
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(&(at, id)) = held.by_time.first().filter(|(at, _)| *at <= now)
        {
            held.by_time.remove(&(at, id));
            held.until.remove(&id);
            due.push(id);
        }
        due
    }

    /// Holds tasks for as long as a lease lasts.
    pub(super) fn hold(&self, tasks: impl Iterator<Item = TaskId>) {
        let mut held = self.held();
        for id in tasks {
            held.set(id, LEASE);
            held.seen = held.seen.max(id);
        }
    }

    /// Has a task wait.
    pub(super) fn put_off(&self, id: TaskId, delay: Duration) {
        self.held().set(id, delay);
    }

    /// Forgets a task that is done.
    pub(super) fn end(&self, id: TaskId) {
        self.held().remove(id);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn set(&mut self, id: TaskId, delay: Duration) {
        self.remove(id);
        let now = Instant::now();
        let at = now.checked_add(delay).unwrap_or(now);
        self.until.insert(id, at);
        self.by_time.insert((at, id));
    }

    fn remove(&mut self, id: TaskId) {
        if let Some(at) = self.until.remove(&id) {
            self.by_time.remove(&(at, id));
        }
    }
}
