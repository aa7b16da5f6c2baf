//! Cloudflare's interface, by a stand-in that answers as its documentation says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use payname_server::publisher::{Provider, ProviderError, PublishError, Signing, put};
use payname_server::{Clock, Config};
use payname_tests::primary::PAGE;
use payname_tests::secondary::block_of;
use serde_json::json;

use super::contract::{keeps_the_contract, long_uri, owner, set, shown, text};
use super::rfc2136::chain;
use super::stand_in::{Fault, StandIn};
use crate::scene::DOMAIN;

/// A provider as the page configures it, with the stand-in's address.
fn provider(stand_in: &StandIn, token: &str) -> Arc<dyn Provider> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cloudflare.token");
    fs::write(&file, format!("{token}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let page = block_of(PAGE, "paynamed.toml, cloudflare").unwrap();
    let kind = "kind = \"cloudflare\"\n";
    let page = page
        .replace("example.com", DOMAIN)
        .replace(kind, &format!("{kind}url = \"{}\"\n", stand_in.url()));
    let text = format!("data_dir = \"data\"\n{page}");
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    config.provided[0].open(&Clock::system()).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudflare_keeps_the_contract() {
    let stand_in = StandIn::start("right").await;
    keeps_the_contract(provider(&stand_in, "right")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_sent_as_two_quoted_strings_on_one_line() {
    let stand_in = StandIn::start("right").await;
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
        "ttl": 300,
    });
    let path = "/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records";
    assert_eq!(sent, [("POST".to_owned(), path.to_owned(), expected)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_one_put_and_the_record_is_never_away() {
    let stand_in = StandIn::start("right").await;
    let provider = provider(&stand_in, "right");
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let before = stand_in.writes().len();
    put(&*provider, &owner("alice"), Some(&text("bitcoin:?new")))
        .await
        .unwrap();
    let writes = stand_in.writes().split_off(before);
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(writes[0].0, "PUT");
    assert_eq!(writes[0].2["content"], "\"bitcoin:?new\"");
    put(&*provider, &owner("alice"), None).await.unwrap();
    assert_eq!(stand_in.writes().last().unwrap().0, "DELETE");
    assert_eq!(shown(&*provider, "alice").await, ["v=other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_told_and_done_when_it_is_asked_again() {
    let stand_in = StandIn::start("right").await;
    let provider = provider(&stand_in, "right");
    let faults = [
        (Fault::TooMany, "takes no more for 7 s"),
        (Fault::Broken, "500"),
        (Fault::Garbage, "gives no answer that can be used"),
        (Fault::Half, "gives no answer that can be used"),
        (Fault::Silence, "gives no answer that can be used"),
    ];
    for (number, (fault, told)) in faults.into_iter().enumerate() {
        for at_write in [false, true] {
            let uri = long_uri(&format!("{number}{at_write}"));
            stand_in.fail_next(fault, at_write);
            let error = put(&*provider, &owner("alice"), Some(&text(&uri))).await;
            let error = chain(&error.unwrap_err());
            assert!(error.contains(told), "{fault:?}: {error}");
            assert!(
                !error.contains("alice"),
                "a person's name in an error: {error}"
            );
            put(&*provider, &owner("alice"), Some(&text(&uri)))
                .await
                .unwrap();
            assert_eq!(shown(&*provider, "alice").await, [uri]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_with_what_to_do_and_is_in_no_message() {
    let stand_in = StandIn::start("right").await;
    let stranger = provider(&stand_in, "wrong-token");
    let error = put(&*stranger, &owner("alice"), Some(&text("bitcoin:?new"))).await;
    let error = error.unwrap_err();
    let PublishError::Provider(refusal) = &error else {
        panic!("{error}");
    };
    assert!(matches!(**refusal, ProviderError::Refused { .. }));
    let error = format!("{} {stranger:?} {error:?}", chain(&error));
    assert!(
        error.contains("DNS:Edit") && error.contains("Invalid access token"),
        "{error}"
    );
    assert!(!error.contains("wrong-token"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_read_page_by_page_and_one_that_lost_its_end_is_not_believed() {
    let stand_in = StandIn::start("right").await;
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
    let stand_in = StandIn::start("right").await;
    let provider = provider(&stand_in, "right");
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF0123");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
