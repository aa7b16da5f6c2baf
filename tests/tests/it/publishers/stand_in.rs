//! What stands in for Cloudflare: its API v4 of DNS records, as documented, on loopback.
//!
//! Records have ids; TXT content is quoted strings of at most 255 bytes; an identical record is refused
//! (81058), and so is what is not there (81044). Lists come in pages.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::scene::DOMAIN;

/// What may go wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with `Retry-After`.
    TooMany,
    /// 500.
    Broken,
    /// 200 with something that is no JSON.
    Garbage,
    /// The connection ends in the middle of the answer, and what was asked is done.
    Half,
    /// No answer comes, and nothing is done.
    Silence,
}

/// A running stand-in; it ends with its owner.
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    url: String,
    task: tokio::task::JoinHandle<()>,
}

/// A method, a path and a body.
pub(crate) type Write = (String, String, Value);

#[derive(Default)]
struct Shared {
    token: String,
    records: Mutex<BTreeMap<String, Value>>,
    writes: Mutex<Vec<Write>>,
    /// What goes wrong next, and whether with a write.
    faults: Mutex<VecDeque<(Fault, bool)>>,
    count: Mutex<u64>,
    lost_end: Mutex<bool>,
}

impl StandIn {
    pub(crate) async fn start(token: &str) -> Self {
        let shared = Arc::new(Shared {
            token: token.to_owned(),
            ..Shared::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client/v4/", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, url, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What was written, in its order.
    pub(crate) fn writes(&self) -> Vec<Write> {
        self.shared.writes.lock().unwrap().clone()
    }

    /// Spoils the next request, or the next that writes.
    pub(crate) fn fail_next(&self, fault: Fault, at_write: bool) {
        self.shared
            .faults
            .lock()
            .unwrap()
            .push_back((fault, at_write));
    }

    /// Makes so many names with a record each.
    pub(crate) fn fill(&self, names: usize) {
        let mut records = self.shared.records.lock().unwrap();
        for number in 0..names {
            let name = format!("user{number}.user._bitcoin-payment.{DOMAIN}");
            let record =
                json!({ "type": "TXT", "name": name, "content": "\"bitcoin:?a\"", "ttl": 300 });
            records.insert(format!("filled{number}"), record);
        }
    }

    /// Has lists end too early from now on.
    pub(crate) fn lose_the_end(&self) {
        *self.shared.lost_end.lock().unwrap() = true;
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_write = method != Method::GET;
    let fault = {
        let mut faults = shared.faults.lock().unwrap();
        let is_next = faults
            .front()
            .is_some_and(|(_, at_write)| *at_write == is_write);
        if is_next { faults.pop_front() } else { None }
    };
    match fault.map(|(fault, _)| fault) {
        Some(Fault::TooMany) => {
            let said = refusal(StatusCode::TOO_MANY_REQUESTS, 971, "Please wait");
            ([(header::RETRY_AFTER, "7")], said).into_response()
        }
        Some(Fault::Broken) => refusal(StatusCode::INTERNAL_SERVER_ERROR, 10_000, "Oops"),
        Some(Fault::Garbage) => "<html>".into_response(),
        Some(Fault::Silence) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Some(Fault::Half) => {
            let _ = shared.serve(&method, &uri, &headers, &body);
            let pieces = [Ok("{\"success\":"), Err(std::io::Error::other("cut"))];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
        None => shared.serve(&method, &uri, &headers, &body),
    }
}

impl Shared {
    fn serve(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
        let token = headers.get(header::AUTHORIZATION);
        if token.is_none_or(|token| token != &format!("Bearer {}", self.token)) {
            return refusal(StatusCode::FORBIDDEN, 9109, "Invalid access token");
        }
        let zone = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353";
        let Some(path) = uri.path().strip_prefix(zone) else {
            return refusal(StatusCode::NOT_FOUND, 7003, "Could not route to the zone");
        };
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if *method != Method::GET {
            let write = (method.to_string(), uri.path().to_owned(), body.clone());
            self.writes.lock().unwrap().push(write);
        }
        let mut records = self.records.lock().unwrap();
        let id = path.strip_prefix("/dns_records/").map(str::to_owned);
        match (method.as_str(), id) {
            ("GET", None) if path == "/dnssec" => done(&json!({
                "status": "active",
                "ds": format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF0123 "),
            })),
            ("GET", None) => self.list(&records, uri.query().unwrap_or_default()),
            ("DELETE", Some(id)) => match records.remove(&id) {
                Some(_) => done(&json!({ "id": id })),
                None => refusal(StatusCode::NOT_FOUND, 81_044, "Record does not exist."),
            },
            ("PUT" | "POST", id) => {
                if !is_record(&body) {
                    return refusal(StatusCode::BAD_REQUEST, 9_207, "Content is invalid");
                }
                if id.as_ref().is_some_and(|id| !records.contains_key(id)) {
                    return refusal(StatusCode::NOT_FOUND, 81_044, "Record does not exist.");
                }
                let same = |record: &Value| {
                    record["name"] == body["name"] && record["content"] == body["content"]
                };
                let mut others = records
                    .iter()
                    .filter(|(other, _)| Some(*other) != id.as_ref());
                if others.any(|(_, record)| same(record)) {
                    let said = "An identical record already exists.";
                    return refusal(StatusCode::BAD_REQUEST, 81_058, said);
                }
                let mut count = self.count.lock().unwrap();
                *count += 1;
                records.insert(id.unwrap_or_else(|| format!("{:032x}", *count)), body);
                done(&json!({}))
            }
            _ => refusal(StatusCode::METHOD_NOT_ALLOWED, 10_405, "Method not allowed"),
        }
    }

    fn list(&self, records: &BTreeMap<String, Value>, query: &str) -> Response {
        let asked: BTreeMap<&str, &str> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let number = |key: &str| asked.get(key).and_then(|text| text.parse::<usize>().ok());
        let (page, size) = (
            number("page").unwrap_or(1),
            number("per_page").unwrap_or(100),
        );
        let is_asked = |record: &Value| {
            let is = |key: &str, field: &str| {
                asked.get(key).is_none_or(|wanted| record[field] == *wanted)
            };
            is("name.exact", "name") && is("type", "type")
        };
        let found: Vec<Value> = records
            .iter()
            .filter(|(_, record)| is_asked(record))
            .map(|(id, record)| {
                let mut record = record.clone();
                record["id"] = json!(id);
                record
            })
            .collect();
        let mut pages = found.len().div_ceil(size);
        if *self.lost_end.lock().unwrap() {
            pages -= 1;
        }
        let shown: Vec<&Value> = found.iter().skip((page - 1) * size).take(size).collect();
        axum::Json(json!({
            "success": true, "errors": [], "messages": [], "result": shown,
            "result_info": {
                "page": page, "per_page": size, "count": shown.len(),
                "total_count": found.len(), "total_pages": pages,
            },
        }))
        .into_response()
    }
}

/// Whether it is a TXT record whose content is quoted strings of at most 255 bytes, on one line.
fn is_record(body: &Value) -> bool {
    let content = body["content"].as_str().unwrap_or_default();
    let pieces = content.split("\" \"");
    body["type"] == "TXT"
        && body["ttl"]
            .as_u64()
            .is_some_and(|ttl| ttl == 1 || (60..=86_400).contains(&ttl))
        && content.len() >= 2
        && content.starts_with('"')
        && content.ends_with('"')
        && !content.contains('\n')
        && pieces
            .clone()
            .all(|piece| piece.trim_matches('"').len() <= 255 + 8)
}

fn done(result: &Value) -> Response {
    axum::Json(json!({ "success": true, "errors": [], "messages": [], "result": result }))
        .into_response()
}

fn refusal(status: StatusCode, code: u32, message: &str) -> Response {
    let errors = json!([{ "code": code, "message": message }]);
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    (status, axum::Json(body)).into_response()
}
