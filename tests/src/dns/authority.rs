//! A name server of the private internet: sockets around what `payname-zones` answers.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Result;
use payname_zones::{Transport, ZoneSet, respond};

use super::listener::{Answer, Carrier, Listener};

/// An authoritative server on a free loopback port; it ends when it is dropped.
#[derive(Debug)]
pub struct Authority {
    zones: Arc<Served>,
    listener: Listener,
}

#[derive(Debug)]
struct Served(RwLock<ZoneSet>);

impl Authority {
    /// Serves `zones`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(zones: ZoneSet) -> Result<Self> {
        let zones = Arc::new(Served(RwLock::new(zones)));
        let listener = Listener::open(zones.clone()).await?;
        Ok(Self { zones, listener })
    }

    /// Serves `zones` on this address, whose port may be privileged.
    ///
    /// # Errors
    /// The address is not this machine's, its port is taken, or one must be root for it.
    pub async fn start_at(address: SocketAddr, zones: ZoneSet) -> Result<Self> {
        let zones = Arc::new(Served(RwLock::new(zones)));
        let listener = Listener::open_at(address, zones.clone()).await?;
        Ok(Self { zones, listener })
    }

    /// Where it answers, on UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Changes the zones; the next query sees it.
    pub fn change<T>(&self, change: impl FnOnce(&mut ZoneSet) -> T) -> T {
        change(&mut self.zones.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the zones.
    pub fn look<T>(&self, look: impl FnOnce(&ZoneSet) -> T) -> T {
        look(&self.zones.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Answer for Served {
    async fn answer(&self, message: Vec<u8>, carrier: Carrier) -> Option<Vec<u8>> {
        let transport = match carrier {
            Carrier::Udp => Transport::udp(),
            Carrier::Tcp | Carrier::Https => Transport::Tcp,
        };
        let zones = self.0.read().unwrap_or_else(PoisonError::into_inner);
        respond(&zones, &message, transport)
    }
}
