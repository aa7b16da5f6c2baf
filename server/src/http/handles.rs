//! A name: claimed or changed (`PUT`), shown (`GET`), taken out of DNS (`DELETE`).

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State as AppState,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{HandleStatus, Private, PutHandle, State, codes, paths};
use payname_zones::payment_record;
use serde::de::DeserializeOwned;

use super::{
    App,
    asked::{Asked, PathOfName},
    awaiting,
    bearer::Reader,
    document::problems,
    failure::Failure,
    nostr,
    precondition::{self, Preconditions},
};
use crate::{
    config::Domain,
    registration::{By, Change, Decision, Effect, Entry, InviteHash, Registration, What},
    store::Answer,
    tokens::Scope,
    web,
};

/// The media type of answers.
const JSON: &str = "application/json";

/// The domain and the user in the path.
pub(crate) type Parts = Result<Path<(String, String)>, PathRejection>;

problems!(ShowProblems: TOKEN_INVALID, TOKEN_SCOPE, UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE);

/// Shows a name.
#[utoipa::path(
    get,
    path = paths::HANDLE,
    operation_id = "show_handle",
    tag = "names",
    params(PathOfName),
    security((), ("nostr" = []), ("operator" = [])),
    responses(
        (status = OK, description = "The name; what only its owner is told, if he signed.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        ShowProblems,
    ),
)]
pub(super) async fn show(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let reader = app.reader(&asked, domain).await?;
    if let Reader::Operator(token) = &reader {
        app.looked(token, "read name", handle.to_string()).await?;
    }
    let registration = app.store.registration(&handle).await?;
    let registration = registration
        .filter(|found| !found.is_hidden() || reader.sees_all_of(found))
        .ok_or_else(|| Failure::unknown_handle(&handle))?;
    let all = reader.sees_all_of(&registration);
    Ok(respond(StatusCode::OK, &registration, all))
}

problems!(PutProblems: CLOSED, DRAWN_INVALID, INVITE_NEEDED, INVITE_INVALID, TOO_MANY_NAMES, TOO_MANY_CLAIMS, CONFUSABLE, SHADOWS, UNKNOWN_DOMAIN, INVALID_HANDLE, INVALID_URI, INVALID_HEADER, UNSUPPORTED_MEDIA_TYPE, NOT_OWNER, SUSPENDED, NOT_THEIRS, RESERVED, EXPIRED, PRECONDITION_FAILED, PROVIDER_SILENT);

/// Claims or changes a name.
///
/// Repeating it changes nothing. `If-None-Match: *` claims only a free name, `If-Match` changes only the version seen.
#[utoipa::path(
    put,
    path = paths::HANDLE,
    operation_id = "put_handle",
    tag = "names",
    params(PathOfName, Preconditions),
    request_body(content = PutHandle, description = "What the name shall pay."),
    security(("nostr" = [])),
    responses(
        (status = OK, description = "It is so already, and published.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        (status = ACCEPTED, description = "Committed, and on its way into DNS; or reserved, in state `awaiting`, with what it waits for.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        PutProblems,
    ),
)]
pub(crate) async fn put(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let body = body?;
    let now = app.clock.now();
    let signed = app.signed(&asked, &body, now)?;
    let form = r#"{"uri": "bitcoin:?lno=lno1…"}"#;
    let wanted: PutHandle = read_body(&asked.headers, &body, form)?;
    app.policy.check(&wanted.uri, domain.ttl, now)?;
    payment_record(&handle, &wanted.uri)?;
    app.served.check_free(&domain.zone, &handle)?;
    app.vacancies.check(&handle, now).await?;
    web::reserved::check(&handle, &app.domains)?;
    let drawn = app.check_drawn(&handle, wanted.drawn.as_deref(), now);
    let drawn = drawn.await?;
    let demand = app
        .demand(domain, (&handle, drawn), signed.owner, now)
        .await?;
    let what = What::Put { uri: wanted.uri };
    let change = Change {
        entry: Entry {
            rules: Arc::clone(&domain.entry),
            invite: wanted.invite.as_deref().map(InviteHash::of),
            network: asked.visitor.network(),
            demand,
            drawn,
        },
        ..Change::signed(handle, what, signed, now)
    };
    app.change(change, domain, &asked).await
}

problems!(RemoveProblems: TOKEN_INVALID, TOKEN_SCOPE, UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, NOT_OWNER, SUSPENDED, NOT_THEIRS, PRECONDITION_FAILED);

