//! Google Cloud DNS' API v1, as `cloud.google.com/dns/docs/reference/rest/v1` documents it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use payname_server::publisher::{Edit, Provider, ProviderError, Signing, put};
use payname_tests::tools::tool;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};

use super::faults;
use super::service::{Asked, Service, Stands, configured, says};
use super::zone::{Sets, is_quoted};
use crate::publishers::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;

/// What stands in for Google Cloud DNS, and for what gives tokens.
struct Google {
    sets: Sets,
    token_url: String,
    /// What signs requests for tokens.
    public_key: Vec<u8>,
}

fn refusal(status: u16, reason: &str, message: &str) -> Response {
    let errors = json!([{ "domain": "global", "reason": reason, "message": message }]);
    says(
        status,
        &json!({ "error": { "code": status, "message": message, "errors": errors } }),
    )
}

fn json_of(((name, kind), (ttl, data)): (&(String, String), &(u64, Vec<String>))) -> Value {
    let kind_of = "dns#resourceRecordSet";
    json!({ "kind": kind_of, "name": name, "type": kind, "ttl": ttl, "rrdatas": data })
}

impl Stands for Google {
    fn is_write(&self, asked: &Asked) -> Option<bool> {
        (asked.path() != "/token").then(|| asked.method != "GET")
    }

    fn answer(&self, asked: &Asked) -> Response {
        if asked.path() == "/token" {
            return self.token(asked);
        }
        if asked.header("authorization") != "Bearer ya29.right" {
            return refusal(
                401,
                "authError",
                "Request had invalid authentication credentials.",
            );
        }
        let zone = "/dns/v1/projects/payments-123456/managedZones/example-com";
        let said = "The 'parameters.managedZone' resource does not exist.";
        match (asked.method.as_str(), asked.path().strip_prefix(zone)) {
            ("GET", Some("")) => {
                let dnssec = json!({ "kind": "dns#managedZoneDnsSecConfig", "state": "on" });
                says(
                    200,
                    &json!({ "dnsName": format!("{DOMAIN}."), "dnssecConfig": dnssec }),
                )
            }
            ("GET", Some("/dnsKeys")) => {
                let digests = json!([
                    { "type": "sha1", "digest": "aa" }, { "type": "sha256", "digest": "abcdef" },
                ]);
                says(
                    200,
                    &json!({ "dnsKeys": [
                    { "type": "zoneSigning", "isActive": true, "keyTag": 1, "algorithm": "ecdsap256sha256" },
                    { "type": "keySigning", "isActive": true, "keyTag": 2371,
                      "algorithm": "ecdsap256sha256", "digests": digests },
                ] }),
                )
            }
            ("GET", Some("/rrsets")) => self.list(asked),
            ("POST", Some("/changes")) => self.change(&asked.json()),
            _ => refusal(404, "notFound", said),
        }
    }
}

impl Google {
    fn token(&self, asked: &Asked) -> Response {
        let form: reqwest::Url = format!("http://localhost/?{}", asked.body).parse().unwrap();
        let form: BTreeMap<String, String> = form.query_pairs().into_owned().collect();
        assert_eq!(
            form["grant_type"],
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        let (signed, signature) = form["assertion"].rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
        let read = |part| serde_json::from_slice::<Value>(&decoded(part)).unwrap();
        assert_eq!(read(header), json!({ "alg": "RS256", "typ": "JWT" }));
        let claims = read(claims);
        let lasts = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!(lasts <= 3600 && claims["aud"] == self.token_url, "{claims}");
        assert_eq!(
            claims["scope"],
            "https://www.googleapis.com/auth/ndev.clouddns.readwrite"
        );
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key);
        let is_signed = key.verify(signed.as_bytes(), &decoded(signature)).is_ok();
        if !is_signed || claims["iss"] != "paynamed@payments-123456.iam.gserviceaccount.com" {
            let said =
                json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." });
            return says(400, &said);
        }
        says(
            200,
            &json!({ "access_token": "ya29.right", "expires_in": 3599, "token_type": "Bearer" }),
        )
    }

    fn list(&self, asked: &Asked) -> Response {
        let query = asked.query();
        let sets = self.sets.lock().unwrap();
        let wanted = query.get("name");
        let found: Vec<Value> = sets
            .iter()
            .filter(|((name, _), _)| wanted.is_none_or(|wanted| wanted == name))
            .map(json_of)
            .collect();
        let start: usize = query
            .get("pageToken")
            .map_or(0, |token| token.parse().unwrap());
        let page: Vec<&Value> = found.iter().skip(start).take(100).collect();
        let mut answer = json!({ "kind": "dns#resourceRecordSetsListResponse", "rrsets": page });
        if start + 100 < found.len() {
            answer["nextPageToken"] = json!((start + 100).to_string());
        }
        says(200, &answer)
    }

    fn change(&self, body: &Value) -> Response {
        let mut sets = self.sets.lock().unwrap();
        let mut changed = sets.clone();
        let named = |one: &Value| {
            let field = |key: &str| one[key].as_str().unwrap().to_owned();
            let data: Vec<String> = serde_json::from_value(one["rrdatas"].clone()).unwrap();
            (
                (field("name"), field("type")),
                (one["ttl"].as_u64().unwrap(), data),
            )
        };
        for (at, one) in body["deletions"].as_array().unwrap().iter().enumerate() {
            let (key, set) = named(one);
            let what = format!("'entity.change.deletions[{at}]'");
            match changed.remove(&key) {
                None => {
                    let said = format!("The {what} resource named '{}' does not exist.", key.0);
                    return refusal(404, "notFound", &said);
                }
                Some(there) if there != set => {
                    return refusal(
                        412,
                        "conditionNotMet",
                        &format!("Precondition not met for {what}"),
                    );
                }
                Some(_) => {}
            }
        }
        for (at, one) in body["additions"].as_array().unwrap().iter().enumerate() {
            let (key, set) = named(one);
            if !set.1.iter().all(|data| is_quoted(data)) {
                return refusal(
                    400,
                    "invalid",
                    "Invalid value for 'entity.change.additions'",
                );
            }
            if changed.insert(key, set).is_some() {
                let said = format!("The resource 'entity.change.additions[{at}]' already exists");
                return refusal(409, "alreadyExists", &said);
            }
        }
        *sets = changed;
        says(
            200,
            &json!({ "kind": "dns#change", "id": "1", "status": "pending" }),
        )
    }
}

