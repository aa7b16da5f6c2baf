//! Gandi LiveDNS' API v5, as `api.gandi.net/docs/livedns` documents it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use payname_server::publisher::{Provider, Signing, put};
use serde_json::{Value, json};

use super::faults;
use super::service::{Asked, Service, Stands, configured, says};
use super::zone::{Sets, is_quoted};
use crate::publishers::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;

/// What stands in for Gandi.
#[derive(Default)]
struct Gandi {
    sets: Sets,
}

fn rrset(((name, kind), (ttl, values)): (&(String, String), &(u64, Vec<String>))) -> Value {
    json!({ "rrset_name": name, "rrset_type": kind, "rrset_ttl": ttl, "rrset_values": values })
}

fn not_found() -> Response {
    let said = "Can't find the DNS record";
    says(
        404,
        &json!({ "code": 404, "message": said, "object": "dns-record", "cause": "Not Found" }),
    )
}

impl Stands for Gandi {
    fn answer(&self, asked: &Asked) -> Response {
        if asked.header("authorization") != "Bearer right" {
            let said = "Access was denied to this resource.";
            return says(
                403,
                &json!({ "code": 403, "message": said, "object": "HTTPForbidden", "cause": "Forbidden" }),
            );
        }
        let domain = format!("/v5/livedns/domains/{DOMAIN}/");
        let Some(path) = asked.path().strip_prefix(&domain) else {
            return not_found();
        };
        let path: Vec<&str> = path.split('/').collect();
        let mut sets = self.sets.lock().unwrap();
        match (asked.method.as_str(), path.as_slice()) {
            ("GET", ["keys"]) => says(
                200,
                &json!([
                    { "tag": 1, "deleted": true, "ds": format!("{DOMAIN}. 3600 IN DS 1 13 2 AA") },
                    { "tag": 2371, "deleted": false, "flags": 257, "algorithm": 13,
                      "ds": format!("{DOMAIN}. 3600 IN DS 2371 13 2 abcdef") },
                ]),
            ),
            ("GET", ["records"]) => {
                let query = asked.query();
                let number = |key: &str| query[key].parse::<usize>().unwrap();
                let (page, size) = (number("page"), number("per_page").min(100));
                let page = sets.iter().skip((page - 1) * size).take(size);
                says(200, &page.map(rrset).collect())
            }
            ("GET", ["records", name]) => {
                let found: Vec<Value> = sets
                    .iter()
                    .filter(|((owner, _), _)| owner == name)
                    .map(rrset)
                    .collect();
                match found.is_empty() {
                    true => not_found(),
                    false => says(200, &json!(found)),
                }
            }
            ("PUT", ["records", name, kind]) => {
                let body = asked.json();
                let values: Vec<String> =
                    serde_json::from_value(body["rrset_values"].clone()).unwrap();
                let ttl = body["rrset_ttl"].as_u64().unwrap();
                if !(300..=2_592_000).contains(&ttl) || !values.iter().all(|value| is_quoted(value))
                {
                    return says(
                        400,
                        &json!({ "code": 400, "message": "The request is malformed" }),
                    );
                }
                sets.insert((name.to_string(), kind.to_string()), (ttl, values));
                says(201, &json!({ "message": "DNS Record Created" }))
            }
            ("DELETE", ["records", name, kind]) => {
                match sets.remove(&(name.to_string(), kind.to_string())) {
                    Some(_) => StatusCode::NO_CONTENT.into_response(),
                    None => not_found(),
                }
            }
            _ => not_found(),
        }
    }
}

fn known(service: &Service<Gandi>, token: &str) -> Arc<dyn Provider> {
    let url = service.url("/v5/livedns/");
    configured("gandi", &url, &[("gandi.token", token)])
}

#[tokio::test(flavor = "multi_thread")]
async fn gandi_keeps_the_contract() {
    let service = Service::start(|_| Gandi::default()).await;
    keeps_the_contract(known(&service, "right")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_two_quoted_strings_in_one_put_of_the_set() {
    let service = Service::start(|_| Gandi::default()).await;
    let provider = known(&service, "right");
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let before = service.writes().len();
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let writes = service.writes().split_off(before);
    let path = format!("/v5/livedns/domains/{DOMAIN}/records/alice.user._bitcoin-payment/TXT");
    let (first, second) = uri.split_at(255);
    let expected = json!({
        "rrset_ttl": TTL,
        "rrset_values": ["\"v=other\"", format!("\"{first}\" \"{second}\"")],
    });
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(
        (writes[0].method.as_str(), writes[0].path()),
        ("PUT", path.as_str())
    );
    assert_eq!(writes[0].json(), expected);
    put(&*provider, &owner("alice"), None).await.unwrap();
    assert_eq!(shown(&*provider, "alice").await, ["v=other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_gandi_is_told_and_overcome() {
    let service = Service::start(|_| Gandi::default()).await;
    let provider = known(&service, "right");
    faults::are_told_and_overcome(&service, &*provider).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_of_gandi_is_told() {
    let service = Service::start(|_| Gandi::default()).await;
    let said = ["403", "Access was denied", "personal access token"];
    faults::of_keys_are_told(&*known(&service, "wrong-token"), &said, "wrong-token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_a_long_zone_and_its_ds_record_are_read_at_gandi() {
    let service = Service::start(|_| Gandi::default()).await;
    {
        let mut sets = service.sets.lock().unwrap();
        for number in 0..250 {
            let key = (
                format!("user{number}.user._bitcoin-payment"),
                "TXT".to_owned(),
            );
            sets.insert(key, (3600, vec!["\"bitcoin:?a\"".to_owned()]));
        }
        sets.insert(
            ("@".to_owned(), "TXT".to_owned()),
            (3600, vec!["\"v=spf1\"".to_owned()]),
        );
        let key = ("bob.user._bitcoin-payment".to_owned(), "CNAME".to_owned());
        sets.insert(key, (3600, vec!["elsewhere.test.".to_owned()]));
    }
    let provider = known(&service, "right");
    let listed = provider.list().await.unwrap();
    assert_eq!(listed.len(), 251);
    let apex = format!("{DOMAIN}.").parse().unwrap();
    assert!(listed.iter().any(|found| found.owner == apex));
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    assert!(error.unwrap_err().to_string().contains("is an alias"));
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
