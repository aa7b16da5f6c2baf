//! DNS over UDP, and over TCP for what does not fit, with the standard library alone.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use super::Transport;
use crate::{
    handle::Handle,
    net::{
        ClientError, DnsServer, ExchangeError, GatherError, Timeouts,
        datagram::{MAX_DATAGRAM, any_port_towards, random_id},
    },
    resolution::{Gathered, Question, Response, ResponseError},
};

/// Asks one recursive resolver over UDP and TCP, or over TCP alone, and blocks meanwhile.
///
/// Questions that are asked together are on their way together: over UDP each from a port of its
/// own, over TCP all on one connection.
///
/// ```no_run
/// use payname_resolver::{Handle, net::blocking::Client};
///
/// let client = Client::new("9.9.9.9".parse()?)?;
/// let handle: Handle = "₿alice@example.com".parse()?;
/// let gathered = client.gather(&handle)?; // not verified yet: `gathered.proof.verify(…)`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    server: DnsServer,
    address: SocketAddr,
    timeouts: Timeouts,
    deadline: Option<Instant>,
}

impl Client {
    /// A client of `server` with the default [`Timeouts`].
    ///
    /// # Errors
    /// The server is asked neither over UDP nor over TCP.
    pub fn new(server: DnsServer) -> Result<Self, ClientError> {
        Self::with_timeouts(server, Timeouts::default())
    }

    /// A client of `server` that waits as long as told.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_timeouts(server: DnsServer, timeouts: Timeouts) -> Result<Self, ClientError> {
        let (DnsServer::Plain(address) | DnsServer::Tcp(address)) = server else {
            let feature = "net";
            return Err(ClientError::NotBuiltIn { server, feature });
        };
        Ok(Self {
            server,
            address,
            timeouts,
            deadline: None,
        })
    }

    /// Gathers the proof of a handle's record. Not verified yet.
    ///
    /// # Errors
    /// The server does not answer for the record itself in time, or the records make no proof.
    pub fn gather(&self, handle: &Handle) -> Result<Gathered, GatherError> {
        let bounded = Self {
            deadline: Instant::now().checked_add(self.timeouts.total),
            ..self.clone()
        };
        super::gather(&bounded, handle)
    }

    /// What comes first: the end of `wait` from now, or of everything.
    fn end_of(&self, wait: Duration) -> Instant {
        let now = Instant::now();
        let end = now.checked_add(wait).unwrap_or(now);
        self.deadline.map_or(end, |deadline| deadline.min(end))
    }

    /// Asks over UDP those that are not answered yet, several times when nothing comes.
    fn over_udp(&self, asked: &mut [Asked<'_>]) {
        for _ in 0..self.timeouts.attempts.max(1) {
            let end = self.end_of(self.timeouts.attempt);
            let sent: Vec<_> = asked
                .iter_mut()
                .filter(|asked| asked.is_worth_another_attempt())
                .filter_map(|asked| match self.send(asked.question) {
                    Ok(sent) => Some((asked, sent)),
                    Err(error) => {
                        asked.outcome = Some(Err(error));
                        None
                    }
                })
                .collect();
            if sent.is_empty() {
                return;
            }
            for (asked, (socket, id)) in sent {
                asked.outcome = Some(self.receive(&socket, id, asked.question, end));
            }
        }
    }

    fn send(&self, question: &Question) -> Result<(UdpSocket, u16), ExchangeError> {
        let id = random_id()?;
        let send = || {
            let socket = UdpSocket::bind(any_port_towards(self.address))?;
            socket.connect(self.address)?;
            socket.send(&question.to_message(id))?;
            Ok(socket)
        };
        let socket = send().map_err(|source| ExchangeError::io(&self.server, source))?;
        Ok((socket, id))
    }

    /// Waits for the datagram that answers, and passes over those that do not.
    fn receive(
        &self,
        socket: &UdpSocket,
        id: u16,
        question: &Question,
        end: Instant,
    ) -> Result<Response, ExchangeError> {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut misfit = None;
        loop {
            let received = remaining(end).and_then(|left| {
                socket.set_read_timeout(Some(left))?;
                socket.recv(&mut buffer)
            });
            let length = match received {
                Ok(length) => length,
                Err(error) if is_timeout(&error) => {
                    return Err(misfit.unwrap_or_else(|| {
                        ExchangeError::timeout(&self.server, question, self.timeouts.attempt)
                    }));
                }
                Err(error) => return Err(ExchangeError::io(&self.server, error)),
            };
            let message = buffer.get(..length).unwrap_or_default();
            match Response::parse(question, id, message) {
                Err(ResponseError::NotAnAnswer(_)) => {}
                Err(source @ ResponseError::Malformed { .. }) => {
                    misfit = Some(ExchangeError::response(&self.server, source));
                }
                outcome => {
                    return outcome.map_err(|source| ExchangeError::response(&self.server, source));
                }
            }
        }
    }

    /// Asks over one TCP connection those that UDP was too small for, or all.
    fn over_tcp(&self, asked: &mut [Asked<'_>]) {
        let wait = self.timeouts.exchange();
        let end = self.end_of(wait);
        let mut open: Vec<_> = asked
            .iter_mut()
            .filter(|asked| asked.needs_stream())
            .zip(1_u16..)
            .collect();
        if open.is_empty() {
            return;
        }
        let questions = open.iter().map(|(asked, id)| (asked.question, *id));
        let failed = match self.converse(questions.collect(), end, |id, message| {
            let (asked, _) = open.iter_mut().find(|(_, open)| *open == id)?;
            let parsed = Response::parse(asked.question, id, message);
            asked.outcome =
                Some(parsed.map_err(|source| ExchangeError::response(&self.server, source)));
            Some(())
        }) {
            Ok(()) => return,
            Err(failed) => failed,
        };
        for (asked, _) in open {
            if asked.needs_stream() {
                asked.outcome = Some(Err(match is_timeout(&failed) {
                    true => ExchangeError::timeout(&self.server, asked.question, wait),
                    false => {
                        let again = io::Error::new(failed.kind(), failed.to_string());
                        ExchangeError::io(&self.server, again)
                    }
                }));
            }
        }
    }

    /// Sends all questions and hands in every message that comes back, in any order, until there
    /// is one for each (RFC 7766 §6.2.1.1).
    fn converse(
        &self,
        questions: Vec<(&Question, u16)>,
        end: Instant,
        mut hand_in: impl FnMut(u16, &[u8]) -> Option<()>,
    ) -> io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.address, remaining(end)?)?;
        stream.set_nodelay(true)?;
        let mut framed = Vec::new();
        for (question, id) in &questions {
            let message = question.to_message(*id);
            let length = u16::try_from(message.len()).map_err(io::Error::other)?;
            framed.extend(length.to_be_bytes());
            framed.extend(message);
        }
        stream.set_write_timeout(Some(remaining(end)?))?;
        stream.write_all(&framed)?;
        for _ in &questions {
            let mut length = [0; 2];
            read_exact(&mut stream, &mut length, end)?;
            let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
            read_exact(&mut stream, &mut message, end)?;
            let id = message.first_chunk().map(|id| u16::from_be_bytes(*id));
            id.and_then(|id| hand_in(id, &message)).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "it answers another question")
            })?;
        }
        Ok(())
    }
}

