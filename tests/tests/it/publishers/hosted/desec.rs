//! deSEC's API v1, as `desec.readthedocs.io` documents it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::{IntoResponse as _, Response};
use payname_server::publisher::{Provider, ProviderError, PublishError, Signing, put};
use serde_json::{Value, json};

use super::faults;
use super::service::{Asked, Service, Stands, configured, says};
use super::zone::{Sets, is_quoted};
use crate::publishers::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;

/// What stands in for deSEC.
#[derive(Default)]
pub(crate) struct Desec {
    sets: Sets,
    /// Whether the zone has no keys, which deSEC itself never lets happen.
    is_unsigned: AtomicBool,
}

type Set = ((String, String), (u64, Vec<String>));

fn rrset(((subname, kind), (ttl, records)): &Set) -> Value {
    json!({
        "created": "2026-01-01T00:00:00Z", "touched": "2026-01-01T00:00:00Z", "domain": DOMAIN,
        "subname": subname, "name": format!("{subname}.{DOMAIN}."), "type": kind,
        "ttl": ttl, "records": records,
    })
}

impl Stands for Desec {
    fn answer(&self, asked: &Asked) -> Response {
        if asked.header("authorization") != "Token right" {
            return says(401, &json!({ "detail": "Invalid token." }));
        }
        let domain = format!("/api/v1/domains/{DOMAIN}/");
        match (asked.method.as_str(), asked.path().strip_prefix(&domain)) {
            ("GET", Some("")) if self.is_unsigned.load(Ordering::Relaxed) => says(
                200,
                &json!({ "name": DOMAIN, "minimum_ttl": TTL, "keys": [] }),
            ),
            ("GET", Some("")) => says(
                200,
                &json!({
                    "name": DOMAIN, "minimum_ttl": TTL,
                    "keys": [{
                        "dnskey": "257 3 13 WFRl60", "flags": 257, "keytype": "csk",
                        "ds": ["6006 13 2 f34b75ab", "6006 13 4 2fdcf8cd"],
                    }],
                }),
            ),
            ("GET", Some("rrsets/")) => self.list(asked),
            ("PATCH", Some("rrsets/")) => self.patch(asked),
            _ => says(404, &json!({ "detail": "Not found." })),
        }
    }
}

impl Desec {
    pub(crate) fn unsign(&self) {
        self.is_unsigned.store(true, Ordering::Relaxed);
    }

    fn list(&self, asked: &Asked) -> Response {
        let query = asked.query();
        let wanted = query.get("subname");
        let sets = self.sets.lock().unwrap();
        let sets = sets.iter().map(|(key, set)| (key.clone(), set.clone()));
        let found: Vec<Set> = sets
            .filter(|((subname, _), _)| wanted.is_none_or(|wanted| wanted == subname))
            .collect();
        let Some(cursor) = query.get("cursor") else {
            assert!(found.len() <= 500, "pagination is required");
            return says(200, &found.iter().map(rrset).collect());
        };
        let start: usize = cursor.parse().unwrap_or(0);
        let page: Value = found.iter().skip(start).take(500).map(rrset).collect();
        // It says where the next is, and that is not where it is asked.
        let url = format!("https://desec.example/api/v1/domains/{DOMAIN}/rrsets/?cursor=");
        let mut link = format!("<{url}>; rel=\"first\"");
        if start + 500 < found.len() {
            link += &format!(", <{url}{}>; rel=\"next\"", start + 500);
        }
        ([("link", link)], axum::Json(page)).into_response()
    }

    fn patch(&self, asked: &Asked) -> Response {
        let body = asked.json();
        let told: Vec<Value> = body.as_array().unwrap().iter().map(told).collect();
        if told.iter().any(|told| *told != json!({})) {
            return says(400, &json!(told));
        }
        let mut sets = self.sets.lock().unwrap();
        for one in body.as_array().unwrap() {
            let key = (text_of(one, "subname"), text_of(one, "type"));
            let records: Vec<String> = serde_json::from_value(one["records"].clone()).unwrap();
            if records.is_empty() {
                sets.remove(&key);
            } else {
                sets.insert(key, (one["ttl"].as_u64().unwrap(), records));
            }
        }
        says(200, &body)
    }
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap().to_owned()
}

/// What it objects to in a record set.
fn told(one: &Value) -> Value {
    let records = one["records"].as_array().unwrap();
    if records.is_empty() {
        return json!({});
    }
    if one["ttl"].as_u64().is_none_or(|ttl| ttl < u64::from(TTL)) {
        let said = format!("Ensure this value is greater than or equal to {TTL}.");
        return json!({ "ttl": [said] });
    }
    let is_fine = |record: &Value| record.as_str().is_some_and(is_quoted);
    match records.iter().all(is_fine) {
        true => json!({}),
        false => json!({ "records": ["Content must be quoted."] }),
    }
}

