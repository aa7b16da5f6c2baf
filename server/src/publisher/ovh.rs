//! OVHcloud by its API v1: records one by one, and all changes of a zone are shown at once when it is told to.

use std::{
    mem,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, StatusCode};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;
use zeroize::Zeroizing;

use super::{
    by_record::{ByRecord, Step, by_name, change_each},
    edit::{Edit, Found, Text},
    http::{Answer, Api, Size, below, within, without},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::{quoted, unquoted},
    token::Token,
};
use crate::clock::Clock;

/// Where the API is, for accounts of the European company.
pub(crate) const URL: &str = "https://eu.api.ovh.com/1.0/";
/// How many requests go side by side.
const BESIDE: usize = 4;

/// A zone at OVHcloud.
#[derive(Debug)]
pub(crate) struct Ovh {
    api: Api,
    /// Of the zone, without a final `/`.
    url: Url,
    zone: Name,
    keys: Keys,
    clock: Clock,
    /// Whether something may have been changed that is not shown yet; before a server's first look it is not known.
    is_behind: AtomicBool,
    /// Held while it is shown.
    showing: Mutex<()>,
}

/// What requests are signed with.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    /// The key of the application, which is no secret.
    pub(crate) application: String,
    pub(crate) secret: Token,
    pub(crate) consumer: Token,
}

#[derive(Debug, Deserialize)]
struct Record {
    id: u64,
    #[serde(rename = "subDomain", default)]
    subname: Option<String>,
    #[serde(rename = "fieldType")]
    kind: String,
    target: String,
    #[serde(default)]
    ttl: Option<u32>,
}

/// A record as it is sent.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    #[serde(rename = "fieldType", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(rename = "subDomain")]
    subname: &'a str,
    target: String,
    ttl: u32,
}

#[derive(Debug, Deserialize)]
struct Dnssec {
    #[serde(default)]
    status: String,
}

impl Ovh {
    /// A zone by its name, with keys that may read and change it.
    pub(crate) fn new(api: Api, base: &Url, zone: &Name, keys: Keys, clock: Clock) -> Self {
        let plain = zone.to_ascii();
        Self {
            api,
            url: below(base, &["domain", "zone", plain.trim_end_matches('.')]),
            zone: zone.clone(),
            keys,
            clock,
            is_behind: AtomicBool::new(true),
            showing: Mutex::default(),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, ProviderError> {
        let mut url = below(&self.url, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let time = self.clock.now().0.to_string();
        let signature = self.keys.sign(method.as_str(), &url, &body, &time);
        let mut request = self.api.client().request(method, url);
        request = request
            .header("x-ovh-application", &self.keys.application)
            .header("x-ovh-timestamp", time)
            .header("x-ovh-signature", signature);
        if let Ok(consumer) = self.keys.consumer.header("") {
            request = request.header("x-ovh-consumer", consumer);
        }
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        self.api.ask(request, Size::Small).await
    }

    /// As [`Ovh::ask`], for an answer that must be as hoped for.
    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ProviderError> {
        let answer = self.ask(Method::GET, path, query, String::new()).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.api.refused(answer.status, &answer.said()))
    }

    /// The records that a query finds.
    async fn records(&self, query: &[(&str, &str)]) -> Result<Vec<Record>, ProviderError> {
        let ids: Vec<u64> = self.api.read(&self.get(&["record"], query).await?)?;
        let fetching = stream::iter(ids.into_iter().map(|id| self.record(id)));
        let records = fetching.buffered(BESIDE);
        records
            .try_filter_map(async |record| Ok(record))
            .try_collect()
            .await
    }

    /// One record; none if it went meanwhile.
    async fn record(&self, id: u64) -> Result<Option<Record>, ProviderError> {
        let path = ["record", &id.to_string()];
        let answer = self.ask(Method::GET, &path, &[], String::new()).await?;
        match answer.status {
            status if status.is_success() => self.api.read(&answer).map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(self.api.refused(status, &answer.said())),
        }
    }

    fn text(&self, record: &Record) -> Result<Text, ProviderError> {
        let unread = || {
            let answer = format!("the TXT record {} cannot be read", record.id);
            self.api.says(answer, "write its value in quotes there")
        };
        Ok(Text {
            strings: unquoted(&record.target).ok_or_else(unread)?,
            ttl: record.ttl.unwrap_or_default(),
            id: Some(record.id.to_string()),
        })
    }

    /// Has everything shown that was changed.
    async fn show(&self) -> Result<(), ProviderError> {
        let _showing = self.showing.lock().await;
        if !self.is_behind.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        // Until it is shown it is not, also where nobody waits for the answer any more.
        let behind = Behind(&self.is_behind);
        let answer = self
            .ask(Method::POST, &["refresh"], &[], String::new())
            .await?;
        if !answer.status.is_success() {
            return Err(self.api.refused(answer.status, &answer.said()));
        }
        self.api.confirm(&answer)?;
        mem::forget(behind);
        Ok(())
    }
}

/// Has it known, once it is gone, that something was changed which may not be shown yet.
struct Behind<'a>(&'a AtomicBool);

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Keys {
    /// What a request is signed with, as OVHcloud documents it: SHA-1 of a fixed text.
    fn sign(&self, method: &str, url: &Url, body: &str, time: &str) -> String {
        let (secret, consumer) = (self.secret.as_str(), self.consumer.as_str());
        let text = Zeroizing::new(format!("{secret}+{consumer}+{method}+{url}+{body}+{time}"));
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        format!("$1${}", data_encoding::HEXLOWER.encode(digest.as_ref()))
    }
}

#[async_trait]
impl ByRecord for Ovh {
    const BESIDE: usize = BESIDE;

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let subname = within(owner, &self.zone);
        let records = self.records(&[("subDomain", &subname)]).await?;
        if records.iter().any(|record| record.kind == "CNAME") {
            return Err(self.api.alias(owner));
        }
        let texts = records.iter().filter(|record| record.kind == "TXT");
        let texts = texts.map(|record| self.text(record));
        Ok(Found {
            owner: owner.clone(),
            texts: texts.collect::<Result<_, _>>()?,
        })
    }

