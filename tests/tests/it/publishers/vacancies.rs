//! A record that somebody else made is nobody's to claim: before a list has come, without one, and while nobody answers.

use std::time::{Duration, Instant};

use payname_api::State;
use payname_tests::secondary::Kind;

use super::contract::{set, shown};
use super::line::Line;
use super::rfc2136::provider;
use crate::scene::{DOMAIN, keys, uri};
use crate::secondaries::SECRET;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_made_by_hand_is_nobodys_to_claim_in_the_first_moments_after_a_start() {
    let line = Line::start(Kind::Knot).await;
    let behind = provider(line.address(), SECRET, DOMAIN);
    set(&*behind, "stranger", &["bitcoin:?by-hand"]).await;
    set(&*behind, "other", &["v=other"]).await;
    let line = line.restart().await;
    let contact = line.contact();
    let claimed = contact.put(&keys(2), "stranger", &uri("mine")).await;
    assert_eq!(claimed.code(), "reserved");
    // What is no payment record is in nobody's way.
    let claimed = contact.put(&keys(2), "other", &uri("mine")).await;
    assert_eq!(claimed.status, 202, "{claimed:?}");
    contact.until("other", State::Published).await;
    assert_eq!(shown(&*behind, "stranger").await, ["bitcoin:?by-hand"]);
    line.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_zone_is_not_listed_the_name_is_looked_up_and_where_nobody_answers_it_is_not_given()
 {
    let mut line = Line::start(Kind::Bind).await;
    let owner = keys(1);
    line.contact().put(&owner, "alice", &uri("one")).await;
    line.contact().until("alice", State::Published).await;
    let behind = provider(line.address(), SECRET, DOMAIN);
    set(&*behind, "stranger", &["bitcoin:?by-hand"]).await;
    line.refuse_transfers().await;
    let mut line = line.restart().await;
    let contact = line.contact();
    let listed = provider(line.address(), SECRET, DOMAIN).list().await;
    assert!(listed.is_err(), "it lists: {listed:?}");
    let claimed = contact.put(&keys(2), "stranger", &uri("mine")).await;
    assert_eq!(claimed.code(), "reserved");
    let claimed = contact.put(&keys(2), "bob", &uri("mine")).await;
    assert_eq!(claimed.status, 202, "{claimed:?}");

    line.kill_primary();
    let claimed = contact.put(&keys(2), "carol", &uri("mine")).await;
    assert_eq!(
        (claimed.status.as_u16(), claimed.code()),
        (503, "provider_silent".to_owned())
    );
    assert!(claimed.headers.contains_key("retry-after"), "{claimed:?}");
    // Whose name it is already changes it as ever.
    let changed = contact.put(&owner, "alice", &uri("two")).await;
    assert_eq!(changed.status, 202, "{changed:?}");
    line.resume_primary().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while contact.put(&keys(2), "carol", &uri("mine")).await.status != 202 {
        assert!(Instant::now() < deadline, "nobody is asked again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    contact.until("alice", State::Published).await;
    line.stop().await;
}
