//! What people do on the pages, with real clicks.

use payname_api::State;

use super::{accessibility::judge, browser::Browser};
use crate::scene::{OFFER, Scene, keys};

const SP: &str = "sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";

/// A server that has published `alice`, and where her page is.
async fn alice() -> (Scene, String) {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri()).await.handle();
    contact.until("alice", State::Published).await;
    let page = format!("http://{}/alice", contact.http);
    (scene, page)
}

fn uri() -> String {
    format!("bitcoin:?lno={OFFER}&sp={SP}&label=Gr%C3%BC%C3%9Fe%20von%20%3CAlice%3E")
}

#[tokio::test]
async fn a_payer_opens_the_ways_to_pay_and_copies_what_is_there() {
    let (_scene, page) = alice().await;
    let browser = Browser::start().await;
    browser.open(&page).await;
    assert_eq!(browser.text("h1").await, "₿alice@example.test");
    assert_eq!(browser.value("#uri").await, uri());
    let link = browser.at("a.button").await.attr("href").await.unwrap();
    assert_eq!(link.unwrap(), uri());
    judge(&browser, "pay").await;
    browser.click("button[data-copy=name]").await;
    browser.until_says("#status", "The name is copied.").await;
    browser.click("button[data-copy=uri]").await;
    browser
        .until_says("#status", "The payment code is copied.")
        .await;
    browser.click(".way summary").await;
    assert_eq!(browser.value("#way-0").await, OFFER);
    judge(&browser, "pay-open").await;
    browser.quit().await;
}

#[tokio::test]
async fn without_javascript_the_page_is_whole_and_takes_an_amount() {
    let (_scene, page) = alice().await;
    let browser = Browser::start_without_script().await;
    browser.open(&page).await;
    assert!(browser.at("svg.qr").await.is_displayed().await.unwrap());
    let copy = browser.at("button[data-copy=uri]").await;
    assert!(
        !copy.is_displayed().await.unwrap(),
        "a button that can do nothing"
    );
    browser.click(".way:nth-of-type(2) summary").await;
    let code = browser.at("#way-1").await;
    assert!(code.is_displayed().await.unwrap());
    assert_eq!(browser.value("#way-1").await, SP);
    browser.type_into("#amount", "25000").await;
    browser.click("form button").await;
    browser.until_says(".note", "25,000 sat").await;
    let asking = format!("{}&amount=0.00025", uri());
    assert_eq!(browser.value("#uri").await, asking);
    assert!(
        browser
            .text(".note")
            .await
            .contains("25,000 sat was added by this page")
    );
    browser.type_into("#amount", "a lot").await;
    browser.click("form button").await;
    browser.until_says("#amount-error", "write a number").await;
    assert_eq!(browser.value("#uri").await, uri());
    browser.quit().await;
}

#[tokio::test]
async fn the_pages_about_nobody_in_particular_are_for_everybody() {
    let (scene, page) = alice().await;
    let browser = Browser::start().await;
    browser.open(&format!("{page}?amount=25000&unit=sat")).await;
    judge(&browser, "pay-amount").await;
    browser.open(&format!("{page}?amount=x&unit=btc")).await;
    judge(&browser, "pay-mistake").await;
    browser.open(&page.replace("alice", "nobody")).await;
    judge(&browser, "missing").await;
    browser.open(&page.replace("alice", "")).await;
    judge(&browser, "domain").await;
    let contact = scene.contact();
    // As long as a name may be.
    let long = format!("{}.abc", "long-name-".repeat(6).trim_end_matches('-'));
    assert_eq!(long.len(), 63);
    contact.put(&keys(1), &long, &uri()).await.handle();
    contact.until(&long, State::Published).await;
    browser.open(&page.replace("alice", &long)).await;
    judge(&browser, "pay-long").await;
    browser.quit().await;
}
