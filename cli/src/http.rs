//! Talking to a registration server: signed requests out, statuses and problems back.

use std::time::Duration;

use data_encoding::BASE64;
use nostr::event::Event;
use payname_api::{
    AUTH_SCHEME, CONSENT_HEADER, HandleStatus, HistoryStep, Listed, Problem, codes, paths,
};
use payname_resolver::{
    Handle,
    net::{Isolation, Proxy},
};
use reqwest::{Method, StatusCode, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::json;
use url::{Host, Url};

use crate::{exit::Exit, failure::Failure, keys::OwnerKey, text, time};

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest answer that is read.
const MAX_ANSWER: usize = 256 * 1024;
/// How many steps of a history are asked for at once: a part of them is far below the longest answer.
const HISTORY_PART: usize = 20;
/// The most parts of a history.
const MAX_PARTS: usize = 500;

/// A registration server, as its owner's client sees it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    url: Url,
    client: reqwest::Client,
}

impl Server {
    /// The server at `url`, through the proxy if there is one.
    pub(crate) fn new(url: Url, proxy: Option<&Proxy>) -> Result<Self, Failure> {
        let builder = match proxy {
            _ if is_loopback(&url) => reqwest::Client::builder().no_proxy(),
            Some(proxy) => reqwest::Client::builder().proxy(through(proxy)?),
            None => reqwest::Client::builder(),
        };
        let client = builder
            .timeout(TIMEOUT)
            // A signature is for one URL; whoever redirects wants it elsewhere.
            .redirect(Policy::none())
            .user_agent(concat!("payname/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::unexpected("http_client", error))?;
        Ok(Self { url, client })
    }

    /// Claims or changes a name.
    pub(crate) async fn put(
        &self,
        handle: &Handle,
        uri: &str,
        invite: Option<&str>,
        key: &OwnerKey,
    ) -> Result<HandleStatus, Failure> {
        let body = serde_json::to_vec(&payname_api::PutHandle {
            uri: uri.to_owned(),
            invite: invite.map(str::to_owned),
            drawn: None,
        })
        .map_err(|error| Failure::unexpected("json", error))?;
        self.of(handle, Method::PUT, Some(body), Some(key)).await
    }

    /// Takes a name out of DNS.
    pub(crate) async fn delete(
        &self,
        handle: &Handle,
        key: &OwnerKey,
    ) -> Result<HandleStatus, Failure> {
        self.of(handle, Method::DELETE, None, Some(key)).await
    }

    /// How far a name has come.
    pub(crate) async fn status(&self, handle: &Handle) -> Result<HandleStatus, Failure> {
        self.of(handle, Method::GET, None, None).await
    }

    /// The same as its owner sees it, who is told what others are not.
    pub(crate) async fn own_status(
        &self,
        handle: &Handle,
        key: &OwnerKey,
    ) -> Result<HandleStatus, Failure> {
        self.of(handle, Method::GET, None, Some(key)).await
    }

    /// Does what takes no more than the owner's signature: `disable`, `enable`, `renew`.
    pub(crate) async fn post(
        &self,
        handle: &Handle,
        what: &str,
        key: &OwnerKey,
    ) -> Result<HandleStatus, Failure> {
        let path = paths::below(handle.domain(), handle.user(), what);
        self.send(Method::POST, &path, None, Some(key), None).await
    }

    /// Gives a name to the key that signed the consent.
    pub(crate) async fn transfer(
        &self,
        handle: &Handle,
        body: Vec<u8>,
        key: &OwnerKey,
        consent: &Event,
    ) -> Result<HandleStatus, Failure> {
        let path = paths::below(handle.domain(), handle.user(), "transfer");
        self.send(Method::POST, &path, Some(body), Some(key), Some(consent))
            .await
    }

    /// All that was done to a name, the oldest step first.
    pub(crate) async fn history(
        &self,
        handle: &Handle,
        key: &OwnerKey,
    ) -> Result<Vec<HistoryStep>, Failure> {
        let path = paths::below(handle.domain(), handle.user(), "history");
        let mut steps = Vec::new();
        let mut part = format!("{path}?limit={HISTORY_PART}");
        for _ in 0..MAX_PARTS {
            let listed: Listed<HistoryStep> =
                self.send(Method::GET, &part, None, Some(key), None).await?;
            steps.extend(listed.items);
            let Some(next) = listed.next else { break };
            let next = percent_encode(&next);
            part = format!("{path}?limit={HISTORY_PART}&cursor={next}");
        }
        Ok(steps)
    }

    async fn of(
        &self,
        handle: &Handle,
        method: Method,
        body: Option<Vec<u8>>,
        key: Option<&OwnerKey>,
    ) -> Result<HandleStatus, Failure> {
        let path = paths::handle(handle.domain(), handle.user());
        self.send(method, &path, body, key, None).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        key: Option<&OwnerKey>,
        consent: Option<&Event>,
    ) -> Result<T, Failure> {
        let url = paths::absolute(self.url.as_str(), path);
        let mut request = self.client.request(method.clone(), &url);
        let consent = consent.map(authorization);
        let bound = consent.iter();
        let bound: Vec<_> = bound.map(|it| (CONSENT_HEADER, it.as_str())).collect();
        for (name, value) in &bound {
            request = request.header(*name, *value);
        }
        if let Some(key) = key {
            let (method, body) = (method.as_str(), body.as_deref());
            let event = key.sign_request(method, &url, body, &bound, time::now())?;
            request = request.header("authorization", authorization(&event));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let bytes = self.read(answer).await?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|_| self.strange(status));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(self.refused(status, &problem)),
            Err(_) => Err(self.strange(status)),
        }
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER {
                return Err(self.strange(answer.status()));
            }
        }
        Ok(bytes)
    }

