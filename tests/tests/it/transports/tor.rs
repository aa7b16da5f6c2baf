//! The real Tor, on a private network.

use payname_resolver::net::{ExchangeError, GatherError};
use payname_tests::Tor;

use super::*;

#[tokio::test]
async fn unbound_is_asked_through_tor_with_a_circuit_for_each_name_and_never_around_it() {
    let world = world().await;
    let certificate = Certificate::new(SERVER).unwrap();
    let unbound = world.encrypted_unbound(&certificate).await.unwrap();
    let mut tor = Tor::start(unbound.address()).await.unwrap();
    let options = ClientOptions {
        proxy: Some(tor.proxy()),
        ..options(&certificate)
    };
    let servers = [
        (unbound.address(), "tcp://127.0.0.1:PORT"),
        (unbound.tls_address(), "tls://dns.example.test:PORT"),
        (
            unbound.https_address(),
            "https://dns.example.test:PORT/dns-query",
        ),
    ]
    .map(|(at, server)| server.replace("PORT", &at.port().to_string()));
    for server in &servers {
        let client = Client::with_options(server.parse().unwrap(), options.clone()).unwrap();
        both_names_are_judged(&world, &client).await;
        let streams = tor.streams().await.unwrap();
        let [alice, nobody] = &streams[..] else {
            panic!("{server}: one stream for each name: {streams:?}");
        };
        // Names reach Tor as names: its exit asks for their addresses, and no one here.
        let target = server.split("://").nth(1).unwrap();
        let target = target.strip_suffix("/dns-query").unwrap_or(target);
        assert_eq!([alice.target.as_str(), &nobody.target], [target; 2]);
        assert_ne!(alice.circuit, nobody.circuit, "{server}");
    }
    let server_name = format!("{SERVER}.");
    assert_ne!(unbound.asked_about(&server_name).unwrap(), 0, "by an exit");

    let asked = unbound.asked_about("").unwrap();
    tor.kill_client();
    for server in &servers {
        let client = Client::with_options(server.parse().unwrap(), options.clone()).unwrap();
        let error = client.gather(&ALICE.parse().unwrap()).await.unwrap_err();
        let GatherError::Exchange(error) = error else {
            panic!("{server}: {error}");
        };
        assert!(
            matches!(
                error,
                ExchangeError::Proxy { .. } | ExchangeError::Https { .. }
            ),
            "{server}: {error}"
        );
    }
    assert_eq!(
        unbound.asked_about("").unwrap(),
        asked,
        "nothing goes around a dead proxy"
    );
}
