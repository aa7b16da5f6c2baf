//! What all listeners answer from.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use payname_zones::{Asker, OnDemand, ServerOptions, Transport, respond_into};

use super::{
    counts::{Counter, Ledger},
    rate::Verdict,
};
use crate::{
    clock::Clock,
    publisher::Served,
    transfer::{Desk, Reply},
};

/// The zones, what the server says of itself, and the time: shared by all listeners.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    pub(super) served: Served,
    pub(super) options: Arc<ArcSwap<ServerOptions>>,
    pub(super) clock: Clock,
    pub(super) ledger: Ledger,
    /// Who counts for all connections.
    pub(super) counter: Arc<Mutex<Counter>>,
    /// Whoever answers what is asked about transfers, and what is signed.
    pub(super) desk: Option<Arc<Desk>>,
}

/// What queries come over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Udp,
    Tcp,
    Tls,
    Https,
    Quic,
}

impl Way {
    pub(super) fn transport(self) -> Transport {
        match self {
            Self::Udp => Transport::udp(),
            Self::Tcp => Transport::Tcp,
            Self::Tls | Self::Https | Self::Quic => Transport::Encrypted,
        }
    }
}

impl Answering {
    pub(super) fn new(
        served: Served,
        options: Arc<ArcSwap<ServerOptions>>,
        clock: Clock,
        ledger: Ledger,
    ) -> Self {
        let counter = Arc::new(Mutex::new(ledger.counter()));
        Self {
            served,
            options,
            clock,
            ledger,
            counter,
            desk: None,
        }
    }

    /// The response to a query about transfers, or to a signed one; none to all others.
    pub(super) fn transfer(
        &self,
        query: &[u8],
        client: IpAddr,
        transport: Transport,
    ) -> Option<Reply> {
        self.desk.as_ref()?.answer(query, client, transport)
    }

    /// The response to a query over a connection that may stay idle so long; none when it deserves
    /// silence.
    pub(super) fn respond(
        &self,
        query: &[u8],
        client: IpAddr,
        way: Way,
        keepalive: Option<Duration>,
    ) -> Option<Vec<u8>> {
        let (zones, options) = (self.served.zones(), self.options.load());
        let asker = Asker {
            address: client,
            now: self.clock.now(),
            keepalive,
            options: &options,
            ..Asker::over(way.transport())
        };
        // Who speaks over a connection is where he says, and pays for it: no budget for signatures.
        let (mut on_demand, mut response) = (OnDemand::unlimited(), Vec::new());
        let reply = respond_into(&zones, query, &asker, &mut on_demand, &mut response)?;
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        counter.count(&reply, &response, way, Verdict::Send, on_demand.tally());
        Some(response)
    }
}
