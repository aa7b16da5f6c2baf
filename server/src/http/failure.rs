//! Failures as `application/problem+json` (RFC 9457), each with a stable code and a remedy.

use axum::{
    extract::rejection::{BytesRejection, PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use payname_api::{AUTH_SCHEME, MAX_BODY_BYTES, PROBLEM_MEDIA_TYPE, Problem, codes};
use payname_resolver::HandleError;
use payname_zones::PaymentError;

use crate::{
    auth::AuthError,
    outbox::Chain,
    policy::PolicyError,
    publisher::{Occupied, Reserved},
    registration::Refusal,
    store::{ChangeError, StoreError},
    web::reserved::ReservedPath,
};

/// After how many seconds to ask again when disk or database are away.
const PASSING: u64 = 30;

/// What a client is told when a request fails.
#[derive(Debug)]
pub(crate) struct Failure {
    problem: Problem,
    /// After how many seconds to try again.
    retry_after: Option<u64>,
}

impl Failure {
    /// What happened, and what to do about it.
    pub(crate) fn detail(&self) -> &str {
        &self.problem.detail
    }

    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        title: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            problem: Problem::new(status.as_u16(), code, title, detail),
            retry_after: None,
        }
    }

    /// The problem itself, for a response that tells several.
    pub(super) fn into_problem(self) -> Problem {
        self.problem
    }

    /// The same, with the advice when to try again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    pub(super) fn unknown_domain(domain: &str) -> Self {
        let detail = format!(
            "`{}` is not a domain of this server; check its spelling and the server's URL",
            domain.escape_debug()
        );
        Self::new(
            StatusCode::NOT_FOUND,
            codes::UNKNOWN_DOMAIN,
            "Unknown domain",
            detail,
        )
    }

    pub(super) fn unknown_handle(handle: &payname_resolver::Handle) -> Self {
        Refusal::Unknown(handle.clone()).into()
    }

    pub(super) fn timeout() -> Self {
        let detail = "the request took longer than 10 seconds; look at the name before trying again, it may have been changed";
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            codes::TIMEOUT,
            "Timeout",
            detail,
        )
    }

    pub(super) fn body_too_large() -> Self {
        let detail =
            format!("the body is longer than {MAX_BODY_BYTES} bytes; send only what is documented");
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(status, codes::BODY_TOO_LARGE, "Body too large", detail)
    }

    pub(super) fn internal() -> Self {
        let detail = "the server failed and has not made the change; try again later";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, codes::INTERNAL, "Server failure", detail)
    }

    pub(super) fn unavailable(detail: &str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, codes::UNAVAILABLE, "Unavailable", detail).retry_after(1)
    }

    pub(super) fn invalid_header(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            codes::INVALID_HEADER,
            "Invalid header",
            detail,
        )
    }

    pub(super) fn invalid_body(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            codes::INVALID_BODY,
            "Invalid body",
            detail,
        )
    }

    fn invalid_uri(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            codes::INVALID_URI,
            "Invalid URI",
            detail,
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = body_of(&self.problem);
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(PROBLEM_MEDIA_TYPE),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(AUTH_SCHEME),
            );
        }
        // The id of the request is added by whoever knows it.
        response.extensions_mut().insert(self.problem);
        response
    }
}

/// A problem as bytes.
pub(super) fn body_of(problem: &Problem) -> Vec<u8> {
    serde_json::to_vec(problem).unwrap_or_default()
}

pub(crate) async fn unknown_route() -> Failure {
    let detail = "there is nothing here; names are at /v1/domains/{domain}/handles/{user}, and all routes in /openapi.json";
    Failure::new(
        StatusCode::NOT_FOUND,
        codes::UNKNOWN_ROUTE,
        "Unknown route",
        detail,
    )
}

pub(super) async fn method_not_allowed() -> Failure {
    let detail = "this route has no such method; /openapi.json says which it has";
    let title = "Method not allowed";
    Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        codes::METHOD_NOT_ALLOWED,
        title,
        detail,
    )
}

impl From<AuthError> for Failure {
    fn from(error: AuthError) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            error.code(),
            "Not signed as needed",
            error.to_string(),
        )
    }
}

impl From<Reserved> for Failure {
    fn from(error: Reserved) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            codes::RESERVED,
            "Reserved name",
            error.to_string(),
        )
    }
}

