//! Connections over TCP, with TLS or without: who is let in, and what is said over DNS's own framing.

use std::{net::IpAddr, sync::Arc};

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
