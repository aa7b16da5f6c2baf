//! The chain that `verify` draws, and the same as data.

use crate::run::{MATT, MATT_AT, Payname, Ran, vector};

const MATT_PICTURE: &str = "\
. (root)
│  key 20326 RSASHA256, a trust anchor
│  key 38696 RSASHA256, a trust anchor
│  key 57780 RSASHA256
│  signed by . 20326 RSASHA256, 2026-07-31T00:00:00Z to 2026-08-21T00:00:00Z, TTL 172800 s
└─ com.
   │  DS 19718 ECDSAP256SHA256 SHA-256
   │  signed by . 57780 RSASHA256, 2026-08-06T04:00:00Z to 2026-08-19T05:00:00Z, TTL 86400 s
   │  key 19718 ECDSAP256SHA256, as the DS record says
   │  key 41446 ECDSAP256SHA256
   │  signed by com. 19718 ECDSAP256SHA256, 2026-08-05T13:57:35Z to 2026-08-20T14:02:35Z, TTL 86400 s
   └─ mattcorallo.com.
      │  DS 9033 ECDSAP256SHA256 SHA-256
      │  DS 58101 ECDSAP256SHA256 SHA-256
      │  signed by com. 41446 ECDSAP256SHA256, 2026-08-04T01:28:40Z to 2026-08-11T02:38:40Z, TTL 86400 s
      │  key 9033 ECDSAP256SHA256, as the DS record says
      │  key 59842 ECDSAP256SHA256
      │  key 41141 ECDSAP256SHA256
      │  signed by mattcorallo.com. 9033 ECDSAP256SHA256, 2026-08-04T15:20:50Z to 2026-08-18T16:50:50Z, TTL 604800 s
      └─ matt.user._bitcoin-payment.mattcorallo.com. TXT
            2 records
            signed by mattcorallo.com. 41141 ECDSAP256SHA256, 2026-08-04T10:52:37Z to 2026-08-18T12:22:37Z, TTL 3600 s
";

fn verify(name: &str, file: &str, at: &str, json: bool) -> Ran {
    let file = vector(file);
    let mut words = vec!["verify", name, "--proof", &file, "--at", at];
    words.extend(json.then_some("--json"));
    Payname::new().run(&words)
}

#[test]
fn a_proven_name_is_drawn_from_the_trust_anchors_to_its_record() {
    let ran = verify("₿matt@mattcorallo.com", MATT, MATT_AT, false);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    assert!(ran.stdout.ends_with(MATT_PICTURE), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("proven    by two verifiers that agree"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_same_is_there_as_data() {
    let ran = verify("₿matt@mattcorallo.com", MATT, MATT_AT, true);
    let json = ran.json();
    assert_eq!(json["second_opinion"], "agrees");
    assert_eq!(json["unanswered"], serde_json::json!([]));
    let zones = serde_json::json!([".", "com.", "mattcorallo.com."]);
    assert_eq!(json["chain"]["zones"], zones);
    let links = json["chain"]["links"].as_array().unwrap();
    let keys_of = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert!(links.iter().all(|link| keys_of(link) == keys_of(&links[0])));
    let anchors = links[0]["keys"].as_array().unwrap().iter();
    let anchors = anchors.filter(|key| key["vouched_by"] == "anchor");
    assert_eq!(anchors.count(), 2, "{json}");
    let record = links.last().unwrap();
    assert_eq!(record["type"], "TXT");
    assert_eq!(
        (&record["key_tag"], &record["ttl"]),
        (&41141.into(), &3600.into())
    );
    assert_eq!(record["algorithm_name"], "ECDSAP256SHA256");
}

#[test]
fn a_wildcard_is_drawn_with_the_denial_that_it_rests_on() {
    let ran = verify(
        "₿a.x_domain_cname_wild@dnssec_proof_tests.bitcoin.ninja",
        "bip353-03-wildcard-cname-xdomain.hex",
        "1754700000",
        false,
    );
    let user = "x_domain_cname_wild.user._bitcoin-payment.dnssec_proof_tests.bitcoin.ninja.";
    for line in [
        "leads to matt.user._bitcoin-payment.mattcorallo.com.".to_owned(),
        format!("made from the wildcard *.{user}"),
        format!("a.{user} does not exist"),
    ] {
        let is_drawn = ran.stdout.lines().any(|drawn| drawn.ends_with(&line));
        assert!(is_drawn, "{line}: {}", ran.stdout);
    }
    let both = ["\n├─ com.\n", "\n│  └─ mattcorallo.com.\n", "\n└─ ninja.\n"];
    assert!(both.iter().all(|zone| ran.stdout.contains(zone)));
}

#[test]
fn a_chain_that_breaks_is_drawn_down_to_the_break() {
    let (name, file) = (
        "₿invalid@dnssec_proof_tests.bitcoin.ninja",
        "bip353-05-missing-nsec3.hex",
    );
    let ran = verify(name, file, "1754700000", false);
    assert_eq!(ran.exit, 4);
    let end = "\
      └─ ✗ invalid.user._bitcoin-payment.dnssec_proof_tests.bitcoin.ninja. TXT
            the proof holds neither these records nor a denial of them
";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("error: ₿invalid@"), "{}", ran.stderr);
    let ran = verify(name, file, "1754700000", true);
    assert_eq!(ran.error_code(), "missing");
    let zones = serde_json::json!([".", "ninja.", "bitcoin.ninja."]);
    assert_eq!(ran.json()["chain"]["zones"], zones);
}

#[test]
fn where_not_even_the_root_is_proven_only_the_break_is_drawn() {
    let ran = verify("matt@mattcorallo.com", MATT, "1886000000", false);
    assert_eq!(ran.exit, 4);
    let drawn: Vec<&str> = ran.stdout.lines().collect();
    let [name, verdict, "", end, reason] = drawn[..] else {
        panic!("{drawn:?}");
    };
    assert_eq!(name, "₿matt@mattcorallo.com");
    assert!(verdict.starts_with("bogus     matt.user."), "{verdict}");
    assert_eq!(end, "✗ matt.user._bitcoin-payment.mattcorallo.com. TXT");
    assert!(
        reason.contains("expired at 2026-08-18T12:22:37Z"),
        "{reason}"
    );
}
