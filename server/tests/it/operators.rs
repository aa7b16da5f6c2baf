//! What operators see and do with a token, and what is left of it in the audit log.

use std::process::Command;

use payname_api::{ExportedStep, HandleStatus, HistoryStep, Listed, State, codes, paths};
use reqwest::{Method, StatusCode};

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, uri};

/// A closed domain's server, and its command line.
struct Office {
    scene: Scene,
    contact: Contact,
}

impl Office {
    async fn open() -> Self {
        let closed = "ttl = 300\n[domain.policy]\naccess = \"closed\"\n";
        let text = config_text("").replace("ttl = 300", closed);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
        let scene = Scene::start_in(directory, text, payname_server::Clock::system()).await;
        let contact = scene.contact();
        Self { scene, contact }
    }

    /// What a command prints, or what it complains of.
    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_paynamed"))
            .arg("--config")
            .arg(self.scene.data().with_file_name("paynamed.toml"))
            .args(arguments)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }

    fn token(&self, name: &str, scope: &str) -> String {
        let made = self.run(&["token", "create", name, "--scope", scope]);
        made.unwrap().trim().to_owned()
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: &str) -> Answer {
        let draft = Draft {
            method,
            path: path.to_owned(),
            ..Draft::put(&self.contact, "nobody", body)
        };
        let bearer = format!("Bearer {token}");
        self.contact.send(&draft, Some(&bearer)).await
    }

    async fn grant(&self, token: &str, user: &str, seed: u8) -> Answer {
        let to = keys(seed).public_key().to_hex();
        let body = format!("{{\"to\":\"{to}\",\"uri\":\"{}\"}}", uri("a"));
        let path = paths::below(DOMAIN, user, "grant");
        self.ask(Method::POST, &path, token, &body).await
    }
}

#[tokio::test]
async fn in_a_closed_domain_the_operator_gives_names_and_their_owners_have_them() {
    let office = Office::open().await;
    let contact = &office.contact;
    let closed = contact.put(&keys(1), "alice", &uri("a")).await;
    assert_eq!(
        (closed.status, closed.code()),
        (StatusCode::FORBIDDEN, codes::CLOSED.to_owned())
    );
    let granting = office.token("desk", "grant");
    let given = office.grant(&granting, "alice", 1).await;
    assert_eq!(given.status, StatusCode::ACCEPTED);
    assert_eq!(given.handle().owner, keys(1).public_key().to_hex());
    contact.until("alice", State::Published).await;
    contact.put(&keys(1), "alice", &uri("b")).await.handle();
    // Nobody's name is given to somebody else, and this token is good for nothing else.
    assert_eq!(
        office.grant(&granting, "alice", 2).await.code(),
        codes::NOT_OWNER
    );
    let disable = paths::below(DOMAIN, "alice", "disable");
    let wrong = office.ask(Method::POST, &disable, &granting, "").await;
    assert_eq!(
        (wrong.status, wrong.code()),
        (StatusCode::FORBIDDEN, codes::TOKEN_SCOPE.to_owned())
    );
    let seen = office
        .ask(Method::GET, &paths::handle(DOMAIN, "alice"), &granting, "")
        .await;
    assert_eq!(seen.code(), codes::TOKEN_SCOPE);
    // The owner's signature opens nothing that is the operator's.
    let draft = Draft::post(contact, "bob", "grant", "{}");
    let signed = contact.send(&draft, Some(&draft.sign(&keys(1)))).await;
    assert_eq!(signed.code(), codes::TOKEN_INVALID);
    let mut foreign = Draft::get(contact, &format!("/v1/domains/{DOMAIN}/handles"));
    foreign.headers.clear();
    assert_eq!(
        contact.send(&foreign, None).await.code(),
        codes::TOKEN_INVALID
    );
}

#[tokio::test]
async fn what_the_operator_disables_is_hidden_until_the_operator_enables_it() {
    let office = Office::open().await;
    let contact = &office.contact;
    let token = office.token("ops", "read,moderate,grant");
    office.grant(&token, "alice", 1).await.handle();
    contact.until("alice", State::Published).await;
    let act = async |what: &str| {
        let path = paths::below(DOMAIN, "alice", what);
        office.ask(Method::POST, &path, &token, "").await
    };
    let hidden = act("disable").await;
    assert!(hidden.handle().private.unwrap().suspended);
    let path = paths::handle(DOMAIN, "alice");
    assert_eq!(contact.get(&path).await.code(), codes::UNKNOWN_HANDLE);
    let refused = contact.post(&keys(1), "alice", "enable").await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::FORBIDDEN, codes::SUSPENDED.to_owned())
    );
    let told = contact.look(&keys(1), &path).await.handle();
    assert!(told.private.unwrap().suspended);
    let seen = office.ask(Method::GET, &path, &token, "").await.handle();
    assert_eq!(seen.private.unwrap().kept_uri, Some(uri("a")));
    act("enable").await.handle();
    contact.until("alice", State::Published).await;
    for theirs in ["renew", "transfer"] {
        let answer = act(theirs).await;
        assert!(answer.status.is_client_error(), "{theirs}: {answer:?}");
    }
    let removed = office.ask(Method::DELETE, &path, &token, "").await;
    assert_eq!(removed.handle().state, State::Removing);
    contact.put(&keys(1), "alice", &uri("c")).await.handle();
}

