//! A Lightning node as a source of proofs among others.

use alloc::sync::Arc;
use core::{fmt, time::Duration};

use lightning::onion_message::messenger::Destination;

use super::{Nonce, OnionHandler, QueryError};
use crate::{
    handle::Handle,
    net::{GatherError, Gathering, Privacy, ProofSource},
    proof::{Proof, ResourceRecord},
    resolution::Gathered,
};

/// Asks one resolver by onion message.
///
/// One, so that an [`Endpoints`](crate::net::Endpoints) goes on to the next when it lies. Needs
/// tokio, as all of [`net`](crate::net) does.
///
/// ```
/// use std::{sync::Arc, time::{Duration, SystemTime}};
///
/// use payname_resolver::{
///     lightning::onion_message::messenger::Destination,
///     onion::{OnionHandler, OnionSource},
/// };
///
/// let handler = Arc::new(OnionHandler::new(|| SystemTime::now().into()));
/// let id = "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619".parse().unwrap();
/// let source = OnionSource::new(handler, Destination::Node(id), Duration::from_secs(20));
/// assert_eq!(source.to_string(), format!("the Lightning node {id}"));
/// ```
#[derive(Debug, Clone)]
pub struct OnionSource {
    handler: Arc<OnionHandler>,
    resolver: Destination,
    patience: Duration,
}

impl OnionSource {
    /// A source that asks `resolver` and waits as long as `patience`, counted in whole seconds.
    pub fn new(handler: Arc<OnionHandler>, resolver: Destination, patience: Duration) -> Self {
        Self {
            handler,
            resolver,
            patience,
        }
    }

    async fn ask(&self, handle: &Handle) -> Result<Proof, OnionSourceError> {
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce).map_err(|_| OnionSourceError::NoRandomness)?;
        let deadline = self.handler.now().plus(self.patience.as_secs());
        let resolvers = [(self.resolver.clone(), nonce)];
        let mut lookup = self.handler.ask(handle, resolvers, deadline);
        match tokio::time::timeout(self.patience, lookup.next()).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(QueryError::Deadline {
                handle: handle.clone(),
                asked: 1,
                silent: 1,
                deadline,
            })?,
        }
    }
}

impl ProofSource for OnionSource {
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a> {
        Box::pin(async move {
            let proof = self.ask(handle).await;
            let proof = proof.map_err(|error| GatherError::Source(Box::new(error)))?;
            let ttl = proof.records().iter().map(ResourceRecord::ttl).min();
            Ok(Gathered {
                proof,
                ttl: ttl.unwrap_or(0),
                unanswered: Vec::new(),
            })
        })
    }

    /// The resolver learns the name, and not who asks, unless it is the only relay.
    fn privacy(&self) -> Privacy {
        Privacy::Proxied
    }
}

impl fmt::Display for OnionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resolver {
            Destination::Node(id) => write!(f, "the Lightning node {id}"),
            Destination::BlindedPath(_) => f.write_str("a Lightning node behind a blinded path"),
        }
    }
}

/// Why a resolver gave no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OnionSourceError {
    /// It did not answer in time, or without a proof.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers, without which answers are not told apart")]
    NoRandomness,
}
