//! Amazon Route 53 by its API of 2013-04-01.
//!
//! One request carries changes of many names, all of them or none; each replaces the record set of its name
//! (UPSERT). A removal says what is to be removed (DELETE), so that nothing newer goes with it. An account has
//! five requests a second for all its zones: many names are looked up in pages of the zone rather than one by
//! one, where that takes fewer.

mod document;
mod signature;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, StatusCode};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use url::Url;

use self::{
    document::{Answered, Listed, Set, batch, dnssec, error, listed},
    signature::{Signer, encoded},
};
use super::{
    edit::{Edit, Found, Text},
    http::{Api, Size},
    provider::{Looked, Outcome, Provider, ProviderError, Signing},
    quoted::{quoted_octal, unquoted_octal},
    token::Token,
};
use crate::clock::Clock;

/// Where the API is.
pub(crate) const URL: &str = "https://route53.amazonaws.com/";
/// How many record sets come on a page, and the most pages.
const PAGE: usize = 300;
const MOST_PAGES: usize = 10_000;
/// How many record sets are thought to be in a zone that was not listed yet; 10,000 are the most unless AWS allows more.
const USUAL: usize = 3_000;
/// How long from one request to the next: five a second.
const PACE: Duration = Duration::from_millis(220);
/// The most text in one request: 32,000 characters, and an UPSERT counts twice.
const MOST_TEXT: usize = 15_000;
/// How long to wait when it was too much nevertheless.
const PAUSE: Duration = Duration::from_secs(2);

/// A hosted zone.
#[derive(Debug)]
pub(crate) struct Route53 {
    api: Api,
    /// Of the hosted zone, without a final `/`.
    url: Url,
    zone: Name,
    signer: Signer,
    clock: Clock,
    /// When the next request may go.
    next: Mutex<Option<Instant>>,
    /// How many record sets the zone had when it was last listed.
    size: AtomicUsize,
}

