//! The connections of the HTTP API: HTTP/1.1, with an end to patience.
//!
//! HTTP/2 is left to the proxy that speaks TLS in front of us: a connection then carries one
//! request at a time, so the limits on connections and on requests are limits on everything.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{door::Door, visitor::Peer};
use crate::room::{Limits, Place, REST};

/// What connections may take. Proxies keep idle ones for a minute; we must not be first to close.
pub(crate) const LIMITS: Limits = Limits {
    connections: 256,
    silence: Duration::from_secs(75),
};
/// The most that is kept of a request whose header is not complete, in bytes.
const MAX_HEADERS: usize = 32 * 1024;

/// Serves until told to stop, then ends once all requests under way have been answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    door: Door,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(REST).await;
            continue;
        };
        // Who is not let in is not even answered that it is so.
        let Some(place) = door.enter(peer.ip()) else {
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        let silence = door.silence();
        connections.spawn(converse(stream, Peer(peer), router, place, silence, stop));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    place: Place,
    silence: Duration,
    stop: CancellationToken,
) {
    let place = Arc::new(place);
    let stirring = Arc::clone(&place);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answering = stirring.answer();
        request.extensions_mut().insert(peer);
        let called = service.call(request);
        async move {
            let answer = called.await;
            drop(answering);
            answer
        }
    });
    // Small responses in two segments would wait for the peer's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(silence)
        .max_buf_size(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A connection that fails concerns only its peer.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = place.lost() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = place.lost() => {}
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Instant};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpSocket,
        sync::Notify,
    };

    use super::*;
    use crate::{
        config::{Clients, HttpLimits, Networks},
        http::HttpCounts,
    };

    async fn start(limits: Limits) -> (SocketAddr, CancellationToken) {
        start_behind(Door::open(limits)).await
    }

    /// A door that knows networks; this machine's own are not exempt.
    fn counting(limits: HttpLimits) -> Door {
        let clients = Clients {
            trusted_proxies: vec!["127.0.5.0/24".parse().unwrap()],
            networks: Networks {
                exempt: Vec::new(),
                ..Clients::default().networks
            },
            ..Clients::default()
        };
        Door::open(PATIENT).with_limits(&limits, &clients, &HttpCounts::default())
    }

    async fn start_behind(door: Door) -> (SocketAddr, CancellationToken) {
        let slowly = async || tokio::time::sleep(Duration::from_millis(300)).await;
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/slow", get(slowly));
        start_with(door, router).await
    }

    async fn start_with(door: Door, router: Router) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, door, stop.clone()));
        (address, stop)
    }

    async fn say(address: SocketAddr, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// The same from an address of this machine.
    async fn say_from(own: &str, address: SocketAddr, text: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{own}:0").parse().unwrap()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        // Who was not let in may see it here already.
        let _ = stream.write_all(text.as_bytes()).await;
        stream
    }

    async fn rest_of(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // Who is thrown out in the middle of a sentence may see a reset.
        let _ = stream.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    const WHOLE: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const PATIENT: Limits = Limits {
        connections: 8,
        silence: Duration::from_secs(60),
    };

    #[tokio::test]
    async fn connections_that_say_half_of_something_keep_nobody_out() {
        let (address, _stop) = start(PATIENT).await;
        let mut slow = Vec::new();
        for _ in 0..20 {
            slow.push(say(address, "GET / HTTP/1.1\r\nhost:").await);
        }
        let begun = Instant::now();
        assert!(rest_of(say(address, WHOLE).await).await.ends_with("here"));
        assert!(begun.elapsed() < Duration::from_secs(5));
        // The first to come were the first to go.
        assert_eq!(rest_of(slow.remove(0)).await, "");
    }

    #[tokio::test]
    async fn one_network_holds_its_part_of_the_connections_and_nobody_elses() {
        let limits = HttpLimits {
            connections_per_network: 4,
            new_connections_per_second: 0,
            ..HttpLimits::default()
        };
        let (address, _stop) = start_behind(counting(limits)).await;
        let (beginning, end) = WHOLE.split_at(10);
        let mut slow = say_from("127.0.9.1", address, beginning).await;
        let mut proxy = say_from("127.0.5.1", address, beginning).await;
        let mut hoard = Vec::new();
        for _ in 0..20 {
            hoard.push(say_from("127.0.0.1", address, "GET / HTTP/1.1\r\nhost:").await);
        }
        // The last of them has come in when the first that had to leave has left.
        assert_eq!(rest_of(hoard.remove(15)).await, "");
        for stream in [&mut slow, &mut proxy] {
            stream.write_all(end.as_bytes()).await.unwrap();
        }
        for stream in [slow, proxy] {
            assert!(rest_of(stream).await.ends_with("here"));
        }
    }

    #[tokio::test]
    async fn who_is_being_answered_loses_its_place_to_nobody_of_its_network() {
        let limits = HttpLimits {
            connections_per_network: 2,
            new_connections_per_second: 0,
            ..HttpLimits::default()
        };
        let (reached, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (reaching, opened) = (Arc::clone(&reached), Arc::clone(&gate));
        let held = async move || {
            reaching.notify_one();
            opened.notified().await;
            "held"
        };
        let router = Router::new().route("/held", get(held));
        let (address, _stop) = start_with(counting(limits), router).await;
        let held = "GET /held HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let first = say_from("127.0.0.1", address, held).await;
        reached.notified().await;
        let idle = say_from("127.0.0.1", address, "").await;
        let second = say_from("127.0.0.1", address, held).await;
        assert_eq!(rest_of(idle).await, "");
        reached.notified().await;
        // Now all that the network may have are being answered.
        assert_eq!(
            rest_of(say_from("127.0.0.1", address, held).await).await,
            ""
        );
        gate.notify_waiters();
        for stream in [first, second] {
            assert!(rest_of(stream).await.ends_with("held"));
        }
    }

    #[tokio::test]
    async fn who_opens_connections_too_often_is_not_let_in_and_others_are() {
        let limits = HttpLimits {
            connections_per_network: 0,
            new_connections_per_second: 3,
            ..HttpLimits::default()
        };
        let (address, _stop) = start_behind(counting(limits)).await;
        let answered = async |own: &str| {
            let mut answered = 0;
            for _ in 0..40 {
                let answer = rest_of(say_from(own, address, WHOLE).await).await;
                answered += usize::from(answer.ends_with("here"));
            }
            answered
        };
        let begun = Instant::now();
        let let_in = answered("127.0.0.1").await;
        // As many as at once, and those for which there was time.
        let most = 4 + 3 * usize::try_from(begun.elapsed().as_secs()).unwrap();
        assert!((3..40).contains(&let_in) && let_in <= most + 3, "{let_in}");
        assert_eq!(answered("127.0.5.1").await, 40, "a proxy that is trusted");
        let other = rest_of(say_from("127.0.9.1", address, WHOLE).await).await;
        assert!(other.ends_with("here"), "{other}");
    }

    #[tokio::test]
    async fn who_does_not_finish_a_header_is_cut_off_and_so_is_who_falls_silent() {
        let impatient = Limits {
            silence: Duration::from_millis(100),
            ..PATIENT
        };
        let (address, _stop) = start(impatient).await;
        for beginning in ["", "GET / HTTP/1.1\r\nhost:"] {
            let answer = rest_of(say(address, beginning).await).await;
            assert!(!answer.contains("200"), "{answer}");
        }
        let kept_alive = say(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(rest_of(kept_alive).await.ends_with("here"));
    }

    #[tokio::test]
    async fn a_header_that_never_ends_is_refused() {
        let (address, _stop) = start(PATIENT).await;
        let endless = format!("GET / HTTP/1.1\r\nx: {}", "x".repeat(2 * MAX_HEADERS));
        let answer = rest_of(say(address, &endless).await).await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn a_stop_answers_what_was_asked_and_closes_what_is_idle() {
        let (address, stop) = start(PATIENT).await;
        let idle = say(address, "").await;
        let asking = say(address, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
        assert_eq!(rest_of(idle).await, "");
        assert!(rest_of(asking).await.starts_with("HTTP/1.1 200"));
        assert!(TcpStream::connect(address).await.is_err());
    }
}
