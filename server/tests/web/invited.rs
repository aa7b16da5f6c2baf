//! Domains that do not give a name to everybody say so, and ask for what they want to see.

use std::process::Command;

use payname_api::State;
use reqwest::StatusCode;

use super::pages::send;
use crate::scene::{DOMAIN, OFFER, Scene, config_text, keys};

/// A domain that gives names in this way.
async fn start(access: &str) -> Scene {
    let policy = format!("ttl = 300\n[domain.policy]\naccess = \"{access}\"");
    let text = config_text("").replace("ttl = 300", &policy);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
    Scene::start_in(directory, text, payname_server::Clock::system()).await
}

#[tokio::test]
async fn who_has_an_invite_code_registers_with_it_and_nobody_else_does() {
    let scene = start("invite").await;
    let contact = scene.contact();
    let (_, html, _) = contact.page("/").await;
    assert!(html.contains("Whoever has an invite code"), "{html}");
    let (_, html, _) = contact.page("/~/register?user=alice").await;
    assert!(html.contains("name=\"invite\""), "{html}");

    let config = scene.data().with_file_name("paynamed.toml");
    let created = Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .arg("--config")
        .arg(config)
        .args(["invite", "create", DOMAIN])
        .output()
        .unwrap();
    let code = String::from_utf8(created.stdout).unwrap();
    let code = code.trim();
    assert!(!code.is_empty());

    let own = contact.public_url.trim_end_matches('/').to_owned();
    let key = keys(1).secret_key().to_secret_hex();
    let fields = |invite| {
        [
            ("user", "alice"),
            ("uri", OFFER),
            ("key", &*key),
            ("invite", invite),
        ]
    };
    for (invite, reason) in [("", "invite"), ("wrong", "invite code")] {
        let path = "/~/register/sign";
        let (status, html) = send(&contact, path, &own, &fields(invite)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{html}");
        assert!(html.contains(reason), "{html}");
    }
    // The code is carried from step to step.
    let (_, html) = send(&contact, "/~/register/check", &own, &fields(code)).await;
    let carried = format!("name=\"invite\" value=\"{code}\"");
    assert!(html.contains(&carried), "{html}");
    send(&contact, "/~/register/sign", &own, &fields(code)).await;
    contact.until("alice", State::Published).await;
}

#[tokio::test]
async fn a_domain_whose_names_the_operator_gives_offers_none() {
    let scene = start("closed").await;
    let (_, html, _) = scene.contact().page("/").await;
    assert!(html.contains("Whomever the operator gives one"), "{html}");
    assert!(!html.contains("action=\"/~/register\""), "{html}");
}
