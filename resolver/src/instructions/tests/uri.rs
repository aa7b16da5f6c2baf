//! Reading the URI.

use proptest::prelude::*;

use super::*;
use crate::amount::{Amount, AmountError};

#[test]
fn the_records_that_bip_353_and_sparrow_publish_are_read() {
    let simple = parse("bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l");
    assert_eq!(keys(&simple), ["bc"]);
    let upper = parse("BITCOIN:?BC=BC1QYYQ734DCNHHCWYW8YJXSWXG4P7K9NXU0QT84QZ");
    assert_eq!(keys(&upper), ["bc"]);
    let both = parse(PUBLISHED);
    assert_eq!(keys(&both), ["address", "lno"]);
    assert!(both.offer().unwrap().supports(Network::Bitcoin));
    assert_eq!(keys(&parse(&format!("bitcoin:{LEGACY}"))), ["address"]);
}

#[test]
fn the_examples_of_bip_321_are_read() {
    // The address in the BIP itself has a wrong checksum.
    let address = LEGACY;
    let labelled = parse(&format!("bitcoin:{address}?amount=20.3&label=Luke-Jr"));
    assert_eq!(labelled.label(), Some("Luke-Jr"));
    assert_eq!(labelled.amount().unwrap().to_string(), "2,030,000,000 sat");
    let message = parse(&format!(
        "bitcoin:{address}?amount=50&message=Donation%20for%20project%20xyz"
    ));
    assert_eq!(message.message(), Some("Donation for project xyz"));
    let unknown = parse(&format!(
        "bitcoin:{address}?somethingyoudontunderstand=50&x"
    ));
    assert_eq!(unknown.unknown().len(), 2);
    assert_eq!(unknown.unknown()[0].value, "50");
    let required = format!("bitcoin:{address}?req-somethingyoudontunderstand=50");
    assert!(
        matches!(refused(&required), UriError::UnknownRequired(key) if key == "somethingyoudontunderstand")
    );
    assert_eq!(
        keys(&parse(&format!("bitcoin:?bc={ADDRESS}&bc={ADDRESS}"))),
        ["bc", "bc"]
    );
}

#[test]
fn every_key_in_use_is_recognised() {
    let uri = format!(
        "bitcoin:{LEGACY}?lno={OFFER}&lightning={}&sp={SILENT}&bc={ADDRESS}&tb={TESTNET}&pay={PAY}&ark={ark}&tark={tark}&creq={CASHU}&creq=creqApWF0gA&pj=https://example.com/pj",
        invoice(None),
        ark = bech32m("ark", &[1; 65]),
        tark = bech32m("tark", &[1; 65]),
    );
    let instructions = parse(&uri);
    assert_eq!(
        keys(&instructions),
        [
            "address",
            "lno",
            "lightning",
            "sp",
            "bc",
            "tb",
            "pay",
            "ark",
            "tark",
            "creq",
            "creq",
            "pj"
        ]
    );
    assert_eq!(instructions.rejected(), []);
    assert_eq!(instructions.uri(), uri);
    let kinds: Vec<_> = instructions
        .methods()
        .iter()
        .map(|method| method.kind().code())
        .collect();
    assert_eq!(
        kinds[..5],
        ["onchain", "offer", "bolt11", "silent_payment", "onchain"]
    );
}

#[test]
fn mainnet_and_testnet_addresses_stand_side_by_side() {
    let instructions = parse(&format!("bitcoin:?bc={ADDRESS}&tb={TESTNET}"));
    let on = |network| {
        let methods = instructions.methods().iter();
        methods
            .filter(|method| method.supports(network))
            .map(Method::key)
            .collect::<Vec<_>>()
    };
    assert_eq!(on(Network::Bitcoin), ["bc"]);
    assert_eq!(on(Network::Signet), ["tb"]);
    assert!(on(Network::Regtest).is_empty());
}

#[test]
fn an_all_upper_case_uri_says_the_same() {
    let lower = format!("bitcoin:{ADDRESS}?amount=0.001&lno={OFFER}&req-pop=app%3a");
    let (lower, upper) = (parse(&lower), parse(&lower.to_uppercase()));
    assert_eq!(keys(&lower), keys(&upper));
    assert_eq!(
        lower.offer().unwrap().offer(),
        upper.offer().unwrap().offer()
    );
    assert_eq!(
        upper.proof_of_payment().unwrap().scheme().as_deref(),
        Some("app")
    );
    assert_eq!(lower.amount(), upper.amount());
}

