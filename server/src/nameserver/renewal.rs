//! What changes while the server runs: files are read again when they change, and secrets of our own
//! are replaced.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use payname_zones::ServerOptions;
use ring::rand::SystemRandom;
use tokio_util::sync::CancellationToken;

use super::{
    certificate::Shown,
    secrets::{OwnSecrets, SecretFile, SecretsError},
};
use crate::config::Serving;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_secs(5);
/// How long a cookie secret of our own makes cookies; far below the 36 days of RFC 7873 §7.1.
const SECRET_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The options of the server, and where they come from.
#[derive(Debug)]
pub(super) struct Renewal {
    options: Arc<ArcSwap<ServerOptions>>,
    secrets: Secrets,
    certificate: Option<Shown>,
}

#[derive(Debug)]
enum Secrets {
    Shared(PathBuf, Option<Stamp>),
    /// And when it was made.
    Own(OwnSecrets, Instant),
    None,
}

impl Renewal {
    /// The options as they are now.
    ///
    /// # Errors
    /// The file of cookie secrets cannot be used.
    pub(super) fn start(serving: &Serving) -> Result<Self, SecretsError> {
        let (secrets, cookies) = match &serving.cookie_secrets {
            Some(path) => {
                let stamp = Stamp::of(path).ok();
                let cookies = SecretFile::read(path)?;
                (Secrets::Shared(path.clone(), stamp), Some(cookies))
            }
            None => match OwnSecrets::new(&SystemRandom::new()) {
                Some(own) => {
                    let cookies = own.cookies();
                    (Secrets::Own(own, Instant::now()), Some(cookies))
                }
                None => (Secrets::None, None),
            },
        };
        let nsid = serving.nsid.as_ref().map(|nsid| nsid.clone().into_bytes());
        let options = ServerOptions { nsid, cookies };
        Ok(Self {
            options: Arc::new(ArcSwap::from_pointee(options)),
            secrets,
            certificate: None,
        })
    }

    /// Renews this certificate, too.
    pub(super) fn with_certificate(self, certificate: Shown) -> Self {
        Self {
            certificate: Some(certificate),
            ..self
        }
    }

    /// What listeners answer by.
    pub(super) fn options(&self) -> Arc<ArcSwap<ServerOptions>> {
        Arc::clone(&self.options)
    }

    /// Renews what is due, until told to stop.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(GLANCE) => {}
            }
            self.renew();
            if let Some(certificate) = &mut self.certificate {
                certificate.renew();
            }
        }
    }

    fn renew(&mut self) {
        let cookies = match &mut self.secrets {
            Secrets::None => return,
            Secrets::Own(_, since) if since.elapsed() < SECRET_LIFE => return,
            Secrets::Own(own, since) => {
                *since = Instant::now();
                own.renew(&SystemRandom::new());
                own.cookies()
            }
            Secrets::Shared(path, seen) => {
                let Some(stamp) = Stamp::changed(path, seen) else {
                    return;
                };
                *seen = Some(stamp);
                match SecretFile::read(path) {
                    Ok(cookies) => {
                        tracing::info!(file = %path.display(), "new cookie secrets");
                        cookies
                    }
                    Err(error) => {
                        tracing::error!(file = %path.display(), %error, "the cookie secrets stay as they were");
                        return;
                    }
                }
            }
        };
        let nsid = self.options.load().nsid.clone();
        let cookies = Some(cookies);
        self.options
            .store(Arc::new(ServerOptions { nsid, cookies }));
    }
}

/// By what a file is seen to have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            modified: metadata.modified()?,
            length: metadata.len(),
            inode: metadata.ino(),
        })
    }

    /// The file's stamp, if it is there and another one than was seen.
    pub(super) fn changed(path: &Path, seen: &Option<Self>) -> Option<Self> {
        Self::of(path).ok().filter(|now| Some(*now) != *seen)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use payname_zones::Cookies;

    use super::*;

    fn write(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn new_secrets_are_taken_and_a_file_that_is_none_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        write(&path, &"01".repeat(16));
        let serving = Serving {
            nsid: Some("here".to_owned()),
            cookie_secrets: Some(path.clone()),
            ..Serving::default()
        };
        let mut renewal = Renewal::start(&serving).unwrap();
        let options = renewal.options();
        let current = || Arc::as_ptr(&options.load());
        let first = current();
        renewal.renew();
        assert_eq!(current(), first, "nothing changed");
        write(&path, "no secret");
        renewal.renew();
        assert_eq!(current(), first, "the last good ones stay");
        write(&path, &format!("{}\n{}", "02".repeat(16), "01".repeat(16)));
        renewal.renew();
        assert_ne!(current(), first);
        assert_eq!(options.load().nsid.as_deref(), Some(&b"here"[..]));
        let _: &Cookies = options.load().cookies.as_ref().unwrap();
    }
}
