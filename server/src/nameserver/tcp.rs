//! Connections over TCP, with TLS or without: who is let in, and what is said over DNS's own framing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use socket2::{Domain, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{
    answering::{Answering, Way},
    stream::converse,
};
use crate::{
    config::{Networks, StreamLimits},
    room::{Place, REST, Room},
};

/// How connections are let in.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) room: Room,
    pub(super) limits: StreamLimits,
    pub(super) networks: Networks,
}

impl Door {
    pub(super) fn new(limits: StreamLimits, networks: &Networks) -> Self {
        let room = Room::new(limits.connections);
        Self {
            room: room.with_most_of_one(limits.connections_per_client),
            limits,
            networks: networks.clone(),
        }
    }

    /// A place for who comes from an address.
    pub(super) fn enter(&self, client: IpAddr) -> Arc<Place> {
        Arc::new(self.room.enter_from(self.networks.of(client)))
    }
}

/// How many connections may wait at one socket to be let in.
const WAITING: i32 = 1024;

/// Binds so many sockets to one address, and with port 0 to one free port; the system deals the connections
/// out among them.
pub(super) fn bind(address: SocketAddr, sockets: u32) -> io::Result<Vec<TcpListener>> {
    if address.port() != 0 {
        // Alone first: an address that another program shares would lose connections to it.
        let alone = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        alone.set_reuse_address(true)?;
        alone.bind(&address.into())?;
    }
    let first = bind_shared(address)?;
    let bound = first.local_addr()?;
    let others = (1..sockets).map(|_| bind_shared(bound));
    std::iter::once(Ok(first)).chain(others).collect()
}

fn bind_shared(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(WAITING)?;
    TcpListener::from_std(socket.into())
}

/// Answers in the clear until told to stop; connections under way are then closed.
pub(super) async fn serve(
    listener: TcpListener,
    answering: Answering,
    door: Door,
    stop: CancellationToken,
) {
    let limits = door.limits;
    accept(listener, door, stop, |stream, client, place| {
        let answering = answering.clone();
        async move {
            // A connection that fails concerns only its peer.
            let _ = converse(stream, client, Way::Tcp, &answering, limits, &place).await;
        }
    })
    .await;
}

/// Answers over TLS (RFC 7858) until told to stop.
pub(super) async fn serve_tls(
    listener: TcpListener,
    tls: TlsAcceptor,
    answering: Answering,
    door: Door,
    stop: CancellationToken,
) {
    let limits = door.limits;
    accept(listener, door, stop, |stream, client, place| {
        let (answering, tls) = (answering.clone(), tls.clone());
        async move {
            if let Ok(Ok(stream)) = timeout(limits.idle, tls.accept(stream)).await {
                let _ = converse(stream, client, Way::Tls, &answering, limits, &place).await;
            }
        }
    })
    .await;
}

/// Lets connections in until told to stop, each as long as its place is not needed by another.
pub(super) async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    door: Door,
    stop: CancellationToken,
    converse: impl Fn(TcpStream, IpAddr, Arc<Place>) -> F,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, client)) = accepted else {
            tokio::time::sleep(REST).await;
            continue;
        };
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let place = door.enter(client.ip());
        let conversation = converse(stream, client.ip(), Arc::clone(&place));
        connections.spawn(async move {
            tokio::select! {
                () = conversation => {}
                () = place.lost() => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::Ipv4Addr};

    use super::*;

    #[tokio::test]
    async fn connections_are_dealt_out_and_an_address_that_others_have_is_refused() {
        let listeners = bind((Ipv4Addr::LOCALHOST, 0).into(), 2).unwrap();
        let addresses = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap());
        let addresses: BTreeSet<SocketAddr> = addresses.collect();
        let [address] = addresses.into_iter().collect::<Vec<_>>()[..] else {
            panic!("several ports");
        };
        let [first, second] = &listeners[..] else {
            panic!("{listeners:?}");
        };
        let mut taken = [0, 0];
        let mut clients = Vec::new();
        // That all go to one of them happens once in 2^63 times.
        for _ in 0..64 {
            clients.push(TcpStream::connect(address).await.unwrap());
            let which = tokio::select! {
                accepted = first.accept() => accepted.map(|_| 0),
                accepted = second.accept() => accepted.map(|_| 1),
            };
            taken[which.unwrap()] += 1;
        }
        assert!(!taken.contains(&0), "{taken:?}");
        let error = bind(address, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}
