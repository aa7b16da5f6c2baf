//! A thread that owns a connection and runs what it is handed, many jobs to one commit.
//!
//! SQLite blocks and takes one writer at a time, so a thread is the natural shape. Jobs that wait
//! while another commits share the next commit: durability costs one sync for all of them.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::JoinHandle,
};

use rusqlite::{Connection, ffi};
use tokio::sync::oneshot;

use super::{StoreError, is_of_disk};

/// The most jobs that share a commit.
const BATCH: usize = 128;
/// How many statements a connection keeps prepared; a registration alone takes a dozen.
const STATEMENTS: usize = 64;

/// A queue to a thread with a connection; the thread ends when all queues to it are dropped.
#[derive(Debug, Clone)]
pub(super) struct Queue(Sender<Box<dyn Job>>);

/// How a thread runs its jobs.
pub(super) enum Mode {
    /// Each on its own, without a transaction.
    Read,
    /// In transactions, each job in a savepoint of its own.
    Write {
        /// Called when a transaction has ended, one way or the other, before anybody is told.
        ended: Box<dyn Fn() + Send>,
    },
}

impl Queue {
    /// Starts a thread that writes on a connection.
    pub(super) fn start_writing(
        name: &str,
        connection: Connection,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let ended = Box::new(|| {});
        Self::start(name, connection, Mode::Write { ended })
    }

    /// Starts a thread on a connection.
    pub(super) fn start(
        name: &str,
        connection: Connection,
        mode: Mode,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let (sender, receiver) = mpsc::channel();
        let thread =
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || match mode {
                    Mode::Read => read(&connection, &receiver),
                    Mode::Write { ended } => write(&connection, &receiver, &*ended),
                })?;
        Ok((Self(sender), thread))
    }

    /// Runs `work` on the thread. `Ok` comes back only after the commit.
    pub(super) async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let job = Work {
            work: Some(work),
            outcome: None,
            reply,
        };
        self.0.send(Box::new(job)).map_err(|_| StoreError::Closed)?;
        outcome.await.map_err(|_| StoreError::Closed)?
    }
}

/// Something to do on a connection.
trait Job: Send {
    /// Does it; whether it succeeded.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the asker, after the commit or its failure.
    fn finish(self: Box<Self>, failure: Option<StoreError>);
}

struct Work<T, E, F> {
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome = self.work.take().map(|work| work(connection));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, failure: Option<StoreError>) {
        let outcome = match (failure, self.outcome) {
            // A refusal stands whether or not the others could be committed.
            (Some(failure), None | Some(Ok(_))) => Err(failure.into()),
            (_, Some(outcome)) => outcome,
            (None, None) => Err(StoreError::Closed.into()),
        };
        // Nobody waits any more when the client has gone away; what is committed stays.
        let _ = self.reply.send(outcome);
    }
}

fn read(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(mut job) = jobs.recv() {
        job.run(connection);
        job.finish(None);
    }
}

fn write(connection: &Connection, jobs: &Receiver<Box<dyn Job>>, ended: &dyn Fn()) {
    while let Ok(first) = jobs.recv() {
        let mut batch: Vec<_> = std::iter::once(first)
            .chain(jobs.try_iter().take(BATCH))
            .collect();
        let failure = commit(connection, &mut batch).err();
        if failure.is_some() && !connection.is_autocommit() {
            // Should this fail too, the next BEGIN fails and every job is told.
            let _ = connection.execute_batch("ROLLBACK");
        }
        ended();
        for job in batch {
            job.finish(failure.as_ref().map(not_committed));
        }
    }
}

fn not_committed(error: &rusqlite::Error) -> StoreError {
    match is_of_disk(error) {
        true => StoreError::Unwritable(error.to_string()),
        false => StoreError::Commit(error.to_string()),
    }
}

fn commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let prepare = |sql| connection.prepare_cached(sql);
    for job in batch {
        prepare("SAVEPOINT job")?.execute([])?;
        if !job.run(connection) {
            if connection.is_autocommit() {
                // The disk failed, and SQLite has undone what came before, too.
                let error = ffi::Error::new(ffi::SQLITE_IOERR);
                return Err(rusqlite::Error::SqliteFailure(error, None));
            }
            prepare("ROLLBACK TO job")?.execute([])?;
        }
        prepare("RELEASE job")?.execute([])?;
    }
    connection.execute_batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (x INTEGER UNIQUE)")
            .unwrap();
        Queue::start_writing("test", connection).unwrap().0
    }

    async fn insert(queue: &Queue, x: i64) -> Result<(), StoreError> {
        queue
            .run(move |connection| {
                connection.execute("INSERT INTO t VALUES (?1)", [x])?;
                connection.execute("INSERT INTO t VALUES (?1)", [x + 1])?;
                Ok(())
            })
            .await
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_behind_and_its_neighbours_alone() {
        let queue = queue();
        let (one, two, three) =
            tokio::join!(insert(&queue, 1), insert(&queue, 2), insert(&queue, 3));
        assert!(one.is_ok() && two.is_err() && three.is_ok());
        let sum: Result<i64, StoreError> = queue
            .run(|connection| {
                Ok(connection.query_row("SELECT sum(x) FROM t", [], |row| row.get(0))?)
            })
            .await;
        assert_eq!(sum.unwrap(), 1 + 2 + 3 + 4);
    }
}
