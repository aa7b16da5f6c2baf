//! PowerDNS by its HTTP API.
//!
//! One PATCH carries any number of record sets, each replaced as a whole, in one transaction. Left to itself,
//! the API rectifies the whole zone after each: that takes longer than all the rest, and longer the larger the
//! zone is. So it is turned off for the zone, and asked for where it is needed: for the first name below a
//! name that does not exist itself, and, in a zone that keeps its NSEC or NSEC3 chain, for names that came or
//! went. Zones with narrow NSEC3 keep none.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    edit::{Edit, Found, Text},
    http::{Answer, Api, Size, name},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::{quoted, unquoted},
    token::Token,
};

/// How many names are looked at side by side.
const BESIDE: usize = 8;

/// A zone at a PowerDNS.
#[derive(Debug)]
pub(crate) struct PowerDns {
    api: Api,
    /// Of the zone, with a final `/`.
    url: Url,
    zone: Name,
    key: Token,
    /// What is known of the zone; none before it was looked at.
    state: std::sync::Mutex<Option<State>>,
}

/// What is known of a zone.
#[derive(Debug, Clone, Default)]
struct State {
    /// Whether there is a chain to be kept.
    has_chain: bool,
    /// Names that are there because there are names below.
    parents: BTreeSet<Name>,
}

