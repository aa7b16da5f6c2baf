//! What operators keep in SQLite.

use async_trait::async_trait;
use payname_resolver::{Handle, UnixTime};
use rusqlite::{Connection, Row, params};

use super::{
    Sqlite,
    entry::{INVITE, invite},
    history::{STEP, step},
};
use crate::{
    registration::{Invite, InviteHash, Registration, Step},
    store::{
        OperatorStore, StoreError,
        operator::LAST_USE,
        row::{COLUMNS, registration, scopes_from, scopes_text, unreadable},
    },
    tokens::{Act, OperatorToken, TokenHash},
};

const TOKEN: &str =
    "SELECT name, hash, scopes, domain, created_at, expires_at, revoked_at, last_used_at
    FROM operator_tokens";

#[async_trait]
impl OperatorStore for Sqlite {
    async fn add_invite(&self, new: Invite, act: Act) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT INTO invites (hash, domain, note, uses, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    new.hash.0,
                    new.domain,
                    new.note,
                    new.uses,
                    new.created_at.0,
                    new.expires_at.map(|at| at.0),
                ],
            )?;
            write_act(connection, &act)
        })
        .await
    }

    async fn invites(&self) -> Result<Vec<Invite>, StoreError> {
        self.read(|connection| {
            let sql = format!("{INVITE} ORDER BY created_at, hash");
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map([], invite)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_invite(&self, hash: InviteHash, act: Act) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let sql = "UPDATE invites SET revoked = 1 WHERE hash = ?1";
            let found = connection.execute(sql, [hash.0])? > 0;
            if found {
                write_act(connection, &act)?;
            }
            Ok(found)
        })
        .await
    }

    async fn add_token(&self, new: OperatorToken, act: Act) -> Result<bool, StoreError> {
        self.write(move |connection| {
            let added = connection.execute(
                "INSERT INTO operator_tokens (name, hash, scopes, domain, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO NOTHING",
                params![
                    new.name,
                    new.hash.0,
                    scopes_text(&new.scopes),
                    new.domain,
                    new.created_at.0,
                    new.expires_at.map(|at| at.0),
                ],
            )? > 0;
            if added {
                write_act(connection, &act)?;
            }
            Ok(added)
        })
        .await
    }

    async fn tokens(&self) -> Result<Vec<OperatorToken>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare(&format!("{TOKEN} ORDER BY name"))?;
            let rows = statement.query_and_then([], token)?;
            rows.collect()
        })
        .await
    }

    async fn revoke_token(&self, name: &str, act: Act) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let sql = "UPDATE operator_tokens SET revoked_at = ?2
                WHERE name = ?1 AND revoked_at IS NULL";
            let found = connection.execute(sql, params![name, act.at.0])? > 0;
            if found {
                write_act(connection, &act)?;
            }
            Ok(found)
        })
        .await
    }

    async fn use_token(
        &self,
        hash: TokenHash,
        at: UnixTime,
    ) -> Result<Option<OperatorToken>, StoreError> {
        let found = self
            .read(move |connection| {
                let mut statement =
                    connection.prepare_cached(&format!("{TOKEN} WHERE hash = ?1"))?;
                let mut rows = statement.query_and_then([hash.0], token)?;
                rows.next().transpose()
            })
            .await?;
        let stale = |token: &OperatorToken| {
            token
                .last_used_at
                .is_none_or(|last| last.until(at) >= LAST_USE)
        };
        if found
            .as_ref()
            .is_some_and(|token| token.is_good(at) && stale(token))
        {
            self.write(move |connection| {
                let sql = "UPDATE operator_tokens SET last_used_at = ?2 WHERE hash = ?1";
                connection.execute(sql, params![hash.0, at.0])?;
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        Ok(found)
    }

    async fn record(&self, act: Act) -> Result<(), StoreError> {
        self.write(move |connection| write_act(connection, &act))
            .await
    }

    async fn acts(&self, after: i64, limit: usize) -> Result<Vec<(i64, Act)>, StoreError> {
        self.read(move |connection| {
            let sql = "SELECT id, at, actor, deed, subject FROM audit
                WHERE id > ?1 ORDER BY id LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, limit], |row| {
                let act = Act {
                    at: UnixTime(row.get(1)?),
                    actor: row.get(2)?,
                    deed: row.get(3)?,
                    subject: row.get(4)?,
                };
                Ok((row.get(0)?, act))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn names(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles WHERE domain = ?1 AND user > ?2 ORDER BY user LIMIT ?3"
        );
        let (domain, after) = (domain.to_owned(), after.unwrap_or_default().to_owned());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![domain, after, limit], registration)?;
            rows.collect()
        })
        .await
    }

    async fn awaiting(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM handles
             WHERE state = 'awaiting' AND domain = ?1 AND user > ?2 ORDER BY user LIMIT ?3"
        );
        let (domain, after) = (domain.to_owned(), after.unwrap_or_default().to_owned());
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![domain, after, limit], registration)?;
            rows.collect()
        })
        .await
    }

    async fn all_history(
        &self,
        domain: &str,
        (user, version): (&str, u64),
        limit: usize,
    ) -> Result<Vec<(Handle, Step)>, StoreError> {
        let sql = format!(
            "{STEP} WHERE handles.domain = ?1 AND handles.user >= ?2
                 AND (handles.user, step.version) > (?2, ?3)
             ORDER BY handles.user, step.version LIMIT ?4"
        );
        let (domain, user) = (domain.to_owned(), user.to_owned());
        let version = i64::try_from(version).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let values = params![domain, user, version, limit];
            let rows = statement.query_and_then(values, |row| {
                let user: String = row.get(12)?;
                let handle = Handle::new(&user, &domain);
                let handle = handle.map_err(|_| unreadable("name", user))?;
                Ok((handle, step(row)?))
            })?;
            rows.collect()
        })
        .await
    }
}

/// Writes into the audit log.
pub(super) fn write_act(connection: &Connection, act: &Act) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (at, actor, deed, subject) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![act.at.0, act.actor, act.deed, act.subject])?;
    Ok(())
}

fn token(row: &Row<'_>) -> Result<OperatorToken, StoreError> {
    let time = |column: usize| {
        let time: Option<u64> = row.get(column)?;
        Ok::<_, StoreError>(time.map(UnixTime))
    };
    Ok(OperatorToken {
        name: row.get(0)?,
        hash: TokenHash(row.get(1)?),
        scopes: scopes_from(row.get(2)?)?,
        domain: row.get(3)?,
        created_at: UnixTime(row.get(4)?),
        expires_at: time(5)?,
        revoked_at: time(6)?,
        last_used_at: time(7)?,
    })
}
