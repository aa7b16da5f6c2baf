//! Changes on behalf of somebody: signed in memory with a key that is forgotten at once, then made by
//! the very handlers of the API.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
};
use data_encoding::{BASE64, HEXLOWER};
use nostr::{
    event::{FinalizeEvent as _, Kind, Tag, UnsignedEvent},
    key::{Keys, SecretKey},
    types::Timestamp,
};
use payname_api::{AUTH_SCHEME, PutHandle, paths};
use payname_resolver::{Handle, UnixTime};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::http::{App, Asked, Failure, handles};

/// A change that is to be signed: a request to the API without its signature.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) method: Method,
    /// The path on this server.
    pub(super) path: String,
    /// What is signed for: the path behind the server's public URL.
    pub(super) url: String,
    /// The body; empty where there is none.
    pub(super) body: String,
    /// What must hold: `If-None-Match: *` or `If-Match: "3"`, as name and value.
    pub(super) condition: Option<(&'static str, String)>,
}

impl Draft {
    /// A claim of a name that is free.
    pub(super) fn claim(app: &App, handle: &Handle, uri: &str) -> Self {
        Self {
            condition: Some(("if-none-match", "*".to_owned())),
            ..Self::put(app, handle, uri, None)
        }
    }

    /// Another URI for a name, in this version if one is given.
    pub(super) fn put(app: &App, handle: &Handle, uri: &str, version: Option<u64>) -> Self {
        let body = PutHandle {
            uri: uri.to_owned(),
        };
        Self {
            body: serde_json::to_string(&body).unwrap_or_default(),
            ..Self::new(app, Method::PUT, handle, version)
        }
    }

    /// A removal of a name in this version.
    pub(super) fn remove(app: &App, handle: &Handle, version: Option<u64>) -> Self {
        Self::new(app, Method::DELETE, handle, version)
    }

    fn new(app: &App, method: Method, handle: &Handle, version: Option<u64>) -> Self {
        let path = paths::handle(handle.domain(), handle.user());
        Self {
            url: paths::absolute(app.public_url.as_str(), &path),
            condition: version.map(|version| ("if-match", format!("\"{version}\""))),
            method,
            path,
            body: String::new(),
        }
    }

    /// The digest of the body, as the signed event has it; none without a body.
    pub(super) fn payload(&self) -> Option<String> {
        let digest = digest::digest(&digest::SHA256, self.body.as_bytes());
        (!self.body.is_empty()).then(|| HEXLOWER.encode(digest.as_ref()))
    }

    /// Signs it and makes the change, as if it had come over the API.
    ///
    /// # Errors
    /// The key cannot be read, or what the API would answer.
    pub(super) async fn make(
        self,
        app: &Arc<App>,
        asked: Asked,
        handle: &Handle,
        key: &str,
    ) -> Result<(), SigningError> {
        let headers = self.headers(key, app.clock.now())?;
        let asked = Asked {
            method: self.method.clone(),
            uri: self.path.parse().unwrap_or_default(),
            headers,
            visitor: asked.visitor,
        };
        let parts = Ok(Path((handle.domain().to_owned(), handle.user().to_owned())));
        let body = Ok(Bytes::from(self.body));
        let app = State(Arc::clone(app));
        let _ = if self.method == Method::DELETE {
            handles::remove(app, parts, asked, body).await?
        } else {
            handles::put(app, parts, asked, body).await?
        };
        Ok(())
    }

    /// The headers of the signed request.
    fn headers(&self, key: &str, now: UnixTime) -> Result<HeaderMap, SigningError> {
        let keys = Keys::new(SecretKey::parse(key).map_err(|_| SigningError::Key)?);
        let mut nonce = [0; 8];
        let random = SystemRandom::new();
        random.fill(&mut nonce).map_err(|_| SigningError::Random)?;
        let tag = |name: &str, value: &str| Tag::parse([name, value]).ok();
        let tags = [
            tag("u", &self.url),
            tag("method", self.method.as_str()),
            self.payload().and_then(|digest| tag("payload", &digest)),
            tag("nonce", &HEXLOWER.encode(&nonce)),
        ];
        let event = UnsignedEvent::new(
            keys.public_key(),
            Timestamp::from_secs(now.0),
            Kind::HttpAuth,
            tags.into_iter().flatten(),
            "",
        );
        let event = event.finalize(&keys).map_err(|_| SigningError::Random)?;
        let event = BASE64.encode(event.as_json().as_bytes());
        let mut headers = HeaderMap::new();
        let authorization = HeaderValue::try_from(format!("{AUTH_SCHEME} {event}"));
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        if let Some((name, value)) = &self.condition {
            let value = HeaderValue::try_from(value);
            headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
        }
        if !self.body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        Ok(headers)
    }
}

/// A new key, as `nsec1…`. It is nowhere but in what is returned.
pub(super) fn new_key() -> Result<Zeroizing<String>, SigningError> {
    let random = SystemRandom::new();
    let mut bytes = Zeroizing::new([0; 32]);
    // All but one number of 2^127 are keys.
    random
        .fill(bytes.as_mut())
        .map_err(|_| SigningError::Random)?;
    let key = SecretKey::from_slice(bytes.as_ref()).map_err(|_| SigningError::Random)?;
    let Ok(text) = nostr::nips::nip19::ToBech32::to_bech32(&key);
    Ok(Zeroizing::new(text))
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum SigningError {
    /// The key is none.
    #[error("that is no key; paste it whole: nsec1… or 64 hex digits")]
    Key,
    /// The system gives no randomness.
    #[error("the server could not sign just now; try again")]
    Random,
    /// The API refuses it.
    #[error("{}", .0.detail())]
    Refused(Failure),
}

impl From<Failure> for SigningError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_key_is_another_one_and_reads_back() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert_ne!(*one, *other);
        assert!(one.starts_with("nsec1"));
        assert!(SecretKey::parse(&one).is_ok());
    }
}
