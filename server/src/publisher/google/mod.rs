//! Google Cloud DNS by its API v1: one change takes record sets away and adds others, all or none.
//!
//! What is taken away must be just what is there, so a change is carried out only where nobody else was faster.

mod account;

use std::sync::Arc;

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use self::account::Account;
use super::{
    edit::{Edit, Found, Text},
    http::{Answer, Api, PAUSE, Size, below, ds_line, name},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::quoted,
};
use crate::clock::Clock;

/// Where the API is.
pub(crate) const URL: &str = "https://dns.googleapis.com/dns/v1/";
/// How many names are looked at side by side.
const BESIDE: usize = 4;
/// How many names are changed at once: a change has at most 100,000 bytes of data, and has it twice.
const AT_ONCE: usize = 50;
/// The most pages of a list.
const MOST_PAGES: u32 = 10_000;

/// A managed zone.
#[derive(Debug)]
pub(crate) struct Google {
    api: Api,
    /// Of the managed zone, without a final `/`.
    url: Url,
    zone: Name,
    account: Account,
    clock: Clock,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RrSet {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    ttl: u32,
    #[serde(default)]
    rrdatas: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    rrsets: Vec<RrSet>,
    #[serde(rename = "nextPageToken")]
    next: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Change {
    deletions: Vec<RrSet>,
    additions: Vec<RrSet>,
}

#[derive(Debug, Deserialize)]
struct Zone {
    #[serde(rename = "dnssecConfig")]
    dnssec: Option<Dnssec>,
}

#[derive(Debug, Deserialize)]
struct Dnssec {
    #[serde(default)]
    state: String,
}

#[derive(Debug, Deserialize)]
struct Keys {
    #[serde(rename = "dnsKeys", default)]
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    is_active: bool,
    key_tag: u16,
    algorithm: String,
    #[serde(default)]
    digests: Vec<Digest>,
}

#[derive(Debug, Deserialize)]
struct Digest {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    digest: String,
}

impl Google {
    /// A managed zone of a project, with an account that may change it.
    pub(crate) fn new(
        api: Api,
        base: &Url,
        (project, managed_zone): (&str, &str),
        zone: &Name,
        account: Account,
        clock: Clock,
    ) -> Self {
        Self {
            api,
            url: below(base, &["projects", project, "managedZones", managed_zone]),
            zone: zone.clone(),
            account,
            clock,
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.api.client().request(method, below(&self.url, path))
    }

    async fn ask(&self, request: RequestBuilder, size: Size) -> Result<Answer, ProviderError> {
        let token = self.account.token(&self.api, self.clock.now()).await?;
        let request = match token.header("Bearer ") {
            Ok(token) => request.header("authorization", token),
            Err(_) => request, // not for a token that was taken
        };
        let answer = self.api.ask(request, size).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.account.forget();
        }
        Ok(answer)
    }

    /// As [`Google::ask`], for an answer that must be as hoped for.
    async fn ask_well(&self, request: RequestBuilder, size: Size) -> Result<Answer, ProviderError> {
        let answer = self.ask(request, size).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.refused(&answer))
    }

    fn refused(&self, answer: &Answer) -> ProviderError {
        let body = String::from_utf8_lossy(&answer.body);
        let is_too_much = body.contains("rateLimitExceeded") || body.contains("quotaExceeded");
        match answer.status {
            // Its quotas are a matter of a minute.
            StatusCode::FORBIDDEN if is_too_much => self.api.limited(PAUSE),
            status => self.api.refused(status, &answer.said()),
        }
    }

    /// The record sets that a query finds, page by page.
    async fn sets(&self, query: &[(&str, &str)], size: Size) -> Result<Vec<RrSet>, ProviderError> {
        let mut sets = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut request = self.request(Method::GET, &["rrsets"]).query(query);
            if let Some(token) = &next {
                request = request.query(&[("pageToken", token)]);
            }
            let page: Page = self.api.read(&self.ask_well(request, size).await?)?;
            sets.extend(page.rrsets);
            next = page.next;
            if next.is_none() {
                return Ok(sets);
            }
        }
        Err(self.api.endless())
    }

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let name = owner.to_ascii();
        let sets = self.sets(&[("name", &name)], Size::Small).await?;
        if sets.iter().any(|set| set.kind == "CNAME") {
            return Err(self.api.alias(owner));
        }
        let mut texts = Vec::new();
        for set in sets.iter().filter(|set| set.kind == "TXT") {
            texts.extend(self.texts(set)?);
        }
        let owner = owner.clone();
        Ok(Found { owner, texts })
    }

    /// The records of a set; each keeps what it is called there, which a removal must repeat.
    fn texts(&self, set: &RrSet) -> Result<Vec<Text>, ProviderError> {
        let texts = set.rrdatas.iter().map(|data| {
            let id = Some(data.clone());
            let text = self.api.text(data, set.ttl)?;
            Ok(Text { id, ..text })
        });
        texts.collect()
    }

    /// Sends edits as one change; one that is refused is found among fewer.
    async fn send(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        let mut change = Change::default();
        for edit in edits {
            let (owner, before) = (&edit.owner, &edit.before);
            let ttl = before.first().map_or(0, |text| text.ttl);
            let (gone, here) = (
                set(owner, ttl, before, before),
                set(owner, edit.ttl(), &edit.after, before),
            );
            change.deletions.extend(gone);
            change.additions.extend(here);
        }
        let request = self.request(Method::POST, &["changes"]).json(&change);
        let answer = self.ask(request, Size::Small).await?;
        if answer.status.is_success() {
            self.api.confirm(&answer)?;
            return Ok(edits.iter().map(|_| Ok(())).collect());
        }
        let error = self.refused(&answer);
        let ProviderError::Refused { .. } = error else {
            return Err(error);
        };
        match (edits, edits.split_at_checked(edits.len() / 2)) {
            ([edit], _) => {
                // What was to be taken away is not what is there, or what was to be new is there already.
                let is_overtaken = match answer.status {
                    StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => true,
                    StatusCode::NOT_FOUND => answer.said().contains("entity.change"),
                    _ => false,
                };
                let error = match is_overtaken {
                    true => ProviderError::Overtaken(edit.owner.clone()),
                    false => error,
                };
                Ok(vec![Err(Arc::new(error))])
            }
            (_, Some((one, other))) if !one.is_empty() => {
                let mut outcomes = Box::pin(self.send(one)).await?;
                outcomes.extend(Box::pin(self.send(other)).await?);
                Ok(outcomes)
            }
            _ => Err(error),
        }
    }
}

