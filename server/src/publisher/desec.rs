//! deSEC by its API v1: it signs every zone, and replaces any number of record sets at once, all or none.
//!
//! It takes few requests: 50 that read in a minute, and 15 that write, 100 an hour and 300 a day for a zone. So
//! many names are looked up in pages of the zone rather than one by one, and changed together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    edit::{Edit, Found, Text},
    http::{Api, Size, below, ds_line, name, within},
    provider::{Looked, Outcome, Provider, ProviderError, Signing},
    quoted::quoted,
    token::Token,
};

/// Where the API is.
pub(crate) const URL: &str = "https://desec.io/api/v1/";
/// How many record sets come on a page, and the most pages.
const PAGE: usize = 500;
const MOST_PAGES: usize = 2_000;
/// What to do when it takes something else than the TTL.
const TTL: &str = "write a `ttl` for this domain that the zone takes (its minimum_ttl there, usually 3600), or ask deSEC to lower that";

/// A zone at deSEC.
#[derive(Debug)]
pub(crate) struct Desec {
    api: Api,
    /// Of the zone, without a final `/`.
    url: Url,
    zone: Name,
    token: Token,
    /// How many record sets the zone had when it was last listed.
    size: AtomicUsize,
}

#[derive(Debug, Deserialize)]
struct RrSet {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    ttl: u32,
    #[serde(default)]
    records: Vec<String>,
}

/// A record set as it is sent; without records it goes.
#[derive(Debug, Serialize)]
struct Sent {
    subname: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    records: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Domain {
    #[serde(default)]
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(default)]
    ds: Vec<String>,
}