/// The stand-in, and the key file of an account that it knows.
async fn start() -> (Service<Google>, String) {
    let made = Command::new(tool("openssl").unwrap())
        .args([
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
        ])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let pem = String::from_utf8(made.stdout).unwrap();
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = ring::rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public_key = ring::signature::KeyPair::public_key(&key).as_ref().to_vec();
    let service = Service::start(|address| Google {
        sets: Sets::default(),
        token_url: format!("http://{address}/token"),
        public_key,
    })
    .await;
    let file = json!({
        "type": "service_account", "project_id": "payments-123456", "private_key_id": "1",
        "private_key": pem, "client_email": "paynamed@payments-123456.iam.gserviceaccount.com",
        "token_uri": service.url("/token"),
    });
    (service, file.to_string())
}

fn known(service: &Service<Google>, file: &str) -> Arc<dyn Provider> {
    configured("google", &service.url("/dns/v1/"), &[("google.json", file)])
}

#[tokio::test(flavor = "multi_thread")]
async fn google_keeps_the_contract() {
    let (service, file) = start().await;
    keeps_the_contract(known(&service, &file)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_two_quoted_strings_in_a_change_that_names_what_it_replaces() {
    let (service, file) = start().await;
    let provider = known(&service, &file);
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let name = format!("alice.user._bitcoin-payment.{DOMAIN}.");
    let (first, second) = uri.split_at(255);
    let set = |data: Value| json!([{ "name": name, "type": "TXT", "ttl": TTL, "rrdatas": data }]);
    let expected = json!({
        "deletions": set(json!(["\"bitcoin:?old\"", "\"v=other\""])),
        "additions": set(json!(["\"v=other\"", format!("\"{first}\" \"{second}\"")])),
    });
    assert_eq!(service.writes().pop().unwrap().json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_in_another_form_is_named_as_it_is_there() {
    let (service, file) = start().await;
    let provider = known(&service, &file);
    let key = (
        format!("alice.user._bitcoin-payment.{DOMAIN}."),
        "TXT".to_owned(),
    );
    let theirs = vec![
        "\"v=one\\032string\"".to_owned(),
        "\"BITCOIN:\" \"?old\"".to_owned(),
    ];
    service
        .sets
        .lock()
        .unwrap()
        .insert(key.clone(), (60, theirs));
    put(&*provider, &owner("alice"), Some(&text("bitcoin:?new")))
        .await
        .unwrap();
    let (ttl, data) = service.sets.lock().unwrap()[&key].clone();
    assert_eq!(ttl, u64::from(TTL));
    assert_eq!(data, ["\"v=one\\032string\"", "\"bitcoin:?new\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_slower_changes_nothing() {
    let (service, file) = start().await;
    let provider = known(&service, &file);
    set(&*provider, "alice", &["bitcoin:?one"]).await;
    let looked = provider
        .look(&[owner("alice"), owner("bob")])
        .await
        .unwrap();
    let edit = |at: usize, uri| -> Edit { looked[at].as_ref().unwrap().edit(uri).unwrap() };
    let wanted = text("bitcoin:?late");
    let edits = [
        edit(0, Some(&wanted)),
        edit(0, None),
        edit(1, Some(&wanted)),
    ];
    set(&*provider, "alice", &["bitcoin:?newer"]).await;
    set(&*provider, "bob", &["bitcoin:?newer"]).await;
    for late in edits {
        let outcome = provider.change(&[late]).await.unwrap().pop().unwrap();
        let error = outcome.unwrap_err();
        assert!(matches!(*error, ProviderError::Overtaken(_)), "{error}");
    }
    assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?newer"]);
    assert_eq!(shown(&*provider, "bob").await, ["bitcoin:?newer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_google_is_told_and_overcome() {
    let (service, file) = start().await;
    faults::are_told_and_overcome(&service, &*known(&service, &file)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_google_does_not_know_is_told() {
    let (service, _) = start().await;
    let (other, file) = start().await;
    let file = file.replace(&other.url(""), &service.url(""));
    let said = ["invalid_grant", "DNS Administrator"];
    faults::of_keys_are_told(&*known(&service, &file), &said, "PRIVATE KEY").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_a_long_zone_and_its_ds_record_are_read_at_google() {
    let (service, file) = start().await;
    {
        let mut sets = service.sets.lock().unwrap();
        for number in 0..250 {
            let name = format!("user{number}.user._bitcoin-payment.{DOMAIN}.");
            let data = vec!["\"bitcoin:?a\"".to_owned()];
            sets.insert((name, "TXT".to_owned()), (300, data));
        }
        let name = format!("bob.user._bitcoin-payment.{DOMAIN}.");
        let data = vec!["elsewhere.test.".to_owned()];
        sets.insert((name, "CNAME".to_owned()), (300, data));
    }
    let provider = known(&service, &file);
    assert_eq!(provider.list().await.unwrap().len(), 250);
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    assert!(error.unwrap_err().to_string().contains("is an alias"));
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
