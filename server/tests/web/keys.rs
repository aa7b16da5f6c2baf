//! Management keys in the browser: made and used there, and never sent.

use data_encoding::{BASE64, HEXLOWER};
use nostr::{
    event::Event,
    key::{Keys, SecretKey},
    nips::nip19::ToBech32 as _,
};
use payname_api::State;
use serde_json::{Value, json};

use super::{accessibility::judge, browser::Browser, wire::Wire};
use crate::scene::{DOMAIN, OFFER, Scene, keys, uri};

/// Asserts that nothing of a key was sent, in whatever form.
#[track_caller]
fn assert_kept(sent: &[u8], key: &Keys) {
    let secret = key.secret_key();
    let hex = secret.to_secret_hex();
    let raw = HEXLOWER.decode(hex.as_bytes()).unwrap();
    let Ok(nsec) = secret.to_bech32();
    // Without its prefix, so that no way of writing that hides it.
    let forms = [
        nsec.trim_start_matches("nsec1").as_bytes().to_vec(),
        hex.clone().into_bytes(),
        raw.clone(),
        BASE64.encode(&raw[..30]).into_bytes(),
    ];
    let text = String::from_utf8_lossy(sent).into_owned();
    // The events themselves are in base64.
    let events: Vec<u8> = text.split("event=").skip(1).flat_map(opened).collect();
    for whole in [sent, &events] {
        let lower = whole.to_ascii_lowercase();
        for form in &forms {
            for seen in [whole, &lower[..]] {
                let is_in = seen.windows(form.len()).any(|window| window == form);
                assert!(!is_in, "the key was sent: {text}");
            }
        }
    }
    assert!(
        !text.contains("key=") && !text.contains("register/key"),
        "{text}"
    );
}

/// What stands in base64 at the beginning of a text, percent-encoded as in forms.
fn opened(text: &str) -> Vec<u8> {
    let plain = text
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    let groups = plain.as_bytes().chunks(4);
    groups
        .map_while(|group| BASE64.decode(group).ok())
        .flatten()
        .collect()
}

/// Up to where the signature is asked for.
async fn until_read_back(browser: &Browser, wire: &Wire, user: &str) {
    let url = format!("http://{}/~/register?user={user}", wire.address);
    browser.open(&url).await;
    browser.type_into("#uri", OFFER).await;
    browser.click("form button").await;
    browser.until_says("h1", "Read it back").await;
    browser.until_ready().await;
}

