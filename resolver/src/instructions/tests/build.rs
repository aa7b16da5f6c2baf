//! Building a URI.

use proptest::prelude::*;

use super::*;
use crate::amount::Amount;

const REGTEST: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

fn silent(network: Network) -> SilentPaymentAddress {
    let key = PublicKey::from_secret_key(&Secp256k1::new(), &secret_key());
    SilentPaymentAddress::new(network, key, key)
}

#[test]
fn an_offer_alone_is_the_record_that_names_publish() {
    let built = Instructions::builder().offer(&OFFER.parse().unwrap());
    assert_eq!(
        built.build().unwrap().uri(),
        format!("bitcoin:?lno={OFFER}")
    );
}

#[test]
fn the_first_mainnet_address_goes_into_the_path_and_the_others_under_their_keys() {
    let built = Instructions::builder()
        .address(&address(TESTNET))
        .address(&address(ADDRESS))
        .address(&address(REGTEST))
        .build()
        .unwrap();
    let expected = format!("bitcoin:{ADDRESS}?tb={TESTNET}&bcrt={REGTEST}");
    assert_eq!(built.uri(), expected);
}

#[test]
fn a_base58_address_has_the_path_and_a_second_one_has_no_place() {
    let both = Instructions::builder()
        .address(&address(ADDRESS))
        .address(&address(LEGACY));
    let uri = format!("bitcoin:{LEGACY}?bc={ADDRESS}");
    assert_eq!(both.clone().build().unwrap().uri(), uri);
    let refused = both.address(&address(LEGACY)).build().unwrap_err();
    assert_eq!(refused, BuildError::SecondInPath(LEGACY.to_owned()));
}

#[test]
fn a_test_networks_address_alone_leaves_the_path_empty() {
    let built = Instructions::builder().address(&address(TESTNET)).build();
    assert_eq!(built.unwrap().uri(), format!("bitcoin:?tb={TESTNET}"));
}

#[test]
fn what_is_required_gets_its_prefix_and_must_be_there() {
    let offer = Instructions::builder().offer(&OFFER.parse().unwrap());
    let built = offer
        .clone()
        .proof_of_payment("app:paid?")
        .require("POP")
        .require("lno")
        .build()
        .unwrap();
    let expected = format!("bitcoin:?req-lno={OFFER}&req-pop=app%3Apaid%3F");
    assert_eq!(built.uri(), expected);
    assert!(built.proof_of_payment().unwrap().is_required());
    let refused = offer.clone().require("sp").build().unwrap_err();
    assert_eq!(refused, BuildError::NothingToRequire("sp".to_owned()));
    let refused = offer.proof_of_payment("https:x").require("pop").build();
    assert!(matches!(
        refused,
        Err(BuildError::Uri(UriError::ForbiddenCallback(_)))
    ));
}

#[test]
fn keys_that_mean_something_else_are_refused() {
    for key in ["", "amount", "req-x", "address", "a=b", "a b", "pop", "é"] {
        let built = Instructions::builder()
            .address(&address(ADDRESS))
            .parameter(key, "1")
            .build();
        assert_eq!(built, Err(BuildError::Key(key.to_owned())));
    }
}

#[test]
fn what_payers_would_reject_is_not_built() {
    let conflict = Instructions::builder()
        .address(&address(ADDRESS))
        .invoice(&invoice(Some(5_000_000)).parse().unwrap())
        .amount(Amount::from_sat(6_000).unwrap())
        .build()
        .unwrap_err();
    assert!(matches!(conflict, BuildError::Method(bad) if bad.key == "lightning"));
    let nothing = Instructions::builder().label("Alice").build();
    assert_eq!(nothing, Err(BuildError::Uri(UriError::NothingToPay)));
}

#[test]
fn the_upper_case_form_exists_where_it_says_the_same() {
    let upper = |uri: &str| parse(uri).upper_case();
    for uri in [
        format!("bitcoin:{ADDRESS}?lno={OFFER}&sp={SILENT}&amount=0.1"),
        format!("bitcoin:?creq={CASHU}&pay={PAY}&label=%41LICE%21"),
        format!("bitcoin:?bc={ADDRESS}&req-pop=APP%3a"),
    ] {
        assert_eq!(upper(&uri), Some(uri.to_uppercase()), "{uri}");
    }
    for rest in [
        "pop=app%3a",
        "message=a",
        "pj=https%3A%2F%2Fa",
        "creq=creqApWF0gA",
        "new=a",
    ] {
        assert_eq!(upper(&format!("bitcoin:{ADDRESS}?{rest}")), None, "{rest}");
    }
    assert_eq!(upper(&format!("bitcoin:{LEGACY}")), None);
}

