//! Paying, as far as it goes without a network.

use std::net::UdpSocket;

use crate::run::Payname;

#[test]
fn a_resolver_that_is_silent_ends_with_code_9_and_no_intent() {
    let payname = Payname::new();
    // Bound, and never answering.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let dns = silent.local_addr().unwrap().to_string();
    let ran = payname.run(&[
        "pay",
        "alice@example.com",
        "1000sat",
        "--yes",
        "--dns",
        &dns,
        "--json",
    ]);
    assert_eq!(ran.exit, 9, "{}", ran.stdout);
    assert_eq!(ran.json()["name"], "₿alice@example.com");
    assert!(!payname.folder().join("data").exists());
}

#[test]
fn an_empty_history_is_a_list_and_a_missing_receipt_a_usage_error() {
    let payname = Payname::new();
    let list = payname.run(&["receipt", "list", "--json"]).json();
    assert_eq!(list["payments"], serde_json::json!([]));
    let ran = payname.run(&["receipt", "show", "0123456789abcdef", "--json"]);
    assert_eq!(
        (ran.exit, ran.error_code().as_str()),
        (2, "no_such_payment")
    );
    let ran = payname.run(&["pay", "--resume", "0123456789abcdef", "--json"]);
    assert_eq!(
        (ran.exit, ran.error_code().as_str()),
        (2, "no_such_payment")
    );
}

#[test]
fn resuming_with_nothing_unfinished_starts_no_node() {
    let payname = Payname::new();
    let ran = payname.run(&["pay", "--resume", "--json"]);
    assert_eq!(ran.exit, 0, "{}", ran.stdout);
    assert_eq!(ran.json()["payments"], serde_json::json!([]));
    assert!(!payname.folder().join("data/node").exists());
}

#[cfg(not(feature = "embedded"))]
#[test]
fn without_the_embedded_node_its_commands_end_with_code_13() {
    let ran = Payname::new().run(&["node", "info", "--json"]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (13, "no_node"));
}
