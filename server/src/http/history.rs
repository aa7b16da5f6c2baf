//! What was done to a name, for its owner.

use std::sync::Arc;

use axum::{
    extract::{Path, State as AppState},
    http::Uri,
    response::Response,
};
use payname_api::{HistoryStep, Listed, paths};
use payname_resolver::Handle;

use super::{
    App,
    asked::{Asked, PathOfName},
    bearer::Reader,
    document::problems,
    failure::Failure,
    handles::Parts,
    nostr,
    page::{Page, Part},
};
use crate::{
    auth::AuthError,
    registration::{Author, Refusal, Step},
};

problems!(HistoryProblems: TOKEN_INVALID, TOKEN_SCOPE, UNKNOWN_DOMAIN, UNKNOWN_HANDLE, INVALID_HANDLE, INVALID_QUERY, NOT_OWNER);

/// What was done to a name, for its owner, in parts.
#[utoipa::path(
    get,
    path = paths::HISTORY,
    operation_id = "show_history",
    tag = "names",
    params(PathOfName, Part),
    security(("nostr" = []), ("operator" = [])),
    responses(
        (status = OK, description = "A part of the history, the oldest step first.", body = Listed<HistoryStep>, headers(("Link" = Option<String>, description = "`<…>; rel=\"next\"`: the part that follows."))),
        HistoryProblems,
    ),
)]
pub(crate) async fn show(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let reader = app.reader(&asked, domain).await?;
    match &reader {
        Reader::Anybody => return Err(AuthError::Missing.into()),
        Reader::Key(_) => {}
        Reader::Operator(token) => {
            app.looked(token, "read history", handle.to_string())
                .await?;
        }
    }
    let found = app.store.registration(&handle).await?;
    let found = found.ok_or_else(|| Failure::unknown_handle(&handle))?;
    if !reader.sees_all_of(&found) {
        // A hidden name is missing, here too.
        return Err(if found.is_hidden() {
            Failure::unknown_handle(&handle)
        } else {
            let removed = found.is_gone();
            Refusal::NotOwner { handle, removed }.into()
        });
    }
    // What former owners did, before the name was free, is not this owner's.
    let after = match reader {
        Reader::Operator(_) => 0,
        _ => found.born.saturating_sub(1),
    };
    app.history(&handle, after, &asked.uri).await
}

impl App {
    /// One part of a history, of what came after a version.
    pub(super) async fn history(
        &self,
        handle: &Handle,
        after: u64,
        uri: &Uri,
    ) -> Result<Response, Failure> {
        let page = Page::read(format!("history {handle}"), uri)?;
        let first = after.saturating_add(1);
        let from = page.after().and_then(|version| version.parse().ok());
        let after = from.unwrap_or(0).max(after);
        let steps = self.store.history(handle, after, page.wanted()).await?;
        let steps = steps.into_iter().map(|step| match step.version == first {
            // What was there before the name was free is not this owner's to read.
            true => describe(Step {
                old_owner: None,
                old_uri: None,
                ..step
            }),
            false => describe(step),
        });
        let steps = steps.collect();
        let key = |step: &HistoryStep| step.version.to_string();
        Ok(page.respond(steps, key, &self.public_url, uri))
    }
}

/// A step as clients see it.
pub(super) fn describe(step: Step) -> HistoryStep {
    let (signer, operator) = match step.author {
        Author::Key(key) => (Some(key.to_string()), None),
        Author::Operator(token) => (None, Some(token)),
        Author::Server => (None, None),
    };
    HistoryStep {
        version: step.version,
        action: step.deed.word().to_owned(),
        at: step.at.0,
        signer,
        operator,
        old_owner: step.old_owner.map(|key| key.to_string()),
        owner: step.owner.to_string(),
        old_uri: step.old_uri,
        uri: step.uri,
        kept_uri: step.kept,
        nostr: step.nostr.as_ref().map(nostr::describe),
        events: step.events,
    }
}