impl From<Occupied> for Failure {
    fn from(error: Occupied) -> Self {
        match error {
            Occupied::Reserved(reserved) => reserved.into(),
            Occupied::Store(error) => error.into(),
            Occupied::Unseen { wait, .. } => {
                let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, codes::PROVIDER_SILENT);
                let failure = Self::new(status, code, "Not known to be free", error.to_string());
                failure.retry_after(wait.as_secs().max(1))
            }
        }
    }
}

impl From<ReservedPath> for Failure {
    fn from(error: ReservedPath) -> Self {
        let (status, code) = (StatusCode::CONFLICT, codes::RESERVED);
        Self::new(status, code, "Reserved name", error.to_string())
    }
}

impl From<HandleError> for Failure {
    fn from(error: HandleError) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(
            status,
            codes::INVALID_HANDLE,
            "Invalid name",
            error.to_string(),
        )
    }
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        let detail = "the path is not percent-encoded text; write the domain and the user plainly";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::new(status, codes::INVALID_HANDLE, "Invalid name", detail)
    }
}

impl From<PolicyError> for Failure {
    fn from(error: PolicyError) -> Self {
        Self::invalid_uri(error.to_string())
    }
}

impl From<PaymentError> for Failure {
    fn from(error: PaymentError) -> Self {
        Self::invalid_uri(error.to_string())
    }
}

impl From<BytesRejection> for Failure {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() != StatusCode::PAYLOAD_TOO_LARGE {
            return Self::invalid_body("the body broke off; send it again");
        }
        Self::body_too_large()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let (status, code, title) = match &refusal {
            Refusal::NotOwner { .. } => (StatusCode::FORBIDDEN, codes::NOT_OWNER, "Not the owner"),
            Refusal::Unknown(_) => (StatusCode::NOT_FOUND, codes::UNKNOWN_HANDLE, "Unknown name"),
            Refusal::Precondition { .. } => (
                StatusCode::PRECONDITION_FAILED,
                codes::PRECONDITION_FAILED,
                "Changed meanwhile",
            ),
            Refusal::Replayed => (
                StatusCode::UNAUTHORIZED,
                codes::AUTH_REPLAYED,
                "Signed request used before",
            ),
            Refusal::Suspended(_) => (
                StatusCode::FORBIDDEN,
                codes::SUSPENDED,
                "Disabled by the operator",
            ),
            Refusal::Expired { .. } => (StatusCode::CONFLICT, codes::EXPIRED, "Expired"),
            Refusal::Awaiting { .. } => (StatusCode::CONFLICT, codes::AWAITING, "Still waits"),
            Refusal::NotAsked(_) => return Self::unavailable(&refusal.to_string()),
            Refusal::SameOwner(_) => (
                StatusCode::CONFLICT,
                codes::SAME_OWNER,
                "Belongs to this key",
            ),
            Refusal::Form { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                codes::INVALID_HANDLE,
                "Invalid name",
            ),
            Refusal::Reserved(_) => (StatusCode::CONFLICT, codes::RESERVED, "Reserved name"),
            Refusal::Confusable(_) => (
                StatusCode::CONFLICT,
                codes::CONFUSABLE,
                "Looks like another",
            ),
            Refusal::Shadows(_) => (StatusCode::CONFLICT, codes::SHADOWS, "Under another name"),
            Refusal::Closed(_) => (StatusCode::FORBIDDEN, codes::CLOSED, "Closed domain"),
            Refusal::NotDrawn(_) => (StatusCode::FORBIDDEN, codes::CLOSED, "No random names"),
            Refusal::InviteNeeded(_) => {
                (StatusCode::FORBIDDEN, codes::INVITE_NEEDED, "Invite needed")
            }
            Refusal::InviteInvalid => (
                StatusCode::FORBIDDEN,
                codes::INVITE_INVALID,
                "Invalid invite",
            ),
            Refusal::TooManyNames { .. } => (
                StatusCode::FORBIDDEN,
                codes::TOO_MANY_NAMES,
                "Too many names",
            ),
            Refusal::TooManyClaims { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                codes::TOO_MANY_CLAIMS,
                "Too many claims",
            ),
            Refusal::NotTheirs(_) => (
                StatusCode::FORBIDDEN,
                codes::NOT_THEIRS,
                "Not theirs to change",
            ),
        };
        Self::new(status, code, title, refusal.to_string())
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal) => refusal.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %Chain(&error), "a request failed in the store");
        if error.is_passing() {
            let detail = "the server's database takes nothing just now, and nothing was changed; names are paid as ever; try again in half a minute";
            return Self::unavailable(detail).retry_after(PASSING);
        }
        Self::internal()
    }
}
