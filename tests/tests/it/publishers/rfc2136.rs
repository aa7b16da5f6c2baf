//! Updates (RFC 2136) to the real BIND, Knot and PowerDNS, configured as `docs/publishers.md` says.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use payname_server::publisher::{Provider, ProviderError, Signing, put};
use payname_server::{Clock, Config};
use payname_tests::Primary;
use payname_tests::secondary::Kind;

use super::contract::{keeps_the_contract, long_uri, owner, set, shown, text};
use crate::scene::DOMAIN;
use crate::secondaries::{SECRET, serial, write_secret};

/// A provider as the configuration makes it.
pub(crate) fn provider(server: SocketAddr, secret: &str, zone: &str) -> Arc<dyn Provider> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("paynamed.secret");
    write_secret(&file);
    fs::write(&file, secret).unwrap();
    let config = format!(
        "data_dir = \"data\"\n[prove]\ndns = \"127.0.0.1:53\"\n\
         [[tsig]]\nname = \"paynamed.example\"\nsecret_file = \"paynamed.secret\"\n\
         [[domain]]\nname = \"{DOMAIN}\"\nzone = \"{zone}\"\n\
         [domain.publish]\nkind = \"rfc2136\"\nserver = \"{server}\"\nkey = \"paynamed.example\"\n"
    );
    let config = Config::parse(&config, &folder.path().join("paynamed.toml")).unwrap();
    let opened = config.provided[0].open(&Clock::system()).unwrap();
    opened.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bind_keeps_the_contract() {
    runs_the_list(Kind::Bind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn knot_keeps_the_contract() {
    runs_the_list(Kind::Knot).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn powerdns_keeps_the_contract() {
    runs_the_list(Kind::PowerDns).await;
}

async fn runs_the_list(kind: Kind) {
    let primary = Primary::start(kind, SECRET, "").await.unwrap();
    let provider = provider(primary.address(), SECRET, DOMAIN);
    keeps_the_contract(Arc::clone(&provider)).await;
    // What is so already is not written again.
    let before = serial(primary.address()).await;
    let wanted = text(&long_uri("user7"));
    put(&*provider, &owner("user7"), Some(&wanted))
        .await
        .unwrap();
    assert_eq!(serial(primary.address()).await, before, "{kind:?}");
    let Signing::Signed(ds) = provider.signs().await.unwrap() else {
        panic!("{kind:?} does not sign");
    };
    assert_eq!(ds.len(), 1, "{kind:?}: {ds:?}");
    assert!(ds[0].contains(" 13 2 "), "{kind:?}: {ds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_told_with_what_to_do() {
    for kind in Primary::KINDS {
        let primary = Primary::start(kind, SECRET, "").await.unwrap();
        let wanted = text("bitcoin:?lno=lno1");
        // Another secret.
        let other = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=";
        let stranger = provider(primary.address(), other, DOMAIN);
        let error = put(&*stranger, &owner("alice"), Some(&wanted)).await;
        let error = chain(&error.unwrap_err());
        assert!(
            error.contains("BADSIG") || error.contains("response code 9, unsigned"),
            "{kind:?}: {error}"
        );
        // Another zone than the server has.
        let lost = provider(
            primary.address(),
            SECRET,
            "user._bitcoin-payment.example.test",
        );
        let error = put(&*lost, &owner("alice"), Some(&wanted)).await;
        let error = chain(&error.unwrap_err());
        assert!(
            error.contains("primary of") || error.contains("the primary of the zone"),
            "{kind:?}: {error}"
        );
        assert_eq!(
            shown(&*provider(primary.address(), SECRET, DOMAIN), "alice").await,
            [""; 0]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_an_alias_is_told_and_is_in_no_other_names_way() {
    let alias = "alias.user._bitcoin-payment CNAME ns1\n";
    let alias_of_powerdns = "alias.user._bitcoin-payment CNAME ns1.example.test";
    for kind in Primary::KINDS {
        let records = match kind {
            Kind::PowerDns => alias_of_powerdns,
            _ => alias,
        };
        let primary = Primary::start(kind, SECRET, records).await.unwrap();
        let provider = provider(primary.address(), SECRET, DOMAIN);
        let looked = provider.look(&[owner("alias"), owner("alice")]).await;
        let looked = looked.unwrap();
        let error = looked[0].as_ref().unwrap_err();
        assert!(matches!(**error, ProviderError::Alias { .. }), "{error}");
        assert!(looked[1].is_ok(), "{kind:?}");
    }
}

/// "Ensure that all names return valid payment instructions" is what some operators do with a wildcard.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_below_a_wildcard_gets_a_record_of_its_own() {
    for kind in Primary::KINDS {
        let wild = "*.user._bitcoin-payment TXT \"bitcoin:?lno=lno1wild\"";
        let wild_of_powerdns = "*.user._bitcoin-payment TXT '\"bitcoin:?lno=lno1wild\"'";
        let records = match kind {
            Kind::PowerDns => wild_of_powerdns,
            _ => wild,
        };
        let primary = Primary::start(kind, SECRET, &format!("{records}\n"))
            .await
            .unwrap();
        let provider = provider(primary.address(), SECRET, DOMAIN);
        assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?lno=lno1wild"]);
        let wanted = text("bitcoin:?lno=lno1own");
        put(&*provider, &owner("alice"), Some(&wanted))
            .await
            .unwrap();
        assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?lno=lno1own"]);
        assert_eq!(shown(&*provider, "bob").await, ["bitcoin:?lno=lno1wild"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_takes_changes_over_a_new_connection() {
    let mut primary = Primary::start(Kind::Bind, SECRET, "").await.unwrap();
    let provider = provider(primary.address(), SECRET, DOMAIN);
    set(&*provider, "alice", &["bitcoin:?one"]).await;
    primary.kill();
    let wanted = text("bitcoin:?two");
    let error = put(&*provider, &owner("alice"), Some(&wanted)).await;
    assert!(chain(&error.unwrap_err()).contains("cannot be reached"));
    primary.resume().await.unwrap();
    put(&*provider, &owner("alice"), Some(&wanted))
        .await
        .unwrap();
    assert_eq!(shown(&*provider, "alice").await, ["bitcoin:?two"]);
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