impl Transport for Client {
    fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
        let mut outcomes = self.exchange_all(std::slice::from_ref(question));
        outcomes
            .pop()
            .unwrap_or_else(|| Err(self.unheard(question)))
    }

    fn exchange_all(&self, questions: &[Question]) -> Vec<Result<Response, ExchangeError>> {
        let mut asked: Vec<_> = questions.iter().map(Asked::new).collect();
        if matches!(self.server, DnsServer::Plain(_)) {
            self.over_udp(&mut asked);
        }
        self.over_tcp(&mut asked);
        let outcome = |asked: Asked<'_>| match asked.outcome {
            Some(outcome) => outcome,
            None => Err(self.unheard(asked.question)),
        };
        asked.into_iter().map(outcome).collect()
    }
}

impl Client {
    fn unheard(&self, question: &Question) -> ExchangeError {
        ExchangeError::timeout(&self.server, question, self.timeouts.exchange())
    }
}

/// A question and how it went so far.
struct Asked<'a> {
    question: &'a Question,
    outcome: Option<Result<Response, ExchangeError>>,
}

impl<'a> Asked<'a> {
    fn new(question: &'a Question) -> Self {
        Self {
            question,
            outcome: None,
        }
    }

    fn is_worth_another_attempt(&self) -> bool {
        match &self.outcome {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(error)) => error.is_worth_another_attempt(),
        }
    }

    fn needs_stream(&self) -> bool {
        match &self.outcome {
            None => true,
            Some(Err(ExchangeError::Response { source, .. })) => {
                matches!(source, ResponseError::Truncated(_))
            }
            _ => false,
        }
    }
}

/// Reads exactly as much as fits, until `end`.
fn read_exact(stream: &mut TcpStream, mut buffer: &mut [u8], end: Instant) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.set_read_timeout(Some(remaining(end)?))?;
        let length = stream.read(buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(length..).unwrap_or_default();
    }
    Ok(())
}

/// The time that is left, which is never nothing.
fn remaining(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(io::ErrorKind::TimedOut.into()),
        false => Ok(left),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}
