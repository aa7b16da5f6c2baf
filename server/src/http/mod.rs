//! The HTTP API: requests to values, values to responses. The rules live elsewhere.

mod asked;
mod awaiting;
mod batch;
mod bearer;
mod counts;
mod dnssecproof;
mod document;
mod domains;
mod door;
mod draw;
mod envelope;
mod failure;
pub(crate) mod handles;
mod health;
pub(crate) mod history;
pub(crate) mod lifecycle;
mod limits;
pub(crate) mod nostr;
mod once;
mod operators;
mod page;
mod precondition;
pub(crate) mod proofs;
mod serve;
mod ticket;
mod visitor;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use payname_api::MAX_BODY_BYTES;
use payname_resolver::Handle;
use tokio::sync::Notify;
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::{
    asked::Asked,
    counts::HttpCounts,
    door::Door,
    failure::{Failure, unknown_route},
    limits::Limits,
    serve::{LIMITS, serve},
    visitor::Visitor,
};

use crate::{
    clock::Clock,
    conditions::Conditions,
    config::{Clients, Domain},
    policy::Policy,
    proof_cache::ProofCache,
    proof_relay::ProofRelay,
    prove::Prover,
    publisher::{Board, Served, Vacancies},
    store::Store,
    sure_time::SureTime,
    web,
};

/// How long a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What the handlers work with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) served: Served,
    pub(crate) prover: Arc<Prover>,
    pub(crate) proofs: Arc<ProofCache>,
    /// Proofs of any name, where the operator has named a resolver.
    pub(crate) relay: Option<ProofRelay>,
    pub(crate) committed: Arc<Notify>,
    pub(crate) conditions: Conditions,
    pub(crate) clock: Clock,
    pub(crate) sure_time: Arc<SureTime>,
    pub(crate) policy: Policy,
    pub(crate) domains: BTreeMap<String, Domain>,
    pub(crate) public_url: Url,
    /// How the domains stand that others serve.
    pub(crate) board: Board,
    pub(crate) vacancies: Vacancies,
    pub(crate) clients: Clients,
    pub(crate) limits: Limits,
    pub(crate) site: web::Site,
    pub(crate) counts: HttpCounts,
}

impl App {
    /// The routes.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        let (api, document) = routes().split_for_parts();
        let document = document::finish(document, &self.public_url);
        let api = api
            .layer(Extension(document::Text::new(&document)))
            .layer(from_fn_with_state(Arc::clone(&self), once::once))
            .fallback(unknown_route);
        // Pages of other origins may read the API and not our own pages.
        self.guard(api)
            .layer(envelope::open_to_pages())
            .merge(self.guard(web::routes(&self.site)))
            .layer(from_fn_with_state(Arc::clone(&self), envelope::surround))
            .with_state(self)
    }

    /// Routes within limits.
    fn guard(self: &Arc<Self>, router: Router<Arc<Self>>) -> Router<Arc<Self>> {
        router
            .method_not_allowed_fallback(failure::method_not_allowed)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn(limit_time))
            .layer(from_fn_with_state(Arc::clone(self), limits::limit))
    }

    /// The domain of a path.
    fn domain(&self, name: &str) -> Result<&Domain, Failure> {
        let bare = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.domains
            .get(&bare)
            .ok_or_else(|| Failure::unknown_domain(name))
    }

    /// The handle of a path, with its domain.
    fn handle(&self, domain: &str, user: &str) -> Result<(Handle, &Domain), Failure> {
        let domain = self.domain(domain)?;
        Ok((Handle::new(user, &domain.name)?, domain))
    }
}

/// The routes; none without its description.
fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(handles::show, handles::put, handles::remove))
        .merge(lifecycle::routes())
        .merge(nostr::routes())
        .merge(operators::routes())
        .merge(awaiting::routes())
        .merge(ticket::routes())
        .routes(routes!(history::show))
        .routes(routes!(proofs::show))
        .routes(routes!(batch::show))
        .routes(routes!(dnssecproof::show))
        .routes(routes!(domains::list))
        .routes(routes!(domains::show))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(document::show))
}

/// Ends requests that take too long.
async fn limit_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(TIME_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| Failure::timeout().into_response())
}
