//! What the history tells, and whose time is over.

use deadpool_postgres::Object;
use payname_resolver::{Handle, UnixTime};
use tokio_postgres::Row;

use super::{
    count,
    row::{key, signed, unsigned},
};
use crate::{
    registration::Step,
    store::{
        StoreError,
        evidence::{author, deed, events},
        row::{nostr_from, unreadable},
    },
};

/// What [`step`] reads, with the user.
pub(super) const STEP: &str = "
    SELECT step.version, step.deed, step.signer, step.operator, step.at, step.owner, step.uri,
        step.kept, step.event, step.consent, past.owner, past.uri, handles.username,
        step.nostr
    FROM handles
    JOIN history AS step ON step.handle = handles.id
    LEFT JOIN history AS past ON past.handle = handles.id AND past.version = step.version - 1";

/// Steps of a name, with what was before each.
pub(super) async fn read(
    client: &Object,
    handle: &Handle,
    after: u64,
    limit: usize,
) -> Result<Vec<Step>, StoreError> {
    let sql = format!(
        "{STEP} WHERE handles.domain = $1 AND handles.username = $2 AND step.version > $3
         ORDER BY step.version LIMIT $4"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (domain, user) = (handle.domain(), handle.user());
    let rows = client
        .query(&statement, &[&domain, &user, &signed(after), &count(limit)])
        .await?;
    rows.iter().map(step).collect()
}

pub(super) fn step(row: &Row) -> Result<Step, StoreError> {
    let (version, word): (u64, Option<String>) = (unsigned(row, 0)?, row.try_get(1)?);
    let owner = key("owner", row.try_get(5)?)?;
    let (uri, old_uri): (Option<String>, Option<String>) = (row.try_get(6)?, row.try_get(11)?);
    let signer: Option<&[u8]> = row.try_get(2)?;
    let signer = signer.map(|bytes| key("signer", bytes)).transpose()?;
    let old_owner: Option<&[u8]> = row.try_get(10)?;
    Ok(Step {
        version,
        author: author(word.is_some(), signer, row.try_get(3)?, owner),
        deed: deed(word, version, uri.as_deref(), old_uri.as_deref())?,
        at: UnixTime(unsigned(row, 4)?),
        owner,
        uri,
        kept: row.try_get(7)?,
        nostr: nostr_from(row.try_get(13)?)?,
        old_owner: old_owner.map(|bytes| key("owner", bytes)).transpose()?,
        old_uri,
        events: events(row.try_get(8)?, row.try_get(9)?),
    })
}

/// Names whose time is over.
pub(super) async fn over(
    client: &Object,
    now: UnixTime,
    limit: usize,
) -> Result<Vec<Handle>, StoreError> {
    let sql = "
        SELECT domain, username FROM handles
        WHERE expires_at <= $1 AND state NOT IN ('removing', 'removed', 'expiring', 'expired')
        ORDER BY expires_at LIMIT $2";
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(&statement, &[&signed(now.0), &count(limit)])
        .await?;
    let handle = |row: &Row| {
        let (domain, user): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        Handle::new(user, domain).map_err(|_| unreadable("name", format!("{user}@{domain}")))
    };
    rows.iter().map(handle).collect()
}
