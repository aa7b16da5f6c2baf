//! What strangers wrote reaches the terminal escaped, in reports and in errors.

use crate::run::{MATT, MATT_AT, Payname, Ran, vector};

fn assert_harmless(ran: &Ran) {
    for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let bad = text
            .chars()
            .find(|c| *c != '\n' && payname_cli::text::is_unsafe(*c));
        assert_eq!(bad, None, "{stream}: {text:?}");
    }
}

#[test]
fn no_control_bidi_or_invisible_character_gets_through() {
    let payname = Payname::new();
    let hostile = "a\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{feff}\u{7}b";
    let encoded: String = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let uri = format!(
        "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?label={encoded}&message={encoded}&{hostile}={hostile}"
    );
    let file = payname.file("proof", hostile);
    let receipt = payname.file(
        "receipt",
        format!("{{\"{hostile}\": 1}}").replace('\u{1b}', ""),
    );
    let zone = payname.file(
        "zone",
        format!("a.user._bitcoin-payment TXT \"{uri}\" \"{hostile}\""),
    );
    let rows: &[&[&str]] = &[
        &["uri", "parse", &uri],
        &["uri", "parse", hostile],
        &["resolve", hostile],
        &["verify", &format!("{hostile}@example.com")],
        &["pay", "a@example.com", hostile],
        &["verify", "a@example.com", "--proof", &file],
        &["verify", "a@example.com", "--proof", hostile],
        &["verify", "a@example.com", "--at", hostile],
        &["node", "connect", hostile],
        &["receipt", "verify", &receipt],
        &[
            "register",
            "a@example.com",
            "--uri",
            hostile,
            "--server",
            "http://127.0.0.1:1",
        ],
        &["doctor", hostile],
        &["doctor", "--uri", &uri],
        &["doctor", "--zonefile", &zone, "--origin", "example.com"],
        &["contacts", "add", hostile, "a@example.com"],
        &["known", "show", hostile],
        &["explain", hostile],
        &["qr", &uri],
        &["qr", hostile],
        &[hostile],
    ];
    for words in rows {
        assert_harmless(&payname.run(words));
        let json: Vec<&str> = ["--json"].iter().chain(words.iter()).copied().collect();
        let ran = payname.run(&json);
        assert_harmless(&ran);
        ran.json();
    }
}

#[test]
fn the_words_of_the_recipient_stay_on_their_line_and_are_marked() {
    let payname = Payname::new();
    let uri =
        "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?label=x%0Aamount%20%20%20%201%20sat";
    let ran = payname.run(&["uri", "parse", uri]);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(
        !ran.stdout.lines().any(|line| line.starts_with("amount")),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("(the recipient's words)"),
        "{}",
        ran.stdout
    );
}

#[test]
fn json_carries_the_hostile_text_unharmed() {
    let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?label=%1B%5B31m%E2%80%AE";
    let json = Payname::new().run(&["uri", "parse", uri, "--json"]).json();
    assert_eq!(json["label"], "\u{1b}[31m\u{202e}");
}

#[test]
fn a_domain_that_looks_like_another_is_told_as_dns_has_it() {
    let payname = Payname::new();
    // The first letter of the domain is Cyrillic.
    let proof = vector(MATT);
    let from_file = ["--proof", &proof, "--at", MATT_AT];
    let verify = [&["verify", "alice@xn--xample-2of.com"], &from_file[..]].concat();
    let owner = ["--owner", "xn--xample-2of.com", "--type", "TXT"];
    let check = [&["proof", "check", &proof, "--at", MATT_AT], &owner[..]].concat();
    for words in [verify, check] {
        for json in [&[][..], &["--json"]] {
            let ran = payname.run(&[&words[..], json].concat());
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.exit, 4, "{told}");
            assert!(told.contains("xn--xample-2of.com. TXT"), "{told}");
            assert!(!told.contains('\u{435}'), "{told}");
        }
    }
}
