//! DNS over HTTPS (RFC 8484): GET and POST at `/dns-query`, over HTTP/2 and HTTP/1.1.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use data_encoding::BASE64URL_NOPAD;
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use payname_resolver::hickory_proto::{
    op::{Message, ResponseCode},
    rr::Record,
};
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use super::{
    answering::{Answering, Way},
    tcp::{Door, accept},
};
use crate::{config::StreamLimits, room::Place};

/// What the listener speaks (ALPN), the better first.
pub(super) const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
const PATH: &str = "/dns-query";
const MEDIA_TYPE: &str = "application/dns-message";
/// The most that is kept of a request's header, in bytes: a GET holds its query there.
const MAX_HEADERS: u32 = 16 * 1024;
/// The longest query that is read, in bytes, as over UDP: queries have about 100, and a hundred of them
/// can wait in each connection for what never comes.
const MAX_QUERY: usize = 4096;
/// How many requests of one connection may be under way.
const STREAMS: u32 = 100;

/// Answers until told to stop; connections under way are then closed.
pub(super) async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    answering: Answering,
    door: Door,
    stop: CancellationToken,
) {
    let router = Router::new()
        .route(PATH, get(by_get).post(by_post))
        .layer(DefaultBodyLimit::max(MAX_QUERY))
        .with_state(answering);
    let limits = door.limits;
    accept(listener, door, stop, |stream, client, place| {
        let (router, tls) = (router.clone(), tls.clone());
        async move {
            if let Ok(Ok(stream)) = timeout(limits.idle, tls.accept(stream)).await {
                converse(stream, client, router, limits, place).await;
            }
        }
    })
    .await;
}

/// Serves one connection until it is idle or has asked enough.
async fn converse(
    stream: TlsStream<TcpStream>,
    client: IpAddr,
    router: Router,
    limits: StreamLimits,
    place: Arc<Place>,
) {
    let asked = AtomicUsize::new(0);
    let (stirred, stirs) = watch::channel(());
    let enough = CancellationToken::new();
    let full = enough.clone();
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        place.stir();
        stirred.send_replace(());
        if asked.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= limits.queries {
            full.cancel();
        }
        request.extensions_mut().insert(client);
        let answering = timeout(limits.idle, service.call(request));
        // Who sends the rest of a query no sooner is given up, whatever else he asks meanwhile.
        async {
            let late = |_| Ok(StatusCode::REQUEST_TIMEOUT.into_response());
            answering.await.unwrap_or_else(late)
        }
    });
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    if is_http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(MAX_HEADERS)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = silence(stirs.clone(), limits.idle) => return,
            () = enough.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = timeout(limits.idle, connection).await;
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle)
            .max_buf_size(MAX_HEADERS as usize)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = silence(stirs.clone(), limits.idle) => return,
            () = enough.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ = timeout(limits.idle, connection).await;
    }
}

/// Waits until nothing has stirred for so long.
async fn silence(mut stirs: watch::Receiver<()>, idle: Duration) {
    loop {
        tokio::select! {
            () = sleep(idle) => return,
            stirred = stirs.changed() => if stirred.is_err() {
                return;
            },
        }
    }
}

/// The query of a GET.
#[derive(Deserialize)]
struct Asked {
    dns: String,
}

async fn by_get(
    State(answering): State<Answering>,
    Extension(client): Extension<IpAddr>,
    Query(asked): Query<Asked>,
) -> Response {
    // Padding is not meant to be there (RFC 8484 §6), and some write it.
    let text = asked.dns.trim_end_matches('=');
    match BASE64URL_NOPAD.decode(text.as_bytes()) {
        Ok(query) => answer(&answering, client, &query).await,
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn by_post(
    State(answering): State<Answering>,
    Extension(client): Extension<IpAddr>,
    headers: HeaderMap,
    query: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != MEDIA_TYPE) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    answer(&answering, client, &query).await
}

async fn answer(answering: &Answering, client: IpAddr, query: &[u8]) -> Response {
    let Some(response) = answering.respond(query, client, Way::Https, None).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let freshness = match max_age(&response) {
        Some(seconds) => format!("max-age={seconds}"),
        None => "no-store".to_owned(),
    };
    let kind = (header::CONTENT_TYPE, MEDIA_TYPE.to_owned());
    ([kind, (header::CACHE_CONTROL, freshness)], response).into_response()
}

/// How long HTTP caches may keep a response, in seconds: the smallest TTL of the answer or, if it has
/// none, of what denies it (RFC 8484 §5.1). None for errors.
fn max_age(response: &[u8]) -> Option<u32> {
    let message = Message::from_vec(response).ok()?;
    let code = message.metadata.response_code;
    if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
        return None;
    }
    let smallest = |records: &[Record]| records.iter().map(|record| record.ttl).min();
    // Our SOA records have the negative TTL already where they deny something.
    smallest(&message.answers).or_else(|| smallest(&message.authorities))
}
