//! Asking a provider over HTTP: what every such interface has in common.
//!
//! No redirect is followed, so that a secret goes to nobody else; nothing is read without end; and what
//! went wrong is told in one way, whoever it was.

use std::time::Duration;

use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect::Policy};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::{edit::Text, provider::ProviderError, quoted::unquoted};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a whole zone may take.
const LONG_PATIENCE: Duration = Duration::from_secs(120);
/// The longest answer that is read.
const MOST: usize = 1 << 20;
/// The longest list of a zone that is read.
const MOST_OF_A_ZONE: usize = 1 << 30;
/// How long whoever asks too often waits, where it is not told.
pub(super) const PAUSE: Duration = Duration::from_secs(30);
/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// A provider's interface.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    /// Who it is, for people.
    place: String,
    /// What to do when it does not know us.
    remedy: &'static str,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// Where it says that it goes on (RFC 8288 §3).
    pub(super) link: Option<String>,
}

/// What interfaces say of what they do not do, in the ways that they have for that.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    message: Option<String>,
    detail: Option<String>,
    error: Option<SaidError>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SaidError {
    Text(String),
    Object { message: String },
}

impl Answer {
    /// What it says of itself in words, where it does that as most do; otherwise its text.
    pub(super) fn said(&self) -> String {
        let said: Said = serde_json::from_slice(&self.body).unwrap_or_default();
        let error = said.error.map(|error| match error {
            SaidError::Text(text) | SaidError::Object { message: text } => text,
        });
        let said = said.message.or(said.detail).or(error);
        said.unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned())
    }
}

/// How much is waited for and read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// An answer about some names.
    Small,
    /// A whole zone.
    Zone,
}

/// Answers with another status than hoped for.
#[derive(Debug, thiserror::Error)]
#[error("it answers {status}: {}", .said.escape_debug())]
struct Status {
    status: StatusCode,
    said: String,
}

/// The answer has no end in sight.
#[derive(Debug, thiserror::Error)]
#[error("its answer is longer than {0} bytes")]
struct TooLong(usize);

