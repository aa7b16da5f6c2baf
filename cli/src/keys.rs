//! The owner's key: a Nostr (BIP-340) secret key in a file, and the requests it signs.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use nostr::{
    event::{Event, Kind, SignEvent, Tag, UnsignedEvent},
    key::{Keys, SecretKey},
    nips::nip19::ToBech32,
    types::Timestamp,
};
use payname_resolver::{
    UnixTime,
    lightning::bitcoin::hashes::{Hash, sha256},
};

use crate::{context::Context, failure::Failure, files};

/// The key that owns names. Its secret is never shown by `Debug`.
#[derive(Debug)]
pub struct OwnerKey {
    keys: Keys,
}

impl OwnerKey {
    /// A fresh key, from the system's randomness.
    ///
    /// # Errors
    /// The system has none.
    pub fn generate() -> Result<Self, KeyError> {
        loop {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| KeyError::Random(error.to_string()))?;
            // All but one in 2^128 numbers are keys.
            if let Ok(secret) = SecretKey::from_slice(&bytes) {
                return Ok(Self {
                    keys: Keys::new(secret),
                });
            }
        }
    }

    /// Reads a key file: 64 hex digits or an `nsec1…`.
    ///
    /// # Errors
    /// The file cannot be read or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
            _ => KeyError::File {
                path: path.to_owned(),
                cause,
            },
        })?;
        let keys = Keys::parse(text.trim()).map_err(|_| KeyError::NoKey(path.to_owned()))?;
        Ok(Self { keys })
    }

    /// Writes a new key file that only its owner can read.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyError> {
        let text = format!("{}\n", self.keys.secret_key().to_secret_hex());
        files::write_new_private(path, text.as_bytes()).map_err(|cause| match cause.kind() {
            ErrorKind::AlreadyExists => KeyError::Exists(path.to_owned()),
            _ => KeyError::File {
                path: path.to_owned(),
                cause,
            },
        })
    }

    /// The public key: x-only, as 64 hex digits.
    pub fn public_hex(&self) -> String {
        self.keys.public_key().to_hex()
    }

    /// The public key as `npub1…`.
    pub fn npub(&self) -> String {
        self.keys.public_key().to_bech32().unwrap_or_default()
    }

    /// The secret key as `nsec1…`. Whoever has it owns the names.
    pub fn nsec(&self) -> String {
        self.keys.secret_key().to_bech32().unwrap_or_default()
    }

    /// Signs an HTTP request (NIP-98): the event that goes, in base64, behind `Nostr `. It binds these headers, too.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn sign_request(
        &self,
        method: &str,
        url: &str,
        body: Option<&[u8]>,
        headers: &[(&str, &str)],
        now: UnixTime,
    ) -> Result<Event, KeyError> {
        let tag = |name: &str, value: &str| Tag::parse([name, value]).ok();
        let payload = body.map(|body| sha256::Hash::hash(body).to_string());
        // Servers take an event once, and without it two equal requests in one second were the same.
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(|error| KeyError::Random(error.to_string()))?;
        let tags = [
            tag("u", url),
            tag("method", method),
            payload.and_then(|hash| tag("payload", &hash)),
            tag("nonce", &hex::encode(nonce)),
        ];
        let bound = headers.iter().map(|(name, value)| tag(name, value));
        let event = UnsignedEvent::new(
            self.keys.public_key(),
            Timestamp::from_secs(now.0),
            Kind::HttpAuth,
            tags.into_iter().chain(bound).flatten(),
            "",
        );
        self.keys
            .sign_event(event)
            .map_err(|error| KeyError::Random(error.to_string()))
    }
}

/// Where the owner's key is, unless another file is named.
///
/// # Errors
/// There is no data folder.
pub fn default_path(context: &Context) -> Result<PathBuf, Failure> {
    Ok(context.data_dir()?.join("keys").join("owner.key"))
}

/// Reads the key at `path`, else the default one, and warns if others can read it too.
///
/// # Errors
/// There is none, or the file cannot be used.
pub fn load(context: &Context, path: Option<&Path>) -> Result<OwnerKey, Failure> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => default_path(context)?,
    };
    let key = OwnerKey::read(&path)?;
    if files::is_readable_by_others(&path) {
        let path = path.display();
        context.warn(&format!(
            "other users can read the secret key in {path}; run chmod 600 on it"
        ));
    }
    Ok(key)
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no such file.
    #[error("there is no key at `{}`; make one with `payname keys new`", .0.display())]
    Missing(PathBuf),
    /// There is one already.
    #[error("`{}` exists already and is not overwritten; it may own names", .0.display())]
    Exists(PathBuf),
    /// The system cannot read or write it.
    #[error("`{}`: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It holds something else.
    #[error("`{}` holds no secret key; it should be 64 hex digits or an nsec1…", .0.display())]
    NoKey(PathBuf),
    /// There is no randomness.
    #[error("the system gives no randomness: {0}")]
    Random(String),
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Missing(_) => Self::usage("no_key", error),
            KeyError::Exists(_) => Self::usage("key_exists", error),
            KeyError::File { .. } => Self::usage("unusable_key_file", error),
            KeyError::NoKey(_) => Self::usage("bad_key", error),
            KeyError::Random(_) => Self::unexpected("no_randomness", error),
        }
    }
}

#[cfg(test)]
mod tests {
    use nostr::nips::nip98::{HttpMethod, verify_auth_header};

    use super::*;

    #[test]
    fn a_written_key_reads_back_in_hex_and_as_nsec() {
        let folder = tempfile::tempdir().unwrap();
        let key = OwnerKey::generate().unwrap();
        let path = folder.path().join("owner.key");
        key.write_new(&path).unwrap();
        assert_eq!(
            OwnerKey::read(&path).unwrap().public_hex(),
            key.public_hex()
        );
        let nsec = folder.path().join("nsec");
        fs::write(&nsec, key.nsec()).unwrap();
        assert_eq!(
            OwnerKey::read(&nsec).unwrap().public_hex(),
            key.public_hex()
        );
        assert!(matches!(key.write_new(&path), Err(KeyError::Exists(_))));
    }

    #[test]
    fn the_debug_form_shows_no_secret() {
        let key = OwnerKey::generate().unwrap();
        let shown = format!("{key:?}");
        assert!(
            !shown.contains(&key.keys.secret_key().to_secret_hex()),
            "{shown}"
        );
    }

    #[test]
    fn a_signed_request_is_good_for_its_url_method_and_body() {
        let key = OwnerKey::generate().unwrap();
        let url = "https://names.example/v1/domains/example.com/handles/alice";
        let event = key
            .sign_request("PUT", url, Some(b"{}"), &[], UnixTime(1_786_000_000))
            .unwrap();
        let header = crate::http::authorization(&event);
        let verify = |method, body: &[u8]| {
            let now = Timestamp::from_secs(1_786_000_010);
            verify_auth_header(&header, &url.parse().unwrap(), method, now, Some(body))
        };
        assert_eq!(
            verify(HttpMethod::PUT, b"{}").unwrap().to_hex(),
            key.public_hex()
        );
        assert!(verify(HttpMethod::POST, b"{}").is_err());
        assert!(verify(HttpMethod::PUT, b"{ }").is_err());
    }

    #[test]
    fn the_same_request_signed_twice_in_one_second_is_two_events() {
        let key = OwnerKey::generate().unwrap();
        let sign = || key.sign_request("PUT", "https://names.example/", None, &[], UnixTime(1));
        assert_ne!(sign().unwrap().id, sign().unwrap().id);
    }
}
