//! What a claim is judged by, and what it uses up, in its transaction.

use deadpool_postgres::{GenericClient, Transaction};
use payname_resolver::UnixTime;
use tokio_postgres::{Client, Row, types::ToSql};

use super::row::{key, signed, time, unsigned};
use crate::{
    key::OwnerKey,
    registration::{By, Change, Facts, Invite, InviteHash, Neighbour, lies_under, skeleton_of},
    store::{
        StoreError,
        entry::{Kin, RECKONED, counted, day, mark},
        row::unreadable,
    },
};

const NEIGHBOUR: &str = "SELECT owner, suspended, free_at FROM handles";

/// What a change takes its turn for, in one order everywhere: whoever could come to another judgement by it
/// waits. A name and all that look like it, or lie above or below it, have one in common.
pub(super) fn turns(change: &Change) -> Vec<String> {
    let (domain, user) = (change.handle.domain(), change.handle.user());
    let looks = |name: &str| format!("{}@{domain}", skeleton_of(name));
    let mut turns = vec![looks(user), looks(lies_under(user).unwrap_or(user))];
    if let By::Key(signed) = &change.by
        && change.entry.rules.names_per_key.is_some()
    {
        turns.push(signed.owner.to_string());
    }
    turns.sort();
    turns.dedup();
    turns
}

/// What the database knows that a claim is judged by.
pub(super) async fn facts(
    transaction: &Transaction<'_>,
    change: &Change,
    owner: OwnerKey,
) -> Result<Facts, StoreError> {
    let (kin, domain, user) = (
        Kin::of(change),
        change.handle.domain(),
        change.handle.user(),
    );
    let find = async |condition: &str, values: &[&(dyn ToSql + Sync)]| {
        let sql = format!("{NEIGHBOUR} WHERE {condition}");
        let statement = transaction.prepare_cached(&sql).await?;
        let rows = transaction.query(&statement, values).await?;
        rows.iter()
            .map(neighbour)
            .collect::<Result<Vec<_>, StoreError>>()
    };
    let twins = "domain = $1 AND skeleton = $2 AND username <> $3";
    let near = "domain = $1 AND (username = ANY ($2)
        OR under = $3 AND right(username, length($4)) = $4)";
    let like: [&(dyn ToSql + Sync); 3] = [&domain, &kin.skeleton, &user];
    let around: [&(dyn ToSql + Sync); 4] = [&domain, &kin.above, &kin.last, &kin.suffix];
    let (twins, kin) = tokio::try_join!(find(twins, &like), find(near, &around))?;
    let mut facts = Facts {
        twins,
        kin,
        ..Facts::default()
    };
    if change.entry.rules.names_per_key.is_some() {
        let sql = "SELECT count(*) FROM handles
            WHERE domain = $1 AND owner = $2 AND (free_at IS NULL OR free_at > $3)";
        let statement = transaction.prepare_cached(sql).await?;
        let (owner, at) = (owner.0.as_slice(), signed(change.at.0));
        let row = transaction
            .query_one(&statement, &[&domain, &owner, &at])
            .await?;
        facts.of_key = number(&row, 0)?;
    }
    if let Some(hash) = change.entry.invite {
        // Held until the end: of two who bring the last use, one waits and then comes too late.
        let sql = format!("{INVITE} WHERE hash = $1 FOR UPDATE");
        let statement = transaction.prepare_cached(&sql).await?;
        let row = transaction
            .query_opt(&statement, &[&hash.0.as_slice()])
            .await?;
        facts.invite = row.as_ref().map(invite).transpose()?;
    }
    if let Some(mark) = network_mark(transaction, change).await? {
        // Counted at once, so that others from there wait; a refusal takes it back.
        let sql = "INSERT INTO network_claims (day, mark, claims) VALUES ($1, $2, 1)
            ON CONFLICT (day, mark) DO UPDATE SET claims = network_claims.claims + 1
            RETURNING claims - 1";
        let statement = transaction.prepare_cached(sql).await?;
        let values: [&(dyn ToSql + Sync); 2] = [&signed(day(change.at)), &mark.as_slice()];
        let row = transaction.query_one(&statement, &values).await?;
        facts.of_network = number(&row, 0)?;
    }
    Ok(facts)
}

