//! What somebody changed behind our back is put right, unless it is so much that something else is wrong.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use payname_api::{DomainInfo, State, paths};
use payname_server::publisher::Provider;
use payname_tests::Primary;

use super::contract::{set, shown};
use super::line::Line;
use super::rfc2136::provider;
use crate::scene::{Contact, DOMAIN, keys, uri};
use crate::secondaries::SECRET;

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_put_right_after_a_start_and_strangers_are_left() {
    for kind in Primary::KINDS {
        let line = Line::start(kind).await;
        let users: Vec<String> = (0..6).map(|user| format!("user{user}")).collect();
        publish(&line.contact(), &users).await;
        let behind = provider(line.address(), SECRET, DOMAIN);
        set(&*behind, "user0", &["bitcoin:?changed", "v=other"]).await;
        set(&*behind, "user1", &[]).await;
        set(&*behind, "user2", &["bitcoin:?one", "bitcoin:?two"]).await;
        set(&*behind, "stranger", &["bitcoin:?by-hand"]).await;
        let line = line.restart().await;
        until(&*behind, "user0", &[&uri("user0"), "v=other"]).await;
        until(&*behind, "user1", &[&uri("user1")]).await;
        until(&*behind, "user2", &[&uri("user2")]).await;
        assert_eq!(shown(&*behind, "stranger").await, ["bitcoin:?by-hand"]);
        let claimed = line.contact().put(&keys(2), "stranger", &uri("mine")).await;
        assert_eq!(claimed.code(), "reserved", "{kind:?}");
        let info = info(&line.contact()).await;
        assert_eq!(info.alarm, None);
        let metrics = line.metrics().await;
        for told in ["alarm", "strange_names", "repaired_names_total"]
            .iter()
            .zip([0, 1, 3])
        {
            let line = format!(
                "payname_published_{}{{domain=\"{DOMAIN}\"}} {}",
                told.0, told.1
            );
            assert!(metrics.contains(&line), "{kind:?}: {line}\n{metrics}");
        }
        assert_eq!(info.ds.len(), 1, "{kind:?} tells its DS record");
        line.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_changes_too_much_alarms_and_changes_nothing() {
    let line = Line::start(payname_tests::secondary::Kind::Bind).await;
    let users: Vec<String> = (0..24).map(|user| format!("user{user}")).collect();
    publish(&line.contact(), &users).await;
    let behind = provider(line.address(), SECRET, DOMAIN);
    for user in users.iter().take(12) {
        set(&*behind, user, &["bitcoin:?another-database"]).await;
    }
    let line = line.restart().await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let alarm = loop {
        if let Some(alarm) = info(&line.contact()).await.alarm {
            break alarm;
        }
        assert!(Instant::now() < deadline, "no alarm");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(alarm.contains("12 of 24"), "{alarm}");
    assert_eq!(
        shown(&*behind, "user0").await,
        ["bitcoin:?another-database"]
    );
    let ready = line.contact().get("/readyz").await;
    let told = String::from_utf8(ready.body).unwrap();
    assert!(ready.status.is_success() && told.contains(&alarm), "{told}");
    let metrics = line.metrics().await;
    let gauge = format!("payname_published_alarm{{domain=\"{DOMAIN}\"}} 1");
    assert!(metrics.contains(&gauge), "{metrics}");
    // What people do goes on.
    line.contact().put(&keys(1), "user0", &uri("mine")).await;
    until(&*behind, "user0", &[&uri("mine")]).await;
    line.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_made_by_hand_stays_while_a_claim_of_its_name_waits() {
    let policy = "[domain.policy]\ncondition = \"approval\"\n";
    let line = Line::start_with(payname_tests::secondary::Kind::Knot, policy).await;
    let claimed = line.contact().put(&keys(1), "alice", &uri("mine")).await;
    assert_eq!(claimed.status, 202, "{claimed:?}");
    let behind = provider(line.address(), SECRET, DOMAIN);
    set(&*behind, "alice", &["bitcoin:?by-hand"]).await;
    let line = line.restart().await;
    let strange = format!("payname_published_strange_names{{domain=\"{DOMAIN}\"}} 1");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !line.metrics().await.contains(&strange) {
        let shown = shown(&*behind, "alice").await;
        assert_eq!(shown, ["bitcoin:?by-hand"], "nobody has the name yet");
        assert!(Instant::now() < deadline, "it is not listed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(shown(&*behind, "alice").await, ["bitcoin:?by-hand"]);
    line.stop().await;
}

async fn publish(contact: &Contact, users: &[String]) {
    let owner = keys(1);
    let claiming = users
        .iter()
        .map(async |user| contact.put(&owner, user, &uri(user)).await);
    for answer in join_all(claiming).await {
        assert!(answer.status.is_success(), "{answer:?}");
    }
    for user in users {
        contact.until(user, State::Published).await;
    }
}

async fn info(contact: &Contact) -> DomainInfo {
    let answer = contact.get(&paths::domain(DOMAIN)).await;
    serde_json::from_slice(&answer.body).unwrap()
}

async fn until(provider: &dyn Provider, user: &str, wanted: &[&str]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let shown = shown(provider, user).await;
        if shown == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{user} is {shown:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
