//! What is done to a name beside claiming and removing it: given to another key, disabled, enabled, renewed.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State as AppState, rejection::BytesRejection},
    http::{HeaderName, StatusCode},
    response::Response,
};
use data_encoding::HEXLOWER_PERMISSIVE;
use payname_api::{CONSENT_HEADER, HandleStatus, TransferHandle, codes, paths};
use payname_resolver::{Handle, UnixTime};
use payname_zones::payment_record;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App,
    asked::{Asked, PathOfName},
    document::problems,
    failure::Failure,
    handles::{Parts, read_body},
    precondition::Preconditions,
};
use crate::{
    auth::AuthError,
    config::Domain,
    key::OwnerKey,
    registration::{By, Change, What},
    tokens::Scope,
};

/// Where the new owner's signature is.
pub(super) const CONSENT: HeaderName = HeaderName::from_static(CONSENT_HEADER);

/// The body of a request, or why there is none.
pub(crate) type Body = Result<Bytes, BytesRejection>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(transfer))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(renew))
}

problems!(TransferProblems: UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, UNSUPPORTED_MEDIA_TYPE, CONSENT_MISSING, CONSENT_KEY, NOT_OWNER, SUSPENDED, NOT_THEIRS, EXPIRED, SAME_OWNER, PRECONDITION_FAILED);

/// Gives a name to another key, which signs the same request in `Payname-Consent`.
#[utoipa::path(
    post,
    path = paths::TRANSFER,
    operation_id = "transfer_handle",
    tag = "names",
    params(PathOfName, Preconditions, ("Payname-Consent" = String, Header, description = "`Nostr` and the base64 of the event that the new owner signed, for the same method, URL and body. The present owner's event should bind it by the tag `payname-consent`.")),
    request_body(content = TransferHandle, description = "Who is to have the name."),
    security(("nostr" = [])),
    responses(
        (status = OK, description = "The name, which is the new owner's, as DNS has it already.", body = HandleStatus),
        (status = ACCEPTED, description = "The name, which is the new owner's, and on its way into DNS.", body = HandleStatus),
        TransferProblems,
    ),
)]
async fn transfer(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Body,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let (body, now) = (body?, app.clock.now());
    let signed = app.signed(&asked, &body, now)?;
    let form = r#"{"to": "64 hex digits of a public key"}"#;
    let wanted: TransferHandle = read_body(&asked.headers, &body, form)?;
    let to = public_key(&wanted.to)?;
    // The same method, URL and body as the present owner signed: so neither signature says less than the
    // other, and none of them is good for anything else.
    let consent = app.verify(&asked, &CONSENT, &body, now);
    let consent = consent.map_err(no_consent)?;
    if consent.owner != to {
        return Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            codes::CONSENT_KEY,
            "Consent of another key",
            "the event in Payname-Consent was signed by another key than `to`; the key that is to have the name must sign it",
        ));
    }
    let change = Change::signed(handle, What::Transfer { consent }, signed, now);
    app.change(change, domain, &asked).await
}

problems!(LifeProblems: TOKEN_INVALID, TOKEN_SCOPE, UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, INVALID_URI, NOT_OWNER, SUSPENDED, NOT_THEIRS, RESERVED, EXPIRED, PRECONDITION_FAILED);

/// What is answered to a change of a name's life, for the document.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "only described")]
enum Changed {
    /// It is so, and DNS needs no change.
    #[response(status = OK)]
    Same(HandleStatus),
    /// Committed, and on its way into DNS.
    #[response(status = ACCEPTED)]
    OnItsWay(HandleStatus),
}

/// Takes a name out of DNS for the time being; nobody is told that it is there.
#[utoipa::path(
    post,
    path = paths::DISABLE,
    operation_id = "disable_handle",
    tag = "names",
    params(PathOfName, Preconditions),
    security(("nostr" = []), ("operator" = [])),
    responses(
        Changed,
        LifeProblems,
    ),
)]
pub(crate) async fn disable(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Body,
) -> Result<Response, Failure> {
    let request = Request::read(&app, path, &asked, body).await?;
    request.make(&app, What::Disable, &asked).await
}

/// Brings a disabled name back as it was.
#[utoipa::path(
    post,
    path = paths::ENABLE,
    operation_id = "enable_handle",
    tag = "names",
    params(PathOfName, Preconditions),
    security(("nostr" = []), ("operator" = [])),
    responses(
        Changed,
        LifeProblems,
    ),
)]
pub(crate) async fn enable(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Body,
) -> Result<Response, Failure> {
    let request = Request::read(&app, path, &asked, body).await?;
    request.check_kept(&app).await?;
    request.make(&app, What::Enable, &asked).await
}

/// Begins a name's time anew, where the domain lets names expire.
#[utoipa::path(
    post,
    path = paths::RENEW,
    operation_id = "renew_handle",
    tag = "names",
    params(PathOfName, Preconditions),
    security(("nostr" = [])),
    responses(
        Changed,
        LifeProblems,
    ),
)]
pub(crate) async fn renew(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Body,
) -> Result<Response, Failure> {
    let request = Request::read(&app, path, &asked, body).await?;
    request.check_kept(&app).await?;
    request.make(&app, What::Renew, &asked).await
}

/// A request of an owner or operator that something be done.
struct Request<'a> {
    handle: Handle,
    domain: &'a Domain,
    by: By,
    now: UnixTime,
}

impl<'a> Request<'a> {
    async fn read(app: &'a App, path: Parts, asked: &Asked, body: Body) -> Result<Self, Failure> {
        let Path((domain, user)) = path?;
        let (handle, domain) = app.handle(&domain, &user)?;
        let now = app.clock.now();
        let body = body?;
        let by = app.by(asked, &body, now, Scope::Moderate, domain);
        Ok(Self {
            handle,
            domain,
            by: by.await?,
            now,
        })
    }

    /// What was good to publish once may have expired since. Nobody else is told what it is.
    async fn check_kept(&self, app: &App) -> Result<(), Failure> {
        let found = app.store.registration(&self.handle).await?;
        let kept = found.filter(|found| match &self.by {
            By::Key(signed) => signed.owner == found.owner,
            By::Operator(_) | By::Server => true,
        });
        let Some(kept) = kept.and_then(|found| found.kept) else {
            return Ok(());
        };
        app.policy.check(&kept, self.domain.ttl, self.now)?;
        payment_record(&self.handle, &kept)?;
        app.served.check_free(&self.domain.zone, &self.handle)?;
        Ok(())
    }

    async fn make(self, app: &App, what: What, asked: &Asked) -> Result<Response, Failure> {
        let change = Change::by(self.handle, what, self.by, self.now);
        app.change(change, self.domain, asked).await
    }
}

/// A key as it is written in bodies.
pub(super) fn public_key(hex: &str) -> Result<OwnerKey, Failure> {
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok();
    let key = bytes.and_then(|bytes| bytes.try_into().ok()).map(OwnerKey);
    key.ok_or_else(|| Failure::invalid_body("`to` is not a public key of 64 hex digits"))
}

fn no_consent(error: AuthError) -> Failure {
    let code = match error {
        AuthError::Missing => codes::CONSENT_MISSING,
        ref other => other.code(),
    };
    let detail = match error {
        AuthError::Missing => {
            "the key that is to have the name must sign this request too: send its NIP-98 event, for the same method, URL and body, as `Payname-Consent: Nostr <base64 event>`".to_owned()
        }
        other => format!("Payname-Consent, the new owner's signature: {other}"),
    };
    let status = StatusCode::UNAUTHORIZED;
    Failure::new(status, code, "No consent of the new owner", detail)
}
