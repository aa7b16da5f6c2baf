//! Proofs checked without a network.

use crate::run::{MATT, MATT_AT, Payname, vector};

const NAME: &str = "matt@mattcorallo.com";
const OWNER: &str = "matt.user._bitcoin-payment.mattcorallo.com.";
/// The root of RFC 9102's examples (appendix A).
const RFC_9102_ROOT: &str =
    ". IN DS 47005 13 2 2EB6E9F2480126691594D649A5A613DE3052E37861634641BB568746F2FFC4D4\n";
/// The window of the recorded proof.
const FROM: u64 = 1_785_988_800;
const UNTIL: u64 = 1_786_415_920;

#[test]
fn a_saved_proof_is_verified_and_tells_window_ttl_uri_and_methods() {
    let payname = Payname::new();
    let proof = vector(MATT);
    let ran = payname.run(&["verify", NAME, "--proof", &proof, "--at", MATT_AT, "--json"]);
    let json = ran.json();
    assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{json}");
    assert_eq!(json["name"], "₿matt@mattcorallo.com");
    assert_eq!(json["outcome"], "secure");
    assert_eq!(
        (json["valid_from"].as_u64(), json["valid_until"].as_u64()),
        (Some(FROM), Some(UNTIL))
    );
    assert_eq!(json["cache_ttl"], 3600);
    assert!(json["uri"].as_str().unwrap().starts_with("bitcoin:bc1q"));
    let kinds: Vec<&str> = json["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["onchain", "offer"]);
    let ran = payname.run(&[
        "verify",
        NAME,
        "--proof",
        &proof,
        "--at",
        "2026-08-06T10:00:00Z",
    ]);
    assert!(
        ran.stdout.starts_with("₿matt@mattcorallo.com\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn outside_its_window_a_proof_is_bogus_with_the_reason() {
    let payname = Payname::new();
    let proof = vector(MATT);
    for (at, code) in [(FROM - 1, "not_yet_valid"), (UNTIL + 1, "expired")] {
        let at = at.to_string();
        let ran = payname.run(&["verify", NAME, "--proof", &proof, "--at", &at, "--json"]);
        assert_eq!((ran.exit, ran.error_code().as_str()), (4, code));
        let check = [
            "proof", "check", &proof, "--owner", OWNER, "--type", "TXT", "--at", &at, "--json",
        ];
        let ran = payname.run(&check);
        let json = ran.json();
        assert_eq!(
            (ran.exit, json["outcome"].as_str(), json["code"].as_str()),
            (4, Some("bogus"), Some(code))
        );
    }
    for at in [FROM, UNTIL] {
        let ran = payname.run(&["verify", NAME, "--proof", &proof, "--at", &at.to_string()]);
        assert_eq!(ran.exit, 0, "{}", ran.stderr);
    }
}

#[test]
fn the_proof_of_one_name_proves_no_other() {
    let payname = Payname::new();
    let proof = vector(MATT);
    for name in [
        "tim@mattcorallo.com",
        "matt@example.com",
        "a.matt@mattcorallo.com",
    ] {
        let ran = payname.run(&["verify", name, "--proof", &proof, "--at", MATT_AT, "--json"]);
        ran.error_code();
        assert_eq!(ran.exit, 4, "{name}");
    }
}

#[test]
fn a_check_prints_every_key_that_is_documented() {
    let payname = Payname::new();
    let proof = vector(MATT);
    let check = [
        "proof", "check", &proof, "--owner", OWNER, "--type", "txt", "--at", MATT_AT, "--json",
    ];
    let ran = payname.run(&check);
    let json = ran.json();
    assert_eq!(ran.exit, 0);
    assert_eq!(
        (json["outcome"].as_str(), json["reason"].is_null()),
        (Some("secure"), true)
    );
    let records = json["records"].as_array().unwrap();
    assert!(
        records
            .iter()
            .all(|record| record["name"] == OWNER && record["type"] == "TXT")
    );
    let is_payment =
        |record: &&serde_json::Value| record["text"].as_str().unwrap().starts_with("bitcoin:");
    assert_eq!(records.iter().filter(is_payment).count(), 1, "{json}");
    let check = [
        "proof", "check", &proof, "--owner", OWNER, "--type", "TLSA", "--at", MATT_AT, "--json",
    ];
    let ran = payname.run(&check);
    assert_eq!(
        (ran.exit, ran.json()["outcome"].as_str()),
        (4, Some("bogus"))
    );
}

#[test]
fn other_trust_anchors_prove_other_roots_and_not_ianas() {
    let payname = Payname::new();
    let index = std::fs::read_to_string(vector("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let entry = index
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "rfc9102-straight")
        .unwrap();
    let anchors = payname.file("anchors", RFC_9102_ROOT);
    let owner = entry["query_name"].as_str().unwrap();
    let proof = vector(entry["file"].as_str().unwrap());
    let check = |anchors: &[&str]| {
        let mut words = vec![
            "proof",
            "check",
            &proof,
            "--owner",
            owner,
            "--type",
            "TLSA",
            "--at",
            "1600000000",
            "--json",
        ];
        words.extend(anchors);
        payname.run(&words)
    };
    let ran = check(&["--anchors", &anchors]);
    assert_eq!(ran.exit, 0, "{}", ran.stdout);
    let ran = check(&[]);
    assert_eq!(
        (ran.exit, ran.json()["outcome"].as_str()),
        (4, Some("bogus"))
    );
    let words = [
        "verify",
        NAME,
        "--proof",
        &vector(MATT),
        "--at",
        MATT_AT,
        "--anchors",
        &anchors,
    ];
    assert_eq!(payname.run(&words).exit, 4);
}

#[test]
fn two_bitcoin_records_are_proven_and_break_bip_353() {
    let payname = Payname::new();
    let proof = vector("bip353-04-two-bitcoin-txt.hex");
    let name = "invalid@dnssec_proof_tests.bitcoin.ninja";
    let ran = payname.run(&[
        "verify",
        name,
        "--proof",
        &proof,
        "--at",
        "1754700000",
        "--json",
    ]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (5, "bad_record"));
}

#[test]
fn a_saved_proof_verifies_again_and_is_not_overwritten() {
    let payname = Payname::new();
    let saved = payname.folder().join("saved").to_str().unwrap().to_owned();
    let save = [
        "verify",
        NAME,
        "--proof",
        &vector(MATT),
        "--at",
        MATT_AT,
        "--save",
        &saved,
    ];
    assert_eq!(payname.run(&save).exit, 0);
    assert_eq!(
        payname
            .run(&["verify", NAME, "--proof", &saved, "--at", MATT_AT])
            .exit,
        0
    );
    assert_eq!(payname.run(&save).exit, 2);
}

#[test]
fn verifying_a_saved_proof_opens_no_socket_and_makes_no_folder() {
    let payname = Payname::new();
    let words = [
        "verify",
        NAME,
        "--proof",
        &vector(MATT),
        "--at",
        MATT_AT,
        "--dns",
        "127.0.0.1:1",
    ];
    assert_eq!(payname.run(&words).exit, 0);
    assert!(!payname.folder().join("data").exists());
}
