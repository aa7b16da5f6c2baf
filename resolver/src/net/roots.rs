//! Whose certificates a server may show.

use std::sync::Arc;

use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::ClientError;

/// The certificate authorities that are believed about who a server is.
///
/// They keep strangers from reading along. They prove nothing about payments: that is for DNSSEC.
#[derive(Debug, Clone)]
pub struct TlsRoots(Arc<RootCertStore>);

impl TlsRoots {
    /// Only the certificates in this PEM text, such as that of one's own server.
    ///
    /// # Errors
    /// The text holds no certificate, or one that cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsRootsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| TlsRootsError::Unreadable)?;
            roots
                .add(certificate)
                .map_err(|_| TlsRootsError::Unreadable)?;
        }
        match roots.is_empty() {
            true => Err(TlsRootsError::Empty),
            false => Ok(Self(Arc::new(roots))),
        }
    }

    /// The settings of TLS for these protocols (ALPN, RFC 7301).
    pub(super) fn config(&self, protocols: &[&[u8]]) -> Result<ClientConfig, ClientError> {
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error: rustls::Error| ClientError::Tls(error.into()))?
            .with_root_certificates(self.0.clone())
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }
}

impl Default for TlsRoots {
    /// The authorities that Mozilla's browser believes.
    fn default() -> Self {
        Self(Arc::new(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        }))
    }
}

/// Why a text names no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsRootsError {
    /// A certificate in it cannot be read.
    #[error(
        "a certificate cannot be read; it is PEM text that begins with -----BEGIN CERTIFICATE-----"
    )]
    Unreadable,
    /// There is none in it.
    #[error(
        "there is no certificate in it; it is PEM text that begins with -----BEGIN CERTIFICATE-----"
    )]
    Empty,
}
