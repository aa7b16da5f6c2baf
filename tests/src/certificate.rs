//! A certificate of a server that only the tests believe.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use payname_resolver::net::TlsRoots;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// A certificate that signs itself, and its key.
#[derive(Debug)]
pub struct Certificate {
    pem: String,
    key_pem: String,
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    /// A new one for `name` and for 127.0.0.1.
    ///
    /// # Errors
    /// It is no name of a server.
    pub fn new(name: &str) -> Result<Self> {
        let names = [name.to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        Ok(Self {
            pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
            certificate: made.cert.der().clone(),
            key: made.signing_key.serialize_der(),
        })
    }

    /// Itself as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its private key as PEM.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// For a client that believes this certificate and no other.
    ///
    /// # Panics
    /// Never: the PEM is its own.
    pub fn roots(&self) -> TlsRoots {
        TlsRoots::from_pem(self.pem.as_bytes()).expect("a certificate that was just written")
    }

    /// For a server of `rustls`.
    ///
    /// # Errors
    /// The key does not fit, which it does.
    pub fn resolver(&self) -> Result<Arc<SingleCertAndKey>> {
        let key = PrivatePkcs8KeyDer::from(self.key.clone());
        let chain = vec![self.certificate.clone()];
        let key = CertifiedKey::from_der(chain, key.into(), &ring::default_provider())?;
        Ok(Arc::new(SingleCertAndKey::from(key)))
    }

    /// Settings of a server of `rustls` that agrees to these protocols (ALPN).
    ///
    /// # Errors
    /// As [`Certificate::resolver`].
    pub fn server(&self, protocols: &[&[u8]]) -> Result<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| anyhow!(error))?
            .with_no_client_auth()
            .with_cert_resolver(self.resolver()?);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }
}
