//! Whether a name of a domain that others serve is free: who claimed one that has somebody else's record would
//! take that record's place.
//!
//! What was listed tells it of every name. Until a list has come, and where none ever does, the one name is looked
//! up; and where that tells nothing either, the name is not given now.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use payname_resolver::{Handle, RecordError, UnixTime, VerifyError};
use tokio::time::timeout;

use super::{Board, ProviderError, PublishError, Reserved, provided::Provided};
use crate::{
    outbox::Chain,
    prove::{ProveError, Proven, Prover},
    store::{Store, StoreError},
};

/// How long a name is looked up: less than a request may take.
const PATIENCE: Duration = Duration::from_secs(6);
/// After how long it is worth asking again, unless the provider says.
const AGAIN: Duration = Duration::from_secs(10);

/// Who knows which names of the domains that others serve are free.
#[derive(Debug, Clone)]
pub(crate) struct Vacancies {
    board: Board,
    store: Arc<dyn Store>,
    /// By domain; none for those that this server serves itself.
    lookups: Arc<BTreeMap<String, Lookup>>,
}

/// Who is asked for one name.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// Whoever serves the domain.
    Provider(Arc<Provided>),
    /// DNS, where somebody sets the records by hand.
    Dns(Arc<Prover>),
}

impl Vacancies {
    pub(crate) fn new(
        board: Board,
        store: Arc<dyn Store>,
        lookups: BTreeMap<String, Lookup>,
    ) -> Self {
        let lookups = Arc::new(lookups);
        Self {
            board,
            store,
            lookups,
        }
    }

    /// Whether a name that was never registered has no record that somebody else made.
    ///
    /// # Errors
    /// [`Occupied`]: it has one, or nobody tells.
    pub(crate) async fn check(&self, handle: &Handle, now: UnixTime) -> Result<(), Occupied> {
        let Some(lookup) = self.lookups.get(handle.domain()) else {
            return Ok(());
        };
        if let Some(is_strange) = self.board.is_strange(handle) {
            return free_unless(is_strange, handle);
        }
        // What was registered is compared with the registry, which has the last word.
        if self.store.registration(handle).await?.is_some() {
            return Ok(());
        }
        look(lookup, handle, now).await
    }

    /// The same of a name whose claim waits and that is to be given now: it is looked up, since somebody may have
    /// made a record since it was claimed.
    ///
    /// # Errors
    /// [`Occupied`]: it has one, or nobody tells.
    pub(crate) async fn check_awaited(
        &self,
        handle: &Handle,
        now: UnixTime,
    ) -> Result<(), Occupied> {
        self.check_listed(handle)?;
        match self.lookups.get(handle.domain()) {
            Some(lookup) => look(lookup, handle, now).await,
            None => Ok(()),
        }
    }

    /// The same as [`check`](Self::check), as far as was listed: for what is only shown.
    ///
    /// # Errors
    /// [`Reserved`]: it has one.
    pub(crate) fn check_listed(&self, handle: &Handle) -> Result<(), Reserved> {
        match self.board.is_strange(handle) {
            Some(true) => Err(Reserved::new(handle)),
            Some(false) | None => Ok(()),
        }
    }
}

async fn look(lookup: &Lookup, handle: &Handle, now: UnixTime) -> Result<(), Occupied> {
    let looking = timeout(PATIENCE, lookup.is_taken(handle, now));
    let is_taken = looking.await.unwrap_or(Err(AGAIN)).map_err(|wait| {
        let domain = handle.domain().to_owned();
        Occupied::Unseen { domain, wait }
    })?;
    free_unless(is_taken, handle)
}

fn free_unless(is_taken: bool, handle: &Handle) -> Result<(), Occupied> {
    match is_taken {
        true => Err(Reserved::new(handle).into()),
        false => Ok(()),
    }
}

impl Lookup {
    /// Whether a name has a payment record; else after how long it may be asked again.
    async fn is_taken(&self, handle: &Handle, now: UnixTime) -> Result<bool, Duration> {
        let domain = handle.domain();
        match self {
            Self::Provider(provided) => provided.has_payment(handle).await.map_err(|error| {
                tracing::warn!(domain, error = %Chain(&error), "it is not told whether a name is free, so nobody can claim it now");
                match &error {
                    PublishError::Provider(error) => match **error {
                        ProviderError::Limited { wait, .. } => wait,
                        _ => AGAIN,
                    },
                    _ => AGAIN,
                }
            }),
            Self::Dns(prover) => is_payment(handle, prover.prove(handle, now).await).map_err(|error| {
                tracing::warn!(domain, error = %Chain(&error), "it is not proven whether a name is free, so nobody can claim it now");
                AGAIN
            }),
        }
    }
}

/// Whether what DNS proves of a name is somebody's payment record, though it may be a broken one.
///
/// Other TXT records are in nobody's way, such as those of a wildcard. Neither is an alias, of this name or of a
/// wildcard above it, that leads to a zone that is not signed: whatever stands there, nobody can be paid by it.
fn is_payment(handle: &Handle, proven: Result<Proven, ProveError>) -> Result<bool, ProveError> {
    match proven {
        Ok(Proven::Uri(_)) => Ok(true),
        Ok(Proven::Nothing) => Ok(false),
        Err(ProveError::Verify(VerifyError::Record(error))) => {
            Ok(!matches!(error, RecordError::None { .. }))
        }
        Err(ProveError::Verify(VerifyError::Insecure(insecure)))
            if !insecure.zone.zone_of(handle.owner_name()) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Why a name cannot be claimed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Occupied {
    /// It has a record that somebody else made.
    #[error(transparent)]
    Reserved(#[from] Reserved),
    /// Nobody tells whether it has one.
    #[error(
        "whoever serves {domain} does not tell just now whether somebody else has made a record for this name, so it is not given; nothing was changed, try again in {} seconds", wait.as_secs()
    )]
    Unseen {
        /// The domain.
        domain: String,
        /// After how long to try again.
        wait: Duration,
    },
    /// The registry cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_record_that_nobody_can_pay_is_somebodys_and_other_records_are_in_nobodys_way() {
        let handle = Handle::new("alice", "example.test").unwrap();
        let of = |error: RecordError| {
            let error = ProveError::Verify(VerifyError::Record(error));
            is_payment(&handle, Err(error)).unwrap()
        };
        assert!(!of(RecordError::None { others: 1 }));
        for broken in [
            RecordError::Several,
            RecordError::NotText,
            RecordError::Malformed,
        ] {
            assert!(of(broken));
        }
    }
}
