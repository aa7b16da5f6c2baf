//! Fetching a zone: what has changed, or all of it; checked before anybody sees it.

use std::io;

use payname_resolver::{
    UnixTime,
    hickory_proto::rr::{Name, SerialNumber},
};
use payname_zones::{Incoming, IncomingError, Received, TransferLimits, Zone};
use tokio::task::{JoinError, spawn_blocking};

use super::{
    exchange::{Exchange, ExchangeError},
    kept::Kept,
    question::{changes_since, code, question, response_code},
};
use crate::{clock::Clock, config::Peer, outbox::Chain};

/// What a primary gave.
pub(super) enum Fetched {
    /// What is served is what it has.
    Current,
    /// A later version, and whether it came as AXFR or IXFR.
    New(Box<Zone>, &'static str),
}

/// Fetches what is new in a zone; all of it where there is no older version, or the changes cannot be had.
///
/// A version that is older than the one that is there is refused, whichever way it comes: its signatures may be good
/// still, and whoever gives it would bring back what has been replaced.
///
/// # Errors
/// The primary does not give it, or what it gives is not good.
pub(super) async fn fetch(
    primary: &Peer,
    zone: &Name,
    base: Option<&Zone>,
    clock: &Clock,
) -> Result<Fetched, FetchError> {
    if let Some(base) = base {
        match receive(primary, zone, Some(base), clock).await {
            // It gives the whole zone, whatever it is asked for.
            Err(FetchError::Content(IncomingError::Backwards { from, to })) if from == to => {
                return Ok(Fetched::Current);
            }
            Err(error) if error.allows_another_way() => {
                let error = Chain(&error);
                tracing::info!(%zone, %primary, %error, "the changes cannot be had; the whole zone is asked for");
            }
            outcome => return outcome,
        }
    }
    let fetched = receive(primary, zone, None, clock).await?;
    match (base, fetched) {
        (Some(base), Fetched::New(next, how)) => follow(base, next, how),
        (_, fetched) => Ok(fetched),
    }
}

/// What a whole zone is to who has another version; a primary that gives no changes gives the same again.
fn follow(base: &Zone, next: Box<Zone>, how: &'static str) -> Result<Fetched, FetchError> {
    let (from, to) = (base.serial(), next.serial());
    if from == to {
        return Ok(Fetched::Current);
    }
    if SerialNumber::new(to) > SerialNumber::new(from) {
        return Ok(Fetched::New(next, how));
    }
    Err(IncomingError::Backwards { from, to }.into())
}

async fn receive(
    primary: &Peer,
    zone: &Name,
    base: Option<&Zone>,
    clock: &Clock,
) -> Result<Fetched, FetchError> {
    let make = |id| match base {
        Some(base) => changes_since(zone, base.serial(), id),
        None => question(code::QUERY, zone, code::AXFR, id),
    };
    let mut exchange = Exchange::begin(primary, clock, make).await?;
    let (limits, now) = (TransferLimits::default(), clock.now());
    let mut incoming = match base {
        Some(base) => Incoming::since(base.clone(), limits, now),
        None => Incoming::whole(zone, limits, now),
    };
    loop {
        let message = exchange.next().await?;
        match response_code(&message) {
            0 => {}
            code => return Err(FetchError::Refused(code)),
        }
        let received = incoming.feed(&message)?;
        if !matches!(received, Received::More) && !exchange.is_complete() {
            return Err(FetchError::Unsigned);
        }
        match received {
            Received::More => {}
            Received::Current => return Ok(Fetched::Current),
            Received::Complete(arrived) => {
                let how = if base.is_some() { "IXFR" } else { "AXFR" };
                // A check of a signature for each set, so not among those who answer.
                let now = clock.now();
                let zone = spawn_blocking(move || arrived.check(now)).await??;
                return Ok(Fetched::New(Box::new(zone), how));
            }
        }
    }
}

/// Reads a zone that was kept. Its signatures were checked when it came.
pub(super) fn load(
    kept: &Kept,
    zone: &Name,
    now: UnixTime,
) -> Result<Option<(Zone, UnixTime)>, FetchError> {
    let Some((messages, fresh)) = kept.read().map_err(FetchError::Kept)? else {
        return Ok(None);
    };
    let mut incoming = Incoming::whole(zone, TransferLimits::default(), now);
    for message in messages {
        if let Received::Complete(arrived) = incoming.feed(&message)? {
            return Ok(Some((arrived.danger_accept_unchecked(), fresh)));
        }
    }
    Err(FetchError::Kept(io::ErrorKind::UnexpectedEof.into()))
}

/// Why a zone is not to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The primary cannot be asked.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// It refuses.
    #[error(
        "it refuses (response code {0}); does it let this server fetch the zone, with this key?"
    )]
    Refused(u8),
    /// The end of the transfer is not signed.
    #[error("the last message of the transfer is not signed")]
    Unsigned,
    /// It never ends.
    #[error("the transfer has not ended in time")]
    Slow,
    /// What came is not good.
    #[error(transparent)]
    Content(#[from] IncomingError),
    /// The check of its signatures was broken off.
    #[error("the check of its signatures was broken off")]
    BrokenOff(#[from] JoinError),
    /// The file cannot be read.
    #[error("the file cannot be read; it is written again when a primary is reached")]
    Kept(#[source] io::Error),
}

impl FetchError {
    /// Whether the whole zone may still be had from the same primary.
    fn allows_another_way(&self) -> bool {
        match self {
            Self::Content(IncomingError::Backwards { .. }) | Self::Slow => false,
            Self::Refused(_) | Self::Content(_) | Self::Unsigned => true,
            Self::Exchange(error) => matches!(error, ExchangeError::Connection(_)),
            Self::Kept(_) | Self::BrokenOff(_) => false,
        }
    }
}