#[test]
fn one_bad_method_does_not_spoil_the_good_ones() {
    let instructions = parse(&format!(
        "bitcoin:{ADDRESS}?lno=lno1garbage&bc={TESTNET}&sp=sp1x&lightning="
    ));
    assert_eq!(keys(&instructions), ["address"]);
    let reasons: Vec<_> = instructions
        .rejected()
        .iter()
        .map(|method| &method.reason)
        .collect();
    assert_eq!(
        reasons,
        [
            &MethodError::Offer(OfferError::Characters),
            &MethodError::OtherNetwork,
            &MethodError::SilentPayment(SilentPaymentError::Encoding),
            &MethodError::Empty,
        ]
    );
}

#[test]
fn a_bad_method_that_is_required_spoils_everything() {
    let uri = format!("bitcoin:{ADDRESS}?req-lno=lno1garbage");
    assert!(matches!(refused(&uri), UriError::Required { key, .. } if key == "lno"));
    assert_eq!(keys(&parse(&format!("bitcoin:?req-lno={OFFER}"))), ["lno"]);
}

#[test]
fn values_are_percent_decoded_once_and_a_plus_is_a_plus() {
    let instructions = parse(&format!(
        "bitcoin:?bc={ADDRESS}&label=a+b%2520%26c&amount=0%2E5&message=%E2%82%BF"
    ));
    assert_eq!(instructions.label(), Some("a+b%20&c"));
    assert_eq!(instructions.amount(), Amount::from_btc("0.5").ok());
    assert_eq!(instructions.message(), Some("₿"));
    let encoded = parse("bitcoin:?bc=%62c1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l");
    assert_eq!(encoded.methods()[0].text(), ADDRESS);
    for label in ["100%", "%zz", "%e", "%ff", "%+1"] {
        let uri = format!("bitcoin:{ADDRESS}?label={label}");
        assert!(
            matches!(refused(&uri), UriError::PercentEncoding { .. }),
            "{label}"
        );
    }
}

#[test]
fn the_amount_is_exact_decimal_btc_and_nothing_else() {
    let amount = |text: &str| Instructions::parse(&format!("bitcoin:{ADDRESS}?amount={text}"));
    assert_eq!(amount("0.00000000001").unwrap().amount().unwrap().msat(), 1);
    assert_eq!(
        amount("50.00").unwrap().amount().unwrap().sat_rounded_up(),
        5_000_000_000
    );
    for text in [
        "50,000.00",
        "1e-3",
        "0x10",
        "-1",
        "1sat",
        "",
        "1.2.3",
        "0",
        "21000001",
        "0.000000000001",
    ] {
        assert!(matches!(amount(text), Err(UriError::Amount(_))), "{text:?}");
    }
    let too_much = amount("21000000.1").unwrap_err();
    assert!(matches!(
        too_much,
        UriError::Amount(AmountError::TooMuch(_))
    ));
}

#[test]
fn what_may_stand_once_is_refused_twice() {
    for (key, value) in [
        ("amount", "1"),
        ("label", "a"),
        ("message", "a"),
        ("pop", "app%3a"),
    ] {
        for again in [key.to_uppercase(), format!("req-{key}")] {
            let uri = format!("bitcoin:{ADDRESS}?{key}={value}&{again}={value}");
            assert_eq!(refused(&uri), UriError::Repeated(key.to_owned()));
        }
    }
}

#[test]
fn a_forbidden_callback_is_never_opened_and_not_paid_when_required() {
    let uri = format!("bitcoin:{ADDRESS}?pop=https%3A%2F%2Fiwantyouripaddress.example");
    let pop = parse(&uri).proof_of_payment().unwrap().clone();
    assert!(!pop.may_be_opened());
    assert_eq!(pop.text(), "https://iwantyouripaddress.example");
    let required = uri.replace("pop=", "req-pop=");
    assert!(matches!(refused(&required), UriError::ForbiddenCallback(_)));
    let app = parse(&format!("bitcoin:{ADDRESS}?req-pop=callbackuri%3a"));
    assert!(app.proof_of_payment().unwrap().is_required());
}

#[test]
fn a_method_in_the_wrong_place_is_told_where_it_belongs() {
    for (uri, place) in [
        (format!("bitcoin:{SILENT}"), "`sp=`"),
        (format!("bitcoin:{OFFER}"), "`lno=`"),
        (format!("bitcoin:?lightning={OFFER}"), "`lno=`"),
        ("bitcoin:LNBC1abc".to_owned(), "`lightning=`"),
    ] {
        let message = refused(&uri).to_string();
        assert!(message.contains(place), "{message}");
    }
    assert_eq!(
        keys(&parse(&format!("bitcoin:{LEGACY}?address={ADDRESS}"))),
        ["address"]
    );
}

