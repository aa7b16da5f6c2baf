//! Asking a zone's own nameservers, one by one, and finding out who they are.
//!
//! Nothing here is proven; a diagnosis compares what each of them says.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_proto::rr::{Name, RecordType};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{
    Client, ExchangeError,
    datagram::{MAX_DATAGRAM, any_port_towards, random_id},
};
use crate::{proof::name_from_wire, resolution::Question};

/// How long a nameserver may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a datagram is sent, since one may get lost.
const ATTEMPTS: usize = 2;
/// Recursion desired (RFC 1035 §4.1.1), in the third byte; truncated, beside it.
const RECURSION: u8 = 0x01;
const TRUNCATED: u8 = 0x02;
/// The most zones that are looked for above a name.
const CLIMB: usize = 16;

/// How a question travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In a datagram; over TCP where the answer does not fit into one.
    Udp,
    /// Over TCP at once.
    Tcp,
}

/// Asks a nameserver for what it serves itself, without its asking others; the message as it came.
///
/// ```no_run
/// use payname_resolver::{Question, doctor::Seen, hickory_proto::rr::RecordType, net::{Carrier, ask_nameserver}};
///
/// # async fn look() -> Result<(), Box<dyn std::error::Error>> {
/// let question = Question::new("example.com.".parse()?, RecordType::TXT);
/// let message = ask_nameserver("192.0.2.1:53".parse()?, &question, Carrier::Udp).await?;
/// let seen = Seen::read(&message, RecordType::TXT);
/// # Ok(()) }
/// ```
///
/// # Errors
/// It cannot be reached, or does not answer in time.
pub async fn ask_nameserver(
    server: SocketAddr,
    question: &Question,
    carrier: Carrier,
) -> Result<Vec<u8>, NameserverError> {
    let id = random_id().map_err(|_| NameserverError::NoRandomness)?;
    let mut query = question.to_message(id);
    if let Some(flags) = query.get_mut(2) {
        *flags &= !RECURSION;
    }
    if carrier == Carrier::Udp {
        for _ in 0..ATTEMPTS {
            let Ok(answer) = timeout(PATIENCE, over_udp(server, &query, id)).await else {
                continue;
            };
            let answer = answer?;
            return match answer.get(2).is_some_and(|flags| flags & TRUNCATED != 0) {
                true => by_tcp(server, &query).await,
                false => Ok(answer),
            };
        }
        return Err(NameserverError::Silent);
    }
    by_tcp(server, &query).await
}

async fn by_tcp(server: SocketAddr, query: &[u8]) -> Result<Vec<u8>, NameserverError> {
    let answer = timeout(PATIENCE, over_tcp(server, query)).await;
    Ok(answer.map_err(|_| NameserverError::Silent)??)
}

async fn over_udp(server: SocketAddr, query: &[u8], id: u16) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind(any_port_towards(server)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = buffer.get(..length).unwrap_or_default();
        if answer.starts_with(&id.to_be_bytes()) {
            return Ok(answer.to_vec());
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(query.len()).map_err(io::Error::other)?;
    let framed = [&length.to_be_bytes(), query].concat();
    stream.write_all(&framed).await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// The zone that a name lies in and the names of its nameservers, as a resolver has them; none if it
/// knows of no zone on the way up.
///
/// # Errors
/// The resolver does not answer.
pub async fn nameservers_above(
    resolver: &Client,
    name: &Name,
) -> Result<Option<(Name, Vec<Name>)>, ExchangeError> {
    let mut zone = name.clone();
    for _ in 0..CLIMB {
        let servers = nameservers_of(resolver, &zone).await?;
        if !servers.is_empty() {
            return Ok(Some((zone, servers)));
        }
        if zone.is_root() {
            break;
        }
        zone = zone.base_name();
    }
    Ok(None)
}

/// The names of a zone's nameservers, as a resolver has them; none where there is no zone.
///
/// # Errors
/// The resolver does not answer.
pub async fn nameservers_of(resolver: &Client, zone: &Name) -> Result<Vec<Name>, ExchangeError> {
    let records = look_up(resolver, zone, RecordType::NS).await?;
    let names = records.iter().filter_map(|rdata| name_from_wire(rdata));
    Ok(names.map(|name| name.to_lowercase()).collect())
}

/// The addresses of a host, as a resolver has them.
///
/// # Errors
/// The resolver does not answer.
pub async fn addresses_of(resolver: &Client, host: &Name) -> Result<Vec<IpAddr>, ExchangeError> {
    let mut all = Vec::new();
    for rdata in look_up(resolver, host, RecordType::A).await? {
        all.extend(<[u8; 4]>::try_from(rdata).map(IpAddr::from));
    }
    for rdata in look_up(resolver, host, RecordType::AAAA).await? {
        all.extend(<[u8; 16]>::try_from(rdata).map(IpAddr::from));
    }
    Ok(all)
}

/// RDATA as the resolver gives it, not proven: where a server is can be taken on trust, since what
/// it says is not.
async fn look_up(
    resolver: &Client,
    owner: &Name,
    record_type: RecordType,
) -> Result<Vec<Vec<u8>>, ExchangeError> {
    let question = Question::new(owner.clone(), record_type);
    let answer = resolver.exchange(&question).await?;
    let records = answer.records().iter();
    let records =
        records.filter(|record| record.record_type() == record_type && record.name() == owner);
    Ok(records.map(|record| record.rdata().to_vec()).collect())
}

/// Why a nameserver gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NameserverError {
    /// Nothing came.
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    /// The system cannot reach it.
    #[error("{0}")]
    Network(#[from] io::Error),
    /// No message id could be made.
    #[error("this system gives no randomness for a message id")]
    NoRandomness,
}
