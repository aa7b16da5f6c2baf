//! The certificate of the encrypted listeners: from files, and from them again when they change.

use std::{
    fmt, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::renewal::Stamp;

/// The permissions that let others in.
const OTHERS: u32 = 0o077;
/// Where systemd puts the credentials of a service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A chain of certificates and its private key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl CertificateFiles {
    /// Reads both.
    pub(crate) fn read(&self) -> Result<CertifiedKey, CertificateError> {
        let path = &self.certificate;
        let chain = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(path, "certificate", error))?;
        if chain.is_empty() {
            let error = pem::Error::NoItemsFound;
            return Err(unreadable(path, "certificate", error));
        }
        let path = &self.key;
        refuse_loose(path)?;
        let key = PrivateKeyDer::from_pem_file(path)
            .map_err(|error| unreadable(path, "private key", error))?;
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|source| {
            CertificateError::Unusable {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                source,
            }
        })
    }

    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| Stamp::of(path).ok())
    }
}

/// The certificate that is shown now.
pub(super) struct Shown {
    files: CertificateFiles,
    current: Arc<Current>,
    seen: [Option<Stamp>; 2],
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl Shown {
    /// Reads the files.
    pub(super) fn new(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let seen = files.stamps();
        let current = Current(ArcSwap::from_pointee(files.read()?));
        Ok(Self {
            files: files.clone(),
            current: Arc::new(current),
            seen,
        })
    }

    /// What TLS and QUIC listeners of these protocols (ALPN) are set up with; they show what is current.
    pub(super) fn server(&self, protocols: &[&[u8]]) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(config)
    }

    /// Reads the files again if they have changed; when they are of no use, the last good certificate
    /// stays.
    pub(super) fn renew(&mut self) {
        let now = self.files.stamps();
        if now == self.seen {
            return;
        }
        self.seen = now;
        let file = self.files.certificate.display();
        match self.files.read() {
            Ok(certificate) => {
                tracing::info!(%file, "new certificate");
                self.current.0.store(Arc::new(certificate));
            }
            Err(error) => tracing::error!(%file, %error, "the certificate stays as it was"),
        }
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shown").field(&self.files).finish()
    }
}

/// Refuses a key that others may read. What systemd hands over (`LoadCredential=`) is for the service
/// alone, whatever its mode looks like.
fn refuse_loose(path: &Path) -> Result<(), CertificateError> {
    let handed_over = std::env::var_os(CREDENTIALS).is_some_and(|own| path.starts_with(own));
    let metadata = std::fs::metadata(path);
    let metadata = metadata.map_err(|source| CertificateError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mode = metadata.permissions().mode() & 0o777;
    if handed_over || mode & OTHERS == 0 {
        return Ok(());
    }
    Err(CertificateError::Loose {
        key: path.to_owned(),
        mode,
    })
}

fn unreadable(path: &Path, what: &'static str, source: pem::Error) -> CertificateError {
    let path = path.to_owned();
    match source {
        pem::Error::Io(source) => CertificateError::Read { path, source },
        source => CertificateError::NotPem { path, what, source },
    }
}

/// Why a certificate is not taken. No error repeats a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no {what} in PEM form ({source}); it must begin with -----BEGIN", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// Why.
        source: pem::Error,
    },
    /// Others can read the private key.
    #[error("{} can be read by others (mode {mode:o}); run: chmod go= {}", key.display(), key.display())]
    Loose {
        /// The file.
        key: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// They do not belong together, or cannot be used.
    #[error("the certificate {} cannot be used with the key {} ({source}); take both from one issuance, the server's own certificate first", certificate.display(), key.display())]
    Unusable {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn write(folder: &Path) -> CertificateFiles {
        let made = rcgen::generate_simple_self_signed(["dns.example.test".to_owned()]).unwrap();
        let files = CertificateFiles {
            certificate: folder.join("chain.pem"),
            key: folder.join("key.pem"),
        };
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        set_mode(&files.key, 0o600);
        files
    }

    #[test]
    fn wrong_files_are_refused_with_place_and_reason() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let good = write(folder.path());
        assert!(good.read().is_ok());
        let said = |certificate: &Path, key: &Path| {
            let (certificate, key) = (certificate.to_owned(), key.to_owned());
            let files = CertificateFiles { certificate, key };
            files.read().unwrap_err().to_string()
        };
        let nowhere = folder.path().join("nowhere.pem");
        assert!(said(&nowhere, &good.key).contains("nowhere.pem cannot be read"));
        assert!(said(&good.key, &good.key).contains("key.pem holds no certificate"));
        set_mode(&good.certificate, 0o600);
        let swapped = said(&good.certificate, &good.certificate);
        assert!(
            swapped.contains("chain.pem holds no private key"),
            "{swapped}"
        );
        let foreign = said(&good.certificate, &write(other.path()).key);
        assert!(foreign.contains("from one issuance"), "{foreign}");
        set_mode(&good.key, 0o640);
        let loose = said(&good.certificate, &good.key);
        assert!(
            loose.contains("key.pem can be read by others (mode 640)"),
            "{loose}"
        );
    }

    #[test]
    fn a_new_certificate_is_shown_and_the_last_good_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut shown = Shown::new(&write(folder.path())).unwrap();
        let current = |shown: &Shown| shown.current.0.load_full().cert.clone();
        let first = current(&shown);
        shown.renew();
        assert_eq!(current(&shown), first);
        let files = write(folder.path());
        shown.renew();
        let second = current(&shown);
        assert_ne!(second, first);
        fs::write(&files.key, "no key").unwrap();
        shown.renew();
        assert_eq!(current(&shown), second);
    }
}