#[test]
fn a_uri_that_can_pay_nobody_is_refused() {
    assert_eq!(refused("bitcoin:"), UriError::NothingToPay);
    assert_eq!(refused("bitcoin:?amount=1&label=x"), UriError::NothingToPay);
    assert!(matches!(
        refused("bitcoin:?lno=x"),
        UriError::NoGoodMethod { .. }
    ));
    assert!(matches!(
        refused("bitcoin:1BadAddress"),
        UriError::NoGoodMethod { .. }
    ));
    assert!(matches!(refused("lightning:lno1"), UriError::NotBitcoin(_)));
    assert!(matches!(
        refused(&format!("bitcoin:{ADDRESS}?label=#1")),
        UriError::Fragment
    ));
    assert_eq!(parse("bitcoin:?newmethod=x").methods(), []);
}

#[test]
fn a_method_that_contradicts_the_uris_amount_is_rejected() {
    let uri = |amount: &str| {
        let (offer, invoice) = (
            offer(Network::Bitcoin, Some(5_000)),
            invoice(Some(5_000_500)),
        );
        parse(&format!(
            "bitcoin:{ADDRESS}?amount={amount}&lno={offer}&lightning={invoice}"
        ))
    };
    let conflicts = |instructions: &Instructions| {
        let rejected = instructions.rejected().iter();
        rejected
            .filter(|method| matches!(method.reason, MethodError::AmountConflict { .. }))
            .count()
    };
    let below = uri("0.00000004");
    assert_eq!((keys(&below), conflicts(&below)), (vec!["address"], 2));
    let above = uri("0.00005001");
    assert_eq!(
        (keys(&above), conflicts(&above)),
        (vec!["address", "lno", "lightning"], 0)
    );
    let limits: Vec<_> = above
        .methods()
        .iter()
        .map(|method| method.limits().fixed().unwrap().msat())
        .collect();
    assert_eq!(limits, [5_001_000, 5_001_000, 5_000_500]);
}

#[test]
fn an_offer_says_what_it_takes_and_until_when() {
    let instructions = parse(&format!(
        "bitcoin:?lno={}",
        offer(Network::Regtest, Some(5_000))
    ));
    let offer = instructions.offer().unwrap();
    assert_eq!(offer.limits().minimum(), Amount::from_sat(5).ok());
    assert_eq!(
        (offer.limits().maximum(), offer.amount()),
        (None, Amount::from_sat(5).ok())
    );
    assert_eq!(offer.description().as_deref(), Some("coffee"));
    assert_eq!(offer.issuer().as_deref(), Some("alice\u{fffd}"));
    assert!(offer.supports(Network::Regtest) && !offer.supports(Network::Bitcoin));
    assert!(!offer.is_expired_at(EXPIRY) && offer.is_expired_at(EXPIRY.plus(1)));
    assert_eq!(
        parse(&format!("bitcoin:?lno={OFFER}"))
            .offer()
            .unwrap()
            .expires_at(),
        None
    );
}

#[test]
fn an_error_escapes_and_shortens_what_a_stranger_wrote() {
    let hostile = format!("\u{1b}[2J\u{202e}{}", "x".repeat(4_000));
    for uri in [
        hostile.clone(),
        format!("bitcoin:{hostile}"),
        format!("bitcoin:?lno={hostile}"),
        format!("bitcoin:?req-{hostile}=1"),
        format!("bitcoin:?req-pop=https:{hostile}"),
        format!("bitcoin:?label=%{hostile}"),
        format!("bitcoin:?amount={hostile}"),
    ] {
        let message = refused(&uri).to_string();
        assert!(!message.contains(['\u{1b}', '\u{202e}']), "{message:?}");
        assert!(message.len() < 400, "{} bytes: {message}", message.len());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Instructions::parse(&text);
        let _ = Instructions::parse(&format!("bitcoin:{text}"));
    }

    #[test]
    fn any_mix_of_parameters_is_read_or_refused(
        parts in prop::collection::vec(
            (
                prop::sample::select(vec!["lno", "LIGHTNING", "sp", "bc", "tb", "amount", "label", "pop", "req-pop", "req-x", "pj", ""]),
                prop::sample::select(vec![OFFER, ADDRESS, LEGACY, TESTNET, SILENT, "1", "%3a", "%", "app:", "", "lno1é"]),
            ),
            0..6,
        )
    ) {
        let query: Vec<_> = parts.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let uri = format!("bitcoin:?{}", query.join("&"));
        if let Ok(instructions) = Instructions::parse(&uri) {
            prop_assert!(!instructions.methods().is_empty() || !instructions.unknown().is_empty());
        }
    }
}
