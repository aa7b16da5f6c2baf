//! Who may not have a zone gets nothing, and the operator reads why.

use std::net::SocketAddr;
use std::process::Command;

use payname_tests::Secondary;
use payname_tests::tools::tool;

use super::rig::{Log, Rig, SECRET};
use crate::scene::DOMAIN;

const OTHER_SECRET: &str = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3Q=";

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_an_unknown_zone_and_a_client_that_is_not_meant_are_refused_and_logged() {
    let log = Log::begin();
    let rig = Rig::primary(&[Secondary::reserve().unwrap()]).await;
    let key = |name: &str, secret: &str| format!("hmac-sha256:{name}:{secret}");
    let good = key("secondary.example", SECRET);
    let cases = [
        (
            Some(good.as_str()),
            DOMAIN,
            "AXFR",
            "IN SOA",
            "transfer zone=example.test. to=\"secondary 1 (key secondary.example.)\"",
        ),
        (
            None,
            DOMAIN,
            "AXFR",
            "REFUSED",
            "transfer of example.test., asked for without a key",
        ),
        (
            None,
            DOMAIN,
            "IXFR=1",
            "REFUSED",
            "transfer of example.test., asked for without a key",
        ),
        (
            Some(&good),
            "other.test",
            "AXFR",
            "NOTAUTH",
            "transfer of other.test., which nobody may fetch",
        ),
        (
            Some(&key("stranger.example", SECRET)),
            DOMAIN,
            "AXFR",
            "BADKEY",
            "no key stranger.example.",
        ),
        (
            Some(&key("secondary.example", OTHER_SECRET)),
            DOMAIN,
            "AXFR",
            "BADSIG",
            "the secrets differ",
        ),
        (
            Some(&good),
            DOMAIN,
            "NOTIFY",
            "NOTAUTH",
            "which is not fetched from anybody",
        ),
        (
            None,
            "_bitcoin-payment.example.test",
            "AXFR",
            "NOTAUTH",
            "transfer of _bitcoin-payment",
        ),
    ];
    for (key, zone, record_type, answer, logged) in cases {
        let text = kdig(rig.dns, key, zone, record_type);
        assert!(
            text.contains(answer),
            "{zone} {record_type} with {key:?}: {text}"
        );
        assert_eq!(answer == "IN SOA", text.contains("NSEC3"), "{text}");
        let log = log.text();
        assert!(log.contains(logged), "`{logged}` is not in:\n{log}");
        assert!(!log.contains(SECRET) && !log.contains(OTHER_SECRET));
        let tells = |line: &&str| line.contains("refused:") || line.contains("transfer zone=");
        let address = rig.dns.ip().to_string(); // the clients', too
        let told = log
            .lines()
            .filter(tells)
            .find(|line| line.contains(&address));
        assert_eq!(told, None, "no address of a client is in the log");
    }
    // A signed question is answered like any other, with a signature; over UDP too.
    for way in ["+tcp", "+notcp"] {
        let text = kdig_with(rig.dns, &[way, "-y", &good, DOMAIN, "SOA"]);
        assert!(text.contains("NOERROR") && text.contains("TSIG"), "{text}");
        assert!(!text.contains("WARNING"), "{text}");
    }
    let text = kdig_with(rig.dns, &["+notcp", "-y", &good, DOMAIN, "IXFR=1"]);
    assert!(
        text.contains("IN SOA") || text.contains("\tSOA\t"),
        "{text}"
    );
    // With all that going on, the zone is still there for everybody.
    assert!(kdig(rig.dns, None, DOMAIN, "SOA").contains("NOERROR"));
}

fn kdig(server: SocketAddr, key: Option<&str>, zone: &str, record_type: &str) -> String {
    let key = key.map(|key| ["-y", key]);
    let mut arguments: Vec<&str> = key.iter().flatten().copied().collect();
    arguments.extend([zone, record_type]);
    kdig_with(server, &arguments)
}

fn kdig_with(server: SocketAddr, arguments: &[&str]) -> String {
    let output = Command::new(tool("kdig").unwrap())
        .arg(format!("@{}", server.ip()))
        .args([
            "-p",
            &server.port().to_string(),
            "+header",
            "+timeout=5",
            "+retry=0",
        ])
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).replace('\t', " ")
}
