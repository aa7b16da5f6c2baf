//! What can go wrong between a question and its answer.

use std::{error::Error, io, time::Duration};

use super::DnsServer;
use crate::resolution::{Question, ResolutionError, ResponseError};
#[cfg(feature = "net")]
use crate::text::shown;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// TLS cannot be set up.
    #[cfg(feature = "net")]
    #[error("cannot set up HTTPS")]
    Https(#[source] reqwest::Error),
    /// TLS or QUIC cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[source] Box<dyn Error + Send + Sync>),
    /// No datagram passes through a proxy, and none may go around it.
    #[error(
        "{server} is asked by datagrams, which pass through no proxy; use tcp://, tls:// or https:// with it"
    )]
    NotThroughProxy {
        /// Who was to be asked.
        server: DnsServer,
    },
    /// This program was built without what the server needs.
    #[error("this program was built without `{feature}`, which {server} needs")]
    NotBuiltIn {
        /// Who was to be asked.
        server: DnsServer,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers, without which names are not isolated")]
    NoRandomness,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Nothing that answers the question came in time.
    #[error("the DNS server {server} did not answer {question} within {} ms; try another with --dns", after.as_millis())]
    Timeout {
        /// Who was asked.
        server: DnsServer,
        /// What was asked.
        question: Question,
        /// How long was waited.
        after: Duration,
    },
    /// Nobody listens there.
    #[error("no DNS server listens at {server}")]
    Refused {
        /// Who was asked.
        server: DnsServer,
    },
    /// The network does not lead there, or broke.
    #[error("the DNS server {server} cannot be reached: {source}")]
    Unreachable {
        /// Who was asked.
        server: DnsServer,
        /// What the system says.
        source: io::Error,
    },
    /// The connection ended before the answer did.
    #[error("the DNS server {server} hung up in the middle of its answer")]
    CutOff {
        /// Who was asked.
        server: DnsServer,
    },
    /// The server is not the one that was meant, or TLS fails in another way.
    #[error("{server} is not to be trusted with names: {source}")]
    Tls {
        /// Who was asked.
        server: DnsServer,
        /// What TLS says.
        source: io::Error,
    },
    /// The proxy does not lead there.
    #[cfg(feature = "net")]
    #[error("{server} cannot be reached through the proxy: {source}")]
    Proxy {
        /// Who was asked.
        server: DnsServer,
        /// What the proxy says.
        source: super::SocksError,
    },
    /// The answer is a failure, or no answer.
    #[error("the DNS server {server} is no help: {source}")]
    Response {
        /// Who was asked.
        server: DnsServer,
        /// What is wrong.
        source: ResponseError,
    },
    /// HTTP answers with a status other than success.
    #[error("{server} answered with HTTP status {status}; it may not be a DNS over HTTPS server")]
    Status {
        /// Who was asked.
        server: DnsServer,
        /// The status.
        status: u16,
    },
    /// HTTP answers with something other than a DNS message.
    #[cfg(feature = "net")]
    #[error(
        "{server} answered with `{}` where a DNS message was due; it may not be a DNS over HTTPS server",
        shown(found)
    )]
    ContentType {
        /// Who was asked.
        server: DnsServer,
        /// The media type.
        found: String,
    },
    /// The server answers with more than a DNS message can hold.
    #[error("{server} answered with more than the 65535 bytes a DNS message may have")]
    TooLong {
        /// Who was asked.
        server: DnsServer,
    },
    /// The connection failed.
    #[cfg(feature = "net")]
    #[error("{server} cannot be reached over HTTPS: {}", root_cause(source))]
    Https {
        /// Who was asked.
        server: DnsServer,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers, without which DNS is not safe to ask")]
    NoRandomness,
    /// A transport of the caller's own failed.
    #[error(transparent)]
    Transport(Box<dyn Error + Send + Sync>),
}

/// Why no proof was gathered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatherError {
    /// The server does not answer for the record itself.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Time is up.
    #[error("the DNS server {server} did not give the proof of {question} within {} ms; try another with --dns", after.as_millis())]
    Timeout {
        /// Who was asked.
        server: DnsServer,
        /// What was to be proven.
        question: Question,
        /// How long was waited.
        after: Duration,
    },
    /// The records make no proof.
    #[error(transparent)]
    Resolution(#[from] ResolutionError),
    /// The proof server gives none.
    #[cfg(feature = "net")]
    #[error(transparent)]
    ProofServer(#[from] super::ProofClientError),
    /// No endpoint of a list gave one.
    #[cfg(feature = "net")]
    #[error(transparent)]
    Endpoints(#[from] super::EndpointsError),
    /// A source of the caller's own failed.
    #[error(transparent)]
    Source(Box<dyn Error + Send + Sync>),
}

impl ExchangeError {
    pub(super) fn timeout(server: &DnsServer, question: &Question, after: Duration) -> Self {
        Self::Timeout {
            server: server.clone(),
            question: question.clone(),
            after,
        }
    }

    pub(super) fn response(server: &DnsServer, source: ResponseError) -> Self {
        Self::Response {
            server: server.clone(),
            source,
        }
    }

    pub(super) fn io(server: &DnsServer, source: io::Error) -> Self {
        let server = server.clone();
        match source.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { server },
            io::ErrorKind::UnexpectedEof => Self::CutOff { server },
            _ => Self::Unreachable { server, source },
        }
    }

    /// Whether a datagram may simply have been lost.
    pub(super) fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Refused { .. } | Self::Unreachable { .. } => true,
            Self::Response { source, .. } => matches!(source, ResponseError::Malformed { .. }),
            _ => false,
        }
    }
}

/// The innermost cause: what the system or TLS says, rather than "error sending request".
#[cfg(feature = "net")]
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().escape_debug().to_string()
}
