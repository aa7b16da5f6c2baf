//! Who imports whom, as ARCHITECTURE.md says.

use std::collections::BTreeMap;
use std::process::Command;

use payname_tests::tools::workspace;
use serde_json::Value;

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(arguments)
        .arg("--offline")
        .current_dir(workspace())
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "cargo {arguments:?}: {words}");
    String::from_utf8(output.stdout).unwrap()
}

/// Our own packages and which of our own each imports (tests' own imports left out).
fn imports() -> BTreeMap<String, Vec<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let ours = package["dependencies"].as_array().unwrap().iter();
            let mut ours: Vec<String> = ours
                .filter(|dependency| dependency["kind"] != "dev")
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .filter(|name| name.starts_with("payname-"))
                .collect();
            ours.sort();
            (package["name"].as_str().unwrap().to_owned(), ours)
        })
        .collect()
}

/// Every crate that is linked into a package.
fn linked(arguments: &[&str]) -> Vec<String> {
    let tree = cargo(
        &[
            &["tree", "--edges", "normal", "--prefix", "none"],
            arguments,
        ]
        .concat(),
    );
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn packages_import_each_other_only_as_the_map_says() {
    let allowed: [(&str, &[&str]); 8] = [
        ("payname-api", &[]),
        ("payname-cli", &["payname-api", "payname-resolver"]),
        ("payname-fuzz", &["payname-resolver", "payname-zones"]),
        ("payname-resolver", &[]),
        (
            "payname-server",
            &["payname-api", "payname-resolver", "payname-zones"],
        ),
        (
            "payname-tests",
            &[
                "payname-api",
                "payname-cli",
                "payname-fuzz",
                "payname-resolver",
                "payname-server",
                "payname-zones",
            ],
        ),
        ("payname-wasm", &["payname-resolver"]),
        ("payname-zones", &["payname-resolver"]),
    ];
    let imports = imports();
    for (package, allowed) in allowed {
        let found = imports
            .get(package)
            .unwrap_or_else(|| panic!("there is no {package}"));
        let beyond: Vec<_> = found
            .iter()
            .filter(|name| !allowed.contains(&name.as_str()))
            .collect();
        assert!(beyond.is_empty(), "{package} must not import {beyond:?}");
    }
}

#[test]
fn the_command_never_links_the_server_or_the_signer() {
    let linked = linked(&["--package", "payname-cli"]);
    assert!(linked.iter().any(|name| name == "payname-resolver"));
    for forbidden in ["payname-server", "payname-zones"] {
        assert!(
            !linked.iter().any(|name| name == forbidden),
            "payname links {forbidden}"
        );
    }
}

#[test]
fn the_resolver_without_sockets_needs_no_runtime_and_no_http() {
    let linked = linked(&["--package", "payname-resolver", "--no-default-features"]);
    assert!(linked.iter().any(|name| name == "ring"));
    for forbidden in ["tokio", "reqwest", "hyper", "mio", "socket2"] {
        assert!(
            !linked.iter().any(|name| name == forbidden),
            "the core links {forbidden}"
        );
    }
}
