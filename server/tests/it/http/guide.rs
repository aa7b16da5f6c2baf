//! The examples of docs/api.md, run as they stand there.

use std::process::Command;

use payname_api::State;

use crate::scene::{Scene, keys, uri};

/// The blocks of a Markdown text that are marked `sh`.
fn examples(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[tokio::test]
async fn every_example_of_the_guide_does_what_it_says() {
    let scene = Scene::start().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let script = examples(include_str!("../../../../docs/api.md")).join("\n");
    assert!(script.matches("curl ").count() >= 8, "{script}");
    // This server's URL and domain, and no proxy between.
    let script = script
        .replace(
            "https://names.example.com",
            &format!("http://{}", contact.http),
        )
        .replace("example.com", crate::scene::DOMAIN)
        .replace(
            "curl ",
            "curl --noproxy '*' -w '\\n%{http_code} %{url_effective}\\n' ",
        );
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().to_owned();
    let run = move || {
        Command::new("sh")
            .arg("-ec")
            .arg(script)
            .current_dir(folder)
            .output()
    };
    let output = tokio::task::spawn_blocking(run)
        .await
        .unwrap()
        .expect("sh and curl");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let statuses = told.lines().filter_map(|line| line.split_once(" http://"));
    for (status, url) in statuses {
        let expected = if url.ends_with("/nobody") {
            "404"
        } else {
            "200"
        };
        assert_eq!(status, expected, "{url}\n{told}");
    }
    for part in [
        "\"openapi\":\"3.1.0\"",
        "\"state\":\"published\"",
        "\"max_age\":",
        "\"request_id\":\"my-wallet-17\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let proof = std::fs::read(directory.path().join("alice.proof")).unwrap();
    assert!(payname_resolver::Proof::parse(&proof).is_ok());
}
