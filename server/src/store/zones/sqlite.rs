//! Signed zones in an SQLite file of their own.
//!
//! Apart from the registry, so that registering and publishing do not wait for each other's commits, and
//! so that what cannot be lost stays small enough to be copied often.

use std::{path::Path, thread::JoinHandle};

use async_trait::async_trait;
use payname_resolver::{UnixTime, hickory_proto::rr::RecordType};
use payname_zones::SetChange;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::mpsc;

use super::{Commit, CommitError, Loading, PIECE, PIECES, Since, Version, ZoneStore};
use crate::store::{
    StoreError,
    job::Queue,
    migration::migrate,
    sqlite::{OpenError, connect, connect_to_read},
};

/// The form of the file, version by version.
const STEPS: &[&str] = &[include_str!("../schema/zones/0001.sql")];
/// How many sets of one zone have an id of their own.
const IDS: u32 = 40;

/// Signed zones in one SQLite file, for one server.
#[derive(Debug)]
pub struct SqliteZones {
    path: std::path::PathBuf,
    write: Option<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl SqliteZones {
    /// Opens the file, makes it where it is missing, and brings it to the present form.
    ///
    /// # Errors
    /// The file is no database, is a newer version's, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let writer = connect(path)?;
        migrate(&writer, STEPS)?;
        let (write, thread) = Queue::start_writing("zones-write", writer)?;
        Ok(Self {
            path: path.to_owned(),
            write: Some(write),
            thread: Some(thread),
        })
    }

