//! What the server says of itself, as the tools of BIND and Knot understand it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{ask_with, soa_query};
use crate::scene::Scene;

#[tokio::test]
async fn digs_of_two_makers_get_cookies_the_name_of_the_server_and_are_known_again() {
    let scene = Scene::start_serving("nsid = \"ams1\"").await;
    let server = scene.running().dns_addr();
    let asked = ["+cookie", "+nsid", "+dnssec", "example.test.", "SOA"];
    let said = ask_with("dig", server, &asked).await;
    assert!(
        said.contains("status: NOERROR") && said.contains("(\"ams1\")"),
        "{said}"
    );
    assert!(
        said.contains("(good)"),
        "a cookie of ours for dig's: {said}"
    );
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("; COOKIE: "));
    let cookie = line.unwrap().split(' ').next().unwrap();
    assert_eq!(cookie.len(), 2 * 24);
    // Shown again, it is sent back as it is.
    let known = format!("+cookie={cookie}");
    let said = ask_with("dig", server, &[&known, "example.test.", "SOA"]).await;
    assert!(said.contains(&format!("COOKIE: {cookie} (good)")), "{said}");
    let said = ask_with(
        "kdig",
        server,
        &["+cookie", "+nsid", "example.test.", "SOA"],
    )
    .await;
    assert!(
        said.contains("status: NOERROR") && said.contains("ams1"),
        "{said}"
    );
    assert!(
        said.contains("COOKIE") && !said.contains("WARNING"),
        "{said}"
    );
    let said = ask_with("dig", server, &["+nocookie", "example.test.", "SOA"]).await;
    assert!(!said.contains("COOKIE") && !said.contains("NSID"), "{said}");
}

#[tokio::test]
async fn servers_with_one_secret_know_the_cookies_of_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets");
    fs::write(&path, "# shared\n000102030405060708090a0b0c0d0e0f\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let keys = format!("cookie_secret_file = \"{}\"", path.display());
    let (one, other) = (
        Scene::start_serving(&keys).await,
        Scene::start_serving(&keys).await,
    );
    let ask = async |scene: &Scene, cookie: &[u8]| {
        let mut query = soa_query(7);
        query.truncate(query.len() - 2);
        query.extend(u16::try_from(cookie.len() + 4).unwrap().to_be_bytes());
        query.extend([0, 10, 0, u8::try_from(cookie.len()).unwrap()]);
        query.extend(cookie);
        let edns = scene.contact().ask_udp(&query).await.edns.unwrap();
        let (_, option) = edns.options().as_ref().first().unwrap();
        Vec::<u8>::try_from(option).unwrap()
    };
    let cookie = ask(&one, &[7; 8]).await;
    assert_eq!(ask(&other, &cookie).await, cookie);
    // A third one knows nothing of the secret and makes its own.
    let stranger = Scene::start().await;
    assert_ne!(ask(&stranger, &cookie).await[16..], cookie[16..]);
}
