//! Many datagrams with one system call, where the system has it.

use std::{
    io,
    net::{IpAddr, UdpSocket},
    os::fd::AsRawFd as _,
};

use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg},
};

use super::{
    local::{Local, room},
    udp::MAX_QUERY,
};

/// How many datagrams one call takes at most.
const DATAGRAMS: usize = 32;

/// Room for the datagrams of one call, used again and again.
pub(super) struct Batch {
    queries: Vec<Vec<u8>>,
    arrived: Vec<Arrived>,
    /// Whether it is told with each query to which of this machine's addresses it came.
    is_told: bool,
    receiving: MultiHeaders<SockaddrStorage>,
    responses: Vec<Vec<u8>>,
    askers: Vec<Option<SockaddrStorage>>,
    /// From which address each response goes out; none leaves it to the system.
    locals: Vec<Option<Local>>,
    sending: MultiHeaders<SockaddrStorage>,
    /// The same, with room for the address it is sent from.
    sending_from: MultiHeaders<SockaddrStorage>,
}

/// A datagram that was received.
#[derive(Clone, Copy)]
struct Arrived {
    length: usize,
    asker: Option<SockaddrStorage>,
    local: Option<Local>,
}

impl Batch {
    /// For the datagrams of this socket.
    pub(super) fn new(socket: &UdpSocket) -> Self {
        let bound = socket.local_addr();
        let is_told = bound.is_ok_and(|bound| bound.ip().is_unspecified());
        Self {
            queries: vec![vec![0; MAX_QUERY]; DATAGRAMS],
            arrived: Vec::with_capacity(DATAGRAMS),
            is_told,
            receiving: headers(is_told),
            responses: Vec::with_capacity(DATAGRAMS),
            askers: Vec::with_capacity(DATAGRAMS),
            locals: Vec::with_capacity(DATAGRAMS),
            sending: headers(false),
            sending_from: headers(true),
        }
    }

    /// The queries that were received.
    pub(super) fn queries(&self) -> impl Iterator<Item = &[u8]> {
        let arrived = self.queries.iter().zip(&self.arrived);
        arrived.map(|(query, arrived)| query.get(..arrived.length).unwrap_or_default())
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
        self.locals.clear();
        for (query, arrived) in self.queries.iter().zip(&self.arrived) {
            let query = query.get(..arrived.length).unwrap_or_default();
            let next = self.askers.len();
            if self.responses.len() == next {
                self.responses.push(Vec::new());
            }
            if let Some(response) = self.responses.get_mut(next)
                && let Some(address) = arrived.asker.as_ref().and_then(address)
                && respond(query, address, response)
            {
                self.askers.push(arrived.asker);
                self.locals.push(arrived.local);
            }
        }
        self.send(socket);
    }

    /// Waits for a query as long as the socket does, and takes all that are there then.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let slices = self.queries.iter_mut();
        let mut slices: Vec<_> = slices.map(|query| [io::IoSliceMut::new(query)]).collect();
        let flags = MsgFlags::MSG_WAITFORONE;
        self.arrived.clear();
        let received = recvmmsg(
            socket.as_raw_fd(),
            &mut self.receiving,
            slices.iter_mut(),
            flags,
            None,
        )?;
        self.arrived.extend(received.map(|datagram| Arrived {
            length: datagram.bytes,
            asker: datagram.address,
            local: Local::of(&datagram),
        }));
        let is_known = |arrived: &Arrived| arrived.local.is_some();
        if self.is_told && !self.arrived.iter().all(is_known) {
            // The system has noted how little it told; it is to have the whole room again.
            self.receiving = headers(true);
        }
        Ok(())
    }

    /// Sends what it can; who does not get it asks again.
    fn send(&mut self, socket: &UdpSocket) {
        let responses = self.responses.iter().take(self.askers.len());
        let slices: Vec<_> = responses
            .map(|response| [io::IoSlice::new(response)])
            .collect();
        let fd = socket.as_raw_fd();
        let mut done = 0_usize;
        while let Some([local, rest @ ..]) = self.locals.get(done..) {
            // Those that go out from one address, which mostly are all.
            let same = rest.iter().take_while(|other| *other == local).count();
            let end = done.saturating_add(same).saturating_add(1);
            let (Some(slices), Some(askers)) = (slices.get(done..end), self.askers.get(done..end))
            else {
                return;
            };
            let flags = MsgFlags::MSG_DONTWAIT;
            let sent = match local {
                None => sendmmsg(fd, &mut self.sending, slices, askers, [], flags),
                Some(Local::V4(info)) => {
                    let from = [ControlMessage::Ipv4PacketInfo(info)];
                    sendmmsg(fd, &mut self.sending_from, slices, askers, from, flags)
                }
                Some(Local::V6(info)) => {
                    let from = [ControlMessage::Ipv6PacketInfo(info)];
                    sendmmsg(fd, &mut self.sending_from, slices, askers, from, flags)
                }
            };
            match sent.map(|sent| sent.count()) {
                Ok(sent) => done = done.saturating_add(sent.max(1)),
                Err(Errno::EAGAIN) => return,
                // The first of them cannot be sent; the others may.
                Err(_) => done = done.saturating_add(1),
            }
        }
    }
}

fn headers(is_told: bool) -> MultiHeaders<SockaddrStorage> {
    MultiHeaders::preallocate(DATAGRAMS, is_told.then(room))
}

fn address(asker: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = asker.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| asker.as_sockaddr_in6().map(|v6| v6.ip().into()))
}