    async fn step(&self, owner: &Name, step: Step<'_>) -> Result<bool, ProviderError> {
        let subname = within(owner, &self.zone);
        let (method, id, text) = match step {
            Step::Remove(id) => (Method::DELETE, Some(id), None),
            Step::Replace(id, text) => (Method::PUT, Some(id), Some(text)),
            Step::Create(text) => (Method::POST, None, Some(text)),
        };
        let sent = text.map(|text| Sent {
            // Of a record that is there it does not change.
            kind: id.is_none().then_some("TXT"),
            subname: &subname,
            target: quoted(&text.strings),
            ttl: text.ttl,
        });
        let body = sent.map(|sent| serde_json::to_string(&sent)).transpose();
        let body = body.map_err(|error| self.api.no_answer(error))?;
        let path: Vec<&str> = ["record"].into_iter().chain(id).collect();
        // Said when it is over, however it ends: what is shown meanwhile may be what was there before.
        let _behind = Behind(&self.is_behind);
        let answer = self
            .ask(method, &path, &[], body.unwrap_or_default())
            .await?;
        match answer.status {
            status if status.is_success() => self.api.confirm(&answer).map(|()| true),
            StatusCode::NOT_FOUND if id.is_some() => Ok(false),
            status => Err(self.api.refused(status, &answer.said())),
        }
    }

    async fn finish(&self) -> Result<(), ProviderError> {
        self.show().await
    }
}

#[async_trait]
impl Provider for Ovh {
    fn place(&self) -> String {
        self.api.place().to_owned()
    }

    async fn look(&self, owners: &[Name]) -> Result<Vec<Looked>, ProviderError> {
        // What stands there as it should, and was never shown, would stay unseen otherwise.
        self.show().await?;
        look_at_each(
            owners,
            BESIDE,
            |owner| async move { self.look_at(&owner).await },
        )
        .await
    }

    async fn change(&self, edits: &[Edit]) -> Result<Vec<Outcome>, ProviderError> {
        change_each(self, edits).await
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let records = self.records(&[("fieldType", "TXT")]).await?;
        let named = records.iter().filter_map(|record| {
            let subname = record.subname.as_deref().unwrap_or_default();
            Some((without(subname, &self.zone)?, record))
        });
        by_name(named.map(|(owner, record)| Ok((owner, self.text(record)?))))
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let dnssec: Dnssec = self.api.read(&self.get(&["dnssec"], &[]).await?)?;
        Ok(match dnssec.status.as_str() {
            // It brings the DS records to the registry by itself, and does not tell them.
            "enabled" | "enableInProgress" => Signing::Signed(Vec::new()),
            "disabled" | "disableInProgress" => Signing::Unsigned,
            _ => Signing::Unknown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Passphrase;

    #[test]
    fn a_request_is_signed_as_documented() {
        let token = |text: &str| Token::new(&Passphrase::typed(text.to_owned()).unwrap()).unwrap();
        let keys = Keys {
            application: "7kbG7Bk7S9Nt7ZSV".to_owned(),
            secret: token("EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF"),
            consumer: token("MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1"),
        };
        let url = "https://eu.api.ovh.com/1.0/domains/".parse().unwrap();
        let signature = keys.sign("GET", &url, "", "1366560945");
        assert_eq!(signature, "$1$d3705e8afb27a0d2970a322b96550abfc67bb798");
    }
}
