//! DNS over QUIC (RFC 9250): every query on a stream of its own.

use std::{net::IpAddr, sync::Arc};

use payname_resolver::hickory_proto::op::Message;
use quinn::{Endpoint, Incoming, RecvStream, SendStream, ServerConfig, TransportConfig, VarInt};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    answering::{Answering, Way},
    tcp::Door,
};
use crate::{config::StreamLimits, room::Place};

/// What the listener speaks (ALPN).
pub(super) const PROTOCOL: &[u8] = b"doq";
/// How many queries of one connection may be under way.
const STREAMS: u32 = 100;
/// A message behind its length in two octets.
const MAX_FRAME: usize = 65_537;
/// From how many connections on, who comes must show first that it is where its address says.
const CROWDED_SHARE: usize = 2;
/// The option that has no place over QUIC (RFC 9250 §4.3.3).
const KEEPALIVE: u16 = 11;

/// RFC 9250 §4.3.
const NO_ERROR: VarInt = VarInt::from_u32(0);
const PROTOCOL_ERROR: VarInt = VarInt::from_u32(2);
const EXCESSIVE_LOAD: VarInt = VarInt::from_u32(4);

/// What one client may take, whatever it does.
pub(super) fn settings(
    crypto: Arc<dyn quinn::crypto::ServerConfig>,
    limits: StreamLimits,
) -> ServerConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(0_u32.into())
        .max_idle_timeout(limits.idle.try_into().ok())
        .stream_receive_window((1_u32 << 17).into())
        .receive_window((1_u32 << 18).into())
        .send_window(1 << 20)
        .datagram_receive_buffer_size(None);
    let mut config = ServerConfig::with_crypto(crypto);
    config.transport_config(Arc::new(transport));
    config.max_incoming(limits.connections);
    config
}

/// Answers until told to stop; connections under way are then closed.
pub(super) async fn serve(
    endpoint: Endpoint,
    answering: Answering,
    door: Door,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let incoming = tokio::select! {
            () = stop.cancelled() => break,
            incoming = endpoint.accept() => incoming,
            Some(_) = connections.join_next() => continue,
        };
        let Some(incoming) = incoming else { break };
        // Handshakes cost: where many are under way, a forged address gets none.
        let crowded = door.limits.connections.div_ceil(CROWDED_SHARE);
        if connections.len() >= crowded && !incoming.remote_address_validated() {
            let _ = incoming.retry();
            continue;
        }
        let (answering, limits) = (answering.clone(), door.limits);
        let place = door.enter(incoming.remote_address().ip());
        connections.spawn(async move { converse(incoming, answering, limits, place).await });
    }
    endpoint.close(NO_ERROR, b"");
}

/// Answers the queries of one connection.
async fn converse(
    incoming: Incoming,
    answering: Answering,
    limits: StreamLimits,
    place: Arc<Place>,
) {
    let client = incoming.remote_address().ip();
    let Ok(Ok(connection)) = timeout(limits.idle, incoming).await else {
        return;
    };
    let mut queries = JoinSet::new();
    let mut left = limits.queries;
    while left > 0 {
        let accepted = tokio::select! {
            accepted = connection.accept_bi() => accepted,
            () = place.lost() => {
                connection.close(EXCESSIVE_LOAD, b"");
                return;
            }
            // Streams that are done make room; how many there are is limited by QUIC itself.
            Some(_) = queries.join_next() => continue,
        };
        let Ok((sending, receiving)) = accepted else {
            return;
        };
        left = left.saturating_sub(1);
        let (answering, connection) = (answering.clone(), connection.clone());
        let place = Arc::clone(&place);
        queries.spawn(async move {
            let streams = (sending, receiving);
            let answering = answer(streams, client, &answering, &place);
            // Who breaks the rules has no use for an answer.
            if timeout(limits.idle, answering).await == Ok(Err(Broken)) {
                connection.close(PROTOCOL_ERROR, b"");
            }
        });
    }
    // Enough for one connection: what was asked is answered.
    let _ = timeout(limits.idle, async {
        while queries.join_next().await.is_some() {}
    })
    .await;
    connection.close(NO_ERROR, b"");
}

/// The client does not keep to RFC 9250.
#[derive(Debug, PartialEq, Eq)]
struct Broken;

/// Answers the one query of a stream. A stream that is broken off is nobody's fault.
async fn answer(
    (mut sending, mut receiving): (SendStream, RecvStream),
    client: IpAddr,
    answering: &Answering,
    place: &Place,
) -> Result<(), Broken> {
    let frame = match receiving.read_to_end(MAX_FRAME).await {
        Ok(frame) => frame,
        Err(quinn::ReadToEndError::TooLong) => return Err(Broken),
        Err(quinn::ReadToEndError::Read(_)) => return Ok(()),
    };
    place.stir();
    let query = check(&frame).ok_or(Broken)?;
    let Some(response) = answering.respond(query, client, Way::Quic, None).await else {
        return Err(Broken);
    };
    let length = u16::try_from(response.len()).unwrap_or(u16::MAX);
    let frame = [&length.to_be_bytes(), response.as_slice()].concat();
    if sending.write_all(&frame).await.is_ok() {
        let _ = sending.finish();
        // Dropped before all has arrived, the stream would be reset.
        let _ = sending.stopped().await;
    }
    Ok(())
}

/// The message of a frame: whole, with the id 0 and without an idle time (RFC 9250 §4.2 and §4.3.3).
fn check(frame: &[u8]) -> Option<&[u8]> {
    let (length, query) = frame.split_first_chunk::<2>()?;
    let whole = query.len() == usize::from(u16::from_be_bytes(*length));
    let [0, 0, ..] = query else {
        return None;
    };
    let message = Message::from_vec(query).ok();
    let edns = message.and_then(|message| message.edns);
    let options = edns.iter().flat_map(|edns| edns.options().as_ref());
    let mut codes = options.map(|(code, _)| u16::from(*code));
    (whole && !codes.any(|code| code == KEEPALIVE)).then_some(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_place_over_quic_is_told_from_queries() {
        let query = [
            0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 6, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0,
        ];
        let frame = |query: &[u8], rest: &[u8]| {
            let whole = [query, rest].concat();
            let length = u16::try_from(whole.len()).unwrap().to_be_bytes();
            [&length, whole.as_slice()].concat()
        };
        assert!(check(&frame(&query, &[0, 0])).is_some());
        assert!(
            check(&frame(&query, &[0, 4, 0, 11, 0, 0])).is_none(),
            "an idle time"
        );
        let mut numbered = frame(&query, &[0, 0]);
        numbered[3] = 1;
        assert!(check(&numbered).is_none(), "an id");
        let mut long = frame(&query, &[0, 0]);
        long.push(0);
        assert!(check(&long).is_none(), "two messages");
        assert!(check(&[0]).is_none() && check(&[]).is_none());
    }
}
