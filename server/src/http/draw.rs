//! A name that nobody chose: drawn here, claimed for whoever signed.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        Path, State as AppState,
        rejection::{BytesRejection, PathRejection},
    },
    http::{StatusCode, header},
    response::Response,
};
use payname_api::{HandleStatus, PutHandle, codes, paths};
use payname_resolver::Handle;
use payname_zones::payment_record;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{
    App,
    asked::{Asked, PathOfDomain},
    document::problems,
    failure::Failure,
    handles::{self, read_body},
};
use crate::{
    publisher::Occupied,
    registration::{Change, Decision, Entry, Precondition, Refusal, What},
    store::{Answer, ChangeError},
    words,
};

/// How many names are drawn before it is given up.
const TRIES: u8 = 8;
/// From which on they have a number behind them.
const NUMBERED: u8 = 4;

problems!(DrawProblems: UNKNOWN_DOMAIN, INVALID_HANDLE, INVALID_URI, UNSUPPORTED_MEDIA_TYPE, CLOSED, TOO_MANY_NAMES, TOO_MANY_CLAIMS, PROVIDER_SILENT);

/// Claims a name that the server draws, in domains that give such names.
#[utoipa::path(
    post,
    path = paths::HANDLES,
    operation_id = "draw_handle",
    tag = "names",
    params(PathOfDomain),
    request_body(content = PutHandle, description = "What the name shall pay."),
    security(("nostr" = [])),
    responses(
        (status = ACCEPTED, description = "Committed, and on its way into DNS.", body = HandleStatus, headers(("Location" = String, description = "The path of the name."))),
        DrawProblems,
    ),
)]
pub(super) async fn draw(
    AppState(app): AppState<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    asked: Asked,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let Path(name) = path?;
    let domain = app.domain(&name)?;
    let (body, now) = (body?, app.clock.now());
    let signed = app.signed(&asked, &body, now)?;
    let form = r#"{"uri": "bitcoin:?lno=lno1…"}"#;
    let wanted: PutHandle = read_body(&asked.headers, &body, form)?;
    app.policy.check(&wanted.uri, domain.ttl, now)?;
    let entry = Entry {
        rules: Arc::clone(&domain.entry),
        network: asked.visitor.network(),
        drawn: true,
        ..Entry::default()
    };
    for tried in 0..TRIES {
        let mut random = [0; words::OCTETS];
        let filled = SystemRandom::new().fill(&mut random);
        filled.map_err(|_| exhausted())?;
        let handle = Handle::new(&words::draw(random, tried >= NUMBERED), &domain.name)?;
        if payment_record(&handle, &wanted.uri).is_err()
            || app.served.check_free(&domain.zone, &handle).is_err()
        {
            continue;
        }
        match app.vacancies.check(&handle, now).await {
            Ok(()) => {}
            Err(Occupied::Reserved(_)) => continue,
            Err(other) => return Err(other.into()),
        }
        let uri = wanted.uri.clone();
        let change = Change {
            precondition: Precondition::Absent,
            terms: domain.terms,
            entry: entry.clone(),
            ..Change::signed(handle, What::Put { uri }, signed.clone(), now)
        };
        // A refused change uses up no signature, so the same one is good for the next name.
        match app.make_once(change, &asked, answer).await {
            Ok(response) => return Ok(response),
            Err(ChangeError::Refused(refusal)) if is_about_the_name(&refusal) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Err(exhausted())
}

/// As to any change, and where the name is.
fn answer(decision: &Decision) -> Answer {
    let handle = &decision.registration.handle;
    let location = paths::handle(handle.domain(), handle.user());
    let mut answer = handles::answer(decision);
    answer
        .headers
        .push((header::LOCATION.to_string(), location));
    answer
}

/// Whether another name may have better luck.
fn is_about_the_name(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NotOwner { .. }
            | Refusal::Precondition { .. }
            | Refusal::Suspended(_)
            | Refusal::Reserved(_)
            | Refusal::Confusable(_)
            | Refusal::Shadows(_)
    )
}

fn exhausted() -> Failure {
    Failure::new(
        StatusCode::SERVICE_UNAVAILABLE,
        codes::UNAVAILABLE,
        "No name drawn",
        "no free name was drawn; try again",
    )
}
