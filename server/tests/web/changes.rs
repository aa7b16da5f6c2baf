//! Registering, changing and removing a name in a browser, with a Nostr signer and with a key.

use nostr::{
    event::{EventBuilder, FinalizeEvent as _, Kind, Tag},
    key::Keys,
    types::Timestamp,
};
use payname_api::State;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{accessibility::judge, browser::Browser};
use crate::scene::{Contact, OFFER, Scene, keys};

/// A browser with a Nostr signer that gives what it is asked to sign to the test.
const SIGNER: &str = "window.nostr = { signEvent: (event) => new Promise((resolve) => { \
    window.asked = event; window.signed = resolve; }) };";

/// Signs what the page has asked for, as a signer would; gives the tags that were signed.
async fn sign(browser: &Browser, keys: &Keys) -> Value {
    let asked = "const done = arguments[0]; const look = () => window.asked ? done(window.asked) : setTimeout(look, 20); look();";
    let event = browser.run(asked).await;
    assert_eq!(event["kind"], 27235);
    let tags = event["tags"].as_array().unwrap().iter();
    let tags = tags.map(|tag| serde_json::from_value::<Vec<String>>(tag.clone()).unwrap());
    let signed = EventBuilder::new(Kind::HttpAuth, event["content"].as_str().unwrap())
        .tags(tags.map(|tag| Tag::parse(tag).unwrap()))
        .custom_created_at(Timestamp::from_secs(event["created_at"].as_u64().unwrap()))
        .finalize(keys)
        .unwrap();
    let script = format!(
        "window.asked = null; window.signed({}); arguments[0]()",
        signed.as_json()
    );
    browser.run(&script).await;
    event["tags"].clone()
}

/// Whether a condition is among what was signed, so that nobody on the way can take it away.
fn binds(tags: &Value, header: &str, value: &str) -> bool {
    let tags = tags.as_array().unwrap();
    tags.contains(&json!([header, value]))
}

/// From the domain's page to the read-back of an offer.
async fn until_read_back(browser: &Browser, contact: &Contact, user: &str) {
    browser.open(&format!("http://{}/", contact.http)).await;
    browser.type_into("#user", user).await;
    browser.click("form button").await;
    browser.until_says("h1", "What shall it pay?").await;
    browser.type_into("#uri", OFFER).await;
    browser.click("form button").await;
    browser.until_says("h1", "Read it back").await;
    let record = browser.text("main").await;
    assert!(
        record.contains(&format!("{user}.user._bitcoin-payment.example.test.")),
        "{record}"
    );
    let strings = browser
        .page
        .find_all(thirtyfour::By::Css(".strings code"))
        .await
        .unwrap();
    let mut joined = String::new();
    for string in strings {
        let text = string.text().await.unwrap();
        assert!(text.len() <= 255);
        joined += &text;
    }
    assert_eq!(joined, format!("bitcoin:?lno={OFFER}"));
}

#[tokio::test]
async fn a_nostr_signer_registers_changes_and_removes_a_name() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let browser = Browser::start().await;
    let script = json!({"source": SIGNER});
    browser
        .devtools("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
    browser
        .open(&format!("http://{}/~/register", contact.http))
        .await;
    judge(&browser, "register-1-name").await;
    until_read_back(&browser, &contact, "alice").await;
    judge(&browser, "register-3-read-back").await;
    browser.click("form[data-sign] button").await;
    let signed = sign(&browser, &keys(7)).await;
    assert!(binds(&signed, "if-none-match", "*"), "{signed}");
    browser.until_says(".verdict", "Proven by DNSSEC").await;
    let status = contact.until("alice", State::Published).await;
    assert_eq!(status.owner, keys(7).public_key().to_hex());

    browser
        .open(&format!("http://{}/~/manage?user=alice", contact.http))
        .await;
    judge(&browser, "manage").await;
    let other = format!("bitcoin:?lno={OFFER}&label=Other");
    browser.type_into("#uri", &other).await;
    browser.click("button.main").await;
    browser.until_says("h1", "Read it back").await;
    assert_eq!(browser.text("del").await, format!("bitcoin:?lno={OFFER}"));
    assert_eq!(browser.text("ins").await, other);
    judge(&browser, "manage-change").await;
    browser.click("form[data-sign] button").await;
    sign(&browser, &keys(8)).await;
    browser
        .until_says(".refused", "belongs to another key")
        .await;
    browser.click("form[data-sign] button").await;
    let signed = sign(&browser, &keys(7)).await;
    assert!(binds(&signed, "if-match", "\"1\""), "{signed}");
    browser.until_says(".verdict", "Proven by DNSSEC").await;
    assert_eq!(browser.value("#uri").await, other);

    let manage = format!("http://{}/~/manage?user=alice", contact.http);
    for (deed, after) in [("disable", "Done"), ("enable", "₿alice@example.test")] {
        browser.open(&manage).await;
        browser
            .click(&format!("input[value={deed}] + button"))
            .await;
        browser.until_says("h1", "Switch").await;
        judge(&browser, &format!("manage-{deed}")).await;
        browser.click("form[data-sign] button").await;
        sign(&browser, &keys(7)).await;
        browser.until_says("h1", after).await;
        let is_gone = contact.page("/alice").await.0 == StatusCode::NOT_FOUND;
        assert_eq!(is_gone, deed == "disable");
    }
    browser.open(&manage).await;
    browser.click("input[value=history] + button").await;
    browser.until_says("h1", "The history of").await;
    browser.click("form[data-sign] button").await;
    sign(&browser, &keys(7)).await;
    browser.until_says("h1", "What was done to").await;
    let told = browser.text(".history").await;
    for deed in ["Claimed", "Changed", "Switched off", "Switched on"] {
        assert!(told.contains(deed), "{told}");
    }
    judge(&browser, "manage-history").await;

    browser
        .open(&format!("http://{}/~/manage?user=alice", contact.http))
        .await;
    browser.click("input[value=remove] + button").await;
    browser.until_says("h1", "Remove").await;
    judge(&browser, "manage-remove").await;
    browser.click("form[data-sign] button").await;
    sign(&browser, &keys(7)).await;
    browser.until_says("h1", "Done").await;
    contact.until("alice", State::Removed).await;
    browser.quit().await;
}

