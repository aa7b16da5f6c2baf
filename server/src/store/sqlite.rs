//! The store in one SQLite file: the default, for one server.

mod change;
mod desk;
mod entry;
mod history;
mod requests;
#[cfg(test)]
mod tests;

use std::{path::Path, thread::JoinHandle, time::Duration};

use async_trait::async_trait;
use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, UnixTime};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, named_params, params};

use self::change::make_change;
use super::{
    ATTEMPTS_UNTIL_FAILED, Answer, Begun, CLOCK_STEP, ChangeError, MigrationError, RequestKey,
    Store, StoreError, Task, TaskId,
    claims::Claims,
    job::{Mode, Queue},
    migration::migrate,
    row::{COLUMN_COUNT, COLUMNS, DONE, prover_text, registration, state_text},
};
use crate::registration::{Change, Decision, Registration, Step};

/// The form of the file, version by version.
const STEPS: &[&str] = &[
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
];
/// How long to wait for a lock that another program holds on the file, such as a backup.
const BUSY: Duration = Duration::from_secs(5);

/// A store in one SQLite file: write-ahead log, a sync at every commit, one thread that writes and
/// one that reads.
#[derive(Debug)]
pub struct Sqlite {
    claims: Claims,
    /// Held while tasks are looked for.
    turn: tokio::sync::Mutex<()>,
    queues: Option<Queues>,
    /// The reader, then the writer: the last to close brings the log into the file and removes it,
    /// which the reader cannot do.
    threads: [Option<JoinHandle<()>>; 2],
}

#[derive(Debug)]
struct Queues {
    write: Queue,
    read: Queue,
}

impl Sqlite {
    /// Opens the file, makes it where it is missing, and brings it to the present form.
    ///
    /// # Errors
    /// The file is no database, is a newer version's, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = connect(path)?;
        migrate(&writer, STEPS)?;
        entry::reckon(&writer)?;
        let reader = connect_to_read(path)?;
        let (write, writing) = Queue::start("store-write", writer, Mode::Write)?;
        let (read, reading) = Queue::start("store-read", reader, Mode::Read)?;
        Ok(Self {
            claims: Claims::default(),
            turn: tokio::sync::Mutex::new(()),
            queues: Some(Queues { write, read }),
            threads: [Some(reading), Some(writing)],
        })
    }

    async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.queues
            .as_ref()
            .ok_or(StoreError::Closed)?
            .write
            .run(work)
            .await
    }

    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.queues
            .as_ref()
            .ok_or(StoreError::Closed)?
            .read
            .run(work)
            .await
    }
}

/// A connection that writes, and makes the file where it is missing.
pub(super) fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let writer = Connection::open(path)?;
    writer.busy_timeout(BUSY)?;
    writer.pragma_update(None, "journal_mode", "WAL")?;
    // FULL syncs the log at every commit: what is acknowledged outlives a loss of power.
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "foreign_keys", "ON")?;
    Ok(writer)
}

/// A connection that only reads.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    reader.busy_timeout(BUSY)?;
    Ok(reader)
}

