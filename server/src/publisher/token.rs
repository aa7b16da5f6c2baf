//! A secret that a provider knows us by.

use payname_resolver::hickory_proto::rr::Name;
use reqwest::header::{HeaderValue, InvalidHeaderValue};
use zeroize::Zeroizing;

use super::provider::ProviderError;
use crate::keys::{Passphrase, PassphraseError};

/// A secret of printable ASCII; it is wiped from memory with its owner, and never printed.
#[derive(Clone)]
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// The text of a secret, without white space around it.
    ///
    /// # Errors
    /// It is no text that could be a header.
    pub(crate) fn new(secret: &Passphrase) -> Result<Self, OpenError> {
        let text = std::str::from_utf8(secret.as_bytes()).map_err(|_| OpenError::NoText)?;
        let token = Self(Zeroizing::new(text.trim().to_owned()));
        token.header("").map_err(|_| OpenError::NoText)?;
        Ok(token)
    }

    /// As the value of a header, which is kept out of whatever is logged.
    pub(super) fn header(&self, before: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let text = Zeroizing::new(format!("{before}{}", *self.0));
        let mut value = HeaderValue::from_str(&text)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// To sign with.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why a provider cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no secret.
    #[error(transparent)]
    Secret(#[from] PassphraseError),
    /// The secret cannot be sent.
    #[error("the secret is not one line of printable ASCII; is it the right file?")]
    NoText,
    /// The secret is no key of a service account.
    #[error(
        "the secret is not the JSON file of a service account's key: {0} cannot be used; download it again"
    )]
    Account(String),
    /// TLS cannot be set up.
    #[error("HTTPS cannot be set up")]
    Http(#[from] reqwest::Error),
    /// The provider cannot have this zone.
    #[error("the zone {0} cannot be asked for with this configuration")]
    Zone(Name),
    /// The provider does not take it.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}
