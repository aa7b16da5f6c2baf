//! A finished proof from an HTTP server.

use std::{fmt, sync::Arc};

use reqwest::{
    Url,
    header::{ACCEPT, CACHE_CONTROL, HeaderMap},
};

use super::{
    ClientError, ClientOptions, GatherError, Gathering, Privacy, ProofServer, ProofSource,
    failure::root_cause, https, socks::SocksProxy,
};
use crate::{
    handle::Handle,
    proof::{MAX_PROOF_BYTES, Proof, ProofError, ResourceRecord},
    resolution::Gathered,
};

/// The media type of a proof.
const PROOF: &str = "application/octet-stream";

/// Fetches proofs from an HTTP server, in one round trip each. Cheap to clone.
///
/// The server is not trusted: it can keep a proof back or send an old one, but it cannot forge one.
///
/// ```no_run
/// use payname_resolver::{Handle, net::ProofClient};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = ProofClient::new("payname+https://pay.example".parse()?)?;
/// let handle: Handle = "₿alice@pay.example".parse()?;
/// let gathered = client.gather(&handle).await?; // not verified yet: `gathered.proof.verify(…)`
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ProofClient {
    server: ProofServer,
    options: Arc<ClientOptions>,
    /// None where every name has a connection of its own.
    shared: Option<reqwest::Client>,
}

impl ProofClient {
    /// A client of `server` with the default options.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(server: ProofServer) -> Result<Self, ClientError> {
        Self::with_options(server, ClientOptions::default())
    }

    /// A client of `server` in every detail.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn with_options(server: ProofServer, options: ClientOptions) -> Result<Self, ClientError> {
        let client = http(&server, &options)?;
        Ok(Self {
            server,
            shared: (!options.isolates()).then_some(client),
            options: Arc::new(options),
        })
    }

    /// The server that is asked.
    pub fn server(&self) -> &ProofServer {
        &self.server
    }

    /// Fetches the proof of a handle's record. Not verified yet.
    ///
    /// # Errors
    /// The server cannot be reached, has no proof, or sends something else.
    pub async fn gather(&self, handle: &Handle) -> Result<Gathered, ProofClientError> {
        let client = match &self.shared {
            Some(client) => client.clone(),
            None => http(&self.server, &self.options)?,
        };
        let server = || self.server.clone();
        let failed = |source: reqwest::Error| ProofClientError::Http {
            server: server(),
            source: source.without_url(),
        };
        let mut answer = client
            .get(url(&self.server, handle))
            .header(ACCEPT, PROOF)
            .send()
            .await
            .map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(ProofClientError::Status {
                server: server(),
                handle: handle.clone(),
                status: status.as_u16(),
            });
        }
        let age = max_age(answer.headers());
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if chunk.len() > MAX_PROOF_BYTES.saturating_sub(bytes.len()) {
                return Err(ProofClientError::TooLong { server: server() });
            }
            bytes.extend_from_slice(&chunk);
        }
        let proof = Proof::parse(&bytes).map_err(|source| ProofClientError::Proof {
            server: server(),
            source,
        })?;
        let lowest = proof.records().iter().map(ResourceRecord::ttl).min();
        let ttl = lowest.into_iter().chain(age).min().unwrap_or(0);
        Ok(Gathered {
            proof,
            ttl,
            unanswered: Vec::new(),
        })
    }
}

impl ProofSource for ProofClient {
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a> {
        Box::pin(async move { Ok(ProofClient::gather(self, handle).await?) })
    }

    fn privacy(&self) -> Privacy {
        self.options.privacy(self.server.url().scheme() == "https")
    }
}

impl fmt::Display for ProofClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

fn http(server: &ProofServer, options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    let proxy = match &options.proxy {
        Some(proxy) => Some(SocksProxy::for_next_name(proxy)?),
        None => None,
    };
    https::builder(server.url(), options, proxy.as_ref(), b"http/1.1")?
        .build()
        .map_err(ClientError::Https)
}

/// Where the proof of a handle is.
fn url(server: &ProofServer, handle: &Handle) -> Url {
    let mut url = server.url().clone();
    let parts: &[&str] = match server {
        ProofServer::Payname(_) => &[
            "v1",
            "domains",
            handle.domain(),
            "handles",
            handle.user(),
            "proof",
        ],
        ProofServer::DnssecProof(_) => &["dnssecproof"],
    };
    // URLs of HTTP always have a path.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    if matches!(server, ProofServer::DnssecProof(_)) {
        url.query_pairs_mut()
            .append_pair("d", &handle.owner_name().to_ascii())
            .append_pair("t", "TXT");
    }
    url
}

/// How long the answer may be kept, in seconds, as far as the server says (RFC 9111 §5.2.2.1).
fn max_age(headers: &HeaderMap) -> Option<u32> {
    let value = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let mut directives = value.split(',').map(str::trim);
    directives
        .find_map(|directive| directive.strip_prefix("max-age="))?
        .parse()
        .ok()
}

/// Why a proof server gives no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofClientError {
    /// It cannot be reached, or does not answer in time.
    #[error("the proof server {server} cannot be reached: {}", root_cause(source))]
    Http {
        /// Who was asked.
        server: ProofServer,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// It has no proof of this name, or is another kind of server.
    #[error(
        "the proof server {server} has no proof of {handle}: it answered with HTTP status {status}"
    )]
    Status {
        /// Who was asked.
        server: ProofServer,
        /// The name.
        handle: Handle,
        /// The status.
        status: u16,
    },
    /// It sends more than a proof can have.
    #[error(
        "the proof server {server} sent more than the {MAX_PROOF_BYTES} bytes a proof may have"
    )]
    TooLong {
        /// Who was asked.
        server: ProofServer,
    },
    /// What it sends is no proof.
    #[error("the proof server {server} sent something that is no proof: {source}")]
    Proof {
        /// Who was asked.
        server: ProofServer,
        /// What is wrong with it.
        source: ProofError,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl From<ClientError> for GatherError {
    fn from(error: ClientError) -> Self {
        Self::Exchange(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_server_are_asked_at_their_own_path() {
        let handle: Handle = "₿alice.b@example.com".parse().unwrap();
        for (server, expected) in [
            (
                "payname+https://pay.example",
                "https://pay.example/v1/domains/example.com/handles/alice.b/proof",
            ),
            (
                "payname+https://pay.example/api/",
                "https://pay.example/api/v1/domains/example.com/handles/alice.b/proof",
            ),
            (
                "dnssecproof+https://proofs.example",
                "https://proofs.example/dnssecproof\
                 ?d=alice.b.user._bitcoin-payment.example.com.&t=TXT",
            ),
        ] {
            assert_eq!(url(&server.parse().unwrap(), &handle).as_str(), expected);
        }
    }

    #[test]
    fn a_name_of_another_script_is_asked_for_as_dns_has_it() {
        let handle: Handle = "₿alice@xn--mnchen-3ya.example".parse().unwrap();
        let server = "dnssecproof+https://proofs.example".parse().unwrap();
        let query = "d=alice.user._bitcoin-payment.xn--mnchen-3ya.example.&t=TXT";
        assert_eq!(url(&server, &handle).query(), Some(query));
    }

    #[test]
    fn how_long_an_answer_may_be_kept_is_read_among_other_directives() {
        let age = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, text.parse().unwrap());
            max_age(&headers)
        };
        assert_eq!(age("public, max-age=300"), Some(300));
        assert_eq!(age("no-store"), None);
        assert_eq!(age("max-age=x"), None);
    }
}
