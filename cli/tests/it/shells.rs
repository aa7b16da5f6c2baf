//! What shells, manuals and terminals get, and what is configured.

use crate::run::Payname;

#[test]
fn every_shell_gets_a_script() {
    let payname = Payname::new();
    for shell in ["bash", "elvish", "fish", "nushell", "powershell", "zsh"] {
        let ran = payname.run(&["completions", shell]);
        assert!(
            !ran.stdout.contains("\\u{"),
            "nothing of it is escaped: {shell}"
        );
        assert!(
            ran.exit == 0 && ran.stdout.contains("payname"),
            "{shell}: {ran:?}"
        );
    }
    assert_eq!(payname.run(&["completions", "command.com"]).exit, 2);
}

#[test]
fn contacts_and_commands_complete_as_they_are_typed() {
    let payname = Payname::new();
    payname.run(&["contacts", "add", "alma", "alice@example.com"]);
    let complete = |words: &[&str]| {
        let index = (words.len() - 1).to_string();
        let words = [&["--"][..], words].concat();
        let variables = [
            ("PAYNAME_COMPLETE", "bash"),
            ("_CLAP_COMPLETE_INDEX", &*index),
            ("_CLAP_IFS", "\n"),
        ];
        payname.run_with_variables(&words, &variables).stdout
    };
    for command in ["pay", "resolve", "verify", "qr", "watch", "doctor"] {
        let found = complete(&["payname", command, "al"]);
        assert_eq!(found.trim(), "alma", "{command}");
    }
    assert!(complete(&["payname", "reg"]).contains("register"));
}

#[test]
fn every_command_has_a_manual_page() {
    let payname = Payname::new();
    let folder = payname.folder().join("man1");
    let ran = payname.run(&["man", folder.to_str().unwrap(), "--json"]);
    assert_eq!(ran.exit, 0, "{ran:?}");
    for page in ["payname.1", "payname-pay.1", "payname-contacts-add.1"] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let pages = ran.json()["pages"].as_array().unwrap().len();
    assert!(pages > 40, "{pages}");
}

#[test]
fn colours_are_for_who_asks_for_them_and_never_in_a_document() {
    let payname = Payname::new();
    let words = ["doctor", "--uri", "bitcoin:?lno=lno1"];
    let plain = payname.run(&words).stdout;
    assert!(!plain.contains('\u{1b}'), "in a pipe: {plain:?}");
    let always = payname
        .run(&[&words[..], &["--color", "always"]].concat())
        .stdout;
    assert!(
        always.contains("\u{1b}[31mERROR \u{1b}[0mD502"),
        "{always:?}"
    );
    let json = payname
        .run(&[&words[..], &["--color", "always", "--json"]].concat())
        .stdout;
    assert!(!json.contains('\u{1b}'), "{json:?}");
    let forced = payname
        .run_with_variables(&words, &[("CLICOLOR_FORCE", "1")])
        .stdout;
    assert_eq!(forced, always);
    let variables = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    assert_eq!(payname.run_with_variables(&words, &variables).stdout, plain);
}

#[test]
fn an_option_comes_before_its_variable_and_that_before_the_file() {
    let payname = Payname::new();
    let file = payname.file(
        "config.toml",
        "network = \"regtest\"\nchain = \"bitcoind://me:hunter2@127.0.0.1:1\"\nnode-secret-cmd = \"echo hunter2\"\n",
    );
    let config = ("PAYNAME_CONFIG", &*file);
    let show = |words: &[&str], variables: &[(&str, &str)]| {
        let words = [words, &["config", "show", "--json"]].concat();
        let told = payname.run_with_variables(&words, variables).json();
        let settings = told["settings"].as_array().unwrap().clone();
        let network = settings
            .into_iter()
            .find(|setting| setting["name"] == "network")
            .unwrap();
        (
            network["values"][0].as_str().unwrap().to_owned(),
            network["origin"].as_str().unwrap().to_owned(),
        )
    };
    let is = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    let variable = ("PAYNAME_NETWORK", "signet");
    assert_eq!(show(&[], &[]), is("bitcoin", "default"));
    assert_eq!(show(&[], &[config]), is("regtest", &file));
    assert_eq!(
        show(&[], &[config, variable]),
        is("signet", "PAYNAME_NETWORK")
    );
    assert_eq!(
        show(&["--network", "testnet"], &[config, variable]),
        is("testnet", "--network")
    );
    let shown = payname
        .run_with_variables(&["config", "show", "--origin"], &[config])
        .stdout;
    assert!(
        shown.contains(&format!("({file})")) && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn a_configuration_with_a_mistake_stops_every_command_and_says_where() {
    let payname = Payname::new();
    for (text, words) in [
        ("dsn = \"x\"", "there are: "),
        ("network = 1.5", "should be a text"),
        ("[", "no TOML"),
    ] {
        let file = payname.file("config.toml", text);
        let ran = payname.run_with_variables(
            &["contacts", "list", "--json"],
            &[("PAYNAME_CONFIG", &*file)],
        );
        assert_eq!((ran.exit, ran.error_code().as_str()), (2, "config"));
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    let ran = payname.run_with_variables(
        &["contacts", "list", "--json"],
        &[("PAYNAME_CONFIG", "/nowhere/at/all")],
    );
    assert_eq!(
        ran.error_code(),
        "config",
        "a file that is named has to be there"
    );
}
