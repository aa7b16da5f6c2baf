//! Unbound over UDP, TCP, TLS and HTTPS.

use payname_resolver::net::{TlsRoots, blocking};

use super::*;

#[tokio::test]
async fn unbound_is_asked_over_udp_tcp_tls_and_https_with_one_connection_for_all_questions() {
    let world = world().await;
    let certificate = Certificate::new(SERVER).unwrap();
    let unbound = world.encrypted_unbound(&certificate).await.unwrap();
    let options = options(&certificate);
    let udp = Client::with_options(unbound.address().into(), options.clone()).unwrap();
    both_names_are_judged(&world, &udp).await;
    for (to, server) in [
        (unbound.address(), "tcp://ADDRESS"),
        (unbound.tls_address(), "tls://ADDRESS"),
        (unbound.tls_address(), "tls://ADDRESS#dns.example.test"),
        (unbound.https_address(), "https://ADDRESS/dns-query"),
    ] {
        let counter = Counter::before(to).await;
        let server = server.replace("ADDRESS", &counter.address.to_string());
        let client = Client::with_options(server.parse().unwrap(), options.clone()).unwrap();
        both_names_are_judged(&world, &client).await;
        assert_eq!(counter.count(), 1, "{server}");
    }
}

#[tokio::test]
async fn unbound_with_another_certificate_than_the_one_that_is_believed_is_refused() {
    let world = world().await;
    let certificate = Certificate::new(SERVER).unwrap();
    let unbound = world.encrypted_unbound(&certificate).await.unwrap();
    let handle: Handle = ALICE.parse().unwrap();
    let (tls, https) = (unbound.tls_address(), unbound.https_address());
    for (server, roots) in [
        (format!("tls://{tls}"), TlsRoots::default()),
        (format!("https://{https}/dns-query"), TlsRoots::default()),
        (format!("tls://{tls}#other.example"), certificate.roots()),
    ] {
        let options = ClientOptions {
            timeouts: TIMEOUTS,
            roots,
            ..ClientOptions::default()
        };
        let client = Client::with_options(server.parse().unwrap(), options).unwrap();
        let error = client.gather(&handle).await.unwrap_err().to_string();
        assert!(error.contains("certificate"), "{server}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unbound_is_asked_without_a_runtime() {
    let world = world().await;
    let unbound = world.unbound().await.unwrap();
    let handle: Handle = ALICE.parse().unwrap();
    for server in [
        unbound.address().to_string(),
        format!("tcp://{}", unbound.address()),
    ] {
        let server = server.parse().unwrap();
        let asked = handle.clone();
        let gathered = std::thread::spawn(move || {
            let client = blocking::Client::with_timeouts(server, TIMEOUTS).unwrap();
            client.gather(&asked).unwrap()
        });
        let proof = tokio::task::spawn_blocking(|| gathered.join())
            .await
            .unwrap()
            .unwrap()
            .proof;
        let verified = proof.verify(&handle, &world.anchors(), world.now());
        assert_eq!(verified.unwrap().uri(), uri());
    }
}