#[derive(Debug, Deserialize)]
struct ZoneInfo {
    #[serde(default)]
    dnssec: bool,
    #[serde(default)]
    nsec3param: String,
    #[serde(default)]
    nsec3narrow: bool,
    #[serde(default)]
    api_rectify: bool,
    #[serde(default)]
    rrsets: Vec<RrSet>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RrSet {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changetype: Option<String>,
    #[serde(default)]
    records: Vec<Record>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    content: String,
    #[serde(default)]
    disabled: bool,
}

#[derive(Debug, Serialize)]
struct Patch {
    rrsets: Vec<RrSet>,
}

#[derive(Debug, Deserialize)]
struct CryptoKey {
    #[serde(default)]
    active: bool,
    #[serde(default)]
    ds: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    error: String,
}

impl PowerDns {
    /// A zone of a server, as `localhost`, at an API, as `http://127.0.0.1:8081`.
    pub(crate) fn new(api: Api, base: &Url, server: &str, zone: &Name, key: Token) -> Option<Self> {
        let mut url = base.clone();
        let id = zone.to_ascii();
        let path = ["api", "v1", "servers", server, "zones", &id, ""];
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(Self {
            api,
            url,
            zone: zone.clone(),
            key,
            state: std::sync::Mutex::default(),
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if !path.is_empty() {
                segments.push(path);
            }
        }
        let request = self.api.client().request(method, url);
        match self.key.header("") {
            Ok(key) => request.header("X-API-Key", key),
            Err(_) => request, // not for a token that was taken
        }
    }

    async fn ask(&self, request: RequestBuilder, size: Size) -> Result<Answer, ProviderError> {
        let answer = self.api.ask(request, size).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let said: Result<Said, _> = serde_json::from_slice(&answer.body);
        let said = said.map(|said| said.error).unwrap_or_default();
        Err(self.api.refused(answer.status, &said))
    }

    /// What the zone is, without its records.
    async fn info(&self) -> Result<ZoneInfo, ProviderError> {
        let request = self.request(Method::GET, "").query(&[("rrsets", "false")]);
        self.api.read(&self.ask(request, Size::Small).await?)
    }

    /// Looks at the zone for the first time, and keeps it from being rectified with every change.
    async fn prepare(&self) -> Result<(), ProviderError> {
        if self.known(|state| state.is_some()) {
            return Ok(());
        }
        let info = self.info().await?;
        if info.api_rectify {
            let off = serde_json::json!({ "api_rectify": false });
            let request = self.request(Method::PUT, "").json(&off);
            self.ask(request, Size::Small).await?;
        }
        self.known(|state| {
            *state = Some(State {
                has_chain: info.dnssec && (info.nsec3param.is_empty() || !info.nsec3narrow),
                parents: BTreeSet::new(),
            });
        });
        Ok(())
    }

    fn known<T>(&self, look: impl FnOnce(&mut Option<State>) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether these edits leave something that only rectifying the zone puts right.
    fn need_rectifying(&self, edits: &[Edit]) -> bool {
        let came = || edits.iter().filter(|edit| edit.before.is_empty());
        let has_gone = edits.iter().any(|edit| edit.after.is_empty());
        self.known(|state| {
            let Some(state) = state else { return true };
            let has_chain = state.has_chain && (came().next().is_some() || has_gone);
            let mut parents = came().map(|edit| edit.owner.base_name());
            has_chain || parents.any(|parent| !state.parents.contains(&parent))
        })
    }

    async fn rectify(&self, edits: &[Edit]) -> Result<(), ProviderError> {
        let request = self.request(Method::PUT, "rectify");
        self.ask(request, Size::Zone).await?;
        self.known(|state| {
            if let Some(state) = state {
                let parents = edits.iter().map(|edit| edit.owner.base_name());
                state.parents.extend(parents);
            }
        });
        Ok(())
    }

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let (text, own) = (owner.to_ascii(), [("rrset_name", owner.to_ascii())]);
        let request = self.request(Method::GET, "").query(&own);
        let answer = self.ask(request, Size::Zone).await?;
        let info: ZoneInfo = self.api.read(&answer)?;
        let sets = info.rrsets.into_iter();
        let mut sets = sets.filter(|set| set.name.eq_ignore_ascii_case(&text));
        let mut texts = Vec::new();
        for set in &mut sets {
            match set.kind.as_str() {
                "TXT" => texts = self.texts(&set)?,
                "CNAME" => {
                    return Err(self.api.alias(owner));
                }
                _ => {}
            }
        }
        Ok(Found {
            owner: owner.clone(),
            texts,
        })
    }

    fn texts(&self, set: &RrSet) -> Result<Vec<Text>, ProviderError> {
        // What is turned off is not served; it goes when the set is replaced.
        let served = set.records.iter().filter(|record| !record.disabled);
        let texts = served.map(|record| {
            let strings = unquoted(&record.content);
            let unread = || {
                self.api
                    .says("a TXT record that cannot be read".to_owned(), "see its log")
            };
            Ok(Text {
                strings: strings.ok_or_else(unread)?,
                ttl: set.ttl.unwrap_or_default(),
                id: None,
            })
        });
        texts.collect()
    }
}

fn rrset(edit: &Edit) -> RrSet {
    let records = edit.after.iter().map(|text| Record {
        content: quoted(&text.strings),
        disabled: false,
    });
    let is_gone = edit.after.is_empty();
    RrSet {
        name: edit.owner.to_ascii(),
        kind: "TXT".to_owned(),
        ttl: (!is_gone).then(|| edit.ttl()),
        changetype: Some(if is_gone { "DELETE" } else { "REPLACE" }.to_owned()),
        records: records.collect(),
    }
}

#[async_trait]
impl Provider for PowerDns {
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
        self.prepare().await?;
        let patch = Patch {
            rrsets: edits.iter().map(rrset).collect(),
        };
        let request = self.request(Method::PATCH, "").json(&patch);
        match self.ask(request, Size::Small).await {
            Ok(_) => {}
            // All or nothing: one that is refused is found among fewer.
            Err(ProviderError::Refused { .. }) if edits.len() > 1 => {
                let middle = edits.len() / 2;
                let (one, other) = edits.split_at_checked(middle).unwrap_or((edits, &[]));
                let mut outcomes = Box::pin(self.change(one)).await?;
                outcomes.extend(Box::pin(self.change(other)).await?);
                return Ok(outcomes);
            }
            Err(error @ ProviderError::Refused { .. }) => return Ok(vec![Err(Arc::new(error))]),
            Err(error) => return Err(error),
        }
        if self.need_rectifying(edits) {
            self.rectify(edits).await?;
        }
        Ok(edits.iter().map(|_| Ok(())).collect())
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let request = self.request(Method::GET, "");
        let answer = self.ask(request, Size::Zone).await?;
        let info: ZoneInfo = self.api.read(&answer)?;
        let texts = info.rrsets.iter().filter(|set| set.kind == "TXT");
        let found = texts.filter_map(|set| {
            let owner = name(&set.name)?;
            Some(self.texts(set).map(|texts| Found { owner, texts }))
        });
        found.collect()
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let request = self.request(Method::GET, "cryptokeys");
        let answer = self.ask(request, Size::Small).await?;
        let keys: Vec<CryptoKey> = self.api.read(&answer)?;
        let active: Vec<CryptoKey> = keys.into_iter().filter(|key| key.active).collect();
        if active.is_empty() {
            return Ok(Signing::Unsigned);
        }
        let ds = active.iter().flat_map(|key| &key.ds);
        // SHA-256 is what every parent takes.
        let ds = ds.filter(|ds| ds.split_whitespace().nth(2) == Some("2"));
        let zone = self.zone.to_ascii();
        let lines = ds.map(|ds| format!("{zone} 3600 IN DS {}", ds.to_ascii_uppercase()));
        Ok(Signing::Signed(lines.collect()))
    }
}
