//! What operators see and do: all names of a domain, all of its history, names for whom they choose.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{
        Path, State as AppState,
        rejection::{BytesRejection, PathRejection},
    },
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use payname_api::{ExportedStep, GrantHandle, HandleStatus, Listed, paths};
use payname_zones::payment_record;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App,
    asked::{Asked, PathOfDomain, PathOfName},
    document::problems,
    draw,
    failure::Failure,
    handles::{Parts, describe, read_body},
    history,
    lifecycle::public_key,
    page::{Page, Part},
    precondition::Preconditions,
};
use crate::{
    outbox::Chain,
    registration::{By, Change, Entry, What},
    store::{Store, StoreError},
    tokens::Scope,
    web,
};

/// How many steps are read at once.
const TOGETHER: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list, draw::draw))
        .routes(routes!(grant))
        .routes(routes!(export))
}

problems!(ListProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, INVALID_QUERY, TOKEN_INVALID, TOKEN_SCOPE);

/// All names of a domain, for its operator, in parts.
#[utoipa::path(
    get,
    path = paths::HANDLES,
    operation_id = "list_handles",
    tag = "operators",
    params(PathOfDomain, Part),
    security(("operator" = [])),
    responses(
        (status = OK, description = "A part of the names, with what is private.", body = Listed<HandleStatus>, headers(("Link" = Option<String>, description = "`<…>; rel=\"next\"`: the part that follows."))),
        ListProblems,
    ),
)]
async fn list(
    AppState(app): AppState<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Response, Failure> {
    app.list_names(path, &asked, Names::All).await
}

/// Which names of a domain its operator looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names {
    /// All of them.
    All,
    /// Those whose claims wait.
    Awaiting,
}

impl App {
    /// A part of the names of a domain, for its operator, who is written down as having looked.
    pub(super) async fn list_names(
        &self,
        path: Result<Path<String>, PathRejection>,
        asked: &Asked,
        which: Names,
    ) -> Result<Response, Failure> {
        let Path(name) = path?;
        let domain = self.domain(&name)?;
        let now = self.clock.now();
        let operator = self.only_operator(asked, now, Scope::Read, domain).await?;
        let (list, deed) = match which {
            Names::All => ("handles", "list names"),
            Names::Awaiting => ("awaiting", "list awaiting"),
        };
        let page = Page::read(format!("{list} {}", domain.name), &asked.uri)?;
        self.looked(&operator, deed, &domain.name).await?;
        let (name, after, wanted) = (&domain.name, page.after(), page.wanted());
        let found = match which {
            Names::All => self.store.names(name, after, wanted).await?,
            Names::Awaiting => self.store.awaiting(name, after, wanted).await?,
        };
        let items: Vec<HandleStatus> = found.iter().map(|one| describe(one, true)).collect();
        let key = |status: &HandleStatus| {
            let bare = status.handle.trim_start_matches('₿');
            bare.split('@').next().unwrap_or_default().to_owned()
        };
        Ok(page.respond(items, key, &self.public_url, &asked.uri))
    }
}

problems!(GrantProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, INVALID_URI, INVALID_HEADER, UNSUPPORTED_MEDIA_TYPE, NOT_OWNER, NOT_THEIRS, RESERVED, SHADOWS, PRECONDITION_FAILED, PROVIDER_SILENT, TOKEN_INVALID, TOKEN_SCOPE);

/// Gives a name that nobody has to a key.
#[utoipa::path(
    post,
    path = paths::GRANT,
    operation_id = "grant_handle",
    tag = "operators",
    params(PathOfName, Preconditions),
    request_body(content = GrantHandle, description = "Who shall have the name, and what it shall pay."),
    security(("operator" = [])),
    responses(
        (status = ACCEPTED, description = "Committed, and on its way into DNS.", body = HandleStatus),
        GrantProblems,
    ),
)]
async fn grant(
    AppState(app): AppState<Arc<App>>,
    path: Parts,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path((domain, user)) = path?;
    let (handle, domain) = app.handle(&domain, &user)?;
    let now = app.clock.now();
    let operator = app.only_operator(&asked, now, Scope::Grant, domain).await?;
    let form = r#"{"to": "64 hex digits of a public key", "uri": "bitcoin:?lno=lno1…"}"#;
    let wanted: GrantHandle = read_body(&asked.headers, &body?, form)?;
    let to = public_key(&wanted.to)?;
    app.policy.check(&wanted.uri, domain.ttl, now)?;
    payment_record(&handle, &wanted.uri)?;
    app.served.check_free(&domain.zone, &handle)?;
    app.vacancies.check(&handle, now).await?;
    web::reserved::check(&handle, &app.domains)?;
    let uri = wanted.uri;
    let change = Change {
        entry: Entry {
            rules: Arc::clone(&domain.entry),
            ..Entry::default()
        },
        ..Change::by(handle, What::Grant { to, uri }, By::Operator(operator), now)
    };
    app.change(change, domain, &asked).await
}

problems!(ExportProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, TOKEN_INVALID, TOKEN_SCOPE);

/// All of the history of a domain, one JSON object to a line, for as long as somebody reads.
#[utoipa::path(
    get,
    path = paths::EXPORT,
    operation_id = "export_history",
    tag = "operators",
    params(PathOfDomain),
    security(("operator" = [])),
    responses(
        (status = OK, description = "The history of all names, by user and version.", body = ExportedStep, content_type = "application/x-ndjson"),
        ExportProblems,
    ),
)]
async fn export(
    AppState(app): AppState<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
) -> Result<Response, Failure> {
    let Path(name) = path?;
    let domain = app.domain(&name)?;
    let now = app.clock.now();
    let operator = app.only_operator(&asked, now, Scope::Read, domain).await?;
    app.looked(&operator, "export history", &domain.name)
        .await?;
    let (store, name) = (Arc::clone(&app.store), domain.name.clone());
    let first = Some((String::new(), 0));
    let lines = stream::try_unfold(first, move |after| {
        let (store, name) = (Arc::clone(&store), name.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let part = part(&*store, &name, after).await;
            part.inspect_err(|error| {
                tracing::error!(error = %Chain(error), "an export broke off");
            })
        }
    });
    let mut response = Body::from_stream(lines).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    Ok(response)
}

/// A user and a version: how far an export has come; none at its end.
type After = Option<(String, u64)>;

async fn part(
    store: &dyn Store,
    domain: &str,
    (user, version): (String, u64),
) -> Result<Option<(String, After)>, StoreError> {
    let steps = store
        .all_history(domain, (&user, version), TOGETHER)
        .await?;
    let last = steps.last().filter(|_| steps.len() == TOGETHER);
    let after = last.map(|(handle, step)| (handle.user().to_owned(), step.version));
    let mut lines = String::new();
    for (handle, step) in steps {
        let exported = ExportedStep {
            handle: handle.to_string(),
            step: history::describe(step),
        };
        lines.push_str(&serde_json::to_string(&exported).unwrap_or_default());
        lines.push('\n');
    }
    Ok(Some((lines, after)))
}
