//! `Idempotency-Key`: a signed `POST` that comes again is not done again, but answered as before.
//!
//! A key is its signer's own. The answer is kept for a day, in the store, so that any of the servers
//! that share one knows it; where the request changes a name, in the transaction of that change. Requests without a signature that verifies are passed on: nothing is
//! changed by them.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts as _, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use payname_api::{IDEMPOTENCY_KEY, MAX_BODY_BYTES, codes, paths};
use ring::digest::{Context, SHA256};

use super::{App, asked::Asked, failure::Failure, lifecycle::CONSENT};
use crate::{
    auth,
    outbox::Chain,
    registration::{Change, Decision, Effect},
    store::{Answer, Begun, ChangeError, Named, RequestKey},
};

/// The header that says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in bytes.
const MAX_KEY: usize = 255;
/// The longest answer that is kept, in bytes.
const MAX_ANSWER: usize = 16 * 1024;
/// The headers that are kept with an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Has a request done once.
pub(super) async fn once(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let Some(key) = key(request.method(), request.headers())? else {
        return Ok(next.run(request).await);
    };
    // Nothing is changed by what reads, though it is a POST; so nothing need be kept either.
    let path = request.extensions().get().map(MatchedPath::as_str);
    if path == Some(paths::PROOFS) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await;
    let body = body.map_err(|_| Failure::body_too_large())?;
    let Ok(asked) = Asked::from_request_parts(&mut parts, &app).await;
    let mut request = Request::from_parts(parts, Body::from(body.clone()));
    let now = app.clock.now();
    let Ok(signed) = app.verify(&asked, &header::AUTHORIZATION, &body, now) else {
        // Whoever is asked says why.
        return Ok(next.run(request).await);
    };
    let key = RequestKey {
        signer: signed.owner.0,
        key,
    };
    match app
        .store
        .begin_request(&key, &digest(&asked, &body), app.sure_time.now())
        .await?
    {
        Begun::Now => {}
        Begun::Before(answer) => return Ok(replay(answer)),
        Begun::UnderWay => return Err(under_way()),
        Begun::Other => return Err(other()),
    }
    request.extensions_mut().insert(key.clone());
    // A task of its own, so that what was begun is ended though the client goes away.
    let doing = tokio::spawn(async move { app.answer(&key, next.run(request).await).await });
    doing.await.map_err(|_| Failure::internal())
}

impl App {
    /// Keeps an answer, if it is one for good.
    async fn answer(&self, key: &RequestKey, response: Response) -> Response {
        if response.extensions().get::<AlreadyKept>().is_some() {
            return response;
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let answer = kept(parts.status, &parts.headers, &body);
        if let Err(error) = self.store.end_request(key, answer.as_ref()).await {
            tracing::error!(error = %Chain(&error), "the answer to a request is not kept");
        }
        Response::from_parts(parts, Body::from(body))
    }
}

/// Marks the response whose answer was kept with the change that was made.
#[derive(Debug, Clone, Copy)]
struct AlreadyKept;

impl App {
    /// Makes a change, and keeps the answer to the request that asked for it if that is to be done once.
    pub(super) async fn make_once(
        &self,
        change: Change,
        asked: &Asked,
        answer: fn(&Decision) -> Answer,
    ) -> Result<Response, ChangeError> {
        let change = Change {
            sure: self.sure_time.now().min(change.at),
            ..change
        };
        let key = asked.name.clone();
        let is_named = key.is_some();
        let request = key.map(|key| Named { key, answer });
        let decision = self.store.change_named(change, request).await?;
        if matches!(decision.effect, Effect::Publish(_) | Effect::Retry) {
            self.committed.notify_one();
        }
        let mut response = response(answer(&decision));
        if is_named {
            response.extensions_mut().insert(AlreadyKept);
        }
        Ok(response)
    }
}

/// The key of a request, if it has one and may change something.
fn key(method: &Method, headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (value, another) = (values.next(), values.next());
    let Some(value) = value.filter(|_| *method == Method::POST) else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=MAX_KEY).contains(&key.len()));
    match (key, another) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Failure::invalid_header(
            "Idempotency-Key must be sent once, and be 1 to 255 characters of ASCII, such as a random UUID",
        )),
    }
}

/// What makes two requests the same: what is asked, on which condition, and with whose consent. A consent is
/// good for a minute only, so it may be signed anew.
fn digest(asked: &Asked, body: &Bytes) -> [u8; 32] {
    let path = asked.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    let mut context = Context::new(&SHA256);
    for part in [asked.method.as_str(), "\n", path, "\n"] {
        context.update(part.as_bytes());
    }
    context.update(body);
    for name in [header::IF_MATCH, header::IF_NONE_MATCH, CONSENT] {
        for value in asked.headers.get_all(&name) {
            let signer = (name == CONSENT).then(|| auth::claimed_signer(value.to_str().ok()?));
            // Headers hold no NUL, so none of them reads like a part of another.
            context.update(b"\0");
            context.update(name.as_str().as_bytes());
            context.update(b"\0");
            match signer.flatten() {
                Some(signer) => context.update(&signer.0),
                None => context.update(value.as_bytes()),
            }
        }
    }
    let mut digest = [0; 32];
    for (octet, digested) in digest.iter_mut().zip(context.finish().as_ref()) {
        *octet = *digested;
    }
    digest
}

/// What is answered for good: not that one was not let in, nor that it should be tried again.
fn kept(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Option<Answer> {
    let again = [
        StatusCode::UNAUTHORIZED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_server_error() || again.contains(&status) || body.len() > MAX_ANSWER {
        return None;
    }
    let header = |name: &HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    Some(Answer {
        status: status.as_u16(),
        headers: KEPT.iter().filter_map(header).collect(),
        body: String::from_utf8(body.to_vec()).ok()?,
    })
}

fn replay(answer: Answer) -> Response {
    let mut response = response(answer);
    let replayed = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, replayed);
    response
}

fn response(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = pair {
            headers.insert(name, value);
        }
    }
    response
}

fn under_way() -> Failure {
    let detail = "the same request is being done just now; ask again in a second for its answer";
    let code = codes::IDEMPOTENCY_UNDER_WAY;
    Failure::new(StatusCode::CONFLICT, code, "Under way", detail).retry_after(1)
}

fn other() -> Failure {
    let detail = "another request was sent with this Idempotency-Key in the last 24 hours; give every request a key of its own";
    let (status, code) = (
        StatusCode::UNPROCESSABLE_ENTITY,
        codes::IDEMPOTENCY_MISMATCH,
    );
    Failure::new(status, code, "Another request", detail)
}