impl Api {
    /// An interface at a URL, whose secret is told to be wrong with this remedy.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new(url: &Url, place: String, remedy: &'static str) -> reqwest::Result<Self> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(PATIENCE)
            .user_agent(concat!("paynamed/", env!("CARGO_PKG_VERSION")));
        // What runs on this machine is asked without a proxy between.
        if is_here(url) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: builder.build()?,
            place,
            remedy,
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Sends a request and reads the answer, whatever its status, unless it says to come again later.
    pub(super) async fn ask(
        &self,
        request: RequestBuilder,
        size: Size,
    ) -> Result<Answer, ProviderError> {
        let (patience, most) = match size {
            Size::Small => (PATIENCE, MOST),
            Size::Zone => (LONG_PATIENCE, MOST_OF_A_ZONE),
        };
        // The URL is in no message: names of people are in it.
        let no_answer = |error: reqwest::Error| self.no_answer(error.without_url());
        let sent = request.timeout(patience).send().await;
        let mut response = sent.map_err(no_answer)?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = response.headers().get(header::RETRY_AFTER);
            let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse().ok());
            let wait = wait.map_or(PAUSE, Duration::from_secs);
            return Err(self.limited(wait));
        }
        let link = response.headers().get(header::LINK);
        let link = link.and_then(|link| Some(link.to_str().ok()?.to_owned()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len().saturating_add(chunk.len()) > most {
                return Err(self.no_answer(TooLong(most)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body, link })
    }

    /// As [`Api::ask`], for an answer that must be as hoped for.
    pub(super) async fn ask_well(
        &self,
        request: RequestBuilder,
        size: Size,
    ) -> Result<Answer, ProviderError> {
        let answer = self.ask(request, size).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.refused(answer.status, &answer.said()))
    }

    /// Whether what answers a change is of the interface at all: JSON, or nothing.
    pub(super) fn confirm(&self, answer: &Answer) -> Result<(), ProviderError> {
        if answer.body.is_empty() {
            return Ok(());
        }
        self.read::<IgnoredAny>(answer).map(drop)
    }

    /// Reads an answer that is as hoped for.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ProviderError> {
        serde_json::from_slice(&answer.body).map_err(|error| self.no_answer(error))
    }

    /// What an answer with another status than hoped for means; `said` is what it says of that itself.
    pub(super) fn refused(&self, status: StatusCode, said: &str) -> ProviderError {
        let said: String = said.chars().take(300).collect();
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return self.no_answer(Status { status, said });
        }
        let remedy = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.remedy,
            StatusCode::NOT_FOUND => "does it have this zone, under this name or id?",
            status if status.is_redirection() => "write the URL that it leads to",
            _ => "what it says is about the records that were sent, or about the configuration",
        };
        self.says(format!("{status}: {}", said.escape_debug()), remedy)
    }

    pub(super) fn says(&self, answer: String, remedy: impl Into<String>) -> ProviderError {
        ProviderError::Refused {
            place: self.place.clone(),
            answer,
            remedy: remedy.into(),
        }
    }

    /// A list that goes on and on.
    pub(super) fn endless(&self) -> ProviderError {
        let answer = "its list does not end".to_owned();
        self.says(answer, "see whether the zone is the right one")
    }

    /// A name that is another's.
    pub(super) fn alias(&self, owner: &Name) -> ProviderError {
        ProviderError::Alias {
            owner: owner.clone(),
            place: self.place.clone(),
        }
    }

    /// A TXT record of quoted strings.
    pub(super) fn text(&self, quoted: &str, ttl: u32) -> Result<Text, ProviderError> {
        let unread = || {
            let answer = "a TXT record that cannot be read".to_owned();
            self.says(answer, "see its value there")
        };
        Ok(Text {
            strings: unquoted(quoted).ok_or_else(unread)?,
            ttl,
            id: None,
        })
    }

    pub(super) fn limited(&self, wait: Duration) -> ProviderError {
        ProviderError::Limited {
            place: self.place.clone(),
            wait: wait.min(LONGEST_PAUSE),
        }
    }

    pub(super) fn no_answer(
        &self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> ProviderError {
        ProviderError::NoAnswer {
            place: self.place.clone(),
            source: Box::new(source),
        }
    }
}

/// A URL further down.
pub(super) fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// A name without its zone and without a final dot, as many interfaces have it.
pub(super) fn within(owner: &Name, zone: &Name) -> String {
    let (owner, zone) = (owner.to_ascii(), zone.to_ascii());
    let within = owner.strip_suffix(&zone).unwrap_or(&owner);
    within.trim_end_matches('.').to_owned()
}

/// A name that comes without its zone, `@` or nothing for the zone's own.
pub(super) fn without(within: &str, zone: &Name) -> Option<Name> {
    let zone = zone.to_ascii();
    match within {
        "" | "@" => name(&zone),
        within => name(&format!("{within}.{zone}")),
    }
}

/// The DS record of a line like `example.com. 3600 IN DS 2371 13 2 32996839…`, or of what stands behind `DS`.
pub(super) fn ds_line(zone: &Name, line: &str) -> Option<String> {
    let data = line.split_once(" DS ").map_or(line, |(_, data)| data);
    let fields: Vec<&str> = data.split_whitespace().collect();
    let [tag, algorithm, digest_type, digest @ ..] = fields.as_slice() else {
        return None;
    };
    let numbers = [tag, algorithm, digest_type];
    let is_ds = numbers.iter().all(|number| number.parse::<u16>().is_ok())
        && digest
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let (zone, digest) = (zone.to_ascii(), digest.concat().to_ascii_uppercase());
    is_ds.then(|| format!("{zone} 3600 IN DS {tag} {algorithm} {digest_type} {digest}"))
}

/// A name as interfaces give it, in one form.
pub(super) fn name(text: &str) -> Option<Name> {
    let mut name = Name::from_ascii(text).ok()?;
    name.set_fqdn(true);
    Some(name.to_lowercase())
}

/// Whether a URL is on this machine.
pub(crate) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
