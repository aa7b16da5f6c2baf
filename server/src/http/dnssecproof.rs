//! The proof of any name and type, in the form of other proof servers: `/dnssecproof?d=…&t=TXT`.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{PROOF_MEDIA_TYPE, codes, paths};
use payname_resolver::{
    Question,
    hickory_proto::rr::{Name, RecordType},
};
use serde::Deserialize;

use super::{
    App,
    document::{ProofBytes, problems},
    failure::Failure,
    visitor::Visitor,
};
use crate::{outbox::Chain, proof_relay::RelayError};

/// The query of the URL.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The name, in ASCII.
    #[param(example = "alice.user._bitcoin-payment.example.com.")]
    d: String,
    /// The type: `TXT`, `TLSA`, `A` or `AAAA`.
    #[param(example = "TXT")]
    t: String,
}

problems!(RelayProblems: INVALID_QUERY, UNKNOWN_ROUTE, PROOF_UNAVAILABLE);

/// The proof of any name and type, in the form of other proof servers, where this server has a resolver.
#[utoipa::path(
    get,
    path = paths::DNSSEC_PROOF,
    operation_id = "relay_proof",
    tag = "proofs",
    params(Wanted),
    responses(
        (status = OK, description = "An RFC 9102 authentication chain that this server has verified; verify it, too.", body = ProofBytes, content_type = "application/octet-stream", headers(
            ("Cache-Control" = String, description = "`max-age` is how long the proof stays true."),
        )),
        RelayProblems,
    ),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Failure> {
    let relay = app.relay.as_ref().ok_or_else(Failure::no_relay)?;
    let Query(wanted) = wanted.map_err(|_| {
        Failure::invalid_query("the URL must end in ?d=NAME.&t=TXT, with TXT, TLSA, A or AAAA")
    })?;
    let question = wanted.question()?;
    let now = app.clock.now();
    let relayed = relay.prove(&question, visitor.network(), now).await;
    let relayed = relayed.map_err(|error| {
        tracing::debug!(%question, error = %Chain(&error), "a proof cannot be gathered");
        Failure::from(error)
    })?;
    let mut response = Bytes::from(relayed.proof).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(PROOF_MEDIA_TYPE);
    headers.insert(header::CONTENT_TYPE, kind);
    let age = format!("max-age={}", now.until(relayed.fresh_until));
    if let Ok(age) = HeaderValue::try_from(age) {
        headers.insert(header::CACHE_CONTROL, age);
    }
    Ok(response)
}

impl Wanted {
    fn question(&self) -> Result<Question, Failure> {
        let record_type = match self.t.to_ascii_uppercase().as_str() {
            "TXT" => RecordType::TXT,
            "TLSA" => RecordType::TLSA,
            "A" => RecordType::A,
            "AAAA" => RecordType::AAAA,
            _ => return Err(Failure::invalid_query("t must be TXT, TLSA, A or AAAA")),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
        let name = Some(&self.d).filter(|name| !name.is_empty() && name.chars().all(is_plain));
        let name = name.and_then(|name| Name::from_ascii(name).ok());
        let mut name = name.ok_or_else(|| {
            let detail =
                "d must be a domain name of letters, digits, `-`, `_`, `*` and `.`, in ASCII";
            Failure::invalid_query(detail)
        })?;
        name.set_fqdn(true);
        Ok(Question::new(name.to_lowercase(), record_type))
    }
}

impl Failure {
    fn invalid_query(detail: &str) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self::new(status, codes::INVALID_QUERY, "Invalid query", detail)
    }

    fn no_relay() -> Self {
        let detail = "this server gathers no proofs of other names; those of its own are at /v1/domains/{domain}/handles/{user}/proof";
        let status = StatusCode::NOT_FOUND;
        Self::new(status, codes::UNKNOWN_ROUTE, "Unknown route", detail)
    }
}

impl From<RelayError> for Failure {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Busy => {
                Self::unavailable("too many proofs are being gathered; try again in a second")
            }
            RelayError::Gather(_) | RelayError::Unproven => {
                let status = StatusCode::BAD_GATEWAY;
                let detail = "the resolver of this server gives no proof of that just now";
                let code = codes::PROOF_UNAVAILABLE;
                Self::new(status, code, "Proof unavailable", detail)
            }
        }
    }
}
