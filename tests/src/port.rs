//! Ports that are free right now.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// How often something is started again when another process was quicker at taking its port.
pub const ATTEMPTS: usize = 5;

/// The first port handed out: below those that systems give to whoever asks for any.
const FIRST: u16 = 20_000;
/// How many ports each process has to itself.
const BLOCK: u16 = 32;
/// How many blocks there are; the numbers of processes that run together are close to each other.
const BLOCKS: u32 = 375;

/// A loopback address whose port is free on UDP and on TCP.
///
/// Each process takes from a block of its own, so that tests that run beside each other (each is a
/// process) do not run into each other between the finding and the use of a port. Should somebody
/// else take it all the same: who starts a program with it tries [`ATTEMPTS`] times.
///
/// # Errors
/// There is none.
pub fn free() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let block = u16::try_from(std::process::id() % BLOCKS)?;
    for _ in 0..BLOCK {
        let port = FIRST + block * BLOCK + NEXT.fetch_add(1, Ordering::Relaxed) % BLOCK;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port on 127.0.0.1 is free on both UDP and TCP")
}
