//! A server with a data directory of its own, and what one does with it.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use data_encoding::{BASE64, HEXLOWER};
use nostr::{
    event::{EventBuilder, FinalizeEvent as _, Kind, Tag},
    key::Keys,
    types::Timestamp,
};
use payname_api::{HandleStatus, Problem, State, paths};
use payname_resolver::{
    Handle, Record, TrustAnchors, UnixTime, Verified, VerifyError, hickory_proto::op::Message,
    net::Client,
};
use payname_server::{Clock, Config, Running, Server};
use reqwest::{Method, StatusCode};

/// A mainnet offer that does not expire, 440 bytes long, so that its record has two strings.
pub(crate) const OFFER: &str = "lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";
/// The domain of every scene.
pub(crate) const DOMAIN: &str = "example.test";
/// How long anything may take that does not depend on anybody else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes every signed event another one.
static NONCE: AtomicU64 = AtomicU64::new(0);

/// The URI of [`OFFER`], told from others by a label.
pub(crate) fn uri(label: &str) -> String {
    format!("bitcoin:?lno={OFFER}&label={label}")
}

/// The keys of a person.
pub(crate) fn keys(seed: u8) -> Keys {
    Keys::parse(&HEXLOWER.encode(&[seed; 32])).unwrap()
}

pub(crate) fn now() -> u64 {
    Clock::system().now().0
}

/// The text of a configuration with free ports.
pub(crate) fn config_text(more: &str) -> String {
    format!(
        r#"
        {more}
        data_dir = "data"
        [http]
        listen = "127.0.0.1:0"
        [dns]
        listen = ["127.0.0.1:0"]
        [[domain]]
        name = "{DOMAIN}"
        nameservers = ["ns1.{DOMAIN}"]
        addresses = ["127.0.0.1"]
        ttl = 300
        "#
    )
}

/// A running server, in this process.
pub(crate) struct Scene {
    running: Running,
    directory: tempfile::TempDir,
    text: String,
}

impl Scene {
    /// A new server.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// A new server with more keys in its configuration.
    pub(crate) async fn start_with(more: &str) -> Self {
        Self::start_as(config_text(more)).await
    }

    /// A new server with more keys under `[dns]`, and tables behind them.
    pub(crate) async fn start_serving(dns: &str) -> Self {
        let listen = "[dns]\n        listen = [\"127.0.0.1:0\"]";
        Self::start_as(config_text("").replacen(listen, &format!("{listen}\n{dns}"), 1)).await
    }

    /// A new server with further tables behind the others.
    pub(crate) async fn start_behind(tables: &str) -> Self {
        Self::start_as(format!("{}\n{tables}", config_text(""))).await
    }

    /// A new server with more keys under `[http]`, and tables behind them.
    pub(crate) async fn start_asked(http: &str) -> Self {
        let listen = "[http]\n        listen = \"127.0.0.1:0\"";
        Self::start_as(config_text("").replacen(listen, &format!("{listen}\n{http}"), 1)).await
    }

    /// A new server that tells metrics.
    pub(crate) async fn start_telling_metrics() -> Self {
        let http = "[http]";
        let telling = "[http]\n        metrics_listen = \"127.0.0.1:0\"";
        Self::start_as(config_text("").replacen(http, telling, 1)).await
    }

    async fn start_as(text: String) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), text, Clock::system()).await
    }

    /// A server in a directory that another may have used before, by a clock of the test's own.
    pub(crate) async fn start_in(directory: tempfile::TempDir, text: String, clock: Clock) -> Self {
        let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
        let running = Server::start(config, clock).await.unwrap();
        Self {
            running,
            directory,
            text,
        }
    }

    /// Stops the server and starts it on the same data.
    pub(crate) async fn restart(self) -> Self {
        let text = self.text.clone();
        Self::start_in(self.stop().await, text, Clock::system()).await
    }

    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.running.shutdown().await;
        self.directory
    }

    pub(crate) fn contact(&self) -> Contact {
        Contact {
            http: self.running.http_addr(),
            dns: self.running.dns_addr(),
            public_url: self.running.public_url().to_string(),
            client: reqwest::Client::new(),
        }
    }
}

/// How to reach a server, in this process or another.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) http: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) public_url: String,
    pub(crate) client: reqwest::Client,
}

/// A request to be signed, spoiled where a test says so.
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    pub(crate) url: String,
    pub(crate) at: u64,
    pub(crate) signed_body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// A response, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn handle(&self) -> HandleStatus {
        assert!(self.status.is_success(), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem's code, after checking that it is told as RFC 9457 has it.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.headers["content-type"], "application/problem+json",
            "{self:?}"
        );
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status.as_u16());
        assert!(problem.detail.len() > 20, "no remedy: {problem}");
        problem.code
    }
}

impl Draft {
    pub(crate) fn put(contact: &Contact, user: &str, body: impl Into<Vec<u8>>) -> Self {
        let path = paths::handle(DOMAIN, user);
        let body = body.into();
        Self {
            method: Method::PUT,
            url: paths::absolute(&contact.public_url, &path),
            path,
            signed_body: body.clone(),
            body,
            at: now(),
            headers: vec![("content-type", "application/json".to_owned())],
        }
    }

    pub(crate) fn delete(contact: &Contact, user: &str) -> Self {
        Self {
            method: Method::DELETE,
            ..Self::put(contact, user, "")
        }
    }

