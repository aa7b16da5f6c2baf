//! The name as it is written, its TXT records, and the URI in them.

use std::time::Duration;

use payname_resolver::lightning::bitcoin::Network;
use payname_resolver::lightning::offers::offer::{OfferBuilder, Quantity};
use payname_resolver::{
    UnixTime,
    hickory_proto::rr::{Name, RecordType},
};
use payname_tests::World;

use super::{ADDRESS, ALICE, OWNER, Rounds, SILENT, good, offer, txt, with_texts};

const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

#[tokio::test]
async fn a_name_is_judged_as_it_is_written() {
    let long = format!("{}@example.test", "a".repeat(64));
    let mut world = World::with_zone("example.test");
    for user in ["alice", "admin", "a.b", "xn--bcher-kva"] {
        world = world.record(user, &good());
    }
    let rounds = Rounds::of(world).await;
    for (name, expected, words) in [
        ("alice@@example.test", "ERROR D101", "user@domain"),
        ("@example.test", "ERROR D101", "empty part"),
        (&*long, "ERROR D102", "64 bytes"),
        ("xn--bcher-kva@example.test", "WARN D103", "another script"),
        (
            "bücher@example.test",
            "WARN D103",
            "xn--bcher-kva@example.test",
        ),
        ("al+ice@example.test", "ERROR D104", "`+`"),
        ("alice.@example.test", "ERROR D104", "empty part"),
        (
            "Alice@example.test",
            "WARN D105",
            "write alice@example.test",
        ),
        ("admin@example.test", "WARN D106", "the domain itself"),
        ("a.b@example.test", "INFO D107", "`a` lies below `b`"),
    ] {
        let diagnosis = rounds.examine(name).await;
        diagnosis.assert_has(expected, words);
        let expected: &[&str] = if expected.starts_with("INFO") {
            &[]
        } else {
            &[expected]
        };
        diagnosis.assert(expected);
    }
}

#[tokio::test]
async fn txt_records_are_judged_as_they_were_entered() {
    let whole = good();
    let (head, tail) = whole.split_at(200);
    let (cut, _) = whole.split_at(whole.len().min(255));
    assert_eq!(cut.len(), 255, "the URI is longer than one string");
    let rows: [(Vec<_>, &str, &str); 14] = [
        (vec![txt(&["v=spf1 -all"])], "ERROR D401", "v=spf1"),
        (
            vec![txt(&[ADDRESS]), txt(&["bitcoin:?lno=lno1"])],
            "ERROR D402",
            "leave exactly one",
        ),
        (
            vec![txt(&[head]), txt(&[tail])],
            "ERROR D403",
            "enter it as one record: \"",
        ),
        (
            vec![txt(&["\"", ADDRESS, "\""])],
            "ERROR D404",
            "begins with other characters",
        ),
        (
            vec![txt(&["\u{feff}", ADDRESS])],
            "ERROR D404",
            "begins with other characters",
        ),
        (vec![txt(&[head, "\\", tail])], "ERROR D404", "a backslash"),
        (vec![txt(&[head, "\" \"", tail])], "ERROR D404", "a quote"),
        (
            vec![txt(&[&whole.replace("?lno", "%3Flno")[..200], "x"])],
            "ERROR D404",
            "%3F",
        ),
        (vec![txt(&[head, " ", tail])], "ERROR D405", "white space"),
        (vec![txt(&[cut])], "ERROR D405", "255 bytes"),
        (vec![txt(&[&offer()])], "ERROR D501", "bitcoin:?lno=lno1"),
        (vec![txt(&["lightning:lnbc1x"])], "ERROR D501", "BOLT 12"),
        (
            vec![txt(&[head, tail]), txt(&["hello"])],
            "WARN D407",
            "Phoenix",
        ),
        (vec![txt(&[head, tail])], "", ""),
    ];
    for (records, expected, words) in rows {
        let diagnosis = Rounds::with_texts(records.clone())
            .await
            .examine(ALICE)
            .await;
        if expected.is_empty() {
            diagnosis.assert(&[]);
            continue;
        }
        diagnosis.assert_has(expected, words);
        diagnosis.assert(&[expected]);
    }
}

