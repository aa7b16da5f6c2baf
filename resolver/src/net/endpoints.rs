//! Several sources of proofs in order: the next is asked when one fails or takes its time.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Client, ClientError, ClientOptions, Endpoint, EndpointList, GatherError, Gathering, Privacy,
    ProofClient, ProofSource,
};
use crate::{
    handle::Handle,
    proof::{TrustAnchors, Verified, VerifyError},
    record::Record,
    resolution::Gathered,
    time::UnixTime,
};

/// An ordered list of sources, all with the same privacy.
///
/// The first is asked first. When it fails the next is asked at once, and when it takes longer than
/// [`EndpointsOptions::hedge`] the next is asked beside it; the first proof wins, and the others
/// are dropped.
///
/// ```
/// use payname_resolver::net::{ClientOptions, Endpoints, EndpointsOptions};
///
/// let list = "tls://192.0.2.1#dns.example https://dns.example/dns-query".parse()?;
/// Endpoints::open(&list, &ClientOptions::default(), EndpointsOptions::default())?;
///
/// let mixed = "tls://192.0.2.1#dns.example 192.0.2.1".parse()?;
/// let refused = Endpoints::open(&mixed, &ClientOptions::default(), EndpointsOptions::default());
/// assert!(refused.is_err(), "the second would show the name to the network");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Endpoints {
    sources: Vec<Arc<dyn ProofSource>>,
    options: EndpointsOptions,
}

/// How a list of sources is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointsOptions {
    /// How long a source has the field to itself before the next is asked too.
    pub hedge: Duration,
    /// The longest that one source may take.
    pub attempt: Duration,
    /// The longest that all of them together may take.
    pub total: Duration,
    /// Lets one list hold sources of different privacy, so that a name that was asked for in
    /// secret may next be asked for in the clear, if only someone blocks the secret way.
    pub danger_mix_privacy: bool,
}

impl Default for EndpointsOptions {
    /// The next after 800 ms; 5 seconds each and 10 in all; one privacy.
    fn default() -> Self {
        Self {
            hedge: Duration::from_millis(800),
            attempt: Duration::from_secs(5),
            total: Duration::from_secs(10),
            danger_mix_privacy: false,
        }
    }
}

impl Endpoints {
    /// A list of sources, in the order in which they are to be asked.
    ///
    /// # Errors
    /// There is none, or they differ in privacy.
    pub fn new(
        sources: Vec<Arc<dyn ProofSource>>,
        options: EndpointsOptions,
    ) -> Result<Self, EndpointsError> {
        let (first, rest) = sources.split_first().ok_or(EndpointsError::Empty)?;
        let odd = rest
            .iter()
            .find(|source| source.privacy() != first.privacy());
        if let Some(odd) = odd.filter(|_| !options.danger_mix_privacy) {
            return Err(EndpointsError::MixedPrivacy {
                first: first.to_string(),
                privacy: first.privacy(),
                other: odd.to_string(),
                other_privacy: odd.privacy(),
            });
        }
        Ok(Self { sources, options })
    }

    /// A list of sources as a configuration names them, all asked with the same options.
    ///
    /// # Errors
    /// One of them cannot be asked like this, or they differ in privacy.
    pub fn open(
        list: &EndpointList,
        client: &ClientOptions,
        options: EndpointsOptions,
    ) -> Result<Self, EndpointsError> {
        let sources = list
            .as_slice()
            .iter()
            .map(|endpoint| open(endpoint, client))
            .collect::<Result<_, ClientError>>()?;
        Self::new(sources, options)
    }

    /// The sources in order.
    pub fn sources(&self) -> &[Arc<dyn ProofSource>] {
        &self.sources
    }

    /// Gathers the proof of a handle's record from the first source that has one. Not verified
    /// yet, so that a source that lies wins over one that is slow; [`Endpoints::prove`] goes on.
    ///
    /// # Errors
    /// All of them fail, or time is up.
    pub async fn gather(&self, handle: &Handle) -> Result<Gathered, EndpointsError> {
        self.race(handle, Ok).await
    }

