//! Cloudflare by its API v4: a record is changed where it is (PUT), so that it is never away.
//!
//! Every record has an id of its own, and a name any number of them.

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::{
    by_record::{ByRecord, Step, by_name, change_each},
    edit::{Edit, Found, Text},
    http::{Api, Size, ds_line, name},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::{quoted, unquoted},
    token::Token,
};

/// Where the API is.
pub(crate) const URL: &str = "https://api.cloudflare.com/client/v4/";
/// How many names are looked at or changed side by side; it takes 1,200 requests in five minutes.
const BESIDE: usize = 4;
/// How many records come on a page of a list.
const PAGE: u32 = 500;
/// The most pages that are read.
const MOST_PAGES: u32 = 2_000;

/// A zone at Cloudflare.
#[derive(Debug)]
pub(crate) struct Cloudflare {
    api: Api,
    /// Of the zone, without a final `/`.
    url: Url,
    zone: Name,
    token: Token,
}

/// What every answer is wrapped in.
#[derive(Debug, Deserialize)]
struct Envelope<T> {
    success: bool,
    #[serde(default)]
    errors: Vec<Said>,
    result: Option<T>,
    result_info: Option<Pages>,
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
struct Pages {
    #[serde(default)]
    total_pages: u32,
    #[serde(default)]
    total_count: u64,
}

#[derive(Debug, Deserialize)]
struct Record {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    ttl: u32,
}

/// A record as it is sent.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    content: &'a str,
    ttl: u32,
}

#[derive(Debug, Deserialize)]
struct Dnssec {
    #[serde(default)]
    status: String,
    ds: Option<String>,
}

impl Cloudflare {
    /// A zone by its id, with a token that may edit its DNS.
    pub(crate) fn new(
        api: Api,
        base: &Url,
        zone_id: &str,
        zone: &Name,
        token: Token,
    ) -> Option<Self> {
        let mut url = base.clone();
        let path = ["zones", zone_id];
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(Self {
            api,
            url,
            zone: zone.clone(),
            token,
        })
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        let request = self.api.client().request(method, url);
        match self.token.header("Bearer ") {
            Ok(token) => request.header("authorization", token),
            Err(_) => request, // not for a token that was taken
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<Envelope<T>, ProviderError> {
        let answered = self.ask_of(request).await?;
        answered.map_err(|said| self.api.refused(StatusCode::NOT_FOUND, &said))
    }

    /// As [`Cloudflare::ask`], of something that may be gone: then with what is said of that.
    async fn ask_of<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<Result<Envelope<T>, String>, ProviderError> {
        let answer = self.api.ask(request, Size::Small).await?;
        let status = answer.status;
        let read: Result<Envelope<T>, _> = serde_json::from_slice(&answer.body);
        let envelope = match read {
            Ok(envelope) if status.is_success() && envelope.success => return Ok(Ok(envelope)),
            Ok(envelope) => envelope,
            Err(error) if status.is_success() => return Err(self.api.no_answer(error)),
            Err(_) => return Err(self.api.refused(status, "")),
        };
        let errors = envelope.errors.iter();
        let said = errors.map(|error| format!("{} ({})", error.message, error.code));
        let said = said.collect::<Vec<_>>().join("; ");
        match status {
            StatusCode::NOT_FOUND => Ok(Err(said)),
            // It says so itself, whatever the status.
            status if status.is_success() => {
                Err(self.api.refused(StatusCode::UNPROCESSABLE_ENTITY, &said))
            }
            status => Err(self.api.refused(status, &said)),
        }
    }

    /// The records that a query finds, page by page.
    async fn records(&self, query: &[(&str, &str)]) -> Result<Vec<Record>, ProviderError> {
        let mut records = Vec::new();
        for page in 1..=MOST_PAGES {
            let place = [("page", page), ("per_page", PAGE)];
            let request = self.request(Method::GET, &["dns_records"]);
            let request = request.query(query).query(&place);
            let envelope: Envelope<Vec<Record>> = self.ask(request).await?;
            records.extend(envelope.result.unwrap_or_default());
            let pages = envelope.result_info;
            if pages.as_ref().is_none_or(|pages| pages.total_pages <= page) {
                let all = pages.map_or(0, |pages| pages.total_count);
                // A list that lost its end would look like names that are missing.
                if all > records.len() as u64 {
                    let answer = format!("it told {all} records and gave {}", records.len());
                    return Err(self.api.says(answer, "they change; it is listed again"));
                }
                return Ok(records);
            }
        }
        Err(self.api.endless())
    }

    fn text(&self, record: &Record) -> Result<Text, ProviderError> {
        let unread = || {
            let answer = format!("the TXT record {} cannot be read", record.id.escape_debug());
            self.api.says(answer, "write its content in quotes there")
        };
        Ok(Text {
            strings: unquoted(&record.content).ok_or_else(unread)?,
            ttl: record.ttl,
            id: Some(record.id.clone()),
        })
    }
}

/// A name as Cloudflare has it, without the final dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

#[async_trait]
impl ByRecord for Cloudflare {
    const BESIDE: usize = BESIDE;

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let name = plain(owner);
        let records = self.records(&[("name.exact", name.as_str())]).await?;
        let here = || {
            records
                .iter()
                .filter(|one| one.name.eq_ignore_ascii_case(&name))
        };
        if here().any(|record| record.kind == "CNAME") {
            return Err(self.api.alias(owner));
        }
        let texts = here().filter(|record| record.kind == "TXT");
        let texts = texts.map(|record| self.text(record));
        Ok(Found {
            owner: owner.clone(),
            texts: texts.collect::<Result<_, _>>()?,
        })
    }

    async fn step(&self, owner: &Name, step: Step<'_>) -> Result<bool, ProviderError> {
        let (request, text) = match step {
            Step::Remove(id) => (self.request(Method::DELETE, &["dns_records", id]), None),
            Step::Replace(id, text) => {
                (self.request(Method::PUT, &["dns_records", id]), Some(text))
            }
            Step::Create(text) => (self.request(Method::POST, &["dns_records"]), Some(text)),
        };
        let request = match text {
            None => request,
            Some(text) => request.json(&Sent {
                kind: "TXT",
                name: &plain(owner),
                content: &quoted(&text.strings),
                ttl: text.ttl,
            }),
        };
        Ok(self.ask_of::<IgnoredAny>(request).await?.is_ok())
    }
}

#[async_trait]
impl Provider for Cloudflare {
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
        change_each(self, edits).await
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let records = self.records(&[("type", "TXT")]).await?;
        let named = records
            .iter()
            .filter_map(|record| Some((name(&record.name)?, record)));
        by_name(named.map(|(owner, record)| Ok((owner, self.text(record)?))))
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let request = self.request(Method::GET, &["dnssec"]);
        let envelope: Envelope<Dnssec> = self.ask(request).await?;
        let Some(dnssec) = envelope.result else {
            return Ok(Signing::Unknown);
        };
        // `pending` is signed, and waits for the DS record above.
        match dnssec.status.as_str() {
            "active" | "pending" => {
                let ds = dnssec.ds.and_then(|line| ds_line(&self.zone, &line));
                Ok(Signing::Signed(ds.into_iter().collect()))
            }
            _ => Ok(Signing::Unsigned),
        }
    }
}
