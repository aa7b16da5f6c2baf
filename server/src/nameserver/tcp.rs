//! DNS over TCP: connections, and who may have how many of them.

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    answering::{Answering, Way},
    stream::converse,
};
use crate::{
    config::{Networks, StreamLimits},
    room::{REST, Room},
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
}

/// Answers until told to stop; connections under way are then closed.
pub(super) async fn serve(
    listener: TcpListener,
    answering: Answering,
    door: Door,
    stop: CancellationToken,
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
        let (answering, limits) = (answering.clone(), door.limits);
        let place = door.room.enter_from(door.networks.of(client.ip()));
        connections.spawn(async move {
            if stream.set_nodelay(true).is_err() {
                return;
            }
            tokio::select! {
                // A connection that fails concerns only its peer.
                _ = converse(stream, client.ip(), Way::Tcp, &answering, limits, &place) => {}
                () = place.lost() => {}
            }
        });
    }
}
