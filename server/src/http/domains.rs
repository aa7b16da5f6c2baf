//! The domains: what their zones are, and what the registrars have to know about them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::Uri,
    response::Response,
};
use payname_api::{DomainInfo, Listed, paths};
use payname_zones::Zone;

use super::{
    App,
    document::problems,
    failure::Failure,
    page::{Page, Part},
};
use crate::config::Domain;

problems!(ShowProblems: UNKNOWN_DOMAIN, INVALID_HANDLE);

/// A domain: its nameservers, DS records, TTLs and network.
#[utoipa::path(
    get,
    path = paths::DOMAIN,
    operation_id = "show_domain",
    tag = "domains",
    params(("domain" = String, Path, description = "The domain.", example = "example.com")),
    responses((status = OK, description = "The domain.", body = DomainInfo), ShowProblems),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<DomainInfo>, Failure> {
    let Path(name) = path?;
    Ok(Json(app.describe(app.domain(&name)?)))
}

problems!(ListProblems: INVALID_QUERY);

/// The domains of this server, in parts.
#[utoipa::path(
    get,
    path = paths::DOMAINS,
    operation_id = "list_domains",
    tag = "domains",
    params(Part),
    responses(
        (status = OK, description = "A part of the list.", body = Listed<DomainInfo>, headers(("Link" = Option<String>, description = "`<…>; rel=\"next\"`: the part that follows."))),
        ListProblems,
    ),
)]
pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Response, Failure> {
    let page = Page::read("domains", &uri)?;
    let domains = app.domains.values();
    let domains = domains.filter(|domain| {
        page.after()
            .is_none_or(|after| domain.name.as_str() > after)
    });
    let domains = domains
        .take(page.wanted())
        .map(|domain| app.describe(domain));
    let key = |domain: &DomainInfo| domain.domain.clone();
    Ok(page.respond(domains.collect(), key, &app.public_url, &uri))
}

impl App {
    fn describe(&self, domain: &Domain) -> DomainInfo {
        let zone = self
            .served
            .zone(&domain.zone, |zone| (zone.ds_text(), Zone::serial(zone)));
        let standing = self.board.of(&domain.name);
        DomainInfo {
            domain: domain.name.clone(),
            ds: match &zone {
                Some((ds, _)) => vec![ds.clone()],
                None => standing
                    .as_ref()
                    .map(|one| one.ds.clone())
                    .unwrap_or_default(),
            },
            alarm: standing.and_then(|standing| standing.alarm),
            nameservers: domain
                .nameservers
                .iter()
                .map(|name| name.to_ascii())
                .collect(),
            ttl: domain.ttl,
            negative_ttl: domain.negative_ttl,
            serial: zone.map(|(_, serial)| serial),
            network: self.policy.network.to_string(),
        }
    }
}
