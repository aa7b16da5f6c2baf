//! Transfers over TLS (RFC 9103).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use payname_tests::secondary::{Kind, Plan};
use payname_tests::tools::tool;
use payname_tests::{Certificate, port};

use super::rig::{Rig, SECRET};
use crate::scene::DOMAIN;

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_goes_over_tls_to_who_has_the_key_and_to_nobody_else() {
    let mut rig = Rig::start(&[Kind::Knot], Plan::OneZone).await;
    rig.edit(25).await;
    let clear = rig.settled().await;
    let certificate = Certificate::new("ns1.example.test").unwrap();
    let folder = rig.folder.path();
    for (name, text) in [
        ("tls.pem", certificate.pem()),
        ("tls.key", certificate.key_pem()),
    ] {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let address = port::free().unwrap();
    rig.more += &format!(
        "[dns.tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\ndot_listen = [\"{address}\"]\n"
    );
    rig.stop().await;
    rig.resume().await;
    let key = format!("hmac-sha256:reader.example:{SECRET}");
    let fetch = |key: &[&str]| {
        let output = Command::new(tool("kdig").unwrap())
            .args(["@127.0.0.1", "+tls", "-p", &address.port().to_string()])
            .args(key)
            .args([DOMAIN, "AXFR"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let whole = fetch(&["-y", &key]);
    let offers = |text: &str| text.matches("bitcoin:?lno=").count();
    assert_eq!(offers(&whole), offers(&clear.join("\n")), "{whole}");
    assert!(offers(&whole) > 0);
    assert_eq!(offers(&fetch(&[])), 0);
}