async fn start() -> (Service<Desec>, Arc<dyn Provider>) {
    let service = Service::start(|_| Desec::default()).await;
    let provider = known(&service, "right");
    (service, provider)
}

fn known(service: &Service<Desec>, token: &str) -> Arc<dyn Provider> {
    configured("desec", &service.url("/api/v1/"), &[("desec.token", token)])
}

#[tokio::test(flavor = "multi_thread")]
async fn desec_keeps_the_contract() {
    let (service, provider) = start().await;
    keeps_the_contract(provider).await;
    let removed = |asked: &Asked| asked.method == "DELETE";
    assert!(!service.writes().iter().any(removed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_two_quoted_strings_and_replaces_the_set_in_one_request() {
    let (service, provider) = start().await;
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let before = service.writes().len();
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let writes = service.writes().split_off(before);
    assert_eq!(writes.len(), 1, "{writes:?}");
    let (first, second) = uri.split_at(255);
    let expected = json!([{
        "subname": "alice.user._bitcoin-payment", "type": "TXT", "ttl": TTL,
        "records": ["\"v=other\"", format!("\"{first}\" \"{second}\"")],
    }]);
    assert_eq!(
        (writes[0].method.as_str(), writes[0].json()),
        ("PATCH", expected)
    );
    put(&*provider, &owner("alice"), None).await.unwrap();
    assert_eq!(shown(&*provider, "alice").await, ["v=other"]);
    set(&*provider, "alice", &[]).await;
    let sent = service.writes().pop().unwrap().json();
    let expected =
        json!([{ "subname": "alice.user._bitcoin-payment", "type": "TXT", "records": [] }]);
    assert_eq!(sent, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_desec_is_told_and_overcome() {
    let (service, provider) = start().await;
    faults::are_told_and_overcome(&service, &*provider).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_of_desec_is_told() {
    let service = Service::start(|_| Desec::default()).await;
    let stranger = known(&service, "wrong-token");
    let said = ["401", "Invalid token.", "must be a token of the account"];
    faults::of_keys_are_told(&*stranger, &said, "wrong-token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ttl_that_is_too_short_for_the_zone_is_told_and_keeps_no_other_name_waiting() {
    let (service, provider) = start().await;
    let mut short = text("bitcoin:?short");
    short.ttl = 300;
    let error = put(&*provider, &owner("alice"), Some(&short)).await;
    let PublishError::Provider(error) = error.unwrap_err() else {
        panic!("another error");
    };
    let error = error.to_string();
    assert!(
        error.contains("minimum_ttl") && error.contains("3600"),
        "{error}"
    );
    // Of several in one request the others are sent without it: two requests, and no search.
    let owners = ["alice", "bob", "carol", "dave"].map(owner);
    let looked = provider.look(&owners).await.unwrap();
    let texts = [
        text("bitcoin:?a"),
        short,
        text("bitcoin:?c"),
        text("bitcoin:?d"),
    ];
    let edits = looked.iter().zip(&texts);
    let edits: Vec<_> = edits
        .map(|(found, text)| found.as_ref().unwrap().edit(Some(text)).unwrap())
        .collect();
    let before = service.writes().len();
    let outcomes = provider.change(&edits).await.unwrap();
    assert_eq!(service.writes().len() - before, 2);
    let is_done: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(is_done, [true, false, true, true]);
    let error = outcomes[1].as_ref().unwrap_err();
    assert!(matches!(**error, ProviderError::Refused { .. }), "{error}");
    assert_eq!(shown(&*provider, "dave").await, ["bitcoin:?d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_a_long_zone_and_its_ds_record_are_read_at_desec() {
    let (service, provider) = start().await;
    {
        let mut sets = service.sets.lock().unwrap();
        for number in 0..1_201 {
            let key = (
                format!("user{number}.user._bitcoin-payment"),
                "TXT".to_owned(),
            );
            sets.insert(key, (3600, vec!["\"bitcoin:?a\"".to_owned()]));
        }
        let key = ("bob.user._bitcoin-payment".to_owned(), "CNAME".to_owned());
        sets.insert(key, (3600, vec!["elsewhere.test.".to_owned()]));
    }
    assert_eq!(provider.list().await.unwrap().len(), 1_201);
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    assert!(error.unwrap_err().to_string().contains("is an alias"));
    let ds = format!("{DOMAIN}. 3600 IN DS 6006 13 2 F34B75AB");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
