//! The proofs of many names with one request.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::HeaderMap,
};
use data_encoding::BASE64;
use futures_util::{StreamExt as _, stream};
use payname_api::{MAX_PROOFS, ProofGiven, ProofsGiven, ProofsWanted, paths};
use payname_resolver::{Handle, UnixTime};

use super::{App, document::problems, failure::Failure, handles::read_body, visitor::Visitor};
use crate::registration::Registration;

/// How many proofs one request has looked up at the same time.
const AT_ONCE: usize = 8;

problems!(BatchProblems: UNSUPPORTED_MEDIA_TYPE);

/// The proofs of up to 100 names of this server, each with its age or the reason why there is none.
#[utoipa::path(
    post,
    path = paths::PROOFS,
    operation_id = "batch_proofs",
    tag = "proofs",
    request_body(content = ProofsWanted, description = "Whose proofs are wanted."),
    responses((status = OK, description = "A proof or a problem for each name.", body = ProofsGiven), BatchProblems),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<ProofsGiven>, Failure> {
    let form = r#"{"handles": ["alice@example.com"]}"#;
    let ProofsWanted { handles } = read_body(&headers, &body?, form)?;
    if !(1..=MAX_PROOFS).contains(&handles.len()) {
        let detail = format!("`handles` must be 1 to {MAX_PROOFS} names; ask again for the others");
        return Err(Failure::invalid_body(detail));
    }
    app.limits.proofs(&visitor, handles.len())?;
    let now = app.clock.now();
    let asked: Vec<Result<Handle, Failure>> =
        handles.iter().map(|text| app.written(text)).collect();
    let wanted: Vec<Handle> = asked.iter().flatten().cloned().collect();
    let found = app.store.registrations(&wanted).await?;
    let found = found.into_iter().map(|found| (found.handle.clone(), found));
    let found: HashMap<Handle, Registration> = found.collect();
    let (app, found) = (app.as_ref(), &found);
    let proofs = stream::iter(handles.into_iter().zip(asked))
        .map(|(text, handle)| app.give(text, handle, found, now))
        .buffered(AT_ONCE)
        .collect();
    Ok(Json(ProofsGiven {
        proofs: proofs.await,
    }))
}

impl App {
    /// A name of this server as a client wrote it, with the `₿` or without.
    fn written(&self, text: &str) -> Result<Handle, Failure> {
        let handle: Handle = text.parse()?;
        self.domain(handle.domain())?;
        Ok(handle)
    }

    async fn give(
        &self,
        text: String,
        handle: Result<Handle, Failure>,
        found: &HashMap<Handle, Registration>,
        now: UnixTime,
    ) -> ProofGiven {
        let evidence = match handle.and_then(|handle| shown(handle, found)) {
            Ok(registration) => self.evidence(registration, now).await,
            Err(failure) => Err(failure),
        };
        match evidence {
            Ok(evidence) => ProofGiven {
                handle: text,
                proof: Some(BASE64.encode(&evidence.proof)),
                max_age: Some(now.until(evidence.fresh_until)),
                problem: None,
            },
            Err(failure) => ProofGiven {
                handle: text,
                proof: None,
                max_age: None,
                problem: Some(failure.into_problem()),
            },
        }
    }
}

/// The registration of a name that anybody may see.
fn shown(handle: Handle, found: &HashMap<Handle, Registration>) -> Result<&Registration, Failure> {
    let found = found.get(&handle);
    found
        .filter(|found| !found.is_gone() && !found.is_hidden())
        .ok_or_else(|| Failure::unknown_handle(&handle))
}
