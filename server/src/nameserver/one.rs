//! One datagram after the other, where the system takes no more at a time.

use std::{io, net::UdpSocket};

use super::udp::MAX_QUERY;

/// Room for one query and its response.
pub(super) struct Batch {
    query: Vec<u8>,
    response: Vec<u8>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            query: vec![0; MAX_QUERY],
            response: Vec::new(),
        }
    }

    /// Waits for a query as long as the socket does, and answers it.
    ///
    /// `respond` writes into the buffer it is given and says whether there is something to send.
    pub(super) fn answer(
        &mut self,
        socket: &UdpSocket,
        mut respond: impl FnMut(&[u8], &mut Vec<u8>) -> bool,
    ) -> io::Result<()> {
        let (length, asker) = socket.recv_from(&mut self.query)?;
        let query = self.query.get(..length).unwrap_or_default();
        if respond(query, &mut self.response) {
            // Who does not get it asks again.
            let _ = socket.send_to(&self.response, asker);
        }
        Ok(())
    }
}
