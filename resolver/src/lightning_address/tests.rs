//! A Lightning Address service that behaves, and many that do not.

use core::time::Duration;

use hickory_proto::rr::Name;
use lightning::{
    bitcoin::{
        Network,
        hashes::{Hash, sha256},
        secp256k1::{Secp256k1, SecretKey},
    },
    bolt11_invoice::{Bolt11InvoiceDescription, Currency, Description, InvoiceBuilder, Sha256},
    types::payment::PaymentSecret,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    Amount, Payee,
    proof::{Bogus, Denial, DenialKind, Insecure, Proof, Reason, RecordSetName, VerifyError},
    record::RecordError,
    time::{UnixTime, Window},
};

mod service;

use service::*;

#[test]
fn a_name_with_the_sign_is_never_paid_without_a_proof() {
    for error in [insecure(), denied()] {
        let refused = Downgrade::danger_accept_unproven(&payee("₿alice@example.com"), &error);
        assert!(matches!(refused, Err(DowngradeError::Sign(_))));
    }
}

#[test]
fn only_a_proven_denial_or_insecure_delegation_gives_leave() {
    let leave = |error| Downgrade::danger_accept_unproven(&payee("alice@example.com"), &error);
    assert_eq!(leave(insecure()).unwrap().cause().code(), "insecure");
    assert_eq!(leave(denied()).unwrap().cause().code(), "denied");
    for error in [
        bogus(Reason::Missing),
        bogus(Reason::Expired { at: NOW }),
        bogus(Reason::Unsigned),
        VerifyError::Record(RecordError::Several),
        VerifyError::Record(RecordError::None { others: 1 }),
    ] {
        assert!(matches!(
            leave(error),
            Err(DowngradeError::NotProven { .. })
        ));
    }
}

#[test]
fn the_service_is_asked_over_https_at_the_domain_itself() {
    let url = downgrade().url().to_string();
    assert_eq!(url, "https://example.com/.well-known/lnurlp/alice");
    for odd in ["alice@127.1", "alice@10.0.0.1", "alice@0x7f000001"] {
        let refused = Downgrade::danger_accept_unproven(&payee(odd), &insecure());
        assert!(matches!(refused, Err(DowngradeError::NoHost(_))), "{odd}");
    }
    let dots = Downgrade::danger_accept_unproven(&payee("a.b_c-d@example.com"), &insecure());
    assert!(dots.unwrap().url().path().ends_with("/a.b_c-d"));
}

#[test]
fn an_honest_service_gives_an_invoice_that_says_it_is_unproven() {
    let request = read(&offered()).unwrap();
    assert_eq!(request.callback_host(), "pay.example");
    assert!(request.is_hosted_elsewhere());
    assert_eq!(request.description(), "Pay alice");
    assert_eq!(request.identifier(), Some("alice@example.com"));
    assert_eq!(request.limits().minimum(), Some(sat(1)));
    let request = request.ask(sat(25_000), Some("hi &!")).unwrap();
    assert_eq!(
        request.url().as_str(),
        "https://pay.example/lnurlp/alice?id=7&amount=25000000&comment=hi+%26%21"
    );
    let unproven = Invoice::default().received(NOW).unwrap();
    assert_eq!(
        unproven.danger_unproven().limits().fixed(),
        Some(sat(25_000))
    );
    assert_eq!(
        unproven.to_string(),
        "UNPROVEN: pay.example says that this pays alice@example.com (example.com. is not signed with DNSSEC)"
    );
}

#[test]
fn invoices_are_fetched_over_https_from_named_hosts_alone() {
    for callback in [
        "http://pay.example/",
        "ftp://pay.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://0x7f.1/",
        "https://user@pay.example/",
        "https://user:pw@pay.example/",
        "file:///etc/passwd",
        "/relative",
        "",
    ] {
        let refused = read_with("callback", json!(callback));
        let expected = PayRequestError::Callback(callback.to_owned());
        assert_eq!(refused, Err(expected));
    }
    let own = read_with("callback", json!("https://EXAMPLE.com/pay")).unwrap();
    assert!(!own.is_hosted_elsewhere());
}

#[test]
fn amounts_outside_the_services_limits_are_not_asked_for() {
    let ask = |minimum: u64, maximum: u64, amount| {
        let mut answer = offered();
        answer["minSendable"] = json!(minimum);
        answer["maxSendable"] = json!(maximum);
        read(&answer)
            .unwrap()
            .ask(amount, None)
            .map(|request| request.amount())
    };
    assert_eq!(ask(1_000, 2_000, sat(2)), Ok(sat(2)));
    assert!(matches!(
        ask(2_000, 9_000, sat(1)),
        Err(AskError::Amount(_))
    ));
    assert!(matches!(
        ask(2_000, 9_000, sat(10)),
        Err(AskError::Amount(_))
    ));
    assert_eq!(ask(0, u64::MAX, sat(10)), Ok(sat(10)));
    for (minimum, maximum) in [(0, 0), (2, 1), (u64::MAX, u64::MAX)] {
        let mut answer = offered();
        answer["minSendable"] = json!(minimum);
        answer["maxSendable"] = json!(maximum);
        assert_eq!(
            read(&answer),
            Err(PayRequestError::Limits { minimum, maximum })
        );
    }
}

