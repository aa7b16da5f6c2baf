//! A web server that a stand-in speaks through: with a certificate or without, and able to break off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use payname_tests::Certificate;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is asked.
pub(super) struct Call {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// What is heard back.
pub(super) enum Reply {
    /// This, whole.
    Json(u16, serde_json::Value),
    /// This, whole.
    Text(u16, String),
    /// The beginning of it, and then the connection ends.
    Half(u16),
    /// Nothing, ever.
    Silence,
}

/// A server, which ends with this.
pub(super) struct Web {
    address: SocketAddr,
    scheme: &'static str,
    _open: DropGuard,
}

impl Web {
    /// Serves on a free port of this machine; with `certificate`, over TLS.
    pub(super) async fn start(
        certificate: Option<&Certificate>,
        answer: impl Fn(Call) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let answer = Arc::clone(&answer);
            async move { respond(answer(read(request).await)).await }
        });
        let open = CancellationToken::new();
        let closed = open.clone();
        match certificate.map(|certificate| certificate.server(&[b"http/1.1"]).unwrap()) {
            Some(config) => {
                let acceptor = TlsAcceptor::from(Arc::new(config));
                let listener = Tls { listener, acceptor };
                tokio::spawn(closed.run_until_cancelled_owned(async {
                    axum::serve(listener, router).await.unwrap();
                }));
            }
            None => {
                tokio::spawn(closed.run_until_cancelled_owned(async {
                    axum::serve(listener, router).await.unwrap();
                }));
            }
        }
        Self {
            address,
            scheme: match certificate {
                Some(_) => "https",
                None => "http",
            },
            _open: open.drop_guard(),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }
}

impl Call {
    /// The fields of a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        pairs(std::str::from_utf8(&self.body).unwrap())
    }

    /// Whether the password of Basic authentication is this.
    pub(super) fn has_password(&self, password: &str) -> bool {
        let encoded = data_encoding::BASE64.encode(format!(":{password}").as_bytes());
        let sent = self.headers.get(header::AUTHORIZATION);
        sent.is_some_and(|sent| sent.as_bytes() == format!("Basic {encoded}").as_bytes())
    }
}

/// The value of a field.
pub(super) fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn pairs(encoded: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("http://x/?{encoded}")).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn read(request: Request) -> Call {
    let (head, body) = request.into_parts();
    Call {
        path: head.uri.path().trim_start_matches('/').to_owned(),
        query: pairs(head.uri.query().unwrap_or_default()),
        headers: head.headers,
        body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
    }
}

async fn respond(reply: Reply) -> Response {
    let code = |status| StatusCode::from_u16(status).unwrap();
    match reply {
        Reply::Json(status, json) => (code(status), axum::Json(json)).into_response(),
        Reply::Text(status, text) => (code(status), text).into_response(),
        Reply::Half(status) => {
            let parts = [
                Ok(Bytes::from_static(b"{\"payment")),
                Err(std::io::Error::other("broken off")),
            ];
            (code(status), Body::from_stream(stream::iter(parts))).into_response()
        }
        Reply::Silence => {
            std::future::pending::<()>().await;
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

/// Accepts connections that speak TLS, and lets go of the others.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                if let Ok(stream) = self.acceptor.accept(stream).await {
                    return (stream, peer);
                }
            } else {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
