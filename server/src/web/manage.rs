//! Managing a name: another code for it, or its removal, each signed for itself. Nobody signs in.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use payname_resolver::Handle;
use serde::Deserialize;

use super::{
    form::{Fields, is_own},
    frame::{Frame, send},
    missing,
    moment::span,
    place,
    readback::{self, ReadBack},
    signing::{Draft, SigningError},
};
use crate::{
    config::Domain,
    http::{App, Asked},
    outbox::Chain,
};

/// Which name.
#[derive(Debug, Template)]
#[template(path = "manage-name.html")]
struct NamePage<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    error: Option<String>,
}

/// What can be done with it.
#[derive(Debug, Template)]
#[template(path = "manage.html")]
struct ManagePage<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    /// What it pays now, where that is public.
    now: Option<String>,
    path: String,
    typed: &'a str,
    error: Option<String>,
}

/// A change, old and new, to be signed.
#[derive(Debug, Template)]
#[template(path = "manage-change.html")]
struct ChangePage<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    handle: String,
    now: Option<String>,
    /// What it is to pay; none for a removal.
    back: Option<&'a ReadBack>,
    next: String,
    draft: Draft,
    version: String,
    error: Option<String>,
    ttl: String,
    /// How long a removed name is kept for its owner; none is for good.
    hold: Option<String>,
}

/// A change that was made.
#[derive(Debug, Template)]
#[template(path = "manage-removed.html")]
struct RemovedPage<'a> {
    frame: Frame<'a>,
    handle: String,
    ttl: String,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    domain: String,
    user: String,
    done: String,
}

/// A name as the public sees it now.
struct Present {
    uri: Option<String>,
    version: Option<u64>,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let wanted = query.map_or_else(|_| Wanted::default(), |Query(wanted)| wanted);
    let Some(domain) = place::named(&app, &wanted.domain, &headers) else {
        return missing::page(&app, &headers).await;
    };
    let user = wanted.user.trim();
    if user.is_empty() {
        return send(StatusCode::OK, &name_page(&app, domain, user, None));
    }
    match readback::name(&app, domain, user) {
        Ok(handle) if wanted.done == "removed" => {
            let page = RemovedPage {
                frame: frame(&app, domain, &handle),
                handle: handle.to_string(),
                ttl: span(domain.ttl.into()),
            };
            send(StatusCode::OK, &page)
        }
        Ok(handle) => match present(&app, &handle).await {
            Ok(present) => manage_page(&app, &headers, domain, &handle, present, "", None),
            Err(response) => response,
        },
        Err(error) => {
            let page = name_page(&app, domain, user, Some(error.to_string()));
            send(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

pub(super) async fn check(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::read(body);
    match read(&app, &headers, &fields).await {
        Ok(step) => change_page(&app, &headers, &step, None),
        Err(response) => response,
    }
}

pub(super) async fn sign(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    asked: Asked,
    body: Bytes,
) -> Response {
    let fields = Fields::read(body);
    let mut step = match read(&app, &headers, &fields).await {
        Ok(step) => step,
        Err(response) => return response,
    };
    // What was read back is what is signed for, though the name may have changed since.
    step.present.version = fields.value("version").parse().ok();
    let draft = step.draft(&app);
    match draft
        .make(&app, asked, &step.handle, fields.value("key"))
        .await
    {
        Ok(()) => Redirect::to(&step.next(&app, &headers)).into_response(),
        Err(error) => change_page(&app, &headers, &step, Some(&error)),
    }
}

/// A change that somebody wants, judged.
struct Step<'a> {
    domain: &'a Domain,
    handle: Handle,
    present: Present,
    /// None is a removal.
    back: Option<ReadBack>,
}

impl Step<'_> {
    fn draft(&self, app: &App) -> Draft {
        let version = self.present.version;
        match &self.back {
            Some(back) => Draft::put(app, &self.handle, &back.uri, version),
            None => Draft::remove(app, &self.handle, version),
        }
    }

    /// Where it goes on once it is done.
    fn next(&self, app: &App, headers: &HeaderMap) -> String {
        match self.back {
            Some(_) => place::path(app, &self.handle, headers),
            None => format!(
                "/~/manage?domain={}&user={}&done=removed",
                self.domain.name,
                self.handle.user()
            ),
        }
    }
}

async fn read<'a>(
    app: &'a App,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<Step<'a>, Response> {
    if !is_own(headers, &app.public_url) {
        return Err(missing::foreign());
    }
    let domain = place::named(app, fields.value("domain"), headers);
    let domain = domain.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let user = fields.value("user");
    let handle = readback::name(app, domain, user).map_err(|error| {
        let page = name_page(app, domain, user, Some(error.to_string()));
        send(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })?;
    let present = present(app, &handle).await?;
    if fields.value("what") == "remove" {
        return Ok(Step {
            domain,
            handle,
            present,
            back: None,
        });
    }
    let typed = fields.value("uri");
    match ReadBack::of(app, domain, handle.clone(), typed) {
        Ok(back) => Ok(Step {
            domain,
            handle,
            present,
            back: Some(back),
        }),
        Err(error) => Err(manage_page(
            app,
            headers,
            domain,
            &handle,
            present,
            typed,
            Some(error.to_string()),
        )),
    }
}

/// What everybody may know of a name: one that has no page is as one that never was.
async fn present(app: &App, handle: &Handle) -> Result<Present, Response> {
    let registration = app.store.registration(handle).await.map_err(|error| {
        tracing::error!(error = %Chain(&error), "a page could not be made");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })?;
    let shown = registration.filter(|found| !found.is_gone() && !found.is_hidden());
    let shown = shown.and_then(|registration| Some((registration.uri?, registration.version)));
    Ok(match shown {
        Some((uri, version)) => Present {
            uri: Some(uri),
            version: Some(version),
        },
        None => Present {
            uri: None,
            version: None,
        },
    })
}

fn frame<'a>(app: &'a App, domain: &'a Domain, handle: &Handle) -> Frame<'a> {
    Frame::new(&app.site, &domain.name, format!("Manage {handle}"))
}

fn name_page<'a>(
    app: &'a App,
    domain: &'a Domain,
    user: &'a str,
    error: Option<String>,
) -> NamePage<'a> {
    NamePage {
        frame: Frame::new(&app.site, &domain.name, "Manage a name"),
        domain: &domain.name,
        user,
        error,
    }
}

fn manage_page(
    app: &App,
    headers: &HeaderMap,
    domain: &Domain,
    handle: &Handle,
    present: Present,
    typed: &str,
    error: Option<String>,
) -> Response {
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = ManagePage {
        frame: frame(app, domain, handle),
        domain: &domain.name,
        user: handle.user(),
        now: present.uri,
        path: place::path(app, handle, headers),
        typed,
        error,
    };
    send(status, &page)
}

fn change_page(
    app: &App,
    headers: &HeaderMap,
    step: &Step<'_>,
    error: Option<&SigningError>,
) -> Response {
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = ChangePage {
        frame: frame(app, step.domain, &step.handle),
        domain: &step.domain.name,
        user: step.handle.user(),
        handle: step.handle.to_string(),
        now: step.present.uri.clone(),
        back: step.back.as_ref(),
        next: step.next(app, headers),
        draft: step.draft(app),
        version: step
            .present
            .version
            .map_or(String::new(), |version| version.to_string()),
        error: error.map(ToString::to_string),
        ttl: span(step.domain.ttl.into()),
        hold: step.domain.terms.hold.map(span),
    };
    send(status, &page)
}
