//! Routes for operators: each says so in the document, and none lets anybody in without a good token.

use std::process::Command;

use payname_api::{codes, paths};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::scene::{Answer, Contact, DOMAIN, Draft, Scene, config_text, keys, uri};

/// A server with a command line beside it.
async fn start() -> Scene {
    let text = format!(
        "{}\n[[domain]]\nname = \"other.test\"\nnameservers = [\"ns1.other.test\"]\naddresses = [\"127.0.0.1\"]",
        config_text("")
    );
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("paynamed.toml"), &text).unwrap();
    Scene::start_in(directory, text, payname_server::Clock::system()).await
}

fn run(scene: &Scene, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .arg("--config")
        .arg(scene.data().with_file_name("paynamed.toml"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// An operation of the document.
struct Operation {
    method: Method,
    path: String,
    is_for_operators: bool,
    /// The schemes that let somebody in.
    schemes: Vec<String>,
}

async fn operations(contact: &Contact) -> Vec<Operation> {
    let answer = contact.get(paths::OPENAPI).await;
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    let scheme = &document["components"]["securitySchemes"]["operator"];
    assert_eq!(
        (&scheme["type"], &scheme["scheme"]),
        (&"http".into(), &"bearer".into())
    );
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, told) in item.as_object().unwrap() {
            let tags = told["tags"].as_array().unwrap();
            let security = told["security"].as_array().cloned().unwrap_or_default();
            let schemes = security
                .iter()
                .flat_map(|one| one.as_object().unwrap().keys());
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{domain}", DOMAIN).replace("{user}", "alice"),
                is_for_operators: tags.contains(&"operators".into()),
                schemes: schemes.cloned().collect(),
            });
        }
    }
    operations
}

impl Operation {
    fn takes_tokens(&self) -> bool {
        self.schemes.iter().any(|scheme| scheme == "operator")
    }

    async fn ask(&self, contact: &Contact, authorization: Option<&str>) -> Answer {
        let draft = Draft {
            method: self.method.clone(),
            path: self.path.clone(),
            ..Draft::put(contact, "alice", "{}")
        };
        contact.send(&draft, authorization).await
    }
}

#[tokio::test]
async fn every_route_that_takes_tokens_says_so_and_is_closed_to_whoever_has_none() {
    let scene = start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    let scopes = ["read", "moderate", "grant"];
    let tokens = scopes.map(|scope| {
        let token = run(&scene, &["token", "create", scope, "--scope", scope]);
        format!("Bearer {token}")
    });
    let revoked = run(
        &scene,
        &["token", "create", "old", "--scope", &scopes.join(",")],
    );
    run(&scene, &["token", "revoke", "old"]);
    let elsewhere = [
        "token",
        "create",
        "elsewhere",
        "--scope",
        &scopes.join(","),
        "--domain",
        "other.test",
    ];
    let elsewhere = format!("Bearer {}", run(&scene, &elsewhere));
    let operations = operations(&contact).await;
    let for_operators = operations.iter().filter(|one| one.is_for_operators);
    assert!(
        for_operators.count() >= 5,
        "the list, the grant, the export, and what waits"
    );
    for operation in &operations {
        let at = format!("{} {}", operation.method, operation.path);
        let takes = operation.takes_tokens();
        assert!(takes || !operation.is_for_operators, "{at} does not say so");
        let bad = ["Bearer nonsense".to_owned(), format!("Bearer {revoked}")];
        for token in bad.iter().filter(|_| takes) {
            let answer = operation.ask(&contact, Some(token)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{at}: {answer:?}");
            assert_eq!(answer.code(), codes::TOKEN_INVALID, "{at}");
        }
        if operation.is_for_operators {
            let answer = operation.ask(&contact, None).await;
            assert_eq!(answer.code(), codes::TOKEN_INVALID, "{at}");
            let answer = operation.ask(&contact, Some(&elsewhere)).await;
            assert_eq!(answer.code(), codes::TOKEN_SCOPE, "{at}");
        }
        let mut let_in = 0;
        for token in &tokens {
            let answer = operation.ask(&contact, Some(token)).await;
            let is_kept_out =
                [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status);
            if is_kept_out && takes {
                assert_eq!(answer.code(), codes::TOKEN_SCOPE, "{at}");
            }
            let_in += usize::from(!is_kept_out);
        }
        if takes {
            assert_eq!(let_in, 1, "{at} is for one scope");
        } else if !operation.schemes.is_empty() {
            assert_eq!(let_in, 0, "{at} takes tokens and does not say so");
        }
    }
}
