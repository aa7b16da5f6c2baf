//! Names that are given once the operator approves, over HTTP and at the command line.

use std::process::Command;

use payname_api::{HandleStatus, Listed, State, codes, paths};
use reqwest::{Method, StatusCode};

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, now, uri};

/// A server whose operator looks at every chosen name.
struct Office {
    scene: Scene,
    contact: Contact,
}

impl Office {
    async fn open() -> Self {
        Self::open_by(payname_server::Clock::system()).await
    }

    async fn open_by(clock: payname_server::Clock) -> Self {
        let policy = "ttl = 300\n[domain.policy]\ncondition = \"approval\"\nreserve_hours = 1\nrandom_names = true\n";
        let text = config_text("").replace("ttl = 300", policy);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
        let scene = Scene::start_in(directory, text, clock).await;
        let contact = scene.contact();
        Self { scene, contact }
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .arg("--config")
            .arg(self.scene.data().with_file_name("paynamed.toml"))
            .args(arguments)
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8(output.stdout).unwrap()),
            false => Err(String::from_utf8(output.stderr).unwrap()),
        }
    }

    fn token(&self, name: &str, scope: &str) -> String {
        let made = self.run(&["token", "create", name, "--scope", scope]);
        made.unwrap().trim().to_owned()
    }

    async fn ask(&self, method: Method, path: &str, token: &str) -> Answer {
        let draft = Draft {
            method,
            path: path.to_owned(),
            ..Draft::put(&self.contact, "nobody", "")
        };
        let bearer = format!("Bearer {token}");
        self.contact.send(&draft, Some(&bearer)).await
    }

    async fn own_view(&self, seed: u8, user: &str) -> Answer {
        let path = paths::handle(DOMAIN, user);
        self.contact.look(&keys(seed), &path).await
    }
}

#[tokio::test]
async fn a_claim_is_reserved_shown_to_its_claimer_alone_and_published_once_it_is_approved() {
    let office = Office::open().await;
    let contact = &office.contact;
    let claimed = contact.put(&keys(1), "alice", &uri("a")).await;
    assert_eq!(claimed.status, StatusCode::ACCEPTED);
    let status = claimed.handle();
    assert_eq!((status.state, status.uri.as_str()), (State::Awaiting, ""));
    let private = status.private.unwrap();
    let awaits = private.awaits.unwrap();
    assert_eq!(awaits.condition, "approval");
    assert!(awaits.text.contains("operator"), "{awaits:?}");
    assert!(awaits.until.abs_diff(now() + 3600) < 60);
    assert_eq!(private.kept_uri, Some(uri("a")));
    // To everybody else it is not there, and it cannot be had.
    let path = paths::handle(DOMAIN, "alice");
    assert_eq!(contact.get(&path).await.code(), codes::UNKNOWN_HANDLE);
    let stranger = contact.put(&keys(2), "alice", &uri("b")).await;
    assert_eq!(stranger.code(), codes::NOT_OWNER);
    let seen = office.own_view(1, "alice").await.handle();
    assert_eq!(seen.state, State::Awaiting);
    // What it shall pay may be changed meanwhile, and the same again is the same.
    for _ in 0..2 {
        let again = contact.put(&keys(1), "alice", &uri("b")).await;
        assert_eq!(again.status, StatusCode::ACCEPTED);
        assert_eq!(again.handle().version, 2);
    }
    let renewed = contact.post(&keys(1), "alice", "renew").await;
    assert_eq!(renewed.code(), codes::AWAITING);

    let approve = paths::below(DOMAIN, "alice", "approve");
    let reading = office.token("reader", "read,moderate");
    let refused = office.ask(Method::POST, &approve, &reading).await;
    assert_eq!(refused.code(), codes::TOKEN_SCOPE);
    let by_claimer = contact.post(&keys(1), "alice", "approve").await;
    assert_eq!(by_claimer.code(), codes::TOKEN_INVALID);
    let path = format!("/v1/domains/{DOMAIN}/awaiting");
    let list = office.ask(Method::GET, &path, &reading).await;
    let list: Listed<HandleStatus> = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(list.items.len(), 1);
    assert_eq!(list.items[0].owner, keys(1).public_key().to_hex());

    let granting = office.token("desk", "grant");
    let approved = office.ask(Method::POST, &approve, &granting).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED, "{approved:?}");
    let published = contact.until("alice", State::Published).await;
    assert_eq!(published.uri, uri("b"));
    let again = office.ask(Method::POST, &approve, &granting).await;
    assert_eq!(again.status, StatusCode::OK);
    let unknown = paths::below(DOMAIN, "nobody", "approve");
    let unknown = office.ask(Method::POST, &unknown, &granting).await;
    assert_eq!(unknown.code(), codes::UNKNOWN_HANDLE);
    let audit = office.run(&["audit"]).unwrap();
    for line in ["list awaiting", "fulfil"] {
        assert!(audit.contains(line), "{audit}");
    }
    // From now on it is a name as any other.
    contact.put(&keys(1), "alice", &uri("c")).await.handle();
    contact.until("alice", State::Published).await;
}