/// A record set of these records, none where there are none; what was there before is written as it was.
fn set(owner: &Name, ttl: u32, texts: &[Text], before: &[Text]) -> Option<RrSet> {
    let data = |text: &Text| {
        let known = text.id.clone().filter(|_| before.contains(text));
        known.unwrap_or_else(|| quoted(&text.strings))
    };
    (!texts.is_empty()).then(|| RrSet {
        name: owner.to_ascii(),
        kind: "TXT".to_owned(),
        ttl,
        rrdatas: texts.iter().map(data).collect(),
    })
}

/// The number of an algorithm (the registry of DNSSEC algorithm numbers).
fn algorithm(name: &str) -> Option<u8> {
    match name {
        "rsasha1" => Some(5),
        "rsasha256" => Some(8),
        "rsasha512" => Some(10),
        "ecdsap256sha256" => Some(13),
        "ecdsap384sha384" => Some(14),
        _ => None,
    }
}

#[async_trait]
impl Provider for Google {
    fn place(&self) -> String {
        self.api.place().to_owned()
    }

    fn most_at_once(&self) -> usize {
        AT_ONCE
    }

    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError> {
        look_at_each(
            owners,
            BESIDE,
            |owner| async move { self.look_at(&owner).await },
        )
        .await
    }

    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        self.send(edits).await
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let sets = self.sets(&[], Size::Zone).await?;
        let texts = sets.iter().filter(|set| set.kind == "TXT");
        let found = texts.filter_map(|set| {
            let owner = name(&set.name)?;
            Some(self.texts(set).map(|texts| Found { owner, texts }))
        });
        found.collect()
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let request = self.request(Method::GET, &[]);
        let zone: Zone = self.api.read(&self.ask_well(request, Size::Small).await?)?;
        let state = zone.dnssec.map(|dnssec| dnssec.state.to_lowercase());
        if !matches!(state.as_deref(), Some("on" | "transfer")) {
            return Ok(Signing::Unsigned);
        }
        let request = self.request(Method::GET, &["dnsKeys"]);
        let keys: Keys = self.api.read(&self.ask_well(request, Size::Small).await?)?;
        let active = keys.keys.iter();
        let active =
            active.filter(|key| key.is_active && key.kind.eq_ignore_ascii_case("keySigning"));
        let lines = active.filter_map(|key| {
            let mut digests = key.digests.iter();
            let digest = digests.find(|digest| digest.kind.eq_ignore_ascii_case("sha256"))?;
            let (tag, algorithm) = (key.key_tag, algorithm(&key.algorithm.to_lowercase())?);
            ds_line(
                &self.zone,
                &format!("{tag} {algorithm} 2 {}", digest.digest),
            )
        });
        Ok(Signing::Signed(lines.collect()))
    }
}
