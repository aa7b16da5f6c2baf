//! DNS over TCP: messages behind their lengths, many to a connection (RFC 7766).

use std::{io, sync::Arc, time::Duration};

use payname_zones::Transport;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::publisher::Served;

/// How many connections are served at the same time; more wait.
const CONNECTIONS: usize = 256;
/// How long a connection may be silent, or slow to send a query or to take a response.
const IDLE: Duration = Duration::from_secs(10);
/// How long to rest when no connection can be accepted, as when files run out.
const REST: Duration = Duration::from_millis(50);

/// Answers until told to stop; connections under way are then closed.
pub(super) async fn serve(listener: TcpListener, served: Served, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = accept(&listener, &room) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Some((stream, place)) = accepted else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let served = served.clone();
        connections.spawn(async move {
            // A connection that fails concerns only its peer.
            let _ = converse(stream, served).await;
            drop(place);
        });
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    let (stream, _) = listener.accept().await.ok()?;
    Some((stream, place))
}

/// Answers the queries of one connection in their order; the next may arrive before the answer.
async fn converse(stream: TcpStream, served: Served) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut query = Vec::new();
    loop {
        let length = timeout(IDLE, stream.read_u16()).await??;
        query.resize(length.into(), 0);
        timeout(IDLE, stream.read_exact(&mut query)).await??;
        let Some(response) = served.respond(&query, Transport::Tcp) else {
            return Ok(());
        };
        let Ok(length) = u16::try_from(response.len()) else {
            return Ok(());
        };
        let message = [&length.to_be_bytes(), response.as_slice()].concat();
        timeout(IDLE, stream.write_all(&message)).await??;
    }
}