    /// The server's URL without the user and password it may hold.
    fn shown(&self) -> Url {
        let mut url = self.url.clone();
        // Both fail only where there is no host, and so no credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let cause = root_cause(error);
        let message = if error.is_timeout() {
            format!(
                "the server {} did not answer within {} s",
                self.shown(),
                TIMEOUT.as_secs()
            )
        } else {
            format!(
                "the server {} cannot be reached: {cause}; check --server",
                self.shown()
            )
        };
        Failure::new(Exit::Network, "server_unreachable", message)
    }

    fn strange(&self, status: StatusCode) -> Failure {
        let message = format!(
            "{} answered {status} with something that is no payname answer; check --server",
            self.shown()
        );
        Failure::new(Exit::Unexpected, "not_a_payname_server", message)
    }

    /// What the server says went wrong, in its own words.
    fn refused(&self, status: StatusCode, problem: &Problem) -> Failure {
        let exit = match problem.code.as_str() {
            codes::INVALID_BODY
            | codes::INVALID_HANDLE
            | codes::UNKNOWN_DOMAIN
            | codes::UNKNOWN_HANDLE
            | codes::BODY_TOO_LARGE => Exit::Usage,
            codes::INVALID_URI => Exit::BadRecord,
            codes::TIMEOUT | codes::UNAVAILABLE => Exit::Network,
            _ if status == StatusCode::TOO_MANY_REQUESTS => Exit::OutsideLimits,
            _ => Exit::Unexpected,
        };
        let said = [&problem.detail, &problem.title]
            .into_iter()
            .find(|text| !text.is_empty());
        let hint = match problem.code.as_str() {
            codes::AUTH_TIME => "; check this machine's clock",
            codes::AUTH_URL => "; --server must be the server's public URL",
            codes::NOT_OWNER => "; use the key that registered it (--key)",
            codes::INVITE_NEEDED => {
                "; ask the domain's operator for a code, and give it with --invite"
            }
            _ => "",
        };
        let message = match said {
            Some(said) => format!("the server refused: {}{hint}", text::escape(said)),
            None => format!("the server refused with status {status}{hint}"),
        };
        Failure::new(exit, "server_refused", message).with("problem", json!(problem))
    }
}

/// The proxy, to which names are left (`socks5h`).
fn through(proxy: &Proxy) -> Result<reqwest::Proxy, Failure> {
    let unusable = |error: &dyn std::fmt::Display| {
        Failure::usage("unusable_proxy", format!("the proxy {proxy}: {error}"))
    };
    let Proxy::Socks5 {
        host,
        port,
        isolation,
    } = proxy
    else {
        return Err(unusable(&"servers are not reached through this kind"));
    };
    let through = reqwest::Proxy::all(format!("socks5h://{host}:{port}"))
        .map_err(|error| unusable(&error))?;
    Ok(match isolation {
        Isolation::Credentials { user, password } => through.basic_auth(user, password),
        Isolation::PerName => through.basic_auth(&random()?, &random()?),
        _ => through,
    })
}

/// Credentials that nothing else has, by which Tor takes a circuit of its own.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failure::unexpected("no_randomness", error))?;
    Ok(hex::encode(bytes))
}

/// The innermost cause: what the system or TLS says, rather than "error sending request".
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether the server is on this machine, where no proxy leads.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A cursor, which the server made, as part of a query.
fn percent_encode(cursor: &str) -> String {
    url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect()
}

/// The event in the value of an `Authorization` header, whose signature the server checks.
pub(crate) fn event_of(header: &str) -> Option<Event> {
    let encoded = header.trim();
    let encoded = encoded.strip_prefix(AUTH_SCHEME).unwrap_or(encoded).trim();
    let json = BASE64.decode(encoded.as_bytes()).ok()?;
    Event::from_json(json).ok()
}

/// The value of the `Authorization` header (NIP-98).
pub(crate) fn authorization(event: &Event) -> String {
    format!(
        "{AUTH_SCHEME} {}",
        BASE64.encode(event.as_json().as_bytes())
    )
}
