//! Every public type is shown at work in an example that is run as a test.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The source of the library, without its sockets: their examples would need a network.
fn sources() -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path == src.join("net") {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let read = |file| fs::read_to_string(file).unwrap();
    files.iter().map(read).collect()
}

/// The words of all examples of a source.
fn words_in_examples(source: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut inside = false;
    for line in source.lines() {
        let line = line.trim_start();
        let doc = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"));
        let Some(doc) = doc.map(str::trim_start) else {
            inside = false;
            continue;
        };
        if doc.starts_with("```") {
            inside = !inside;
        } else if inside {
            let parts = doc.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.extend(parts.map(str::to_owned));
        }
    }
    words
}

/// The public types of a source without an example of their own; errors are shown by what gives them.
fn types_without_example(source: &str) -> Vec<String> {
    let mut types = Vec::new();
    let (mut is_error, mut has_example) = (false, false);
    for line in source.lines() {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if line.starts_with("#[derive(") {
            is_error = line.contains("Error)");
        } else if line.starts_with("/// ```") {
            has_example = true;
        } else if line.is_empty() {
            (is_error, has_example) = (false, false);
        }
        let is_type = matches!(
            (words.next(), words.next()),
            (Some("pub"), Some("struct" | "enum" | "trait" | "type"))
        );
        if is_type && !is_error && !has_example {
            types.extend(words.next().map(str::to_owned));
        }
    }
    types
}

#[test]
fn every_public_type_stands_in_an_example() {
    let sources = sources();
    let shown: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| words_in_examples(source))
        .collect();
    let types: Vec<String> = sources
        .iter()
        .flat_map(|source| types_without_example(source))
        .collect();
    assert!(types.iter().any(|name| name == "MethodKind"));
    let missing: Vec<_> = types.iter().filter(|name| !shown.contains(*name)).collect();
    assert!(missing.is_empty(), "without an example: {missing:?}");
}
