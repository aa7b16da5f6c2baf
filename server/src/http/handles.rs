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
use payname_api::{HandleStatus, PutHandle, State, codes};
use payname_resolver::{Handle, UnixTime};
use payname_zones::payment_record;

use super::{App, asked::Asked, failure::Failure, precondition};
use crate::registration::{Change, Decision, Effect, Registration, Signed, What};

/// The domain and the user in the path.
pub(super) type Parts = Result<Path<(String, String)>, PathRejection>;

pub(super) async fn show(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, _) = app.handle(&domain, &user)?;
    let registration = app.store.registration(&handle).await?;
    let registration = registration.ok_or_else(|| Failure::unknown_handle(&handle))?;
    Ok(respond(StatusCode::OK, &registration))
}

pub(super) async fn put(
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
    let wanted = read_body(&asked.headers, &body)?;
    app.policy.check(&wanted.uri, domain.ttl, now)?;
    payment_record(&handle, &wanted.uri)?;
    app.served.check_free(&domain.zone, &handle)?;
    app.change(handle, What::Put { uri: wanted.uri }, &asked, signed, now)
        .await
}

pub(super) async fn remove(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, _) = app.handle(&domain, &user)?;
    let now = app.clock.now();
    let signed = app.signed(&asked, &body?, now)?;
    app.change(handle, What::Remove, &asked, signed, now).await
}

impl App {
    /// Makes a change and says what became of it.
    async fn change(
        &self,
        handle: Handle,
        what: What,
        asked: &Asked,
        signed: Signed,
        at: UnixTime,
    ) -> Result<Response, Failure> {
        let precondition = precondition::read(&asked.headers)?;
        self.limits.named(&asked.visitor, &signed.owner, &handle)?;
        let change = Change {
            handle,
            what,
            precondition,
            signed,
            at,
        };
        let Decision {
            registration,
            effect,
        } = self.store.change(change).await?;
        if effect == Effect::Nothing {
            return Ok(respond(StatusCode::OK, &registration));
        }
        self.committed.notify_one();
        Ok(respond(StatusCode::ACCEPTED, &registration))
    }
}

fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<PutHandle, Failure> {
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
    serde_json::from_slice(body).map_err(|error| {
        Failure::invalid_body(format!(
            "the body is not {{\"uri\": \"bitcoin:?lno=lno1…\"}}: {error}"
        ))
    })
}

/// A registration as clients see it, with its version as the ETag.
fn respond(status: StatusCode, registration: &Registration) -> Response {
    let mut response = (status, Json(describe(registration))).into_response();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", registration.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn describe(registration: &Registration) -> HandleStatus {
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
    }
}

/// Whether a name has been proven in its present version.
pub(super) fn is_published(registration: &Registration) -> bool {
    registration.state == State::Published
}
