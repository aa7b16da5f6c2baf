//! A Lightning Address is asked for only after a proof that there is none, and only if asked to.

use std::net::SocketAddr;

use axum::{Json, Router, routing::get};
use payname_tests::World;
use payname_tests::dns::Lie;
use payname_tests::sandbox::Payname;

use crate::endpoints::{ALICE, Scene, URI, tls_before};
use crate::socks::Socks;

const DANGER: &str = "--danger-allow-lightning-address";

/// A world whose web servers are all seen: requests go to one that shows a wrong certificate.
struct Web {
    scene: Scene,
    socks: Socks,
}

impl Web {
    async fn around(scene: Scene) -> Self {
        let (server, _) = tls_before(scene.recursor(), "other.example").await;
        let socks = Socks::to(server).await;
        Self { scene, socks }
    }

    /// As a machine that reaches the web through a proxy, and DNS as always.
    fn payname(&self) -> Payname {
        let proxy = format!("socks5h://user:password@{}", self.socks.address);
        let payname = self.scene.payname(&self.scene.recursor().to_string());
        payname.with("HTTPS_PROXY", proxy).with("NO_PROXY", "")
    }

    /// The hosts that were asked since the last look.
    fn asked(&self) -> Vec<String> {
        self.socks
            .seen()
            .into_iter()
            .map(|(_, host)| host)
            .collect()
    }
}

#[tokio::test]
async fn only_a_proven_denial_without_the_sign_leads_to_the_web_server() {
    let web = Web::around(Scene::with_alice().await).await;
    let payname = web.payname();
    let run = async |words: &[&str]| payname.json(words).await.unwrap();

    // Not without being asked for, and never for what was written with the ₿.
    let (code, told) = run(&["resolve", "nobody@example.test"]).await;
    assert_eq!((code, web.asked().len()), (3, 0), "{told}");
    let (code, told) = run(&["resolve", "₿nobody@example.test", DANGER]).await;
    assert_eq!((code, web.asked().len()), (3, 0), "{told}");
    assert_eq!(told["lightning_address_refused"], "sign", "{told}");

    // Not for a name that is proven.
    let (code, told) = run(&["resolve", "alice@example.test", DANGER]).await;
    assert_eq!((code, web.asked().len()), (0, 0), "{told}");
    assert_eq!((&told["proven"], &told["uri"]), (&true.into(), &URI.into()));

    // Not where someone may be hiding the record.
    for (lie, name) in [
        (Lie::StrippedDenial, "nobody@example.test"),
        (Lie::NameErrorWithoutProof, "alice@example.test"),
    ] {
        web.scene.world.recursor().lie(lie);
        let (code, told) = run(&["resolve", name, DANGER]).await;
        assert_eq!((code, &told["code"]), (4, &"missing".into()), "{told}");
        assert_eq!(told["lightning_address_refused"], "not_proven", "{told}");
        assert_eq!(web.asked(), [""; 0]);
    }
    web.scene.world.recursor().be_honest();

    // This once: and what answers cannot show that it is the domain's web server.
    let (code, told) = run(&["resolve", "nobody@example.test", DANGER]).await;
    assert_eq!(code, 9, "{told}");
    assert_eq!(told["error"]["code"], "lightning_address_unreachable");
    assert!(told.to_string().contains("certificate"), "{told}");
    assert_eq!(web.asked(), ["example.test"]);

    // It can be shown, and is not paid.
    let pay = ["pay", "nobody@example.test", "1sat", "--yes", DANGER];
    let (code, told) = run(&pay).await;
    assert_eq!((code, web.asked().len()), (6, 0), "{told}");
    assert_eq!(told["error"]["code"], "unproven_is_not_paid");
}

#[tokio::test]
async fn a_lightning_address_is_shown_as_unproven_and_asked_for_through_the_proxy_alone() {
    let scene = Scene::with_alice().await;
    let (dns, dns_pem) = tls_before(scene.recursor(), "dns.example").await;
    let (web, web_pem) = tls_before(lightning_address().await, "example.test").await;
    let socks = Socks::by(move |host| match host {
        "example.test" => web,
        _ => dns,
    })
    .await;
    let roots = scene.file("roots.pem", &[dns_pem, web_pem].concat());
    let payname = scene
        .payname("tls://dns.example")
        .with("PAYNAME_TLS_ROOTS", roots)
        .with("PAYNAME_PROXY", format!("socks5://{}", socks.address));
    let resolve = ["resolve", "nobody@example.test", DANGER];
    let (code, told) = payname.json(&resolve).await.unwrap();
    assert_eq!((code, &told["proven"]), (0, &false.into()), "{told}");
    let limits = &told["lightning_address"];
    assert_eq!(limits["maximum_msat"], 5_000_000, "{told}");
    let run = payname.run(&resolve).await.unwrap();
    assert!(run.stdout.contains("UNPROVEN"), "{run:?}");
    assert!(!run.stdout.contains('₿'), "{run:?}");
    let seen = socks.seen();
    let [dns, service, ..] = &seen[..] else {
        panic!("DNS and the service: {seen:?}");
    };
    assert_eq!([&*dns.1, &*service.1], ["dns.example", "example.test"]);
    assert_ne!(dns.0, service.0, "a circuit of its own");
}

/// A service of Lightning Addresses, before TLS.
async fn lightning_address() -> SocketAddr {
    let answer = serde_json::json!({
        "tag": "payRequest",
        "callback": "https://example.test/callback",
        "minSendable": 1000,
        "maxSendable": 5_000_000,
        "metadata": "[[\"text/plain\",\"tips\"]]",
    });
    let service = Router::new().route(
        "/.well-known/lnurlp/nobody",
        get(async move || Json(answer.clone())),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[tokio::test]
async fn a_domain_that_is_proven_to_be_unsigned_leads_there_too() {
    let world = World::with_zone("example.test").insecure();
    let scene = Scene::of(world.record("alice", URI)).await;
    let web = Web::around(scene).await;
    let payname = web.payname();
    let (code, told) = payname.json(&["resolve", ALICE, DANGER]).await.unwrap();
    assert_eq!((code, web.asked().len()), (4, 0), "{told}");
    let bare = ["resolve", "alice@example.test", DANGER];
    let (code, told) = payname.json(&bare).await.unwrap();
    assert_eq!(
        (code, web.asked()),
        (9, vec!["example.test".to_owned()]),
        "{told}"
    );
}

#[tokio::test]
async fn a_name_of_another_script_is_proven_and_shown_in_both_forms() {
    let world = World::with_zone("xn--mnchen-3ya.test").record("alice", URI);
    let scene = Scene::of(world).await;
    let payname = scene.payname(&scene.recursor().to_string());
    let (code, told) = payname
        .json(&["resolve", "₿alice@münchen.test"])
        .await
        .unwrap();
    assert_eq!((code, &told["uri"]), (0, &URI.into()), "{told}");
    assert_eq!(told["name"], "₿alice@xn--mnchen-3ya.test");
    assert_eq!(told["readable"], "₿alice@münchen.test");
    let run = payname
        .run(&["verify", "alice@xn--mnchen-3ya.test"])
        .await
        .unwrap();
    let both = "₿alice@münchen.test\nin ASCII  alice@xn--mnchen-3ya.test\n";
    assert!(run.stdout.starts_with(both), "{run:?}");
}
