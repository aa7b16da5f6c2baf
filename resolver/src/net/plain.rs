//! DNS over UDP, and over TCP for answers that do not fit (RFC 1035 §4.2, RFC 7766).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout_at},
};

use super::{DnsServer, ExchangeError, Timeouts};
use crate::resolution::{Question, Response, ResponseError};

/// The largest datagram that is read; more than is ever asked for.
const MAX_DATAGRAM: usize = 4096;

/// Asks over UDP, several times when nothing comes, and over TCP when told to.
pub(super) async fn exchange(
    server: SocketAddr,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let mut last = None;
    for _ in 0..timeouts.attempts.max(1) {
        match attempt(server, question, timeouts).await {
            Err(ExchangeError::Response {
                source: ResponseError::Truncated(_),
                ..
            }) => {
                return over_tcp(server, question, timeouts).await;
            }
            Err(error) if error.is_worth_another_attempt() => last = Some(error),
            outcome => return outcome,
        }
    }
    Err(last.unwrap_or_else(|| ExchangeError::timeout(server, question, timeouts.exchange())))
}

/// Asks once over UDP and waits for the answer that belongs to the question.
///
/// A fresh socket from a random port, connected so that only the server's datagrams arrive. What
/// does not answer the question is passed over: it may be late, or forged by someone who cannot
/// see the id.
async fn attempt(
    server: SocketAddr,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let failed = |source| ExchangeError::io(server, source);
    let socket = UdpSocket::bind(any_port_towards(server))
        .await
        .map_err(failed)?;
    socket.connect(server).await.map_err(failed)?;
    let id = random_id()?;
    socket
        .send(&question.to_message(id))
        .await
        .map_err(failed)?;

    let deadline = Instant::now()
        .checked_add(timeouts.attempt)
        .unwrap_or_else(Instant::now);
    let mut buffer = vec![0; MAX_DATAGRAM];
    let mut misfit = None;
    loop {
        let Ok(received) = timeout_at(deadline, socket.recv(&mut buffer)).await else {
            return Err(misfit
                .unwrap_or_else(|| ExchangeError::timeout(server, question, timeouts.attempt)));
        };
        let length = received.map_err(failed)?;
        let message = buffer.get(..length).unwrap_or_default();
        match Response::parse(question, id, message) {
            Err(ResponseError::NotAnAnswer(_)) => {}
            Err(source @ ResponseError::Malformed { .. }) => {
                misfit = Some(ExchangeError::response(server, source));
            }
            outcome => return outcome.map_err(|source| ExchangeError::response(server, source)),
        }
    }
}

/// Asks over TCP, in the time of a whole exchange.
async fn over_tcp(
    server: SocketAddr,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let id = random_id()?;
    let work = converse(server, question.to_message(id));
    let message = tokio::time::timeout(timeouts.exchange(), work)
        .await
        .map_err(|_| ExchangeError::timeout(server, question, timeouts.exchange()))?
        .map_err(|source| ExchangeError::io(server, source))?;
    Response::parse(question, id, &message)
        .map_err(|source| ExchangeError::response(server, source))
}

/// Sends one message and reads one, each behind its length in two bytes.
async fn converse(server: SocketAddr, query: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    let framed = [length.to_be_bytes().as_slice(), &query].concat();
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// The local address from which the system picks a random port.
fn any_port_towards(server: SocketAddr) -> SocketAddr {
    let address = match server {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(address, 0)
}

/// A message id that nobody can guess (RFC 5452 §4.3).
fn random_id() -> Result<u16, ExchangeError> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|_| ExchangeError::NoRandomness)?;
    Ok(u16::from_be_bytes(id))
}

impl ExchangeError {
    fn timeout(server: SocketAddr, question: &Question, after: std::time::Duration) -> Self {
        Self::Timeout {
            server: DnsServer::Plain(server),
            question: question.clone(),
            after,
        }
    }

    fn response(server: SocketAddr, source: ResponseError) -> Self {
        Self::Response {
            server: DnsServer::Plain(server),
            source,
        }
    }

    fn io(server: SocketAddr, source: io::Error) -> Self {
        let server = DnsServer::Plain(server);
        match source.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { server },
            io::ErrorKind::UnexpectedEof => Self::CutOff { server },
            _ => Self::Unreachable { server, source },
        }
    }

    /// Whether a datagram may simply have been lost.
    fn is_worth_another_attempt(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Refused { .. } | Self::Unreachable { .. } => true,
            Self::Response { source, .. } => matches!(source, ResponseError::Malformed { .. }),
            _ => false,
        }
    }
}
