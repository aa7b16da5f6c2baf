//! Who gets which name: reserved ones, look-alikes, invites, closed domains, quotas.

use std::process::Command;

use payname_api::{PutHandle, State, codes, paths};
use reqwest::{Method, StatusCode};

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, uri};

async fn start(policy: &str) -> Scene {
    let text = config_text("").replace("ttl = 300", &format!("ttl = 300\n{policy}"));
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("reserved"),
        "# ours\nAcme  # a brand\n\n",
    )
    .unwrap();
    std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
    Scene::start_in(directory, text, payname_server::Clock::system()).await
}

async fn put(contact: &Contact, seed: u8, user: &str, invite: Option<&str>) -> Answer {
    let body = PutHandle {
        uri: uri("a"),
        invite: invite.map(ToOwned::to_owned),
        drawn: None,
    };
    let draft = Draft::put(contact, user, serde_json::to_vec(&body).unwrap());
    contact.send(&draft, Some(&draft.sign(&keys(seed)))).await
}

#[tokio::test]
async fn reserved_names_and_look_alikes_and_names_of_another_form_are_not_given() {
    let names = "[domain.names]\nmin_length = 3\nmax_length = 12\nseparators = \"-.\"\nreserved = [\"treasurer\"]\nreserved_file = \"reserved\"\n";
    let scene = start(names).await;
    let contact = scene.contact();
    for user in ["alice", "bob-1", "eve.org"] {
        put(&contact, 1, user, None).await.handle();
    }
    for (user, status, code) in [
        ("al", 422, codes::INVALID_HANDLE),
        ("a-very-long-one", 422, codes::INVALID_HANDLE),
        ("a_b", 422, codes::INVALID_HANDLE),
        ("a--b", 422, codes::INVALID_HANDLE),
        ("-abc", 422, codes::INVALID_HANDLE),
        ("postmaster", 409, codes::RESERVED),
        ("p0stmaster", 409, codes::RESERVED),
        ("ACME", 409, codes::RESERVED),
        ("acrne", 409, codes::RESERVED),
        ("treasurer", 409, codes::RESERVED),
        ("my.admin", 409, codes::RESERVED),
        ("a1ice", 409, codes::CONFUSABLE),
        ("A1ICE", 409, codes::CONFUSABLE),
        ("bob.1", 409, codes::CONFUSABLE),
        ("org", 409, codes::SHADOWS),
        ("not.eve.org", 409, codes::SHADOWS),
        ("Alice", 403, codes::NOT_OWNER),
    ] {
        let answer = put(&contact, 2, user, None).await;
        let told = (answer.status.as_u16(), answer.code());
        assert_eq!(told, (status, code.to_owned()), "{user}");
    }
}

#[tokio::test]
async fn a_name_that_was_given_under_older_rules_is_its_owners_still() {
    let scene = start("").await;
    let contact = scene.contact();
    put(&contact, 1, "a_b", None).await.handle();
    let strict = "ttl = 300\n[domain.names]\nmin_length = 5\nseparators = \"\"\n[domain.policy]\naccess = \"closed\"\n";
    let strict = config_text("").replace("ttl = 300", strict);
    let clock = payname_server::Clock::system();
    let scene = Scene::start_in(scene.stop().await, strict, clock).await;
    let contact = scene.contact();
    contact.delete(&keys(1), "a_b").await.handle();
    contact.put(&keys(1), "a_b", &uri("b")).await.handle();
    let closed = put(&contact, 1, "newname", None).await;
    assert_eq!(closed.code(), codes::CLOSED);
}

