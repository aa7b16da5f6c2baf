//! Every seed, every vector and every input that once broke something, through every target.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use payname_fuzz::{seed, target};

/// Runs the seeds of one target, cut short and damaged as well.
fn run(name: &str) {
    let (_, run) = target::ALL
        .into_iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    let seeds = seed::of(name);
    assert!(!seeds.is_empty());
    for (seed, bytes) in seeds {
        println!("{name}: {seed}"); // shown when the test fails
        run(&bytes);
        let half = bytes.len() / 2;
        run(bytes.split_at(half).0);
        let mut damaged = bytes.clone();
        for place in (0..damaged.len()).step_by(97) {
            if let Some(byte) = damaged.get_mut(place) {
                *byte ^= 0x20;
            }
            run(&damaged);
        }
    }
}

#[test]
fn messages_keep_their_promises() {
    run("message");
}

#[test]
fn proofs_keep_their_promises() {
    run("proof");
}

#[test]
fn changed_proofs_are_judged_alike_by_both_verifiers() {
    run("verifier");
}

#[test]
fn names_keep_their_promises() {
    run("name");
}

#[test]
fn uris_keep_their_promises() {
    run("uri");
}

#[test]
fn anchors_keep_their_promises() {
    run("anchors");
}

#[test]
fn psbts_keep_their_promises() {
    run("psbt");
}

#[test]
fn transfers_keep_their_promises() {
    run("transfer");
}

#[test]
fn stored_zones_keep_their_promises() {
    run("restore");
}

#[test]
fn queries_keep_their_promises() {
    run("query");
}

#[test]
fn every_target_has_a_program_for_libfuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut programs: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|file| file.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    programs.sort();
    let mut targets: Vec<&str> = target::ALL.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(programs, targets);
}