#[test]
fn a_comment_longer_than_the_service_takes_is_not_sent() {
    let long = read(&offered()).unwrap().ask(sat(1), Some("sixsix"));
    assert_eq!(
        long,
        Err(AskError::Comment {
            length: 6,
            limit: 5
        })
    );
}

#[test]
fn a_refusal_is_told_in_the_services_words_made_safe() {
    let refused = read(&json!({"status": "ERROR", "reason": "no such \u{1b}[2Juser"})).unwrap_err();
    assert!(matches!(
        &refused,
        PayRequestError::Answer(AnswerError::Refused(_))
    ));
    assert_eq!(
        refused.to_string(),
        "the service refuses: no such \\u{1b}[2Juser"
    );
}

#[test]
fn answers_that_are_no_payment_request_are_told_apart() {
    assert!(matches!(
        read_with("tag", json!("withdrawRequest")),
        Err(PayRequestError::Tag(_))
    ));
    for metadata in [
        "",
        "{}",
        "[]",
        r#"[["text/plain","a"],["text/plain","b"]]"#,
        r#"[["text/plain",1]]"#,
    ] {
        let refused = read_with("metadata", json!(metadata));
        assert_eq!(refused, Err(PayRequestError::Metadata), "{metadata}");
    }
    for (key, value) in [
        ("minSendable", json!(-1)),
        ("maxSendable", json!("5")),
        ("callback", json!(null)),
    ] {
        let refused = read_with(key, value);
        assert!(
            matches!(
                refused,
                Err(PayRequestError::Answer(AnswerError::Malformed { .. }))
            ),
            "{key}"
        );
    }
    for body in [&b""[..], b"<html>", b"[]", b"{}", b"\xff"] {
        assert!(downgrade().receive(body).is_err());
    }
    let long = vec![b' '; 300_000];
    let refused = downgrade().receive(&long).unwrap_err();
    assert_eq!(
        refused,
        PayRequestError::Answer(AnswerError::TooLong { length: 300_000 })
    );
}

#[test]
fn an_invoice_over_another_amount_is_refused_even_by_a_millisatoshi() {
    for msat in [Some(25_000_001), Some(24_999_999), None] {
        let invoice = Invoice {
            msat,
            ..Invoice::default()
        };
        let asked = sat(25_000);
        assert_eq!(
            invoice.received(NOW),
            Err(InvoiceError::Amount { found: msat, asked })
        );
    }
}

#[test]
fn an_invoice_that_does_not_commit_to_the_metadata_is_refused() {
    let other = Bolt11InvoiceDescription::Hash(Sha256(sha256::Hash::hash(b"other")));
    let plain = Bolt11InvoiceDescription::Direct(Description::new("Pay alice".to_owned()).unwrap());
    for description in [other, plain] {
        let invoice = Invoice {
            description,
            ..Invoice::default()
        };
        assert_eq!(invoice.received(NOW), Err(InvoiceError::DescriptionHash));
    }
}

#[test]
fn an_invoice_of_another_network_or_past_its_time_is_refused() {
    let invoice = Invoice {
        currency: Currency::Regtest,
        ..Invoice::default()
    };
    assert!(matches!(
        invoice.received(NOW),
        Err(InvoiceError::WrongNetwork { .. })
    ));
    let late = Invoice::default().received(NOW.plus(1));
    assert_eq!(late, Err(InvoiceError::Expired(NOW)));
}

#[test]
fn an_answer_without_a_good_invoice_is_refused() {
    let receive = |answer: Value| {
        let request = read(&offered()).unwrap().ask(sat(25_000), None).unwrap();
        request.receive(answer.to_string().as_bytes(), Network::Bitcoin, NOW)
    };
    assert!(matches!(
        receive(json!({"pr": "lnbc1x"})),
        Err(InvoiceError::Invoice(_))
    ));
    assert!(matches!(
        receive(json!({"pr": ""})),
        Err(InvoiceError::Invoice(_))
    ));
    assert!(matches!(receive(json!({})), Err(InvoiceError::Answer(_))));
    let refusal = json!({"status": "ERROR", "reason": "later", "pr": Invoice::default().text()});
    assert!(matches!(
        receive(refusal),
        Err(InvoiceError::Answer(AnswerError::Refused(_)))
    ));
}