#[tokio::test]
async fn without_a_signer_the_page_says_so() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let browser = Browser::start().await;
    until_read_back(&browser, &contact, "bob").await;
    browser.click("form[data-sign] button").await;
    browser
        .until_says("form[data-sign] .error", "has no Nostr signer")
        .await;
    // As a browser without the script sends it.
    let sent = "document.querySelector('form[data-make]').submit(); arguments[0]();";
    browser.run(sent).await;
    browser.until_says("h1", "Keep this key").await;
    judge(&browser, "register-4-key").await;
    browser.quit().await;
}

#[tokio::test]
async fn without_javascript_a_key_registers_changes_and_removes_a_name() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let browser = Browser::start_without_script().await;
    until_read_back(&browser, &contact, "carol").await;
    assert!(
        !browser
            .at("form[data-sign]")
            .await
            .is_displayed()
            .await
            .unwrap()
    );
    browser.click("form[action$=key] button").await;
    browser.until_says("h1", "Keep this key").await;
    let key = browser.value("#new-key").await;
    assert!(key.starts_with("nsec1"), "{key}");
    let said = browser.text("p.small").await;
    assert!(said.contains("passes through this server"), "{said}");
    browser.type_into("#key", "nsec1wrong").await;
    browser.click("button.main").await;
    browser.until_says(".refused", "that is no key").await;
    browser.click("details.own summary").await;
    browser.type_into("#key", &key).await;
    browser.click("details.own button").await;
    browser.until_says("h1", "₿carol@example.test").await;
    let status = contact.until("carol", State::Published).await;
    assert_eq!(
        status.owner,
        Keys::parse(&key).unwrap().public_key().to_hex()
    );
    let whole = std::fs::read_dir(scene.data()).unwrap();
    for file in whole
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
    {
        let bytes = std::fs::read(&file).unwrap();
        let kept = bytes
            .windows(key.len())
            .any(|window| window == key.as_bytes());
        assert!(!kept, "{} holds the key", file.display());
    }

    browser
        .open(&format!("http://{}/~/manage?user=carol", contact.http))
        .await;
    let other = format!("bitcoin:?lno={OFFER}&label=Other");
    browser.type_into("#uri", &other).await;
    browser.click("button.main").await;
    browser.until_says("h1", "Read it back").await;
    browser
        .type_into("#key", &keys(9).secret_key().to_secret_hex())
        .await;
    browser.click(".by-key button").await;
    browser
        .until_says(".refused", "belongs to another key")
        .await;
    browser.type_into("#key", &key).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "₿carol@example.test").await;
    contact.until("carol", State::Published).await;
    assert_eq!(
        contact
            .page("/carol")
            .await
            .1
            .matches("label=Other")
            .count(),
        2
    );

    browser
        .open(&format!("http://{}/~/manage?user=carol", contact.http))
        .await;
    browser.click("input[value=history] + button").await;
    browser.until_says("h1", "The history of").await;
    let stranger = keys(9).secret_key().to_secret_hex();
    browser.type_into("#key", &stranger).await;
    browser.click(".by-key button").await;
    browser.until_says(".refused", "another key").await;
    browser.type_into("#key", &key).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "What was done to").await;
    assert!(browser.text(".history").await.contains("Changed"));

    browser
        .open(&format!("http://{}/~/manage?user=carol", contact.http))
        .await;
    browser.click("input[value=remove] + button").await;
    browser.until_says("h1", "Remove").await;
    browser.type_into("#key", &key).await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "Done").await;
    contact.until("carol", State::Removed).await;
    browser.quit().await;
}
