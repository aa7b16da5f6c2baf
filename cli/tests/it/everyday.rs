//! Contacts, known payees, QR codes and the doctor, as far as they go without a network.

use serde_json::json;

use crate::run::Payname;

const ADDRESS: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";

#[test]
fn contacts_are_added_renamed_and_removed_and_never_overwritten_unasked() {
    let payname = Payname::new();
    let code = |words: &[&str]| {
        let ran = payname.run(&[words, &["--json"]].concat());
        let code = ran.json()["error"]["code"].as_str().map(str::to_owned);
        (ran.exit, code)
    };
    let failed = |code: &str| (2, Some(code.to_owned()));
    assert_eq!(code(&["contacts", "list"]), (0, None));
    assert_eq!(
        code(&["contacts", "add", "Al", "alice@example.com"]),
        (0, None)
    );
    assert_eq!(
        code(&["contacts", "add", "al", "₿ALICE@example.com"]),
        (0, None),
        "the same"
    );
    assert_eq!(
        code(&["contacts", "add", "al", "bob@example.com"]),
        failed("nickname_taken")
    );
    assert_eq!(
        code(&["contacts", "add", "al", "bob@example.com", "--replace"]),
        (0, None)
    );
    assert_eq!(code(&["contacts", "rename", "al", "bo"]), (0, None));
    assert_eq!(code(&["contacts", "show", "al"]), failed("no_such_contact"));
    let list = payname.run(&["contacts", "list", "--json"]).json();
    assert_eq!(
        list["contacts"],
        json!([{ "nickname": "bo", "name": "₿bob@example.com" }])
    );
    assert_eq!(code(&["contacts", "remove", "bo"]), (0, None));
    assert_eq!(
        code(&["contacts", "remove", "bo"]),
        failed("no_such_contact")
    );
    assert_eq!(
        code(&["contacts", "add", "a.b", "bob@example.com"]),
        failed("usage")
    );
}

#[test]
fn contacts_come_back_from_what_was_exported_in_either_form() {
    for form in [
        &["contacts", "export"][..],
        &["contacts", "export", "--vcard"],
    ] {
        let (here, there) = (Payname::new(), Payname::new());
        for (nickname, name) in [("al", "alice@example.com"), ("bo", "bob@example.com")] {
            assert_eq!(here.run(&["contacts", "add", nickname, name]).exit, 0);
        }
        let exported = here.run(form).stdout;
        let ran = there.run_with_input(&["contacts", "import", "-", "--json"], exported.as_bytes());
        assert_eq!(
            (ran.exit, &ran.json()["added"]),
            (0, &json!(2)),
            "{exported}"
        );
        let list = |payname: &Payname| payname.run(&["contacts", "list"]).stdout;
        assert_eq!(list(&here), list(&there));
    }
    let ran = Payname::new().run_with_input(
        &["contacts", "import", "-", "--json"],
        b"nickname,name\nal,alice\n",
    );
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "bad_contacts"));
}

#[test]
fn an_import_that_would_overwrite_changes_nobody() {
    let payname = Payname::new();
    payname.run(&["contacts", "add", "bo", "bob@example.com"]);
    let csv = b"nickname,name\nal,alice@example.com\nbo,eve@example.com\n";
    let ran = payname.run_with_input(&["contacts", "import", "-", "--json"], csv);
    assert_eq!(ran.error_code(), "nickname_taken");
    let list = payname.run(&["contacts", "list", "--json"]).json();
    assert_eq!(
        list["contacts"],
        json!([{ "nickname": "bo", "name": "₿bob@example.com" }])
    );
}

#[test]
fn a_contact_that_is_none_is_told_what_to_write_before_anybody_is_asked() {
    let payname = Payname::new();
    for command in ["resolve", "verify", "qr"] {
        let ran = payname.run(&[command, "alice", "--dns", "127.0.0.1:1", "--json"]);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (2, "no_such_contact"),
            "{command}"
        );
    }
    let ran = payname.run(&["known", "forget", "alice@example.com", "--json"]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "not_known"));
    assert_eq!(
        payname.run(&["known", "list", "--json"]).json()["payees"],
        json!([])
    );
}

#[test]
fn a_long_uri_is_drawn_within_80_columns_and_in_upper_case() {
    let payname = Payname::new();
    let offer = "lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";
    let uri = format!("bitcoin:?lno={offer}");
    let drawn = payname.run(&["qr", &uri]).stdout;
    assert!(
        drawn.lines().all(|line| line.chars().count() <= 80),
        "{drawn}"
    );
    let told = payname.run(&["qr", &uri, "--json"]).json();
    assert_eq!(told["content"], uri.to_uppercase());
    assert!(told["columns"].as_u64().unwrap() <= 80);
    assert_eq!(
        told["rows"].as_array().unwrap().len() as u64,
        told["modules"].as_u64().unwrap()
    );
    let ran = payname.run(&["qr", "bitcoin:", "--json"]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "bad_uri"));
}

#[test]
fn the_doctor_ends_as_bad_as_the_worst_that_he_finds_and_explains_it() {
    let payname = Payname::new();
    let row = |uri: &str| {
        let ran = payname.run(&["doctor", "--uri", uri, "--json"]);
        let told = ran.json();
        assert_eq!(told["exit"], ran.exit, "{told}");
        (
            ran.exit,
            told["findings"][0]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    assert_eq!(row("bitcoin:?lno=lno1"), (20, "D502".to_owned()));
    assert_eq!(row(ADDRESS), (21, "D504".to_owned()));
    assert!(
        payname
            .run(&["explain", "D504"])
            .stdout
            .contains("silent payment address")
    );
    let all = payname.run(&["explain", "--json"]).json();
    assert!(all["codes"].as_array().unwrap().len() > 50);
    assert_eq!(payname.run(&["explain", "D999"]).exit, 2);
    assert_eq!(payname.run(&["doctor"]).exit, 2, "somebody has to be ill");
}

#[test]
fn a_consent_that_is_none_is_refused_before_the_server_hears_of_it() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let words = [
        "transfer",
        "alice@example.com",
        "--consent",
        "x",
        "--server",
        "http://127.0.0.1:1",
        "--json",
    ];
    let ran = payname.run(&words);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "bad_consent"));
}
