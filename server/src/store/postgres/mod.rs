//! The store in PostgreSQL, for servers that share it.
//!
//! Transactions commit together by the database's own means. Leases are counted by the database's
//! clock, so that the servers' clocks need not agree.

mod bell;
mod change;
mod connect;
mod desk;
mod entry;
mod history;
mod keys;
mod migration;
mod requests;
mod row;
mod tls;
mod zones;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use payname_api::{ProvenBy, State};
use payname_resolver::{Handle, UnixTime};
use tokio_postgres::IsolationLevel;

pub(crate) use connect::reach;
pub use connect::{Database, OpenError, UrlError};
pub(crate) use keys::{KeyDocuments, KeyTurn};

use self::{
    bell::{About, Bell},
    row::{COLUMNS, registration, signed, task},
};
use super::{
    ATTEMPTS_UNTIL_FAILED, Answer, Begun, Bells, CLOCK_STEP, ChangeError, LEASE, Named, RequestKey,
    Store, StoreError, Task, TaskId,
    entry::forgotten_day,
    row::{DONE, prover_text, state_text},
};
use crate::registration::{Change, Decision, Registration, Step};

/// A store in a PostgreSQL database, which other servers may use at the same time.
#[derive(Debug)]
pub struct Postgres {
    pool: Pool,
    bell: Bell,
}

impl Postgres {
    /// Connects, and brings the database to the present form.
    ///
    /// # Errors
    /// It cannot be reached, is a newer version's, or this user may not make tables in it.
    pub async fn open(database: &Database) -> Result<Self, OpenError> {
        let (mut first, tls) = connect::first(database).await?;
        migration::migrate(&mut first).await?;
        migration::alone(&first, entry::reckon(&first)).await?;
        drop(first);
        let pool = connect::pool(database, tls.clone())?;
        let bell = Bell::hang(database.config(), tls, pool.clone());
        Ok(Self { pool, bell })
    }

    async fn client(&self) -> Result<Object, StoreError> {
        Ok(self.pool.get().await?)
    }
}

