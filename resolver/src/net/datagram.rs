//! What every way of sending datagrams has in common.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::ExchangeError;

/// The largest datagram that is read; more than is ever asked for.
pub(super) const MAX_DATAGRAM: usize = 4096;

/// The local address from which the system picks a random port.
pub(super) fn any_port_towards(server: SocketAddr) -> SocketAddr {
    let address = match server {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(address, 0)
}

/// A message id that nobody can guess (RFC 5452 §4.3).
pub(super) fn random_id() -> Result<u16, ExchangeError> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|_| ExchangeError::NoRandomness)?;
    Ok(u16::from_be_bytes(id))
}
