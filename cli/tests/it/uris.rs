//! `payname uri`: URIs put together and read.

use crate::run::Payname;

const ADDRESS: &str = "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
/// The offer of the recorded proof.
const OFFER: &str = "lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";

#[test]
fn what_is_built_is_one_line_that_says_what_was_given() {
    let payname = Payname::new();
    let build = [
        "uri",
        "build",
        "--offer",
        OFFER,
        "--address",
        ADDRESS,
        "--label",
        "Alice & Bob",
    ];
    let ran = payname.run(&build);
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    let expected = format!("bitcoin:{ADDRESS}?lno={OFFER}&label=Alice%20%26%20Bob\n");
    assert_eq!(ran.stdout, expected);
    let read = payname
        .run(&["uri", "parse", expected.trim(), "--json"])
        .json();
    assert_eq!(read["label"], "Alice & Bob");
    let built = payname.run(&[&build[..], &["--json"]].concat()).json();
    assert_eq!(built, read);
}

#[test]
fn parameters_can_be_added_and_required() {
    let payname = Payname::new();
    let given = ["uri", "build", "--offer", OFFER, "--amount", "25000sat"];
    let ran = payname.run(&[&given[..], &["--parameter", "x=1 2", "--require", "lno"]].concat());
    assert_eq!(ran.exit, 0, "{}", ran.stderr);
    let expected = format!("bitcoin:?req-lno={OFFER}&x=1%202&amount=0.00025\n");
    assert_eq!(ran.stdout, expected);
    // Nobody is known to understand `x`, so nobody could pay this.
    let ran = payname.run(&[&given[..], &["--parameter", "x=1", "--require", "x"]].concat());
    assert_eq!(ran.exit, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("requires `x`"), "{}", ran.stderr);
}

#[test]
fn what_nobody_could_pay_is_not_built() {
    let payname = Payname::new();
    let rows: &[(&[&str], &str)] = &[
        (&["--label", "x"], "bad_uri"),
        (&["--offer", "lno1qqqq"], "usage"),
        (&["--address", "alice@example.com"], "usage"),
        (
            &["--address", ADDRESS, "--network", "regtest"],
            "wrong_network",
        ),
        (&["--address", ADDRESS, "--parameter", "x"], "usage"),
        (
            &["--address", ADDRESS, "--parameter", "lightning=lnbc1"],
            "bad_uri",
        ),
    ];
    for (words, code) in rows {
        let ran = payname.run(&[&["uri", "build", "--json"], *words].concat());
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (2, *code),
            "{words:?}"
        );
    }
}
