//! Names as Nostr identifiers (NIP-05): whose owners want it, in domains that do.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as AppState, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{HandleStatus, NostrNames, NostrSetting, codes, paths};
use payname_resolver::Handle;
use url::form_urlencoded;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App,
    asked::{Asked, PathOfName},
    document::problems,
    failure::{Failure, unknown_route},
    handles::{Parts, read_body},
    precondition::Preconditions,
};
use crate::{
    config::Domain,
    registration::{Change, Nostr, NostrError, What},
};

/// The name that stands for the domain itself, `_@example.com`.
const ROOT: &str = "_";
/// How long an answer may be kept: a name that goes to another key is soon found no longer.
const KEPT: &str = "public, max-age=60";

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(names))
        .routes(routes!(set, unset))
}

/// The query, for the document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only described")]
struct Wanted {
    /// The part before the `@`; `_` is the domain itself.
    #[param(pattern = "^[A-Za-z0-9._-]+$", example = "alice")]
    name: String,
}

problems!(NamesProblems: INVALID_QUERY, UNKNOWN_ROUTE);

/// Whom Nostr programs find under a name (NIP-05), at a host that is the domain itself.
///
/// Of a name whose owner has not turned it on nothing is told, as of one that is not there; and there is no list.
#[utoipa::path(
    get,
    path = paths::NOSTR_NAMES,
    operation_id = "nostr_names",
    tag = "names",
    params(Wanted),
    responses(
        (status = OK, description = "The name and its key, or none.", body = NostrNames, headers(("Cache-Control" = String, description = "How long it may be kept."))),
        NamesProblems,
    ),
)]
async fn names(
    AppState(app): AppState<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Failure> {
    let domain = domain_of(&app, &headers).filter(|domain| domain.nostr.enabled);
    let Some(domain) = domain else {
        return Err(unknown_route().await);
    };
    let asked = name(&uri).ok_or_else(invalid)?;
    let found = match asked.as_str() {
        ROOT => domain.nostr.root.clone(),
        user => app.nostr_of(user, domain).await?,
    };
    let mut told = NostrNames::default();
    if let Some(nostr) = found {
        let key = nostr.key.to_string();
        if !nostr.relays.is_empty() {
            told.relays.insert(key.clone(), nostr.relays);
        }
        told.names.insert(asked, key);
    }
    let kept = HeaderValue::from_static(KEPT);
    let by_host = HeaderValue::from_static("host");
    let headers = [(header::CACHE_CONTROL, kept), (header::VARY, by_host)];
    Ok((headers, Json(told)).into_response())
}

problems!(SetProblems: NOSTR_OFF, UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, UNSUPPORTED_MEDIA_TYPE, NOT_OWNER, SUSPENDED, EXPIRED, PRECONDITION_FAILED);

/// Has Nostr programs find the owner of a name (NIP-05), or another key of the owner's choice.
///
/// It is off until then, and off again once the name goes to another key.
#[utoipa::path(
    put,
    path = paths::NOSTR,
    operation_id = "set_nostr",
    tag = "names",
    params(PathOfName, Preconditions),
    request_body(content = NostrSetting, description = "Which key, and where it is found."),
    security(("nostr" = [])),
    responses(
        (status = OK, description = "It is so.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        SetProblems,
    ),
)]
pub(crate) async fn set(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let (body, now) = (body?, app.clock.now());
    let signed = app.signed(&asked, &body, now)?;
    let form = r#"{"key": "64 hex digits of a public key", "relays": ["wss://…"]}, both optional"#;
    let wanted: NostrSetting = read_body(&asked.headers, &body, form)?;
    if !domain.nostr.enabled {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            codes::NOSTR_OFF,
            "No Nostr names",
            format!(
                "{} tells Nostr programs nothing (NIP-05); ask whoever runs the domain to turn it on",
                domain.name
            ),
        ));
    }
    let nostr = match &wanted.key {
        Some(key) => Nostr::parse(key, &wanted.relays)?,
        None => Nostr::new(signed.owner, &wanted.relays)?,
    };
    let change = Change::signed(handle, What::Nostr(Some(nostr)), signed, now);
    app.change(change, domain, &asked).await
}

problems!(UnsetProblems: UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, NOT_OWNER, SUSPENDED, EXPIRED, PRECONDITION_FAILED);

/// Has Nostr programs find the owner of a name no longer.
#[utoipa::path(
    delete,
    path = paths::NOSTR,
    operation_id = "unset_nostr",
    tag = "names",
    params(PathOfName, Preconditions),
    security(("nostr" = [])),
    responses(
        (status = OK, description = "It is so.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        UnsetProblems,
    ),
)]
pub(crate) async fn unset(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let now = app.clock.now();
    let signed = app.signed(&asked, &body?, now)?;
    let change = Change::signed(handle, What::Nostr(None), signed, now);
    app.change(change, domain, &asked).await
}

impl App {
    async fn nostr_of(&self, user: &str, domain: &Domain) -> Result<Option<Nostr>, Failure> {
        // What no name can be is no name.
        let Ok(handle) = Handle::new(user, &domain.name) else {
            return Ok(None);
        };
        let found = self.store.registration(&handle).await?;
        let now = self.clock.now();
        Ok(found.and_then(|found| found.nostr_at(now).cloned()))
    }
}

/// The domain whose names the host of a request stands for: no other than the host itself, since
/// `alice@names.example.com` is not `alice@example.com`.
fn domain_of<'a>(app: &'a App, headers: &HeaderMap) -> Option<&'a Domain> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let host = host.split(':').next()?.trim_end_matches('.');
    app.domains.get(&host.to_ascii_lowercase())
}

/// The name that is asked for, in NIP-05's letters, once.
fn name(uri: &Uri) -> Option<String> {
    let query = uri.query()?.as_bytes();
    let mut names = form_urlencoded::parse(query).filter(|(key, _)| key == "name");
    let (name, None) = (names.next()?.1, names.next()) else {
        return None;
    };
    let is_of = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!name.is_empty() && name.bytes().all(is_of)).then(|| name.into_owned())
}

fn invalid() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        codes::INVALID_QUERY,
        "Invalid query",
        "write `?name=` and one name of the letters a-z, 0-9, `-`, `_` and `.` (NIP-05)",
    )
}

impl From<NostrError> for Failure {
    fn from(error: NostrError) -> Self {
        Self::invalid_body(error.to_string())
    }
}

/// A setting as clients see it.
pub(super) fn describe(nostr: &Nostr) -> NostrSetting {
    NostrSetting {
        key: Some(nostr.key.to_string()),
        relays: nostr.relays.clone(),
    }
}
