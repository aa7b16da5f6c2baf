//! The proof of a name: RFC 9102 bytes, cacheable for as long as they stay true.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{PROOF_MEDIA_TYPE, codes, paths};
use payname_resolver::UnixTime;

use super::{
    App,
    asked::PathOfName,
    document::{ProofBytes, problems},
    failure::Failure,
    handles::{Parts, is_published},
    visitor::Visitor,
};
use crate::{
    outbox::Chain,
    prove::{Evidence, Proven},
    registration::Registration,
};

problems!(ProofProblems: UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, NOT_PUBLISHED, PROOF_UNAVAILABLE);

/// The proof of a name: what its record is, signed from a trust anchor down.
#[utoipa::path(
    get,
    path = paths::PROOF,
    operation_id = "show_proof",
    tag = "proofs",
    params(PathOfName, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the proof that is at hand.")),
    responses(
        (status = OK, description = "An RFC 9102 authentication chain.", body = ProofBytes, content_type = "application/octet-stream", headers(
            ("ETag" = String, description = "The SHA-256 of the proof, quoted."),
            ("Cache-Control" = String, description = "`max-age` is how long the proof stays true."),
        )),
        (status = NOT_MODIFIED, description = "The proof at hand is still the present one."),
        ProofProblems,
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    path: Parts,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, _) = app.handle(&domain, &user)?;
    let registration = app.store.registration(&handle).await?;
    let registration = registration
        .filter(|registration| !registration.is_gone() && !registration.is_hidden())
        .ok_or_else(|| Failure::unknown_handle(&handle))?;
    let now = app.clock.now();
    let evidence = app.evidence(&registration, now).await?;
    Ok(respond(&headers, &evidence, now))
}

impl App {
    /// The proof of a published name: the one that is kept, or a new one where that is not fresh.
    pub(crate) async fn evidence(
        &self,
        registration: &Registration,
        now: UnixTime,
    ) -> Result<Arc<Evidence>, Failure> {
        let (handle, version) = (&registration.handle, registration.version);
        match self.proofs.fresh(handle, version, now) {
            Some(evidence) => Ok(evidence),
            None => self.prove_again(registration, now).await,
        }
    }

    /// Counts a proof for whoever asks, if one has to be made for this.
    ///
    /// # Errors
    /// There were too many proofs for this network.
    pub(crate) fn charge_proof(
        &self,
        visitor: &Visitor,
        registration: &Registration,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let (handle, version) = (&registration.handle, registration.version);
        match self.proofs.fresh(handle, version, now) {
            Some(_) => Ok(()),
            None => Ok(self.limits.proofs(visitor, 1)?),
        }
    }

    /// Looks a published name up once more.
    async fn prove_again(
        &self,
        registration: &Registration,
        now: UnixTime,
    ) -> Result<Arc<Evidence>, Failure> {
        let handle = &registration.handle;
        if !is_published(registration) {
            let detail = format!("{handle} is not published yet; look at its state and ask again");
            return Err(Failure::new(
                StatusCode::CONFLICT,
                codes::NOT_PUBLISHED,
                "Not published yet",
                detail,
            ));
        }
        let detail = match self.prover.prove(handle, now).await {
            Ok(Proven::Uri(evidence)) if registration.uri.as_ref() == Some(&evidence.uri) => {
                let evidence = Arc::new(evidence);
                self.proofs
                    .keep(handle, registration.version, Arc::clone(&evidence));
                return Ok(evidence);
            }
            Ok(_) => format!("DNS does not show the present record of {handle}; ask again later"),
            Err(error) => {
                tracing::warn!(%handle, error = %Chain(&error), "a published name cannot be proven");
                format!("{handle} cannot be proven just now; ask again later")
            }
        };
        let status = StatusCode::BAD_GATEWAY;
        Err(Failure::new(
            status,
            codes::PROOF_UNAVAILABLE,
            "Proof unavailable",
            detail,
        ))
    }
}

fn respond(headers: &HeaderMap, evidence: &Evidence, now: UnixTime) -> Response {
    let tag = evidence.tag.as_str();
    let mut response = if is_known(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = [(header::CONTENT_TYPE, PROOF_MEDIA_TYPE)];
        (kind, evidence.proof.clone()).into_response()
    };
    let age = format!("public, max-age={}", now.until(evidence.fresh_until));
    let headers = response.headers_mut();
    for (name, value) in [(header::ETAG, tag), (header::CACHE_CONTROL, &age)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether the client has what bears this tag (RFC 9110 §13.1.2, by the weak comparison).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut known = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
    known.any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    })
}
