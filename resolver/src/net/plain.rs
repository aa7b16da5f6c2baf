//! DNS over UDP, and over TCP for answers that do not fit (RFC 1035 §4.2, RFC 7766).

use std::net::SocketAddr;

use tokio::{
    net::UdpSocket,
    time::{Instant, timeout_at},
};

use super::{
    DnsServer, ExchangeError, Timeouts,
    datagram::{MAX_DATAGRAM, any_port_towards, random_id},
    line::Line,
};
use crate::resolution::{Question, Response, ResponseError};

/// Asks over UDP, several times when nothing comes, and over TCP when told to.
pub(super) async fn exchange(
    address: SocketAddr,
    stream: &Line,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let mut last = None;
    for _ in 0..timeouts.attempts.max(1) {
        match attempt(address, question, timeouts).await {
            Err(ExchangeError::Response {
                source: ResponseError::Truncated(_),
                ..
            }) => {
                return stream.exchange(question, timeouts).await;
            }
            Err(error) if error.is_worth_another_attempt() => last = Some(error),
            outcome => return outcome,
        }
    }
    let server = DnsServer::Plain(address);
    Err(last.unwrap_or_else(|| ExchangeError::timeout(&server, question, timeouts.exchange())))
}

/// Asks once over UDP and waits for the answer that belongs to the question.
///
/// A fresh socket from a random port, connected so that only the server's datagrams arrive. What
/// does not answer the question is passed over: it may be late, or forged by someone who cannot
/// see the id.
async fn attempt(
    address: SocketAddr,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let server = DnsServer::Plain(address);
    let failed = |source| ExchangeError::io(&server, source);
    let socket = UdpSocket::bind(any_port_towards(address))
        .await
        .map_err(failed)?;
    socket.connect(address).await.map_err(failed)?;
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
                .unwrap_or_else(|| ExchangeError::timeout(&server, question, timeouts.attempt)));
        };
        let length = received.map_err(failed)?;
        let message = buffer.get(..length).unwrap_or_default();
        match Response::parse(question, id, message) {
            Err(ResponseError::NotAnAnswer(_)) => {}
            Err(source @ ResponseError::Malformed { .. }) => {
                misfit = Some(ExchangeError::response(&server, source));
            }
            outcome => return outcome.map_err(|source| ExchangeError::response(&server, source)),
        }
    }
}