/// Takes a name out of DNS; its key can claim it again.
#[utoipa::path(
    delete,
    path = paths::HANDLE,
    operation_id = "remove_handle",
    tag = "names",
    params(PathOfName, Preconditions),
    security(("nostr" = []), ("operator" = [])),
    responses(
        (status = OK, description = "It is removed already.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        (status = ACCEPTED, description = "Committed, and on its way out of DNS.", body = HandleStatus, headers(("ETag" = String, description = "Its version, quoted."))),
        RemoveProblems,
    ),
)]
pub(crate) async fn remove(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let now = app.clock.now();
    let by = app.by(&asked, &body?, now, Scope::Moderate, domain).await?;
    let change = Change::by(handle, What::Remove, by, now);
    app.change(change, domain, &asked).await
}

impl App {
    /// Makes a change under the domain's terms and says what became of it.
    pub(super) async fn change(
        &self,
        change: Change,
        domain: &Domain,
        asked: &Asked,
    ) -> Result<Response, Failure> {
        let change = Change {
            precondition: precondition::read(&asked.headers)?,
            terms: domain.terms,
            ..change
        };
        if let By::Key(signed) = &change.by {
            let (visitor, key) = (&asked.visitor, &signed.owner);
            self.limits.named(visitor, key, &change.handle)?;
        }
        Ok(self.make_once(change, asked, answer).await?)
    }
}

/// What is answered to a change that was made: the name as it is, for who may see all of it.
pub(super) fn answer(decision: &Decision) -> Answer {
    let registration = &decision.registration;
    let status = match decision.effect {
        Effect::Publish(_) | Effect::Retry => StatusCode::ACCEPTED,
        _ if registration.state == State::Awaiting => StatusCode::ACCEPTED,
        Effect::Nothing | Effect::Keep(_) | Effect::Record(_) => StatusCode::OK,
    };
    let body = serde_json::to_string(&describe(registration, true));
    let version = format!("\"{}\"", registration.version);
    let headers = [
        (header::CONTENT_TYPE, JSON.to_owned()),
        (header::ETAG, version),
    ];
    Answer {
        status: status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value))
            .into(),
        // Text and numbers alone, which JSON can hold.
        body: body.unwrap_or_default(),
    }
}

/// The body of a change, which must be JSON; `form` shows it.
pub(super) fn read_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &[u8],
    form: &str,
) -> Result<T, Failure> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or_default());
    let essence = media_type.map(|text| text.split(';').next().unwrap_or_default().trim());
    if essence.is_some_and(|essence| !essence.eq_ignore_ascii_case("application/json")) {
        let detail = "the body must be JSON; send `Content-Type: application/json`";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Failure::new(
            status,
            codes::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            detail,
        ));
    }
    serde_json::from_slice(body)
        .map_err(|error| Failure::invalid_body(format!("the body is not {form}: {error}")))
}

/// A registration as clients see it, with its version as the ETag.
pub(super) fn respond(status: StatusCode, registration: &Registration, all: bool) -> Response {
    let mut response = (status, Json(describe(registration, all))).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", registration.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

pub(crate) fn describe(registration: &Registration, all: bool) -> HandleStatus {
    let handle = &registration.handle;
    let uri = registration.uri.clone().unwrap_or_default();
    let record = payment_record(handle, &uri).ok();
    let strings = record
        .iter()
        .flat_map(|record| record.txt().txt_data.iter());
    HandleStatus {
        handle: handle.to_string(),
        state: registration.state,
        owner: registration.owner.to_string(),
        version: registration.version,
        owner_name: handle.owner_name().to_ascii(),
        txt: strings
            .map(|string| String::from_utf8_lossy(string).into_owned())
            .collect(),
        created_at: registration.created_at.0,
        updated_at: registration.updated_at.0,
        published_at: registration.published_at.map(|at| at.0),
        proven_by: registration.proven_by.clone(),
        error: registration.error.clone(),
        uri,
        private: all.then(|| Private {
            kept_uri: registration.kept.clone(),
            disabled: registration.disabled,
            suspended: registration.suspended,
            expires_at: registration.expires_at.map(|at| at.0),
            free_at: registration.free_at.map(|at| at.0),
            awaits: registration.awaits.as_ref().map(awaiting::describe),
            nostr: registration.nostr.as_ref().map(nostr::describe),
        }),
    }
}

/// Whether a name has been proven in its present version.
pub(super) fn is_published(registration: &Registration) -> bool {
    registration.state == State::Published
}