#[tokio::test]
async fn an_operator_reads_all_names_and_all_of_their_history() {
    let office = Office::open().await;
    let token = office.token("ops", "read,moderate,grant");
    for user in ["alice", "bob", "carol"] {
        office.grant(&token, user, 1).await.handle();
        office.contact.put(&keys(1), user, &uri("b")).await.handle();
    }
    office
        .contact
        .post(&keys(1), "bob", "disable")
        .await
        .handle();
    let list = format!("/v1/domains/{DOMAIN}/handles");
    let first = office
        .ask(Method::GET, &format!("{list}?limit=2"), &token, "")
        .await;
    let first: Listed<HandleStatus> = serde_json::from_slice(&first.body).unwrap();
    assert!(first.items[1].handle.contains("bob") && first.items[1].private.is_some());
    let rest = format!("{list}?limit=2&cursor={}", first.next.unwrap());
    let rest = office.ask(Method::GET, &rest, &token, "").await;
    let rest: Listed<HandleStatus> = serde_json::from_slice(&rest.body).unwrap();
    assert!(rest.items[0].handle.contains("carol") && rest.next.is_none());

    let history = paths::below(DOMAIN, "bob", "history");
    let history = office.ask(Method::GET, &history, &token, "").await;
    let history: Listed<HistoryStep> = serde_json::from_slice(&history.body).unwrap();
    assert_eq!(history.items[0].operator.as_deref(), Some("ops"));
    assert_eq!(history.items.len(), 3);
    let export = format!("/v1/domains/{DOMAIN}/history");
    let export = office.ask(Method::GET, &export, &token, "").await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines = String::from_utf8(export.body).unwrap();
    let steps: Vec<ExportedStep> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(steps.len(), 7);
    assert!(steps[2].handle.contains("bob") && steps[2].step.version == 1);
}

#[tokio::test]
async fn a_token_is_shown_once_is_good_until_it_is_revoked_and_all_of_it_is_on_record() {
    let office = Office::open().await;
    let token = office.token("ops", "read");
    assert!(token.starts_with("paynop_"));
    let again = office.run(&["token", "create", "ops", "--scope", "read"]);
    assert!(again.unwrap_err().contains("choose another name"));
    for (wrong, told) in [
        (
            &["token", "create", "a b", "--scope", "read"][..],
            "letters",
        ),
        (
            &["token", "create", "x", "--scope", "all"],
            "read, moderate or grant",
        ),
        (&["token", "create", "x"], "--scope"),
        (
            &[
                "token",
                "create",
                "x",
                "--scope",
                "read",
                "--domain",
                "other.test",
            ],
            "no domain",
        ),
        (&["token", "revoke", "nobody"], "no token"),
    ] {
        let complaint = office.run(wrong).unwrap_err();
        assert!(complaint.contains(told), "{complaint}");
    }
    let listed = office.run(&["token", "list"]).unwrap();
    assert!(
        listed.contains("never used") && !listed.contains(&token[7..]),
        "{listed}"
    );
    let list = format!("/v1/domains/{DOMAIN}/handles");
    let seen = office.ask(Method::GET, &list, &token, "").await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(
        !office
            .run(&["token", "list"])
            .unwrap()
            .contains("never used")
    );
    for wrong in [
        "",
        "paynop_",
        &token[..token.len() - 1],
        &format!("{token}x"),
    ] {
        let answer = office.ask(Method::GET, &list, wrong, "").await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, codes::TOKEN_INVALID.to_owned())
        );
    }
    office.run(&["token", "revoke", "ops"]).unwrap();
    let late = office.ask(Method::GET, &list, &token, "").await;
    assert_eq!(late.code(), codes::TOKEN_INVALID);
    office.run(&["invite", "create", DOMAIN]).unwrap();
    let log = office.run(&["audit"]).unwrap();
    let deeds = [
        "create token",
        "list names",
        "revoke token",
        "create invite",
    ];
    assert_eq!(log.lines().count(), deeds.len(), "{log}");
    for (line, deed) in log.lines().zip(deeds) {
        assert!(line.contains(deed), "{line}");
    }
    assert!(!log.contains(&token[7..]));
}
