//! Requests that are to be done once, whichever server they come to.

use deadpool_postgres::{Object, Transaction};
use payname_resolver::UnixTime;

use super::row::{signed, unsigned};
use crate::store::{
    StoreError,
    requests::{Answer, Begun, KEPT, Remembered, RequestKey},
};

const ANSWER: &str = "UPDATE requests SET answer = $3 WHERE signer = $1 AND key = $2";

/// Remembers a request, unless it is known.
pub(super) async fn begin(
    client: &mut Object,
    key: &RequestKey,
    digest: &[u8; 32],
    now: UnixTime,
) -> Result<Begun, StoreError> {
    let transaction = client.transaction().await?;
    let insert = "INSERT INTO requests (signer, key, digest, begun_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    let insert = transaction.prepare_cached(insert).await?;
    let (signer, name, digest_bytes) = (&key.signer[..], &key.key, &digest[..]);
    let at = signed(now.0);
    let new = transaction
        .execute(&insert, &[&signer, name, &digest_bytes, &at])
        .await?;
    if new == 1 {
        transaction.commit().await?;
        return Ok(Begun::Now);
    }
    // Two servers that find a request abandoned at the same moment: the second waits here, and sees it taken.
    let select =
        "SELECT digest, begun_at, answer FROM requests WHERE signer = $1 AND key = $2 FOR UPDATE";
    let select = transaction.prepare_cached(select).await?;
    let row = transaction.query_opt(&select, &[&signer, name]).await?;
    let Some(row) = row else {
        // Forgotten just now; whoever asks again begins it.
        return Ok(Begun::UnderWay);
    };
    let found = Remembered {
        digest: row.try_get(0)?,
        begun_at: UnixTime(unsigned(&row, 1)?),
        answer: row.try_get(2)?,
    };
    let begun = found.judge(digest, now);
    if begun == Begun::Now {
        let again = "UPDATE requests SET digest = $3, begun_at = $4, answer = NULL
            WHERE signer = $1 AND key = $2";
        let again = transaction.prepare_cached(again).await?;
        transaction
            .execute(&again, &[&signer, name, &digest_bytes, &at])
            .await?;
    }
    transaction.commit().await?;
    Ok(begun)
}

/// Remembers what is answered to a request that was begun, with the change that it asked for.
pub(super) async fn answer(
    transaction: &Transaction<'_>,
    key: &RequestKey,
    json: &str,
) -> Result<(), StoreError> {
    let statement = transaction.prepare_cached(ANSWER).await?;
    // The one character that its text cannot hold cannot stand in JSON as it is.
    let signer = &key.signer[..];
    transaction
        .execute(&statement, &[&signer, &key.key, &json])
        .await?;
    Ok(())
}

/// Remembers what was answered; without an answer, forgets the request.
pub(super) async fn end(
    client: &Object,
    key: &RequestKey,
    answer: Option<&Answer>,
) -> Result<(), StoreError> {
    let signer = &key.signer[..];
    match answer.and_then(|answer| serde_json::to_string(answer).ok()) {
        Some(json) => {
            let statement = client.prepare_cached(ANSWER).await?;
            client
                .execute(&statement, &[&signer, &key.key, &json])
                .await?;
        }
        None => {
            let sql = "DELETE FROM requests WHERE signer = $1 AND key = $2";
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, &[&signer, &key.key]).await?;
        }
    }
    Ok(())
}

/// Forgets requests whose answers are not kept any more.
pub(super) async fn forget(client: &Object, now: UnixTime) -> Result<(), StoreError> {
    let before = signed(now.0.saturating_sub(KEPT));
    let sql = "DELETE FROM requests WHERE begun_at < $1";
    client.execute(sql, &[&before]).await?;
    Ok(())
}