impl Drop for Sqlite {
    /// Finishes what was handed in, then closes the file.
    fn drop(&mut self) {
        let queues = self.queues.take().map(|queues| (queues.read, queues.write));
        let (read, write) = queues.unzip();
        let [reading, writing] = &mut self.threads;
        for (queue, thread) in [(read, reading), (write, writing)] {
            drop(queue);
            // A thread that panicked has nothing left to finish.
            let _ = thread.take().map(JoinHandle::join);
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn change(&self, change: Change) -> Result<Decision, ChangeError> {
        self.write(move |connection| make_change(connection, &change))
            .await
    }

    async fn registration(&self, handle: &Handle) -> Result<Option<Registration>, StoreError> {
        let handle = handle.clone();
        self.read(move |connection| find(connection, &handle)).await
    }

    async fn registrations(&self, handles: &[Handle]) -> Result<Vec<Registration>, StoreError> {
        let handles = handles.to_vec();
        self.read(move |connection| {
            let found = handles.iter().map(|handle| find(connection, handle));
            found.filter_map(Result::transpose).collect()
        })
        .await
    }

    async fn live(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let (domain, after) = (domain.to_owned(), after.unwrap_or_default().to_owned());
        let sql = format!(
            "SELECT {COLUMNS} FROM handles
             WHERE domain = ?1 AND user > ?2 AND uri IS NOT NULL ORDER BY user LIMIT ?3"
        );
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![domain, after, limit], registration)?;
            rows.collect()
        })
        .await
    }

    async fn history(
        &self,
        handle: &Handle,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Step>, StoreError> {
        let handle = handle.clone();
        self.read(move |connection| history::read(connection, &handle, after, limit))
            .await
    }

    async fn over(&self, now: UnixTime, limit: usize) -> Result<Vec<Handle>, StoreError> {
        self.read(move |connection| history::over(connection, now, limit))
            .await
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Task>, StoreError> {
        let _turn = self.turn.lock().await;
        // Half of the room at most is for those that were tried before, so that none waits for ever.
        let due = self.claims.due(limit.div_ceil(2));
        let seen = self.claims.seen();
        let room = limit.saturating_sub(due.len());
        let tasks = format!(
            "SELECT {COLUMNS}, outbox.id, outbox.attempts
             FROM outbox JOIN handles ON handles.id = outbox.handle"
        );
        let sql = format!("{tasks} WHERE outbox.id > ?1 ORDER BY outbox.id LIMIT ?2");
        let again = format!("{tasks} WHERE outbox.id = ?1");
        let ids = due.clone();
        let tasks: Result<Vec<Task>, StoreError> = self
            .read(move |connection| {
                let mut tasks = Vec::new();
                let mut statement = connection.prepare_cached(&again)?;
                for id in ids {
                    // One that is gone was replaced by a newer one.
                    let mut rows = statement.query_and_then([id.0], read_task)?;
                    tasks.extend(rows.next().transpose()?);
                }
                let mut statement = connection.prepare_cached(&sql)?;
                let rows = statement.query_and_then(params![seen.0, room], read_task)?;
                tasks.extend(rows.collect::<Result<Vec<_>, _>>()?);
                Ok(tasks)
            })
            .await;
        match &tasks {
            Ok(tasks) => self.claims.hold(tasks.iter().map(|task| task.id)),
            Err(_) => due
                .into_iter()
                .for_each(|id| self.claims.put_off(id, Duration::ZERO)),
        }
        tasks
    }

    async fn proven(&self, id: TaskId, by: ProvenBy, at: UnixTime) -> Result<(), StoreError> {
        self.write(move |connection| {
            let sql = format!(
                "UPDATE handles SET published_at = ?2, proven_by = ?3, error = NULL, state = {DONE}
                 WHERE id = (SELECT handle FROM outbox WHERE id = ?1)"
            );
            connection.execute(&sql, params![id.0, at.0, prover_text(&by)])?;
            connection.execute("DELETE FROM outbox WHERE id = ?1", [id.0])?;
            Ok::<_, StoreError>(())
        })
        .await?;
        self.claims.end(id);
        Ok(())
    }

    async fn attempt_failed(
        &self,
        id: TaskId,
        error: String,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.claims.put_off(id, delay);
        self.write(move |connection| {
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1",
                [id.0],
            )?;
            connection.execute(
                "UPDATE handles SET error = :error,
                     state = CASE WHEN uri IS NOT NULL AND outbox.attempts >= :enough
                         THEN :failed ELSE state END
                 FROM outbox WHERE outbox.handle = handles.id AND outbox.id = :id",
                named_params! {
                    ":id": id.0,
                    ":error": error,
                    ":enough": ATTEMPTS_UNTIL_FAILED,
                    ":failed": state_text(State::Failed),
                },
            )?;
            Ok(())
        })
        .await
    }

    async fn serial(&self, zone: &str) -> Result<Option<u32>, StoreError> {
        let zone = zone.to_owned();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT serial FROM zones WHERE name = ?1")?;
            Ok(statement.query_row([zone], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn keep_serial(&self, zone: &str, serial: u32) -> Result<(), StoreError> {
        let zone = zone.to_owned();
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO zones (name, serial) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET serial = excluded.serial",
                params![zone, serial],
            )?;
            Ok(())
        })
        .await
    }

    async fn begin_request(
        &self,
        key: &RequestKey,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Begun, StoreError> {
        let (key, digest) = (key.clone(), *digest);
        self.write(move |connection| requests::begin(connection, &key, &digest, now))
            .await
    }

    async fn end_request(
        &self,
        key: &RequestKey,
        answer: Option<&Answer>,
    ) -> Result<(), StoreError> {
        let (key, answer) = (key.clone(), answer.cloned());
        self.write(move |connection| requests::end(connection, &key, answer.as_ref()))
            .await
    }

    async fn forget_events(&self, now: UnixTime) -> Result<(), StoreError> {
        self.write(move |connection| {
            let before = now.0.saturating_sub(CLOCK_STEP);
            connection.execute("DELETE FROM seen_events WHERE lapses_at < ?1", [before])?;
            requests::forget(connection, now)?;
            entry::forget(connection, now)
        })
        .await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Through the writer: once it has ended, every change would fail.
        self.write(|connection| {
            Ok(connection.query_row("SELECT count(*) FROM zones", [], |_| Ok(()))?)
        })
        .await
    }
}

fn find(connection: &Connection, handle: &Handle) -> Result<Option<Registration>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM handles WHERE domain = ?1 AND user = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query_and_then([handle.domain(), handle.user()], registration)?;
    rows.next().transpose()
}

/// A registration, followed by the task's own columns.
fn read_task(row: &Row<'_>) -> Result<Task, StoreError> {
    Ok(Task {
        registration: registration(row)?,
        id: TaskId(row.get(COLUMN_COUNT)?),
        attempts: row.get("attempts")?,
    })
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// SQLite cannot open it.
    #[error("it cannot be opened as an SQLite database")]
    Sqlite(#[from] rusqlite::Error),
    /// It cannot be brought to the present form.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A thread cannot be started.
    #[error("a thread for it cannot be started")]
    Thread(#[from] std::io::Error),
}
