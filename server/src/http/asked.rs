//! What is asked, as far as a signature binds it: the method, the URL, and by whom.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, Method, Uri, header, request::Parts},
};
use payname_api::paths;
use payname_resolver::UnixTime;

use super::{App, failure::Failure, visitor::Visitor};
use crate::{
    auth::{self, AuthError, SignedRequest},
    registration::Signed,
    store::RequestKey,
};

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) visitor: Visitor,
    /// What it is called by who signed it, if it is to be done once.
    pub(crate) name: Option<RequestKey>,
}

/// The path of a name, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "only described")]
pub(super) struct PathOfName {
    /// The domain, without a final dot.
    #[param(example = "example.com")]
    domain: String,
    /// The part before the `@`.
    #[param(example = "alice")]
    user: String,
}

/// The path of a domain, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "only described")]
pub(super) struct PathOfDomain {
    /// The domain, without a final dot.
    #[param(example = "example.com")]
    domain: String,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            visitor: Visitor::from_request_parts(parts, app).await?,
            name: parts.extensions.get().cloned(),
        })
    }
}

impl App {
    /// Who signed a request, by the URL that this server is known by, and not too many of them.
    pub(super) fn signed(
        &self,
        asked: &Asked,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Signed, Failure> {
        let signed = self.verify(asked, &header::AUTHORIZATION, body, now)?;
        self.limits.signed(&asked.visitor, &signed.owner)?;
        Ok(signed)
    }

    /// Who signed a request in one of its headers.
    pub(super) fn verify(
        &self,
        asked: &Asked,
        header: &HeaderName,
        body: &[u8],
        now: UnixTime,
    ) -> Result<Signed, AuthError> {
        let path = asked.uri.path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let url = paths::absolute(self.public_url.as_str(), path);
        let url = url
            .parse()
            .map_err(|_| AuthError::Malformed("for a path that is a URL"))?;
        let mut values = asked.headers.get_all(header).iter();
        let header = values
            .next()
            .map(|value| value.to_str().unwrap_or_default());
        if values.next().is_some() {
            return Err(AuthError::Malformed("sent once"));
        }
        let request = SignedRequest {
            method: asked.method.as_str(),
            url: &url,
            body,
            headers: &asked.headers,
        };
        auth::verify(header, request, now)
    }
}
