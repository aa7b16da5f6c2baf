//! A payee who is not who it was: scripts stop before anything is stored or sent.

use std::fs;

use payname_tests::World;
use serde_json::{Value, json};

use crate::endpoints::Scene;
use crate::examining::{good, offer};

const NAME: &str = "₿alice@example.test";

async fn scene() -> Scene {
    Scene::of(World::with_zone("example.test").record("alice", &good())).await
}

/// What the data folder knows of Alice: this key, and another zone's.
fn know(scene: &Scene, pins: &[&str]) -> std::path::PathBuf {
    let folder = scene.payname("127.0.0.1:1").data_dir();
    fs::create_dir_all(&folder).unwrap();
    let alice = json!({
        "pins": pins, "zone_keys": ["00"], "first_seen": 1_786_000_000, "keys_since": 1_786_000_000, "last_seen": 1_786_000_001,
    });
    let file = folder.join("known_payees.json");
    fs::write(
        &file,
        json!({ "version": 1, "payees": { "alice@example.test": alice } }).to_string(),
    )
    .unwrap();
    file
}

async fn pay(scene: &Scene, more: &[&str]) -> (i32, Value) {
    let payname = scene.payname(&scene.recursor().to_string());
    let words = [&["pay", NAME, "1000sat"], more].concat();
    payname.json(&words).await.unwrap()
}

#[tokio::test]
async fn a_payee_with_another_key_stops_a_script_and_is_told_with_all_there_is_to_know() {
    let scene = scene().await;
    let file = know(&scene, &["offer_issuer:02aa"]);
    let before = fs::read_to_string(&file).unwrap();
    for more in [&["--yes"][..], &[]] {
        let (exit, told) = pay(&scene, more).await;
        assert_eq!(
            (exit, told["error"]["code"].as_str()),
            (7, Some("payee_changed")),
            "{told}"
        );
        let message = told["error"]["message"].as_str().unwrap();
        for words in [
            "02aa",
            "2026-08-06",
            "the zone has other keys, too",
            "--accept-change",
            "payname known forget alice@example.test",
        ] {
            assert!(message.contains(words), "{words}: {message}");
        }
        assert_eq!(told["payee"]["state"], "changed");
        assert_eq!(
            told["payee"]["change"]["gone"],
            json!(["offer_issuer:02aa"])
        );
        assert_eq!(told["payee"]["zone_keys_changed"], true);
    }
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        before,
        "nothing new is remembered"
    );
    assert!(
        !file.with_file_name("payments.sqlite").exists(),
        "nothing was to be paid"
    );
    // Accepted, it goes on to the node, of which there is none here.
    let (exit, told) = pay(&scene, &["--yes", "--accept-change"]).await;
    assert_eq!(
        (exit, told["error"]["code"].as_str()),
        (2, Some("no_chain")),
        "{told}"
    );
}

#[tokio::test]
async fn a_dry_run_tells_whether_the_payee_is_known() {
    let scene = scene().await;
    let state = async || {
        let (exit, told) = pay(&scene, &["--dry-run"]).await;
        assert_eq!(exit, 0, "{told}");
        told["payee"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state().await, "first");
    let issuer =
        payname_resolver::Instructions::parse(&format!("bitcoin:?lno={}", offer())).unwrap();
    let pin = payname_resolver::known::Pin::of(&issuer.methods()[0]).unwrap();
    know(&scene, &[&pin.to_string()]);
    assert_eq!(state().await, "same");
    know(&scene, &[]);
    assert_eq!(state().await, "learned");
    know(&scene, &["node:02bb"]);
    assert_eq!(state().await, "changed");

    let payname = scene.payname("127.0.0.1:1");
    let (exit, told) = payname.json(&["known", "show", NAME]).await.unwrap();
    assert_eq!(
        (exit, told["keys"].clone()),
        (0, json!([{ "kind": "node", "key": "02bb" }]))
    );
    assert_eq!(
        payname.run(&["known", "forget", NAME]).await.unwrap().code,
        0
    );
    assert_eq!(state().await, "first");
}

#[tokio::test]
async fn a_contact_is_the_name_it_stands_for_in_every_command() {
    let scene = scene().await;
    let payname = scene.payname(&scene.recursor().to_string());
    assert_eq!(
        payname
            .run(&["contacts", "add", "al", NAME])
            .await
            .unwrap()
            .code,
        0
    );
    for words in [
        &["resolve", "al"][..],
        &["verify", "AL"],
        &["pay", "al", "1000sat", "--dry-run"],
        &["qr", "al"],
    ] {
        let (exit, told) = payname.json(words).await.unwrap();
        assert_eq!(
            (exit, told["name"].as_str()),
            (0, Some(NAME)),
            "{words:?}: {told}"
        );
    }
    let (exit, told) = payname.json(&["resolve", "bo"]).await.unwrap();
    assert_eq!(
        (exit, told["error"]["code"].as_str()),
        (2, Some("no_such_contact"))
    );
}

#[tokio::test]
async fn a_watched_name_is_told_once_and_again_when_it_changes() {
    let scene = scene().await;
    let payname = scene.payname(&scene.recursor().to_string());
    let words = ["watch", NAME, "--interval", "0", "--looks", "3", "--json"];
    let run = payname.run(&words).await.unwrap();
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert_eq!(
        (&lines[0]["event"], &lines[0]["uri"]),
        (&json!("begin"), &json!(good()))
    );
    assert_eq!(
        (&lines[1]["looks"], &lines[1]["changes"]),
        (&json!(3), &json!(0))
    );

    let log = scene.payname("").data_dir().join("watch.log");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let _running = payname
        .start(&["watch", NAME, "--interval", "0", "--json"], &log)
        .unwrap();
    let seen = async |words: &str| {
        for _ in 0..600 {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if text.contains(words) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{words} in {:?}", fs::read_to_string(&log));
    };
    seen("\"begin\"").await;
    scene
        .world
        .publish(NAME, &good().replace("&sp", "&label=x&sp"))
        .unwrap();
    seen("\"changed\":[\"record\"]").await;
}

#[tokio::test]
async fn names_from_standard_input_come_out_one_a_line() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let scene = scene().await;
    let payname = scene.payname(&scene.recursor().to_string());
    let environment = payname.environment().to_vec();
    let run = tokio::task::spawn_blocking(move || {
        let binary = payname_tests::tools::own_binary("payname").unwrap();
        let mut child = Command::new(binary)
            .args(["resolve", "-"])
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(
                "# mine\nalice@example.test\n\nnobody@example.test\nno\u{202e}name\n".as_bytes(),
            )
            .unwrap();
        child.wait_with_output().unwrap()
    });
    let output = run.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{202e}'), "{text:?}");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let inputs: Vec<_> = lines
        .iter()
        .map(|line| line["input"].as_str().unwrap())
        .collect();
    assert_eq!(
        inputs,
        [
            "alice@example.test",
            "nobody@example.test",
            "no\u{202e}name"
        ]
    );
    assert_eq!(lines[0]["uri"], good());
    let exits: Vec<_> = lines
        .iter()
        .map(|line| line["error"]["exit"].as_i64())
        .collect();
    assert_eq!(exits, [None, Some(3), Some(2)]);
    assert_eq!(output.status.code(), Some(3), "the first failure");
}
