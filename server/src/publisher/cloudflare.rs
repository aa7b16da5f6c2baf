//! Cloudflare by its API v4: a record is changed where it is (PUT), so that it is never away.
//!
//! Every record has an id of its own, and a name any number of them. Where one payment record follows
//! another, that is one PUT; where there were several by mistake, the one with the lowest id stays for whoever
//! comes, so that those who come at the same time do not take away each other's.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use payname_resolver::hickory_proto::rr::Name;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::{
    edit::{Edit, Found, Text},
    http::{Api, Size, name},
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
        let answer = "its list does not end".to_owned();
        Err(self
            .api
            .says(answer, "see whether the zone is the right one"))
    }

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let name = plain(owner);
        let records = self.records(&[("name.exact", name.as_str())]).await?;
        let here = || {
            records
                .iter()
                .filter(|one| one.name.eq_ignore_ascii_case(&name))
        };
        if here().any(|record| record.kind == "CNAME") {
            return Err(ProviderError::Alias {
                owner: owner.clone(),
                place: self.place(),
            });
        }
        let texts = here().filter(|record| record.kind == "TXT");
        let texts = texts.map(|record| self.text(record));
        Ok(Found {
            owner: owner.clone(),
            texts: texts.collect::<Result<_, _>>()?,
        })
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

    async fn carry_out(&self, edit: &Edit) -> Result<(), ProviderError> {
        let owner = plain(&edit.owner);
        let before: BTreeMap<&str, &Text> = by_id(&edit.before);
        let after: BTreeMap<&str, &Text> = by_id(&edit.after);
        let mut is_new = false;
        // Those that are surplus first: the one that stays is there all the time, and may be given what one of
        // them says, which it takes no second time.
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            let request = self.request(Method::DELETE, &["dns_records", id]);
            // What is gone already need not go.
            let _ = self.ask_of::<IgnoredAny>(request).await?;
        }
        for text in &edit.after {
            let content = quoted(&text.strings);
            let sent = Sent {
                kind: "TXT",
                name: &owner,
                content: &content,
                ttl: text.ttl,
            };
            let request = match &text.id {
                Some(id) if before.get(id.as_str()) == Some(&text) => continue, // it stays as it is
                Some(id) => self.request(Method::PUT, &["dns_records", id]),
                None => {
                    is_new |= text.is_payment();
                    self.request(Method::POST, &["dns_records"])
                }
            };
            let sent = self.ask_of::<IgnoredAny>(request.json(&sent)).await?;
            if sent.is_err() {
                return Err(ProviderError::Overtaken(edit.owner.clone()));
            }
        }
        // It knows no conditions: whether somebody else made one at the same time is seen afterwards.
        if is_new && self.look_at(&edit.owner).await?.payments().count() > 1 {
            return Err(ProviderError::Overtaken(edit.owner.clone()));
        }
        Ok(())
    }
}

fn by_id(texts: &[Text]) -> BTreeMap<&str, &Text> {
    let texts = texts.iter();
    let texts = texts.filter_map(|text| Some((text.id.as_deref()?, text)));
    texts.collect()
}

/// A name as Cloudflare has it, without the final dot.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
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
        let changing = stream::iter(edits.to_vec());
        let changing = changing.map(async |edit| self.carry_out(&edit).await.map_err(Arc::new));
        Ok(changing.buffered(BESIDE).collect().await)
    }

    async fn list(&self) -> Result<Vec<Found>, ProviderError> {
        let mut found: BTreeMap<Name, Found> = BTreeMap::new();
        for record in self.records(&[("type", "TXT")]).await? {
            let Some(owner) = name(&record.name) else {
                continue;
            };
            let text = self.text(&record)?;
            let at = found.entry(owner.clone());
            let at = at.or_insert(Found {
                owner,
                texts: Vec::new(),
            });
            at.texts.push(text);
        }
        Ok(found.into_values().collect())
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

/// The DS record of a line like `example.com. 3600 IN DS 2371 13 2 32996839…`.
fn ds_line(zone: &Name, line: &str) -> Option<String> {
    let (_, data) = line.split_once(" DS ")?;
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