impl Route53 {
    /// A hosted zone by its id, with an access key.
    pub(crate) fn new(
        api: Api,
        base: &Url,
        zone_id: &str,
        zone: &Name,
        (id, secret): (String, Token),
        clock: Clock,
    ) -> Option<Self> {
        let mut url = base.clone();
        let path = ["2013-04-01", "hostedzone", zone_id];
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(Self {
            api,
            url,
            zone: zone.clone(),
            signer: Signer { id, secret },
            clock,
            next: Mutex::default(),
            size: AtomicUsize::new(USUAL),
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &str,
        body: String,
    ) -> Result<String, ProviderError> {
        self.take_turn().await;
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(path);
        }
        url.set_query((!query.is_empty()).then_some(query));
        let now = self.clock.now();
        let (time, authorization) =
            self.signer
                .headers(method.as_str(), &url, body.as_bytes(), now);
        let request = self.api.client().request(method, url);
        let request = request
            .header("x-amz-date", time)
            .header("authorization", authorization)
            .header("content-type", "application/xml")
            .body(body);
        let answer = self.api.ask(request, Size::Small).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status.is_success() {
            return Ok(text);
        }
        let (code, said) = error(&text);
        match code.as_str() {
            "Throttling" | "PriorRequestNotComplete" => Err(self.api.limited(PAUSE)),
            _ => Err(self.api.refused(answer.status, &format!("{code}: {said}"))),
        }
    }

    /// Waits until another request may go.
    async fn take_turn(&self) {
        let mut next = self.next.lock().await;
        if let Some(at) = *next {
            sleep_until(at).await;
        }
        *next = Instant::now().checked_add(PACE);
    }

    /// One page of record sets, from a name and type on.
    async fn page(&self, from: Option<(&str, &str)>, most: usize) -> Result<Listed, ProviderError> {
        // In the order of the alphabet, as it is signed.
        let mut query = format!("maxitems={most}");
        if let Some((name, kind)) = from {
            query = format!("{query}&name={}&type={}", encoded(name), encoded(kind));
        }
        let text = self
            .ask(Method::GET, "rrset", &query, String::new())
            .await?;
        match listed(&text) {
            Answered::Is(page) => Ok(page),
            Answered::Broken(error) => Err(self.api.no_answer(error)),
        }
    }

    async fn look_at(&self, owner: &Name) -> Result<Looked, ProviderError> {
        let name = owner.to_ascii();
        // A CNAME comes before the TXT of a name.
        let page = self.page(Some((&name, "CNAME")), 2).await?;
        Ok(self.found(owner, &page))
    }

    fn found(&self, owner: &Name, page: &Listed) -> Looked {
        let name = owner.to_ascii();
        let here = page.sets.iter();
        let mut texts = Vec::new();
        for set in here.filter(|set| set.name.eq_ignore_ascii_case(&name)) {
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

    fn texts(&self, set: &Set) -> Result<Vec<Text>, ProviderError> {
        let texts = set.values.iter().map(|value| {
            let unread = || {
                let answer = "a TXT record that cannot be read".to_owned();
                self.api.says(answer, "see its value there")
            };
            Ok(Text {
                strings: unquoted_octal(value).ok_or_else(unread)?,
                ttl: set.ttl,
                id: None,
            })
        });
        texts.collect()
    }

    /// The whole zone, all types.
    async fn whole(&self) -> Result<Listed, ProviderError> {
        let mut whole = Listed::default();
        let mut from: Option<(String, String)> = None;
        for _ in 0..MOST_PAGES {
            let start = from.as_ref();
            let start = start.map(|(name, kind)| (name.as_str(), kind.as_str()));
            let page = self.page(start, PAGE).await?;
            whole.sets.extend(page.sets);
            from = page.next;
            if from.is_none() {
                self.size.store(whole.sets.len(), Ordering::Relaxed);
                return Ok(whole);
            }
        }
        Err(self.api.endless())
    }

    /// Sends edits as one request; one that is refused is found among fewer.
    async fn send(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        let text = batch(edits.iter().map(|edit| (edit, values(edit))));
        match self.ask(Method::POST, "rrset", "", text).await {
            Ok(_) => Ok(edits.iter().map(|_| Ok(())).collect()),
            Err(ProviderError::Refused { .. }) if edits.len() > 1 => {
                let middle = edits.len() / 2;
                let (one, other) = edits.split_at_checked(middle).unwrap_or((edits, &[]));
                let mut outcomes = Box::pin(self.send(one)).await?;
                outcomes.extend(Box::pin(self.send(other)).await?);
                Ok(outcomes)
            }
            Err(error @ ProviderError::Refused { .. }) => {
                // What was to be removed is not there as it was seen.
                let removed = edits.first().filter(|edit| edit.after.is_empty());
                let error = match (removed, error.to_string().contains("InvalidChangeBatch")) {
                    (Some(edit), true) => ProviderError::Overtaken(edit.owner.clone()),
                    _ => error,
                };
                Ok(vec![Err(Arc::new(error))])
            }
            Err(error) => Err(error),
        }
    }
}

/// What an edit sends: what is to be there, or what is to go.
fn values(edit: &Edit) -> Vec<String> {
    let texts = if edit.after.is_empty() {
        &edit.before
    } else {
        &edit.after
    };
    texts
        .iter()
        .map(|text| quoted_octal(&text.strings))
        .collect()
}

#[async_trait]
impl Provider for Route53 {
    fn place(&self) -> String {
        self.api.place().to_owned()
    }

    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError> {
        let pages = self.size.load(Ordering::Relaxed).div_ceil(PAGE).max(1);
        if owners.len() > pages {
            let whole = self.whole().await?;
            return Ok(owners
                .iter()
                .map(|owner| self.found(owner, &whole))
                .collect());
        }
        let mut looked = Vec::new();
        for owner in owners {
            looked.push(self.look_at(owner).await?);
        }
        Ok(looked)
    }

    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        let mut outcomes = Vec::new();
        let mut rest = edits;
        while !rest.is_empty() {
            let mut text = 0_usize;
            let fitting = rest.iter().take_while(|edit| {
                let long = values(edit).iter().map(String::len).sum::<usize>();
                text = text.saturating_add(long);
                text <= MOST_TEXT
            });
            let count = fitting.count().max(1);
            let (these, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            outcomes.extend(self.send(these).await?);
            rest = later;
        }
        Ok(outcomes)
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let whole = self.whole().await?;
        let mut found: BTreeMap<Name, Found> = BTreeMap::new();
        for set in whole.sets.iter().filter(|set| set.kind == "TXT") {
            let Some(owner) = super::http::name(&set.name) else {
                continue; // with escapes, so none of ours
            };
            let texts = self.texts(set)?;
            found.insert(owner.clone(), Found { owner, texts });
        }
        Ok(found.into_values().collect())
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let text = self.ask(Method::GET, "dnssec", "", String::new()).await;
        let text = match text {
            Ok(text) => text,
            // Zones without DNSSEC have nothing to tell of it.
            Err(ProviderError::Refused { answer, .. })
                if answer.starts_with(StatusCode::BAD_REQUEST.as_str()) =>
            {
                return Ok(Signing::Unknown);
            }
            Err(error) => return Err(error),
        };
        match dnssec(&text) {
            Answered::Is(None) => Ok(Signing::Unsigned),
            Answered::Is(Some(ds)) => {
                let zone = self.zone.to_ascii();
                let lines = ds.iter().map(|ds| format!("{zone} 3600 IN DS {ds}"));
                Ok(Signing::Signed(lines.collect()))
            }
            Answered::Broken(error) => Err(self.api.no_answer(error)),
        }
    }
}
