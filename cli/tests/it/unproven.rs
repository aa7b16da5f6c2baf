//! Without a proof nothing goes on by itself.

use std::net::TcpListener;

use crate::run::Payname;

const DANGER: &str = "--danger-allow-lightning-address";

#[test]
fn a_resolver_that_fails_is_no_reason_to_ask_a_web_server() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let dns = format!("tcp://{nobody}");
    for command in [
        &["resolve", "alice@example.com"][..],
        &["pay", "alice@example.com", "1sat"],
    ] {
        let ran = Payname::new().run(&[command, &["--dns", &dns, DANGER, "--json"]].concat());
        assert_eq!((ran.exit, ran.error_code().as_str()), (9, "dns_failed"));
        assert_eq!(ran.stderr, "", "nobody else was asked");
    }
}

#[test]
fn the_help_spells_the_danger_out() {
    let ran = Payname::new().run(&["resolve", "--help"]);
    assert!(ran.stdout.contains("DANGER"), "{}", ran.stdout);
    let ran = Payname::new().run(&["verify", "alice@example.com", DANGER]);
    assert_eq!(ran.exit, 2, "what verifies takes no unproven word");
}
