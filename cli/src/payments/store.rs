//! Intents on the disk: SQLite, written through before anything acts on them.

use std::path::{Path, PathBuf};

use payname_resolver::{Amount, Handle, UnixTime};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Intent, IntentId, NewIntent, State};
use crate::{
    files,
    node::{Outcome, PaymentId, Settlement},
};

/// The layout of the database that this program writes.
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE intents (
    id           TEXT PRIMARY KEY NOT NULL,
    handle       TEXT NOT NULL,
    uri          TEXT NOT NULL,
    proof        BLOB NOT NULL,
    offer        TEXT NOT NULL,
    amount_msat  INTEGER NOT NULL CHECK (amount_msat > 0),
    max_fee_msat INTEGER NOT NULL,
    note         TEXT,
    network      TEXT NOT NULL,
    intended_at  INTEGER NOT NULL,
    state        TEXT NOT NULL
                 CHECK (state IN ('intended', 'sending', 'sent', 'settled', 'failed', 'unknown')),
    payment_id   TEXT UNIQUE,
    payment_hash TEXT,
    preimage     TEXT,
    fee_msat     INTEGER,
    failure      TEXT,
    ended_at     INTEGER,
    CHECK (state <> 'settled' OR (preimage IS NOT NULL AND payment_hash IS NOT NULL))
) STRICT;
CREATE INDEX intents_by_handle ON intents (handle, state);
";

