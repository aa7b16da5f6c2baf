//! Managing a name: each deed is signed for itself. Nobody signs in.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use payname_api::{HistoryStep, Listed};
use payname_resolver::Handle;
use serde::Deserialize;

use super::{
    deed::Deed,
    form::{Fields, is_own},
    frame::{Frame, send, send_secret},
    history::{Told, told},
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
    /// Whether names end unless they are renewed.
    ends: bool,
    /// Whether Nostr programs may find names here.
    nostr: bool,
}

/// A deed, to be signed.
#[derive(Debug, Template)]
#[template(path = "manage-sign.html")]
struct SignPage<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    title: String,
    meaning: Vec<String>,
    now: Option<String>,
    deed: &'a Deed,
    /// What it is to pay, where that is the deed.
    back: Option<&'a ReadBack>,
    draft: Draft,
    version: String,
    error: Option<String>,
}

/// A deed that was done.
#[derive(Debug, Template)]
#[template(path = "manage-done.html")]
struct DonePage<'a> {
    frame: Frame<'a>,
    handle: String,
    ttl: String,
    again: String,
}

/// What was done to a name.
#[derive(Debug, Template)]
#[template(path = "manage-history.html")]
struct HistoryPage<'a> {
    frame: Frame<'a>,
    handle: String,
    steps: Vec<Told>,
    has_more: bool,
    json: String,
    file: String,
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
#[derive(Default)]
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
        Ok(handle) if !wanted.done.is_empty() => {
            let page = DonePage {
                frame: frame(&app, domain, &handle),
                handle: handle.to_string(),
                ttl: span(domain.ttl.into()),
                again: format!("/~/manage?domain={}&user={}", domain.name, handle.user()),
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
        Ok(step) => sign_page(&app, &step, None),
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
    let made = draft.make(&app, asked, &step.handle, fields.credential());
    match (made.await, &step.deed) {
        (Ok(answer), Deed::History) => history_page(&app, &step, answer).await,
        (Ok(_), deed) => Redirect::to(&deed.next(&app, &step.handle, &headers)).into_response(),
        (Err(error), _) => sign_page(&app, &step, Some(&error)),
    }
}

/// A deed that somebody wants done, judged.
struct Step<'a> {
    domain: &'a Domain,
    handle: Handle,
    present: Present,
    deed: Deed,
}

impl Step<'_> {
    fn draft(&self, app: &App) -> Draft {
        self.deed.draft(app, &self.handle, self.present.version)
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
    let typed = fields.value("uri");
    let named = Deed::named(fields.value("what")).or_else(|| Deed::nostr(fields));
    let deed = match named {
        Some(deed) => deed,
        None => match ReadBack::of(app, domain, handle.clone(), typed) {
            Ok(back) => Deed::Put(Box::new(back)),
            Err(error) => {
                let error = Some(error.to_string());
                let page = manage_page(app, headers, domain, &handle, present, typed, error);
                return Err(page);
            }
        },
    };
    Ok(Step {
        domain,
        handle,
        present,
        deed,
    })
}

/// What everybody may know of a name: one that has no page is as one that never was.
async fn present(app: &App, handle: &Handle) -> Result<Present, Response> {
    let found = app.store.registration(handle).await.map_err(|error| {
        tracing::error!(error = %Chain(&error), "a page could not be made");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })?;
    let shown = found.filter(|found| !found.is_gone() && !found.is_hidden());
    Ok(shown.map_or_else(Present::default, |shown| Present {
        uri: shown.uri,
        version: Some(shown.version),
    }))
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

fn status(error: bool) -> StatusCode {
    match error {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::OK,
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
    let page = ManagePage {
        frame: frame(app, domain, handle),
        domain: &domain.name,
        user: handle.user(),
        now: present.uri,
        path: place::path(app, handle, headers),
        typed,
        ends: domain.terms.life.is_some(),
        nostr: domain.nostr.enabled,
        error,
    };
    send(status(page.error.is_some()), &page)
}

fn sign_page(app: &App, step: &Step<'_>, error: Option<&SigningError>) -> Response {
    let version = step.present.version;
    let page = SignPage {
        frame: frame(app, step.domain, &step.handle),
        domain: &step.domain.name,
        user: step.handle.user(),
        title: step.deed.title(&step.handle),
        meaning: step.deed.meaning(step.domain),
        now: step.present.uri.clone(),
        deed: &step.deed,
        back: match &step.deed {
            Deed::Put(back) => Some(back),
            _ => None,
        },
        draft: step.draft(app),
        version: version.map_or(String::new(), |version| version.to_string()),
        error: error.map(ToString::to_string),
    };
    send(status(error.is_some()), &page)
}

/// What the API tells of a name's history, for people.
async fn history_page(app: &App, step: &Step<'_>, answer: Response) -> Response {
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    let bytes = bytes.unwrap_or_default();
    let Ok(list) = serde_json::from_slice::<Listed<HistoryStep>>(&bytes) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let page = HistoryPage {
        frame: frame(app, step.domain, &step.handle),
        handle: step.handle.to_string(),
        steps: list.items.iter().rev().map(told).collect(),
        has_more: list.next.is_some(),
        json: data_encoding::BASE64.encode(&bytes),
        file: format!("{}.json", step.handle.as_str()),
    };
    send_secret(&page)
}
