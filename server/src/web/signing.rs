//! Changes on behalf of somebody: signed in memory with a key that is forgotten at once, then made by
//! the very handlers of the API.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use data_encoding::{BASE64, HEXLOWER};
use nostr::{
    event::{FinalizeEvent as _, Kind, Tag, UnsignedEvent},
    key::{Keys, SecretKey},
    types::Timestamp,
};
use payname_api::{AUTH_SCHEME, NostrSetting, PutHandle, paths};
use payname_resolver::{Handle, UnixTime};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use super::form::{Credential, Pass};
use crate::http::{App, Asked, Failure, handles, history, lifecycle, nostr as nostr_names};

/// What the API can be asked to do to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Put,
    Remove,
    Disable,
    Enable,
    Renew,
    SetNostr,
    UnsetNostr,
    History,
}

/// A request to the API that is to be signed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    verb: Verb,
    pub(super) method: Method,
    /// The path on this server.
    path: String,
    /// What is signed for: the path behind the server's public URL.
    pub(super) url: String,
    /// The body; empty where there is none.
    body: String,
    /// What must hold: `If-None-Match: *` or `If-Match: "3"`, as name and value.
    condition: Option<(HeaderName, String)>,
}

impl Draft {
    /// A claim of a name that is free, with what lets it in.
    pub(super) fn claim(app: &App, handle: &Handle, uri: &str, pass: Pass<'_>) -> Self {
        let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let body = PutHandle {
            uri: uri.to_owned(),
            invite: filled(pass.invite),
            drawn: filled(pass.drawn),
        };
        Self {
            condition: Some((header::IF_NONE_MATCH, "*".to_owned())),
            body: serde_json::to_string(&body).unwrap_or_default(),
            ..Self::of(app, Verb::Put, handle, None)
        }
    }

    /// Another URI for a name, in this version if one is given.
    pub(super) fn put(app: &App, handle: &Handle, uri: &str, version: Option<u64>) -> Self {
        let body = PutHandle {
            uri: uri.to_owned(),
            invite: None,
            drawn: None,
        };
        Self {
            body: serde_json::to_string(&body).unwrap_or_default(),
            ..Self::of(app, Verb::Put, handle, version)
        }
    }

    /// Whom Nostr programs shall find under a name, in this version if one is given.
    pub(super) fn nostr(
        app: &App,
        handle: &Handle,
        setting: &NostrSetting,
        version: Option<u64>,
    ) -> Self {
        Self {
            body: serde_json::to_string(setting).unwrap_or_default(),
            ..Self::of(app, Verb::SetNostr, handle, version)
        }
    }

    /// A request without a body, for a name in this version if one is given.
    pub(super) fn of(app: &App, verb: Verb, handle: &Handle, version: Option<u64>) -> Self {
        let (method, ending) = match verb {
            Verb::Put => (Method::PUT, ""),
            Verb::Remove => (Method::DELETE, ""),
            Verb::Disable => (Method::POST, "/disable"),
            Verb::Enable => (Method::POST, "/enable"),
            Verb::Renew => (Method::POST, "/renew"),
            Verb::SetNostr => (Method::PUT, "/nostr"),
            Verb::UnsetNostr => (Method::DELETE, "/nostr"),
            Verb::History => (Method::GET, "/history?limit=500"),
        };
        let path = paths::handle(handle.domain(), handle.user()) + ending;
        let version = version.filter(|_| verb != Verb::History);
        Self {
            url: paths::absolute(app.public_url.as_str(), &path),
            condition: version.map(|version| (header::IF_MATCH, format!("\"{version}\""))),
            verb,
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

    /// The header that says what must hold, which the signed event binds: its name and value.
    pub(super) fn condition(&self) -> Option<(&str, &str)> {
        let (name, value) = self.condition.as_ref()?;
        Some((name.as_str(), value))
    }

    /// Signs it and does it, as if it had come over the API; the answer is the API's.
    ///
    /// # Errors
    /// The key cannot be read, or what the API would answer.
    pub(super) async fn make(
        self,
        app: &Arc<App>,
        asked: Asked,
        handle: &Handle,
        credential: Credential<'_>,
    ) -> Result<Response, SigningError> {
        let event = match credential {
            Credential::Event(event) => event.to_owned(),
            Credential::Key(key) => self.sign(key, app.clock.now())?,
        };
        let asked = Asked {
            method: self.method.clone(),
            uri: self.path.parse().unwrap_or_default(),
            headers: self.headers(&event)?,
            visitor: asked.visitor,
            name: None,
        };
        let parts = Ok(Path((handle.domain().to_owned(), handle.user().to_owned())));
        let body = Ok(Bytes::from(self.body));
        let app = State(Arc::clone(app));
        Ok(match self.verb {
            Verb::Put => handles::put(app, parts, asked, body).await?,
            Verb::Remove => handles::remove(app, parts, asked, body).await?,
            Verb::Disable => lifecycle::disable(app, parts, asked, body).await?,
            Verb::Enable => lifecycle::enable(app, parts, asked, body).await?,
            Verb::Renew => lifecycle::renew(app, parts, asked, body).await?,
            Verb::SetNostr => nostr_names::set(app, parts, asked, body).await?,
            Verb::UnsetNostr => nostr_names::unset(app, parts, asked, body).await?,
            Verb::History => history::show(app, parts, asked).await?,
        })
    }

    /// The signed event, in base64.
    fn sign(&self, key: &str, now: UnixTime) -> Result<String, SigningError> {
        let keys = Keys::new(SecretKey::parse(key).map_err(|_| SigningError::Key)?);
        let mut nonce = [0; 8];
        let random = SystemRandom::new();
        random.fill(&mut nonce).map_err(|_| SigningError::Random)?;
        let tag = |name: &str, value: &str| Tag::parse([name, value]).ok();
        let tags = [
            tag("u", &self.url),
            tag("method", self.method.as_str()),
            self.payload().and_then(|digest| tag("payload", &digest)),
            self.condition().and_then(|(name, value)| tag(name, value)),
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
        Ok(BASE64.encode(event.as_json().as_bytes()))
    }

    /// The headers of the signed request.
    fn headers(&self, event: &str) -> Result<HeaderMap, SigningError> {
        let authorization = HeaderValue::try_from(format!("{AUTH_SCHEME} {event}"));
        let authorization = authorization.map_err(|_| SigningError::Event)?;
        let mut headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization)]);
        if let Some((name, value)) = &self.condition {
            let value = HeaderValue::try_from(value);
            headers.extend(value.map(|value| (name.clone(), value)));
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
    /// What a signer of the browser gave is no event.
    #[error("what your signer gave is no signature; try again")]
    Event,
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
