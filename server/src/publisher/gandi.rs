//! Gandi LiveDNS by its API v5: one PUT replaces the record set of a name.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    edit::{Edit, Found, Text},
    http::{Api, Size, below, ds_line, within, without},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::quoted,
    token::Token,
};

/// Where the API is.
pub(crate) const URL: &str = "https://api.gandi.net/v5/livedns/";
/// How many names are looked at or changed side by side; it takes 1,000 requests in a minute.
const BESIDE: usize = 4;
/// How many record sets come on a page, and the most pages.
const PAGE: u32 = 500;
const MOST_PAGES: u32 = 2_000;

/// A zone at Gandi LiveDNS.
#[derive(Debug)]
pub(crate) struct Gandi {
    api: Api,
    /// Of the zone, without a final `/`.
    url: Url,
    zone: Name,
    token: Token,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct RrSet {
    rrset_name: String,
    rrset_type: String,
    #[serde(default)]
    rrset_ttl: u32,
    #[serde(default)]
    rrset_values: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Sent {
    rrset_ttl: u32,
    rrset_values: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    ds: String,
}

impl Gandi {
    /// A zone by its name, with a personal access token that may change it.
    pub(crate) fn new(api: Api, base: &Url, zone: &Name, token: Token) -> Self {
        let plain = zone.to_ascii();
        Self {
            api,
            url: below(base, &["domains", plain.trim_end_matches('.')]),
            zone: zone.clone(),
            token,
        }
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let request = self.api.client().request(method, below(&self.url, path));
        match self.token.header("Bearer ") {
            Ok(token) => request.header("authorization", token),
            Err(_) => request, // not for a token that was taken
        }
    }

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let request = self.request(Method::GET, &["records", &within(owner, &self.zone)]);
        let answer = self.api.ask(request, Size::Small).await?;
        let sets: Vec<RrSet> = match answer.status {
            status if status.is_success() => self.api.read(&answer)?,
            // No such name; that there is such a zone is what a change says.
            StatusCode::NOT_FOUND => Vec::new(),
            status => return Err(self.api.refused(status, &answer.said())),
        };
        if sets.iter().any(|set| set.rrset_type == "CNAME") {
            return Err(self.api.alias(owner));
        }
        let mut texts = Vec::new();
        for set in sets.iter().filter(|set| set.rrset_type == "TXT") {
            texts.extend(self.texts(set)?);
        }
        let owner = owner.clone();
        Ok(Found { owner, texts })
    }

    fn texts(&self, set: &RrSet) -> Result<Vec<Text>, ProviderError> {
        let values = set.rrset_values.iter();
        values
            .map(|value| self.api.text(value, set.rrset_ttl))
            .collect()
    }

    async fn carry_out(&self, edit: &Edit) -> Result<(), ProviderError> {
        let subname = within(&edit.owner, &self.zone);
        let path = ["records", &subname, "TXT"];
        if edit.after.is_empty() {
            let request = self.request(Method::DELETE, &path);
            let answer = self.api.ask(request, Size::Small).await?;
            return match answer.status {
                // What is gone already need not go.
                status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
                status => Err(self.api.refused(status, &answer.said())),
            };
        }
        let values = edit.after.iter().map(|text| quoted(&text.strings));
        let sent = Sent {
            rrset_ttl: edit.ttl(),
            rrset_values: values.collect(),
        };
        let request = self.request(Method::PUT, &path).json(&sent);
        let answer = self.api.ask_well(request, Size::Small).await?;
        self.api.confirm(&answer)
    }
}

#[async_trait]
impl Provider for Gandi {
    fn place(&self) -> String {
        self.api.place().to_owned()
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
        let changing = stream::iter(edits.to_vec());
        let changing = changing.map(async |edit| self.carry_out(&edit).await.map_err(Arc::new));
        Ok(changing.buffered(BESIDE).collect().await)
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let mut found = Vec::new();
        let mut first: Option<RrSet> = None;
        for page in 1..=MOST_PAGES {
            let place = [("page", page), ("per_page", PAGE)];
            let request = self.request(Method::GET, &["records"]).query(&place);
            let answer = self.api.ask_well(request, Size::Zone).await?;
            let sets: Vec<RrSet> = self.api.read(&answer)?;
            // It ends with a page that has nothing, or with the first, where there is but one.
            if sets.is_empty() || sets.first() == first.as_ref() {
                return Ok(found);
            }
            for set in sets.iter().filter(|set| set.rrset_type == "TXT") {
                let Some(owner) = without(&set.rrset_name, &self.zone) else {
                    continue; // with escapes, so none of ours
                };
                let texts = self.texts(set)?;
                found.push(Found { owner, texts });
            }
            if first.is_none() {
                first = sets.into_iter().next();
            }
        }
        Err(self.api.endless())
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let request = self.request(Method::GET, &["keys"]);
        let answer = self.api.ask_well(request, Size::Small).await?;
        let keys: Vec<Key> = self.api.read(&answer)?;
        let used: Vec<Key> = keys.into_iter().filter(|key| !key.deleted).collect();
        if used.is_empty() {
            return Ok(Signing::Unsigned);
        }
        let lines = used.iter().filter_map(|key| ds_line(&self.zone, &key.ds));
        Ok(Signing::Signed(lines.collect()))
    }
}
