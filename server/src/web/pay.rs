//! The pay page of a name, and its other forms: JSON, the QR code alone, the proof.

use std::sync::Arc;

use askama::Template;
use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use payname_api::{ProvenBy, paths};
use payname_resolver::{Handle, Instructions};
use serde::Deserialize;

use super::{
    amount::{AmountForm, Asking, can_ask},
    found::{Found, Standing, find},
    frame::{Frame, page_of},
    home,
    methods::{Way, qr_text, shown, ways},
    missing,
    moment::Moment,
    place::{self, Form},
    qr::Qr,
};
use crate::{
    http::{App, Visitor, handles, proofs},
    outbox::Chain,
};

/// The page.
#[derive(Debug, Template)]
#[template(path = "pay.html")]
struct Pay<'a> {
    frame: Frame<'a>,
    user: &'a str,
    domain: &'a str,
    /// `₿alice@example.com`.
    name: String,
    /// Where this page is on this server.
    path: String,
    uri: &'a str,
    /// The QR code, as an element; none when the URI is too long for one.
    qr: Option<String>,
    /// What the owner wrote beside it.
    words: Vec<(&'static str, String)>,
    ways: Vec<Way>,
    form: &'a AmountForm,
    form_error: Option<String>,
    can_ask: bool,
    asking: Option<String>,
    standing: Shown,
}

/// What the server says of the proof.
#[derive(Debug)]
enum Shown {
    Proven(Box<Proven>),
    OnTheWay,
    Unproven(Option<Moment>),
}

#[derive(Debug)]
struct Proven {
    at: Moment,
    from: Moment,
    until: Moment,
    /// The resolver that was asked; none for the server's own nameserver.
    resolver: Option<String>,
    /// Whether the proof starts from the root of the public DNS.
    is_public: bool,
    command: String,
    file_command: String,
    file: String,
    owner_name: String,
}

/// What the address of a page may ask for.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The method whose code is wanted, by its place in the URI.
    way: Option<usize>,
    amount: String,
    unit: String,
}

type Asked = Result<Query<Wanted>, QueryRejection>;

pub(super) async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    query: Asked,
) -> Response {
    let Ok(Path(name)) = path else {
        return missing::page(&app, &headers).await;
    };
    if let Some(domain) = app.domains.get(&name) {
        return home::domain(&app, domain, &headers);
    }
    let (user, form) = place::form(&name);
    let handle = place::domain(&app, &headers).and_then(|domain| handle(user, &domain.name));
    answer(&app, handle, form, (&visitor, &headers), query).await
}

pub(super) async fn two(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Asked,
) -> Response {
    let Ok(Path((name, more))) = path else {
        return missing::page(&app, &headers).await;
    };
    if let Some(domain) = app.domains.get(&name) {
        let (user, form) = place::form(&more);
        let handle = handle(user, &domain.name);
        return answer(&app, handle, form, (&visitor, &headers), query).await;
    }
    let domain = place::domain(&app, &headers).filter(|_| more == "proof");
    let handle = domain.and_then(|domain| handle(&name, &domain.name));
    answer(&app, handle, Form::Proof, (&visitor, &headers), query).await
}

pub(super) async fn three(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Asked,
) -> Response {
    let handle = path.ok().and_then(|Path((domain, user))| {
        let domain = app.domains.get(&domain)?;
        handle(&user, &domain.name)
    });
    answer(&app, handle, Form::Proof, (&visitor, &headers), query).await
}

fn handle(user: &str, domain: &str) -> Option<Handle> {
    Handle::new(user, domain).ok()
}

async fn answer(
    app: &Arc<App>,
    handle: Option<Handle>,
    form: Form,
    (visitor, headers): (&Visitor, &HeaderMap),
    query: Asked,
) -> Response {
    let Some(handle) = handle else {
        return missing::page(app, headers).await;
    };
    // Who asks for the proof itself has been counted for it.
    let charged = Some(visitor).filter(|_| form != Form::Proof);
    let found = match find(app, &handle, charged).await {
        Ok(Some(found)) => found,
        Ok(None) => return missing::page(app, headers).await,
        Err(failure) => return failure.into_response(),
    };
    let wanted = query.map_or_else(|_| Wanted::default(), |Query(wanted)| wanted);
    let key = format!("{} {}", handle.as_str(), place::path(app, &handle, headers));
    let stamp = found.stamp().filter(|_| wanted == Wanted::default());
    if form == Form::Page
        && let Some(stamp) = stamp
        && let Some(html) = app.site.pages.drawn(&key, stamp)
    {
        return page_of(StatusCode::OK, html);
    }
    let instructions = match found.instructions() {
        Ok(instructions) => instructions,
        Err(error) => return broken(&handle, &error),
    };
    match form {
        Form::Page => match page(app, &found, &instructions, &wanted, headers) {
            Ok((status, html)) => {
                if let Some(stamp) = stamp {
                    app.site.pages.keep(key, stamp, html.clone());
                }
                page_of(status, html)
            }
            Err(error) => broken(&handle, &error),
        },
        Form::Json => Json(handles::describe(&found.registration, false)).into_response(),
        Form::Svg => picture(&instructions, &wanted),
        Form::Proof => {
            let parts = (handle.domain().to_owned(), handle.user().to_owned());
            let proof = proofs::show(State(Arc::clone(app)), Ok(Path(parts)), headers.clone());
            proof.await.into_response()
        }
    }
}

