//! Secondaries that learn from a catalog which zones to serve.

use std::time::{Duration, Instant};

use payname_tests::Secondary;
use payname_tests::secondary::{Kind, Plan, whole_zone};

use super::rig::{Rig, SECRET, as_kept};
use crate::scene::DOMAIN;

#[tokio::test(flavor = "multi_thread")]
async fn knot_and_bind_serve_what_the_catalog_lists_and_nothing_else() {
    let (mut rig, peers) = start(&[Kind::Knot, Kind::Bind], "").await;
    configure(&mut rig, &peers, &["third.test"]).await;
    all_serve(&rig, "third.test").await;
    for secondary in &rig.secondaries {
        until(secondary, || secondary.zone("second.test").is_err()).await;
    }
    rig.edit(25).await;
    rig.settled().await;
    all_serve(&rig, DOMAIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn powerdns_serves_what_the_catalog_lists() {
    // It fetches the zones that a catalog lists without a key.
    let (mut rig, peers) = start(&[Kind::PowerDns], ", { prefix = \"127.0.0.1\" }").await;
    configure(&mut rig, &peers, &["second.test", "third.test"]).await;
    all_serve(&rig, "third.test").await;
}

/// A catalog of two domains, and secondaries that know nothing but its name.
async fn start(kinds: &[Kind], permits: &str) -> (Rig, String) {
    let addresses: Vec<_> = kinds
        .iter()
        .map(|_| Secondary::reserve().unwrap())
        .collect();
    let mut rig = Rig::primary(&addresses).await;
    let peers = rig.more.clone();
    rig.permits = permits.to_owned();
    configure(&mut rig, &peers, &["second.test"]).await;
    for (kind, address) in kinds.iter().zip(&addresses) {
        let starting = Secondary::start(*kind, *address, rig.dns, SECRET, Plan::Catalog);
        rig.secondaries.push(starting.await.unwrap());
    }
    rig.edit(25).await;
    rig.settled().await;
    all_serve(&rig, DOMAIN).await;
    all_serve(&rig, "second.test").await;
    (rig, peers)
}

/// Restarts `paynamed` with a catalog and further domains.
async fn configure(rig: &mut Rig, peers: &str, domains: &[&str]) {
    let further = domains.iter().map(|domain| {
        format!(
            "[[domain]]\nname = \"{domain}\"\nnameservers = [\"ns1.{DOMAIN}\"]\n\
             transfer = [{{ key = \"reader.example\" }}{}]\n{peers}",
            rig.permits
        )
    });
    let further: String = further.collect();
    rig.more = format!("{peers}{further}[catalog]\nzone = \"catalog.invalid\"\n{peers}");
    rig.stop().await;
    rig.resume().await;
}

/// Waits until every secondary has a zone as `paynamed` has it.
async fn all_serve(rig: &Rig, zone: &str) {
    let ours = whole_zone(rig.dns, zone, Some(("reader.example", SECRET))).unwrap();
    for secondary in &rig.secondaries {
        let kept = |zone: &[String]| as_kept(secondary.kind(), zone);
        let has_it = || {
            secondary
                .zone(zone)
                .is_ok_and(|theirs| kept(&theirs) == kept(&ours))
        };
        until(secondary, has_it).await;
    }
}

async fn until(secondary: &Secondary, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        let (kind, log) = (secondary.kind(), secondary.log_tail());
        assert!(
            Instant::now() < deadline,
            "{kind:?} does not follow:\n{log}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
