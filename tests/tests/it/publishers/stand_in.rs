//! What stands in for Cloudflare: its API v4 of DNS records, as documented, on loopback.
//!
//! Records have ids; TXT content is quoted strings of at most 255 bytes; an identical record is refused
//! (81058), and so is what is not there (81044). Lists come in pages.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::hosted::service::{Asked, Stands, says};
use super::hosted::zone::is_quoted;
use crate::scene::DOMAIN;

/// What stands in for Cloudflare.
#[derive(Default)]
pub(crate) struct StandIn {
    records: Mutex<BTreeMap<String, Value>>,
    count: Mutex<u64>,
    lost_end: Mutex<bool>,
}

impl StandIn {
    /// Makes so many names with a record each.
    pub(crate) fn fill(&self, names: usize) {
        let mut records = self.records.lock().unwrap();
        for number in 0..names {
            let name = format!("user{number}.user._bitcoin-payment.{DOMAIN}");
            let record =
                json!({ "type": "TXT", "name": name, "content": "\"bitcoin:?a\"", "ttl": 300 });
            records.insert(format!("filled{number}"), record);
        }
    }

    /// Has lists end too early from now on.
    pub(crate) fn lose_the_end(&self) {
        *self.lost_end.lock().unwrap() = true;
    }
}

impl Stands for StandIn {
    fn answer(&self, asked: &Asked) -> Response {
        if asked.header("authorization") != "Bearer right" {
            return refusal(403, 9109, "Invalid access token");
        }
        let zone = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353";
        let Some(path) = asked.path().strip_prefix(zone) else {
            return refusal(404, 7003, "Could not route to the zone");
        };
        let body = asked.json();
        let mut records = self.records.lock().unwrap();
        let id = path.strip_prefix("/dns_records/").map(str::to_owned);
        match (asked.method.as_str(), id) {
            ("GET", None) if path == "/dnssec" => done(&json!({
                "status": "active",
                "ds": format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF0123 "),
            })),
            ("GET", None) => self.list(&records, &asked.query()),
            ("DELETE", Some(id)) => match records.remove(&id) {
                Some(_) => done(&json!({ "id": id })),
                None => refusal(404, 81_044, "Record does not exist."),
            },
            ("PUT" | "POST", id) => {
                if !is_record(&body) {
                    return refusal(400, 9_207, "Content is invalid");
                }
                if id.as_ref().is_some_and(|id| !records.contains_key(id)) {
                    return refusal(404, 81_044, "Record does not exist.");
                }
                let same = |record: &Value| {
                    record["name"] == body["name"] && record["content"] == body["content"]
                };
                let mut others = records
                    .iter()
                    .filter(|(other, _)| Some(*other) != id.as_ref());
                if others.any(|(_, record)| same(record)) {
                    let said = "An identical record already exists.";
                    return refusal(400, 81_058, said);
                }
                let mut count = self.count.lock().unwrap();
                *count += 1;
                records.insert(id.unwrap_or_else(|| format!("{:032x}", *count)), body);
                done(&json!({}))
            }
            _ => refusal(405, 10_405, "Method not allowed"),
        }
    }
}

impl StandIn {
    fn list(
        &self,
        records: &BTreeMap<String, Value>,
        asked: &BTreeMap<String, String>,
    ) -> Response {
        let number = |key: &str| asked.get(key).and_then(|text| text.parse::<usize>().ok());
        let (page, size) = (
            number("page").unwrap_or(1),
            number("per_page").unwrap_or(100),
        );
        let is_asked = |record: &Value| {
            let is = |key: &str, field: &str| {
                asked
                    .get(key)
                    .is_none_or(|wanted| record[field] == wanted.as_str())
            };
            is("name.exact", "name") && is("type", "type")
        };
        let found: Vec<Value> = records
            .iter()
            .filter(|(_, record)| is_asked(record))
            .map(|(id, record)| {
                let mut record = record.clone();
                record["id"] = json!(id);
                record
            })
            .collect();
        let mut pages = found.len().div_ceil(size);
        if *self.lost_end.lock().unwrap() {
            pages -= 1;
        }
        let shown: Vec<&Value> = found.iter().skip((page - 1) * size).take(size).collect();
        axum::Json(json!({
            "success": true, "errors": [], "messages": [], "result": shown,
            "result_info": {
                "page": page, "per_page": size, "count": shown.len(),
                "total_count": found.len(), "total_pages": pages,
            },
        }))
        .into_response()
    }
}

/// Whether it is a TXT record whose content is quoted strings of at most 255 bytes, on one line.
fn is_record(body: &Value) -> bool {
    let ttl = body["ttl"].as_u64();
    body["type"] == "TXT"
        && ttl.is_some_and(|ttl| ttl == 1 || (60..=86_400).contains(&ttl))
        && body["content"].as_str().is_some_and(is_quoted)
}

fn done(result: &Value) -> Response {
    axum::Json(json!({ "success": true, "errors": [], "messages": [], "result": result }))
        .into_response()
}

fn refusal(status: u16, code: u32, message: &str) -> Response {
    let errors = json!([{ "code": code, "message": message }]);
    let body = json!({ "success": false, "errors": errors, "messages": [], "result": null });
    says(status, &body)
}
