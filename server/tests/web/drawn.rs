//! Names that the server draws: shown to choose from, and claimed with a ticket that shows they were drawn.

use payname_api::{DrawnNames, State, codes, paths};
use reqwest::StatusCode;
use thirtyfour::By;

use super::{accessibility::judge, browser::Browser, pages::send};
use crate::scene::{Contact, DOMAIN, Draft, OFFER, Scene, config_text, keys, uri};

/// A domain that draws names, and gives others in this way.
async fn start(access: &str) -> (Scene, Contact) {
    let policy = format!("ttl = 300\n[domain.policy]\nrandom_names = true\naccess = \"{access}\"");
    let text = config_text("").replace("ttl = 300", &policy);
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::start_in(directory, text, payname_server::Clock::system()).await;
    let contact = scene.contact();
    (scene, contact)
}

impl Contact {
    async fn drawn(&self) -> DrawnNames {
        let answer = self.get(&format!("/v1/domains/{DOMAIN}/drawn")).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// What a claim with a ticket is answered.
    async fn claim_drawn(&self, user: &str, ticket: &str) -> crate::scene::Answer {
        let body = serde_json::json!({ "uri": uri("a"), "drawn": ticket }).to_string();
        let draft = Draft::put(self, user, body);
        self.send(&draft, Some(&draft.sign(&keys(1)))).await
    }
}

#[tokio::test]
async fn in_a_closed_domain_that_draws_one_picks_a_drawn_name_and_has_it() {
    let (_scene, contact) = start("closed").await;
    let browser = Browser::start().await;
    browser.open(&format!("http://{}/", contact.http)).await;
    let terms = browser.text("main").await;
    assert!(
        terms.contains("A name that this server draws, such as brave-otter: anybody"),
        "{terms}"
    );
    assert!(browser.page.find(By::Css("#user")).await.is_err());
    judge(&browser, "domain-draws").await;
    browser.click("form button").await;
    browser.until_says("h1", "Choose a name").await;
    judge(&browser, "register-1-drawn").await;
    let shown = browser.text(".drawn").await;
    browser.click("form button").await;
    browser.until_says("h1", "Choose a name").await;
    assert_ne!(browser.text(".drawn").await, shown, "others are drawn");
    let name = browser.text(".drawn li:first-child").await;
    let user = name.split('@').next().unwrap().trim().to_owned();
    browser.click(".drawn li:first-child a").await;
    browser.until_says("h1", "What shall it pay?").await;
    assert!(browser.text(".lead").await.contains(&user));
    browser.type_into("#uri", OFFER).await;
    browser.click("form button").await;
    browser.until_says("h1", "Read it back").await;
    browser.click("details.own summary").await;
    let key = keys(3).secret_key().to_secret_hex();
    browser.until_ready().await;
    browser.type_into("#key", &key).await;
    browser.click("details.own button").await;
    browser.until_says("h1", &user).await;
    let status = contact.until(&user, State::Published).await;
    assert_eq!(status.owner, keys(3).public_key().to_hex());
    browser.quit().await;
}

#[tokio::test]
async fn a_ticket_is_good_for_the_name_that_was_drawn_and_no_other() {
    let (_scene, contact) = start("closed").await;
    let drawn = contact.drawn().await.items;
    assert!(drawn.len() > 3, "{drawn:?}");
    let (one, other) = (&drawn[0], &drawn[1]);
    for (user, ticket) in [
        ("alice", one.drawn.as_str()),
        (&one.user, &other.drawn),
        (&one.user, ""),
        (&one.user, "20000.00"),
        (&one.user, one.drawn.trim_end_matches(|c| c != '.')),
    ] {
        let refused = contact.claim_drawn(user, ticket).await;
        assert_eq!(refused.code(), codes::DRAWN_INVALID, "{user} {ticket}");
    }
    let chosen = contact.put(&keys(1), &one.user, &uri("a")).await;
    assert_eq!(chosen.code(), codes::CLOSED);
    contact.claim_drawn(&one.user, &one.drawn).await.handle();
    contact.until(&one.user, State::Published).await;
    let again = contact.drawn().await.items;
    assert!(again.iter().all(|item| item.user != one.user));
}

#[tokio::test]
async fn where_a_code_is_needed_for_a_chosen_name_a_drawn_one_needs_none() {
    let (_scene, contact) = start("invite").await;
    let (_, html, _) = contact.page("/").await;
    assert!(html.contains("Whoever has an invite code") && html.contains("draw\" value=\"1"));
    let (_, html, _) = contact.page("/~/register").await;
    assert!(html.contains("have some drawn for you"), "{html}");
    let (_, html, _) = contact.page("/~/register?draw=1").await;
    assert!(html.contains("think of one yourself"), "{html}");
    let item = &contact.drawn().await.items[0];
    let (user, ticket) = (item.user.as_str(), item.drawn.as_str());
    let path = format!("/~/register?user={user}&drawn={ticket}");
    let (_, html, _) = contact.page(&path).await;
    assert!(
        !html.contains("name=\"invite\"") && html.contains(ticket),
        "{html}"
    );
    let own = contact.public_url.trim_end_matches('/').to_owned();
    let key = keys(1).secret_key().to_secret_hex();
    let fields = [
        ("user", user),
        ("uri", OFFER),
        ("drawn", ticket),
        ("key", &key),
    ];
    let (_, html) = send(&contact, "/~/register/check", &own, &fields).await;
    assert!(
        html.contains(&format!("name=\"drawn\" value=\"{ticket}\"")),
        "{html}"
    );
    let wrong = [
        ("user", "alice"),
        ("uri", OFFER),
        ("drawn", ticket),
        ("key", &key),
    ];
    let (status, html) = send(&contact, "/~/register/sign", &own, &wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("have names drawn again"), "{html}");
    send(&contact, "/~/register/sign", &own, &fields).await;
    contact.until(user, State::Published).await;
}

#[tokio::test]
async fn a_domain_that_draws_no_names_offers_none() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    let answer = contact.get(&paths::DRAWN.replace("{domain}", DOMAIN)).await;
    assert_eq!(answer.code(), codes::CLOSED);
    let (_, html, _) = contact.page("/").await;
    assert!(!html.contains("name=\"draw\""), "{html}");
    let (_, html, _) = contact.page("/~/register?draw=1").await;
    assert!(html.contains("Is it free?"), "{html}");
}
