//! Bad input: each kind is named, has a remedy and the right status, and changes nothing.

use std::time::Duration;

use payname_api::{MAX_BODY_BYTES, codes, paths};
use payname_resolver::lightning::{
    bitcoin::{
        Network,
        secp256k1::{PublicKey, Secp256k1, SecretKey},
    },
    offers::offer::OfferBuilder,
};
use reqwest::StatusCode;

use crate::scene::{DOMAIN, Draft, OFFER, Scene, keys, now, uri};

fn offer(network: Network, expires_at: Option<u64>) -> String {
    let key = SecretKey::from_slice(&[7; 32]).unwrap();
    let issuer = PublicKey::from_secret_key(&Secp256k1::new(), &key);
    let mut builder = OfferBuilder::new(issuer).chain(network);
    if let Some(at) = expires_at {
        builder = builder.absolute_expiry(Duration::from_secs(at));
    }
    builder.build().unwrap().to_string()
}

#[tokio::test]
async fn uris_that_could_not_be_paid_are_refused_with_the_reason() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let invoice = "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh";
    let cases = [
        ("lightning:lno1".to_owned(), "bitcoin:"),
        ("bitcoin:".to_owned(), "no way to pay"),
        ("bitcoin:?colour=red".to_owned(), "no way to pay"),
        (format!("bitcoin:?lno={}", &OFFER[..OFFER.len() - 8]), "lno"),
        (format!("bitcoin:?lno={OFFER}&lno=lno1x"), "lno"),
        (
            format!("bitcoin:?lno={}", offer(Network::Bitcoin, Some(now() - 1))),
            "expired",
        ),
        (
            format!("bitcoin:?lno={}", offer(Network::Bitcoin, Some(now() + 60))),
            "sooner than the 300",
        ),
        (
            format!("bitcoin:?lno={}", offer(Network::Regtest, None)),
            "not for the network bitcoin",
        ),
        (
            "bitcoin:?tb=tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx".to_owned(),
            "network",
        ),
        (format!("bitcoin:?lightning={invoice}"), "only once"),
        (format!("bitcoin:?lno={OFFER}&req-future=1"), "future"),
        (
            format!("bitcoin:?lno={OFFER}&label=\u{e4}"),
            "percent-encode",
        ),
        (
            format!("bitcoin:?lno={OFFER}&label={}", "x".repeat(4000)),
            "4096",
        ),
    ];
    for (uri, reason) in cases {
        let answer = contact.put(&keys(1), "alice", &uri).await;
        assert_eq!(answer.code(), codes::INVALID_URI, "{uri}");
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains(reason), "{reason}: {text}");
    }
    let path = paths::handle(DOMAIN, "alice");
    assert_eq!(contact.get(&path).await.code(), codes::UNKNOWN_HANDLE);
}

#[tokio::test]
async fn onchain_addresses_are_taken_unless_the_operator_says_otherwise() {
    let address = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
    let scene = Scene::start().await;
    assert_eq!(
        scene.contact().put(&keys(1), "alice", address).await.status,
        StatusCode::ACCEPTED
    );
    let strict = Scene::start_with("allow_onchain = false").await;
    let answer = strict.contact().put(&keys(1), "alice", address).await;
    assert_eq!(answer.code(), codes::INVALID_URI);
}

#[tokio::test]
async fn bodies_that_are_no_json_of_the_form_are_refused() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let long = format!(
        "{{\"uri\":\"bitcoin:?lno={}\"}}",
        "x".repeat(MAX_BODY_BYTES)
    );
    let cases = [
        ("", codes::INVALID_BODY, StatusCode::BAD_REQUEST),
        ("{", codes::INVALID_BODY, StatusCode::BAD_REQUEST),
        ("[]", codes::INVALID_BODY, StatusCode::BAD_REQUEST),
        ("{\"uri\":1}", codes::INVALID_BODY, StatusCode::BAD_REQUEST),
        (
            "{\"uri\":\"bitcoin:\",\"owner\":\"x\"}",
            codes::INVALID_BODY,
            StatusCode::BAD_REQUEST,
        ),
        (&long, codes::BODY_TOO_LARGE, StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, code, status) in cases {
        let draft = Draft::put(&contact, "alice", body);
        let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
        assert_eq!(
            (answer.code().as_str(), answer.status),
            (code, status),
            "{body:.60}"
        );
    }
    let mut form = Draft::put(&contact, "alice", format!("{{\"uri\":\"{}\"}}", uri("a")));
    form.headers = vec![("content-type", "text/plain".to_owned())];
    let answer = contact.send(&form, Some(&form.sign(&keys(1)))).await;
    assert_eq!(answer.code(), codes::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn names_domains_routes_and_methods_that_do_not_exist_are_told_apart() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let cases = [
        (
            paths::handle("elsewhere.test", "alice"),
            codes::UNKNOWN_DOMAIN,
            404,
        ),
        (paths::domain("elsewhere.test"), codes::UNKNOWN_DOMAIN, 404),
        (paths::handle(DOMAIN, "alice"), codes::UNKNOWN_HANDLE, 404),
        (paths::proof(DOMAIN, "alice"), codes::UNKNOWN_HANDLE, 404),
        (
            paths::handle(DOMAIN, "al%20ice"),
            codes::INVALID_HANDLE,
            422,
        ),
        (
            paths::handle(DOMAIN, "alice%40evil.test"),
            codes::INVALID_HANDLE,
            422,
        ),
        (paths::handle(DOMAIN, "a..b"), codes::INVALID_HANDLE, 422),
        (paths::handle(DOMAIN, "%FF"), codes::INVALID_HANDLE, 422),
        (
            paths::handle(DOMAIN, &"a".repeat(64)),
            codes::INVALID_HANDLE,
            422,
        ),
        ("/v2".to_owned(), codes::UNKNOWN_ROUTE, 404),
    ];
    for (path, code, status) in cases {
        let answer = contact.get(&path).await;
        assert_eq!(
            (answer.code().as_str(), answer.status.as_u16()),
            (code, status),
            "{path}"
        );
    }
    let mut post = Draft::put(&contact, "alice", "{}");
    post.method = reqwest::Method::POST;
    assert_eq!(
        contact.send(&post, None).await.code(),
        codes::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_name_is_the_same_in_any_case() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let answer = contact.put(&keys(1), "Alice", &uri("a")).await;
    assert_eq!(answer.handle().handle, "₿alice@example.test");
    assert_eq!(
        contact.put(&keys(2), "ALICE", &uri("b")).await.code(),
        codes::NOT_OWNER
    );
}

#[tokio::test]
async fn health_and_the_domain_are_public() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    assert_eq!(contact.get(paths::LIVEZ).await.status, StatusCode::OK);
    assert_eq!(contact.get(paths::READYZ).await.status, StatusCode::OK);
    let answer = contact.get(&paths::domain("Example.Test.")).await;
    let domain: payname_api::DomainInfo = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(domain.ds, scene.running().ds_records());
    assert_eq!(domain.nameservers, ["ns1.example.test."]);
    assert_eq!((domain.ttl, domain.network.as_str()), (300, "bitcoin"));
}
