//! DNS over QUIC (RFC 9250): every question on a stream of its own.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use quinn::{ReadToEndError, crypto::rustls::QuicClientConfig};
use tokio_rustls::rustls;
use url::Host;

use super::{
    ClientError, DnsServer, ExchangeError, Timeouts, TlsServer,
    connect::Broken,
    kept::{Connection, Given, Kept, Opening},
};
use crate::resolution::{Question, Response};

/// A message behind its length in two bytes.
const MAX_FRAME: usize = 65_537;
/// RFC 9250 §4.3.
const DOQ_NO_ERROR: u32 = 0;

/// The QUIC connection to one server.
pub(super) struct Quic {
    at: TlsServer,
    config: quinn::ClientConfig,
    kept: Kept<Link>,
}

/// An open connection.
#[derive(Clone)]
struct Link {
    connection: quinn::Connection,
    /// The socket, which lives as long as the connection.
    _endpoint: quinn::Endpoint,
}

impl Quic {
    pub(super) fn new(at: &TlsServer, tls: rustls::ClientConfig) -> Result<Self, ClientError> {
        super::session::server_name(at)?;
        let crypto =
            QuicClientConfig::try_from(tls).map_err(|error| ClientError::Tls(error.into()))?;
        Ok(Self {
            at: at.clone(),
            config: quinn::ClientConfig::new(Arc::new(crypto)),
            kept: Kept::new(),
        })
    }

    /// Asks one question in the time of a whole exchange.
    pub(super) async fn exchange(
        &self,
        question: &Question,
        timeouts: Timeouts,
    ) -> Result<Response, ExchangeError> {
        let server = DnsServer::Quic(self.at.clone());
        let after = timeouts.exchange();
        let Ok(outcome) = tokio::time::timeout(after, self.ask(question)).await else {
            self.kept.forget();
            return Err(ExchangeError::timeout(&server, question, after));
        };
        let message = outcome.map_err(|broken| broken.into_error(&server, question))?;
        Response::parse(question, 0, &message)
            .map_err(|source| ExchangeError::response(&server, source))
    }

    async fn ask(&self, question: &Question) -> Result<Vec<u8>, Broken> {
        // The stream tells answers apart, and the id must be 0 (RFC 9250 §4.2.1).
        let message = question.to_padded_message(0);
        let length = u16::try_from(message.len()).map_err(|_| Broken::TooLong)?;
        let framed = [length.to_be_bytes().as_slice(), &message].concat();
        loop {
            let Given {
                connection: link,
                was_kept,
            } = self.kept.get(|| self.open()).await?;
            match link.ask(&framed).await {
                // It had ended without our knowing; a new one tells for certain.
                Err(_) if was_kept && !link.is_open() => {}
                outcome => return outcome,
            }
        }
    }

    fn open(&self) -> Opening<Link> {
        let (at, config) = (self.at.clone(), self.config.clone());
        Box::pin(async move {
            let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in addresses(&at).await.map_err(broken)? {
                match Link::open(address, &at, config.clone()).await {
                    Ok(link) => return Ok(link),
                    Err(Broken::Io(error)) => last = io::Error::new(error.kind(), error),
                    Err(other) => return Err(other),
                }
            }
            Err(broken(last))
        })
    }
}

impl Link {
    async fn open(
        address: SocketAddr,
        at: &TlsServer,
        config: quinn::ClientConfig,
    ) -> Result<Self, Broken> {
        let local: SocketAddr = match address {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let endpoint = quinn::Endpoint::client(local).map_err(broken)?;
        // What TLS calls an IP address has no brackets.
        let name = match at.certificate_name() {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let connection = endpoint
            .connect_with(config, address, &name)
            .map_err(|error| broken(io::Error::other(error)))?
            .await
            .map_err(|error| connection_broken(&error))?;
        Ok(Self {
            connection,
            _endpoint: endpoint,
        })
    }

    async fn ask(&self, framed: &[u8]) -> Result<Vec<u8>, Broken> {
        let (mut sender, mut receiver) = self
            .connection
            .open_bi()
            .await
            .map_err(|error| connection_broken(&error))?;
        let sent = async {
            sender.write_all(framed).await?;
            sender.finish().map_err(io::Error::from)
        };
        sent.await.map_err(broken)?;
        let frame = match receiver.read_to_end(MAX_FRAME).await {
            Ok(frame) => frame,
            Err(ReadToEndError::TooLong) => return Err(Broken::TooLong),
            Err(ReadToEndError::Read(_)) => return Err(Broken::CutOff),
        };
        let (length, message) = frame.split_first_chunk().ok_or(Broken::CutOff)?;
        match message.len().cmp(&usize::from(u16::from_be_bytes(*length))) {
            std::cmp::Ordering::Less => Err(Broken::CutOff),
            std::cmp::Ordering::Equal => Ok(message.to_vec()),
            std::cmp::Ordering::Greater => Err(Broken::TooLong),
        }
    }
}

impl Connection for Link {
    fn is_open(&self) -> bool {
        self.connection.close_reason().is_none()
    }
}

impl Drop for Quic {
    fn drop(&mut self) {
        // Says good-bye rather than letting the server wait for the idle time.
        self.kept.with(|link| {
            link.connection.close(DOQ_NO_ERROR.into(), b"");
        });
    }
}

async fn addresses(at: &TlsServer) -> io::Result<Vec<SocketAddr>> {
    Ok(match at.host() {
        Host::Ipv4(address) => vec![(*address, at.port()).into()],
        Host::Ipv6(address) => vec![(*address, at.port()).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), at.port()))
            .await?
            .collect(),
    })
}

fn broken(error: io::Error) -> Broken {
    Broken::Io(error.into())
}

/// QUIC's errors of the handshake are TLS's (RFC 9001 §4.8).
fn connection_broken(error: &quinn::ConnectionError) -> Broken {
    match error {
        quinn::ConnectionError::TransportError(error) => {
            Broken::Tls(io::Error::new(io::ErrorKind::InvalidData, error.clone()).into())
        }
        quinn::ConnectionError::ConnectionClosed(close) => {
            Broken::Tls(io::Error::new(io::ErrorKind::InvalidData, close.to_string()).into())
        }
        other => broken(io::Error::from(other.clone())),
    }
}

impl std::fmt::Debug for Quic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Quic").field(&self.at).finish()
    }
}
