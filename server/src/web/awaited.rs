//! What somebody is told whose claim waits.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use payname_api::{HandleStatus, State};
use payname_resolver::UnixTime;

use super::{
    frame::{Frame, send_secret},
    methods::shown,
    moment::Moment,
    place,
    readback::ReadBack,
};
use crate::{config::Domain, http::App};

/// A name that is reserved, and what for.
#[derive(Debug, Template)]
#[template(path = "register-awaiting.html")]
struct AwaitingPage<'a> {
    frame: Frame<'a>,
    handle: String,
    text: String,
    until: Moment,
    path: String,
    manage: String,
}

/// The page of a claim that waits; none if it does not.
pub(super) async fn page(
    app: &App,
    domain: &Domain,
    back: &ReadBack,
    answer: Response,
    headers: &axum::http::HeaderMap,
) -> Option<Response> {
    if answer.status() != StatusCode::ACCEPTED {
        return None;
    }
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    let status: HandleStatus = serde_json::from_slice(&bytes.ok()?).ok()?;
    let awaits = status.private?.awaits?;
    if status.state != State::Awaiting {
        return None;
    }
    let handle = &back.handle;
    let title = format!("{handle} is reserved");
    Some(send_secret(&AwaitingPage {
        frame: Frame::new(&app.site, &domain.name, title),
        handle: handle.to_string(),
        text: shown(&awaits.text),
        until: Moment(UnixTime(awaits.until)),
        path: place::path(app, handle, headers),
        manage: format!("/~/manage?domain={}&user={}", domain.name, handle.user()),
    }))
}