/// The payments of one data folder.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens `payments.db` in `folder`, or makes it.
    ///
    /// # Errors
    /// The file cannot be used, or a newer program made it.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("payments.db");
        files::make_private_folder(folder).map_err(|cause| StoreError::Folder {
            path: folder.to_owned(),
            cause,
        })?;
        let connection = Connection::open(&path).map_err(|cause| StoreError::Database {
            path: path.clone(),
            cause,
        })?;
        let store = Self { connection, path };
        store.set_up()?;
        Ok(store)
    }

    fn set_up(&self) -> Result<(), StoreError> {
        let run = |sql: &str| {
            self.connection
                .execute_batch(sql)
                .map_err(|e| self.failed(e))
        };
        // FULL: an intent is on the disk, not in a cache, before a node hears of it.
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
        let version: i64 = self
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|error| self.failed(error))?;
        match version {
            0 => run(&format!(
                "BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            )),
            VERSION => Ok(()),
            newer => Err(StoreError::Newer {
                path: self.path.clone(),
                version: newer,
            }),
        }
    }

    /// Writes a new intent. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// The database cannot be written; nothing may be paid then.
    pub fn insert(&self, intent: &NewIntent) -> Result<(), StoreError> {
        let sql = "INSERT INTO intents (id, handle, uri, proof, offer, amount_msat, max_fee_msat, \
                   note, network, intended_at, state) VALUES (:id, :handle, :uri, :proof, :offer, \
                   :amount, :max_fee, :note, :network, :intended_at, 'intended')";
        let written = self.connection.execute(
            sql,
            named_params! {
                ":id": intent.id.as_str(),
                ":handle": intent.handle.as_str(),
                ":uri": intent.uri,
                ":proof": intent.proof,
                ":offer": intent.offer,
                ":amount": signed(intent.amount.msat()),
                ":max_fee": signed(intent.max_fee.msat()),
                ":note": intent.note,
                ":network": intent.network,
                ":intended_at": signed(intent.intended_at.0),
            },
        );
        written.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Notes that the intent is about to be handed to the node.
    ///
    /// # Errors
    /// The database cannot be written; it must not be handed over then.
    pub fn mark_sending(&self, id: &IntentId) -> Result<(), StoreError> {
        self.update(
            "UPDATE intents SET state = 'sending' WHERE id = ?1",
            (id.as_str(),),
        )
    }

    /// Notes the node's id for the payment.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn mark_sent(&self, id: &IntentId, payment: &PaymentId) -> Result<(), StoreError> {
        self.update(
            "UPDATE intents SET state = 'sent', payment_id = ?2 WHERE id = ?1",
            (id.as_str(), payment.0.as_str()),
        )
    }

    /// Notes what became of the payment.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn finish(
        &self,
        id: &IntentId,
        outcome: &Outcome,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        match outcome {
            Outcome::Settled(settled) => self.update(
                "UPDATE intents SET state = 'settled', payment_hash = ?2, preimage = ?3, \
                 fee_msat = ?4, failure = NULL, ended_at = ?5 WHERE id = ?1",
                (
                    id.as_str(),
                    settled.payment_hash.as_str(),
                    settled.preimage.as_str(),
                    settled.fee_msat.map(signed),
                    signed(now.0),
                ),
            ),
            Outcome::Failed(reason) => self.fail(id, reason.code(), now),
            Outcome::Unknown => self.update(
                "UPDATE intents SET state = 'unknown' WHERE id = ?1",
                (id.as_str(),),
            ),
        }
    }

    /// Notes that the payment was never begun, or failed for good, for the reason named `code`.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn fail(&self, id: &IntentId, code: &str, now: UnixTime) -> Result<(), StoreError> {
        self.update(
            "UPDATE intents SET state = 'failed', failure = ?2, ended_at = ?3 WHERE id = ?1",
            (id.as_str(), code, signed(now.0)),
        )
    }

    /// The intent of that name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn intent(&self, id: &IntentId) -> Result<Option<Intent>, StoreError> {
        self.connection
            .query_row("SELECT * FROM intents WHERE id = ?1", (id.as_str(),), read)
            .optional()
            .map_err(|error| self.failed(error))
    }

    /// All intents, the newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        let read_all = || {
            let sql = "SELECT * FROM intents ORDER BY intended_at DESC, rowid DESC";
            let mut statement = self.connection.prepare(sql)?;
            statement
                .query_map([], read)?
                .collect::<Result<Vec<_>, _>>()
        };
        read_all().map_err(|error| self.failed(error))
    }

    /// The intents whose end is not known.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn unfinished(&self) -> Result<Vec<Intent>, StoreError> {
        let all = self.intents()?;
        Ok(all
            .into_iter()
            .filter(|intent| !intent.state.is_final())
            .collect())
    }

    fn update(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        match self
            .connection
            .execute(sql, values)
            .map_err(|error| self.failed(error))?
        {
            1 => Ok(()),
            _ => Err(self.failed(rusqlite::Error::QueryReturnedNoRows)),
        }
    }

    fn failed(&self, cause: rusqlite::Error) -> StoreError {
        StoreError::Database {
            path: self.path.clone(),
            cause,
        }
    }
}

/// Reads a row of `intents`.
fn read(row: &Row<'_>) -> rusqlite::Result<Intent> {
    let bad = |column: &'static str| {
        let message = format!("the column `{column}` holds something else");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, message.into())
    };
    let handle: Handle = row
        .get::<_, String>("handle")?
        .parse()
        .map_err(|_| bad("handle"))?;
    let amount = |column: &'static str| {
        let msat = u64::try_from(row.get::<_, i64>(column)?).map_err(|_| bad(column))?;
        Amount::from_msat(msat).map_err(|_| bad(column))
    };
    let number = |column: &'static str| -> rusqlite::Result<Option<u64>> {
        let number: Option<i64> = row.get(column)?;
        number
            .map(|number| u64::try_from(number).map_err(|_| bad(column)))
            .transpose()
    };
    let settlement = match (row.get("payment_hash")?, row.get("preimage")?) {
        (Some(payment_hash), Some(preimage)) => Some(Settlement {
            payment_hash,
            preimage,
            fee_msat: number("fee_msat")?,
        }),
        _ => None,
    };
    Ok(Intent {
        meant: NewIntent {
            id: row.get::<_, String>("id")?.parse().map_err(|_| bad("id"))?,
            handle,
            uri: row.get("uri")?,
            proof: row.get("proof")?,
            offer: row.get("offer")?,
            amount: amount("amount_msat")?,
            max_fee: amount("max_fee_msat")?,
            note: row.get("note")?,
            network: row.get("network")?,
            intended_at: UnixTime(number("intended_at")?.unwrap_or_default()),
        },
        state: State::from_name(&row.get::<_, String>("state")?).ok_or_else(|| bad("state"))?,
        payment_id: row.get::<_, Option<String>>("payment_id")?.map(PaymentId),
        settlement,
        failure: row.get("failure")?,
        ended_at: number("ended_at")?.map(UnixTime),
    })
}

