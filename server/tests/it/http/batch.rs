//! Many proofs with one request, and one proof as caches ask for it.

use data_encoding::BASE64;
use payname_api::{ProofsGiven, ProofsWanted, State, codes, paths};
use payname_resolver::{Handle, Proof, UnixTime};
use reqwest::StatusCode;

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, keys, now, uri};

async fn ask(contact: &Contact, handles: &[&str]) -> Answer {
    let handles = handles.iter().map(|&handle| handle.to_owned()).collect();
    let body = serde_json::to_vec(&ProofsWanted { handles }).unwrap();
    let draft = Draft {
        path: paths::PROOFS.to_owned(),
        ..Draft::post(contact, "", "", body)
    };
    contact.send(&draft, None).await
}

#[tokio::test]
async fn many_proofs_come_with_one_request_each_with_its_age_or_a_problem() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    for user in ["alice", "bob"] {
        contact.put(&keys(1), user, &uri(user)).await.handle();
    }
    for user in ["alice", "bob"] {
        contact.until(user, State::Published).await;
    }
    let wanted = [
        "bob@example.test",
        "nobody@example.test",
        "₿Alice@example.test",
        "x@other.test",
        "..",
        "bob@example.test",
    ];
    let answer = ask(&contact, &wanted).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let given: ProofsGiven = serde_json::from_slice(&answer.body).unwrap();
    let told = given.proofs.iter().map(|given| given.handle.as_str());
    assert_eq!(told.collect::<Vec<_>>(), wanted);
    let anchors = contact.anchors().await;
    for (index, user) in [(0, "bob"), (2, "alice"), (5, "bob")] {
        let given = &given.proofs[index];
        let proof = BASE64
            .decode(given.proof.as_ref().unwrap().as_bytes())
            .unwrap();
        let handle = Handle::new(user, DOMAIN).unwrap();
        let verified = Proof::parse(&proof)
            .unwrap()
            .verify(&handle, &anchors, UnixTime(now()));
        assert_eq!(verified.unwrap().uri(), uri(user));
        assert!(given.max_age.unwrap() <= 300 && given.problem.is_none());
    }
    for (index, code) in [
        (1, codes::UNKNOWN_HANDLE),
        (3, codes::UNKNOWN_DOMAIN),
        (4, codes::INVALID_HANDLE),
    ] {
        let given = &given.proofs[index];
        assert!(given.proof.is_none());
        assert_eq!(given.problem.as_ref().unwrap().code, code);
    }
    let many: Vec<&str> = std::iter::repeat_n("bob@example.test", 100).collect();
    assert_eq!(ask(&contact, &many).await.status, StatusCode::OK);
    for wrong in [&[][..], &[many.as_slice(), &["bob@example.test"]].concat()] {
        assert_eq!(ask(&contact, wrong).await.code(), codes::INVALID_BODY);
    }
}

#[tokio::test]
async fn each_proof_of_a_batch_counts() {
    let scene = Scene::start_asked("[http.limits]\nexempt = []\nproofs_per_minute = 10").await;
    let contact = scene.contact();
    let six = ["nobody@example.test"; 6];
    assert_eq!(ask(&contact, &six).await.status, StatusCode::OK);
    assert_eq!(ask(&contact, &six).await.code(), codes::RATE_LIMITED);
    assert_eq!(ask(&contact, &six[..4]).await.status, StatusCode::OK);
    assert_eq!(
        contact.get(&paths::proof(DOMAIN, "nobody")).await.code(),
        codes::RATE_LIMITED
    );
}

#[tokio::test]
async fn a_cache_learns_from_the_head_alone_how_long_a_proof_stays_true() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let url = format!("http://{}{}", contact.http, paths::proof(DOMAIN, "alice"));
    let get = contact.client.get(&url).send().await.unwrap();
    let head = contact.client.head(&url).send().await.unwrap();
    for name in ["etag", "content-length", "content-type"] {
        assert_eq!(get.headers()[name], head.headers()[name], "{name}");
    }
    let age = head.headers()["cache-control"].to_str().unwrap();
    let age: u64 = age
        .strip_prefix("public, max-age=")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=300).contains(&age), "{age}");
    assert!(head.bytes().await.unwrap().is_empty());
    for known in ["*", "W/\"x\", "] {
        let tag = get.headers()["etag"].to_str().unwrap();
        let known = if known == "*" {
            known.to_owned()
        } else {
            format!("{known}{tag}")
        };
        let again = contact
            .client
            .get(&url)
            .header("if-none-match", known)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(!again.headers().contains_key("content-type"));
        assert!(again.headers().contains_key("cache-control"));
    }
}
