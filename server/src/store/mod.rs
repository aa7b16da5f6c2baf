//! Where registrations are kept: one contract, [`Store`], and its implementations.
//!
//! The methods are async since a store may be a server across a network; one that blocks, as
//! [`Sqlite`] does, brings threads of its own. What a change comes to is decided by
//! [`Change::decide`](crate::registration::Change::decide), inside the store's transaction, so all
//! stores keep the same law.

mod claims;
mod entry;
mod evidence;
mod job;
mod migration;
mod operator;
pub mod postgres;
mod requests;
mod row;
mod sqlite;
pub mod zones;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use payname_api::ProvenBy;
use payname_resolver::{Handle, UnixTime};
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;

pub use migration::MigrationError;
pub use operator::OperatorStore;
pub use postgres::Postgres;
pub use requests::{Answer, Begun, KEPT as ANSWERS_KEPT, Named, RequestKey, UNDER_WAY};
pub use sqlite::{OpenError, Sqlite};
pub use zones::{SqliteZones, ZoneStore};

use crate::registration::{Change, Decision, Refusal, Registration, Step};

/// The registry's memory.
///
/// What a method has returned `Ok` for is durable: it survives the end of the process at any
/// moment and the loss of power.
#[async_trait]
pub trait Store: OperatorStore {
    /// Decides a change and makes it, in one transaction: the name, the outbox, the history, and
    /// the mark that the signed event is used up. A refused change leaves nothing behind.
    async fn change(&self, change: Change) -> Result<Decision, ChangeError> {
        self.change_named(change, None).await
    }

    /// The same, and in the same transaction the answer to the request that asked for it, if that has a name
    /// and was begun: so a request that comes again is never done again, whenever the process ends.
    async fn change_named(
        &self,
        change: Change,
        request: Option<Named>,
    ) -> Result<Decision, ChangeError>;

    /// The registration of a name; a removed one too.
    async fn registration(&self, handle: &Handle) -> Result<Option<Registration>, StoreError>;

    /// The registrations of several names; those that there are, in any order.
    async fn registrations(&self, handles: &[Handle]) -> Result<Vec<Registration>, StoreError>;

