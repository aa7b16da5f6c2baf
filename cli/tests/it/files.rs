//! Files named on the command line.

use std::os::unix::fs::PermissionsExt;

use crate::run::{MATT, MATT_AT, Payname, vector};

const OWNER: &str = "matt.user._bitcoin-payment.mattcorallo.com";

#[test]
fn a_missing_file_is_a_usage_error() {
    let payname = Payname::new();
    let rows: &[&[&str]] = &[
        &["verify", "a@example.com", "--proof", "/nonexistent/proof"],
        &[
            "proof",
            "check",
            "/nonexistent/proof",
            "--owner",
            OWNER,
            "--type",
            "TXT",
        ],
        &[
            "verify",
            "a@example.com",
            "--anchors",
            "/nonexistent/anchors",
        ],
        &["receipt", "verify", "/nonexistent/receipt"],
    ];
    for words in rows {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let ran = payname.run(&words);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (2, "unreadable_file"),
            "{words:?}"
        );
    }
}

#[test]
fn a_malformed_proof_is_bogus_and_not_a_usage_error() {
    let payname = Payname::new();
    for content in [&b""[..], b"hello, I am no proof", b"00ff", &[0xc0; 100]] {
        let file = payname.file("proof", content);
        let check = [
            "proof", "check", &file, "--owner", OWNER, "--type", "TXT", "--json",
        ];
        let ran = payname.run(&check);
        assert_eq!(ran.exit, 4, "{content:?}");
        let json = ran.json();
        assert_eq!(json["outcome"], "bogus", "{json}");
        assert_eq!(json["code"], "malformed_proof", "{json}");
        assert!(
            json["reason"].is_string() && json["valid_from"].is_null(),
            "{json}"
        );
        let ran = payname.run(&["verify", "a@example.com", "--proof", &file, "--json"]);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (4, "malformed_proof")
        );
    }
}

#[test]
fn an_endless_proof_file_is_refused() {
    let ran = Payname::new().run(&["verify", "a@example.com", "--proof", "/dev/zero", "--json"]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "file_too_long"));
}

#[test]
fn malformed_anchors_are_a_usage_error_that_names_the_file() {
    let payname = Payname::new();
    for content in [
        "",
        "# nothing\n",
        "hello world",
        ". IN DS one two three four",
    ] {
        let file = payname.file("anchors", content);
        let words = [
            "verify",
            "matt@mattcorallo.com",
            "--proof",
            &vector(MATT),
            "--anchors",
            &file,
        ];
        let ran = payname.run(&words);
        assert_eq!(ran.exit, 2, "{content:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("anchors"), "{}", ran.stderr);
    }
}

#[test]
fn a_proof_may_be_raw_or_hex_and_may_come_from_standard_input() {
    let payname = Payname::new();
    let text = std::fs::read_to_string(vector(MATT)).unwrap();
    let digits: String = text.split_whitespace().collect();
    let raw = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect::<Vec<u8>>();
    let verify = |file: &str, input: &[u8]| {
        let words = [
            "verify",
            "matt@mattcorallo.com",
            "--proof",
            file,
            "--at",
            MATT_AT,
        ];
        payname.run_with_input(&words, input).exit
    };
    assert_eq!(verify(&payname.file("raw", &raw), b""), 0);
    assert_eq!(verify(&payname.file("hex", digits.to_uppercase()), b""), 0);
    assert_eq!(verify("-", &raw), 0);
    assert_eq!(verify("-", format!("\n {digits}\n").as_bytes()), 0);
}

#[test]
fn a_new_key_is_private_shown_only_in_public_and_never_overwritten() {
    let payname = Payname::new();
    let made = payname.run(&["keys", "new", "--json"]).json();
    let file = made["file"].as_str().unwrap();
    let secret = std::fs::read_to_string(file).unwrap();
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = payname.run(&["keys", "new", "--json"]);
    assert_eq!((again.exit, again.error_code().as_str()), (2, "key_exists"));
    let shown = payname.run(&["keys", "show", "--json"]);
    assert_eq!(shown.json()["public_key"], made["public_key"]);
    assert!(!shown.stdout.contains(secret.trim()) && !shown.stdout.contains("nsec"));
    assert!(
        payname
            .run(&["keys", "show", "--secret"])
            .stdout
            .contains("nsec1")
    );
}

#[test]
fn a_key_that_others_can_read_is_warned_about() {
    let payname = Payname::new();
    let file = payname.run(&["keys", "new", "--json"]).json()["file"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(payname.run(&["keys", "show"]).stderr, "");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = payname.run(&["keys", "show"]);
    assert!(ran.stderr.contains("chmod 600"), "{}", ran.stderr);
    let file = payname.file("nokey", "not a key");
    let ran = payname.run(&["keys", "show", "--key", &file, "--json"]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "bad_key"));
}
