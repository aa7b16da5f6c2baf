//! Unbound behind a SOCKS 5 proxy, which tells what it was shown.

use super::*;
use crate::socks::Socks;

#[tokio::test]
async fn unbound_is_asked_over_tls_and_https_through_a_proxy_that_sees_no_two_names_together() {
    let world = world().await;
    let certificate = Certificate::new(SERVER).unwrap();
    let unbound = world.encrypted_unbound(&certificate).await.unwrap();
    for (to, server) in [
        (unbound.tls_address(), "tls://dns.example.test"),
        (
            unbound.https_address(),
            "https://dns.example.test/dns-query",
        ),
    ] {
        let socks = Socks::to(to).await;
        let options = ClientOptions {
            proxy: Some(format!("socks5://{}", socks.address).parse().unwrap()),
            ..options(&certificate)
        };
        let client = Client::with_options(server.parse().unwrap(), options).unwrap();
        both_names_are_judged(&world, &client).await;
        let seen = socks.seen();
        let [(alice, host), (nobody, other)] = &seen[..] else {
            panic!("{server}: one connection for each name: {seen:?}");
        };
        assert_eq!([host.as_str(), other], [SERVER; 2]);
        assert_ne!(alice, nobody, "{server}");
    }
}