    /// Something to be done to a name, or about it: `…/handles/{user}/{what}`.
    pub(crate) fn post(
        contact: &Contact,
        user: &str,
        what: &str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let path = paths::below(DOMAIN, user, what);
        Self {
            method: Method::POST,
            url: paths::absolute(&contact.public_url, &path),
            path,
            ..Self::put(contact, user, body)
        }
    }

    /// A look at something.
    pub(crate) fn get(contact: &Contact, path: &str) -> Self {
        Self {
            method: Method::GET,
            url: paths::absolute(&contact.public_url, path),
            path: path.to_owned(),
            headers: Vec::new(),
            ..Self::put(contact, "nobody", "")
        }
    }

    pub(crate) fn sign(&self, keys: &Keys) -> String {
        let mut tags = vec![
            Tag::parse(["u", &self.url]).unwrap(),
            Tag::parse(["method", self.method.as_str()]).unwrap(),
            // Two equal requests of one second would otherwise be the same event.
            Tag::parse(["nonce", &NONCE.fetch_add(1, Ordering::Relaxed).to_string()]).unwrap(),
        ];
        if !self.signed_body.is_empty() {
            let digest = ring::digest::digest(&ring::digest::SHA256, &self.signed_body);
            tags.push(Tag::parse(["payload", &HEXLOWER.encode(digest.as_ref())]).unwrap());
        }
        let is_bound = |name: &str| payname_api::BOUND_HEADERS.contains(&name);
        let bound = self.headers.iter().filter(|(name, _)| is_bound(name));
        tags.extend(bound.map(|(name, value)| Tag::parse([*name, value]).unwrap()));
        let event = EventBuilder::new(Kind::HttpAuth, "")
            .tags(tags)
            .custom_created_at(Timestamp::from_secs(self.at))
            .finalize(keys)
            .unwrap();
        format!("Nostr {}", BASE64.encode(event.as_json().as_bytes()))
    }
}

impl Contact {
    pub(crate) async fn send(&self, draft: &Draft, authorization: Option<&str>) -> Answer {
        self.try_send(draft, authorization).await.unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        draft: &Draft,
        authorization: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let url = format!("http://{}{}", self.http, draft.path);
        let mut request = self
            .client
            .request(draft.method.clone(), url)
            .body(draft.body.clone());
        for (name, value) in &draft.headers {
            request = request.header(*name, value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        read(request.send().await?).await
    }

    pub(crate) async fn put(&self, keys: &Keys, user: &str, uri: &str) -> Answer {
        self.try_put(keys, user, uri).await.unwrap()
    }

    pub(crate) async fn try_put(
        &self,
        keys: &Keys,
        user: &str,
        uri: &str,
    ) -> Result<Answer, reqwest::Error> {
        let body = serde_json::to_vec(&payname_api::PutHandle {
            uri: uri.to_owned(),
            invite: None,
            drawn: None,
        })
        .unwrap();
        let draft = Draft::put(self, user, body);
        self.try_send(&draft, Some(&draft.sign(keys))).await
    }

    pub(crate) async fn delete(&self, keys: &Keys, user: &str) -> Answer {
        let draft = Draft::delete(self, user);
        self.send(&draft, Some(&draft.sign(keys))).await
    }

    /// Has something done to a name.
    pub(crate) async fn post(&self, keys: &Keys, user: &str, what: &str) -> Answer {
        let draft = Draft::post(self, user, what, "");
        self.send(&draft, Some(&draft.sign(keys))).await
    }

    /// Looks at something as the holder of a key.
    pub(crate) async fn look(&self, keys: &Keys, path: &str) -> Answer {
        let draft = Draft::get(self, path);
        self.send(&draft, Some(&draft.sign(keys))).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = format!("http://{}{path}", self.http);
        read(self.client.get(url).send().await.unwrap())
            .await
            .unwrap()
    }

    /// Waits until a name has come so far.
    pub(crate) async fn until(&self, user: &str, state: State) -> HandleStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.get(&paths::handle(DOMAIN, user)).await.handle();
            if status.state == state {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{user} stays {:?}: {:?}",
                status.state,
                status.error
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Looks a name up at the nameserver and verifies it under the zone's key.
    pub(crate) async fn resolve(&self, user: &str) -> Result<Verified<Record>, VerifyError> {
        let handle = Handle::new(user, DOMAIN).unwrap();
        let gathered = Client::new(self.dns.into())
            .unwrap()
            .gather(&handle)
            .await
            .unwrap();
        gathered
            .proof
            .verify(&handle, &self.anchors().await, UnixTime(now()))
    }

    /// The zone's DS record as a trust anchor.
    pub(crate) async fn anchors(&self) -> TrustAnchors {
        let answer = self.get(&paths::domain(DOMAIN)).await;
        let domain: payname_api::DomainInfo = serde_json::from_slice(&answer.body).unwrap();
        TrustAnchors::parse(&domain.ds.join("\n")).unwrap()
    }

    /// One query over UDP.
    pub(crate) async fn ask_udp(&self, query: &[u8]) -> Message {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(query, self.dns).await.unwrap();
        let mut buffer = [0; 4096];
        let receiving = tokio::time::timeout(PATIENCE, socket.recv(&mut buffer));
        let length = receiving.await.unwrap().unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }
}

async fn read(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}
