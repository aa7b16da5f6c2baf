//! A client of one recursive resolver.

use std::{fmt, sync::Arc};

use hickory_proto::rr::{Name, RecordType};

use super::{
    ClientError, DnsServer, ExchangeError, Exchanging, GatherError, Gathering, Isolation, Privacy,
    ProofSource, Proxy, Timeouts, TlsRoots, Transport,
    gather::{drive, goal},
    session::Session,
};
use crate::{
    handle::Handle,
    proof::{ChainCache, TrustAnchors},
    resolution::{Gathered, Question, Resolution, Response},
    time::UnixTime,
};

/// Asks one recursive resolver. Cheap to clone; clones share their connections.
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
    options: Arc<ClientOptions>,
    /// None where every name has a session of its own.
    shared: Option<Arc<Session>>,
}

/// How a server is asked.
///
/// ```
/// use payname_resolver::net::{Client, ClientOptions};
///
/// let options = ClientOptions {
///     proxy: Some("socks5://127.0.0.1:9050".parse()?),
///     ..ClientOptions::default()
/// };
/// let client = Client::with_options("tls://dns.example".parse()?, options.clone())?;
/// assert!(Client::with_options("9.9.9.9".parse()?, options).is_err(), "no datagram goes through");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientOptions {
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The proxy that everything goes through, if there is one.
    pub proxy: Option<Proxy>,
    /// Whose certificates servers may show.
    pub roots: TlsRoots,
}

impl ClientOptions {
    /// Whether every name must have connections of its own.
    pub(super) fn isolates(&self) -> bool {
        let Some(Proxy::Socks5 { isolation, .. }) = &self.proxy else {
            return false;
        };
        *isolation == Isolation::PerName
    }

    /// What others learn from asking a server that is encrypted or not.
    pub(super) fn privacy(&self, is_encrypted: bool) -> Privacy {
        match (&self.proxy, is_encrypted) {
            (Some(_), true) => Privacy::Proxied,
            (Some(_), false) => Privacy::ProxiedClear,
            (None, true) => Privacy::Encrypted,
            (None, false) => Privacy::Clear,
        }
    }
}

impl Client {
    /// A client of `server` with the default [`Timeouts`] and without a proxy.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(server: DnsServer) -> Result<Self, ClientError> {
        Self::with_options(server, ClientOptions::default())
    }

    /// A client of `server` that waits as long as told.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn with_timeouts(server: DnsServer, timeouts: Timeouts) -> Result<Self, ClientError> {
        let options = ClientOptions {
            timeouts,
            ..ClientOptions::default()
        };
        Self::with_options(server, options)
    }

    /// A client of `server` in every detail.
    ///
    /// # Errors
    /// TLS cannot be set up, or the server cannot be asked through the proxy.
    pub fn with_options(server: DnsServer, options: ClientOptions) -> Result<Self, ClientError> {
        let session = Session::new(&server, &options)?;
        let shared = (!options.isolates()).then(|| Arc::new(session));
        Ok(Self {
            server,
            options: Arc::new(options),
            shared,
        })
    }

    /// The resolver that is asked.
    pub fn server(&self) -> &DnsServer {
        &self.server
    }

    /// How long is waited.
    pub fn timeouts(&self) -> Timeouts {
        self.options.timeouts
    }

    /// Asks one question and waits for the answer that belongs to it.
    ///
    /// # Errors
    /// The server cannot be reached, does not answer in time, or answers with a failure or rubbish.
    pub async fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
        self.one_name()?.exchange(question).await
    }

    /// Gathers the proof of a handle's record. Not verified yet.
    ///
    /// # Errors
    /// The server does not answer for the record itself, the records make no proof, or time is up.
    pub async fn gather(&self, handle: &Handle) -> Result<Gathered, GatherError> {
        self.gather_at(handle.owner_name(), RecordType::TXT).await
    }

    /// Gathers the proof for any owner name and type. Not verified yet.
    ///
    /// # Errors
    /// As [`Client::gather`].
    pub async fn gather_at(
        &self,
        owner: &Name,
        record_type: RecordType,
    ) -> Result<Gathered, GatherError> {
        let start = Resolution::start_at(owner, record_type);
        self.drive(start, goal(owner, record_type)).await
    }

    /// As [`Client::gather`], without asking for what `cache` holds: see
    /// [`Resolution::start_warm`] for what to do when the proof does not hold.
    ///
    /// # Errors
    /// As [`Client::gather`].
    pub async fn gather_warm(
        &self,
        handle: &Handle,
        cache: &ChainCache,
        now: UnixTime,
    ) -> Result<Gathered, GatherError> {
        let owner = handle.owner_name();
        let start = Resolution::start_warm(owner, RecordType::TXT, cache, now);
        self.drive(start, goal(owner, RecordType::TXT)).await
    }

    /// As [`Client::gather`], without asking for what lies above `anchors`: see
    /// [`Resolution::start_below`].
    ///
    /// # Errors
    /// As [`Client::gather`].
    pub async fn gather_below(
        &self,
        anchors: &TrustAnchors,
        handle: &Handle,
    ) -> Result<Gathered, GatherError> {
        let owner = handle.owner_name();
        let start = Resolution::start_below(anchors, owner, RecordType::TXT);
        self.drive(start, goal(owner, RecordType::TXT)).await
    }

    async fn drive(
        &self,
        start: (Resolution, Vec<Question>),
        goal: Question,
    ) -> Result<Gathered, GatherError> {
        let total = self.options.timeouts.total;
        let one_name = self.one_name().map_err(ExchangeError::from)?;
        let work = drive(&one_name, start, goal.clone());
        tokio::time::timeout(total, work).await.unwrap_or_else(|_| {
            Err(GatherError::Timeout {
                server: self.server.clone(),
                question: goal,
                after: total,
            })
        })
    }

    /// The connections for one name.
    fn one_name(&self) -> Result<OneName<'_>, ClientError> {
        let session = match &self.shared {
            Some(session) => session.clone(),
            None => Arc::new(Session::new(&self.server, &self.options)?),
        };
        Ok(OneName {
            client: self,
            session,
        })
    }
}

/// A client while it looks up one name.
struct OneName<'a> {
    client: &'a Client,
    session: Arc<Session>,
}

impl OneName<'_> {
    async fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
        let options = &self.client.options;
        let total = options.timeouts.total;
        let asking = self.session.exchange(question, options);
        tokio::time::timeout(total, asking)
            .await
            .unwrap_or_else(|_| Err(ExchangeError::timeout(&self.client.server, question, total)))
    }
}

impl Transport for OneName<'_> {
    fn exchange<'a>(&'a self, question: &'a Question) -> Exchanging<'a> {
        Box::pin(self.exchange(question))
    }
}

impl Transport for Client {
    fn exchange<'a>(&'a self, question: &'a Question) -> Exchanging<'a> {
        Box::pin(Client::exchange(self, question))
    }
}

impl ProofSource for Client {
    fn gather<'a>(&'a self, handle: &'a Handle) -> Gathering<'a> {
        Box::pin(Client::gather(self, handle))
    }

    fn privacy(&self) -> Privacy {
        self.options.privacy(self.server.is_encrypted())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}
