//! Many datagrams with one system call, where the system has it.

use std::{
    io,
    net::{IpAddr, UdpSocket},
    os::fd::AsRawFd as _,
};

use nix::{
    errno::Errno,
    sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg},
};

use super::udp::MAX_QUERY;

/// How many datagrams one call takes at most.
const DATAGRAMS: usize = 32;

/// Room for the datagrams of one call, used again and again.
pub(super) struct Batch {
    queries: Vec<Vec<u8>>,
    arrived: Vec<(usize, Option<SockaddrStorage>)>,
    receiving: MultiHeaders<SockaddrStorage>,
    responses: Vec<Vec<u8>>,
    askers: Vec<Option<SockaddrStorage>>,
    sending: MultiHeaders<SockaddrStorage>,
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            queries: vec![vec![0; MAX_QUERY]; DATAGRAMS],
            arrived: Vec::with_capacity(DATAGRAMS),
            receiving: MultiHeaders::preallocate(DATAGRAMS, None),
            responses: Vec::with_capacity(DATAGRAMS),
            askers: Vec::with_capacity(DATAGRAMS),
            sending: MultiHeaders::preallocate(DATAGRAMS, None),
        }
    }

    /// The queries that were received.
    pub(super) fn queries(&self) -> impl Iterator<Item = &[u8]> {
        let arrived = self.queries.iter().zip(&self.arrived);
        arrived.map(|(query, (length, _))| query.get(..*length).unwrap_or_default())
    }

    /// Answers the queries that were received.
    ///
    /// `respond` has a query and the address it came from, writes into the buffer it is given and says
    /// whether there is something to send.
    pub(super) fn answer(
        &mut self,
        socket: &UdpSocket,
        mut respond: impl FnMut(&[u8], IpAddr, &mut Vec<u8>) -> bool,
    ) {
        self.askers.clear();
        for (query, (length, asker)) in self.queries.iter().zip(&self.arrived) {
            let query = query.get(..*length).unwrap_or_default();
            let next = self.askers.len();
            if self.responses.len() == next {
                self.responses.push(Vec::new());
            }
            if let Some(response) = self.responses.get_mut(next)
                && let Some(address) = asker.as_ref().and_then(address)
                && respond(query, address, response)
            {
                self.askers.push(*asker);
            }
        }
        self.send(socket);
    }

    /// Waits for a query as long as the socket does, and takes all that are there then.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let slices = self.queries.iter_mut();
        let mut slices: Vec<_> = slices.map(|query| [io::IoSliceMut::new(query)]).collect();
        let flags = MsgFlags::MSG_WAITFORONE;
        let received = recvmmsg(
            socket.as_raw_fd(),
            &mut self.receiving,
            slices.iter_mut(),
            flags,
            None,
        )?;
        self.arrived.clear();
        self.arrived
            .extend(received.map(|datagram| (datagram.bytes, datagram.address)));
        Ok(())
    }

    /// Sends what it can; who does not get it asks again.
    fn send(&mut self, socket: &UdpSocket) {
        let responses = self.responses.iter().take(self.askers.len());
        let slices: Vec<_> = responses
            .map(|response| [io::IoSlice::new(response)])
            .collect();
        let mut done = 0_usize;
        while let (Some(slices @ [_, ..]), Some(askers)) =
            (slices.get(done..), self.askers.get(done..))
        {
            let flags = MsgFlags::MSG_DONTWAIT;
            let fd = socket.as_raw_fd();
            match sendmmsg(fd, &mut self.sending, slices, askers, [], flags) {
                Ok(sent) => done = done.saturating_add(sent.count().max(1)),
                Err(Errno::EAGAIN) => return,
                // The first of them cannot be sent; the others may.
                Err(_) => done = done.saturating_add(1),
            }
        }
    }
}

fn address(asker: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = asker.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| asker.as_sockaddr_in6().map(|v6| v6.ip().into()))
}
