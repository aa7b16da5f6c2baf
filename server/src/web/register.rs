//! Registering in small steps: the name, what it pays, all of it read back, the signature.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    awaited,
    form::{Fields, is_own},
    frame::{Frame, send, send_secret},
    missing, place,
    readback::{self, ReadBack},
    signing::{Draft, SigningError, new_key},
};
use crate::{
    config::Domain,
    http::{App, Asked},
    outbox::Chain,
    registration::Access,
};

/// Step 1: which name.
#[derive(Debug, Template)]
#[template(path = "register-name.html")]
struct NameStep<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    error: Option<String>,
    /// Where whoever has the name already can change it.
    manage: Option<String>,
}

/// Step 2: what it pays.
#[derive(Debug, Template)]
#[template(path = "register-pay.html")]
struct PayStep<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    user: &'a str,
    typed: &'a str,
    /// The invite code, where the domain asks for one.
    invite: Option<&'a str>,
    error: Option<String>,
}

/// Step 3: all of it read back, and step 4: who signs.
#[derive(Debug, Template)]
#[template(path = "register-sign.html")]
struct SignStep<'a> {
    frame: Frame<'a>,
    user: &'a str,
    domain: &'a str,
    back: &'a ReadBack,
    invite: &'a str,
    /// Whether the name is given at once.
    waits: bool,
    draft: Draft,
    error: Option<String>,
}

/// A key that is shown once.
#[derive(Debug, Template)]
#[template(path = "register-key.html")]
struct KeyStep<'a> {
    frame: Frame<'a>,
    user: &'a str,
    domain: &'a str,
    back: &'a ReadBack,
    invite: &'a str,
    key: &'a str,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    domain: String,
    user: String,
}

pub(super) async fn start(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Response {
    let wanted = query.map_or_else(|_| Wanted::default(), |Query(wanted)| wanted);
    let Some(domain) = place::named(&app, &wanted.domain, &headers) else {
        return missing::page(&app, &headers).await;
    };
    let frame = Frame::new(
        &app.site,
        &domain.name,
        format!("A name at {}", domain.name),
    );
    let user = wanted.user.trim();
    let step = |error, manage| NameStep {
        frame: Frame::new(
            &app.site,
            &domain.name,
            format!("A name at {}", domain.name),
        ),
        domain: &domain.name,
        user,
        error,
        manage,
    };
    if user.is_empty() {
        return send(StatusCode::OK, &step(None, None));
    }
    let handle = match readback::name(&app, domain, user) {
        Ok(handle) => handle,
        Err(error) => {
            return send(
                StatusCode::UNPROCESSABLE_ENTITY,
                &step(Some(error.to_string()), None),
            );
        }
    };
    match app.store.registration(&handle).await {
        // Removed or switched off, it may not be free either, and that is all a stranger is told.
        Ok(Some(found)) if !found.is_free(app.sure_time.now()) => {
            let error = format!("{handle} is not free. Choose another name.");
            let manage = format!("/~/manage?domain={}&user={}", domain.name, handle.user());
            send(StatusCode::CONFLICT, &step(Some(error), Some(manage)))
        }
        Ok(_) => {
            let page = PayStep {
                frame,
                domain: &domain.name,
                user: handle.user(),
                typed: "",
                invite: asks_for_invite(domain).then_some(""),
                error: None,
            };
            send(StatusCode::OK, &page)
        }
        Err(error) => {
            tracing::error!(error = %Chain(&error), "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

pub(super) async fn check(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::read(body);
    match read(&app, &headers, &fields) {
        Ok((domain, back)) => sign_step(&app, domain, &back, &fields, None),
        Err(response) => response,
    }
}

pub(super) async fn key(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = Fields::read(body);
    let (domain, back) = match read(&app, &headers, &fields) {
        Ok(read) => read,
        Err(response) => return response,
    };
    let key: Zeroizing<String> = match new_key() {
        Ok(key) => key,
        Err(error) => return sign_step(&app, domain, &back, &fields, Some(&error)),
    };
    let page = KeyStep {
        frame: Frame::new(
            &app.site,
            &domain.name,
            format!("The key of {}", back.handle),
        ),
        user: back.handle.user(),
        domain: &domain.name,
        back: &back,
        invite: fields.value("invite"),
        key: &key,
    };
    send_secret(&page)
}

pub(super) async fn sign(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    asked: Asked,
    body: Bytes,
) -> Response {
    let fields = Fields::read(body);
    let (domain, back) = match read(&app, &headers, &fields) {
        Ok(read) => read,
        Err(response) => return response,
    };
    let draft = Draft::claim(&app, &back.handle, &back.uri, fields.value("invite"));
    match draft
        .make(&app, asked, &back.handle, fields.credential())
        .await
    {
        Ok(answer) => {
            let waits = awaited::page(&app, domain, &back, answer, &headers).await;
            let there = || Redirect::to(&place::path(&app, &back.handle, &headers));
            waits.unwrap_or_else(|| there().into_response())
        }
        Err(error) => sign_step(&app, domain, &back, &fields, Some(&error)),
    }
}

/// The fields of all steps, judged anew each time: nothing is kept between them.
fn read<'a>(
    app: &'a App,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<(&'a Domain, ReadBack), Response> {
    if !is_own(headers, &app.public_url) {
        return Err(missing::foreign());
    }
    let domain = place::named(app, fields.value("domain"), headers);
    let domain = domain.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let user = fields.value("user");
    let frame = || {
        Frame::new(
            &app.site,
            &domain.name,
            format!("A name at {}", domain.name),
        )
    };
    let handle = readback::name(app, domain, user).map_err(|error| {
        let page = NameStep {
            frame: frame(),
            domain: &domain.name,
            user,
            error: Some(error.to_string()),
            manage: None,
        };
        send(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })?;
    let typed = fields.value("uri");
    let back = ReadBack::of(app, domain, handle, typed).map_err(|error| {
        let page = PayStep {
            frame: frame(),
            domain: &domain.name,
            user,
            typed,
            invite: asks_for_invite(domain).then(|| fields.value("invite")),
            error: Some(error.to_string()),
        };
        send(StatusCode::UNPROCESSABLE_ENTITY, &page)
    })?;
    Ok((domain, back))
}

fn sign_step(
    app: &App,
    domain: &Domain,
    back: &ReadBack,
    fields: &Fields,
    error: Option<&SigningError>,
) -> Response {
    let invite = fields.value("invite");
    let page = SignStep {
        frame: Frame::new(&app.site, &domain.name, format!("Sign for {}", back.handle)),
        user: back.handle.user(),
        domain: &domain.name,
        back,
        invite,
        waits: domain.entry.requirement(false).is_some(),
        draft: Draft::claim(app, &back.handle, &back.uri, invite),
        error: error.map(ToString::to_string),
    };
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    send(status, &page)
}

fn asks_for_invite(domain: &Domain) -> bool {
    domain.entry.access == Access::Invite
}
