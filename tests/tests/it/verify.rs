//! `payname verify` on a private internet: what is drawn of denials, unsigned zones and faults.

use std::net::SocketAddr;

use payname_tests::World;
use payname_zones::Denial;
use tokio::net::UdpSocket;

use crate::endpoints::{ALICE, Scene};

const NOBODY: &str = "₿nobody@example.test";
const NOBODY_OWNER: &str = "nobody.user._bitcoin-payment.example.test.";

#[tokio::test]
async fn a_denial_is_drawn_with_what_each_of_its_records_shows() {
    for denial in [Denial::Nsec, Denial::Nsec3] {
        let world = World::with_zone("example.test").denial(denial);
        let scene = Scene::of(world.record("alice", crate::endpoints::URI)).await;
        let payname = scene.payname(&scene.recursor().to_string());
        let run = payname.run(&["verify", NOBODY]).await.unwrap();
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains("proven not to exist"), "{run:?}");
        let verdict = format!("\ndenied    {NOBODY_OWNER} does not exist\nvalid     ");
        assert!(run.stdout.contains(&verdict), "{run:?}");
        let shown = format!("{NOBODY_OWNER} does not exist");
        assert!(run.stdout.contains(&shown), "{run:?}");
        let (_, told) = payname.json(&["verify", NOBODY]).await.unwrap();
        assert_eq!(told["error"]["code"], "denied", "{told}");
        let links = told["chain"]["links"].as_array().unwrap();
        let shows = links.iter().filter_map(|link| link["shows"].as_array());
        let absent = serde_json::json!({ "name": NOBODY_OWNER, "exists": false });
        assert!(shows.flatten().any(|shown| *shown == absent), "{told}");
    }
}

#[tokio::test]
async fn an_unsigned_zone_is_drawn_where_its_parent_says_so() {
    let world = World::with_zone("example.test").insecure();
    let scene = Scene::of(world.record("alice", crate::endpoints::URI)).await;
    let payname = scene.payname(&scene.recursor().to_string());
    let run = payname.run(&["verify", ALICE]).await.unwrap();
    assert_eq!(run.code, 4, "{run:?}");
    let shown = "example.test. has no DS record: it is not signed";
    assert!(run.stdout.contains(shown), "{run:?}");
    assert!(run.stderr.contains("must turn DNSSEC on"), "{run:?}");
}

/// A resolver that loses the questions for the keys of `example.test.` on the way.
async fn losing_keys(honest: SocketAddr) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let keys = b"\x07example\x04test\x00\x00\x30";
    tokio::spawn(async move {
        let mut query = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let query = &query[..length];
            if query.windows(keys.len()).any(|window| window == keys) {
                continue;
            }
            let onward = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            onward.send_to(query, honest).await.unwrap();
            let mut answer = [0; 4096];
            let length = onward.recv(&mut answer).await.unwrap();
            socket.send_to(&answer[..length], from).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_question_without_an_answer_is_named_so_that_no_forgery_is_suspected() {
    let scene = Scene::with_alice().await;
    let dns = losing_keys(scene.recursor()).await;
    let payname = scene.payname(&dns.to_string());
    let run = payname.run(&["verify", ALICE]).await.unwrap();
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stdout.contains("└─ test."), "{run:?}");
    assert!(run.stdout.contains("no answer to example.test. DNSKEY"));
    let doubt = "example.test. DNSKEY got no answer, so this may be the network's fault";
    assert!(run.stderr.contains(doubt), "{run:?}");
    let (_, told) = payname.json(&["resolve", ALICE]).await.unwrap();
    let question = &told["unanswered"][0]["question"];
    assert_eq!(question, "example.test. DNSKEY", "{told}");
}
