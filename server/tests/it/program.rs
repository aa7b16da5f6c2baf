//! `paynamed` as its operator types it.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::scene::{Scene, config_text};

fn paynamed(file: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paynamed"))
        .arg("--config")
        .arg(file)
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_configuration_is_checked_without_touching_anything() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("paynamed.toml");
    std::fs::write(&file, config_text("")).unwrap();
    let good = paynamed(&file, &["--check"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    assert!(!directory.path().join("data").exists());

    std::fs::write(&file, config_text("network = \"mainnet\"")).unwrap();
    let bad = paynamed(&file, &["--check"]);
    assert_eq!(bad.status.code(), Some(2));
    let error = text(&bad.stderr);
    assert!(
        error.contains("paynamed.toml") && error.contains("`network`"),
        "{error}"
    );
    assert!(
        error.contains("regtest") && !error.contains("panicked"),
        "{error}"
    );

    let missing = paynamed(&directory.path().join("nowhere.toml"), &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("nowhere.toml"));
}

#[tokio::test]
async fn the_ds_records_can_be_read_again_while_the_server_runs() {
    let scene = Scene::start().await;
    let file = scene.data().with_file_name("paynamed.toml");
    std::fs::write(&file, config_text("")).unwrap();
    let printed = paynamed(&file, &["ds"]);
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let lines: Vec<String> = text(&printed.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines, scene.running().ds_records());
}

#[tokio::test]
async fn a_second_server_on_the_same_data_does_not_start() {
    let scene = Scene::start().await;
    let file = scene.data().with_file_name("paynamed.toml");
    std::fs::write(&file, config_text("")).unwrap();
    let second = paynamed(&file, &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("another paynamed"),
        "{}",
        text(&second.stderr)
    );
}
