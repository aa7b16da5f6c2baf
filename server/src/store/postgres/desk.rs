//! What operators keep in PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use payname_resolver::{Handle, UnixTime};
use tokio_postgres::{Row, types::ToSql};

use super::{
    Postgres, count,
    entry::{INVITE, invite},
    history::{STEP, step},
    row::{COLUMNS, registration, signed, time, unsigned},
};
use crate::{
    registration::{Invite, InviteHash, Registration, Step},
    store::{
        OperatorStore, StoreError,
        operator::LAST_USE,
        row::{scopes_from, scopes_text, unreadable},
    },
    tokens::{Act, OperatorToken, TokenHash},
};

const TOKEN: &str =
    "SELECT name, hash, scopes, domain, created_at, expires_at, revoked_at, last_used_at
    FROM operator_tokens";

impl Postgres {
    /// Makes one change, and notes it in the audit log if it was one.
    async fn noted(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        act: &Act,
    ) -> Result<bool, StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let made = transaction.execute(sql, values).await? > 0;
        if made {
            write_act(&transaction, act).await?;
        }
        transaction.commit().await?;
        Ok(made)
    }
}

#[async_trait]
impl OperatorStore for Postgres {
    async fn add_invite(&self, new: Invite, act: Act) -> Result<(), StoreError> {
        let sql = "INSERT INTO invites (hash, domain, note, uses, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let end = new.expires_at.map(|at| signed(at.0));
        let values: [&(dyn ToSql + Sync); 6] = [
            &new.hash.0.as_slice(),
            &new.domain,
            &new.note,
            &i64::from(new.uses),
            &signed(new.created_at.0),
            &end,
        ];
        self.noted(sql, &values, &act).await.map(|_| ())
    }

    async fn invites(&self) -> Result<Vec<Invite>, StoreError> {
        let sql = format!("{INVITE} ORDER BY created_at, hash");
        let client = self.client().await?;
        let rows = client.query(&sql, &[]).await?;
        rows.iter().map(invite).collect()
    }

    async fn revoke_invite(&self, hash: InviteHash, act: Act) -> Result<bool, StoreError> {
        let sql = "UPDATE invites SET revoked = true WHERE hash = $1";
        self.noted(sql, &[&hash.0.as_slice()], &act).await
    }

    async fn add_token(&self, new: OperatorToken, act: Act) -> Result<bool, StoreError> {
        let sql = "INSERT INTO operator_tokens (name, hash, scopes, domain, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING";
        let values: [&(dyn ToSql + Sync); 6] = [
            &new.name,
            &new.hash.0.as_slice(),
            &scopes_text(&new.scopes),
            &new.domain,
            &signed(new.created_at.0),
            &new.expires_at.map(|at| signed(at.0)),
        ];
        self.noted(sql, &values, &act).await
    }

    async fn tokens(&self) -> Result<Vec<OperatorToken>, StoreError> {
        let client = self.client().await?;
        let rows = client.query(&format!("{TOKEN} ORDER BY name"), &[]).await?;
        rows.iter().map(token).collect()
    }

    async fn revoke_token(&self, name: &str, act: Act) -> Result<bool, StoreError> {
        let sql =
            "UPDATE operator_tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL";
        self.noted(sql, &[&name, &signed(act.at.0)], &act).await
    }

    async fn use_token(
        &self,
        hash: TokenHash,
        at: UnixTime,
    ) -> Result<Option<OperatorToken>, StoreError> {
        let client = self.client().await?;
        let statement = client
            .prepare_cached(&format!("{TOKEN} WHERE hash = $1"))
            .await?;
        let row = client.query_opt(&statement, &[&hash.0.as_slice()]).await?;
        let found = row.as_ref().map(token).transpose()?;
        let stale = |token: &OperatorToken| {
            token
                .last_used_at
                .is_none_or(|last| last.until(at) >= LAST_USE)
        };
        if found
            .as_ref()
            .is_some_and(|token| token.is_good(at) && stale(token))
        {
            let sql = "UPDATE operator_tokens SET last_used_at = $2 WHERE hash = $1";
            let values: [&(dyn ToSql + Sync); 2] = [&hash.0.as_slice(), &signed(at.0)];
            client.execute(sql, &values).await?;
        }
        Ok(found)
    }

    async fn record(&self, act: Act) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        write_act(&transaction, &act).await?;
        Ok(transaction.commit().await?)
    }

    async fn acts(&self, after: i64, limit: usize) -> Result<Vec<(i64, Act)>, StoreError> {
        let client = self.client().await?;
        let sql =
            "SELECT id, at, actor, deed, subject FROM audit WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = client.query(sql, &[&after, &count(limit)]).await?;
        let act = |row: &Row| {
            let act = Act {
                at: UnixTime(unsigned(row, 1)?),
                actor: row.try_get(2)?,
                deed: row.try_get(3)?,
                subject: row.try_get(4)?,
            };
            Ok((row.try_get(0)?, act))
        };
        rows.iter().map(act).collect()
    }

    async fn names(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles WHERE domain = $1 AND username > $2
             ORDER BY username LIMIT $3"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let (after, limit) = (after.unwrap_or_default(), count(limit));
        let rows = client.query(&statement, &[&domain, &after, &limit]).await?;
        rows.iter().map(registration).collect()
    }

    async fn awaiting(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles
             WHERE state = 'awaiting' AND domain = $1 AND username > $2
             ORDER BY username LIMIT $3"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let (after, limit) = (after.unwrap_or_default(), count(limit));
        let rows = client.query(&statement, &[&domain, &after, &limit]).await?;
        rows.iter().map(registration).collect()
    }

    async fn all_history(
        &self,
        domain: &str,
        (user, version): (&str, u64),
        limit: usize,
    ) -> Result<Vec<(Handle, Step)>, StoreError> {
        let sql = format!(
            "{STEP} WHERE handles.domain = $1 AND handles.username >= $2
                 AND (handles.username, step.version) > ($2, $3)
             ORDER BY handles.username, step.version LIMIT $4"
        );
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let values: [&(dyn ToSql + Sync); 4] = [&domain, &user, &signed(version), &count(limit)];
        let rows = client.query(&statement, &values).await?;
        let told = |row: &Row| {
            let user: &str = row.try_get(12)?;
            let handle = Handle::new(user, domain);
            let handle = handle.map_err(|_| unreadable("name", user.to_owned()))?;
            Ok((handle, step(row)?))
        };
        rows.iter().map(told).collect()
    }
}

/// Writes into the audit log.
pub(super) async fn write_act(
    transaction: &Transaction<'_>,
    act: &Act,
) -> Result<(), tokio_postgres::Error> {
    let sql = "INSERT INTO audit (at, actor, deed, subject) VALUES ($1, $2, $3, $4)";
    let statement = transaction.prepare_cached(sql).await?;
    let values: [&(dyn ToSql + Sync); 4] = [&signed(act.at.0), &act.actor, &act.deed, &act.subject];
    transaction.execute(&statement, &values).await?;
    Ok(())
}

fn token(row: &Row) -> Result<OperatorToken, StoreError> {
    let hash: &[u8] = row.try_get(1)?;
    let hash = hash.try_into().map(TokenHash);
    Ok(OperatorToken {
        name: row.try_get(0)?,
        hash: hash.map_err(|_| unreadable("hash", String::new()))?,
        scopes: scopes_from(row.try_get(2)?)?,
        domain: row.try_get(3)?,
        created_at: UnixTime(unsigned(row, 4)?),
        expires_at: time(row, 5)?,
        revoked_at: time(row, 6)?,
        last_used_at: time(row, 7)?,
    })
}