#[async_trait]
impl Store for Postgres {
    async fn change_named(
        &self,
        change: Change,
        request: Option<Named>,
    ) -> Result<Decision, ChangeError> {
        let mut client = self.client().await?;
        // Whoever waits for another's change must see it then, whatever the database's own default is.
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::ReadCommitted);
        let transaction = transaction.start().await.map_err(StoreError::from)?;
        let decision = change::make(&transaction, &change).await?;
        if let Some(request) = request {
            requests::answer(&transaction, &request.key, &request.kept(&decision)?).await?;
        }
        transaction.commit().await.map_err(StoreError::from)?;
        self.bell.ring(About::Outbox);
        Ok(decision)
    }

    async fn registration(&self, handle: &Handle) -> Result<Option<Registration>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM handles WHERE domain = $1 AND username = $2");
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let row = client
            .query_opt(&statement, &[&handle.domain(), &handle.user()])
            .await?;
        row.as_ref().map(registration).transpose()
    }

    async fn registrations(&self, handles: &[Handle]) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles
             JOIN unnest($1::text[], $2::text[]) AS wanted (domain, username)
                 ON handles.domain = wanted.domain AND handles.username = wanted.username"
        );
        let domains: Vec<&str> = handles.iter().map(Handle::domain).collect();
        let users: Vec<&str> = handles.iter().map(Handle::user).collect();
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let rows = client.query(&statement, &[&domains, &users]).await?;
        rows.iter().map(registration).collect()
    }

    async fn live(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles
             WHERE domain = $1 AND username > $2 AND uri IS NOT NULL
             ORDER BY username LIMIT $3"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let (after, limit) = (after.unwrap_or_default(), count(limit));
        let rows = client.query(&statement, &[&domain, &after, &limit]).await?;
        rows.iter().map(registration).collect()
    }

    async fn history(
        &self,
        handle: &Handle,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Step>, StoreError> {
        history::read(&self.client().await?, handle, after, limit).await
    }

    async fn over(&self, now: UnixTime, limit: usize) -> Result<Vec<Handle>, StoreError> {
        history::over(&self.client().await?, now, limit).await
    }

    async fn claim(&self, limit: usize) -> Result<Vec<Task>, StoreError> {
        // A row that another server is just taking is passed over, so none waits for another.
        let sql = format!(
            "UPDATE outbox SET due_at = clock_timestamp() + $2 * interval '1 second'
             FROM handles
             WHERE handles.id = outbox.handle AND outbox.id = ANY (ARRAY(
                 SELECT id FROM outbox WHERE due_at <= clock_timestamp()
                 ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED))
             RETURNING {COLUMNS}, outbox.id, outbox.attempts"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let lease = LEASE.as_secs_f64();
        let rows = client.query(&statement, &[&count(limit), &lease]).await?;
        let mut tasks = rows.iter().map(task).collect::<Result<Vec<_>, _>>()?;
        tasks.sort_by_key(|task| task.id);
        Ok(tasks)
    }

    async fn proven(&self, id: TaskId, by: ProvenBy, at: UnixTime) -> Result<(), StoreError> {
        let client = self.client().await?;
        let sql = format!(
            "WITH done AS (DELETE FROM outbox WHERE id = $1 RETURNING handle)
             UPDATE handles SET published_at = $2, proven_by = $3, error = NULL, state = {DONE}
             FROM done WHERE handles.id = done.handle"
        );
        let statement = client.prepare_cached(&sql).await?;
        client
            .execute(&statement, &[&id.0, &signed(at.0), &prover_text(&by)])
            .await?;
        Ok(())
    }

    async fn attempt_failed(
        &self,
        id: TaskId,
        error: String,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(
                "WITH task AS (
                     UPDATE outbox SET attempts = attempts + 1,
                         due_at = clock_timestamp() + $2 * interval '1 second'
                     WHERE id = $1 RETURNING handle, attempts
                 )
                 UPDATE handles SET error = $3,
                     state = CASE WHEN uri IS NOT NULL AND task.attempts >= $4
                         THEN $5 ELSE state END
                 FROM task WHERE handles.id = task.handle",
            )
            .await?;
        let enough = i32::try_from(ATTEMPTS_UNTIL_FAILED).unwrap_or(i32::MAX);
        // The one character that its text cannot hold.
        let error = error.replace('\0', "\u{fffd}");
        let (delay, failed) = (delay.as_secs_f64(), state_text(State::Failed));
        client
            .execute(&statement, &[&id.0, &delay, &error, &enough, &failed])
            .await?;
        Ok(())
    }

    async fn serial(&self, zone: &str) -> Result<Option<u32>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT serial FROM zones WHERE name = $1";
        let statement = client.prepare_cached(sql).await?;
        let Some(row) = client.query_opt(&statement, &[&zone]).await? else {
            return Ok(None);
        };
        let serial: i64 = row.try_get(0)?;
        let unreadable = |_| super::row::unreadable("serial", serial.to_string());
        u32::try_from(serial).map(Some).map_err(unreadable)
    }

    async fn keep_serial(&self, zone: &str, serial: u32) -> Result<(), StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO zones (name, serial) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET serial = excluded.serial",
            )
            .await?;
        client
            .execute(&statement, &[&zone, &i64::from(serial)])
            .await?;
        Ok(())
    }

    async fn begin_request(
        &self,
        key: &RequestKey,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Begun, StoreError> {
        requests::begin(&mut self.client().await?, key, digest, now).await
    }

    async fn end_request(
        &self,
        key: &RequestKey,
        answer: Option<&Answer>,
    ) -> Result<(), StoreError> {
        requests::end(&self.client().await?, key, answer).await
    }

    async fn secret_of_day(&self, day: u64) -> Result<Vec<u8>, StoreError> {
        let client = self.client().await?;
        entry::salt(&client, day).await
    }

    async fn forget_events(&self, now: UnixTime) -> Result<(), StoreError> {
        let client = self.client().await?;
        let before = signed(now.0.saturating_sub(CLOCK_STEP));
        let old = "DELETE FROM seen_events WHERE lapses_at < $1";
        client.execute(old, &[&before]).await?;
        requests::forget(&client, now).await?;
        let day = signed(forgotten_day(now));
        for table in ["network_salts", "network_claims"] {
            let sql = format!("DELETE FROM {table} WHERE day <= $1");
            client.execute(&sql, &[&day]).await?;
        }
        // Nothing waits so long, unless the database's clock was ahead and is right again.
        let stray = "UPDATE outbox SET due_at = clock_timestamp()
            WHERE due_at > clock_timestamp() + interval '1 hour'";
        client.execute(stray, &[]).await?;
        Ok(())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let client = self.client().await?;
        // A standby answers questions and takes no changes.
        let sql = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean";
        let row = client.query_one(sql, &[]).await?;
        if row.try_get(0)? {
            return Err(StoreError::ReadOnly);
        }
        Ok(())
    }

    fn bells(&self) -> Bells {
        self.bell.bells()
    }
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
