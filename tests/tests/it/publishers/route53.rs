//! Route 53's interface, by a stand-in that answers as its documentation says.

use std::sync::Arc;

use payname_server::publisher::{Provider, ProviderError, PublishError, Signing, put};

use super::aws::{Aws, longest_batch, refuse_next};
use super::contract::{TTL, keeps_the_contract, long_uri, owner, set, shown, text};
use super::hosted::service::{Service, configured};
use super::rfc2136::chain;
use crate::scene::DOMAIN;

/// A provider as the page configures it, with the stand-in's address.
fn provider(aws: &Service<Aws>) -> Arc<dyn Provider> {
    configured(
        "route53",
        &aws.url("/"),
        &[("route53.secret", "very-secret")],
    )
}

async fn start() -> Service<Aws> {
    Service::start(|_| Aws::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn route53_keeps_the_contract() {
    let aws = start().await;
    keeps_the_contract(provider(&aws)).await;
    assert!(longest_batch(&aws) <= 16_000, "an UPSERT counts twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_450_bytes_is_two_quoted_strings_in_one_upsert() {
    let aws = start().await;
    let provider = provider(&aws);
    set(&*provider, "alice", &["bitcoin:?old", "v=other"]).await;
    let uri = long_uri("alice");
    put(&*provider, &owner("alice"), Some(&text(&uri)))
        .await
        .unwrap();
    let (first, second) = uri.split_at(255);
    let first = first.replace('&', "&amp;"); // it is XML
    let name = format!("alice.user._bitcoin-payment.{DOMAIN}.");
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ChangeBatch><Changes><Change><Action>UPSERT</Action><ResourceRecordSet>\
         <Name>{name}</Name><Type>TXT</Type><TTL>{TTL}</TTL><ResourceRecords>\
         <ResourceRecord><Value>\"v=other\"</Value></ResourceRecord>\
         <ResourceRecord><Value>\"{first}\" \"{second}\"</Value></ResourceRecord>\
         </ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>\
         </ChangeResourceRecordSetsRequest>"
    );
    assert_eq!(aws.writes().last().unwrap().body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_refusals_are_told_with_what_to_do() {
    let aws = start().await;
    let provider = provider(&aws);
    let wanted = text("bitcoin:?new");
    let cases = [
        (400, "Throttling", "takes no more for 2 s"),
        (400, "PriorRequestNotComplete", "takes no more for 2 s"),
        (
            403,
            "SignatureDoesNotMatch",
            "route53:ChangeResourceRecordSets",
        ),
        (404, "NoSuchHostedZone", "this zone"),
        (500, "InternalFailure", "is asked again"),
    ];
    for (status, code, told) in cases {
        refuse_next(&aws, status, code);
        let error = put(&*provider, &owner("alice"), Some(&wanted))
            .await
            .unwrap_err();
        let error = format!("{} {error:?} {provider:?}", chain(&error));
        assert!(error.contains(told), "{code}: {error}");
        assert!(!error.contains("very-secret"), "{error}");
    }
    put(&*provider, &owner("alice"), Some(&wanted))
        .await
        .unwrap();
    assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_what_was_seen() {
    let aws = start().await;
    let provider = provider(&aws);
    set(&*provider, "alice", &["bitcoin:?one"]).await;
    let found = provider.look(&[owner("alice")]).await.unwrap();
    let edit = found[0].as_ref().unwrap().edit(None).unwrap();
    set(&*provider, "alice", &["bitcoin:?newer"]).await;
    let outcome = provider.change(&[edit]).await.unwrap().pop().unwrap();
    assert!(matches!(*outcome.unwrap_err(), ProviderError::Overtaken(_)));
    assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?newer"]);
    aws.alias("bob");
    let error = put(&*provider, &owner("bob"), Some(&text("bitcoin:?new"))).await;
    let PublishError::Provider(error) = error.unwrap_err() else {
        panic!("another error");
    };
    assert!(matches!(*error, ProviderError::Alias { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_is_read_page_by_page_and_its_ds_record_is_told() {
    let aws = start().await;
    aws.fill(700);
    let provider = provider(&aws);
    assert_eq!(provider.list().await.unwrap().len(), 700);
    let ds = format!("{DOMAIN}. 3600 IN DS 2371 13 2 ABCDEF");
    assert_eq!(provider.signs().await.unwrap(), Signing::Signed(vec![ds]));
}
