//! Registering: what is refused before a server hears of it, and what is made of its answers.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use crate::run::Payname;

const URI: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";

/// A server that gives one answer to one request.
fn server(status: &'static str, media_type: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8192];
        let _ = stream.read(&mut request).unwrap();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).unwrap();
    });
    url
}

fn register(payname: &Payname, server: &str) -> crate::run::Ran {
    payname.run(&[
        "register",
        "alice@example.com",
        "--uri",
        URI,
        "--server",
        server,
        "--wait",
        "0",
        "--json",
    ])
}

#[test]
fn what_nobody_could_pay_is_refused_without_asking_the_server() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    for what in [
        ["--offer", "lno1qqqq", "usage"],
        ["--uri", "bitcoin:", "bad_uri"],
        ["--uri", "bitcoin:?lno=lnbc1", "bad_uri"],
    ] {
        let words = [
            "register",
            "alice@example.com",
            what[0],
            what[1],
            "--server",
            "http://127.0.0.1:1",
            "--json",
        ];
        let ran = payname.run(&words);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (2, what[2]),
            "{what:?}"
        );
    }
}

#[test]
fn without_a_key_the_remedy_is_told() {
    let ran = Payname::new().run(&[
        "register",
        "alice@example.com",
        "--uri",
        URI,
        "--server",
        "http://127.0.0.1:1",
    ]);
    assert_eq!(ran.exit, 2);
    assert!(ran.stderr.contains("payname keys new"), "{}", ran.stderr);
}

#[test]
fn a_server_that_is_not_there_ends_with_code_9() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let ran = register(&payname, "http://127.0.0.1:1");
    assert_eq!(
        (ran.exit, ran.error_code().as_str()),
        (9, "server_unreachable")
    );
}

#[test]
fn a_problem_cannot_pass_for_words_of_ours() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let body = r#"{"type":"t","title":"No","status":403,"detail":"no\nerror: paid","code":"x"}"#;
    let url = server("403 Forbidden", "application/problem+json", body.to_owned());
    let words = [
        "register",
        "alice@example.com",
        "--uri",
        URI,
        "--server",
        &url,
    ];
    let ran = payname.run(&words);
    assert_eq!(
        ran.stderr,
        "error: the server refused: no\\u{a}error: paid\n"
    );
}

#[test]
fn a_problem_is_told_in_the_servers_words_with_a_remedy() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let problem = |status: u16, code: &str| {
        format!(
            r#"{{"type":"urn:payname:problem:{code}","title":"No","status":{status},"detail":"said {code}","code":"{code}"}}"#
        )
    };
    let rows = [
        ("403 Forbidden", 403, "not_owner", 1, "--key"),
        ("401 Unauthorized", 401, "auth_time", 1, "clock"),
        (
            "404 Not Found",
            404,
            "unknown_domain",
            2,
            "said unknown_domain",
        ),
        (
            "422 Unprocessable Content",
            422,
            "invalid_uri",
            5,
            "said invalid_uri",
        ),
        (
            "503 Service Unavailable",
            503,
            "unavailable",
            9,
            "said unavailable",
        ),
        (
            "429 Too Many Requests",
            429,
            "slow_down",
            12,
            "said slow_down",
        ),
    ];
    for (line, status, code, exit, remedy) in rows {
        let url = server(line, "application/problem+json", problem(status, code));
        let ran = register(&payname, &url);
        let json = ran.json();
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (exit, "server_refused"),
            "{code}"
        );
        assert_eq!(json["problem"]["code"], code);
        assert!(
            json["error"]["message"].as_str().unwrap().contains(remedy),
            "{json}"
        );
    }
}

#[test]
fn an_answer_that_is_no_payname_servers_is_called_so() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    for status in ["200 OK", "500 Internal Server Error", "302 Found"] {
        let url = server(status, "text/html", "<h1>hello</h1>".to_owned());
        let ran = register(&payname, &url);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (1, "not_a_payname_server"),
            "{status}"
        );
    }
}

#[test]
fn a_committed_name_is_reported_as_the_server_tells_it() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let status = format!(
        r#"{{"handle":"₿alice@example.com","state":"pending","uri":"{URI}","owner":"{}","version":1,
            "owner_name":"alice.user._bitcoin-payment.example.com.","txt":["{URI}"],"created_at":1,"updated_at":1}}"#,
        "ab".repeat(32)
    );
    let ran = register(
        &payname,
        &server("202 Accepted", "application/json", status),
    );
    assert_eq!(ran.exit, 0, "{}", ran.stdout);
    assert_eq!(ran.json()["state"], "pending");
}