    fn writer(&self) -> Result<&Queue, StoreError> {
        self.write.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for SqliteZones {
    /// Finishes what was handed in, then closes the file.
    fn drop(&mut self) {
        drop(self.write.take());
        // A thread that panicked has nothing left to finish.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[async_trait]
impl ZoneStore for SqliteZones {
    async fn load(&self, zone: &str) -> Result<Option<Loading>, StoreError> {
        // After all commits that came before, and in a state that stays as it is.
        self.writer()?.run(|_| Ok::<_, StoreError>(())).await?;
        let (path, zone) = (self.path.clone(), zone.to_owned());
        let (sender, sets) = mpsc::channel(PIECES);
        let (head, found) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(move || read_zone(&path, &zone, head, &sender));
        let found = found.await.map_err(|_| StoreError::Closed)??;
        Ok(found.map(|version| Loading { version, sets }))
    }

    async fn commit(&self, zone: &str, commit: Commit) -> Result<Version, CommitError> {
        let zone = zone.to_owned();
        self.writer()?
            .run(move |connection| write_commit(connection, &zone, &commit))
            .await
    }

    async fn since(&self, zone: &str, version: Version) -> Result<Since, StoreError> {
        let zone = zone.to_owned();
        self.writer()?
            .run(move |connection| since(connection, &zone, version))
            .await
    }

    async fn versions(&self) -> Result<Vec<(String, Version)>, StoreError> {
        self.writer()?
            .run(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT name, number, serial FROM zones")?;
                let rows = statement.query_map([], |row| {
                    let (number, serial) = (row.get(1)?, row.get(2)?);
                    Ok((row.get(0)?, Version { number, serial }))
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn file(&self, zone: &str) -> Result<Option<String>, StoreError> {
        let zone = zone.to_owned();
        self.writer()?
            .run(move |connection| {
                let sql = "SELECT file FROM zones WHERE name = ?1";
                let file = connection.query_row(sql, [zone], |row| row.get(0));
                Ok(file.optional()?.flatten())
            })
            .await
    }

    async fn keep_file(&self, zone: &str, text: String) -> Result<(), StoreError> {
        let zone = zone.to_owned();
        self.writer()?
            .run(move |connection| {
                let sql = "UPDATE zones SET file = ?2 WHERE name = ?1";
                connection.execute(sql, [zone, text])?;
                Ok(())
            })
            .await
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        self.writer()?
            .run(move |connection| forget(connection, before))
            .await
    }
}

/// A zone's row.
struct Head {
    id: i64,
    version: Version,
    forgotten: i64,
}

fn head(connection: &Connection, zone: &str) -> Result<Option<Head>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, number, serial, forgotten FROM zones WHERE name = ?1")?;
    let read = |row: &Row<'_>| {
        Ok(Head {
            id: row.get(0)?,
            version: Version {
                number: row.get(1)?,
                serial: row.get(2)?,
            },
            forgotten: row.get(3)?,
        })
    };
    Ok(statement.query_row([zone], read).optional()?)
}

/// Tells the version, then all sets, on a connection that sees one state.
fn read_zone(
    path: &Path,
    zone: &str,
    told: tokio::sync::oneshot::Sender<Result<Option<Version>, StoreError>>,
    sets: &mpsc::Sender<Result<Vec<SetChange>, StoreError>>,
) {
    let opened = connect_to_read(path)
        .map_err(StoreError::from)
        .and_then(|connection| {
            connection.execute_batch("BEGIN")?;
            let head = head(&connection, zone)?;
            Ok((connection, head))
        });
    let (connection, head) = match opened {
        Ok((connection, Some(head))) => (connection, head),
        Ok((_, None)) => return drop(told.send(Ok(None))),
        Err(error) => return drop(told.send(Err(error))),
    };
    // Whoever does not wait any more needs no sets.
    if told.send(Ok(Some(head.version))).is_err() {
        return;
    }
    if let Err(error) = read_sets(&connection, &head, sets) {
        let _ = sets.blocking_send(Err(error));
    }
}

fn read_sets(
    connection: &Connection,
    head: &Head,
    sets: &mpsc::Sender<Result<Vec<SetChange>, StoreError>>,
) -> Result<(), StoreError> {
    let (first, after) = ids(head.id);
    let mut statement = connection.prepare(
        "SELECT owner, type, bytes FROM sets WHERE id >= ?1 AND id < ?2 AND bytes IS NOT NULL",
    )?;
    let mut rows = statement.query([first, after])?;
    let mut piece = Vec::with_capacity(PIECE);
    while let Some(row) = rows.next()? {
        piece.push(read_set(row)?);
        if piece.len() == PIECE {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            if sets.blocking_send(Ok(full)).is_err() {
                return Ok(()); // nobody wants the rest
            }
        }
    }
    let _ = sets.blocking_send(Ok(piece));
    Ok(())
}

fn write_commit(
    connection: &Connection,
    zone: &str,
    commit: &Commit,
) -> Result<Version, CommitError> {
    let write = || -> Result<Option<Version>, StoreError> {
        let present = head(connection, zone)?;
        if present.as_ref().map(|head| head.version) != commit.expected {
            return Ok(None);
        }
        let number = commit.expected.map_or(0, |version| version.number);
        let version = Version {
            number: number.saturating_add(1),
            serial: commit.newer.serial(),
        };
        let is_whole = commit.older.is_none();
        let id = write_head(connection, zone, version, is_whole)?;
        if is_whole {
            connection.execute("DELETE FROM sets WHERE zone = ?1", [id])?;
            connection.execute("DELETE FROM steps WHERE zone = ?1", [id])?;
        }
        connection.execute(
            "INSERT INTO steps (zone, number, serial, at) VALUES (?1, ?2, ?3, ?4)",
            params![id, version.number, version.serial, commit.at.0],
        )?;
        write_sets(connection, id, version, commit.sets())?;
        Ok(Some(version))
    };
    write()?.ok_or(CommitError::Overtaken)
}

fn write_head(
    connection: &Connection,
    zone: &str,
    version: Version,
    is_whole: bool,
) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO zones (name, number, serial, forgotten) VALUES (?1, ?2, ?3, ?2 - 1)
         ON CONFLICT (name) DO UPDATE SET number = excluded.number, serial = excluded.serial,
             forgotten = CASE WHEN ?4 THEN excluded.forgotten ELSE forgotten END
         RETURNING id",
    )?;
    let values = params![zone, version.number, version.serial, is_whole];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

fn write_sets(
    connection: &Connection,
    zone: i64,
    version: Version,
    sets: impl Iterator<Item = SetChange>,
) -> Result<(), StoreError> {
    let (first, after) = ids(zone);
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM sets WHERE id >= ?1 AND id < ?2")?
        .query_row([first, after], |row| row.get(0))?;
    let mut id = last.unwrap_or(first);
    let mut statement = connection.prepare_cached(
        "INSERT INTO sets (id, zone, owner, type, number, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (zone, owner, type) DO UPDATE SET
             number = excluded.number, bytes = excluded.bytes",
    )?;
    for change in sets {
        id = id.saturating_add(1);
        let record_type = u16::from(change.record_type);
        statement.execute(params![
            id,
            zone,
            change.owner,
            record_type,
            version.number,
            change.set
        ])?;
    }
    Ok(())
}

fn since(connection: &Connection, zone: &str, version: Version) -> Result<Since, StoreError> {
    let Some(head) = head(connection, zone)? else {
        return Ok(Since::Lost);
    };
    if head.version == version {
        return Ok(Since::Nothing);
    }
    let serial: Option<u32> = connection
        .prepare_cached("SELECT serial FROM steps WHERE zone = ?1 AND number = ?2")?
        .query_row(params![head.id, version.number], |row| row.get(0))
        .optional()?;
    if version.number <= head.forgotten || serial != Some(version.serial) {
        return Ok(Since::Lost);
    }
    let mut statement = connection
        .prepare_cached("SELECT owner, type, bytes FROM sets WHERE zone = ?1 AND number > ?2")?;
    let rows = statement.query_and_then([head.id, version.number], read_set)?;
    Ok(Since::Sets(head.version, rows.collect::<Result<_, _>>()?))
}

fn forget(connection: &Connection, before: UnixTime) -> Result<(), StoreError> {
    // The newest step of a zone stays: it is what its copies stand at.
    connection.execute(
        "UPDATE zones SET forgotten = max(forgotten, (
             SELECT coalesce(max(number), 0) FROM steps
             WHERE steps.zone = zones.id AND at < ?1 AND steps.number < zones.number))",
        [before.0],
    )?;
    let mut statement = connection.prepare("SELECT id, forgotten FROM zones")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for zone in rows {
        let (id, forgotten): (i64, i64) = zone?;
        for old in [
            "DELETE FROM steps WHERE zone = ?1 AND number <= ?2",
            "DELETE FROM sets WHERE zone = ?1 AND number <= ?2 AND bytes IS NULL",
        ] {
            connection.execute(old, [id, forgotten])?;
        }
    }
    Ok(())
}

fn read_set(row: &Row<'_>) -> Result<SetChange, StoreError> {
    let record_type: u16 = row.get(1)?;
    Ok(SetChange {
        owner: row.get(0)?,
        record_type: RecordType::from(record_type),
        set: row.get(2)?,
    })
}

/// The first id of a zone's sets, and the first that is another zone's.
fn ids(zone: i64) -> (i64, i64) {
    let first = |zone: i64| zone.checked_shl(IDS).unwrap_or(i64::MAX);
    (first(zone), first(zone.saturating_add(1)))
}