    /// Proves a handle's record by the first source whose records prove anything: the record, that
    /// there is none, or that its zone is unsigned. A source whose records prove nothing counts as
    /// failed, and the next is asked.
    ///
    /// # Errors
    /// The proof is one of denial or of an unsigned zone, its record is no payment record, or no
    /// source has a proof.
    pub async fn prove(
        &self,
        handle: &Handle,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Result<Verified<Record>, ProveError> {
        let judge = |gathered: Gathered| match gathered.proof.verify(handle, anchors, now) {
            Err(error @ VerifyError::Bogus(_)) => Err(EndpointFault::Bogus(Box::new(error))),
            outcome => Ok(outcome),
        };
        Ok(self.race(handle, judge).await??)
    }

    /// Asks one after another until something is accepted.
    async fn race<T>(
        &self,
        handle: &Handle,
        accept: impl Fn(Gathered) -> Result<T, EndpointFault>,
    ) -> Result<T, EndpointsError> {
        let attempt = self.options.attempt;
        let start = |source: Arc<dyn ProofSource>| async move {
            let outcome = match timeout(attempt, source.gather(handle)).await {
                Ok(outcome) => outcome.map_err(|error| EndpointFault::Gather(Box::new(error))),
                Err(_) => Err(EndpointFault::TooSlow(attempt)),
            };
            (source.to_string(), outcome)
        };
        let begun = Instant::now();
        let after = |wait| begun.checked_add(wait).unwrap_or(begun);
        let deadline = after(self.options.total);
        let mut waiting = self.sources.iter().cloned();
        let mut running: FuturesUnordered<_> = waiting.next().map(start).into_iter().collect();
        let mut hedge = after(self.options.hedge);
        let mut failures = Vec::new();
        loop {
            // Whatever does not end this loop makes it the next one's turn.
            tokio::select! {
                ended = running.next() => match ended {
                    Some((endpoint, outcome)) => match outcome.and_then(&accept) {
                        Ok(found) => return Ok(found),
                        Err(fault) => failures.push(EndpointFailure { endpoint, fault }),
                    },
                    None => return Err(EndpointsError::AllFailed(failures)),
                },
                () = sleep_until(hedge), if waiting.len() > 0 => {}
                () = sleep_until(deadline) => {
                    let after = self.options.total;
                    return Err(EndpointsError::Timeout { after, failures });
                }
            }
            if let Some(source) = waiting.next() {
                running.push(start(source));
                let now = Instant::now();
                hedge = now.checked_add(self.options.hedge).unwrap_or(now);
            }
        }
    }
}

impl ProofSource for Endpoints {
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a> {
        Box::pin(async move { Ok(Endpoints::gather(self, handle).await?) })
    }

    /// The worst of its sources'.
    fn privacy(&self) -> Privacy {
        let all = || self.sources.iter().map(|source| source.privacy());
        [Privacy::Clear, Privacy::ProxiedClear, Privacy::Encrypted]
            .into_iter()
            .find(|worst| all().any(|privacy| privacy == *worst))
            .unwrap_or(Privacy::Proxied)
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, source) in self.sources.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            source.fmt(f)?;
        }
        Ok(())
    }
}

fn open(endpoint: &Endpoint, options: &ClientOptions) -> Result<Arc<dyn ProofSource>, ClientError> {
    Ok(match endpoint {
        Endpoint::Dns(server) => Arc::new(Client::with_options(server.clone(), options.clone())?),
        Endpoint::Proof(server) => {
            Arc::new(ProofClient::with_options(server.clone(), options.clone())?)
        }
    })
}

/// A source that failed.
#[derive(Debug, thiserror::Error)]
#[error("{endpoint}: {fault}")]
pub struct EndpointFailure {
    /// Which one.
    pub endpoint: String,
    /// How.
    pub fault: EndpointFault,
}

/// How a source failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointFault {
    /// It gave no records.
    #[error(transparent)]
    Gather(Box<GatherError>),
    /// Its records prove nothing.
    #[error(transparent)]
    Bogus(Box<VerifyError>),
    /// It took longer than one source may.
    #[error("no answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
}

/// Why a list of sources cannot be used, or gives no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointsError {
    /// It is empty.
    #[error("no endpoint is named; write at least one, such as 9.9.9.9 or tls://dns.example")]
    Empty,
    /// What one source keeps secret another would show.
    #[error(
        "{first} is asked {privacy} and {other} {other_privacy}; name endpoints of one kind, so that a name never becomes known because an endpoint fails"
    )]
    MixedPrivacy {
        /// The first source.
        first: String,
        /// Its privacy.
        privacy: Privacy,
        /// One that differs.
        other: String,
        /// Its privacy.
        other_privacy: Privacy,
    },
    /// One of them cannot be asked like this.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// All failed, in this order.
    #[error("no endpoint has a proof; {}", listed(.0))]
    AllFailed(Vec<EndpointFailure>),
    /// Time is up.
    #[error("no endpoint gave a proof within {} ms; {}", after.as_millis(), listed(failures))]
    Timeout {
        /// How long was waited.
        after: Duration,
        /// Those that had failed until then.
        failures: Vec<EndpointFailure>,
    },
}

/// Why a list of sources proves no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// No source has a proof.
    #[error(transparent)]
    Endpoints(#[from] EndpointsError),
    /// What is proven is no payment record.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

fn listed(failures: &[EndpointFailure]) -> String {
    match failures {
        [] => "none has answered".to_owned(),
        _ => failures
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; "),
    }
}
