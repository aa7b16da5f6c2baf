//! OVHcloud's API v1, as its console and `ovh/docs` document it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::response::Response;
use data_encoding::HEXLOWER;
use payname_server::publisher::{Provider, Signing, put};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::faults;
use super::service::{Asked, Fault, Service, Stands, configured, says};
use super::zone::{Record, Records, is_quoted};
use crate::publishers::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;

/// What stands in for OVHcloud.
struct Ovh {
    address: SocketAddr,
    records: Mutex<Records>,
    /// What the world sees: the records as they were when the zone was shown last, one entry each time.
    shown: Mutex<Vec<BTreeMap<u64, Record>>>,
}

impl Ovh {
    fn at(address: SocketAddr) -> Self {
        Self {
            address,
            records: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    fn is_signed(&self, asked: &Asked) -> bool {
        let (time, body) = (asked.header("x-ovh-timestamp"), &asked.body);
        let (method, url) = (
            &asked.method,
            format!("http://{}{}", self.address, asked.uri),
        );
        let text = format!("secret+consumer+{method}+{url}+{body}+{time}");
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        asked.header("x-ovh-application") == "7kbG7Bk7S9Nt7ZSV"
            && asked.header("x-ovh-consumer") == "consumer"
            && asked.header("x-ovh-signature") == format!("$1${}", HEXLOWER.encode(digest.as_ref()))
    }
}

fn json_of((id, record): (&u64, &Record)) -> Value {
    let subname = record.name.as_str();
    json!({
        "id": id, "zone": DOMAIN, "subDomain": subname, "fieldType": record.kind,
        "target": record.content, "ttl": record.ttl,
    })
}

fn refusal(status: u16, message: &str) -> Response {
    says(status, &json!({ "class": "Client", "message": message }))
}

impl Stands for Ovh {
    fn answer(&self, asked: &Asked) -> Response {
        if !self.is_signed(asked) {
            return refusal(403, "This credential is not valid");
        }
        let zone = format!("/1.0/domain/zone/{DOMAIN}/");
        let Some(path) = asked.path().strip_prefix(&zone) else {
            return refusal(404, "This service does not exist");
        };
        let path: Vec<&str> = path.split('/').collect();
        let mut records = self.records.lock().unwrap();
        let body = asked.json();
        let field = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let is_fine = || is_quoted(&field("target")) && body["ttl"].as_u64().unwrap() >= 60;
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["dnssec"]) => says(200, &json!({ "status": "enabled" })),
            ("POST", ["refresh"]) => {
                self.shown.lock().unwrap().push(records.all.clone());
                says(200, &Value::Null)
            }
            ("GET", ["record"]) => {
                let query = asked.query();
                let (name, kind) = (query.get("subDomain"), query.get("fieldType"));
                let found = records.all.iter().filter(|(_, record)| {
                    name.is_none_or(|name| *name == record.name)
                        && kind.is_none_or(|kind| *kind == record.kind)
                });
                says(200, &found.map(|(id, _)| json!(id)).collect())
            }
            ("POST", ["record"]) if is_fine() => {
                let record = Record {
                    name: field("subDomain"),
                    kind: field("fieldType"),
                    content: field("target"),
                    ttl: body["ttl"].as_u64().unwrap(),
                };
                let id = records.add(record);
                says(200, &json_of((&id, &records.all[&id])))
            }
            (method, ["record", id]) => {
                let id: u64 = id.parse().unwrap();
                let Some(record) = records.all.get_mut(&id) else {
                    return refusal(404, "The requested object (id) does not exist");
                };
                match method {
                    "GET" => says(200, &json_of((&id, record))),
                    "PUT" if is_fine() => {
                        record.content = field("target");
                        record.ttl = body["ttl"].as_u64().unwrap();
                        says(200, &Value::Null)
                    }
                    "DELETE" => {
                        records.all.remove(&id);
                        says(200, &Value::Null)
                    }
                    _ => refusal(400, "Invalid record"),
                }
            }
            _ => refusal(400, "Invalid request"),
        }
    }
}

