//! Resolving a name of the world as any client would: gather through a recursor, then verify.

use std::time::Duration;

use payname_resolver::net::{Client, ClientError, DnsServer, GatherError, Timeouts};
use payname_resolver::{Handle, HandleError, Record, UnixTime, Verified, VerifyError};

use super::World;

/// Patient with a busy machine, and soon tired of a recursor that says nothing.
const TIMEOUTS: Timeouts = Timeouts {
    attempt: Duration::from_millis(700),
    attempts: 2,
    total: Duration::from_secs(4),
};

impl World {
    /// Resolves a name through the world's recursor, over UDP and TCP, at the world's time.
    ///
    /// # Errors
    /// The name is none, nothing could be gathered, or what was gathered is no proof.
    pub async fn resolve(&self, name: &str) -> Result<Verified<Record>, ResolveError> {
        self.resolve_at(name, self.now()).await
    }

    /// The same as if it were another time.
    ///
    /// # Errors
    /// As [`World::resolve`].
    pub async fn resolve_at(
        &self,
        name: &str,
        now: UnixTime,
    ) -> Result<Verified<Record>, ResolveError> {
        self.resolve_through(self.recursor().address().into(), name, now)
            .await
    }

    /// The same through any other recursor.
    ///
    /// # Errors
    /// As [`World::resolve`].
    pub async fn resolve_through(
        &self,
        server: DnsServer,
        name: &str,
        now: UnixTime,
    ) -> Result<Verified<Record>, ResolveError> {
        let handle: Handle = name.parse()?;
        let client = Client::with_timeouts(server, TIMEOUTS)?;
        let gathered = client.gather(&handle).await?;
        Ok(gathered.proof.verify(&handle, &self.anchors(), now)?)
    }
}

/// Why a name could not be resolved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// It is no name.
    #[error(transparent)]
    Handle(#[from] HandleError),
    /// No socket could be used.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Nothing that could be a proof came back.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// It proves something else, or nothing.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl ResolveError {
    /// What went wrong in one word: the code of a failed proof, else the kind of failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Handle(_) => "no_handle",
            Self::Client(_) | Self::Gather(_) => "nothing_gathered",
            Self::Verify(VerifyError::Denied(_)) => "denied",
            Self::Verify(VerifyError::Insecure(_)) => "insecure",
            Self::Verify(VerifyError::Bogus(bogus)) => bogus.reason.code(),
            Self::Verify(_) => "no_payment_record",
        }
    }
}
