//! One datagram after the other, where the system takes no more at a time.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
};

use super::udp::MAX_QUERY;

/// Room for one query and its response.
pub(super) struct Batch {
    query: Vec<u8>,
    arrived: Option<(usize, SocketAddr)>,
    response: Vec<u8>,
}

impl Batch {
    /// For the datagrams of any socket.
    pub(super) fn new(_: &UdpSocket) -> Self {
        Self {
            query: vec![0; MAX_QUERY],
            arrived: None,
            response: Vec::new(),
        }
    }

    /// Waits for a query as long as the socket does.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.arrived = None;
        self.arrived = Some(socket.recv_from(&mut self.query)?);
        Ok(())
    }

    /// The query that was received.
    pub(super) fn queries(&self) -> impl Iterator<Item = &[u8]> {
        let arrived = self.arrived.as_ref();
        arrived
            .map(|(length, _)| self.query.get(..*length).unwrap_or_default())
            .into_iter()
    }

    /// Answers the query that was received.
    ///
    /// `respond` has the query and the address it came from, writes into the buffer it is given and
    /// says whether there is something to send.
    pub(super) fn answer(
        &mut self,
        socket: &UdpSocket,
        mut respond: impl FnMut(&[u8], IpAddr, &mut Vec<u8>) -> bool,
    ) {
        let Some((length, asker)) = self.arrived.take() else {
            return;
        };
        let query = self.query.get(..length).unwrap_or_default();
        if respond(query, asker.ip(), &mut self.response) {
            // Who does not get it asks again.
            let _ = socket.send_to(&self.response, asker);
        }
    }
}
