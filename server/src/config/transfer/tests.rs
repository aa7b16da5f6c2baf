use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::*;
use crate::config::Config;

const SECRET: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=";

const WHOLE: &str = r#"
    data_dir = "data"
    [[tsig]]
    name = "secondary.example"
    secret_file = "secondary.secret"
    [catalog]
    zone = "catalog.invalid"
    secondaries = [{ address = "192.0.2.53", key = "secondary.example" }]
    [[secondary]]
    zone = "example.net"
    primaries = [{ address = "192.0.2.1:5353", key = "Secondary.Example." }]
    [[domain]]
    name = "example.com"
    nameservers = ["ns1.example.net"]
    secondaries = [{ address = "192.0.2.53", key = "secondary.example" }]
    transfer = [{ prefix = "198.51.100.0/24" }]
"#;

/// A folder with the secret that the configuration names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secondary.secret", SECRET, 0o600);
    write(folder.path(), "loose.secret", SECRET, 0o640);
    write(folder.path(), "short.secret", "c2hvcnQ=", 0o600);
    folder
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn parse(folder: &Path, text: &str) -> Result<Config, String> {
    let file = folder.join("paynamed.toml");
    Config::parse(text, &file).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    })
}

#[test]
fn who_may_fetch_a_zone_is_who_has_the_key_or_comes_from_the_network() {
    let folder = folder();
    let config = parse(folder.path(), WHOLE).unwrap();
    let zone = &config.domains[0].distribution;
    assert_eq!(zone.secondaries[0].address, ([192, 0, 2, 53], 53).into());
    let key: Name = "secondary.example.".parse().unwrap();
    let other: Name = "other.example.".parse().unwrap();
    let allowed = |ip: [u8; 4], key| zone.allows(ip.into(), key);
    assert!(allowed([203, 0, 113, 1], Some(&key)));
    assert!(!allowed([203, 0, 113, 1], Some(&other)));
    assert!(
        !allowed([192, 0, 2, 53], None),
        "its address alone is not enough"
    );
    assert!(allowed([198, 51, 100, 9], None));
    let mapped = std::net::Ipv4Addr::new(198, 51, 100, 9).to_ipv6_mapped();
    assert!(zone.allows(mapped.into(), None));
    let both = "transfer = [{ key = \"secondary.example\", prefix = \"198.51.100.0/24\" }]";
    let both = WHOLE.replace("transfer = [{ prefix = \"198.51.100.0/24\" }]", both);
    let both = both.replacen(
        "secondaries = [{ address = \"192.0.2.53\", key = \"secondary.example\" }]\n    transfer",
        "transfer",
        1,
    );
    let config = parse(folder.path(), &both).unwrap();
    let zone = &config.domains[0].distribution;
    assert!(zone.allows([198, 51, 100, 9].into(), Some(&key)));
    assert!(!zone.allows([198, 51, 100, 9].into(), None));
    assert!(!zone.allows([203, 0, 113, 1].into(), Some(&key)));
}

#[test]
fn denials_are_compact_unless_somebody_may_fetch_the_zone() {
    let folder = folder();
    let denial = |text: &str| parse(folder.path(), text).map(|config| config.domains[0].denial);
    assert_eq!(denial(WHOLE), Ok(Denial::Nsec3));
    let alone = WHOLE
        .split("secondaries = [")
        .next()
        .unwrap()
        .replace("[catalog]", "");
    let alone = alone.replace("zone = \"catalog.invalid\"", "");
    let alone =
        format!("{alone}[[domain]]\nname = \"example.com\"\nnameservers = [\"ns1.example.net\"]\n");
    assert_eq!(denial(&alone), Ok(Denial::Compact));
    assert_eq!(
        denial(&format!("{alone}denial = \"nsec\"")),
        Ok(Denial::Nsec)
    );
    let refused = denial(&format!("{WHOLE}denial = \"compact\"")).unwrap_err();
    assert!(refused.contains("write \"nsec3\""), "{refused}");
}

#[test]
fn every_mistake_about_transfers_names_the_key_and_the_remedy() {
    let folder = folder();
    let cases = [
        (
            "name = \"secondary.example\"",
            "name = \"other.example\"",
            "domain.secondaries.key",
            "add one",
        ),
        (
            "[catalog]",
            "algorithm = \"hmac-md5\"\n[catalog]",
            "tsig.algorithm",
            "hmac-sha256",
        ),
        (
            "\"secondary.secret\"",
            "\"nowhere\"",
            "tsig.secret_file",
            "cannot be read",
        ),
        (
            "\"secondary.secret\"",
            "\"loose.secret\"",
            "tsig.secret_file",
            "chmod go=",
        ),
        (
            "\"secondary.secret\"",
            "\"short.secret\"",
            "tsig.secret_file",
            "openssl rand",
        ),
        (
            "[catalog]",
            "[[tsig]]\nname = \"SECONDARY.example.\"\nsecret_file = \"secondary.secret\"\n[catalog]",
            "tsig.name",
            "once",
        ),
        (
            "\"192.0.2.53\", key",
            "\"ns2\", key",
            "secondaries.address",
            "IP address",
        ),
        (
            "198.51.100.0/24",
            "198.51.100.0/99",
            "domain.transfer.prefix",
            "192.0.2.0/24",
        ),
        (
            "{ prefix = \"198.51.100.0/24\" }",
            "{ }",
            "domain.transfer",
            "say who",
        ),
        (
            "\"catalog.invalid\"",
            "\"example.com\"",
            "catalog.zone",
            "of its own",
        ),
        (
            "secondaries = [{ address = \"192.0.2.53\", key = \"secondary.example\" }]\n    [[secondary]]",
            "secondaries = [{ address = \"192.0.2.53\" }]\n    [[secondary]]",
            "catalog.secondaries.key",
            "with a key alone",
        ),
        (
            "\"example.net\"\n",
            "\"example.com\"\n",
            "secondary.zone",
            "names are published into it",
        ),
        (
            "primaries = [{ address = \"192.0.2.1:5353\", key = \"Secondary.Example.\" }]",
            "primaries = []",
            "secondary.primaries",
            "at least one",
        ),
        (
            "198.51.100.0/24\" }]",
            "198.51.100.0/24\" }]\ndenial = \"nsec5\"",
            "domain.denial",
            "nsec3",
        ),
    ];
    for (from, to, key, remedy) in cases {
        assert!(WHOLE.contains(from), "{from}");
        let error = parse(folder.path(), &WHOLE.replace(from, to)).unwrap_err();
        let told = error.contains(key) && error.contains(remedy);
        assert!(told, "{key}, {remedy}: {error}");
        assert!(!error.contains(SECRET), "{error}");
    }
}
