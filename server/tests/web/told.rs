//! Pages of names that wait, are told to Nostr, end, or cannot be proven.

use std::process::Command;

use payname_api::State;
use reqwest::StatusCode;

use super::{accessibility::judge, browser::Browser, pages::send};
use crate::scene::{Contact, DOMAIN, OFFER, Scene, config_text, keys, uri};

/// A server with more of this kind in its domain.
async fn start(tables: &str) -> (Scene, Contact) {
    let text = config_text("").replace("ttl = 300", &format!("ttl = 300\n{tables}"));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
    let scene = Scene::start_in(directory, text, payname_server::Clock::system()).await;
    let contact = scene.contact();
    (scene, contact)
}

fn secret(seed: u8) -> String {
    keys(seed).secret_key().to_secret_hex()
}

#[tokio::test]
async fn who_waits_for_the_operators_word_is_told_so_and_nobody_else_is() {
    let (scene, contact) = start("[domain.policy]\ncondition = \"approval\"").await;
    let (_, html, _) = contact.page("/").await;
    assert!(html.contains("The operator looks at each name"), "{html}");
    let browser = Browser::start().await;
    let register = format!("http://{}/~/register?user=alice", contact.http);
    browser.open(&register).await;
    judge(&browser, "register-2-pay").await;
    browser.type_into("#uri", OFFER).await;
    browser.click("form button").await;
    browser.until_says("#sign ~ p", "first reserved").await;
    browser.click("details.own summary").await;
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click("details.own button").await;
    browser.until_says("h1", "It is reserved").await;
    let said = browser.text("main").await;
    assert!(said.contains("₿alice@example.test") && said.contains("The operator of"));
    judge(&browser, "register-5-reserved").await;
    for path in ["/alice", "/alice.json"] {
        assert_eq!(contact.page(path).await.0, StatusCode::NOT_FOUND);
    }
    let (status, html, _) = contact.page("/~/register?user=alice").await;
    assert_eq!(status, StatusCode::CONFLICT, "{html}");
    let approved = Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .arg("--config")
        .arg(scene.data().with_file_name("paynamed.toml"))
        .args(["approve", "alice@example.test"])
        .output()
        .unwrap();
    assert!(approved.status.success(), "{approved:?}");
    contact.until("alice", State::Published).await;
    assert_eq!(contact.page("/alice").await.0, StatusCode::OK);
    browser.quit().await;
}

#[tokio::test]
async fn an_owner_tells_nostr_of_a_name_and_no_longer() {
    let (_scene, contact) = start("[domain.nostr]\nenabled = true").await;
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let found = async || {
        let path = format!("{}?name=alice", payname_api::paths::NOSTR_NAMES);
        contact.page(&path).await.1
    };
    let browser = Browser::start().await;
    let manage = format!("http://{}/~/manage?user=alice", contact.http);
    browser.open(&manage).await;
    judge(&browser, "manage-nostr").await;
    browser
        .type_into("#relays", "wss://relay.example.com")
        .await;
    browser.click("input[value=set-nostr] ~ button").await;
    browser.until_says("h1", "Have Nostr find").await;
    let said = browser.text("main").await;
    assert!(
        said.contains("the key that signs now") && said.contains("wss://relay.example.com"),
        "{said}"
    );
    judge(&browser, "manage-nostr-sign").await;
    assert!(
        found().await.contains("\"names\":{}"),
        "it is off until then"
    );
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "₿alice@example.test").await;
    let told = found().await;
    let own = keys(1).public_key().to_hex();
    assert!(
        told.contains(&own) && told.contains("wss://relay"),
        "{told}"
    );

    let other = keys(2).public_key().to_hex();
    browser.open(&manage).await;
    browser.type_into("#nostr-key", &other).await;
    browser.click("input[value=set-nostr] ~ button").await;
    browser.until_says("main", &other).await;
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "₿alice@example.test").await;
    assert!(found().await.contains(&other));

    browser.open(&manage).await;
    browser.click("input[value=unset-nostr] + button").await;
    browser.until_says("h1", "Have Nostr forget").await;
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "₿alice@example.test").await;
    assert!(found().await.contains("\"names\":{}"));

    browser.open(&manage).await;
    browser.click("input[value=history] + button").await;
    browser.until_says("h1", "The history of").await;
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click(".by-key button").await;
    browser
        .until_says(".history", "Told to Nostr no longer")
        .await;
    assert!(browser.text(".history").await.contains(&other));
    browser.quit().await;
    // A domain that does not want it says nothing of it; who asks nevertheless is refused.
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let (_, html, _) = contact.page("/~/manage?user=alice").await;
    assert!(!html.contains("nostr-key"), "{html}");
    let own = contact.public_url.trim_end_matches('/').to_owned();
    let key = secret(1);
    let fields = [("user", "alice"), ("what", "set-nostr"), ("key", &*key)];
    let (status, html) = send(&contact, "/~/manage/sign", &own, &fields).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("tells Nostr programs nothing"), "{html}");
}

#[tokio::test]
async fn a_name_that_ends_is_renewed_and_one_that_is_removed_is_done_with() {
    let (_scene, contact) = start("[domain.policy]\nexpire_days = 30\nhold_days = 7").await;
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let browser = Browser::start().await;
    let manage = format!("http://{}/~/manage?user=alice", contact.http);
    browser.open(&manage).await;
    browser.click("input[value=renew] + button").await;
    browser.until_says("h1", "Renew").await;
    assert!(browser.text(".lead").await.contains("30 days from now"));
    judge(&browser, "manage-renew").await;
    browser.open(&manage).await;
    browser.click("input[value=remove] + button").await;
    browser.until_says("h1", "Remove").await;
    browser.until_ready().await;
    browser.type_into("#key", &secret(1)).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "Done").await;
    judge(&browser, "manage-done").await;
    browser.quit().await;
}

#[tokio::test]
async fn the_list_of_domains_and_a_name_that_dns_does_not_prove_are_for_everybody() {
    // Nobody answers there.
    let text = format!(
        "{}\n[[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.other.test\"]\naddresses = [\"127.0.0.1\"]\n[prove]\ndns = \"127.0.0.1:9\"",
        config_text("")
    );
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::start_in(directory, text, payname_server::Clock::system()).await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let browser = Browser::start().await;
    browser.open(&format!("http://{}/", contact.http)).await;
    let listed = browser.text(".list").await;
    assert!(listed.contains(DOMAIN) && listed.contains("other.test"));
    judge(&browser, "domains").await;
    contact.until("alice", State::Failed).await;
    browser
        .open(&format!("http://{}/{DOMAIN}/alice", contact.http))
        .await;
    browser.until_says(".verdict", "Not proven just now").await;
    judge(&browser, "pay-unproven").await;
    browser.click(".warning summary").await;
    assert_eq!(browser.value("#uri").await, uri("a"));
    judge(&browser, "pay-unproven-open").await;
    browser.quit().await;
}
