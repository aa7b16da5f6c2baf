//! Keys, and what may be said of them: everything but the secret.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use data_encoding::BASE64;
use payname_resolver::hickory_proto::rr::Name;
use ring::hmac;

/// The shortest secret that is taken, in bytes: half of what the shortest hash gives.
const MIN_SECRET: usize = 16;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// `hmac-sha256`, the one to take.
    Sha256,
    /// `hmac-sha384`.
    Sha384,
    /// `hmac-sha512`.
    Sha512,
}

/// A key that signs messages: a name, an algorithm, and a secret that it never shows.
#[derive(Clone)]
pub struct Key {
    name: Name,
    algorithm: Algorithm,
    secret: hmac::Key,
}

/// The keys of a server, by their names.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(BTreeMap<Name, Arc<Key>>);

impl Algorithm {
    /// Its name in configurations, and in messages as their only label.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Sha256 => "hmac-sha256",
            Self::Sha384 => "hmac-sha384",
            Self::Sha512 => "hmac-sha512",
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// The length of its MACs, in bytes.
    pub(super) fn output(self) -> usize {
        self.hmac().digest_algorithm().output_len()
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let all = [Self::Sha256, Self::Sha384, Self::Sha512];
        let named = all.into_iter().find(|known| known.label() == text);
        named.ok_or(KeyError::Algorithm)
    }
}

impl Key {
    /// A key with its secret in base64; white space around it does not matter.
    pub(crate) fn new(name: Name, algorithm: Algorithm, secret: &str) -> Result<Self, KeyError> {
        let secret = BASE64.decode(secret.trim().as_bytes());
        let secret = secret.map_err(|_| KeyError::Secret)?;
        if secret.len() < MIN_SECRET {
            return Err(KeyError::Short(secret.len()));
        }
        let mut name = name.to_lowercase();
        name.set_fqdn(true);
        Ok(Self {
            name,
            algorithm,
            secret: hmac::Key::new(algorithm.hmac(), &secret),
        })
    }

    /// Its name, in lower case.
    pub fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn mac(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.secret);
        parts.iter().for_each(|part| context.update(part));
        context.sign()
    }
}

impl KeyRing {
    /// Adds a key; false when there is one of that name.
    pub(crate) fn add(&mut self, key: Key) -> bool {
        let name = key.name.clone();
        self.0.insert(name, Arc::new(key)).is_none()
    }

    /// The key with a name, in whatever case.
    pub(crate) fn find(&self, name: &Name) -> Option<&Arc<Key>> {
        self.0.get(&name.to_lowercase())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {})", self.name, self.algorithm.label())
    }
}

/// Why a key is not taken. Nothing of the secret is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// The algorithm is unknown, or too weak.
    #[error("write hmac-sha256, hmac-sha384 or hmac-sha512; MD5 and SHA-1 are not taken")]
    Algorithm,
    /// The secret is no base64.
    #[error(
        "it must hold the secret in base64 and nothing else; make one with: openssl rand -base64 32"
    )]
    Secret,
    /// The secret is too short.
    #[error(
        "its secret has {0} bytes and needs {MIN_SECRET}; make one with: openssl rand -base64 32"
    )]
    Short(usize),
}
