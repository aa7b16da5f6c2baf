//! Listening on UDP and TCP on one port, and on HTTP (RFC 8484), for whoever answers messages.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::port;

/// How often an address is tried that is taken, and how long to wait in between.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// What a message came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Udp,
    Tcp,
    Https,
}

/// Turns a query into what is sent back; none is silence.
pub(super) trait Answer: Send + Sync + 'static {
    fn answer(
        &self,
        message: Vec<u8>,
        carrier: Carrier,
    ) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// Open sockets, closed when this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    https: SocketAddr,
    _open: DropGuard,
}

impl Listener {
    /// Listens on free loopback ports.
    pub(super) async fn open(answerer: Arc<impl Answer>) -> Result<Self> {
        Self::over(bind_both().await?, answerer).await
    }

    /// Listens for messages on this address, as soon as who was dropped before has let go of it.
    pub(super) async fn open_at(address: SocketAddr, answerer: Arc<impl Answer>) -> Result<Self> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match bind_at(address).await {
                Ok(sockets) => return Self::over(sockets, answerer).await,
                Err(error) if error.kind() == ErrorKind::AddrInUse && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn over(
        (udp, tcp): (UdpSocket, TcpListener),
        answerer: Arc<impl Answer>,
    ) -> Result<Self> {
        let address = udp.local_addr()?;
        let http = TcpListener::bind("127.0.0.1:0").await?;
        let https = http.local_addr()?;
        let closed = CancellationToken::new();
        let serving = [
            tokio::spawn(
                closed
                    .clone()
                    .run_until_cancelled_owned(udp_loop(udp, answerer.clone())),
            ),
            tokio::spawn(closed.clone().run_until_cancelled_owned(tcp_loop(
                tcp,
                answerer.clone(),
                closed.clone(),
            ))),
            tokio::spawn(
                closed
                    .clone()
                    .run_until_cancelled_owned(http_loop(http, answerer)),
            ),
        ];
        drop(serving); // they end with the token, not with their handles
        Ok(Self {
            address,
            https,
            _open: closed.drop_guard(),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn doh_url(&self) -> String {
        format!("http://{}/dns-query", self.https)
    }
}

async fn bind_at(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind(address).await?;
    Ok((udp, TcpListener::bind(address).await?))
}

async fn bind_both() -> Result<(UdpSocket, TcpListener)> {
    for _ in 0..port::ATTEMPTS {
        let address = port::free()?;
        if let (Ok(udp), Ok(tcp)) = (
            UdpSocket::bind(address).await,
            TcpListener::bind(address).await,
        ) {
            return Ok((udp, tcp));
        }
    }
    anyhow::bail!("no port could be had on UDP and TCP at once")
}

async fn udp_loop(socket: UdpSocket, answerer: Arc<impl Answer>) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0; 65_535];
    loop {
        // Linux reports an earlier datagram's ICMP error here; the next one is still fine.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let message = buffer[..length].to_vec();
        let (socket, answerer) = (socket.clone(), answerer.clone());
        tokio::spawn(async move {
            if let Some(answer) = answerer.answer(message, Carrier::Udp).await {
                let _ = socket.send_to(&answer, peer).await; // the peer may be gone
            }
        });
    }
}

async fn tcp_loop(listener: TcpListener, answerer: Arc<impl Answer>, closed: CancellationToken) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let conversation = converse(stream, answerer.clone());
        tokio::spawn(closed.clone().run_until_cancelled_owned(conversation));
    }
}

/// Answers every message of one connection (RFC 7766), until the other side ends it.
async fn converse(mut stream: TcpStream, answerer: Arc<impl Answer>) -> Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await?;
        match answerer.answer(message, Carrier::Tcp).await {
            Some(answer) => {
                let length = u16::try_from(answer.len()).context("an answer over 64 KiB")?;
                let framed = [&length.to_be_bytes()[..], &answer].concat();
                stream.write_all(&framed).await?;
            }
            // Silence: the connection stays open and nothing comes.
            None => tokio::time::sleep(Duration::from_secs(600)).await,
        }
    }
}

async fn http_loop(listener: TcpListener, answerer: Arc<impl Answer>) {
    let handler = move |message: Bytes| {
        let answerer = answerer.clone();
        async move {
            match answerer.answer(message.to_vec(), Carrier::Https).await {
                Some(answer) => message_response(answer),
                None => {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                    StatusCode::GATEWAY_TIMEOUT.into_response()
                }
            }
        }
    };
    let service = Router::new().route("/dns-query", post(handler));
    let _ = axum::serve(listener, service).await; // ends only with the task
}

fn message_response(message: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/dns-message")], message).into_response()
}
