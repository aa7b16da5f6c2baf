//! Claims that wait: what is demanded of them, which they are, and the operator's word that it is so.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        Path, State as AppState,
        rejection::{BytesRejection, PathRejection},
    },
    response::Response,
};
use payname_api::{Awaits, HandleStatus, Listed, paths};
use payname_resolver::{Handle, UnixTime};
use payname_zones::payment_record;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App,
    asked::{Asked, PathOfDomain, PathOfName},
    document::problems,
    failure::Failure,
    handles::Parts,
    operators::Names,
    page::Part,
    precondition::Preconditions,
};
use crate::{
    config::Domain,
    key::OwnerKey,
    outbox::Chain,
    registration::{Awaited, By, Change, ConditionError, Demand, What},
    tokens::Scope,
};

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(approve))
}

problems!(ListProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, INVALID_QUERY, TOKEN_INVALID, TOKEN_SCOPE);

/// The names of a domain whose claims wait, for its operator, in parts.
#[utoipa::path(
    get,
    path = paths::AWAITING,
    operation_id = "list_awaiting",
    tag = "operators",
    params(PathOfDomain, Part),
    security(("operator" = [])),
    responses(
        (status = OK, description = "A part of the names, with what they wait for.", body = Listed<HandleStatus>, headers(("Link" = Option<String>, description = "`<…>; rel=\"next\"`: the part that follows."))),
        ListProblems,
    ),
)]
async fn list(
    AppState(app): AppState<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Response, Failure> {
    app.list_names(path, &asked, Names::Awaiting).await
}

problems!(ApproveProblems: UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_HEADER, INVALID_URI, RESERVED, PRECONDITION_FAILED, PROVIDER_SILENT, TOKEN_INVALID, TOKEN_SCOPE);

/// Gives a name to whoever claimed it and waits. Approved once more, it stays as it is.
///
/// To refuse a claim, remove the name (`DELETE`, with scope `moderate`).
#[utoipa::path(
    post,
    path = paths::APPROVE,
    operation_id = "approve_handle",
    tag = "operators",
    params(PathOfName, Preconditions),
    security(("operator" = [])),
    responses(
        (status = OK, description = "It is given already.", body = HandleStatus),
        (status = ACCEPTED, description = "Given, and on its way into DNS.", body = HandleStatus),
        ApproveProblems,
    ),
)]
async fn approve(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let now = app.clock.now();
    body?;
    let operator = app.only_operator(&asked, now, Scope::Grant, domain).await?;
    let found = app.store.registration(&handle).await?;
    // What was good to publish when it was claimed may not be any more.
    let is_awaited = found.as_ref().is_some_and(|found| found.awaits.is_some());
    if let Some(kept) = found.and_then(|found| found.kept) {
        app.policy.check(&kept, domain.ttl, now)?;
        payment_record(&handle, &kept)?;
        app.served.check_free(&domain.zone, &handle)?;
    }
    if is_awaited {
        app.vacancies.check_awaited(&handle, now).await?;
    }
    let change = Change::by(handle, What::Fulfil, By::Operator(operator), now);
    app.change(change, domain, &asked).await
}

impl App {
    /// What the claim of a name by a key has to meet; nothing for what is the key's already.
    pub(super) async fn demand(
        &self,
        domain: &Domain,
        (handle, drawn): (&Handle, bool),
        owner: OwnerKey,
        now: UnixTime,
    ) -> Result<Option<Demand>, Failure> {
        let Some(requirement) = domain.entry.requirement(drawn) else {
            return Ok(None);
        };
        let found = self.store.registration(handle).await?;
        let is_claim = found.is_none_or(|found| {
            found.was_never_given(now) || (found.is_free(now) && found.owner != owner)
        });
        if !is_claim {
            return Ok(None);
        }
        let condition = self.conditions.named(&requirement.condition);
        let until = now.plus(requirement.reserve);
        Ok(match condition {
            Some(condition) => Some(condition.demand(handle, owner, until).await?),
            None => None,
        })
    }
}

impl From<ConditionError> for Failure {
    fn from(error: ConditionError) -> Self {
        tracing::error!(error = %Chain(&error), "a claim could not be taken");
        Self::unavailable("names cannot be claimed here just now; try again later")
    }
}

/// What a name waits for, as clients see it.
pub(super) fn describe(awaited: &Awaited) -> Awaits {
    Awaits {
        condition: awaited.demand.condition.clone(),
        text: awaited.demand.text.clone(),
        until: awaited.until.0,
    }
}
