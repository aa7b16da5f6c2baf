//! Asking a recursive resolver over sockets: the shell around [`Resolution`](crate::Resolution).
//!
//! UDP with TCP for long answers, or DNS over HTTPS. Every future here may be dropped at any
//! moment; nothing goes on in the background.

mod gather;
mod https;
mod plain;
mod server;
mod system;
#[cfg(test)]
mod tests;

use std::{io, time::Duration};

pub use gather::GatherError;
pub use server::{DnsServer, DnsServerError};
pub use system::{SystemServerError, default_server, first_nameserver};

use crate::{
    resolution::{Question, Response, ResponseError},
    text::shown,
};

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the answer to one datagram. TCP and HTTPS get the time of all attempts together.
    pub attempt: Duration,
    /// How often a question is sent over UDP.
    pub attempts: u32,
    /// For everything that one proof takes.
    pub total: Duration,
}

impl Timeouts {
    /// The longest that one question takes over one transport.
    pub(super) fn exchange(self) -> Duration {
        self.attempt
            .saturating_mul(self.attempts.max(1))
            .min(self.total)
    }
}

impl Default for Timeouts {
    /// Three attempts of 1.5 seconds; 10 seconds in all.
    fn default() -> Self {
        Self {
            attempt: Duration::from_millis(1_500),
            attempts: 3,
            total: Duration::from_secs(10),
        }
    }
}

/// Asks one recursive resolver. Cheap to clone; HTTPS connections are shared.
///
/// ```no_run
/// use payname_resolver::{Handle, net::Client};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new("9.9.9.9".parse()?)?;
/// let handle: Handle = "₿alice@example.com".parse()?;
/// let gathered = client.gather(&handle).await?; // not verified yet: `gathered.proof.verify(…)`
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    server: DnsServer,
    timeouts: Timeouts,
    https: Option<reqwest::Client>,
}

impl Client {
    /// A client of `server` with the default [`Timeouts`].
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(server: DnsServer) -> Result<Self, ClientError> {
        Self::with_timeouts(server, Timeouts::default())
    }

    /// A client of `server` that waits as long as told.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn with_timeouts(server: DnsServer, timeouts: Timeouts) -> Result<Self, ClientError> {
        let https = match &server {
            DnsServer::Plain(_) => None,
            DnsServer::Https(url) => Some(https::client(url, timeouts)?),
        };
        Ok(Self {
            server,
            timeouts,
            https,
        })
    }

    /// The resolver that is asked.
    pub fn server(&self) -> &DnsServer {
        &self.server
    }

    /// How long is waited.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Asks one question and waits for the answer that belongs to it.
    ///
    /// # Errors
    /// The server cannot be reached, does not answer in time, or answers with a failure or rubbish.
    pub async fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
        let asking = async {
            match (&self.server, &self.https) {
                (DnsServer::Plain(address), _) => {
                    plain::exchange(*address, question, self.timeouts).await
                }
                (DnsServer::Https(url), Some(client)) => {
                    https::exchange(client, url, question, self.timeouts).await
                }
                (DnsServer::Https(url), None) => {
                    let client = https::client(url, self.timeouts)?;
                    https::exchange(&client, url, question, self.timeouts).await
                }
            }
        };
        let total = self.timeouts.total;
        tokio::time::timeout(total, asking)
            .await
            .unwrap_or_else(|_| {
                let (server, question) = (self.server.clone(), question.clone());
                Err(ExchangeError::Timeout {
                    server,
                    question,
                    after: total,
                })
            })
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS")]
    Https(#[source] reqwest::Error),
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
    /// The connection ended in the middle of an answer.
    #[error("the DNS server {server} hung up in the middle of its answer")]
    CutOff {
        /// Who was asked.
        server: DnsServer,
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
    /// HTTP answers with more than a DNS message can hold.
    #[error("{server} answered with more than the 65535 bytes a DNS message may have")]
    TooLong {
        /// Who was asked.
        server: DnsServer,
    },
    /// The connection failed.
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
}

/// The innermost cause: what the system or TLS says, rather than "error sending request".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().escape_debug().to_string()
}
