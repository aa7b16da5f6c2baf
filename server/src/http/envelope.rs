//! What surrounds every request: its id, its line in the log, and the headers of its response.
//!
//! The log says which route was asked, not for whom, and from no address.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use data_encoding::HEXLOWER;
use payname_api::{Problem, REQUEST_ID};
use ring::rand::{SecureRandom as _, SystemRandom};
use tower_http::cors::{Any, CorsLayer};
use tracing::Instrument as _;

use super::{App, failure};

/// The header of ids.
const X_REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID);
/// The longest id that is taken over from a client, in bytes.
const MAX_ID: usize = 64;
/// How long a page may remember that it may ask.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The id of a request: the client's where it can be told from text in a log, else 128 random bits.
fn identify(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_good = |value: &HeaderValue| {
        (1..=MAX_ID).contains(&value.len()) && value.as_bytes().iter().all(is_plain)
    };
    let mut ids = headers.get_all(&X_REQUEST_ID).iter();
    if let (Some(only), None) = (ids.next(), ids.next())
        && is_good(only)
    {
        return Some(only.clone());
    }
    let mut bits = [0; 16];
    SystemRandom::new().fill(&mut bits).ok()?;
    let id = HeaderValue::try_from(HEXLOWER.encode(&bits)).ok()?;
    headers.insert(X_REQUEST_ID, id.clone());
    Some(id)
}

/// Names, logs and counts a request, and completes its response.
pub(super) async fn surround(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let named = identify(request.headers_mut());
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let id = named.as_ref().and_then(|id| id.to_str().ok());
    let id = id.unwrap_or_default();
    let span = tracing::info_span!("request", %id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let took = begun.elapsed();
    app.counts.answered(method, &route, status, took);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let problem = response.extensions_mut().remove::<Problem>();
    let code = problem.as_ref().map(|problem| problem.code.as_str());
    span.in_scope(|| tracing::info!(method, route, status, milliseconds, code, "answered"));
    if let Some(problem) = problem {
        let request_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let body = failure::body_of(&Problem {
            request_id,
            ..problem
        });
        *response.body_mut() = body.into_response().into_body();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Some(id) = named {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    secure(&mut response);
    response
}

/// What browsers shall not make of a response; a handler may have said otherwise.
fn secure(response: &mut Response) {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ] {
        let value = HeaderValue::from_static(value);
        headers.entry(name).or_insert(value);
    }
}

/// Pages of any origin may read, since what is read is public; but none may ask for a change, for
/// which they would have to send `Authorization`.
pub(super) fn open_to_pages() -> CorsLayer {
    let limits = [header::RETRY_AFTER, X_REQUEST_ID];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers([header::CONTENT_TYPE, header::IF_NONE_MATCH, X_REQUEST_ID])
        .expose_headers(
            [header::ETAG, header::LINK]
                .into_iter()
                .chain(limits)
                .collect::<Vec<_>>(),
        )
        .max_age(REMEMBERED)
}

/// A method as a label: of anybody's invention there are many.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
