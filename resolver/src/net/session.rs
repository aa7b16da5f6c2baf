//! The connections to one server.

use std::{net::SocketAddr, sync::Arc};

use tokio_rustls::rustls::pki_types::{IpAddr, ServerName};
use url::{Host, Url};

#[cfg(feature = "quic")]
use super::quic::Quic;
use super::{
    ClientError, ClientOptions, DnsServer, ExchangeError, TlsServer, connect::Route, https,
    line::Line, plain, socks::SocksProxy,
};
use crate::resolution::{Question, Response};

/// The connections to one server, opened when needed. With a proxy that isolates, one session is
/// one name.
#[derive(Debug)]
pub(super) enum Session {
    /// Datagrams, and a stream for what does not fit.
    Plain { address: SocketAddr, stream: Line },
    /// A stream.
    Stream(Line),
    /// HTTP.
    Https { client: reqwest::Client, url: Url },
    /// QUIC.
    #[cfg(feature = "quic")]
    Quic(Quic),
}

impl Session {
    /// Makes everything ready; nothing is sent.
    pub(super) fn new(server: &DnsServer, options: &ClientOptions) -> Result<Self, ClientError> {
        let proxy = match &options.proxy {
            Some(proxy) => Some(SocksProxy::for_next_name(proxy)?),
            None => None,
        };
        let tcp = |address: SocketAddr, proxy| {
            let route = Route {
                host: host_of(address),
                port: address.port(),
                proxy,
                tls: None,
            };
            Line::new(server.clone(), route)
        };
        match server {
            DnsServer::Plain(_) | DnsServer::Quic(_) if proxy.is_some() => {
                Err(ClientError::NotThroughProxy {
                    server: server.clone(),
                })
            }
            DnsServer::Plain(address) => Ok(Self::Plain {
                address: *address,
                stream: tcp(*address, None),
            }),
            DnsServer::Tcp(address) => Ok(Self::Stream(tcp(*address, proxy))),
            DnsServer::Tls(at) => {
                let config = options.roots.config(&[b"dot"])?;
                let route = Route {
                    host: at.host().clone(),
                    port: at.port(),
                    proxy,
                    tls: Some((Arc::new(config), server_name(at)?)),
                };
                Ok(Self::Stream(Line::new(server.clone(), route)))
            }
            DnsServer::Https(url) => Ok(Self::Https {
                client: https::client(url, options, proxy.as_ref())?,
                url: url.clone(),
            }),
            #[cfg(feature = "quic")]
            DnsServer::Quic(at) => {
                let config = options.roots.config(&[b"doq"])?;
                Quic::new(at, config).map(Self::Quic)
            }
            #[cfg(not(feature = "quic"))]
            DnsServer::Quic(_) => Err(ClientError::NotBuiltIn {
                server: server.clone(),
                feature: "quic",
            }),
        }
    }

    /// Asks one question.
    pub(super) async fn exchange(
        &self,
        question: &Question,
        options: &ClientOptions,
    ) -> Result<Response, ExchangeError> {
        let timeouts = options.timeouts;
        match self {
            Self::Plain { address, stream } => {
                plain::exchange(*address, stream, question, timeouts).await
            }
            Self::Stream(line) => line.exchange(question, timeouts).await,
            Self::Https { client, url } => https::exchange(client, url, question, timeouts).await,
            #[cfg(feature = "quic")]
            Self::Quic(quic) => quic.exchange(question, timeouts).await,
        }
    }
}

fn host_of(address: SocketAddr) -> Host {
    match address {
        SocketAddr::V4(address) => Host::Ipv4(*address.ip()),
        SocketAddr::V6(address) => Host::Ipv6(*address.ip()),
    }
}

/// The name that TLS checks the certificate against.
pub(super) fn server_name(at: &TlsServer) -> Result<ServerName<'static>, ClientError> {
    match at.certificate_name() {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|error| ClientError::Tls(error.into()))
        }
        Host::Ipv4(address) => Ok(ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(
            *address,
        )))),
        Host::Ipv6(address) => Ok(ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V6(
            *address,
        )))),
    }
}