/// Uses up what an admitted claim takes.
pub(super) async fn settle(
    transaction: &Transaction<'_>,
    change: &Change,
) -> Result<(), StoreError> {
    if let Some(hash) = change.redeems() {
        let sql = "UPDATE invites SET used = used + 1 WHERE hash = $1";
        let statement = transaction.prepare_cached(sql).await?;
        transaction
            .execute(&statement, &[&hash.0.as_slice()])
            .await?;
    }
    Ok(())
}

/// Reckons what names look like that were given before that was kept.
pub(super) async fn reckon(client: &Client) -> Result<(), tokio_postgres::Error> {
    loop {
        let sql = "SELECT id, username FROM handles WHERE skeleton IS NULL ORDER BY id LIMIT $1";
        let limit = i64::try_from(RECKONED).unwrap_or(i64::MAX);
        let rows = client.query(sql, &[&limit]).await?;
        let (mut ids, mut skeletons, mut unders) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (id, user): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
            ids.push(id);
            skeletons.push(skeleton_of(user));
            unders.push(lies_under(user));
        }
        let sql = "UPDATE handles SET skeleton = reckoned.skeleton, under = reckoned.under
            FROM unnest($1::bigint[], $2::text[], $3::text[]) AS reckoned (id, skeleton, under)
            WHERE handles.id = reckoned.id";
        client.execute(sql, &[&ids, &skeletons, &unders]).await?;
        if rows.len() < RECKONED {
            return Ok(());
        }
    }
}

async fn network_mark(
    transaction: &Transaction<'_>,
    change: &Change,
) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(network) = counted(change) else {
        return Ok(None);
    };
    let salt = salt(transaction, day(change.at)).await?;
    Ok(Some(mark(&salt, network)))
}

/// The salt of a day, made when it is first asked for.
pub(super) async fn salt(client: &impl GenericClient, day: u64) -> Result<Vec<u8>, StoreError> {
    let day = signed(day);
    // Two random UUIDs have 244 random bits, of the database's own generator.
    let new = "INSERT INTO network_salts (day, salt)
        VALUES ($1, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
        ON CONFLICT DO NOTHING";
    let statement = client.prepare_cached(new).await?;
    client.execute(&statement, &[&day]).await?;
    let sql = "SELECT salt FROM network_salts WHERE day = $1";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_one(&statement, &[&day]).await?;
    Ok(row.try_get(0)?)
}

/// What [`invite`] reads.
pub(super) const INVITE: &str =
    "SELECT hash, domain, note, uses, used, created_at, expires_at, revoked FROM invites";

pub(super) fn invite(row: &Row) -> Result<Invite, StoreError> {
    let hash: &[u8] = row.try_get(0)?;
    let hash = hash.try_into().map(InviteHash);
    Ok(Invite {
        hash: hash.map_err(|_| unreadable("hash", String::new()))?,
        domain: row.try_get(1)?,
        note: row.try_get(2)?,
        uses: number(row, 3)?,
        used: number(row, 4)?,
        created_at: UnixTime(unsigned(row, 5)?),
        expires_at: time(row, 6)?,
        revoked: row.try_get(7)?,
    })
}

fn neighbour(row: &Row) -> Result<Neighbour, StoreError> {
    Ok(Neighbour {
        owner: key("owner", row.try_get(0)?)?,
        suspended: row.try_get(1)?,
        free_at: time(row, 2)?,
    })
}

fn number(row: &Row, column: usize) -> Result<u32, StoreError> {
    Ok(u32::try_from(unsigned(row, column)?).unwrap_or(u32::MAX))
}
