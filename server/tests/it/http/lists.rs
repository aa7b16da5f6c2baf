//! Lists, read in parts.

use payname_api::{DomainInfo, Listed, codes, paths};

use crate::scene::{DOMAIN, Scene};

#[tokio::test]
async fn the_domains_of_a_server_are_listed_in_parts_that_lead_to_each_other() {
    let second = "[[domain]]\nname = \"another.test\"\nnameservers = [\"ns1.example.test\"]\n";
    let scene = Scene::start_behind(second).await;
    let contact = scene.contact();
    let first = contact.get(&format!("{}?limit=1", paths::DOMAINS)).await;
    let listed: Listed<DomainInfo> = serde_json::from_slice(&first.body).unwrap();
    assert_eq!(listed.items[0].domain, "another.test");
    assert_eq!(listed.items[0].ds.len(), 1);
    let link = first.headers["link"].to_str().unwrap();
    let next = link.strip_prefix(&format!("<{}", contact.public_url));
    let next = next.unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let last = contact.get(&format!("/{next}")).await;
    let listed: Listed<DomainInfo> = serde_json::from_slice(&last.body).unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].domain, DOMAIN);
    assert!(listed.next.is_none() && !last.headers.contains_key("link"));
    let wrong = contact.get(&format!("{}?limit=0", paths::DOMAINS)).await;
    assert_eq!(wrong.code(), codes::INVALID_QUERY);
}
