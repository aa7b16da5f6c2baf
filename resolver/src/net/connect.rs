//! Opening a stream: TCP, through a proxy if there is one, and TLS in it if there should be.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, pki_types::ServerName},
};
use url::Host;

use super::{
    DnsServer, ExchangeError,
    socks::{self, SocksError, SocksProxy},
};
use crate::resolution::{Question, ResponseError};

/// How a stream to a server is opened.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) proxy: Option<SocksProxy>,
    pub(super) tls: Option<(Arc<rustls::ClientConfig>, ServerName<'static>)>,
}

/// Any stream of bytes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Route {
    /// Opens it. With a proxy, nothing is sent but to the proxy, and names are looked up there.
    pub(super) async fn open(&self) -> Result<Box<dyn Stream>, Broken> {
        let stream = match &self.proxy {
            Some(proxy) => {
                let stream = dial(&proxy.host, proxy.port)
                    .await
                    .map_err(SocksError::from)?;
                socks::connect(stream, proxy, &self.host, self.port).await?
            }
            None => dial(&self.host, self.port)
                .await
                .map_err(|error| Broken::Io(error.into()))?,
        };
        match &self.tls {
            Some((config, name)) => TlsConnector::from(config.clone())
                .connect(name.clone(), stream)
                .await
                .map(|stream| Box::new(stream) as Box<dyn Stream>)
                .map_err(|error| Broken::Tls(error.into())),
            None => Ok(Box::new(stream)),
        }
    }
}

async fn dial(host: &Host, port: u16) -> io::Result<TcpStream> {
    let stream = match host {
        Host::Domain(name) => TcpStream::connect((name.as_str(), port)).await,
        Host::Ipv4(address) => TcpStream::connect((*address, port)).await,
        Host::Ipv6(address) => TcpStream::connect((*address, port)).await,
    }?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Why a connection carries no answer; all who wait for it are told.
#[derive(Debug, Clone)]
pub(super) enum Broken {
    /// It could not be opened, or broke.
    Io(Arc<io::Error>),
    /// TLS failed.
    Tls(Arc<io::Error>),
    /// The proxy failed.
    Proxy(SocksError),
    /// The server closed it between two messages.
    Closed {
        /// Whether anything was answered on it.
        answered: bool,
    },
    /// It ended in the middle of a message.
    CutOff,
    /// A message belongs to no question.
    Misfit,
    /// A message is longer than any may be.
    #[cfg_attr(
        not(feature = "quic"),
        expect(dead_code, reason = "a stream's frames cannot be")
    )]
    TooLong,
}

impl Broken {
    /// The same for the one who asked.
    pub(super) fn into_error(self, server: &DnsServer, question: &Question) -> ExchangeError {
        let again = |error: Arc<io::Error>| io::Error::new(error.kind(), error);
        match self {
            Self::Io(error) => ExchangeError::io(server, again(error)),
            Self::Tls(error) => ExchangeError::Tls {
                server: server.clone(),
                source: again(error),
            },
            Self::Proxy(source) => ExchangeError::Proxy {
                server: server.clone(),
                source,
            },
            Self::Closed { .. } | Self::CutOff => ExchangeError::CutOff {
                server: server.clone(),
            },
            Self::Misfit => {
                ExchangeError::response(server, ResponseError::NotAnAnswer(question.clone()))
            }
            Self::TooLong => ExchangeError::TooLong {
                server: server.clone(),
            },
        }
    }
}

impl From<SocksError> for Broken {
    fn from(error: SocksError) -> Self {
        Self::Proxy(error)
    }
}
