//! Every malformed argument is a usage error that names the thing and the remedy.

use crate::run::Payname;

#[test]
fn malformed_arguments_end_with_code_2_and_say_what_to_write() {
    let payname = Payname::new();
    let rows: &[(&[&str], &str)] = &[
        (&["resolve", "alice.example.com"], "has no `@`"),
        (&["resolve", "a@b@c"], "more than one `@`"),
        (&["resolve", "@example.com"], "empty part"),
        (
            &["verify", "аlice@example.com"],
            "write xn--lice-43d@example.com",
        ),
        (&["resolve", "₿аlice@example.com"], "looks like `alice`"),
        (&["pay", "alice@exаmple.com", "1sat"], "Cyrillic"),
        (&["аlice@example.com"], "looks like `alice`"),
        (&["₿alice"], "has no `@`"),
        (&["pay", "alice@example.com", "25000"], "write 25000sat"),
        (&["pay", "alice@example.com", "0sat"], "zero"),
        (&["pay", "alice@example.com", "1eur"], "unknown unit"),
        (
            &["pay", "alice@example.com", "--yes"],
            "--yes needs an amount",
        ),
        (
            &["pay", "alice@example.com", "1sat", "--max-fee", "5"],
            "no unit",
        ),
        (&["pay"], "<NAME>"),
        (&["pay", "--resume", "xyz"], "16 hex digits"),
        (
            &["verify", "alice@example.com", "--at", "yesterday"],
            "2026-08-06T04:00:00Z",
        ),
        (
            &["resolve", "alice@example.com", "--dns", "nowhere"],
            "9.9.9.9",
        ),
        (
            &["resolve", "alice@example.com", "--dns", "9.9.9.9,ftp://x"],
            "tls://",
        ),
        (
            &["resolve", "alice@example.com", "--proxy", "http://proxy"],
            "socks5://",
        ),
        (
            &["resolve", "alice@example.com", "--network", "litecoin"],
            "regtest",
        ),
        (
            &["node", "info", "--chain", "ftp://example.com"],
            "bitcoind://",
        ),
        (&["node", "connect", "02ab@"], "02…hex…@host:port"),
        (
            &["proof", "check", "p", "--owner", "a..b", "--type", "TXT"],
            "no DNS name",
        ),
        (
            &["proof", "check", "p", "--owner", "a.b", "--type", "TEXT"],
            "no record type",
        ),
        (
            &[
                "register",
                "alice@example.com",
                "--server",
                "http://127.0.0.1:1",
            ],
            "--offer",
        ),
        (
            &[
                "register",
                "alice@example.com",
                "--uri",
                "bitcoin:",
                "--server",
                "nowhere",
            ],
            "URL",
        ),
        (&["receipt", "show", "1"], "16 hex digits"),
        (&["frobnicate"], "frobnicate"),
        (&[], "--help"),
        (&["uri"], "--help"),
        (&["keys", "new", "--color"], "--color"),
    ];
    for (words, remedy) in rows {
        let ran = payname.run(words);
        assert_eq!(ran.exit, 2, "{words:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{words:?}");
        assert!(ran.stderr.contains(remedy), "{words:?}: {}", ran.stderr);
        let json: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let ran = payname.run(&json);
        let code = ran.error_code();
        assert_eq!(ran.exit, 2, "{words:?} {code}");
    }
}

