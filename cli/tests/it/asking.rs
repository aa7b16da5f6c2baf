//! Who is asked for proofs, and what becomes of it when nobody answers.

use std::{
    io::Read,
    net::{SocketAddr, TcpListener, UdpSocket},
    thread,
};

use crate::run::Payname;

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn resolve(dns: &[&str], others: &[&str]) -> crate::run::Ran {
    let mut words = vec!["resolve", "alice@example.com", "--json"];
    for dns in dns {
        words.extend(["--dns", dns]);
    }
    words.extend(others);
    Payname::new().run(&words)
}

#[test]
fn every_way_to_ask_is_taken_and_all_that_fail_are_named_with_code_9() {
    let nobody = nobody();
    for ways in [
        &[format!("{nobody},tcp://{nobody}")][..],
        &[format!("{nobody}"), format!("udp://{nobody}")],
        &[
            format!("tls://{nobody}#dns.example"),
            format!("https://{nobody}/dns-query"),
            format!("quic://{nobody}#dns.example"),
        ],
        &[format!(
            "payname+http://{nobody} dnssecproof+http://{nobody}"
        )],
    ] {
        let ways: Vec<&str> = ways.iter().map(String::as_str).collect();
        let ran = resolve(&ways, &[]);
        ran.error_code();
        let json = ran.json();
        assert_eq!(ran.exit, 9, "{ways:?}: {json}");
        let count = ways.join(",").split([',', ' ']).count();
        let asked = json["dns"].as_array().unwrap();
        assert_eq!(asked.len(), count, "{ways:?}: {json}");
        let message = json["error"]["message"].as_str().unwrap();
        for endpoint in asked {
            assert!(message.contains(endpoint.as_str().unwrap()), "{message}");
        }
    }
}

#[test]
fn endpoints_of_different_privacy_are_refused_before_anyone_is_asked() {
    let open = UdpSocket::bind("127.0.0.1:0").unwrap();
    open.set_nonblocking(true).unwrap();
    let clear = open.local_addr().unwrap().to_string();
    let ran = resolve(&["https://dns.example/dns-query", &clear], &[]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "mixed_privacy"));
    assert!(open.recv(&mut [0; 512]).is_err(), "the name was shown");
}

#[test]
fn what_passes_through_no_proxy_is_refused_before_anyone_is_asked() {
    for server in ["9.9.9.9", "quic://dns.example"] {
        let ran = resolve(&[server], &["--proxy", "socks5://127.0.0.1:1"]);
        assert_eq!(
            (ran.exit, ran.error_code().as_str()),
            (2, "not_through_proxy"),
            "{server}"
        );
    }
    let ran = resolve(&[], &["--proxy", "socks5://127.0.0.1:1"]);
    assert_eq!(ran.exit, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("--dns"), "{}", ran.stdout);
}

#[test]
fn a_proxy_that_is_not_there_is_not_gone_around() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap();
    let proxy = format!("socks5://{}", nobody());
    for dns in [
        format!("tcp://{address}"),
        format!("payname+http://{address}"),
    ] {
        let ran = resolve(&[&dns], &["--proxy", &proxy]);
        assert_eq!(ran.exit, 9, "{}", ran.stdout);
        assert!(server.accept().is_err(), "{dns} was asked directly");
    }
}

#[test]
fn a_registration_server_is_reached_through_the_proxy_by_its_name() {
    let payname = Payname::new();
    payname.run(&["keys", "new"]);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("socks5://user:secret@{}", proxy.local_addr().unwrap());
    let seen = thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).unwrap();
        greeting
    });
    let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
    let ran = payname.run(&[
        "register",
        "alice@example.com",
        "--uri",
        uri,
        "--server",
        "http://pay.example",
        "--proxy",
        &address,
    ]);
    assert_eq!(ran.exit, 9, "{}", ran.stderr);
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    assert_eq!(seen.join().unwrap()[0], 5, "SOCKS 5");
}

#[test]
fn certificates_are_believed_only_from_a_file_that_holds_some() {
    let payname = Payname::new();
    let file = payname.file("roots.pem", "none");
    let ran = payname.run(&[
        "resolve",
        "alice@example.com",
        "--dns",
        "tls://dns.example",
        "--tls-roots",
        &file,
        "--json",
    ]);
    assert_eq!((ran.exit, ran.error_code().as_str()), (2, "bad_tls_roots"));
}
