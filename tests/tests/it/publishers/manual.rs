//! By hand: what to paste is told, and it is waited until it is there.

use std::fs;

use payname_api::{State, paths};
use payname_resolver::hickory_proto::rr::rdata::{CNAME, TXT};
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_server::{Clock, Config, Running, Server, records_to_paste};
use payname_tests::World;
use payname_tests::primary::PAGE;
use payname_tests::secondary::block_of;

use super::contract::long_uri;
use crate::scene::{Contact, DOMAIN, keys, uri};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_pasted_is_told_until_it_is_proven() {
    let world = World::with_zone(DOMAIN).start().await.unwrap();
    let desk = Desk::open(&world).await;
    let (contact, config) = (desk.contact(&world), &desk.config);
    // What somebody has pasted for others is theirs.
    world
        .publish(&format!("bob@{DOMAIN}"), "bitcoin:?by-hand")
        .unwrap();
    let claimed = contact.put(&keys(1), "bob", &uri("mine")).await;
    assert_eq!(claimed.code(), "reserved");
    contact.put(&keys(1), "alice", &uri("pasted")).await;
    let told = told(&contact).await;
    assert!(told.contains("set this record"), "{told}");
    let lines = records_to_paste(config, DOMAIN).await.unwrap();
    assert_eq!(lines[0], "; not proven yet: set these");
    assert!(told.ends_with(&lines[1]), "{told}\n{lines:?}");
    // Somebody pastes it.
    let (owner, txt) = lines[1].split_once(" 300 IN TXT ").unwrap();
    assert_eq!(owner, format!("alice.user._bitcoin-payment.{DOMAIN}."));
    let pasted: String = txt.split('"').filter(|piece| *piece != " ").collect();
    assert_eq!(pasted, uri("pasted"));
    world.publish(&format!("alice@{DOMAIN}"), &pasted).unwrap();
    assert_eq!(contact.until("alice", State::Published).await.error, None);
    let lines = records_to_paste(config, DOMAIN).await.unwrap();
    assert_eq!(lines[0], "; proven");
    // And takes it away again.
    contact.put(&keys(1), "alice", &long_uri("other")).await;
    contact.delete(&keys(1), "alice").await;
    let told = self::told(&contact).await;
    assert!(told.starts_with("remove the TXT record"), "{told}");
    desk.running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_payment_record_is_in_nobodys_way() {
    let world = World::with_zone(DOMAIN).and_zone(UNSIGNED).insecure();
    let world = world.start().await.unwrap();
    let desk = Desk::open(&world).await;
    let contact = desk.contact(&world);
    let set = |user: &str, kind, data| {
        let owner = format!("{user}.user._bitcoin-payment.{DOMAIN}.");
        world.set_records(DOMAIN, &owner, kind, data).unwrap();
    };
    let txt = |text: &str| RData::TXT(TXT::new(vec![text.to_owned()]));
    set("*", RecordType::TXT, vec![txt("v=spf1 -all")]);
    let claimed = contact.put(&keys(1), "alice", &uri("mine")).await;
    assert_eq!(claimed.status, 202, "{claimed:?}");
    // A payment record that nobody can pay is somebody's all the same.
    let twice = vec![txt("bitcoin:?one"), txt("bitcoin:?two")];
    set("bob", RecordType::TXT, twice);
    let claimed = contact.put(&keys(1), "bob", &uri("mine")).await;
    assert_eq!(claimed.code(), "reserved", "{claimed:?}");
    let target = Name::from_ascii(format!("host.{UNSIGNED}.")).unwrap();
    set(
        "carol",
        RecordType::CNAME,
        vec![RData::CNAME(CNAME(target))],
    );
    let claimed = contact.put(&keys(1), "carol", &uri("mine")).await;
    assert_eq!(claimed.status, 202, "{claimed:?}");
    desk.running.shutdown().await;
}

/// A zone that nobody signs.
const UNSIGNED: &str = "cdn.test";

/// A `paynamed` whose records somebody pastes.
struct Desk {
    config: Config,
    running: Running,
    _folder: tempfile::TempDir,
}

impl Desk {
    async fn open(world: &World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("anchors"), world.anchors_text()).unwrap();
        let page = block_of(PAGE, "paynamed.toml, manual").unwrap();
        let page = page
            .replace("example.com", DOMAIN)
            .replace("9.9.9.9:53", &world.recursor().address().to_string());
        let text = format!(
            "data_dir = \"data\"\n[http]\nlisten = \"127.0.0.1:0\"\n{page}anchors = \"anchors\"\n"
        );
        let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
        let running = Server::start(config.clone(), Clock::system())
            .await
            .unwrap();
        Self {
            config,
            running,
            _folder: folder,
        }
    }

    fn contact(&self, world: &World) -> Contact {
        Contact {
            http: self.running.http_addr(),
            dns: world.recursor().address(),
            public_url: self.running.public_url().to_string(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }
}

/// What alice's name tells its owner.
async fn told(contact: &Contact) -> String {
    for _ in 0..500 {
        let status = contact.get(&paths::handle(DOMAIN, "alice")).await.handle();
        if let Some(told) = status.error {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nothing is told");
}
