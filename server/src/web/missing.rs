//! What there is not: one page for a name that never was, that was removed and that is switched off.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{
    frame::{Frame, send},
    place,
};
use crate::http::{App, unknown_route};

/// 404.
#[derive(Debug, Template)]
#[template(path = "missing.html")]
struct Missing<'a> {
    frame: Frame<'a>,
}

/// Nothing is here, told as a page to browsers and as a problem to programs.
pub(super) async fn page(app: &App, headers: &HeaderMap) -> Response {
    if !wants_html(headers) {
        return unknown_route().await.into_response();
    }
    let domain = place::domain(app, headers).map_or("", |domain| &domain.name);
    let frame = Frame::new(&app.site, domain, "Nothing here");
    send(StatusCode::NOT_FOUND, &Missing { frame })
}

/// A form that a page of another site has sent.
#[derive(Debug, Template)]
#[template(path = "foreign.html")]
struct Foreign;

/// Refuses such a form.
pub(super) fn foreign() -> Response {
    send(StatusCode::FORBIDDEN, &Foreign)
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