    /// Up to `limit` names of a domain that belong into DNS, sorted by user, after the user `after`.
    async fn live(
        &self,
        domain: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Registration>, StoreError>;

    /// Up to `limit` steps in the history of a name, the oldest first, after the version `after`.
    async fn history(
        &self,
        handle: &Handle,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Step>, StoreError>;

    /// Up to `limit` names whose time is over and that are still in DNS, the earliest first.
    async fn over(&self, now: UnixTime, limit: usize) -> Result<Vec<Handle>, StoreError>;

    /// Takes up to `limit` tasks that are due and that nobody holds, oldest first.
    ///
    /// They are held for [`LEASE`]; whoever has not ended one by then, it is given to the next that asks.
    async fn claim(&self, limit: usize) -> Result<Vec<Task>, StoreError>;

    /// Ends a task: its version has been proven. Without effect when a newer one has taken its
    /// place meanwhile.
    async fn proven(&self, id: TaskId, by: ProvenBy, at: UnixTime) -> Result<(), StoreError>;

    /// Notes why a task could not be done this time; it is due again after `delay`.
    async fn attempt_failed(
        &self,
        id: TaskId,
        error: String,
        delay: Duration,
    ) -> Result<(), StoreError>;

    /// The highest serial number that a zone has ever been seen with.
    async fn serial(&self, zone: &str) -> Result<Option<u32>, StoreError>;

    /// Keeps a zone's serial number, so that a restart goes on above it.
    async fn keep_serial(&self, zone: &str, serial: u32) -> Result<(), StoreError>;

    /// Begins a request that is to be done once, or says what became of it before. Whoever is told
    /// [`Begun::Now`] must do it and end it.
    async fn begin_request(
        &self,
        key: &RequestKey,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Begun, StoreError>;

    /// Ends a request that has changed nothing with its answer, which is kept for a day; without one, as if it
    /// had not been begun.
    async fn end_request(
        &self,
        key: &RequestKey,
        answer: Option<&Answer>,
    ) -> Result<(), StoreError>;

    /// Forgets requests under way that died with an earlier process, where a server has the store for itself.
    /// Elsewhere they are thought dead after [`UNDER_WAY`].
    async fn forget_abandoned(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// A random secret that all servers of this store share for a day (UTC, counted from 1970). It is
    /// forgotten after the next day.
    async fn secret_of_day(&self, day: u64) -> Result<Vec<u8>, StoreError>;

    /// Forgets used events that no clock less than a year behind ours would still take, answers that
    /// are not kept any more, and from which networks names were claimed before yesterday.
    async fn forget_events(&self, now: UnixTime) -> Result<(), StoreError>;

    /// Whether the store answers, and takes changes.
    async fn ready(&self) -> Result<(), StoreError>;

    /// What rings when another server that shares this store has changed something.
    ///
    /// They may fail to ring; so look without being called, too. Without other servers they are silent.
    fn bells(&self) -> Bells {
        Bells::default()
    }
}

/// Called when there may be something to do.
#[derive(Debug, Clone, Default)]
pub struct Bells {
    /// There may be new tasks.
    pub outbox: Arc<Notify>,
    /// A zone may have changed.
    pub zones: Arc<Notify>,
}

/// A place in the outbox; a later change of any name has a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TaskId(pub i64);

/// A committed change that has still to be brought into DNS and proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its place in the outbox.
    pub id: TaskId,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// The name as it is to be.
    pub registration: Registration,
}

/// How long a task is held by who took it. After that it is thought dead.
pub const LEASE: Duration = Duration::from_secs(20);

/// How long used events are kept beyond their window, in seconds, should the clock be set back: a
/// year, since they are small beside the history that is kept for good.
const CLOCK_STEP: u64 = 366 * 24 * 3600;

/// Tried so often in vain, a name is shown as failed; it is tried on nevertheless.
pub const ATTEMPTS_UNTIL_FAILED: u32 = 8;

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite reported a failure.
    #[error("the database failed")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL reported a failure, or cannot be reached.
    #[error("the database failed")]
    Postgres(#[from] tokio_postgres::Error),
    /// There is no connection to PostgreSQL.
    #[error("the database cannot be reached, or all connections to it are busy")]
    Connection(#[from] deadpool_postgres::PoolError),
    /// It takes no changes.
    #[error("the database is read-only; is it a standby? (`database.url` must name the primary)")]
    ReadOnly,
    /// Nothing can be written.
    #[error("nothing can be written; is the disk full, or read-only? ({0})")]
    Unwritable(String),
    /// A transaction was not committed, by the fault of one that shared it.
    #[error("the database could not commit: {0}")]
    Commit(String),
    /// A row holds what this version cannot read.
    #[error("the database holds a {column} that this version cannot read: `{}`", value.escape_debug())]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What stands in it.
        value: String,
    },
    /// The store was closed.
    #[error("the database is closed; the server is stopping")]
    Closed,
}

impl StoreError {
    /// Whether it is about the disk or the way to the database, and gone once these are back.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sqlite(error) => is_of_disk(error),
            Self::Postgres(error) => is_of_server(error),
            Self::Connection(_) | Self::ReadOnly | Self::Unwritable(_) | Self::Closed => true,
            Self::Commit(_) | Self::Unreadable { .. } => false,
        }
    }
}

/// Whether SQLite failed because its disk did.
fn is_of_disk(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DatabaseBusy, DiskFull, ReadOnly, SystemIoFailure};
    let codes = [
        CannotOpen,
        DatabaseBusy,
        DiskFull,
        ReadOnly,
        SystemIoFailure,
    ];
    error
        .sqlite_error_code()
        .is_some_and(|code| codes.contains(&code))
}

/// Whether PostgreSQL is away, starting, stopping, or has no room.
fn is_of_server(error: &tokio_postgres::Error) -> bool {
    let codes = [
        SqlState::DISK_FULL,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    error.is_closed() || error.code().is_some_and(|code| codes.contains(code))
}
