//! Asking recursive resolvers over sockets: the shell around [`Resolution`](crate::Resolution).
//!
//! - `Client` asks one [`DnsServer`]: UDP with TCP for long answers, TCP, TLS, HTTPS or QUIC, if
//!   told so through a `Proxy` such as Tor.
//! - `ProofClient` fetches a finished proof from an HTTP proof server.
//! - `Endpoints` is an ordered list of both that goes on to the next when one fails or is slow, and
//!   `cross_check` asks two of them.
//! - `Transport` and `ProofSource` are the two contracts, for whoever brings his own.
//! - `ask_nameserver` asks a zone's own nameserver, for diagnoses.
//! - [`blocking`] does without a runtime (feature `blocking`; all else needs feature `net`).
//!
//! Every future here may be dropped at any moment. A connection is kept as long as the client that
//! opened it, for its next question; nothing else goes on in the background.

pub mod blocking;
#[cfg(feature = "net")]
mod client;
#[cfg(feature = "net")]
mod connect;
#[cfg(feature = "net")]
mod cross_check;
mod datagram;
mod endpoint;
#[cfg(feature = "net")]
mod endpoints;
mod failure;
#[cfg(feature = "net")]
mod gather;
#[cfg(feature = "net")]
mod https;
#[cfg(feature = "net")]
mod kept;
#[cfg(feature = "net")]
mod line;
#[cfg(feature = "net")]
mod nameserver;
#[cfg(feature = "net")]
mod pipe;
#[cfg(feature = "net")]
mod plain;
#[cfg(feature = "net")]
mod proof_client;
mod proxy;
#[cfg(feature = "quic")]
mod quic;
#[cfg(feature = "net")]
mod roots;
mod server;
#[cfg(feature = "net")]
mod session;
#[cfg(feature = "net")]
mod socks;
mod system;
#[cfg(all(test, feature = "net"))]
pub(crate) mod tests;
mod timeouts;
#[cfg(feature = "net")]
mod transport;

#[cfg(feature = "net")]
pub use client::{Client, ClientOptions};
#[cfg(feature = "net")]
pub use cross_check::{CrossCheckError, cross_check};
pub use endpoint::{Endpoint, EndpointError, EndpointList, ProofServer};
#[cfg(feature = "net")]
pub use endpoints::{
    EndpointFailure, EndpointFault, Endpoints, EndpointsError, EndpointsOptions, ProveError,
};
pub use failure::{ClientError, ExchangeError, GatherError};
#[cfg(feature = "net")]
pub use gather::gather_through;
#[cfg(feature = "net")]
pub(crate) use https::stranger;
#[cfg(feature = "net")]
pub use nameserver::{
    Carrier, NameserverError, addresses_of, ask_nameserver, nameservers_above, nameservers_of,
};
#[cfg(feature = "net")]
pub use proof_client::{ProofClient, ProofClientError};
pub use proxy::{Isolation, Proxy, ProxyError};
#[cfg(feature = "net")]
pub use roots::{TlsRoots, TlsRootsError};
pub use server::{DnsServer, DnsServerError, TlsServer};
#[cfg(feature = "net")]
pub use socks::SocksError;
pub use system::{SystemServerError, default_server, first_nameserver};
pub use timeouts::Timeouts;
#[cfg(feature = "net")]
pub use transport::{Exchanging, Gathering, Privacy, ProofSource, Transport};
