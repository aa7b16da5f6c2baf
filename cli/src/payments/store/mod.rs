//! Intents on the disk: SQLite, written through before anything acts on them.

mod row;
mod schema;
#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};

use payname_resolver::UnixTime;
use rusqlite::{Connection, OptionalExtension, named_params};

use self::row::{read, signed};
use super::{Intent, IntentId, NewIntent};
use crate::{
    files,
    node::{Outcome, PaymentId},
};

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
        let failed = |cause| StoreError::Database {
            path: path.clone(),
            cause,
        };
        let connection = Connection::open(&path).map_err(failed)?;
        match schema::set_up(&connection).map_err(failed)? {
            Ok(()) => Ok(Self { connection, path }),
            Err(version) => Err(StoreError::Newer { path, version }),
        }
    }

    /// Writes a new intent. When this returns, it survives a power cut.
    ///
    /// # Errors
    /// The database cannot be written; nothing may be paid then.
    pub fn insert(&self, intent: &NewIntent) -> Result<(), StoreError> {
        let sql = "INSERT INTO intents (id, handle, uri, proof, offer, amount_msat, max_fee_msat, \
                   note, network, node, intended_at, state) VALUES (:id, :handle, :uri, :proof, :offer, \
                   :amount, :max_fee, :note, :network, :node, :intended_at, 'intended')";
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
                ":node": intent.node,
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
