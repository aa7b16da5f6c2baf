//! DNS over UDP: one datagram, one answer.

use std::{sync::Arc, time::Duration};

use payname_zones::Transport;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::publisher::Served;

/// How many tasks answer on one socket.
pub(super) const WORKERS: usize = 2;
/// The longest query that is read, in bytes; what comes after is cut off. Queries have about 100.
const MAX_QUERY: usize = 4096;
/// How long to rest after the socket failed.
const REST: Duration = Duration::from_millis(50);

/// Answers until told to stop.
pub(super) async fn serve(socket: Arc<UdpSocket>, served: Served, stop: CancellationToken) {
    let mut buffer = vec![0_u8; MAX_QUERY];
    loop {
        let received = tokio::select! {
            () = stop.cancelled() => return,
            received = socket.recv_from(&mut buffer) => received,
        };
        // An error is an earlier datagram's, such as an unreachable asker; the socket still works.
        let Ok((length, asker)) = received else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let query = buffer.get(..length).unwrap_or_default();
        if let Some(response) = served.respond(query, Transport::udp()) {
            // Who does not get it asks again.
            let _ = socket.send_to(&response, asker).await;
        }
    }
}
