//! One call to a node over HTTP: what came back, and otherwise whether the node may have heard it.

use std::{fmt, thread, time::Duration};

use reqwest::{Certificate, Client, Method, redirect::Policy};
use serde_json::Value;
use url::Url;

use super::{NodeError, secret::Secret};
use crate::{http::root_cause, interrupt};

/// The longest answer that is read: a list of all payments of a busy node.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a call looks whether the process is to end.
const PAUSE: Duration = Duration::from_millis(100);

/// A node's HTTP interface.
pub(super) struct Endpoint {
    base: Url,
    client: Client,
    login: Login,
}

/// How the node knows who asks.
pub(super) enum Login {
    /// A password, with no user (RFC 7617).
    Password(Secret),
    /// Core Lightning's rune.
    Rune(Secret),
}

/// What is sent along.
pub(super) enum Body {
    /// Nothing.
    Nothing,
    /// A JSON document.
    Json(Value),
    /// Fields of a form.
    Form(Vec<(&'static str, String)>),
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body as JSON, if it is that.
    pub(super) json: Option<Value>,
    /// The body as text.
    pub(super) text: String,
}

/// Why nothing whole came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallError {
    /// The node has not heard the call.
    NotSent(String),
    /// The node may have heard it, and done what it asked for.
    Lost(String),
}

impl Endpoint {
    /// An endpoint at `base`, whose certificate must be vouched for by `authorities` (PEM) if there are any.
    pub(super) fn new(
        base: Url,
        login: Login,
        authorities: Option<&[u8]>,
    ) -> Result<Self, NodeError> {
        let unusable = |error: &dyn fmt::Display| {
            NodeError::Setup(format!("the certificates of --node-ca: {error}"))
        };
        let mut builder = Client::builder()
            .http1_only()
            // A call is sent once: never anew over another connection, nor to another place.
            .pool_max_idle_per_host(0)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("payname/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = authorities {
            let certificates =
                Certificate::from_pem_bundle(pem).map_err(|error| unusable(&root_cause(&error)))?;
            if certificates.is_empty() {
                return Err(unusable(&"there are none in the file"));
            }
            builder = builder.tls_built_in_root_certs(false);
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder
            .build()
            .map_err(|error| unusable(&root_cause(&error)))?;
        Ok(Self {
            base,
            client,
            login,
        })
    }

    /// Sends a `GET` with a query.
    pub(super) fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        within: Duration,
    ) -> Result<Answer, CallError> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.call(Method::GET, url, Body::Nothing, within)
    }

    /// Sends a `POST`.
    pub(super) fn post(
        &self,
        path: &str,
        body: Body,
        within: Duration,
    ) -> Result<Answer, CallError> {
        let url = self.url(path)?;
        self.call(Method::POST, url, body, within)
    }

    fn url(&self, path: &str) -> Result<Url, CallError> {
        let url = self.base.join(path);
        url.map_err(|error| CallError::NotSent(error.to_string()))
    }

    fn call(
        &self,
        method: Method,
        url: Url,
        body: Body,
        within: Duration,
    ) -> Result<Answer, CallError> {
        let request = self.client.request(method, url);
        let request = match &self.login {
            Login::Password(secret) => request.basic_auth("", Some(secret.reveal())),
            Login::Rune(secret) => request.header("Rune", secret.reveal()),
        };
        let request = match body {
            Body::Nothing => request,
            Body::Json(value) => request.json(&value),
            Body::Form(fields) => request.form(&fields),
        };
        // A thread of its own, so that callers may or may not be inside a runtime.
        thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(|error| CallError::NotSent(error.to_string()))?;
                runtime.block_on(async {
                    tokio::select! {
                        answer = exchange(request) => answer,
                        () = tokio::time::sleep(within) => {
                            Err(CallError::Lost("no answer in time".to_owned()))
                        }
                        () = interrupted() => Err(CallError::Lost("interrupted".to_owned())),
                    }
                })
            });
            let lost = || CallError::Lost("the call was cut off".to_owned());
            asked.join().unwrap_or_else(|_| Err(lost()))
        })
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer, CallError> {
    let mut answer = request.send().await.map_err(|error| {
        let cause = root_cause(&error);
        match error.is_connect() || error.is_builder() {
            true => CallError::NotSent(cause),
            false => CallError::Lost(cause),
        }
    })?;
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(CallError::Lost(root_cause(&error))),
        }
        if bytes.len() > MAX_ANSWER {
            return Err(CallError::Lost("the answer is too long".to_owned()));
        }
    }
    Ok(Answer {
        status,
        json: serde_json::from_slice(&bytes).ok(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Waits until the process is asked to end.
async fn interrupted() {
    while !interrupt::is_requested() {
        tokio::time::sleep(PAUSE).await;
    }
}

impl CallError {
    /// What went wrong, for people.
    pub(super) fn cause(&self) -> &str {
        match self {
            Self::NotSent(cause) | Self::Lost(cause) => cause,
        }
    }
}