#[tokio::test]
async fn the_uri_is_judged_by_who_can_pay_it() {
    let made = || OfferBuilder::new(KEY.parse().unwrap()).description("x".to_owned());
    let now = UnixTime::from(std::time::SystemTime::now()).0;
    let ending = |seconds: u64| {
        made()
            .absolute_expiry(Duration::from_secs(seconds))
            .build()
            .unwrap()
            .to_string()
    };
    let (ended, soon) = (ending(now - 60), ending(now + 10 * 86_400));
    let priced = made().amount_msats(1_000).build().unwrap().to_string();
    let many = made()
        .supported_quantity(Quantity::Unbounded)
        .build()
        .unwrap()
        .to_string();
    let foreign = made().chain(Network::Testnet).build().unwrap().to_string();
    let both = |offer: &str| format!("bitcoin:?lno={offer}&sp={SILENT}");
    let rows = [
        (
            "bitcoin:?lno=lno1qqqq".to_owned(),
            "ERROR D502",
            "no good way to pay",
        ),
        (both(&ended), "ERROR D502", "ended"),
        (both(&soon), "WARN D502", "the offer ends in"),
        (both(&priced), "WARN D502", "asks for 1 sat"),
        (both(&many), "WARN D502", "quantity"),
        (both(&foreign), "ERROR D502", "another network"),
        (
            format!("{}&lightning=lnbc1broken", good()),
            "ERROR D503",
            "no BOLT 11 invoice",
        ),
        (
            format!("{ADDRESS}?lno={}", offer()),
            "WARN D504",
            "everybody sees",
        ),
        (
            format!("{ADDRESS}x?lno={}", offer()),
            "ERROR D504",
            "no bitcoin address",
        ),
        (
            format!("bitcoin:{SILENT}?lno={}", offer()),
            "ERROR D505",
            "under its own key",
        ),
        (format!("{}&req-magic=1", good()), "ERROR D506", "magic"),
        (
            format!("{}&amount=0.001&amount=0.001", good()),
            "ERROR D506",
            "more than once",
        ),
        (format!("{}&amount=0,001", good()), "ERROR D506", "amount"),
        (
            format!("{}&amount=0.001", good()),
            "WARN D506",
            "from everybody",
        ),
        (
            format!("{}&pop=https%3A%2F%2Fa.test", good()),
            "WARN D507",
            "never opened",
        ),
        (
            format!("{}&label=a%E2%80%AEb", good()),
            "WARN D507",
            "hide text",
        ),
        (format!("bitcoin:?sp={SILENT}"), "WARN D508", "Phoenix"),
        (format!("bitcoin:?lno={}", offer()), "INFO D508", "Sparrow"),
        (format!("{}&lnurl=x", good()), "WARN D509", "lnurl"),
        (format!("{}&new=x", good()), "INFO D509", "new"),
    ];
    for (uri, expected, words) in rows {
        let strings: Vec<String> = uri
            .as_bytes()
            .chunks(255)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        let diagnosis = Rounds::with_texts(vec![txt(&strings)])
            .await
            .examine(ALICE)
            .await;
        diagnosis.assert_has(expected, words);
        let expected: &[&str] = if expected.starts_with("INFO") {
            &[]
        } else {
            &[expected]
        };
        diagnosis.assert(expected);
    }
}

#[tokio::test]
async fn a_ttl_is_neither_too_long_for_what_it_holds_nor_next_to_nothing() {
    for (uri, ttl, expected) in [
        (
            format!("{ADDRESS}?lno={}", offer()),
            86_400,
            &["WARN D408", "WARN D504"][..],
        ),
        (good(), 30, &["WARN D408"]),
        (good(), 86_400, &[]),
    ] {
        let rounds = Rounds::of(with_texts(vec![txt(&["bitcoin:x"])])).await;
        let owner = Name::from_ascii(OWNER).unwrap();
        let strings: Vec<String> = uri
            .as_bytes()
            .chunks(255)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect();
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        let record = txt(&strings);
        rounds
            .scene
            .world
            .change_zone("example.test", |zone, now| {
                zone.set_records(&owner, RecordType::TXT, ttl, vec![record], now)?;
                Ok(())
            })
            .unwrap();
        rounds.examine(ALICE).await.assert(expected);
    }
}

#[tokio::test]
async fn a_zone_file_and_a_uri_are_judged_before_anybody_sees_them() {
    let rounds = Rounds::with_texts(vec![txt(&[ADDRESS])]).await;
    rounds.run(&["doctor", "--uri", &good()]).await.assert(&[]);
    rounds
        .run(&["doctor", "--uri", ADDRESS])
        .await
        .assert(&["WARN D504", "WARN D508"]);
    // A file as our own zones are written, signatures and all.
    let text = rounds.scene.world.master_file("example.test");
    let file = rounds.scene.file("zone", &text);
    let diagnosis = rounds.run(&["doctor", "--zonefile", &file]).await;
    diagnosis.assert(&["WARN D504", "WARN D508"]);
    assert!(
        diagnosis.document["subject"]
            .as_str()
            .unwrap()
            .ends_with("(1 names)")
    );
    let file = rounds.scene.file("broken", "alice TXT \"");
    let run = rounds
        .payname()
        .json(&["doctor", "--zonefile", &file])
        .await
        .unwrap();
    assert_eq!(
        (run.0, run.1["error"]["code"].as_str()),
        (2, Some("bad_zone_file"))
    );
}
