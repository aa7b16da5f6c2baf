//! How long it takes from asking for a name until a stranger has proven it.

use std::time::{Duration, Instant};

use nostr::key::Keys;
use payname_api::{DomainInfo, paths};
use payname_resolver::{Handle, TrustAnchors, UnixTime, net::Client};

use crate::{
    client::{Connection, claim, get, uri},
    process::Paynamed,
};

/// How many names are registered, one after the other.
const NAMES: usize = 300;

pub(crate) async fn measure(names: u32) {
    let paynamed = Paynamed::start(names).await;
    let keys = Keys::parse(&"11".repeat(32)).expect("a key");
    let mut connection = Connection::open(paynamed.http).await.expect("a connection");
    let domain = get(paynamed.http, &paths::domain("bench.test"));
    let domain: DomainInfo =
        serde_json::from_slice(connection.ask(&domain).await.1).expect("a domain");
    let anchors = TrustAnchors::parse(&domain.ds.join("\n")).expect("a DS record");
    let stranger = Client::new(paynamed.dns.into()).expect("a client");
    let mut times = Vec::new();
    for number in 0..NAMES {
        let user = format!("new{number}");
        let handle = Handle::new(&user, "bench.test").expect("a name");
        let (request, _) = claim(paynamed.http, &user, &keys);
        let begun = Instant::now();
        assert_eq!(connection.ask(&request).await.0, 202);
        loop {
            let gathered = stranger.gather(&handle).await.expect("a nameserver");
            let now = UnixTime::from(std::time::SystemTime::now());
            match gathered.proof.verify(&handle, &anchors, now) {
                Ok(verified) => {
                    assert_eq!(verified.uri(), uri());
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        times.push(begun.elapsed());
    }
    times.sort();
    println!(
        "registered to provable by a stranger, {names} names: median {:.1?}, p99 {:.1?}, longest {:.1?} of {NAMES}",
        times[NAMES / 2],
        times[NAMES * 99 / 100],
        times[NAMES - 1]
    );
}