fn broken(handle: &Handle, error: &(dyn std::error::Error + Send + Sync + 'static)) -> Response {
    tracing::error!(%handle, error = %Chain(error), "a page could not be made");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn page(
    app: &App,
    found: &Found,
    proven: &Instructions,
    wanted: &Wanted,
    headers: &HeaderMap,
) -> Result<(StatusCode, Bytes), askama::Error> {
    let handle = &found.registration.handle;
    let name = handle.to_string();
    let form = AmountForm {
        amount: wanted.amount.clone(),
        unit: wanted.unit.clone(),
    };
    let (asking, form_error) = match form.is_empty() {
        true => (None, None),
        false => match form.ask(proven) {
            Ok(asking) => (Some(asking), None),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    let instructions = asking
        .as_ref()
        .map_or(proven, |asking| &asking.instructions);
    let mut frame = Frame::new(&app.site, handle.domain(), format!("Pay {name}"));
    frame.description = format!("How to pay {name} in Bitcoin, proven by DNSSEC.");
    let path = place::path(app, handle, headers);
    frame.address = Some(paths::absolute(app.public_url.as_str(), &path));
    let words = [
        ("Label", instructions.label()),
        ("Message", instructions.message()),
    ];
    let words = words
        .into_iter()
        .filter_map(|(term, text)| Some((term, shown(text?))));
    let qr = Qr::of(&scanned(instructions));
    let status = match form_error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let page = Pay {
        frame,
        user: handle.user(),
        domain: handle.domain(),
        name,
        path,
        uri: instructions.uri(),
        qr: qr.map(|qr| qr.element("QR code of the payment code below")),
        words: words.collect(),
        ways: ways(proven),
        form: &form,
        form_error,
        can_ask: can_ask(proven),
        asking: asking
            .as_ref()
            .map(|asking: &Asking| asking.amount.to_string()),
        standing: say(handle, &found.standing),
    };
    Ok((status, page.render()?.into()))
}

/// What goes into the QR code: upper case where that means the same, since it is smaller.
fn scanned(instructions: &Instructions) -> String {
    instructions
        .upper_case()
        .unwrap_or_else(|| instructions.uri().to_owned())
}

fn picture(instructions: &Instructions, wanted: &Wanted) -> Response {
    let form = AmountForm {
        amount: wanted.amount.clone(),
        unit: wanted.unit.clone(),
    };
    let text = match (wanted.way, form.is_empty()) {
        (Some(way), _) => instructions.methods().get(way).map(qr_text),
        (None, true) => Some(scanned(instructions)),
        (None, false) => form
            .ask(instructions)
            .ok()
            .map(|asking| scanned(&asking.instructions)),
    };
    let Some(qr) = text.and_then(|text| Qr::of(&text)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("image/svg+xml"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, qr.file()).into_response()
}

fn say(handle: &Handle, standing: &Standing) -> Shown {
    let (evidence, by) = match standing {
        Standing::Proven { evidence, by } => (evidence, by),
        Standing::OnTheWay => return Shown::OnTheWay,
        Standing::Unproven { before } => return Shown::Unproven(before.map(Moment)),
    };
    let file = format!("{}.proof", handle.as_str());
    let command = format!("payname verify {}", handle.as_str());
    let anchors = match evidence.under_iana {
        true => String::new(),
        false => format!(" --anchors {}.ds", handle.domain()),
    };
    Shown::Proven(Box::new(Proven {
        at: Moment(evidence.proven_at),
        from: Moment(evidence.window.valid_from),
        until: Moment(evidence.window.valid_until),
        resolver: match by {
            ProvenBy::Resolver { dns } => Some(dns.clone()),
            _ => None,
        },
        is_public: evidence.under_iana,
        file_command: format!("{command} --proof {file}{anchors}"),
        command,
        file,
        owner_name: handle.owner_name().to_ascii(),
    }))
}
