//! A conversation over a stream: messages behind their lengths, many to a connection (RFC 7766).

use std::{io, net::IpAddr};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, split},
    sync::mpsc,
    time::timeout,
};

use super::answering::{Answering, Way};
use crate::{config::StreamLimits, room::Place, transfer::Reply};

/// How many messages may wait to be written; then no more queries are read.
const WAITING: usize = 16;

/// Answers the queries of one connection until its client leaves, falls silent, or has asked enough.
pub(super) async fn converse<S: AsyncRead + AsyncWrite>(
    stream: S,
    client: IpAddr,
    way: Way,
    answering: &Answering,
    limits: StreamLimits,
    place: &Place,
) -> io::Result<()> {
    let (incoming, outgoing) = split(stream);
    let (messages, waiting) = mpsc::channel(WAITING);
    let reading = async move {
        let mut incoming = BufReader::new(incoming);
        let mut query = Vec::new();
        for _ in 0..limits.queries {
            // Who says nothing more may still be listening to what was asked before.
            let reading = timeout(limits.idle, read(&mut incoming, &mut query));
            let Ok(Ok(())) = reading.await else {
                break;
            };
            place.stir();
            if !answer(answering, &query, client, way, limits, &messages).await {
                break;
            }
        }
        Ok(())
    };
    // Both end when the other has: without messages nothing is written, without a writer none is made.
    tokio::try_join!(reading, write(outgoing, waiting, limits, place))?;
    Ok(())
}

/// Answers one query with as many messages as it takes; false ends the conversation.
///
/// Whatever takes long goes on in a task of its own, with a copy of `messages`: answers may overtake
/// one another, and their messages may mix (RFC 7766 §6.2.1.1). When nobody takes messages any more,
/// the client has gone.
async fn answer(
    answering: &Answering,
    query: &[u8],
    client: IpAddr,
    way: Way,
    limits: StreamLimits,
    messages: &mpsc::Sender<Vec<u8>>,
) -> bool {
    match answering.transfer(query, client, way.transport()) {
        Some(Reply::One { message, .. }) => return messages.send(message).await.is_ok(),
        Some(Reply::Many(transfer)) => {
            let messages = messages.clone();
            // Versions are compared, and messages signed, where nobody else waits for it.
            tokio::task::spawn_blocking(move || {
                for message in transfer {
                    if messages.blocking_send(message).is_err() {
                        return;
                    }
                }
            });
            return true;
        }
        None => {}
    }
    let keepalive = Some(limits.idle);
    match answering.respond(query, client, way, keepalive).await {
        Some(response) => messages.send(response).await.is_ok(),
        None => false,
    }
}

async fn read(incoming: &mut (impl AsyncRead + Unpin), query: &mut Vec<u8>) -> io::Result<()> {
    let length = incoming.read_u16().await?;
    query.resize(length.into(), 0);
    incoming.read_exact(query).await?;
    Ok(())
}

/// Writes messages as they come; those that wait go out together.
///
/// Who takes them keeps its place: a transfer asks once, and goes on for long.
async fn write(
    mut outgoing: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    limits: StreamLimits,
    place: &Place,
) -> io::Result<()> {
    let (mut messages, mut bytes) = (Vec::new(), Vec::new());
    while waiting.recv_many(&mut messages, WAITING).await > 0 {
        bytes.clear();
        for message in messages.drain(..) {
            let length = u16::try_from(message.len());
            bytes.extend(length.map_err(io::Error::other)?.to_be_bytes());
            bytes.extend(message);
        }
        let writing = async {
            outgoing.write_all(&bytes).await?;
            outgoing.flush().await
        };
        timeout(limits.idle, writing).await??;
        place.stir();
    }
    // Whatever becomes of it, the connection is over.
    let _ = timeout(limits.idle, outgoing.shutdown()).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::room::Room;

    #[tokio::test]
    async fn who_takes_what_was_asked_for_long_ago_is_not_sent_away_for_strangers() {
        let room = Room::new(2);
        let (place, _silent) = (room.enter(), room.enter());
        let (messages, waiting) = mpsc::channel(WAITING);
        messages.send(vec![7; 100]).await.unwrap();
        drop(messages);
        let mut taken = Vec::new();
        let limits = StreamLimits::default();
        write(&mut taken, waiting, limits, &place).await.unwrap();
        assert_eq!(taken.len(), 102);
        let _stranger = room.enter();
        let sent_away = timeout(Duration::from_millis(50), place.lost()).await;
        assert!(sent_away.is_err(), "the silent one was to go");
    }
}