fn known(service: &Service<Ovh>, consumer: &str) -> Arc<dyn Provider> {
    let secrets = [("ovh.secret", "secret"), ("ovh.consumer", consumer)];
    configured("ovh", &service.url("/1.0/"), &secrets)
}

/// What the world sees at a user's name.
fn seen(service: &Service<Ovh>, user: &str) -> Vec<Vec<String>> {
    let name = format!("{user}.user._bitcoin-payment");
    let shown = service.shown.lock().unwrap();
    let at = |all: &BTreeMap<u64, Record>| {
        let here = all.values().filter(|record| record.name == name);
        here.map(|record| record.content.clone()).collect()
    };
    shown.iter().map(at).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ovh_keeps_the_contract_and_shows_all_that_was_changed() {
    let service = Service::start(Ovh::at).await;
    keeps_the_contract(known(&service, "consumer")).await;
    let records = service.records.lock().unwrap();
    assert_eq!(service.shown.lock().unwrap().last(), Some(&records.all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_two_quoted_strings_changed_in_place_and_then_shown() {
    let service = Service::start(Ovh::at).await;
    let provider = known(&service, "consumer");
    set(&*provider, "alice", &["v=other", "bitcoin:?old"]).await;
    let before = service.writes().len();
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let writes = service.writes().split_off(before);
    let zone = format!("/1.0/domain/zone/{DOMAIN}");
    let steps: Vec<_> = writes
        .iter()
        .map(|asked| (asked.method.as_str(), asked.path()))
        .collect();
    let (record, refresh) = (format!("{zone}/record/2"), format!("{zone}/refresh"));
    assert_eq!(
        steps,
        [("PUT", record.as_str()), ("POST", refresh.as_str())]
    );
    let (first, second) = uri.split_at(255);
    let target = format!("\"{first}\" \"{second}\"");
    let subname = "alice.user._bitcoin-payment";
    let expected = json!({ "subDomain": subname, "target": target, "ttl": TTL });
    assert_eq!(writes[0].json(), expected);
    let seen = seen(&service, "alice");
    assert_eq!(seen.last().unwrap(), &["\"v=other\"".to_owned(), target]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_ovh_is_told_and_overcome() {
    let service = Service::start(Ovh::at).await;
    let provider = known(&service, "consumer");
    provider.look(&[owner("alice")]).await.unwrap(); // shows the zone once
    faults::are_told_and_overcome(&service, &*provider).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_and_not_shown_is_shown_when_it_is_asked_for_again() {
    let service = Service::start(Ovh::at).await;
    let provider = known(&service, "consumer");
    set(&*provider, "alice", &["bitcoin:?old"]).await;
    let found = provider.look(&[owner("alice")]).await.unwrap();
    let edit = found[0]
        .as_ref()
        .unwrap()
        .edit(Some(&text("bitcoin:?new")))
        .unwrap();
    // The change is made, and showing it fails.
    service.fail_next(Fault::Nothing, true);
    service.fail_next(Fault::Broken, true);
    provider.change(&[edit]).await.unwrap_err();
    assert_eq!(
        seen(&service, "alice").last().unwrap(),
        &["\"bitcoin:?old\""]
    );
    let wanted = text("bitcoin:?new");
    put(&*provider, &owner("alice"), Some(&wanted))
        .await
        .unwrap();
    assert_eq!(
        seen(&service, "alice").last().unwrap(),
        &["\"bitcoin:?new\""]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_of_ovh_is_told() {
    let service = Service::start(Ovh::at).await;
    let said = ["403", "This credential is not valid", "/domain/zone/ZONE"];
    faults::of_keys_are_told(&*known(&service, "wrong-consumer"), &said, "wrong-consumer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_and_whether_the_zone_is_signed_are_read_at_ovh() {
    let service = Service::start(Ovh::at).await;
    service.records.lock().unwrap().add(Record {
        name: "bob.user._bitcoin-payment".to_owned(),
        kind: "CNAME".to_owned(),
        content: "elsewhere.test.".to_owned(),
        ttl: 60,
    });
    let provider = known(&service, "consumer");
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    assert!(error.unwrap_err().to_string().contains("is an alias"));
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(Vec::new()));
    assert_eq!(shown(&*provider, "carol").await, [""; 0]);
}
