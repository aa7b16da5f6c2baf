//! The sockets of the nameserver: queries in, responses out, over UDP and TCP.

mod tcp;
mod udp;

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{publisher::Served, room::Room};

/// How often a free port is looked for that UDP and TCP can share.
const PORT_ATTEMPTS: usize = 32;

/// Bound sockets, one pair for each address.
#[derive(Debug)]
pub(crate) struct Listeners {
    pairs: Vec<(TcpListener, Arc<UdpSocket>)>,
    addresses: Vec<SocketAddr>,
}

impl Listeners {
    /// Binds every address on TCP and UDP; with port 0, the same free port for both.
    pub(crate) async fn bind(addresses: &[SocketAddr]) -> Result<Self, BindError> {
        let mut listeners = Self {
            pairs: Vec::new(),
            addresses: Vec::new(),
        };
        for &address in addresses {
            let (tcp, udp, bound) = bind_pair(address)
                .await
                .map_err(|source| BindError { address, source })?;
            listeners.pairs.push((tcp, Arc::new(udp)));
            listeners.addresses.push(bound);
        }
        Ok(listeners)
    }

    /// The addresses as they were bound.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Answers until told to stop.
    pub(crate) async fn serve(self, served: Served, stop: CancellationToken) {
        let room = Room::new(tcp::LIMITS.connections);
        let mut tasks = JoinSet::new();
        for (tcp, udp) in self.pairs {
            tasks.spawn(tcp::serve(tcp, served.clone(), room.clone(), stop.clone()));
            for _ in 0..udp::WORKERS {
                tasks.spawn(udp::serve(Arc::clone(&udp), served.clone(), stop.clone()));
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

async fn bind_pair(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket, SocketAddr)> {
    let mut attempt = 0_usize;
    loop {
        let tcp = TcpListener::bind(address).await?;
        let bound = tcp.local_addr()?;
        attempt = attempt.saturating_add(1);
        match UdpSocket::bind(bound).await {
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
