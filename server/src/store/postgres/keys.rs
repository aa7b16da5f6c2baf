//! The key files of zones, for servers that share them.

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;

use super::Postgres;
use crate::store::StoreError;

/// The key files of a zone, by name.
pub(crate) type KeyDocuments = Vec<(String, Vec<u8>)>;

/// The right to change the keys of a zone, until it is dropped.
#[derive(Debug)]
pub(crate) struct KeyTurn {
    /// In a transaction.
    client: Option<Object>,
    zone: String,
    version: i64,
}

impl Postgres {
    /// The right to change the keys of a zone; none while another server has it, unless `wait`.
    pub(crate) async fn key_turn(
        &self,
        zone: &str,
        wait: bool,
    ) -> Result<Option<KeyTurn>, StoreError> {
        let client = self.client().await?;
        let row = "INSERT INTO zone_keys (zone, version) VALUES ($1, 0) ON CONFLICT DO NOTHING";
        client.execute(row, &[&zone]).await?;
        let mut turn = KeyTurn {
            client: Some(client),
            zone: zone.to_owned(),
            version: 0,
        };
        let client = turn.client()?;
        client.batch_execute("BEGIN").await?;
        let skip = if wait { "" } else { "SKIP LOCKED" };
        let sql = format!("SELECT version FROM zone_keys WHERE zone = $1 FOR UPDATE {skip}");
        let Some(row) = client.query_opt(&sql, &[&zone]).await? else {
            turn.give_back().await?;
            return Ok(None);
        };
        turn.version = row.try_get(0)?;
        Ok(Some(turn))
    }
}

impl KeyTurn {
    /// The version of the keys; 0 while there are none.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// The files of that version.
    pub(crate) async fn documents(&self) -> Result<KeyDocuments, StoreError> {
        let sql = "SELECT name, bytes FROM key_files WHERE zone = $1 ORDER BY name";
        let rows = self.client()?.query(sql, &[&self.zone]).await?;
        let documents = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        documents.collect()
    }

    /// Makes these the files of the next version, which is told; others may have their turn then.
    pub(crate) async fn keep(mut self, documents: &KeyDocuments) -> Result<i64, StoreError> {
        let (names, bytes): (Vec<&str>, Vec<&[u8]>) = documents
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .unzip();
        let version = self.version.saturating_add(1);
        let client = self.client()?;
        client
            .execute("DELETE FROM key_files WHERE zone = $1", &[&self.zone])
            .await?;
        let values: [&(dyn ToSql + Sync); 3] = [&self.zone, &names, &bytes];
        let insert = "INSERT INTO key_files (zone, name, bytes)
            SELECT $1, name, bytes FROM unnest($2::text[], $3::bytea[]) AS new (name, bytes)";
        client.execute(insert, &values).await?;
        let count = "UPDATE zone_keys SET version = $2 WHERE zone = $1";
        client.execute(count, &[&self.zone, &version]).await?;
        client.batch_execute("COMMIT").await?;
        // Back to the others, out of its transaction.
        drop(self.client.take());
        Ok(version)
    }

    /// Leaves the files as they are; others may have their turn.
    pub(crate) async fn give_back(mut self) -> Result<(), StoreError> {
        self.client()?.batch_execute("ROLLBACK").await?;
        drop(self.client.take());
        Ok(())
    }

    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for KeyTurn {
    /// A connection in a transaction is closed, which undoes what was begun.
    fn drop(&mut self) {
        drop(self.client.take().map(Object::take));
    }
}
