//! Registering in small steps: the name, what it pays, all of it read back, the signature.

use std::sync::Arc;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use payname_api::DrawnName;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    awaited,
    form::{Fields, Pass, is_own},
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
    /// Whether the server draws names, too.
    draws: bool,
}

/// Step 1 where the server draws: some names to choose from.
#[derive(Debug, Template)]
#[template(path = "register-draw.html")]
struct DrawStep<'a> {
    frame: Frame<'a>,
    domain: &'a str,
    names: Vec<DrawnName>,
    /// Whether a name may be chosen, too.
    chooses: bool,
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
    /// The ticket of a drawn name.
    drawn: &'a str,
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
    pass: Pass<'a>,
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
    pass: Pass<'a>,
    key: &'a str,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    domain: String,
    user: String,
    /// Whether names shall be drawn.
    draw: String,
    /// The ticket of one that was.
    drawn: String,
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
        draws: domain.entry.random,
    };
    let chooses = domain.entry.access != Access::Closed;
    if user.is_empty() && domain.entry.random && (!chooses || !wanted.draw.is_empty()) {
        return draw(&app, domain, frame, chooses).await;
    }
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
                invite: asks_for_invite(domain, &wanted.drawn).then_some(""),
                drawn: &wanted.drawn,
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
        pass: fields.pass(),
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
    let draft = Draft::claim(&app, &back.handle, &back.uri, fields.pass());
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
            draws: domain.entry.random,
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
            invite: asks_for_invite(domain, fields.value("drawn")).then(|| fields.value("invite")),
            drawn: fields.value("drawn"),
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
    let pass = fields.pass();
    let page = SignStep {
        frame: Frame::new(&app.site, &domain.name, format!("Sign for {}", back.handle)),
        user: back.handle.user(),
        domain: &domain.name,
        back,
        pass,
        waits: domain.entry.requirement(!pass.drawn.is_empty()).is_some(),
        draft: Draft::claim(app, &back.handle, &back.uri, pass),
        error: error.map(ToString::to_string),
    };
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    send(status, &page)
}

/// Some names to choose from.
async fn draw(app: &App, domain: &Domain, frame: Frame<'_>, chooses: bool) -> Response {
    match app.drawn_names(domain).await {
        Ok(names) => {
            let page = DrawStep {
                frame,
                domain: &domain.name,
                names,
                chooses,
            };
            send_secret(&page)
        }
        Err(failure) => failure.into_response(),
    }
}

fn asks_for_invite(domain: &Domain, drawn: &str) -> bool {
    let is_drawn = domain.entry.random && !drawn.is_empty();
    domain.entry.access == Access::Invite && !is_drawn
}
