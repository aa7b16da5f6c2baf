//! Porkbun by its API v3: records one by one, each changed where it is.
//!
//! Every request is a POST with both keys in it. A TXT record is its text as it is, without quotes; the service
//! cuts it into strings itself.

use async_trait::async_trait;
use payname_resolver::hickory_proto::rr::Name;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{
    by_record::{ByRecord, Step, by_name, change_each},
    edit::{Edit, Found, Text},
    http::{Answer, Api, Size, below, ds_line, name, within},
    provider::{Looked, Outcome, Provider, ProviderError, Signing, look_at_each},
    quoted::{STRING, unquoted},
    token::Token,
};

/// Where the API is.
pub(crate) const URL: &str = "https://api.porkbun.com/api/json/v3/";
/// How many names are looked at or changed side by side.
const BESIDE: usize = 2;

/// A domain at Porkbun.
#[derive(Debug)]
pub(crate) struct Porkbun {
    api: Api,
    url: Url,
    zone: Name,
    key: Token,
    secret: Token,
}

/// A request: the keys, and whatever else.
#[derive(Serialize)]
struct Sent<'a> {
    apikey: &'a str,
    secretapikey: &'a str,
    #[serde(flatten)]
    record: Option<Written<'a>>,
}

/// A record as it is sent.
#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    content: &'a str,
    ttl: String,
}

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    id: Number,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: String,
    ttl: Number,
}

/// It writes numbers as text, mostly.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(u64),
}

/// What it says of the registry: DS records by their tags, or an empty list.
#[derive(Debug, Deserialize)]
struct Registered {
    #[serde(default)]
    records: Value,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl Porkbun {
    /// A domain by its name, with a key and its secret.
    pub(crate) fn new(api: Api, base: &Url, zone: &Name, key: Token, secret: Token) -> Self {
        Self {
            api,
            url: base.clone(),
            zone: zone.clone(),
            key,
            secret,
        }
    }

    /// Asks for something of the domain.
    async fn ask(
        &self,
        what: &[&str],
        record: Option<Written<'_>>,
        size: Size,
    ) -> Result<Answer, ProviderError> {
        let zone = self.zone.to_ascii();
        let (first, rest) = what.split_at_checked(2).unwrap_or((what, &[]));
        let path: Vec<&str> = first
            .iter()
            .copied()
            .chain([zone.trim_end_matches('.')])
            .chain(rest.iter().copied())
            .collect();
        let sent = Sent {
            apikey: self.key.as_str(),
            secretapikey: self.secret.as_str(),
            record,
        };
        let request = self.api.client().post(below(&self.url, &path)).json(&sent);
        self.api.ask(request, size).await
    }

    /// What an answer means that is not as hoped for.
    fn refused(&self, answer: &Answer) -> ProviderError {
        let said = answer.said();
        let status = match answer.status {
            // Wrong keys are a bad request like any other to it, and so is a domain that is not let in.
            StatusCode::BAD_REQUEST if said.contains("API") => StatusCode::FORBIDDEN,
            status => status,
        };
        self.api.refused(status, &said)
    }

    /// The records at a place.
    async fn records(&self, what: &[&str], size: Size) -> Result<Vec<Record>, ProviderError> {
        let answer = self.ask(what, None, size).await?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        let listed: Listed = self.api.read(&answer)?;
        Ok(listed.records)
    }

    fn text(&self, record: &Record) -> Result<Text, ProviderError> {
        let content = &record.content;
        // What somebody wrote in quotes comes back in quotes.
        let strings = match content.starts_with('"') && content.ends_with('"') {
            true => unquoted(content),
            false => Some(
                content
                    .as_bytes()
                    .chunks(STRING)
                    .map(<[u8]>::to_vec)
                    .collect(),
            ),
        };
        let answer = || format!("the TXT record {} cannot be read", record.id);
        let ttl = record.ttl.to_string().parse().ok();
        match (strings, ttl) {
            (Some(strings), Some(ttl)) => Ok(Text {
                strings,
                ttl,
                id: Some(record.id.to_string()),
            }),
            _ => Err(self.api.says(answer(), "see its value there")),
        }
    }
}

#[async_trait]
impl ByRecord for Porkbun {
    const BESIDE: usize = BESIDE;

    async fn look_at(&self, owner: &Name) -> Result<Found, ProviderError> {
        let subname = within(owner, &self.zone);
        let at = async |kind| {
            let what = ["dns", "retrieveByNameType", kind, &subname];
            self.records(&what, Size::Small).await
        };
        if !at("CNAME").await?.is_empty() {
            return Err(self.api.alias(owner));
        }
        let records = at("TXT").await?;
        let texts = records.iter().map(|record| self.text(record));
        Ok(Found {
            owner: owner.clone(),
            texts: texts.collect::<Result<_, _>>()?,
        })
    }

    async fn step(&self, owner: &Name, step: Step<'_>) -> Result<bool, ProviderError> {
        let subname = within(owner, &self.zone);
        let (what, id, text) = match step {
            Step::Remove(id) => ("delete", Some(id), None),
            Step::Replace(id, text) => ("edit", Some(id), Some(text)),
            Step::Create(text) => ("create", None, Some(text)),
        };
        let content = text.map(|text| String::from_utf8_lossy(&text.joined()).into_owned());
        let record = text.zip(content.as_deref()).map(|(text, content)| Written {
            name: &subname,
            kind: "TXT",
            content,
            ttl: text.ttl.to_string(),
        });
        let what: Vec<&str> = ["dns", what].into_iter().chain(id).collect();
        let answer = self.ask(&what, record, Size::Small).await?;
        if answer.status.is_success() {
            self.api.confirm(&answer)?;
            return Ok(true);
        }
        // It has no status of its own for a record that is gone.
        let is_gone = id.is_some() && answer.said().to_lowercase().contains("invalid record id");
        match is_gone {
            true => Ok(false),
            false => Err(self.refused(&answer)),
        }
    }
}

#[async_trait]
impl Provider for Porkbun {
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
        let records = self.records(&["dns", "retrieve"], Size::Zone).await?;
        let texts = records.iter().filter(|record| record.kind == "TXT");
        let named = texts.filter_map(|record| Some((name(&record.name)?, record)));
        by_name(named.map(|(owner, record)| Ok((owner, self.text(record)?))))
    }

    async fn signs(&self) -> Result<Signing, ProviderError> {
        let what = ["dns", "getDnssecRecords"];
        let answer = self.ask(&what, None, Size::Small).await?;
        if !answer.status.is_success() {
            return Err(self.refused(&answer));
        }
        let registered: Registered = self.api.read(&answer)?;
        let records = registered.records.as_object();
        let lines = records.into_iter().flat_map(|records| records.values());
        let lines = lines.filter_map(|ds| {
            let field = |name: &str| Some(ds.get(name)?.as_str()?.to_owned());
            let (tag, algorithm) = (field("keyTag")?, field("alg")?);
            let (kind, digest) = (field("digestType")?, field("digest")?);
            ds_line(&self.zone, &format!("{tag} {algorithm} {kind} {digest}"))
        });
        let lines: Vec<String> = lines.collect();
        // What the registry has is told, not what its name servers do: without the one nobody can say the other.
        Ok(match lines.is_empty() {
            true => Signing::Unknown,
            false => Signing::Signed(lines),
        })
    }
}
