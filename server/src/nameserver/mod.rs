//! The sockets of the nameserver: queries in, responses out, over UDP and TCP.

#[cfg(target_os = "linux")]
mod batch;
#[cfg(any(test, not(target_os = "linux")))]
mod one;
mod tcp;
mod udp;

use std::{
    io,
    net::{SocketAddr, UdpSocket},
};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{publisher::Served, room::Room};

/// How often a free port is looked for that UDP and TCP can share.
const PORT_ATTEMPTS: usize = 32;

/// Bound sockets: for each address one for TCP, and for UDP one for every core.
#[derive(Debug)]
pub struct Listeners {
    pairs: Vec<(TcpListener, Vec<UdpSocket>)>,
    addresses: Vec<SocketAddr>,
}

impl Listeners {
    /// Binds every address on TCP and UDP; with port 0, the same free port for both.
    ///
    /// # Errors
    /// [`BindError`] for the first address that is not to be had.
    pub async fn bind(addresses: &[SocketAddr]) -> Result<Self, BindError> {
        let mut listeners = Self {
            pairs: Vec::new(),
            addresses: Vec::new(),
        };
        for &address in addresses {
            let (tcp, udp, bound) = bind_pair(address)
                .await
                .map_err(|source| BindError { address, source })?;
            listeners.pairs.push((tcp, udp));
            listeners.addresses.push(bound);
        }
        Ok(listeners)
    }

    /// The addresses as they were bound.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Answers until told to stop.
    pub async fn serve(self, served: Served, stop: CancellationToken) {
        let room = Room::new(tcp::LIMITS.connections);
        let mut tasks = JoinSet::new();
        for (tcp, udp) in self.pairs {
            tasks.spawn(tcp::serve(tcp, served.clone(), room.clone(), stop.clone()));
            for socket in udp {
                tasks.spawn(udp::serve(socket, served.clone(), stop.clone()));
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

async fn bind_pair(address: SocketAddr) -> io::Result<(TcpListener, Vec<UdpSocket>, SocketAddr)> {
    let mut attempt = 0_usize;
    loop {
        let tcp = TcpListener::bind(address).await?;
        let bound = tcp.local_addr()?;
        attempt = attempt.saturating_add(1);
        match udp::bind(bound) {
            Ok(udp) => return Ok((tcp, udp, bound)),
            // The free TCP port may be taken on UDP; another one will do.
            Err(_) if address.port() == 0 && attempt < PORT_ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

/// Why the nameserver has no sockets.
#[derive(Debug, thiserror::Error)]
#[error("the nameserver cannot listen on {address}; is another one running, or does port {} need root? (dns.listen)", address.port())]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}
