//! Cloudflare's interface, by a stand-in that answers as its documentation says.

use std::sync::Arc;

use payname_server::publisher::{Provider, Signing, put};
use serde_json::json;

use super::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use super::hosted::faults;
use super::hosted::service::{Service, configured};
use super::stand_in::StandIn;
use crate::scene::DOMAIN;

/// A provider as the page configures it, with the stand-in's address.
fn provider(stand_in: &Service<StandIn>, token: &str) -> Arc<dyn Provider> {
    let secrets = [("cloudflare.token", token)];
    configured("cloudflare", &stand_in.url("/client/v4/"), &secrets)
}

async fn start() -> Service<StandIn> {
    Service::start(|_| StandIn::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudflare_keeps_the_contract() {
    let stand_in = start().await;
    keeps_the_contract(provider(&stand_in, "right")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_sent_as_two_quoted_strings_on_one_line() {
    let stand_in = start().await;
    let provider = provider(&stand_in, "right");
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let (first, second) = uri.split_at(255);
    let sent = stand_in.writes();
    let expected = json!({
        "type": "TXT",
        "name": format!("alice.user._bitcoin-payment.{DOMAIN}"),
        "content": format!("\"{first}\" \"{second}\""),
        "ttl": TTL,
    });
    let path = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records";
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!((sent[0].method.as_str(), sent[0].path()), ("POST", path));
    assert_eq!(sent[0].json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_one_put_and_the_record_is_never_away() {
    let stand_in = start().await;
    let provider = provider(&stand_in, "right");
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let before = stand_in.writes().len();
    put(&*provider, &owner("alice"), Some(&text("bitcoin:?new")))
        .await
        .unwrap();
    let writes = stand_in.writes().split_off(before);
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(writes[0].method, "PUT");
    assert_eq!(writes[0].json()["content"], "\"bitcoin:?new\"");
    put(&*provider, &owner("alice"), None).await.unwrap();
    assert_eq!(stand_in.writes().last().unwrap().method, "DELETE");
    assert_eq!(shown(&*provider, "alice").await, ["v=other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_told_and_done_when_it_is_asked_again() {
    let stand_in = start().await;
    faults::are_told_and_overcome(&stand_in, &*provider(&stand_in, "right")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_with_what_to_do_and_is_in_no_message() {
    let stand_in = start().await;
    let said = ["DNS:Edit", "Invalid access token"];
    faults::of_keys_are_told(&*provider(&stand_in, "wrong-token"), &said, "wrong-token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_read_page_by_page_and_one_that_lost_its_end_is_not_believed() {
    let stand_in = start().await;
    stand_in.fill(1_201);
    let provider = provider(&stand_in, "right");
    assert_eq!(provider.list().await.unwrap().len(), 1_201);
    stand_in.lose_the_end();
    let error = provider.list().await.unwrap_err();
    assert!(
        error.to_string().contains("1201 records and gave"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ds_record_is_the_one_that_is_told() {
    let stand_in = start().await;
    let provider = provider(&stand_in, "right");
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF0123");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