/// One thing to put into a URI, and what it must be read back as.
#[derive(Debug, Clone)]
enum Item {
    Offer(String),
    Invoice(String),
    Silent(SilentPaymentAddress),
    Address(&'static str),
    Other(OtherMethod),
    Unknown(String, String),
}

impl Item {
    fn add(&self, to: InstructionsBuilder) -> InstructionsBuilder {
        match self {
            Self::Offer(offer) => to.offer(&offer.parse().unwrap()),
            Self::Invoice(invoice) => to.invoice(&invoice.parse().unwrap()),
            Self::Silent(silent) => to.silent_payment(silent),
            Self::Address(text) => to.address(&address(text)),
            Self::Other(other) => to.other(other),
            Self::Unknown(key, value) => to.parameter(key, value),
        }
    }

    /// The text of the method that it must be read back as.
    fn method_text(&self) -> Option<&str> {
        match self {
            Self::Offer(text) | Self::Invoice(text) => Some(text),
            Self::Silent(silent) => Some(silent.as_str()),
            Self::Address(text) => Some(text),
            Self::Other(other) => Some(other.text()),
            Self::Unknown(..) => None,
        }
    }
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        (1_u64..1_000_000).prop_map(|msat| Item::Offer(offer(Network::Signet, Some(msat)))),
        Just(Item::Offer(OFFER.to_owned())),
        Just(Item::Invoice(invoice(None))),
        prop::sample::select(vec![Network::Bitcoin, Network::Regtest])
            .prop_map(|network| Item::Silent(silent(network))),
        prop::sample::select(vec![ADDRESS, TESTNET, REGTEST]).prop_map(Item::Address),
        "[a-zA-Z:/?#&=%é]{1,20}"
            .prop_map(|text| Item::Other(OtherMethod::new("pj", &text).unwrap())),
        Just(Item::Other(OtherMethod::new("pay", PAY).unwrap())),
        ("[xyz][a-z0-9._-]{0,6}", any::<String>())
            .prop_map(|(key, value)| Item::Unknown(key, value)),
    ]
}

proptest! {
    #[test]
    fn what_is_built_is_read_back_the_same(
        items in prop::collection::vec(item(), 1..6),
        sat in prop::option::of(1_000_u64..2_000_000_000_000),
        label in prop::option::of(any::<String>()),
        message in prop::option::of(any::<String>()),
        pop in prop::option::of("[a-z]{1,8}:[ -~é]{0,12}"),
    ) {
        let mut builder = Instructions::builder();
        for item in &items {
            builder = item.add(builder);
        }
        let amount = sat.map(|sat| Amount::from_sat(sat).unwrap());
        if let Some(amount) = amount {
            builder = builder.amount(amount);
        }
        if let Some(label) = &label {
            builder = builder.label(label);
        }
        if let Some(message) = &message {
            builder = builder.message(message);
        }
        if let Some(pop) = &pop {
            builder = builder.proof_of_payment(pop);
        }
        let built = builder.build().unwrap();
        let again = parse(built.uri());
        prop_assert_eq!(&built, &again);

        let mut texts: Vec<_> = again.methods().iter().map(Method::text).collect();
        let mut expected: Vec<_> = items.iter().filter_map(Item::method_text).collect();
        texts.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(texts, expected);
        let unknown = items.iter().filter(|item| item.method_text().is_none()).count();
        prop_assert_eq!(again.unknown().len(), unknown);
        prop_assert_eq!(again.amount(), amount);
        prop_assert_eq!(again.label(), label.as_deref());
        prop_assert_eq!(again.message(), message.as_deref());
        prop_assert_eq!(again.proof_of_payment().map(ProofOfPayment::text), pop.as_deref());
        if let Some(upper) = again.upper_case() {
            prop_assert_eq!(parse(&upper).methods().len(), again.methods().len());
        }
    }
}