#[tokio::test]
async fn a_key_that_is_made_in_the_browser_never_leaves_it_and_manages_the_name() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let wire = Wire::to(contact.http).await;
    let browser = Browser::start().await;
    until_read_back(&browser, &wire, "alice").await;
    assert!(
        browser
            .text("#sign ~ p.small")
            .await
            .contains("used in your browser")
    );
    browser.click("form[data-make] button").await;
    browser.until_says("#made h2", "Keep this key").await;
    judge(&browser, "register-4-key-in-the-browser").await;
    let nsec = browser.value("#new-key").await;
    let key = Keys::parse(&nsec).unwrap();
    browser.type_into("#kept-key", "nsec1wrong").await;
    browser.click("#made button.main").await;
    browser.until_says("#made .error", "That is no key").await;
    browser.type_into("#kept-key", &nsec).await;
    browser.click("#made button.main").await;
    browser.until_says("h1", "₿alice@example.test").await;
    let status = contact.until("alice", State::Published).await;
    assert_eq!(status.owner, key.public_key().to_hex());
    assert_kept(&wire.sent(), &key);
    let sent = String::from_utf8_lossy(&wire.sent()).into_owned();
    let event = sent.split("event=").last().map(opened).unwrap();
    let own = key.public_key().to_hex();
    let event = String::from_utf8_lossy(&event);
    assert!(event.contains(&own), "what was sent is read");
    assert!(event.contains(r#"["if-none-match","*"]"#), "{event}");

    // The name is managed with it, in the same way.
    let manage = format!("http://{}/~/manage?user=alice", wire.address);
    browser.open(&manage).await;
    browser.type_into("#uri", &uri("Other")).await;
    browser.click("button.main").await;
    browser.until_says("h1", "Read it back").await;
    browser.until_ready().await;
    let stranger = keys(9);
    browser
        .type_into("#key", &stranger.secret_key().to_secret_hex())
        .await;
    browser.click(".by-key button").await;
    browser
        .until_says(".refused", "belongs to another key")
        .await;
    browser.until_ready().await;
    browser
        .type_into("#key", &key.secret_key().to_secret_hex())
        .await;
    browser.click(".by-key button").await;
    browser.until_says("h1", "₿alice@example.test").await;
    let status = contact.until("alice", State::Published).await;
    assert_eq!(status.uri, uri("Other"));
    for key in [&key, &stranger] {
        assert_kept(&wire.sent(), key);
    }
    // The page has loaded itself anew for the last time.
    browser.until_says(".verdict", "Proven by DNSSEC").await;
    // Nor is it kept, or sent to anybody else.
    let kept = "const done = arguments[0]; indexedDB.databases().then((all) => done([localStorage.length, sessionStorage.length, document.cookie, all.length]));";
    assert_eq!(browser.run(kept).await, json!([0, 0, "", 0]));
    let asked = "arguments[0](performance.getEntriesByType('resource').map((one) => new URL(one.name).origin).filter((one) => one !== location.origin))";
    assert_eq!(browser.run(asked).await, json!([]));
    browser.quit().await;
}

#[tokio::test]
async fn while_the_script_is_not_there_no_form_with_a_key_is_sent() {
    let scene = Scene::start().await;
    let wire = Wire::to(scene.contact().http).await;
    let browser = Browser::start().await;
    until_read_back(&browser, &wire, "alice").await;
    let module = browser.at("script[type=module]").await.attr("src").await;
    let module = module.unwrap().unwrap();
    browser.devtools("Network.enable", json!({})).await;
    browser
        .devtools("Network.setCacheDisabled", json!({"cacheDisabled": true}))
        .await;
    let blocked = json!({"urls": [format!("*{module}")]});
    browser.devtools("Network.setBlockedURLs", blocked).await;
    let register = format!("http://{}/~/register?user=alice", wire.address);
    browser.open(&register).await;
    browser.type_into("#uri", OFFER).await;
    browser.click("form button").await;
    browser.until_says("h1", "Read it back").await;
    let key = keys(3);
    browser.click("details.own summary").await;
    browser
        .type_into("#key", &key.secret_key().to_secret_hex())
        .await;
    browser.click("details.own button").await;
    browser
        .until_says("details.own .error", "not loaded whole")
        .await;
    browser.click("form[data-make] button").await;
    browser
        .until_says("form[data-make] .error", "not loaded whole")
        .await;
    assert_eq!(browser.text("h1").await, "Read it back");
    assert_kept(&wire.sent(), &key);
    browser.quit().await;
}

#[tokio::test]
async fn what_the_browser_signs_is_what_everybody_else_calls_signed() {
    let scene = Scene::start().await;
    let wire = Wire::to(scene.contact().http).await;
    let browser = Browser::start().await;
    until_read_back(&browser, &wire, "alice").await;
    let secrets: Vec<String> = (1..=16_u8)
        .map(|seed| {
            let digest = ring::digest::digest(&ring::digest::SHA256, &[seed]);
            HEXLOWER.encode(digest.as_ref())
        })
        .collect();
    let script = format!(
        "const done = arguments[0]; (async () => {{
            const keys = await import(document.querySelector('script[type=module]').src);
            const told = [];
            for (const secret of {}) {{
                const key = keys.decodeKey(secret);
                const nsec = keys.encodeKey(key);
                const back = keys.decodeKey(nsec.toUpperCase());
                const asked = {{ method: 'PUT', url: 'https://names.test/ü\"', payload: '00' }};
                const event = await keys.signEvent(key, asked, 1785931200999);
                told.push({{ nsec, event, same: key.every((byte, index) => byte === back[index]) }});
            }}
            return told;
        }})().then(done, (error) => done(String(error)));",
        json!(secrets)
    );
    let told = browser.run(&script).await;
    let told = told.as_array().unwrap_or_else(|| panic!("{told}"));
    assert_eq!(told.len(), secrets.len());
    for (secret, told) in secrets.iter().zip(told) {
        let key = SecretKey::parse(secret).unwrap();
        let Ok(nsec) = key.to_bech32();
        assert_eq!((&told["nsec"], &told["same"]), (&json!(nsec), &json!(true)));
        let event: Event = serde_json::from_value(told["event"].clone()).unwrap();
        event.verify().unwrap();
        assert_eq!(event.pubkey, Keys::new(key).public_key());
        assert_eq!(event.created_at.as_secs(), 1_785_931_200);
    }
    let wrong = |text: &str| {
        format!(
            "const done = arguments[0]; import(document.querySelector('script[type=module]').src).then((keys) => done(keys.decodeKey({})));",
            json!(text)
        )
    };
    let good = told[0]["nsec"].as_str().unwrap();
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let flipped = good.replacen('q', "p", 1);
    let mixed = good.replacen("nsec1", "Nsec1", 1);
    for text in [
        "",
        "nsec1",
        "00",
        &"0".repeat(64),
        order,
        &flipped,
        &mixed,
        &good[..62],
    ] {
        assert_eq!(browser.run(&wrong(text)).await, Value::Null, "{text}");
    }
    // Vectors 0 and 1 of BIP-340.
    for (secret, message, random, signature) in [
        (
            "0000000000000000000000000000000000000000000000000000000000000003",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
        ),
        (
            "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
            "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
            "0000000000000000000000000000000000000000000000000000000000000001",
            "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
        ),
    ] {
        let script = format!(
            "const done = arguments[0]; (async () => {{
                const source = await (await fetch(document.querySelector('script[type=module]').src)).text();
                const curve = await import(source.match(/from \"([^\"]+)\"/)[1]);
                const [secret, message, random] = ['{secret}', '{message}', '{random}'].map(curve.etc.hexToBytes);
                return curve.etc.bytesToHex(await curve.schnorr.signAsync(message, secret, random));
            }})().then(done, (error) => done(String(error)));"
        );
        assert_eq!(browser.run(&script).await, json!(signature));
    }
    browser.quit().await;
    assert_eq!(DOMAIN, "example.test");
}