impl Desec {
    /// A zone by its name, with a token that may read and write it.
    pub(crate) fn new(api: Api, base: &Url, zone: &Name, token: Token) -> Self {
        let plain = zone.to_ascii();
        Self {
            api,
            url: below(base, &["domains", plain.trim_end_matches('.')]),
            zone: zone.clone(),
            token,
            size: AtomicUsize::new(PAGE),
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let request = self.api.client().request(method, below(&self.url, path));
        match self.token.header("Token ") {
            Ok(token) => request.header("authorization", token),
            Err(_) => request, // not for a token that was taken
        }
    }

    async fn look_at(&self, owner: &Name) -> Result<Looked, ProviderError> {
        let subname = within(owner, &self.zone);
        let request = self.request(Method::GET, &["rrsets", ""]);
        let request = request.query(&[("subname", subname)]);
        let answer = self.api.ask_well(request, Size::Small).await?;
        let sets: Vec<RrSet> = self.api.read(&answer)?;
        Ok(self.found(owner, &sets))
    }

    fn found(&self, owner: &Name, sets: &[RrSet]) -> Looked {
        let name = owner.to_ascii();
        let mut texts = Vec::new();
        for set in sets
            .iter()
            .filter(|set| set.name.eq_ignore_ascii_case(&name))
        {
            match set.kind.as_str() {
                "CNAME" => {
                    return Err(Arc::new(self.api.alias(owner)));
                }
                "TXT" => texts = self.texts(set).map_err(Arc::new)?,
                _ => {}
            }
        }
        let owner = owner.clone();
        Ok(Found { owner, texts })
    }

    fn texts(&self, set: &RrSet) -> Result<Vec<Text>, ProviderError> {
        let records = set.records.iter();
        records
            .map(|record| self.api.text(record, set.ttl))
            .collect()
    }

    /// The whole zone, all types, page by page.
    async fn whole(&self) -> Result<Vec<RrSet>, ProviderError> {
        let mut whole = Vec::new();
        let mut cursor = Some(String::new());
        for _ in 0..MOST_PAGES {
            let Some(from) = cursor else {
                self.size.store(whole.len(), Ordering::Relaxed);
                return Ok(whole);
            };
            let request = self.request(Method::GET, &["rrsets", ""]);
            let request = request.query(&[("cursor", &from)]);
            let answer = self.api.ask_well(request, Size::Zone).await?;
            let page: Vec<RrSet> = self.api.read(&answer)?;
            whole.extend(page);
            cursor = answer.link.as_deref().and_then(next);
        }
        Err(self.api.endless())
    }

    /// Sends edits as one request; those that are refused are told, and the others sent without them.
    async fn send(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        let sent: Vec<Sent> = edits.iter().map(|edit| self.sent(edit)).collect();
        // PATCH takes removals without a TTL, and replaces what is named as a whole all the same.
        let request = self.request(Method::PATCH, &["rrsets", ""]).json(&sent);
        let answer = self.api.ask(request, Size::Small).await?;
        if answer.status.is_success() {
            self.api.confirm(&answer)?;
            return Ok(edits.iter().map(|_| Ok(())).collect());
        }
        let refused = |said: &str| {
            let error = self.api.refused(answer.status, said);
            match error {
                ProviderError::Refused { answer, .. } if answer.contains("ttl") => {
                    self.api.says(answer, TTL)
                }
                error => error,
            }
        };
        if answer.status != StatusCode::BAD_REQUEST {
            return Err(refused(&answer.said()));
        }
        // One object for each, empty where there is nothing to object to.
        let told: Vec<Value> = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_bad = |one: &Value| one.as_object().is_some_and(|object| !object.is_empty());
        if told.len() == edits.len() && told.iter().any(is_bad) {
            let good = edits.iter().zip(&told).filter(|(_, told)| !is_bad(told));
            let good: Vec<Edit> = good.map(|(edit, _)| edit.clone()).collect();
            let mut sent = match good.is_empty() {
                true => Vec::new(),
                false => Box::pin(self.send(&good)).await?,
            }
            .into_iter();
            let outcomes = told.iter().map(|told| match is_bad(told) {
                true => Err(Arc::new(refused(&told.to_string()))),
                false => sent.next().unwrap_or(Ok(())),
            });
            return Ok(outcomes.collect());
        }
        match edits.split_at_checked(edits.len() / 2) {
            // It does not say which: one that is refused is found among fewer.
            Some((one, other)) if !one.is_empty() => {
                let mut outcomes = Box::pin(self.send(one)).await?;
                outcomes.extend(Box::pin(self.send(other)).await?);
                Ok(outcomes)
            }
            _ => Ok(vec![Err(Arc::new(refused(&answer.said())))]),
        }
    }

    fn sent(&self, edit: &Edit) -> Sent {
        let records = edit.after.iter().map(|text| quoted(&text.strings));
        Sent {
            subname: within(&edit.owner, &self.zone),
            kind: "TXT",
            ttl: (!edit.after.is_empty()).then(|| edit.ttl()),
            records: records.collect(),
        }
    }
}

/// The cursor of the next page, in `<…?cursor=…>; rel="next"`.
fn next(link: &str) -> Option<String> {
    let mut links = link.split(',').filter_map(|link| link.split_once(';'));
    let (url, _) = links.find(|(_, what)| what.contains("rel=\"next\""))?;
    let url: Url = url
        .trim()
        .strip_prefix('<')?
        .strip_suffix('>')?
        .parse()
        .ok()?;
    // Only this, and not where it leads: the token goes to nobody else.
    let mut query = url.query_pairs();
    query.find_map(|(key, value)| (key == "cursor").then(|| value.into_owned()))
}

#[async_trait]
impl Provider for Desec {
    fn place(&self) -> String {
        self.api.place().to_owned()
    }

    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError> {
        let pages = self.size.load(Ordering::Relaxed).div_ceil(PAGE).max(1);
        if owners.len() > pages {
            let whole = self.whole().await?;
            let looked = owners.iter().map(|owner| self.found(owner, &whole));
            return Ok(looked.collect());
        }
        let mut looked = Vec::new();
        for owner in owners {
            looked.push(self.look_at(owner).await?);
        }
        Ok(looked)
    }

    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        self.send(edits).await
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let whole = self.whole().await?;
        let texts = whole.iter().filter(|set| set.kind == "TXT");
        let found = texts.filter_map(|set| {
            let owner = name(&set.name)?;
            Some(self.texts(set).map(|texts| Found { owner, texts }))
        });
        found.collect()
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let request = self.request(Method::GET, &[""]);
        let answer = self.api.ask_well(request, Size::Small).await?;
        let domain: Domain = self.api.read(&answer)?;
        if domain.keys.is_empty() {
            return Ok(Signing::Unsigned);
        }
        let ds = domain.keys.iter().flat_map(|key| &key.ds);
        let lines = ds.filter_map(|ds| ds_line(&self.zone, ds));
        // SHA-256 is what every parent takes.
        let lines = lines.filter(|line| line.split_whitespace().nth(6) == Some("2"));
        Ok(Signing::Signed(lines.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_asked_for_at_the_place_that_is_known() {
        let base = "https://desec.example/api/v1/domains/example.com/rrsets/";
        let link = format!(
            "<{base}?cursor=>; rel=\"first\", <{base}?cursor=abc%3D>; rel=\"prev\", <{base}?cursor=def%3D>; rel=\"next\""
        );
        assert_eq!(next(&link).unwrap(), "def=");
        assert_eq!(next(&format!("<{base}?cursor=>; rel=\"first\"")), None);
        assert_eq!(next("nonsense"), None);
    }
}
