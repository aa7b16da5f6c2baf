//! What stands around every page.

use askama::Template;
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};

use super::site::Site;

/// The head and the frame of a page.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    site: &'a Site,
    /// What the page is called in tabs and previews.
    pub(super) title: String,
    /// One sentence for previews.
    pub(super) description: String,
    /// The domain it is about; none where there are several.
    pub(super) domain: &'a str,
    /// Its address, where it has one that lasts.
    pub(super) address: Option<String>,
    /// Whether search engines may list it.
    pub(super) is_listed: bool,
}

impl<'a> Frame<'a> {
    /// The frame of a page that search engines shall not list.
    pub(super) fn new(site: &'a Site, domain: &'a str, title: impl Into<String>) -> Self {
        Self {
            site,
            title: title.into(),
            description: String::new(),
            domain,
            address: None,
            is_listed: false,
        }
    }

    pub(super) fn service(&self) -> &str {
        self.site.name(self.domain)
    }

    pub(super) fn style(&self) -> String {
        self.site.style.path()
    }

    pub(super) fn script(&self) -> String {
        self.site.script.path()
    }

    pub(super) fn early(&self) -> String {
        self.site.early.path()
    }

    pub(super) fn keys(&self) -> String {
        self.site.keys.path()
    }

    pub(super) fn icon(&self) -> String {
        self.site.icon.path()
    }

    pub(super) fn logo(&self) -> Option<String> {
        self.site.logo.as_ref().map(super::assets::Asset::path)
    }
}

/// A page with something on it that is nobody else's: no cache keeps it.
pub(super) fn send_secret(page: &impl Template) -> Response {
    let mut response = send(StatusCode::OK, page);
    let nowhere = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, nowhere);
    response
}

/// A page as it is sent; browsers ask again before they show a kept one.
pub(super) fn send(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => page_of(status, html.into()),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page that was drawn already.
pub(super) fn page_of(status: StatusCode, html: Bytes) -> Response {
    let cache = HeaderValue::from_static("no-cache");
    (status, [(header::CACHE_CONTROL, cache)], Html(html)).into_response()
}
