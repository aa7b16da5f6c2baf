//! What all listeners answer from.

use std::{net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use payname_zones::{Asker, OnDemand, ServerOptions, Transport, respond_into};

use crate::{clock::Clock, publisher::Served};

/// The zones, what the server says of itself, and the time: shared by all listeners.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    pub(super) served: Served,
    pub(super) options: Arc<ArcSwap<ServerOptions>>,
    pub(super) clock: Clock,
}

/// What queries come over, datagrams in the clear excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Tcp,
    Tls,
    Https,
    Quic,
}

impl Way {
    fn transport(self) -> Transport {
        match self {
            Self::Tcp => Transport::Tcp,
            Self::Tls | Self::Https | Self::Quic => Transport::Encrypted,
        }
    }
}

impl Answering {
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
        respond_into(&zones, query, &asker, &mut on_demand, &mut response)?;
        Some(response)
    }
}
