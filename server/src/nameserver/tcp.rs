//! DNS over TCP: messages behind their lengths, many to a connection (RFC 7766).

use std::{io, time::Duration};

use payname_zones::Transport;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    publisher::Served,
    room::{Limits, Place, REST, Room},
};

/// What the connections of all listeners together may take.
pub(super) const LIMITS: Limits = Limits {
    connections: 256,
    silence: Duration::from_secs(10),
};

/// Answers until told to stop; connections under way are then closed.
pub(super) async fn serve(
    listener: TcpListener,
    served: Served,
    room: Room,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let (served, place) = (served.clone(), room.enter());
        connections.spawn(async move {
            tokio::select! {
                // A connection that fails concerns only its peer.
                _ = converse(stream, served, &place) => {}
                () = place.lost() => {}
            }
        });
    }
}

/// Answers the queries of one connection in their order; the next may arrive before the answer.
async fn converse(stream: TcpStream, served: Served, place: &Place) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut query = Vec::new();
    loop {
        let length = timeout(LIMITS.silence, stream.read_u16()).await??;
        query.resize(length.into(), 0);
        timeout(LIMITS.silence, stream.read_exact(&mut query)).await??;
        place.stir();
        let Some(response) = served.respond(&query, Transport::Tcp) else {
            return Ok(());
        };
        let Ok(length) = u16::try_from(response.len()) else {
            return Ok(());
        };
        let message = [&length.to_be_bytes(), response.as_slice()].concat();
        timeout(LIMITS.silence, stream.write_all(&message)).await??;
    }
}
