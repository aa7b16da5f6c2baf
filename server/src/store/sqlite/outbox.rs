//! What has still to be brought into DNS.

use payname_api::{ProvenBy, State};
use payname_resolver::UnixTime;
use rusqlite::{Connection, Row, named_params, params};

use crate::store::{
    ATTEMPTS_UNTIL_FAILED, StoreError, Task, TaskId,
    row::{COLUMN_COUNT, COLUMNS, DONE, prover_text, registration, state_text},
};

/// These tasks, and up to `room` after the one that was seen last; in the order in which they were committed.
pub(super) fn tasks(
    connection: &Connection,
    again: &[TaskId],
    seen: TaskId,
    room: usize,
) -> Result<Vec<Task>, StoreError> {
    let select = format!(
        "SELECT {COLUMNS}, outbox.id, outbox.attempts
         FROM outbox JOIN handles ON handles.id = outbox.handle"
    );
    let one = format!("{select} WHERE outbox.id = ?1");
    let new = format!("{select} WHERE outbox.id > ?1 ORDER BY outbox.id LIMIT ?2");
    let mut tasks = Vec::new();
    let mut statement = connection.prepare_cached(&one)?;
    for id in again {
        // One that is gone was replaced by a newer one.
        let mut rows = statement.query_and_then([id.0], task)?;
        tasks.extend(rows.next().transpose()?);
    }
    let mut statement = connection.prepare_cached(&new)?;
    let rows = statement.query_and_then(params![seen.0, room], task)?;
    tasks.extend(rows.collect::<Result<Vec<_>, _>>()?);
    tasks.sort_by_key(|task| task.id);
    Ok(tasks)
}

/// A registration, followed by the task's own columns.
fn task(row: &Row<'_>) -> Result<Task, StoreError> {
    Ok(Task {
        registration: registration(row)?,
        id: TaskId(row.get(COLUMN_COUNT)?),
        attempts: row.get("attempts")?,
    })
}

/// Takes a task out, as proven.
pub(super) fn end(
    connection: &Connection,
    id: TaskId,
    by: &ProvenBy,
    at: UnixTime,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE handles SET published_at = ?2, proven_by = ?3, error = NULL, state = {DONE}
         WHERE id = (SELECT handle FROM outbox WHERE id = ?1)"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement.execute(params![id.0, at.0, prover_text(by)])?;
    let done = "DELETE FROM outbox WHERE id = ?1";
    connection.prepare_cached(done)?.execute([id.0])?;
    Ok(())
}

/// Counts an attempt in vain, and notes why it was.
pub(super) fn count_attempt(
    connection: &Connection,
    id: TaskId,
    error: &str,
) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1",
        [id.0],
    )?;
    connection.execute(
        "UPDATE handles SET error = :error,
             state = CASE WHEN uri IS NOT NULL AND outbox.attempts >= :enough
                 THEN :failed ELSE state END
         FROM outbox WHERE outbox.handle = handles.id AND outbox.id = :id",
        named_params! {
            ":id": id.0,
            ":error": error,
            ":enough": ATTEMPTS_UNTIL_FAILED,
            ":failed": state_text(State::Failed),
        },
    )?;
    Ok(())
}
