//! The store in one SQLite file: the default, for one server.

mod change;
mod desk;
mod entry;
mod history;
mod outbox;
mod recent;
mod requests;
#[cfg(test)]
mod tests;
mod written;

use std::{path::Path, thread::JoinHandle, time::Duration};

use async_trait::async_trait;
use payname_api::ProvenBy;
use payname_resolver::{Handle, UnixTime};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use self::{change::make_change, recent::Recent, written::Written};
use super::{
    Answer, Begun, CLOCK_STEP, ChangeError, MigrationError, Named, RequestKey, Store, StoreError,
    Task, TaskId,
    claims::Claims,
    job::{Mode, Queue},
    migration::migrate,
    row::{COLUMN_COUNT, COLUMNS, registration},
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
/// How long a task waits whose end could not be written.
const UNWRITTEN: Duration = Duration::from_secs(5);
/// How long to wait for a lock that another program holds on the file, such as a backup.
const BUSY: Duration = Duration::from_secs(5);
/// What a connection that writes may keep of the file, in KiB: what a full group of changes touches must not
/// be written out and read again before it is committed.
const CACHE: i64 = 16 * 1024;
/// How long the log may grow before it is brought into the file, in pages of 4 KiB: many commits in which the
/// same pages were touched then cost one writing of these. It is read once at a start after a crash.
const LOG: i64 = 8 * 1024;

/// A store in one SQLite file: write-ahead log, a sync at every commit, one thread that writes and
/// one that reads.
#[derive(Debug)]
pub struct Sqlite {
    claims: Claims,
    written: Written,
    recent: Recent,
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
        let recent = Recent::default();
        recent.watch(&writer);
        let settling = recent.clone();
        let ended = Box::new(move || settling.settle());
        let (write, writing) = Queue::start("store-write", writer, Mode::Write { ended })?;
        let (read, reading) = Queue::start("store-read", reader, Mode::Read)?;
        Ok(Self {
            claims: Claims::default(),
            written: Written::default(),
            recent,
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
    writer.pragma_update(None, "cache_size", -CACHE)?;
    writer.pragma_update(None, "wal_autocheckpoint", LOG)?;
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
    async fn change_named(
        &self,
        change: Change,
        request: Option<Named>,
    ) -> Result<Decision, ChangeError> {
        self.write(move |connection| {
            let decision = make_change(connection, &change)?;
            if let Some(request) = request {
                requests::answer(connection, &request.key, &request.kept(&decision)?)?;
            }
            Ok(decision)
        })
        .await
    }

    async fn registration(&self, handle: &Handle) -> Result<Option<Registration>, StoreError> {
        let round = match self.recent.find(handle) {
            Ok(registration) => return Ok(Some(registration)),
            Err(round) => round,
        };
        let (handle, recent) = (handle.clone(), self.recent.clone());
        self.read(move |connection| {
            let found = find_with_row(connection, &handle)?;
            Ok(found.map(|(row, registration)| {
                recent.keep(round, row, &registration);
                registration
            }))
        })
        .await
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
        let ids = due.clone();
        let tasks = self
            .read(move |connection| outbox::tasks(connection, &ids, seen, room))
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
        let ended = self
            .write(move |connection| outbox::end(connection, id, &by, at))
            .await;
        match ended {
            Ok(()) => self.claims.end(id),
            Err(_) => self.claims.put_off(id, UNWRITTEN),
        }
        ended
    }

    async fn attempt_failed(
        &self,
        id: TaskId,
        error: String,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let noted = self
            .write(move |connection| outbox::count_attempt(connection, id, &error))
            .await;
        let delay = if noted.is_ok() { delay } else { UNWRITTEN };
        self.claims.put_off(id, delay);
        noted
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

    async fn forget_abandoned(&self) -> Result<(), StoreError> {
        self.write(requests::abandon).await
    }

    async fn secret_of_day(&self, day: u64) -> Result<Vec<u8>, StoreError> {
        self.write(move |connection| entry::salt(connection, day))
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
        if self.written.is_recent() {
            return Ok(());
        }
        // Something is written for it: a disk that is full or read-only can still be read.
        self.write(|connection| {
            connection.execute_batch(
                "INSERT INTO zones (name, serial) VALUES ('', 0); DELETE FROM zones WHERE name = '';",
            )?;
            Ok::<_, StoreError>(())
        })
        .await?;
        self.written.note();
        Ok(())
    }
}

fn find(connection: &Connection, handle: &Handle) -> Result<Option<Registration>, StoreError> {
    let found = find_with_row(connection, handle)?;
    Ok(found.map(|(_, registration)| registration))
}

/// A name, and its row's id before it.
fn find_with_row(
    connection: &Connection,
    handle: &Handle,
) -> Result<Option<(i64, Registration)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, handles.id FROM handles WHERE domain = ?1 AND user = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([handle.domain(), handle.user()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some((row.get(COLUMN_COUNT)?, registration(row)?)))
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
