//! Schemathesis reads the document and asks whatever it can think of: nothing may fail in the
//! server, and every response must be as the document says.

use std::{path::Path, process::Command};

use payname_api::{State, paths};

use crate::{
    scene::{Scene, keys, uri},
    serving::tool,
};

/// How many requests each operation gets, of each kind.
const EXAMPLES: &str = "40";

#[tokio::test]
async fn whatever_is_asked_the_answer_is_as_the_document_says() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis");
    let database = tempfile::tempdir().unwrap();
    let mut command = Command::new(tool("schemathesis"));
    command
        .current_dir(database.path())
        .env("PYTHONPATH", &hooks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "signing")
        .env("NO_COLOR", "1")
        .args(["run", &format!("http://{}{}", contact.http, paths::OPENAPI)])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth"])
        .args(["--max-examples", EXAMPLES, "--mode", "all", "--seed", "353"])
        .args(["--generation-database", "none", "--suppress-health-check", "all"])
        .args(["--workers", "1", "--request-timeout", "15"]);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    // It has really asked, and was really let in.
    assert!(text.contains("generated"), "{text}");
    assert!(
        contact
            .get(&paths::domain(crate::scene::DOMAIN))
            .await
            .status
            .is_success()
    );
}