#[tokio::test]
async fn who_is_invited_gets_as_many_names_as_the_code_is_good_for() {
    let scene = start("[domain.policy]\naccess = \"invite\"\n").await;
    let contact = scene.contact();
    let config = scene.data().with_file_name("paynamed.toml");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .arg("--config")
            .arg(&config)
            .arg("invite")
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        if output.status.success() {
            printed
        } else {
            said
        }
    };
    assert!(run(&["create", "other.test"]).contains("no domain"));
    let code = run(&[
        "create",
        "example.test",
        "--uses",
        "2",
        "--days",
        "7",
        "--note",
        "a \u{1b}[1mfriend",
    ]);
    let code = code.trim();
    assert_eq!(code.len(), 26);
    let none = put(&contact, 1, "alice", None).await;
    assert_eq!(
        (none.status, none.code()),
        (StatusCode::FORBIDDEN, codes::INVITE_NEEDED.to_owned())
    );
    let wrong = put(&contact, 1, "alice", Some("wrong")).await;
    assert_eq!(wrong.code(), codes::INVITE_INVALID);
    put(&contact, 1, "alice", Some(code)).await.handle();
    put(&contact, 1, "alice", None).await.handle();
    let spelled = code.to_uppercase();
    let (start, end) = spelled.split_at(13);
    put(&contact, 2, "bob", Some(&format!(" {start}-{end} ")))
        .await
        .handle();
    let late = put(&contact, 3, "carol", Some(code)).await;
    assert_eq!(late.code(), codes::INVITE_INVALID);

    let listed = run(&["list"]);
    assert!(
        listed.contains("2 of 2 used") && !listed.contains(code),
        "{listed}"
    );
    assert!(!listed.contains('\u{1b}'), "{listed:?}");
    let second = run(&["create", "example.test"]);
    let listed = run(&["list"]);
    let id = listed.lines().find(|line| line.contains("0 of 1")).unwrap();
    run(&["revoke", id.split_whitespace().next().unwrap()]);
    assert!(run(&["list"]).contains("revoked"));
    assert!(run(&["revoke", "nothing"]).contains("no invite has this id"));
    let revoked = put(&contact, 3, "carol", Some(second.trim())).await;
    assert_eq!(revoked.code(), codes::INVITE_INVALID);
}

#[tokio::test]
async fn quotas_hold_for_a_key_and_for_a_network() {
    let limited = "[domain.policy]\nnames_per_key = 2\n";
    let scene = start(limited).await;
    let contact = scene.contact();
    for user in ["one", "two"] {
        put(&contact, 1, user, None).await.handle();
    }
    let third = put(&contact, 1, "three", None).await;
    assert_eq!(third.code(), codes::TOO_MANY_NAMES);
    put(&contact, 2, "three", None).await.handle();
    let policy = "ttl = 300\n[domain.policy]\nclaims_per_network_and_day = 1\n";
    let text = config_text("").replace("ttl = 300", policy);
    let text = text.replace("[dns]", "[http.limits]\n        exempt = []\n        [dns]");
    let clock = payname_server::Clock::system();
    let scene = Scene::start_in(tempfile::tempdir().unwrap(), text, clock).await;
    let contact = scene.contact();
    put(&contact, 1, "one", None).await.handle();
    let second = put(&contact, 2, "two", None).await;
    assert_eq!(
        (second.status, second.code()),
        (
            StatusCode::TOO_MANY_REQUESTS,
            codes::TOO_MANY_CLAIMS.to_owned()
        )
    );
    contact.put(&keys(1), "one", &uri("b")).await.handle();
}

#[tokio::test]
async fn a_name_is_drawn_for_everybody_where_chosen_ones_are_not_given() {
    let scene = start("[domain.policy]\naccess = \"closed\"\nrandom_names = true\n").await;
    let contact = scene.contact();
    let draw = async |seed: u8| {
        let body = format!("{{\"uri\":\"{}\"}}", uri("a"));
        let path = paths::handles(DOMAIN);
        let draft = Draft {
            method: Method::POST,
            url: paths::absolute(&contact.public_url, &path),
            path,
            ..Draft::put(&contact, "nobody", body)
        };
        let signed = draft.sign(&keys(seed));
        (contact.send(&draft, Some(&signed)).await, draft, signed)
    };
    let (drawn, draft, signed) = draw(1).await;
    assert_eq!(drawn.status, StatusCode::ACCEPTED);
    let location = drawn.headers["location"].to_str().unwrap().to_owned();
    let status = drawn.handle();
    assert_eq!(
        (status.version, status.owner),
        (1, keys(1).public_key().to_hex())
    );
    let user = location.rsplit('/').next().unwrap();
    assert!(
        status.handle.contains(user) && user.contains('-'),
        "{location}"
    );
    contact.until(user, State::Published).await;
    let replayed = contact.send(&draft, Some(&signed)).await;
    assert_eq!(replayed.code(), codes::AUTH_REPLAYED);
    let (second, ..) = draw(1).await;
    assert_ne!(second.handle().handle, status.handle);
    let chosen = put(&contact, 1, "alice", None).await;
    assert_eq!(chosen.code(), codes::CLOSED);
    // It is its owner's like any other.
    contact.put(&keys(1), user, &uri("b")).await.handle();
}

#[tokio::test]
async fn no_name_is_drawn_where_the_domain_does_not_say_so() {
    let scene = start("").await;
    let contact = scene.contact();
    let path = paths::handles(DOMAIN);
    let draft = Draft {
        method: Method::POST,
        url: paths::absolute(&contact.public_url, &path),
        path,
        ..Draft::put(&contact, "nobody", format!("{{\"uri\":\"{}\"}}", uri("a")))
    };
    let answer = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!(answer.code(), codes::CLOSED);
}
