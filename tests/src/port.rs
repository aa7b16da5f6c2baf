//! Ports that are free right now.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::{Result, bail};

/// How often something is started again when another process was quicker at taking its port.
pub const ATTEMPTS: usize = 5;

/// A loopback address whose port is free on UDP and on TCP.
///
/// Another process may take it before it is used; who starts a program with it tries [`ATTEMPTS`]
/// times.
///
/// # Errors
/// There is none.
pub fn free() -> Result<SocketAddr> {
    for _ in 0..64 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = tcp.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port on 127.0.0.1 is free on both UDP and TCP")
}
