//! Porkbun's API v3, as `porkbun.com/api/json/v3/documentation` documents it.

use std::sync::{Arc, Mutex};

use axum::response::Response;
use payname_server::publisher::{Provider, Signing, put};
use serde_json::{Value, json};

use super::faults;
use super::service::{Asked, Service, Stands, configured, says};
use super::zone::{Record, Records};
use crate::publishers::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;

/// What stands in for Porkbun.
#[derive(Default)]
struct Porkbun {
    records: Mutex<Records>,
}

fn refusal(message: &str) -> Response {
    says(400, &json!({ "status": "ERROR", "message": message }))
}

fn listed(records: impl Iterator<Item = (u64, Record)>) -> Response {
    let records: Value = records
        .map(|(id, record)| {
            json!({
                "id": id.to_string(), "name": record.name, "type": record.kind,
                "content": record.content, "ttl": record.ttl.to_string(), "prio": "0", "notes": "",
            })
        })
        .collect();
    says(200, &json!({ "status": "SUCCESS", "records": records }))
}

impl Stands for Porkbun {
    fn is_write(&self, asked: &Asked) -> Option<bool> {
        let reads = ["/retrieve", "/getDnssecRecords"];
        Some(!reads.iter().any(|read| asked.path().contains(read)))
    }

    fn answer(&self, asked: &Asked) -> Response {
        assert_eq!(asked.method, "POST");
        let body = asked.json();
        if body["apikey"] != "pk1_right" || body["secretapikey"] != "sk1_right" {
            return refusal("Invalid API key. (002)");
        }
        let path = asked.path().strip_prefix("/api/json/v3/dns/").unwrap();
        let path: Vec<&str> = path.split('/').collect();
        let mut records = self.records.lock().unwrap();
        let record = || {
            let field = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
            let name = field("name");
            Record {
                name: format!("{name}.{DOMAIN}"),
                kind: field("type"),
                content: field("content"),
                // The least and the default.
                ttl: field("ttl").parse().unwrap_or(600).max(600),
            }
        };
        let all = records.all.clone().into_iter();
        match path.as_slice() {
            [_, domain, ..] if *domain != DOMAIN => refusal("Invalid domain."),
            ["retrieve", _] => listed(all),
            ["retrieveByNameType", _, kind, name] => {
                let name = format!("{name}.{DOMAIN}");
                listed(all.filter(|(_, record)| record.kind == *kind && record.name == name))
            }
            ["create", _] => {
                let record = record();
                if all.map(|(_, other)| other).any(|other| other == record) {
                    return refusal("Create error: We were unable to create the DNS record.");
                }
                let id = records.add(record);
                says(200, &json!({ "status": "SUCCESS", "id": id }))
            }
            ["edit" | "delete", _, id] => {
                let id = id.parse().unwrap();
                if !records.all.contains_key(&id) {
                    return refusal("Invalid record ID.");
                }
                match path[0] {
                    "edit" => records.all.insert(id, record()),
                    _ => records.all.remove(&id),
                };
                says(200, &json!({ "status": "SUCCESS" }))
            }
            ["getDnssecRecords", _] => says(
                200,
                &json!({ "status": "SUCCESS", "records": { "2371": {
                    "keyTag": "2371", "alg": "13", "digestType": "2", "digest": "abcdef",
                } } }),
            ),
            _ => refusal("Invalid request."),
        }
    }
}

fn known(service: &Service<Porkbun>, secret: &str) -> Arc<dyn Provider> {
    let secrets = [("porkbun.key", "pk1_right"), ("porkbun.secret", secret)];
    configured("porkbun", &service.url("/api/json/v3/"), &secrets)
}

#[tokio::test(flavor = "multi_thread")]
async fn porkbun_keeps_the_contract() {
    let service = Service::start(|_| Porkbun::default()).await;
    keeps_the_contract(known(&service, "sk1_right")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_one_text_without_quotes_and_changed_where_it_is() {
    let service = Service::start(|_| Porkbun::default()).await;
    let provider = known(&service, "sk1_right");
    set(&*provider, "alice", &["v=other", "bitcoin:?old"]).await;
    let before = service.writes().len();
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let writes = service.writes().split_off(before);
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(
        writes[0].path(),
        format!("/api/json/v3/dns/edit/{DOMAIN}/2")
    );
    let expected = json!({
        "apikey": "pk1_right", "secretapikey": "sk1_right", "name": "alice.user._bitcoin-payment",
        "type": "TXT", "content": uri, "ttl": TTL.to_string(),
    });
    assert_eq!(writes[0].json(), expected);
    assert_eq!(shown(&*provider, "alice").await, [&uri, "v=other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_porkbun_is_told_and_overcome() {
    let service = Service::start(|_| Porkbun::default()).await;
    let provider = known(&service, "sk1_right");
    faults::are_told_and_overcome(&service, &*provider).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_of_porkbun_are_told() {
    let service = Service::start(|_| Porkbun::default()).await;
    let said = ["Invalid API key", "must belong together", "API access"];
    faults::of_keys_are_told(&*known(&service, "sk1_wrong"), &said, "sk1_wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_and_what_the_registry_has_are_read_at_porkbun() {
    let service = Service::start(|_| Porkbun::default()).await;
    service.records.lock().unwrap().add(Record {
        name: format!("bob.user._bitcoin-payment.{DOMAIN}"),
        kind: "CNAME".to_owned(),
        content: "elsewhere.test".to_owned(),
        ttl: 600,
    });
    let provider = known(&service, "sk1_right");
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    assert!(error.unwrap_err().to_string().contains("is an alias"));
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
