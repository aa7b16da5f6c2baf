//! A domain's page: who may have a name under it, and how its records are published.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use payname_api::paths;

use super::{
    frame::{Frame, send},
    moment::span,
    place,
};
use crate::{config, http::App, registration::Access};

/// A domain.
#[derive(Debug, Template)]
#[template(path = "domain.html")]
struct DomainPage<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    /// Who may have a name.
    access: Access,
    /// Whether everybody may have one that the server draws.
    draws: bool,
    /// How long a name is reserved that waits for the operator's word; none if it is given at once.
    reserve: Option<String>,
    network: String,
    takes_addresses: bool,
    ttl: String,
    negative_ttl: String,
    /// How long a removed name is kept for its owner; none is for good.
    hold: Option<String>,
    /// How long a name stays unless it is renewed; none is for good.
    life: Option<String>,
    zone: String,
    ds: Vec<String>,
    has_own_anchors: bool,
}

/// The domains of a server that has several, for a host that is none of them.
#[derive(Debug, Template)]
#[template(path = "domains.html")]
struct DomainsPage<'a> {
    frame: Frame<'a>,
    domains: Vec<&'a str>,
}

pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if let Some(named) = place::domain(&app, &headers) {
        return domain(&app, named, &headers);
    }
    let mut frame = Frame::new(&app.site, "Payment names", "Payment names");
    frame.is_listed = true;
    let domains = app.domains.keys().map(String::as_str).collect();
    send(StatusCode::OK, &DomainsPage { frame, domains })
}

pub(super) fn domain(app: &App, domain: &config::Domain, _headers: &HeaderMap) -> Response {
    let title = format!("Payment names at {}", domain.name);
    let mut frame = Frame::new(&app.site, &domain.name, title);
    frame.description = format!(
        "Names such as ₿name@{}, which pay in Bitcoin and are proven by DNSSEC.",
        domain.name
    );
    frame.address = Some(paths::absolute(app.public_url.as_str(), "/"));
    frame.is_listed = true;
    let ds = app.served.zone(&domain.zone, |zone| zone.ds_text());
    let page = DomainPage {
        frame,
        domain: &domain.name,
        access: domain.entry.access,
        draws: domain.entry.random,
        reserve: domain.entry.requirement(false).map(|one| span(one.reserve)),
        network: match app.policy.network.to_string().as_str() {
            "bitcoin" => "Bitcoin".to_owned(),
            other => other.to_owned(),
        },
        takes_addresses: app.policy.allow_onchain,
        ttl: span(domain.ttl.into()),
        negative_ttl: span(domain.negative_ttl.into()),
        hold: domain.terms.hold.map(span),
        life: domain.terms.life.map(span),
        zone: domain.zone.to_ascii(),
        ds: ds.into_iter().collect(),
        has_own_anchors: matches!(app.prover.by(), payname_api::ProvenBy::OwnNameserver),
    };
    send(StatusCode::OK, &page)
}
