//! `paynamed` gathers proofs of other names for whoever asks, in the form of other proof servers.

use payname_resolver::hickory_proto::rr::rdata::A;
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::net::ProofClient;
use payname_resolver::{Handle, Outcome, Proof, VerifyError};
use payname_server::{Clock, Config, Running, Server};
use payname_tests::World;
use payname_tests::dns::Lie;
use reqwest::{Response, StatusCode};
use tempfile::TempDir;

use crate::endpoints::{self, Scene};

const URI: &str = "bitcoin:?lno=lno1qsgqmqvgm96frzdg8m0gc6nzeqffvzsqzrxqy";

/// A server that proves through the recursor of a world, if told to.
async fn serve(world: &World, with_resolver: bool) -> (Running, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let anchors = directory.path().join("anchors.txt");
    std::fs::write(&anchors, world.anchors_text()).unwrap();
    let prove = if with_resolver {
        let (dns, anchors) = (world.recursor().address(), anchors.display());
        format!("[prove]\ndns = \"{dns}\"\nanchors = \"{anchors}\"")
    } else {
        String::new()
    };
    let text = format!(
        r#"
        data_dir = "data"
        [http]
        listen = "127.0.0.1:0"
        [dns]
        listen = ["127.0.0.1:0"]
        [[domain]]
        name = "names.test"
        nameservers = ["ns1.names.test"]
        addresses = ["127.0.0.1"]
        {prove}
        "#
    );
    let config = Config::parse(&text, &directory.path().join("paynamed.toml")).unwrap();
    let running = Server::start(config, Clock::system()).await.unwrap();
    (running, directory)
}

async fn get(server: &Running, query: &str) -> Response {
    let url = format!("http://{}/dnssecproof{query}", server.http_addr());
    reqwest::get(url).await.unwrap()
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn our_own_client_of_such_servers_proves_a_name_through_it() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let (server, _directory) = serve(&world, true).await;
    let endpoint = format!("dnssecproof+http://{}", server.http_addr());
    let client = ProofClient::new(endpoint.parse().unwrap()).unwrap();
    let alice: Handle = "alice@example.test".parse().unwrap();
    let proof = client.gather(&alice).await.unwrap().proof;
    let verified = proof.verify(&alice, &world.anchors(), world.now()).unwrap();
    assert_eq!(verified.uri(), URI);

    let nobody: Handle = "nobody@example.test".parse().unwrap();
    let proof = client.gather(&nobody).await.unwrap().proof;
    let denied = proof.verify(&nobody, &world.anchors(), world.now());
    assert!(matches!(denied, Err(VerifyError::Denied(_))), "{denied:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn pages_may_read_proofs_of_any_type_and_keep_them_as_long_as_they_last() {
    let address = RData::A(A::new(192, 0, 2, 1));
    let world = World::with_zone("example.test")
        .records("www.example.test.", RecordType::A, vec![address])
        .start()
        .await
        .unwrap();
    let (server, _directory) = serve(&world, true).await;
    let first = get(&server, "?d=www.example.test.&t=A").await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(header(&first, "content-type"), "application/octet-stream");
    assert_eq!(header(&first, "access-control-allow-origin"), "*");
    let age = header(&first, "cache-control");
    let age: u32 = age.strip_prefix("max-age=").unwrap().parse().unwrap();
    assert!((1..=300).contains(&age), "{age}");
    let bytes = first.bytes().await.unwrap();
    let owner = Name::from_ascii("www.example.test.").unwrap();
    let judged =
        Proof::parse(&bytes)
            .unwrap()
            .judge(&owner, RecordType::A, &world.anchors(), world.now());
    assert!(matches!(judged, Outcome::Secure(_)), "{judged:?}");

    let asked = world.recursor().asked();
    let again = get(&server, "?d=WWW.example.test&t=a").await;
    assert_eq!(again.bytes().await.unwrap(), bytes);
    assert_eq!(world.recursor().asked(), asked, "it was kept");
    server.shutdown().await;
}

#[tokio::test]
async fn what_does_not_verify_is_neither_passed_on_nor_kept() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let (server, _directory) = serve(&world, true).await;
    let query = "?d=alice.user._bitcoin-payment.example.test.&t=TXT";
    world.recursor().lie(Lie::ChangedText);
    let lie = get(&server, query).await;
    assert_eq!(lie.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(header(&lie, "cache-control"), "no-store");
    let problem: payname_api::Problem = lie.json().await.unwrap();
    assert_eq!(problem.code, payname_api::codes::PROOF_UNAVAILABLE);
    world.recursor().be_honest();
    let truth = get(&server, query).await;
    assert!(header(&truth, "cache-control").starts_with("max-age="));
    let proof = Proof::parse(&truth.bytes().await.unwrap()).unwrap();
    let alice: Handle = "alice@example.test".parse().unwrap();
    assert!(proof.verify(&alice, &world.anchors(), world.now()).is_ok());

    world.recursor().lie(Lie::ServerFailure);
    let failure = get(&server, "?d=other.test.&t=TXT").await;
    assert_eq!(failure.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(header(&failure, "access-control-allow-origin"), "*");
    assert_eq!(header(&failure, "cache-control"), "no-store");
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_name_or_no_type_of_proof_is_refused_without_a_question() {
    let world = World::empty().start().await.unwrap();
    let (server, _directory) = serve(&world, true).await;
    let long = format!("?d={}&t=TXT", "a.".repeat(200));
    for query in [
        "",
        "?d=example.test.",
        "?t=TXT",
        "?d=&t=TXT",
        "?d=example.test.&t=ANY",
        "?d=example.test.&t=NS",
        "?d=a..b.&t=TXT",
        "?d=a%00b.&t=TXT",
        "?d=a%5C046b.&t=TXT",
        "?d=%C3%BC.test.&t=TXT",
        "?d=%FF.test.&t=TXT",
        &long,
    ] {
        let refused = get(&server, query).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{query}");
        let problem: payname_api::Problem = refused.json().await.unwrap();
        assert_eq!(problem.code, payname_api::codes::INVALID_QUERY, "{query}");
    }
    // The server itself asks what its domain's parent says, on the way from the root.
    let domain: Name = "names.test.".parse().unwrap();
    let asked = world.recursor().names_asked();
    assert!(asked.iter().all(|name| name.zone_of(&domain)), "{asked:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_server_without_a_resolver_gathers_for_nobody() {
    let world = World::empty().start().await.unwrap();
    let (server, _directory) = serve(&world, false).await;
    let refused = get(&server, "?d=example.test.&t=TXT").await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);

    let url = format!(
        "http://{}/v1/domains/names.test/handles/alice/proof",
        server.http_addr()
    );
    let own = reqwest::get(url).await.unwrap();
    assert_eq!(own.status(), StatusCode::NOT_FOUND);
    assert_eq!(header(&own, "access-control-allow-origin"), "*");
    server.shutdown().await;
}

#[tokio::test]
async fn the_command_proves_a_name_through_such_a_server_alone() {
    let scene = Scene::with_alice().await;
    let (server, _directory) = serve(&scene.world, true).await;
    let payname = scene.payname(&format!("dnssecproof+http://{}", server.http_addr()));
    let (code, proven) = payname.json(&["resolve", endpoints::ALICE]).await.unwrap();
    assert_eq!(
        (code, &proven["uri"]),
        (0, &endpoints::URI.into()),
        "{proven}"
    );
    server.shutdown().await;
}
