//! The names that were read lately, so that a page or a proof that many ask for costs no query.
//!
//! What is kept is what the database holds: SQLite itself tells which rows a transaction has touched, and
//! they are dropped before anybody hears that it was committed. A name that is read meanwhile is not kept.
//! That is told of this process's own transactions only. Commands such as `paynamed approve` write beside a server, so
//! nothing is kept for longer than a moment; and only what is published, which those commands leave alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use payname_api::State;
use payname_resolver::Handle;
use rusqlite::{Connection, hooks::Action};

use crate::registration::Registration;

/// The most names that are kept; at about 1 KiB each, 10 MiB.
const MOST: usize = 10_000;
/// How long what another process has written may stay unseen.
const MOMENT: Duration = Duration::from_millis(250);
/// The table whose rows they are.
const TABLE: &str = "handles";

/// Names by their text, in memory.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    kept: Arc<Mutex<Kept>>,
    touched: Arc<Mutex<Vec<i64>>>,
    moment: Duration,
}

impl Default for Recent {
    fn default() -> Self {
        Self::within(MOMENT)
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// Counts the transactions that have ended.
    round: Round,
    /// When the first of them was read.
    since: Option<Instant>,
    names: HashMap<String, Registration>,
    by_row: HashMap<i64, String>,
}

/// Between which transactions something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Round(u64);

impl Kept {
    fn forget(&mut self) {
        self.since = None;
        self.names.clear();
        self.by_row.clear();
    }
}

impl Recent {
    /// Keeps names for so long at the most.
    fn within(moment: Duration) -> Self {
        let (kept, touched) = (Arc::default(), Arc::default());
        Self {
            kept,
            touched,
            moment,
        }
    }

    /// Has a connection tell which names it writes.
    pub(super) fn watch(&self, writer: &Connection) {
        let touched = Arc::clone(&self.touched);
        writer.update_hook(Some(move |_: Action, _: &str, table: &str, row: i64| {
            if table == TABLE {
                lock(&touched).push(row);
            }
        }));
    }

    /// Drops what the transaction that has just ended has touched, whether or not it was committed.
    pub(super) fn settle(&self) {
        let touched = std::mem::take(&mut *lock(&self.touched));
        let mut kept = lock(&self.kept);
        kept.round = Round(kept.round.0.wrapping_add(1));
        for row in touched {
            if let Some(text) = kept.by_row.remove(&row) {
                kept.names.remove(&text);
            }
        }
    }

    /// A name, if it is kept; else the round in which it is now read.
    pub(super) fn find(&self, handle: &Handle) -> Result<Registration, Round> {
        let mut kept = lock(&self.kept);
        if kept
            .since
            .is_some_and(|since| since.elapsed() >= self.moment)
        {
            kept.forget();
        }
        let found = kept.names.get(handle.as_str());
        found.cloned().ok_or(kept.round)
    }

    /// Keeps a published name that was read from a row since `round`, unless a transaction has ended meanwhile.
    pub(super) fn keep(&self, round: Round, row: i64, registration: &Registration) {
        if registration.state != State::Published {
            return;
        }
        let mut kept = lock(&self.kept);
        if kept.round != round {
            return;
        }
        if kept.names.len() >= MOST {
            // Any that is dropped can be read again.
            kept.forget();
        }
        kept.since.get_or_insert_with(Instant::now);
        let text = registration.handle.as_str().to_owned();
        kept.by_row.insert(row, text.clone());
        kept.names.insert(text, registration.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use payname_resolver::UnixTime;

    use super::*;
    use crate::key::OwnerKey;

    const HOUR: Duration = Duration::from_secs(3600);

    fn name(user: &str) -> Registration {
        Registration {
            handle: Handle::new(user, "example.test").unwrap(),
            owner: OwnerKey([1; 32]),
            uri: Some("bitcoin:?lno=lno1".to_owned()),
            kept: None,
            state: State::Published,
            disabled: false,
            suspended: false,
            version: 1,
            born: 1,
            created_at: UnixTime(0),
            updated_at: UnixTime(0),
            expires_at: None,
            free_at: None,
            published_at: None,
            nostr: None,
            awaits: None,
            proven_by: None,
            error: None,
        }
    }

    fn watched() -> (Recent, Connection) {
        let (recent, connection) = (Recent::within(HOUR), Connection::open_in_memory().unwrap());
        let tables = "CREATE TABLE handles (id INTEGER PRIMARY KEY, x); CREATE TABLE other (x);
            INSERT INTO handles (id, x) VALUES (1, 0), (2, 0)";
        connection.execute_batch(tables).unwrap();
        recent.watch(&connection);
        (recent, connection)
    }

    #[test]
    fn a_name_is_kept_until_its_row_is_written_by_whatever_statement() {
        for write in [
            "UPDATE handles SET x = 1 WHERE id = 1",
            "DELETE FROM handles WHERE id = 1",
            "INSERT INTO handles (id, x) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET x = 2",
            "BEGIN; UPDATE handles SET x = 1 WHERE id = 1; ROLLBACK",
        ] {
            let (recent, connection) = watched();
            let (alice, bob) = (name("alice"), name("bob"));
            let round = recent.find(&alice.handle).unwrap_err();
            recent.keep(round, 1, &alice);
            recent.keep(round, 2, &bob);
            connection
                .execute_batch("INSERT INTO other VALUES (1)")
                .unwrap();
            recent.settle();
            assert_eq!(recent.find(&alice.handle), Ok(alice.clone()));
            connection.execute_batch(write).unwrap();
            recent.settle();
            assert!(recent.find(&alice.handle).is_err(), "{write}");
            assert_eq!(recent.find(&bob.handle), Ok(bob), "{write}");
        }
    }

    #[test]
    fn what_was_read_before_a_transaction_ended_is_not_kept_after_it() {
        let (recent, _) = watched();
        let alice = name("alice");
        let round = recent.find(&alice.handle).unwrap_err();
        recent.settle();
        recent.keep(round, 1, &alice);
        assert!(recent.find(&alice.handle).is_err());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let (recent, _) = watched();
        for row in 0..=MOST {
            let name = name(&format!("n{row}"));
            recent.keep(Round(0), i64::try_from(row).unwrap(), &name);
        }
        let kept = lock(&recent.kept);
        assert_eq!((kept.names.len(), kept.by_row.len()), (1, 1));
    }

    #[test]
    fn what_another_process_writes_is_seen_in_a_moment() {
        let recent = Recent::within(Duration::from_millis(20));
        let alice = name("alice");
        recent.keep(Round(0), 1, &alice);
        std::thread::sleep(Duration::from_millis(30));
        assert!(recent.find(&alice.handle).is_err());
        assert!(lock(&recent.kept).by_row.is_empty());
    }

    #[test]
    fn what_is_on_its_way_or_waits_is_read_anew_each_time() {
        let (recent, _) = watched();
        for state in [State::Pending, State::Awaiting, State::Removed] {
            let alice = Registration {
                state,
                ..name("alice")
            };
            let round = recent.find(&alice.handle).unwrap_err();
            recent.keep(round, 1, &alice);
            assert!(recent.find(&alice.handle).is_err());
        }
    }
}
