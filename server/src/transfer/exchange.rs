//! Asking a peer: one query, signed with its key, and the messages of its response, checked.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use payname_resolver::hickory_proto::{
    op::Message,
    rr::{Name, RData},
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{
    question::{code, question, response_code},
    tsig::{Session, SessionError},
};
use crate::{clock::Clock, config::Peer};

/// How long a peer may take for a connection, or for the next message.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest response to a NOTIFY that is read, in bytes.
const DATAGRAM: usize = 4096;

/// A query under way, over a connection of its own.
pub(crate) struct Exchange {
    stream: BufReader<TcpStream>,
    session: Option<Session>,
    id: u16,
    clock: Clock,
}

impl Exchange {
    /// Sends a query that `make` makes for an id.
    ///
    /// # Errors
    /// The peer cannot be reached.
    pub(crate) async fn begin(
        peer: &Peer,
        clock: &Clock,
        make: impl FnOnce(u16) -> Vec<u8>,
    ) -> Result<Self, ExchangeError> {
        let id = random();
        let mut query = make(id);
        let session = sign(peer, &mut query, clock);
        let connect = timeout(PATIENCE, TcpStream::connect(peer.address));
        let stream = connect.await.map_err(|_| ExchangeError::Silent)??;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let length = u16::try_from(query.len()).map_err(|_| ExchangeError::NotOurs)?;
        let message = [&length.to_be_bytes(), query.as_slice()].concat();
        let sent = timeout(PATIENCE, stream.write_all(&message));
        sent.await.map_err(|_| ExchangeError::Silent)??;
        let clock = clock.clone();
        Ok(Self {
            stream,
            session,
            id,
            clock,
        })
    }

    /// The next message of the response, its signature checked and taken off.
    ///
    /// # Errors
    /// It does not come, or is not what was asked for.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, ExchangeError> {
        let read = async {
            let length = self.stream.read_u16().await?;
            let mut message = vec![0; length.into()];
            self.stream.read_exact(&mut message).await?;
            Ok::<_, io::Error>(message)
        };
        let mut message = timeout(PATIENCE, read)
            .await
            .map_err(|_| ExchangeError::Silent)??;
        check(&mut message, self.id, self.session.as_mut(), &self.clock)?;
        Ok(message)
    }

    /// Whether the last message was signed, if the query was.
    pub(crate) fn is_complete(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_complete)
    }
}

/// Sends a message as one datagram, and gives the response code of the answer.
pub(super) async fn tell(
    peer: &Peer,
    clock: &Clock,
    patience: Duration,
    make: impl FnOnce(u16) -> Vec<u8>,
) -> Result<u8, ExchangeError> {
    let id = random();
    let mut query = make(id);
    let mut session = sign(peer, &mut query, clock);
    let any: SocketAddr = if peer.address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(peer.address).await?;
    socket.send(&query).await?;
    let mut buffer = vec![0; DATAGRAM];
    let answered = async {
        loop {
            let length = socket.recv(&mut buffer).await?;
            let mut message = buffer.get(..length).unwrap_or_default().to_vec();
            // What is for somebody else, or forged, is not waited for in vain.
            match check(&mut message, id, session.as_mut(), clock) {
                Ok(()) => return Ok(response_code(&message)),
                Err(ExchangeError::NotOurs) => {}
                Err(error) => return Err(error),
            }
        }
    };
    let answered = timeout(patience, answered).await;
    answered.map_err(|_| ExchangeError::Silent)?
}

/// The serial of a zone that a peer serves; none when it says that there is no such zone. One that fails or
/// refuses may have it all the same, and does not tell.
pub(super) async fn serial_of(
    peer: &Peer,
    zone: &Name,
    clock: &Clock,
) -> Result<Option<u32>, ExchangeError> {
    let make = |id| question(code::QUERY, zone, code::SOA, id);
    let mut exchange = Exchange::begin(peer, clock, make).await?;
    let message = exchange.next().await?;
    match response_code(&message) {
        code::NO_ERROR | code::NX_DOMAIN => {}
        code::SERV_FAIL => return Err(ExchangeError::Failing),
        other => return Err(ExchangeError::Refusing(other)),
    }
    let message = Message::from_vec(&message).map_err(|_| ExchangeError::NotOurs)?;
    let serials = message.answers.iter().filter(|record| record.name == *zone);
    let mut serials = serials.filter_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    });
    Ok(serials.next())
}

pub(super) fn sign(peer: &Peer, query: &mut Vec<u8>, clock: &Clock) -> Option<Session> {
    let key = peer.key.as_ref()?;
    Some(Session::ask(Arc::clone(key), query, clock.now()))
}

/// Checks that a message answers the query with this id, and its signature.
pub(super) fn check(
    message: &mut Vec<u8>,
    id: u16,
    session: Option<&mut Session>,
    clock: &Clock,
) -> Result<(), ExchangeError> {
    let is_ours = message.first_chunk() == Some(&id.to_be_bytes())
        && message.len() >= code::HEADER
        && message.get(2).is_some_and(|flags| flags & 0x80 != 0);
    if !is_ours {
        return Err(ExchangeError::NotOurs);
    }
    match session {
        Some(session) => session
            .check(message, clock.now())
            .map_err(|error| match error {
                SessionError::Unsigned if response_code(message) != 0 => {
                    ExchangeError::Unsigned(response_code(message))
                }
                error => error.into(),
            }),
        None => Ok(()),
    }
}

/// A number that nobody guesses, for ids and jitter.
pub(super) fn random() -> u16 {
    let mut bytes = [0; 2];
    // Without chance there is no TLS and no key either; an id alone protects nothing.
    let _ = SystemRandom::new().fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// Why a peer gives no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// It cannot be reached, or ends the connection.
    #[error("it cannot be reached, or closed the connection")]
    Connection(#[from] io::Error),
    /// Nothing comes.
    #[error("it does not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It cannot answer now.
    #[error("it answers SERVFAIL; has it the zone, and has that not expired there?")]
    Failing,
    /// It does not want to answer.
    #[error(
        "it answers with response code {0}; has it the zone, and may this server ask it for that?"
    )]
    Refusing(u8),
    /// What comes is no response to what was asked.
    #[error("it answers something else than was asked")]
    NotOurs,
    /// It refuses, and does not sign that.
    #[error(
        "it answers with response code {0}, unsigned; do both sides know the key by the same name, algorithm and secret, and is it the primary of the zone?"
    )]
    Unsigned(u8),
    /// The signature of the response is not accepted.
    #[error(transparent)]
    Signature(#[from] SessionError),
}
