//! Signed zones in PostgreSQL, which several servers change and follow.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Object, Transaction};
use futures_util::{StreamExt as _, pin_mut};
use payname_resolver::{UnixTime, hickory_proto::rr::RecordType};
use payname_zones::SetChange;
use tokio::sync::mpsc;
use tokio_postgres::{Row, types::ToSql};

use super::{Postgres, bell::About, row::signed};
use crate::store::{
    StoreError,
    row::unreadable,
    zones::{Commit, CommitError, Loading, PIECE, PIECES, Since, Version, ZoneStore},
};

/// A zone's row.
struct Head {
    id: i32,
    version: Version,
    forgotten: i64,
}

#[async_trait]
impl ZoneStore for Postgres {
    async fn load(&self, zone: &str) -> Result<Option<Loading>, StoreError> {
        let client = self.client().await?;
        // One state for all that is read in it.
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(begin).await?;
        let head = match head(&client, zone).await {
            Ok(Some(head)) => head,
            Ok(None) => {
                client.batch_execute("COMMIT").await?;
                return Ok(None);
            }
            Err(error) => {
                // Nobody is to have the connection in this state.
                drop(Object::take(client));
                return Err(error);
            }
        };
        let (sender, sets) = mpsc::channel(PIECES);
        let version = head.version;
        tokio::spawn(async move {
            if let Err(error) = read_sets(&client, head.id, &sender).await {
                let _ = sender.send(Err(error)).await;
            }
            if client.batch_execute("COMMIT").await.is_err() {
                drop(Object::take(client));
            }
        });
        Ok(Some(Loading { version, sets }))
    }

    async fn commit(&self, zone: &str, commit: Commit) -> Result<Version, CommitError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(StoreError::from)?;
        let version = write_commit(&transaction, zone, &commit).await?;
        let version = version.ok_or(CommitError::Overtaken)?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.bell.ring(About::Zones);
        Ok(version)
    }

    async fn since(&self, zone: &str, version: Version) -> Result<Since, StoreError> {
        let mut client = self.client().await?;
        let transaction = client
            .build_transaction()
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let Some(head) = head(&transaction, zone).await? else {
            return Ok(Since::Lost);
        };
        if head.version == version {
            return Ok(Since::Nothing);
        }
        let sql = "SELECT serial FROM signed_steps WHERE zone = $1 AND number = $2";
        let statement = transaction.prepare_cached(sql).await?;
        let step = transaction
            .query_opt(&statement, &[&head.id, &version.number])
            .await?;
        let serial: Option<i64> = step.map(|row| row.try_get(0)).transpose()?;
        if version.number <= head.forgotten || serial != Some(version.serial.into()) {
            return Ok(Since::Lost);
        }
        let sql = "SELECT owner, type, bytes FROM signed_sets WHERE zone = $1 AND number > $2";
        let statement = transaction.prepare_cached(sql).await?;
        let rows = transaction
            .query(&statement, &[&head.id, &version.number])
            .await?;
        let sets = rows.iter().map(read_set).collect::<Result<_, _>>()?;
        Ok(Since::Sets(head.version, sets))
    }

    async fn versions(&self) -> Result<Vec<(String, Version)>, StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached("SELECT name, number, serial FROM signed_zones")
            .await?;
        let rows = client.query(&statement, &[]).await?;
        let versions = rows.iter().map(|row| {
            let (number, serial) = (row.try_get(1)?, serial(row.try_get(2)?)?);
            Ok((row.try_get(0)?, Version { number, serial }))
        });
        versions.collect()
    }

    async fn file(&self, zone: &str) -> Result<Option<String>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT file FROM signed_zones WHERE name = $1";
        let row = client.query_opt(sql, &[&zone]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }

    async fn keep_file(&self, zone: &str, text: String) -> Result<(), StoreError> {
        let client = self.client().await?;
        let sql = "UPDATE signed_zones SET file = $2 WHERE name = $1";
        client.execute(sql, &[&zone, &text]).await?;
        Ok(())
    }

    async fn forget(&self, before: UnixTime) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        // The newest step of a zone stays: it is what its copies stand at.
        let advance = "UPDATE signed_zones AS zone SET forgotten = greatest(forgotten, (
                SELECT coalesce(max(step.number), 0) FROM signed_steps AS step
                WHERE step.zone = zone.id AND step.at < $1 AND step.number < zone.number))";
        transaction.execute(advance, &[&signed(before.0)]).await?;
        transaction
            .batch_execute(
                "DELETE FROM signed_steps AS step USING signed_zones AS zone
                 WHERE step.zone = zone.id AND step.number <= zone.forgotten;
                 DELETE FROM signed_sets AS set USING signed_zones AS zone
                 WHERE set.zone = zone.id AND set.bytes IS NULL AND set.number <= zone.forgotten",
            )
            .await?;
        Ok(transaction.commit().await?)
    }
}

const HEAD: &str = "SELECT id, number, serial, forgotten FROM signed_zones WHERE name = $1";

async fn head(client: &impl GenericClient, zone: &str) -> Result<Option<Head>, StoreError> {
    let row = client.query_opt(HEAD, &[&zone]).await?;
    row.as_ref().map(read_head).transpose()
}

fn read_head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head {
        id: row.try_get(0)?,
        version: Version {
            number: row.try_get(1)?,
            serial: serial(row.try_get(2)?)?,
        },
        forgotten: row.try_get(3)?,
    })
}

