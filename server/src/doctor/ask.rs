//! One question to one nameserver, over UDP or TCP, as a stranger asks it.

use std::net::SocketAddr;

use payname_resolver::{
    Question,
    doctor::Soa,
    hickory_proto::{
        op::{Message, ResponseCode},
        rr::{Name, RData, RecordType},
        serialize::binary::DecodeError,
    },
    net::{Carrier, NameserverError, ask_nameserver},
};

/// Asks a nameserver, which is not to ask others.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    record_type: RecordType,
    carrier: Carrier,
) -> Result<Message, AskError> {
    let question = Question::new(name.clone(), record_type);
    let answer = ask_nameserver(server, &question, carrier).await?;
    Ok(Message::from_vec(&answer)?)
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

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error(transparent)]
    Network(#[from] NameserverError),
    #[error("what it answers is no DNS message")]
    Malformed(#[from] DecodeError),
    #[error("it answers {0}")]
    Refused(ResponseCode),
    #[error("its answer has no SOA record")]
    NoSoa,
}
