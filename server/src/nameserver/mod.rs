//! The sockets of the nameserver: queries in, responses out, over UDP and TCP.

mod answering;
#[cfg(target_os = "linux")]
mod batch;
mod certificate;
pub(crate) mod counts;
mod encrypted;
mod https;
#[cfg(target_os = "linux")]
mod local;
#[cfg(any(test, not(target_os = "linux")))]
mod one;
mod pace;
mod quic;
mod rate;
mod renewal;
mod secrets;
mod stream;
mod tcp;
mod udp;

use std::{
    hash::RandomState,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    answering::Answering, certificate::Shown, counts::Ledger, encrypted::Encrypted, rate::Limiter,
    renewal::Renewal, tcp::Door,
};
pub use self::{
    certificate::CertificateError, encrypted::EncryptedAddresses, secrets::SecretsError,
};
pub(crate) use self::{certificate::CertificateFiles, secrets::SecretFile};
use crate::{clock::Clock, config::Serving, publisher::Served, transfer::Desk};

/// How often a free port is looked for that UDP and TCP can share.
const PORT_ATTEMPTS: usize = 32;

/// Bound sockets: for each address as many for TCP, and for UDP, as there are threads.
#[derive(Debug)]
pub struct Listeners {
    pairs: Vec<(Vec<TcpListener>, Vec<UdpSocket>)>,
    addresses: Vec<SocketAddr>,
    encrypted: Encrypted,
    ledger: Ledger,
    serving: Serving,
    renewal: Renewal,
    desk: Option<Arc<Desk>>,
}

impl Listeners {
    /// Binds every address on TCP and UDP; with port 0, the same free port for both.
    ///
    /// # Errors
    /// [`BindError`] for the first address that is not to be had, or the first file of `serving`
    /// that cannot be used.
    pub async fn bind(addresses: &[SocketAddr], serving: &Serving) -> Result<Self, BindError> {
        let mut renewal = Renewal::start(serving)?;
        let mut encrypted = Encrypted::default();
        if let Some(tls) = &serving.tls {
            let shown = Shown::new(&tls.certificate)?;
            encrypted = Encrypted::bind(tls, serving.streams, threads(serving), &shown)?;
            renewal = renewal.with_certificate(shown);
        }
        let mut listeners = Self {
            pairs: Vec::new(),
            addresses: Vec::new(),
            encrypted,
            ledger: Ledger::default(),
            serving: serving.clone(),
            renewal,
            desk: None,
        };
        for &address in addresses {
            let pair = bind_pair(address, threads(serving));
            let (tcp, udp, bound) = pair.map_err(|source| BindError::Address {
                address,
                key: "dns.listen",
                source,
            })?;
            listeners.pairs.push((tcp, udp));
            listeners.addresses.push(bound);
        }
        Ok(listeners)
    }

    /// The addresses as they were bound.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where the encrypted listeners are.
    pub fn encrypted(&self) -> &EncryptedAddresses {
        self.encrypted.addresses()
    }

    /// What is counted of what is answered.
    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// Has queries about transfers, and signed ones, answered there.
    pub(crate) fn with_desk(mut self, desk: Arc<Desk>) -> Self {
        self.desk = Some(desk);
        self
    }

    /// Answers until told to stop; `clock` tells the time by which cookies are judged.
    pub async fn serve(self, served: Served, clock: Clock, stop: CancellationToken) {
        let mut answering = Answering::new(served, self.renewal.options(), clock, self.ledger);
        answering.desk = self.desk;
        let Serving {
            rate,
            streams,
            networks,
            ..
        } = &self.serving;
        let threads = threads(&self.serving);
        let door = Door::new(*streams, networks);
        let mut tasks = JoinSet::new();
        tasks.spawn(self.renewal.run(stop.clone()));
        let encrypted = self.encrypted;
        encrypted.serve(&mut tasks, &answering, &self.serving, &stop);
        for (tcp, udp) in self.pairs {
            let (answering, stop) = (&answering, &stop);
            for listener in tcp {
                let (answering, door) = (answering.clone(), door.clone());
                tasks.spawn(tcp::serve(listener, answering, door, stop.clone()));
            }
            for socket in udp {
                let limiter = Limiter::new(*rate, networks, threads, RandomState::new());
                tasks.spawn(udp::serve(socket, answering.clone(), limiter, stop.clone()));
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// How many threads answer over UDP at each address, and how many sockets there take connections.
fn threads(serving: &Serving) -> u32 {
    serving.udp_threads.unwrap_or_else(udp::threads)
}

type Pair = (Vec<TcpListener>, Vec<UdpSocket>, SocketAddr);

fn bind_pair(address: SocketAddr, threads: u32) -> io::Result<Pair> {
    let mut attempt = 0_usize;
    loop {
        let tcp = tcp::bind(address, threads)?;
        let bound = tcp.first().map_or(Ok(address), TcpListener::local_addr)?;
        attempt = attempt.saturating_add(1);
        match udp::bind(bound, threads) {
            Ok(udp) => return Ok((tcp, udp, bound)),
            // The free TCP port may be taken on UDP; another one will do.
            Err(_) if address.port() == 0 && attempt < PORT_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// Why the nameserver cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// An address is not to be had.
    #[error("the nameserver cannot listen on {address}; is another one running, or does port {} need root? ({key})", address.port())]
    Address {
        /// The address.
        address: SocketAddr,
        /// The key of the configuration that names it.
        key: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The file of cookie secrets cannot be used.
    #[error("the cookie secrets cannot be used (dns.cookie_secret_file)")]
    Secrets(#[from] SecretsError),
    /// The certificate cannot be used.
    #[error("the certificate cannot be used (dns.tls.certificate, dns.tls.key)")]
    Certificate(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
}