async fn read_sets(
    client: &Object,
    zone: i32,
    sets: &mpsc::Sender<Result<Vec<SetChange>, StoreError>>,
) -> Result<(), StoreError> {
    let sql = "SELECT owner, type, bytes FROM signed_sets WHERE zone = $1 AND bytes IS NOT NULL";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query_raw(&statement, [zone]).await?;
    pin_mut!(rows);
    let mut piece = Vec::with_capacity(PIECE);
    while let Some(row) = rows.next().await {
        piece.push(read_set(&row?)?);
        if piece.len() == PIECE {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            if sets.send(Ok(full)).await.is_err() {
                return Ok(()); // nobody wants the rest
            }
        }
    }
    let _ = sets.send(Ok(piece)).await;
    Ok(())
}

/// None when another commit came first.
async fn write_commit(
    transaction: &Transaction<'_>,
    zone: &str,
    commit: &Commit,
) -> Result<Option<Version>, StoreError> {
    let number = commit.expected.map_or(0, |version| version.number);
    let version = Version {
        number: number.saturating_add(1),
        serial: commit.newer.serial(),
    };
    let serial = i64::from(version.serial);
    let is_whole = commit.older.is_none();
    let row = match commit.expected {
        None => {
            let sql = "INSERT INTO signed_zones (name, number, serial, forgotten)
                VALUES ($1, $2::bigint, $3, $2::bigint - 1) ON CONFLICT DO NOTHING RETURNING id";
            let statement = transaction.prepare_cached(sql).await?;
            let values: [&(dyn ToSql + Sync); 3] = [&zone, &version.number, &serial];
            transaction.query_opt(&statement, &values).await?
        }
        Some(expected) => {
            let sql = "UPDATE signed_zones SET number = $2::bigint, serial = $3,
                    forgotten = CASE WHEN $4 THEN $2::bigint - 1 ELSE forgotten END
                WHERE name = $1 AND number = $5 AND serial = $6 RETURNING id";
            let statement = transaction.prepare_cached(sql).await?;
            let expected_serial = i64::from(expected.serial);
            let values: [&(dyn ToSql + Sync); 6] = [
                &zone,
                &version.number,
                &serial,
                &is_whole,
                &expected.number,
                &expected_serial,
            ];
            transaction.query_opt(&statement, &values).await?
        }
    };
    let Some(row) = row else {
        return Ok(None);
    };
    let id: i32 = row.try_get(0)?;
    if is_whole {
        for all in [
            "DELETE FROM signed_sets WHERE zone = $1",
            "DELETE FROM signed_steps WHERE zone = $1",
        ] {
            transaction.execute(all, &[&id]).await?;
        }
    }
    let step = "INSERT INTO signed_steps (zone, number, serial, at) VALUES ($1, $2, $3, $4)";
    let statement = transaction.prepare_cached(step).await?;
    let values: [&(dyn ToSql + Sync); 4] = [&id, &version.number, &serial, &signed(commit.at.0)];
    transaction.execute(&statement, &values).await?;
    write_sets(transaction, id, version, commit).await?;
    Ok(Some(version))
}

async fn write_sets(
    transaction: &Transaction<'_>,
    zone: i32,
    version: Version,
    commit: &Commit,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO signed_sets (zone, owner, type, number, bytes)
        SELECT $1, owner, type, $2, bytes
        FROM unnest($3::bytea[], $4::integer[], $5::bytea[]) AS new (owner, type, bytes)
        ON CONFLICT (zone, owner, type) DO UPDATE SET
            number = excluded.number, bytes = excluded.bytes";
    let statement = transaction.prepare_cached(sql).await?;
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let commit = commit.clone();
    // What differs is looked for while what was found is written.
    let cutting = tokio::task::spawn_blocking(move || cut(&commit, &sender));
    while let Some(piece) = pieces.recv().await {
        let values: [&(dyn ToSql + Sync); 5] = [
            &zone,
            &version.number,
            &piece.owners,
            &piece.types,
            &piece.bytes,
        ];
        transaction.execute(&statement, &values).await?;
    }
    // Half of a change must not be committed, should looking for it break off.
    let whole = cutting.await;
    whole.map_err(|error| StoreError::Commit(error.to_string()))
}

/// Sets as columns.
#[derive(Default)]
struct Piece {
    owners: Vec<Vec<u8>>,
    types: Vec<i32>,
    bytes: Vec<Option<Vec<u8>>>,
}

/// Hands on what is to be written for as long as somebody takes it.
fn cut(commit: &Commit, pieces: &mpsc::Sender<Piece>) {
    let mut sets = commit.sets();
    loop {
        let mut piece = Piece::default();
        for change in sets.by_ref().take(PIECE) {
            piece.owners.push(change.owner);
            piece.types.push(u16::from(change.record_type).into());
            piece.bytes.push(change.set);
        }
        if piece.owners.is_empty() || pieces.blocking_send(piece).is_err() {
            return;
        }
    }
}

fn read_set(row: &Row) -> Result<SetChange, StoreError> {
    let number: i32 = row.try_get(1)?;
    let number = u16::try_from(number).map_err(|_| unreadable("type", number.to_string()))?;
    Ok(SetChange {
        owner: row.try_get(0)?,
        record_type: RecordType::from(number),
        set: row.try_get(2)?,
    })
}

fn serial(number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| unreadable("serial", number.to_string()))
}