#[tokio::test]
async fn the_command_line_lists_approves_and_refuses_beside_a_running_server() {
    let office = Office::open().await;
    let contact = &office.contact;
    for (seed, user) in [(1, "alice"), (2, "bob")] {
        contact.put(&keys(seed), user, &uri(user)).await.handle();
    }
    let listed = office.run(&["approve"]).unwrap();
    for user in ["₿alice@example.test", "₿bob@example.test", "approval"] {
        assert!(listed.contains(user), "{listed}");
    }
    let said = office.run(&["approve", "alice@example.test"]).unwrap();
    assert!(said.contains("is given"), "{said}");
    contact.until("alice", State::Published).await;
    let said = office.run(&["approve", "--refuse", "bob@example.test"]);
    assert!(said.unwrap().contains("is refused"));
    // It is free, and who was refused may ask again, as others may.
    let claimed = contact.put(&keys(3), "bob", &uri("c")).await.handle();
    assert_eq!(claimed.state, State::Awaiting);
    for (name, reason) in [
        ("alice@example.test", "does not wait"),
        ("nobody@example.test", "does not wait"),
        ("alice@other.test", "not in the configuration"),
    ] {
        let said = office.run(&["approve", name]).unwrap_err();
        assert!(said.contains(reason), "{said}");
    }
    let audit = office.run(&["audit"]).unwrap();
    assert!(
        audit.contains("fulfil") && audit.contains("remove"),
        "{audit}"
    );
}

#[tokio::test]
async fn a_name_that_the_operator_wrote_a_record_for_meanwhile_is_given_to_nobody() {
    let office = Office::open().await;
    office
        .contact
        .put(&keys(1), "alice", &uri("a"))
        .await
        .handle();
    let file = office.scene.data().with_file_name("paynamed.toml");
    let records = office.scene.data().with_file_name("records.zone");
    let text = std::fs::read_to_string(&file).unwrap();
    let filed = format!("ttl = 300\nrecords = \"{}\"", records.display());
    std::fs::write(&file, text.replace("ttl = 300", &filed)).unwrap();
    std::fs::write(&records, "alice.user._bitcoin-payment 300 TXT \"mine\"\n").unwrap();
    let said = office.run(&["approve", "alice@example.test"]).unwrap_err();
    assert!(said.contains("file of records"), "{said}");
    let waiting = office.own_view(1, "alice").await.handle();
    assert_eq!(waiting.state, State::Awaiting);
    let said = office.run(&["approve", "--refuse", "alice@example.test"]);
    assert!(said.unwrap().contains("is refused"));
}

#[tokio::test]
async fn what_nobody_approves_lapses_and_a_drawn_name_waits_for_nothing() {
    let directory = {
        let office = Office::open().await;
        let contact = &office.contact;
        contact.put(&keys(1), "alice", &uri("a")).await.handle();
        let path = paths::handles(DOMAIN);
        let body = serde_json::json!({ "uri": uri("d") }).to_string();
        let draft = Draft {
            method: Method::POST,
            url: paths::absolute(&contact.public_url, &path),
            path,
            ..Draft::put(contact, "", body)
        };
        let drawn = contact.send(&draft, Some(&draft.sign(&keys(4)))).await;
        let drawn = drawn.handle();
        assert_eq!(drawn.state, State::Pending);
        office.scene.stop().await
    };
    // Two hours later the server notices by itself, as soon as it starts.
    let text = std::fs::read_to_string(directory.path().join("paynamed.toml")).unwrap();
    let later = now() + 2 * 3600;
    let clock = payname_server::Clock::from_fn(move || payname_resolver::UnixTime(later));
    let scene = Scene::start_in(directory, text, clock).await;
    let contact = scene.contact();
    let body = serde_json::json!({ "uri": uri("b") }).to_string();
    let draft = Draft {
        at: later,
        ..Draft::put(&contact, "alice", body)
    };
    let claimed = contact.send(&draft, Some(&draft.sign(&keys(2)))).await;
    let claimed = claimed.handle();
    assert_eq!(claimed.owner, keys(2).public_key().to_hex());
    assert_eq!(claimed.state, State::Awaiting);
}