/// SQLite's integers are signed; amounts and times are far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Why payments cannot be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("`{}`: {cause}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database cannot be used.
    #[error("`{}`: {cause}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
    /// A newer program made it.
    #[error("`{}` has layout {version}, which a newer payname wrote; use that one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its layout.
        version: i64,
    },
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::node::FailureReason;

    pub(crate) fn meant(id: u8) -> NewIntent {
        NewIntent {
            id: IntentId::new([id; 8]),
            handle: "alice@example.com".parse().unwrap(),
            uri: "bitcoin:?lno=lno1abc".to_owned(),
            proof: vec![1, 2, 3],
            offer: "lno1abc".to_owned(),
            amount: "25000sat".parse().unwrap(),
            max_fee: "300sat".parse().unwrap(),
            note: Some("thanks".to_owned()),
            network: "regtest".to_owned(),
            intended_at: UnixTime(1_786_000_000),
        }
    }

    #[test]
    fn an_intent_comes_back_as_it_was_written_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let meant = meant(1);
        Store::open(folder.path()).unwrap().insert(&meant).unwrap();
        let store = Store::open(folder.path()).unwrap();
        let found = store.intent(&meant.id).unwrap().unwrap();
        assert_eq!((found.meant, found.state), (meant, State::Intended));
        assert_eq!(store.unfinished().unwrap().len(), 1);
    }

    #[test]
    fn a_settled_payment_keeps_its_evidence_and_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let meant = meant(1);
        store.insert(&meant).unwrap();
        store.mark_sending(&meant.id).unwrap();
        store.mark_sent(&meant.id, &PaymentId("p".into())).unwrap();
        let settled = Settlement {
            payment_hash: "aa".into(),
            preimage: "bb".into(),
            fee_msat: Some(1_500),
        };
        store
            .finish(&meant.id, &Outcome::Settled(settled.clone()), UnixTime(9))
            .unwrap();
        let found = store.intent(&meant.id).unwrap().unwrap();
        assert_eq!(found.settlement, Some(settled));
        assert_eq!(
            (found.state, found.ended_at),
            (State::Settled, Some(UnixTime(9)))
        );
        assert!(store.unfinished().unwrap().is_empty());
    }

    #[test]
    fn an_unknown_payment_stays_unfinished_and_a_failed_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (first, second) = (meant(1), meant(2));
        for meant in [&first, &second] {
            store.insert(meant).unwrap();
            store.mark_sending(&meant.id).unwrap();
        }
        store
            .finish(&first.id, &Outcome::Unknown, UnixTime(9))
            .unwrap();
        store
            .finish(
                &second.id,
                &Outcome::Failed(FailureReason::NoRoute),
                UnixTime(9),
            )
            .unwrap();
        let unfinished = store.unfinished().unwrap();
        assert_eq!(unfinished.len(), 1);
        assert_eq!(unfinished[0].meant.id, first.id);
        let failed = store.intent(&second.id).unwrap().unwrap();
        assert_eq!(failed.failure.as_deref(), Some("no_route"));
    }

    #[test]
    fn what_is_not_there_cannot_be_changed_unnoticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(store.mark_sending(&IntentId::new([7; 8])).is_err());
    }

    #[test]
    fn a_database_of_a_newer_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store
            .connection
            .execute_batch("PRAGMA user_version = 99")
            .unwrap();
        drop(store);
        assert!(matches!(
            Store::open(folder.path()),
            Err(StoreError::Newer { version: 99, .. })
        ));
    }
}
