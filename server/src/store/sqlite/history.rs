//! What the history tells, and whose time is over.

use payname_resolver::{Handle, UnixTime};
use rusqlite::{Connection, Row, params};

use crate::{
    key::OwnerKey,
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
        step.kept, step.event, step.consent, past.owner, past.uri, handles.user,
        step.nostr
    FROM handles
    JOIN history AS step ON step.handle = handles.id
    LEFT JOIN history AS past ON past.handle = handles.id AND past.version = step.version - 1";

/// Steps of a name, with what was before each.
pub(super) fn read(
    connection: &Connection,
    handle: &Handle,
    after: u64,
    limit: usize,
) -> Result<Vec<Step>, StoreError> {
    let sql = format!(
        "{STEP} WHERE handles.domain = ?1 AND handles.user = ?2 AND step.version > ?3
         ORDER BY step.version LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let values = params![handle.domain(), handle.user(), after, limit];
    let rows = statement.query_and_then(values, step)?;
    rows.collect()
}

pub(super) fn step(row: &Row<'_>) -> Result<Step, StoreError> {
    let (version, word): (u64, Option<String>) = (row.get(0)?, row.get(1)?);
    let owner = OwnerKey(row.get(5)?);
    let (uri, old_uri): (Option<String>, Option<String>) = (row.get(6)?, row.get(11)?);
    let signer = row.get::<_, Option<[u8; 32]>>(2)?.map(OwnerKey);
    Ok(Step {
        version,
        author: author(word.is_some(), signer, row.get(3)?, owner),
        deed: deed(word, version, uri.as_deref(), old_uri.as_deref())?,
        at: UnixTime(row.get(4)?),
        owner,
        uri,
        kept: row.get(7)?,
        nostr: nostr_from(row.get(13)?)?,
        old_owner: row.get::<_, Option<[u8; 32]>>(10)?.map(OwnerKey),
        old_uri,
        events: events(row.get(8)?, row.get(9)?),
    })
}

/// Names whose time is over.
pub(super) fn over(
    connection: &Connection,
    now: UnixTime,
    limit: usize,
) -> Result<Vec<Handle>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT domain, user FROM handles
         WHERE expires_at <= ?1 AND state NOT IN ('removing', 'removed', 'expiring', 'expired')
         ORDER BY expires_at LIMIT ?2",
    )?;
    let rows = statement.query_and_then(params![now.0, limit], |row| {
        let (domain, user): (String, String) = (row.get(0)?, row.get(1)?);
        Handle::new(&user, &domain).map_err(|_| unreadable("name", format!("{user}@{domain}")))
    })?;
    rows.collect()
}
