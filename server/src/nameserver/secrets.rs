//! The secrets of DNS cookies: from a file that servers share, or made for this process alone.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER_PERMISSIVE;
use payname_zones::Cookies;
use ring::rand::{SecureRandom, SystemRandom};

/// A secret, in octets.
const LENGTH: usize = 16;
/// The permissions that let others in.
const OTHERS: u32 = 0o077;

/// A file of cookie secrets: one to a line, as 32 hexadecimal digits.
///
/// The first makes cookies; those of the others are accepted as well. So servers at one address
/// change secrets without anybody noticing (RFC 9018 §5): append the new one everywhere; move it
/// to the first line everywhere; an hour later take the old one out.
#[derive(Debug)]
pub(crate) struct SecretFile;

impl SecretFile {
    /// The secrets of a file.
    pub(crate) fn read(path: &Path) -> Result<Cookies, SecretsError> {
        let failed = |source| SecretsError::Read {
            path: path.to_owned(),
            source,
        };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(SecretsError::Loose {
                path: path.to_owned(),
                mode: mode & 0o777,
            });
        }
        parse(&fs::read_to_string(path).map_err(failed)?)
    }
}

fn parse(text: &str) -> Result<Cookies, SecretsError> {
    let lines = (1_usize..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let secrets = lines.map(|(number, line)| {
        let secret = HEXLOWER_PERMISSIVE.decode(line.as_bytes()).ok();
        let secret = secret.and_then(|secret| <[u8; LENGTH]>::try_from(secret).ok());
        secret.ok_or(SecretsError::Line(number))
    });
    let mut secrets = secrets.collect::<Result<Vec<_>, _>>()?.into_iter();
    let first = secrets.next().ok_or(SecretsError::Empty)?;
    Ok(Cookies::new(first, secrets))
}

/// Secrets that nobody else has, and that change from time to time.
#[derive(Debug)]
pub(super) struct OwnSecrets {
    now: [u8; LENGTH],
    before: Option<[u8; LENGTH]>,
}

impl OwnSecrets {
    pub(super) fn new(random: &SystemRandom) -> Option<Self> {
        Some(Self {
            now: fresh(random)?,
            before: None,
        })
    }

    /// Takes a new secret; cookies of the last one are still good.
    pub(super) fn renew(&mut self, random: &SystemRandom) {
        if let Some(next) = fresh(random) {
            self.before = Some(std::mem::replace(&mut self.now, next));
        }
    }

    pub(super) fn cookies(&self) -> Cookies {
        Cookies::new(self.now, self.before)
    }
}

/// None when the system has no randomness; then there are no cookies, which is allowed.
fn fresh(random: &SystemRandom) -> Option<[u8; LENGTH]> {
    let mut secret = [0; LENGTH];
    random.fill(&mut secret).ok()?;
    Some(secret)
}

/// Why a file of cookie secrets is not taken. No error repeats a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The file cannot be read.
    #[error("{} cannot be read ({source}); make it: (umask 077; openssl rand -hex 16 > {})", path.display(), path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{} can be read by others (mode {mode:o}); run: chmod go= {}", path.display(), path.display())]
    Loose {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is no secret in it.
    #[error("it holds no secret; write one, made by: openssl rand -hex 16")]
    Empty,
    /// A line is none.
    #[error("line {0} is no secret; write 32 hexadecimal digits, made by: openssl rand -hex 16")]
    Line(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";

    #[test]
    fn a_line_that_is_no_secret_is_refused_by_its_number_and_not_repeated() {
        assert!(
            parse(&format!(
                "# shared\n\n{SECRET}\n{}\n",
                SECRET.to_uppercase()
            ))
            .is_ok()
        );
        let error = parse(&format!("{SECRET}\n{SECRET}00\n")).unwrap_err();
        assert!(error.to_string().starts_with("line 2 "), "{error}");
        assert!(!error.to_string().contains("e5e9"));
        assert!(matches!(parse("# none\n"), Err(SecretsError::Empty)));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        fs::write(&path, SECRET).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = SecretFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod go="), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(SecretFile::read(&path).is_ok());
    }
}
