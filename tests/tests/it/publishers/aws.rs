//! What stands in for Route 53: its API of 2013-04-01, as documented, on loopback.
//!
//! Changes of one request are made together or not at all. A DELETE must say what is there. Lists are sorted
//! by name, with the labels reversed, and come in pages of 300 at the most.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::response::{IntoResponse as _, Response};

use super::hosted::service::{Asked, Fault, Service, Stands};
use crate::scene::DOMAIN;

/// What stands in for Route 53.
#[derive(Default)]
pub(crate) struct Aws {
    /// TTL and values of each set.
    sets: Mutex<BTreeMap<Key, (u32, Vec<String>)>>,
}

/// A name with its labels reversed, and a type.
type Key = (Vec<String>, String);

fn key(name: &str, kind: &str) -> Key {
    let labels = name.trim_end_matches('.').rsplit('.');
    (labels.map(str::to_owned).collect(), kind.to_owned())
}

fn name(key: &Key) -> String {
    let labels: Vec<&str> = key.0.iter().rev().map(String::as_str).collect();
    format!("{}.", labels.join("."))
}

/// The most characters of values in one request.
pub(crate) fn longest_batch(service: &Service<Aws>) -> usize {
    let writes = service.writes();
    let lengths = writes
        .iter()
        .map(|write| between(&write.body, "Value").map(str::len).sum());
    lengths.max().unwrap_or(0)
}

/// Refuses the next request that changes something.
pub(crate) fn refuse_next(service: &Service<Aws>, status: u16, code: &str) {
    service.fail_next(Fault::Says(status, error(code)), true);
}

impl Aws {
    /// Makes so many names with a record each.
    pub(crate) fn fill(&self, names: usize) {
        let mut sets = self.sets.lock().unwrap();
        for number in 0..names {
            let name = format!("user{number}.user._bitcoin-payment.{DOMAIN}");
            sets.insert(key(&name, "TXT"), (300, vec!["\"bitcoin:?a\"".to_owned()]));
        }
    }

    /// Makes a user's name an alias.
    pub(crate) fn alias(&self, user: &str) {
        let name = format!("{user}.user._bitcoin-payment.{DOMAIN}");
        let mut sets = self.sets.lock().unwrap();
        sets.insert(
            key(&name, "CNAME"),
            (300, vec!["elsewhere.test".to_owned()]),
        );
    }
}

impl Stands for Aws {
    fn answer(&self, asked: &Asked) -> Response {
        let signature = asked.header("authorization");
        let start = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/";
        let is_signed = signature.starts_with(start)
            && signature
                .contains("/us-east-1/route53/aws4_request, SignedHeaders=host;x-amz-date, ")
            && signature.rsplit_once("Signature=").unwrap().1.len() == 64;
        if !is_signed || asked.header("x-amz-date").len() != 16 {
            return refusal(403, "SignatureDoesNotMatch");
        }
        let zone = "/2013-04-01/hostedzone/Z111111QQQQQQQ";
        match (asked.method.as_str(), asked.path().strip_prefix(zone)) {
            ("GET", Some("/rrset")) => self.list(&asked.query()),
            ("POST", Some("/rrset")) => self.change(&asked.body),
            ("GET", Some("/dnssec")) => xml(
                "<GetDNSSECResponse><Status><ServeSignature>SIGNING</ServeSignature></Status>\
             <KeySigningKeys><KeySigningKey><Status>ACTIVE</Status>\
             <DSRecord>2371 13 2 ABCDEF</DSRecord></KeySigningKey></KeySigningKeys></GetDNSSECResponse>",
            ),
            _ => refusal(404, "NoSuchHostedZone"),
        }
    }
}

impl Aws {
    fn list(&self, asked: &BTreeMap<String, String>) -> Response {
        let most: usize = asked["maxitems"].parse().unwrap();
        assert!(most <= 300, "pages have 300 sets at the most");
        let from = asked.get("name").map(|name| key(name, &asked["type"]));
        let sets = self.sets.lock().unwrap();
        let mut later = sets
            .iter()
            .filter(|(key, _)| from.as_ref().is_none_or(|from| *key >= from));
        let shown: String = later
            .by_ref()
            .take(most)
            .map(|(key, (ttl, values))| {
                let values = values.iter().map(|value| {
                    let value = value.replace('&', "&amp;").replace('<', "&lt;");
                    format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>")
                });
                let values: String = values.collect();
                format!(
                    "<ResourceRecordSet><Name>{}</Name><Type>{}</Type><TTL>{ttl}</TTL>\
                     <ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>",
                    name(key),
                    key.1
                )
            })
            .collect();
        let next = later.next().map(|(key, _)| {
            let (name, kind) = (name(key), &key.1);
            format!(
                "<NextRecordName>{name}</NextRecordName><NextRecordType>{kind}</NextRecordType>"
            )
        });
        let is_truncated = next.is_some();
        xml(&format!(
            "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <ResourceRecordSets>{shown}</ResourceRecordSets><IsTruncated>{is_truncated}</IsTruncated>\
             {}<MaxItems>{most}</MaxItems></ListResourceRecordSetsResponse>",
            next.unwrap_or_default()
        ))
    }

    fn change(&self, body: &str) -> Response {
        let mut sets = self.sets.lock().unwrap();
        let mut changed = sets.clone();
        for change in between(body, "Change") {
            let one = |tag: &str| between(change, tag).next().unwrap().to_owned();
            let values = between(change, "Value");
            let values: Vec<String> = values
                .map(|value| {
                    value
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&amp;", "&")
                })
                .collect();
            let set = (one("TTL").parse().unwrap(), values);
            let key = key(&one("Name"), &one("Type"));
            match one("Action").as_str() {
                "UPSERT" => drop(changed.insert(key, set)),
                "DELETE" if changed.get(&key) == Some(&set) => drop(changed.remove(&key)),
                _ => return refusal(400, "InvalidChangeBatch"),
            }
        }
        *sets = changed;
        xml(
            "<ChangeResourceRecordSetsResponse><ChangeInfo><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>",
        )
    }
}

/// What stands in each element of this name.
fn between<'a>(text: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let pieces: Vec<&str> = text
        .split(&open)
        .skip(1)
        .map(|piece| piece.split(&close).next().unwrap())
        .collect();
    pieces.into_iter()
}

fn xml(text: &str) -> Response {
    (
        [("content-type", "text/xml")],
        format!("<?xml version=\"1.0\"?>\n{text}"),
    )
        .into_response()
}

fn refusal(status: u16, code: &str) -> Response {
    let mut response = xml(&error(code));
    *response.status_mut() = status.try_into().unwrap();
    response
}

fn error(code: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>It is refused.</Message></Error></ErrorResponse>"
    )
}
