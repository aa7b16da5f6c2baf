//! TLS to the database by rustls, with the certificate authorities that the operator names.
//!
//! A crate for this exists and is not used: it brings a second parser of certificates, for channel
//! binding, which a verified certificate makes needless.

use std::{
    convert::Infallible,
    io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{self, ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::{
    TlsConnector, client,
    rustls::{
        ClientConfig, RootCertStore, crypto,
        pki_types::{CertificateDer, InvalidDnsNameError, ServerName, pem::PemObject as _},
    },
};

use super::OpenError;

/// Makes TLS connections to servers whose certificates it verifies.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

/// One handshake to come.
pub(super) struct Handshake {
    connector: TlsConnector,
    /// A socket's path is no name; it is asked for all the same, and not used.
    server: Result<ServerName<'static>, InvalidDnsNameError>,
}

/// An encrypted stream.
pub(super) struct TlsStream<S>(client::TlsStream<S>);

impl Tls {
    /// Trusts the authorities in a PEM file, or without one those that browsers trust.
    pub(super) fn new(authorities: Option<&Path>) -> Result<Self, OpenError> {
        let mut roots = RootCertStore::empty();
        match authorities {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let bad = |reason: String| OpenError::Authorities {
                    file: file.to_owned(),
                    reason,
                };
                let found = CertificateDer::pem_file_iter(file);
                for certificate in found.map_err(|error| bad(error.to_string()))? {
                    let certificate = certificate.map_err(|error| bad(error.to_string()))?;
                    let added = roots.add(certificate);
                    added.map_err(|error| bad(error.to_string()))?;
                }
                if roots.is_empty() {
                    return Err(bad("there is no certificate in it".to_owned()));
                }
            }
        }
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(OpenError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = TlsStream<S>;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        Ok(Handshake {
            connector: TlsConnector::from(Arc::clone(&self.0)),
            server: ServerName::try_from(host).map(|name| name.to_owned()),
        })
    }
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = TlsStream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TlsStream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let server = self.server.map_err(io::Error::other)?;
            Ok(TlsStream(self.connector.connect(server, stream).await?))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> tls::TlsStream for TlsStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
