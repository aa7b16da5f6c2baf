//! One question to one nameserver, over UDP or TCP, as a stranger asks it.

use std::{io, net::SocketAddr, time::Duration};

use payname_resolver::{
    Question,
    doctor::Soa,
    hickory_proto::{
        op::{Message, ResponseCode},
        rr::{Name, RData, RecordType},
        serialize::binary::DecodeError,
    },
};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a datagram is sent, since one may get lost.
const ATTEMPTS: usize = 2;
/// Recursion desired (RFC 1035 §4.1.1), in the third byte.
const RECURSION: u8 = 0x01;

/// How a question travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Udp,
    Tcp,
}

/// Asks a nameserver, which is not to ask others.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    record_type: RecordType,
    carrier: Carrier,
) -> Result<Message, AskError> {
    let mut id = [0; 2];
    // A predictable id would let others answer in the server's place, and spoil only a diagnosis.
    let _ = SystemRandom::new().fill(&mut id);
    let id = u16::from_be_bytes(id);
    let mut query = Question::new(name.clone(), record_type).to_message(id);
    if let Some(flags) = query.get_mut(2) {
        *flags &= !RECURSION;
    }
    let answer = match carrier {
        Carrier::Tcp => timeout(PATIENCE, over_tcp(server, &query)).await,
        Carrier::Udp => {
            let mut answer = timeout(PATIENCE, over_udp(server, &query, id)).await;
            for _ in 1..ATTEMPTS {
                if answer.is_err() {
                    answer = timeout(PATIENCE, over_udp(server, &query, id)).await;
                }
            }
            answer
        }
    };
    let answer = answer.map_err(|_| AskError::Silent)??;
    let message = Message::from_vec(&answer)?;
    if message.metadata.truncation && carrier == Carrier::Udp {
        return Box::pin(ask(server, name, record_type, Carrier::Tcp)).await;
    }
    Ok(message)
}

/// Asks for a zone's SOA record.
pub(super) async fn ask_soa(
    server: SocketAddr,
    zone: &Name,
    carrier: Carrier,
) -> Result<Soa, AskError> {
    let answer = ask(server, zone, RecordType::SOA, carrier).await?;
    let code = answer.metadata.response_code;
    if code != ResponseCode::NoError {
        return Err(AskError::Refused(code));
    }
    let mut soas = answer.answers.iter();
    let serial = soas.find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.serial),
        _ => None,
    });
    let mut answers = answer.answers.iter();
    Ok(Soa {
        serial: serial.ok_or(AskError::NoSoa)?,
        is_signed: answers.any(|record| record.record_type() == RecordType::RRSIG),
        is_authoritative: answer.metadata.authoritative,
    })
}

async fn over_udp(server: SocketAddr, query: &[u8], id: u16) -> io::Result<Vec<u8>> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = vec![0; 4096];
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

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Silent,
    #[error("{0}")]
    Network(#[from] io::Error),
    #[error("what it answers is no DNS message")]
    Malformed(#[from] DecodeError),
    #[error("it answers {0}")]
    Refused(ResponseCode),
    #[error("its answer has no SOA record")]
    NoSoa,
}
