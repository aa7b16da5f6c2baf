//! The HTTP API: requests to values, values to responses. The rules live elsewhere.

mod asked;
mod counts;
mod dnssecproof;
mod domains;
mod failure;
pub(crate) mod handles;
mod health;
pub(crate) mod history;
pub(crate) mod lifecycle;
mod limits;
mod page;
mod precondition;
pub(crate) mod proofs;
mod serve;
mod visitor;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::get,
};
use payname_api::{MAX_BODY_BYTES, paths};
use payname_resolver::Handle;
use tokio::sync::Notify;
use url::Url;

pub(crate) use self::{
    asked::Asked,
    counts::HttpCounts,
    failure::{Failure, unknown_route},
    limits::Limits,
    serve::{LIMITS, serve},
};

use crate::{
    clock::Clock,
    config::{Clients, Domain},
    policy::Policy,
    proof_cache::ProofCache,
    proof_relay::ProofRelay,
    prove::Prover,
    publisher::Served,
    store::Store,
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
    pub(crate) clock: Clock,
    pub(crate) policy: Policy,
    pub(crate) domains: BTreeMap<String, Domain>,
    pub(crate) public_url: Url,
    pub(crate) clients: Clients,
    pub(crate) limits: Limits,
    pub(crate) site: web::Site,
}

impl App {
    /// The routes.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route(
                paths::HANDLE,
                get(handles::show).put(handles::put).delete(handles::remove),
            )
            .route(
                paths::PROOF,
                get(proofs::show).layer(from_fn(dnssecproof::open_to_pages)),
            )
            .route(
                paths::DNSSEC_PROOF,
                get(dnssecproof::show).layer(from_fn(dnssecproof::open_to_pages)),
            )
            .route(paths::DOMAINS, get(domains::list))
            .merge(lifecycle::routes())
            .route(paths::HISTORY, get(history::show))
            .route(paths::DOMAIN, get(domains::show))
            .route(paths::LIVEZ, get(health::livez))
            .route(paths::READYZ, get(health::readyz))
            .merge(web::routes(&self.site))
            .fallback(unknown_route)
            .method_not_allowed_fallback(failure::method_not_allowed)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn(limit_time))
            .layer(from_fn_with_state(Arc::clone(&self), limits::limit))
            .with_state(self)
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

/// Ends requests that take too long, and keeps caches from storing what does not say otherwise.
async fn limit_time(request: Request, next: Next) -> Response {
    let mut response = tokio::time::timeout(TIME_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| Failure::timeout().into_response());
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