#[test]
fn no_error_repeats_a_password() {
    let payname = Payname::new();
    let rows: &[&[&str]] = &[
        &["--proxy", "socks5://me:secret"],
        &["--proxy", "socks5://me:secret@"],
        &["--proxy", "http://me:secret@127.0.0.1:1"],
        &["--chain", "bitcoind://me:secret@127.0.0.1"],
        &["--chain", "bitcoind:me:secret"],
        &["--dns", "https://me:secret@127.0.0.1:x/"],
        &["--dns", "http://me:secret@dns.example/"],
        &["--dns", "me:secret@dns.example"],
        &["--dns", "payname+ftp://me:secret@127.0.0.1"],
        // Well-formed, and nobody is there.
        &["--dns", "https://me:secret@127.0.0.1:1/dns-query"],
        &["--dns", "payname+https://me:secret@127.0.0.1:1/"],
        &["--dns", "dnssecproof+https://me:secret@127.0.0.1:1/"],
    ];
    for words in rows {
        let resolve = ["resolve", "alice@example.com"].iter().chain(*words);
        let words: Vec<&str> = resolve.copied().collect();
        for ran in [
            payname.run(&words),
            payname.run(&[&words[..], &["--json"]].concat()),
        ] {
            assert_ne!(ran.exit, 0, "{words:?}");
            let told = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!told.contains("secret"), "{words:?}: {told}");
        }
    }
    payname.run(&["keys", "new"]);
    let ran = payname.run(&[
        "register",
        "alice@example.com",
        "--uri",
        "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l",
        "--server",
        "http://me:secret@127.0.0.1:1/",
    ]);
    assert_eq!(ran.exit, 9, "{}", ran.stderr);
    assert!(ran.stderr.contains("the server http://127.0.0.1:1/"));
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[test]
fn help_shows_no_password_of_the_environment() {
    let payname = Payname::new();
    let variables = [
        ("PAYNAME_DNS", "https://me:hunter2@dns.example/"),
        ("PAYNAME_PROXY", "socks5://me:hunter2@127.0.0.1:1"),
        ("PAYNAME_CHAIN", "bitcoind://me:hunter2@127.0.0.1:1"),
        ("PAYNAME_SERVER", "https://me:hunter2@pay.example/"),
        ("PAYNAME_NODE_SECRET_CMD", "echo hunter2"),
    ];
    for command in ["resolve", "register", "node"] {
        let ran = payname.run_with_variables(&[command, "--help"], &variables);
        assert_eq!(ran.exit, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("PAYNAME_DNS"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    }
}

#[test]
fn an_empty_list_of_resolvers_in_the_environment_counts_as_none() {
    let payname = Payname::new();
    let words = ["uri", "parse", "bitcoin:?req-new=1", "--json"];
    let ran = payname.run_with_variables(&words, &[("PAYNAME_DNS", "")]);
    assert_eq!(ran.error_code(), "bad_uri");
    // What was written by hand, or is more than nothing, is meant.
    let ran = payname.run_with_variables(&words, &[("PAYNAME_DNS", "nowhere")]);
    assert_eq!(ran.error_code(), "usage");
    let ran = payname.run(&["uri", "parse", "bitcoin:?lno=x", "--json", "--dns", ""]);
    assert_eq!(ran.error_code(), "usage");
    // An empty proxy is a mistake: without one, names would be asked for in the open.
    let ran = payname.run_with_variables(&words, &[("PAYNAME_PROXY", "")]);
    assert_eq!(ran.error_code(), "usage");
}

#[cfg(feature = "embedded")]
#[test]
fn a_node_without_a_chain_source_says_how_to_name_one() {
    let ran = Payname::new().run(&["node", "info"]);
    assert_eq!(ran.exit, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--chain"), "{}", ran.stderr);
}

#[test]
fn bad_arguments_change_nothing_on_the_disk() {
    let payname = Payname::new();
    payname.run(&["pay", "alice@example.com", "25000"]);
    payname.run(&["keys", "new", "--nonsense"]);
    assert!(!payname.folder().join("data").exists());
}

#[test]
fn help_and_version_go_to_stdout_and_end_well() {
    let payname = Payname::new();
    for words in [
        &["--help"][..],
        &["--version"],
        &["pay", "--help"],
        &["help"],
    ] {
        let ran = payname.run(words);
        assert_eq!((ran.exit, ran.stderr.as_str()), (0, ""), "{words:?}");
        assert!(ran.stdout.contains("payname"), "{words:?}");
    }
}

#[test]
fn a_uri_that_breaks_bip_321_ends_with_code_5() {
    let payname = Payname::new();
    for uri in [
        "lightning:lno1abc",
        "bitcoin:",
        "bitcoin:?req-new=1",
        "bitcoin:?lno=lno1abc",
    ] {
        let ran = payname.run(&["uri", "parse", uri, "--json"]);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (5, "bad_uri"),
            "{uri}"
        );
    }
}
