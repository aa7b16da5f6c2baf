//! The encrypted listeners: DNS over TLS, HTTPS and QUIC with one certificate.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};

use quinn::{Endpoint, EndpointConfig, TokioRuntime, crypto::rustls::QuicServerConfig};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::{TlsAcceptor, rustls};
use tokio_util::sync::CancellationToken;

use super::{
    BindError,
    answering::Answering,
    certificate::Shown,
    https, quic,
    tcp::{self, Door, serve_tls},
};
use crate::config::{Serving, StreamLimits, Tls};

/// Bound sockets for what is encrypted.
#[derive(Default)]
pub(super) struct Encrypted {
    dot: Vec<(TcpListener, TlsAcceptor)>,
    doh: Vec<(TcpListener, TlsAcceptor)>,
    doq: Vec<Endpoint>,
    addresses: EncryptedAddresses,
}

/// Where the encrypted listeners are, as they were bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptedAddresses {
    /// DNS over TLS.
    pub dot: Vec<SocketAddr>,
    /// DNS over HTTPS, at the path `/dns-query`.
    pub doh: Vec<SocketAddr>,
    /// DNS over QUIC.
    pub doq: Vec<SocketAddr>,
}

impl Encrypted {
    /// Binds all of them, with so many sockets at each address of TLS and HTTPS.
    pub(super) fn bind(
        tls: &Tls,
        limits: StreamLimits,
        sockets: u32,
        certificate: &Shown,
    ) -> Result<Self, BindError> {
        let mut bound = Self::default();
        let acceptor = |protocols: &[&[u8]]| {
            let config = certificate.server(protocols).map_err(BindError::Tls)?;
            Ok::<_, BindError>(TlsAcceptor::from(Arc::new(config)))
        };
        for &address in &tls.dot_listen {
            let (listeners, at) = bind_tcp(address, sockets, "dns.tls.dot_listen")?;
            let tls = acceptor(&[b"dot"])?;
            let listeners = listeners.into_iter();
            bound
                .dot
                .extend(listeners.map(|listener| (listener, tls.clone())));
            bound.addresses.dot.push(at);
        }
        for &address in &tls.doh_listen {
            let (listeners, at) = bind_tcp(address, sockets, "dns.tls.doh_listen")?;
            let tls = acceptor(&https::PROTOCOLS)?;
            let listeners = listeners.into_iter();
            bound
                .doh
                .extend(listeners.map(|listener| (listener, tls.clone())));
            bound.addresses.doh.push(at);
        }
        for &address in &tls.doq_listen {
            let config = certificate.server(&[quic::PROTOCOL]);
            let config = config.map_err(BindError::Tls)?;
            let crypto = QuicServerConfig::try_from(config);
            let crypto = crypto
                .map_err(|error| BindError::Tls(rustls::Error::General(error.to_string())))?;
            let settings = quic::settings(Arc::new(crypto), limits);
            let failed = |source| taken(address, "dns.tls.doq_listen", source);
            let socket = UdpSocket::bind(address).map_err(failed)?;
            let (endpoint, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
            let endpoint = Endpoint::new(endpoint, Some(settings), socket, runtime);
            let endpoint = endpoint.map_err(failed)?;
            let at = endpoint.local_addr().map_err(failed)?;
            bound.addresses.doq.push(at);
            bound.doq.push(endpoint);
        }
        Ok(bound)
    }

    pub(super) fn addresses(&self) -> &EncryptedAddresses {
        &self.addresses
    }

    /// Begins to answer; each kind of connection has a room of its own.
    pub(super) fn serve(
        self,
        tasks: &mut JoinSet<()>,
        answering: &Answering,
        serving: &Serving,
        stop: &CancellationToken,
    ) {
        let room = || Door::new(serving.streams, &serving.networks);
        let door = room();
        for (listener, tls) in self.dot {
            let (answering, door) = (answering.clone(), door.clone());
            tasks.spawn(serve_tls(listener, tls, answering, door, stop.clone()));
        }
        let door = room();
        for (listener, tls) in self.doh {
            let (answering, door) = (answering.clone(), door.clone());
            tasks.spawn(https::serve(listener, tls, answering, door, stop.clone()));
        }
        let door = room();
        for endpoint in self.doq {
            let (answering, door) = (answering.clone(), door.clone());
            tasks.spawn(quic::serve(endpoint, answering, door, stop.clone()));
        }
    }
}

impl std::fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Encrypted").field(&self.addresses).finish()
    }
}

fn bind_tcp(
    address: SocketAddr,
    sockets: u32,
    key: &'static str,
) -> Result<(Vec<TcpListener>, SocketAddr), BindError> {
    let failed = |source| taken(address, key, source);
    let listeners = tcp::bind(address, sockets).map_err(failed)?;
    let at = listeners
        .first()
        .map_or(Ok(address), TcpListener::local_addr);
    Ok((listeners, at.map_err(failed)?))
}

fn taken(address: SocketAddr, key: &'static str, source: io::Error) -> BindError {
    BindError::Address {
        address,
        key,
        source,
    }
}
