//! The HTTP API of the real PowerDNS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use payname_resolver::hickory_proto::rr::RecordType;
use payname_server::publisher::{Provider, Signing, put};
use payname_server::{Clock, Config};
use payname_tests::dns::over_tcp;
use payname_tests::primary::PAGE;
use payname_tests::secondary::{Kind, block_of};
use payname_tests::{Primary, World};

use super::contract::{keeps_the_contract, long_uri, owner, set, shown, text};
use super::rfc2136::chain;
use crate::scene::DOMAIN;
use crate::secondaries::SECRET;

/// A provider as the page configures it.
fn provider(primary: &Primary, key: &str, domain: &str) -> Arc<dyn Provider> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("powerdns.key");
    fs::write(&file, key).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let page = block_of(PAGE, "paynamed.toml, powerdns").unwrap();
    let page = page
        .replace("example.com", domain)
        .replace("127.0.0.1:8081", &primary.api().to_string());
    let text = format!("data_dir = \"data\"\n{page}");
    let config = Config::parse(&text, &folder.path().join("paynamed.toml")).unwrap();
    config.provided[0].open(&Clock::system()).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn powerdns_keeps_the_contract_by_its_api() {
    for narrow in [false, true] {
        let primary = Primary::start(Kind::PowerDns, SECRET, "").await.unwrap();
        if narrow {
            primary
                .pdnsutil("set-nsec3 example.test '1 0 0 -' narrow")
                .unwrap();
        }
        let provider = provider(&primary, SECRET, DOMAIN);
        keeps_the_contract(Arc::clone(&provider)).await;
        let Signing::Signed(ds) = provider.signs().await.unwrap() else {
            panic!("it does not sign");
        };
        assert_eq!(ds.len(), 1, "{ds:?}");
        validates(&primary, &ds, &["alice", "erin", "dotted.name"], &*provider).await;
    }
}

/// Names that came, names that went and names in between are all proven by a validator, though the zone is
/// not rectified each time.
async fn validates(primary: &Primary, ds: &[String], users: &[&str], provider: &dyn Provider) {
    use payname_tests::judge::{Verdict, ask_validator};

    let mut world = World::empty().start().await.unwrap();
    let ds: Vec<&str> = ds.iter().map(String::as_str).collect();
    world
        .register_domain(DOMAIN, &ds, primary.address())
        .unwrap();
    for user in users {
        let wanted = text(&long_uri(user));
        put(provider, &owner(user), Some(&wanted)).await.unwrap();
    }
    put(provider, &owner(users[0]), None).await.unwrap();
    let unbound = world.unbound().await.unwrap();
    let ask = async |name: &str| {
        let name = format!("{name}_bitcoin-payment.{DOMAIN}.");
        let asked = ask_validator(unbound.address(), &name, RecordType::TXT).await;
        asked.unwrap()
    };
    assert_eq!(ask("alice.user.").await, Verdict::SecureNxDomain);
    assert_eq!(ask("erin.user.").await, Verdict::Secure);
    assert_eq!(ask("dotted.name.user.").await, Verdict::Secure);
    for between in ["", "user.", "name.user."] {
        assert_eq!(ask(between).await, Verdict::SecureNoData, "{between}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_is_rectified_for_the_first_name_and_not_for_those_after() {
    let primary = Primary::start(Kind::PowerDns, SECRET, "").await.unwrap();
    primary
        .pdnsutil("set-nsec3 example.test '1 0 0 -' narrow")
        .unwrap();
    primary
        .pdnsutil("set-meta example.test API-RECTIFY 1")
        .unwrap();
    let provider = provider(&primary, SECRET, DOMAIN);
    for user in 0..20 {
        let wanted = text(&long_uri(&user.to_string()));
        let name = owner(&format!("user{user}"));
        put(&*provider, &name, Some(&wanted)).await.unwrap();
    }
    let count = |what: &str| primary.log().matches(what).count();
    let deadline = Instant::now() + Duration::from_secs(5);
    // It answers before it writes down that it did.
    while count("\"PATCH ") < 20 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((count("\"PATCH "), count("/rectify")), (20, 1));
    let kept = primary
        .pdnsutil("get-meta example.test API-RECTIFY")
        .unwrap();
    assert!(kept.contains("API-RECTIFY = 0"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_powerdns_refuses_is_told_with_what_to_do() {
    let mut primary = Primary::start(Kind::PowerDns, SECRET, "").await.unwrap();
    let wanted = text("bitcoin:?lno=lno1");
    let stranger = provider(&primary, "another key", DOMAIN);
    let error = put(&*stranger, &owner("alice"), Some(&wanted)).await;
    let error = chain(&error.unwrap_err());
    assert!(
        error.contains("401") && error.contains("`api_key`"),
        "{error}"
    );
    assert!(!error.contains("another key"), "{error}");
    let lost = provider(&primary, SECRET, "other.test");
    let error = put(&*lost, &owner("alice"), Some(&wanted)).await;
    let error = chain(&error.unwrap_err());
    assert!(
        error.contains("404") && error.contains("this zone"),
        "{error}"
    );
    let good = provider(&primary, SECRET, DOMAIN);
    set(&*good, "alice", &["bitcoin:?one"]).await;
    primary.kill();
    let begun = Instant::now();
    let error = put(&*good, &owner("alice"), Some(&wanted)).await;
    assert!(chain(&error.unwrap_err()).contains("asked again"));
    assert!(begun.elapsed().as_secs() < 5);
    primary.resume().await.unwrap();
    put(&*good, &owner("alice"), Some(&wanted)).await.unwrap();
    assert_eq!(shown(&*good, "alice").await, ["bitcoin:?lno=lno1"]);
}

/// A record that somebody has turned off is not served, so it is none, and another one does not bring it back.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_turned_off_stays_off() {
    let primary = Primary::start(Kind::PowerDns, SECRET, "").await.unwrap();
    let provider = provider(&primary, SECRET, DOMAIN);
    set(&*provider, "alice", &["bitcoin:?old"]).await;
    primary
        .sql("update records set disabled = 1 where type = 'TXT'")
        .unwrap();
    put(&*provider, &owner("alice"), Some(&text("bitcoin:?new")))
        .await
        .unwrap();
    let question = payname_resolver::resolution::Question::new(owner("alice"), RecordType::TXT);
    let answer = over_tcp(primary.address(), &question.to_message(1))
        .await
        .unwrap();
    assert_eq!(
        answer
            .answers
            .iter()
            .filter(|one| one.record_type() == RecordType::TXT)
            .count(),
        1
    );
    assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?new"]);
}
