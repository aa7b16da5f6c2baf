//! A DNS service on loopback that answers as its documentation says, and goes wrong where it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use payname_server::publisher::Provider;
use payname_server::{Clock, Config};
use payname_tests::primary::PAGE;
use payname_tests::secondary::block_of;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::scene::DOMAIN;

/// What may go wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with `Retry-After`.
    TooMany,
    /// 500.
    Broken,
    /// 200 with something that nobody can read.
    Garbage,
    /// The connection ends in the middle of the answer, and what was asked is done.
    Half,
    /// No answer comes, and nothing is done.
    Silence,
    /// This status and body.
    Says(u16, String),
    /// Nothing: it is the one after it that is spoiled.
    Nothing,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        let url = format!("http://localhost{}", self.uri);
        let url: reqwest::Url = url.parse().unwrap();
        url.query_pairs().into_owned().collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// What a service does with requests.
pub(crate) trait Stands: Send + Sync + 'static {
    fn answer(&self, asked: &Asked) -> Response;

    /// Whether a request changes something; none for one that is about something else than records.
    fn is_write(&self, asked: &Asked) -> Option<bool> {
        Some(asked.method != Method::GET)
    }
}

/// A running service; it ends with its owner.
pub(crate) struct Service<S> {
    shared: Arc<Shared<S>>,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

struct Shared<S> {
    stands: S,
    writes: Mutex<Vec<Asked>>,
    /// What goes wrong next, and whether with a write.
    faults: Mutex<VecDeque<(Fault, bool)>>,
}

impl<S: Stands> Service<S> {
    /// Starts what is made from its own address.
    pub(crate) async fn start(stands: impl FnOnce(SocketAddr) -> S) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            stands: stands(address),
            writes: Mutex::default(),
            faults: Mutex::default(),
        });
        let router = Router::new()
            .fallback(serve::<S>)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            address,
            task,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was written, in its order.
    pub(crate) fn writes(&self) -> Vec<Asked> {
        self.shared.writes.lock().unwrap().clone()
    }

    /// Spoils the next request that reads, or the next that writes.
    pub(crate) fn fail_next(&self, fault: Fault, at_write: bool) {
        let mut faults = self.shared.faults.lock().unwrap();
        faults.push_back((fault, at_write));
    }
}

impl<S> Deref for Service<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.shared.stands
    }
}

impl<S> Drop for Service<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<S: Stands>(
    State(shared): State<Arc<Shared<S>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        method,
        uri,
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let answer = |asked: &Asked| {
        if shared.stands.is_write(asked) == Some(true) {
            shared.writes.lock().unwrap().push(asked.clone());
        }
        shared.stands.answer(asked)
    };
    let fault = {
        let mut faults = shared.faults.lock().unwrap();
        let next = faults.front().map(|(_, at_write)| *at_write);
        let is_meant = next.is_some() && next == shared.stands.is_write(&asked);
        is_meant.then(|| faults.pop_front()).flatten()
    };
    match fault.map(|(fault, _)| fault) {
        Some(Fault::TooMany) => {
            let told = [(header::RETRY_AFTER, "7")];
            (StatusCode::TOO_MANY_REQUESTS, told, "{}").into_response()
        }
        Some(Fault::Broken) => (StatusCode::INTERNAL_SERVER_ERROR, "Oops").into_response(),
        Some(Fault::Garbage) => "<html".into_response(),
        Some(Fault::Silence) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        Some(Fault::Half) => {
            let _ = answer(&asked);
            let pieces = [Ok("{\"success\":"), Err(std::io::Error::other("cut"))];
            Body::from_stream(stream::iter(pieces)).into_response()
        }
        Some(Fault::Says(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        Some(Fault::Nothing) | None => answer(&asked),
    }
}

/// A provider as `docs/publishers.md` configures it, with the service's URL and these secrets in its files.
pub(crate) fn configured(kind: &str, url: &str, secrets: &[(&str, &str)]) -> Arc<dyn Provider> {
    let (_folder, config) = configuration(kind, url, secrets);
    config.provided[0].open(&Clock::system()).unwrap().unwrap()
}

/// The same, and the whole configuration; the secrets are read from the folder.
pub(crate) fn configuration(
    kind: &str,
    url: &str,
    secrets: &[(&str, &str)],
) -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    for (file, secret) in secrets {
        let file = folder.path().join(file);
        fs::write(&file, format!("{secret}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let page = block_of(PAGE, &format!("paynamed.toml, {kind}")).unwrap();
    let line = format!("kind = \"{kind}\"\n");
    assert!(page.contains(&line), "{page}");
    let page = page
        .replace("example.com", DOMAIN)
        .replace("9.9.9.9:53", "127.0.0.1:1")
        .replace(&line, &format!("{line}url = \"{url}\"\n"));
    let text = format!("data_dir = \"data\"\n{page}");
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    (folder, config)
}

/// JSON with a status.
pub(crate) fn says(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(body)).into_response()
}
